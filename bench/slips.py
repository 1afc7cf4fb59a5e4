"""Slips drawn in a second by one core, beside an empty sheet from the same library.

Runs in a process of its own that may use one core only; what is counted is warm.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

from reportlab.lib.pagesizes import A5
from reportlab.pdfgen.canvas import Canvas

from border.paper.fonts import prepare_fonts
from border.paper.words import InThree
from logistics.slip_drawing import DeclaredGoods, FeeLine, SlipView, draw_slip
from logistics.slip_token import SigningKey, SlipClaims, sign

_STARTS_AT = datetime(2026, 11, 23, 7, tzinfo=UTC)
_ENDS_AT = _STARTS_AT + timedelta(hours=1)


def view(number: int) -> SlipView:
    """Return a slip with two declarations and a fee; no two share a reference or a code."""
    reference, plate = f"SLP-{number:05d}-00000", f"24C-{number % 1000:03d}.45"
    claims = SlipClaims(
        reference,
        plate.replace("-", "").replace(".", ""),
        "KIM_THANH_II",
        "export",
        _STARTS_AT,
        _ENDS_AT,
        _ENDS_AT + timedelta(hours=72),
    )
    return SlipView(
        reference=reference,
        token=sign(claims, SigningKey.from_seed("k1", bytes(32))),
        state="active",
        gate_name=InThree("Cửa khẩu Kim Thành II", "金城二号口岸", "Kim Thanh II border gate"),
        lane=None,
        direction="export",
        plate=plate,
        trailer_plate="24R-012.34",
        vehicle_class="18t_and_over",
        driver_name="Tài xế",
        starts_at=_STARTS_AT,
        ends_at=_ENDS_AT,
        declarations=(
            DeclaredGoods(f"DEC-{number:05d}-00001", "307212345678"),
            DeclaredGoods(f"DEC-{number:05d}-00002", None),
        ),
        goods="Thanh long; sầu riêng",
        fees=(FeeLine("Phí hạ tầng cửa khẩu", 500_000),),
        total_minor=500_000,
        payment_reference="CHG-00000-00000",
        issued_at=_STARTS_AT - timedelta(hours=20),
        locale="vi",
    )


def empty_sheet() -> bytes:
    """Return a PDF of one empty A5 page."""
    written = BytesIO()
    canvas = Canvas(written, pagesize=A5)
    canvas.showPage()
    canvas.save()
    return written.getvalue()


def rate(draw: Callable[[int], bytes], seconds: float) -> float:
    """Return how many sheets a second `draw` makes; each must be a PDF."""
    drawn, begun = 0, time.perf_counter()
    while (passed := time.perf_counter() - begun) < seconds:
        if not draw(drawn).startswith(b"%PDF"):
            raise ValueError("what was drawn is no PDF")
        drawn += 1
    return drawn / passed


def measure_slips(data_dir: Path, seconds: float, rounds: int) -> dict[str, Any]:
    """Return the figures of this process, held to one core."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    fonts = prepare_fonts(data_dir)
    slips: list[float] = []
    sheets: list[float] = []
    for turn in range(rounds + 1):
        slip = rate(lambda number: draw_slip(view(number), fonts), seconds)
        sheet = rate(lambda _: empty_sheet(), seconds / 4)
        if turn:  # the first turn warms up
            slips.append(slip)
            sheets.append(sheet)
    return {
        "case": "slips, one core",
        "slips_rate": round(median(slips), 1),
        "slips_rates": [round(one, 1) for one in slips],
        "slip_bytes": len(draw_slip(view(0), fonts)),
        "empty_sheet_rate": round(median(sheets), 1),
        "of_empty_sheet": round(median(slips) / median(sheets), 3),
    }


def main(data_dir: str, seconds: str, rounds: str) -> None:
    """Measure and write the figures to standard output as JSON."""
    json.dump(measure_slips(Path(data_dir), float(seconds), int(rounds)), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
