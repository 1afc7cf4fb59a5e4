"""Slips and receipts drawn in a second by one core, beside an empty sheet from reportlab.

Runs in a process of its own that may use one core only; what is counted is warm.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

from reportlab.lib.pagesizes import A5
from reportlab.pdfgen.canvas import Canvas

from border.core.money import Money
from border.paper.fonts import FontSet, prepare_fonts
from border.paper.words import InThree
from border.payments.receipts.amount_words import amount_vi
from border.payments.receipts.reading_service import SignatureCheck
from border.payments.receipts.receipt import ND254_2026, Reason, ReceiptLine
from border.payments.receipts.renderers import CURRENT, RENDERERS, Paper
from border.payments.receipts.tables import ReceiptRow
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


class _Speech:
    """The words of a receipt's fees, as a catalogue would have them."""

    def charge(self, kind: str, locale: str) -> str:
        return kind.replace("_", " ")

    def explanation(self, says: str, facts: Mapping[str, Any], locale: str) -> str:
        return says.format(**facts)


_PAID_AT = _STARTS_AT - timedelta(hours=21)
_COLLECTOR = "Ban Quản lý Khu kinh tế (đơn vị thu mẫu)"
_RATE = Reason(
    "Mức thu đối với hàng hóa xuất khẩu, xe container 40 feet, một lượt (58/2014/QĐ-UBND)",
    "Rate for {group}, one trip",
    {"group": "exported goods"},
    500_000,
)


def receipt(number: int) -> Paper:
    """Return a receipt for one charge; no two share a number, a payer or a code."""
    booking, code = f"BKG-{number:05d}-00000", f"7K3M-{number:04d}-A9TB"
    line = ReceiptLine(
        "infrastructure_fee",
        "Phí sử dụng công trình kết cấu hạ tầng trong khu vực cửa khẩu",
        f"CHG-{number:05d}-00000",
        booking,
        500_000,
        (_RATE, Reason(f"{number % 7 + 2} lô hàng trên một xe: thu một lần", "Charged once", {})),
    )
    columns: dict[str, Any] = {
        "kind": "original",
        "template": "01BLP0-001",
        "serial": "LC-26E",
        "year": 2026,
        "number": number,
        "collector_name": _COLLECTOR,
        "collector_tax_code": "0100000011",
        "collector_address": "Cửa khẩu quốc tế Kim Thành, phường Lào Cai, tỉnh Lào Cai",
        "payer_name": f"Công ty mẫu số {number} Xuất nhập khẩu",
        "payer_tax_code": f"{number:010d}",
        "payer_address": f"Số {number}, phố Mẫu, Lào Cai",
        "vehicle_plate": f"24C-{number % 1000:03d}.45",
        "subjects": [booking],
        "lines": [line.stored()],
        "total_minor": 500_000,
        "total_in_words": amount_vi(Money(500_000)),
        "currency": "VND",
        "payment_method": "CK",
        "payment_reference": f"PAY-{number:05d}-00000",
        "gateway": "vnpay",
        "gateway_txn": str(14_000_000 + number),
        "paid_at": _PAID_AT + timedelta(seconds=number),
        "issued_at": _PAID_AT + timedelta(seconds=number + 3),
        "lookup_code": code,
        "qr_payload": f"https://gate.example.vn/receipts?code={code}",
        "law_version": ND254_2026,
        "renderer": CURRENT[ND254_2026],
        "reason": "",
        "state": "issued",
        "cert_serial": "1F2E3D4C5B6A79880123456789ABCDEF01234567",
    }
    row = ReceiptRow(**columns)
    return Paper(row, SignatureCheck(True, _COLLECTOR, row.issued_at), _Speech())


def draw_receipt(number: int, fonts: FontSet) -> bytes:
    """Return the receipt of this number as a PDF, drawn by the version that is current."""
    paper = receipt(number)
    return RENDERERS[paper.row.renderer].draw(paper, fonts)


def empty_sheet() -> bytes:
    """Return a PDF of one empty A5 page."""
    written = BytesIO()
    canvas = Canvas(written, pagesize=A5)
    canvas.showPage()
    canvas.save()
    return written.getvalue()


def rate(draw: Callable[[int], bytes], seconds: float) -> float:
    """Return how many sheets `draw` makes in a second of processor time; each must be a PDF.

    What else the machine does meanwhile is not counted.
    """
    drawn, begun = 0, time.process_time()
    while (passed := time.process_time() - begun) < seconds:
        if not draw(drawn).startswith(b"%PDF"):
            raise ValueError("what was drawn is no PDF")
        drawn += 1
    return drawn / passed


def measure_slips(data_dir: Path, seconds: float, rounds: int) -> dict[str, Any]:
    """Return the figures of this process, held to one core."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    fonts = prepare_fonts(data_dir)
    slips: list[float] = []
    receipts: list[float] = []
    sheets: list[float] = []
    for turn in range(rounds + 1):
        slip = rate(lambda number: draw_slip(view(number), fonts), seconds)
        paid = rate(lambda number: draw_receipt(number, fonts), seconds)
        sheet = rate(lambda _: empty_sheet(), seconds / 4)
        if turn:  # the first turn warms up
            slips.append(slip)
            receipts.append(paid)
            sheets.append(sheet)
    return {
        "case": "slips, one core",
        "slips_rate": round(median(slips), 1),
        "slips_rates": [round(one, 1) for one in slips],
        "slip_bytes": len(draw_slip(view(0), fonts)),
        "receipts_rate": round(median(receipts), 1),
        "receipts_rates": [round(one, 1) for one in receipts],
        "receipt_bytes": len(draw_receipt(0, fonts)),
        "empty_sheet_rate": round(median(sheets), 1),
        "of_empty_sheet": round(median(slips) / median(sheets), 3),
    }


def main(data_dir: str, seconds: str, rounds: str) -> None:
    """Measure and write the figures to standard output as JSON."""
    json.dump(measure_slips(Path(data_dir), float(seconds), int(rounds)), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
