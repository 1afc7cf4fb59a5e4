"""Code 128 and QR codes as runs of dark modules, and as pictures for a page.

What a code says is none of its business. Runs are joined to one shape by whoever paints them, so
that no seam shows at any size. source: ISO/IEC 15417 and 18004.
"""

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from barcode.codex import Code128
from barcode.writer import BaseWriter

from border.paper.qr import qr_modules

QUIET = 4
"""Light modules that every reader needs on each side of a QR code."""
Runs = list[list[tuple[int, int]]]


def qr_rows(text: str) -> Runs:
    """Return each row of the QR code of `text` as dark runs (start, length), without margin."""
    return [
        [(run.start(), len(run.group())) for run in re.finditer(rb"\x01+", row)]
        for row in qr_modules(text)
    ]


def qr_svg(text: str, title: str = "QR") -> str:
    """Return the QR code as an SVG element to stand in a page; `title` names it where not seen.

    It has no size of its own, loads nothing and needs no style: the strictest policy shows it.
    """
    rows = qr_rows(text)
    bars = [(x, y, width, 1) for y, row in enumerate(rows) for x, width in row]
    side = len(rows) + 2 * QUIET
    return _svg(title, bars, width=side, height=side, left=QUIET, top=QUIET)


def code128_svg(text: str) -> str:
    """Return the Code 128 of `text` as an SVG element that stands alone, titled with the text."""
    runs, width = code128_runs(text)
    bars = [(x, 0, run, 40) for x, run in runs]
    return _svg(text, bars, width=width + 20, height=44, left=10, top=2)


def _svg(
    title: str,
    bars: Sequence[tuple[int, int, int, int]],
    *,
    width: int,
    height: int,
    left: int,
    top: int,
) -> str:
    """Return black bars (x, y, width, height) on white, in modules, with their quiet zone."""
    path = "".join(f"M{x + left} {y + top}h{w}v{h}h-{w}z" for x, y, w, h in bars)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label={quoteattr(title)} shape-rendering="crispEdges">'
        f"<title>{escape(title)}</title>"
        f'<path fill="#fff" d="M0 0h{width}v{height}h-{width}z"/><path d="{path}"/></svg>'
    )


class _Runs(BaseWriter):  # type: ignore[misc]  # python-barcode is not typed
    """Collects the dark runs of a bar code in modules, for whoever paints them."""

    def __init__(self) -> None:
        super().__init__(None, self._note, None, lambda: None)
        self.found: list[tuple[int, int]] = []

    def _note(self, x: float, _y: float, width: float, colour: object) -> None:
        if colour == self.foreground:
            self.found.append((round(x), round(width)))


def code128_runs(text: str) -> tuple[list[tuple[int, int]], int]:
    """Return the dark runs (start, length) of the Code 128 of `text`, and its width in modules."""
    writer = _Runs()
    Code128(text, writer).render({"module_width": 1, "quiet_zone": 0, "write_text": False})
    last_start, last_length = writer.found[-1]
    return writer.found, last_start + last_length
