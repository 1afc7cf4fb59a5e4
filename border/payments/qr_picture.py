"""The picture of a payment code, for a page and for a sheet of paper.

Dark modules are drawn as level runs joined to one shape, so that no seam shows at any size, with
the four light modules around that every reader needs. What the code says is none of its business
(`gateways.emv_qr`).
source: ISO/IEC 18004.
"""

import re
from xml.sax.saxutils import escape, quoteattr

import segno
from reportlab.pdfgen.canvas import Canvas

_QUIET = 4
"""Light modules on each side."""
_MASK = 3
"""Any reader takes any mask; trying all eight for the prettiest takes most of the time."""
_OVERLAPS_STAY_FILLED = 1
"""The non-zero winding rule of PDF, as reportlab numbers it."""


def qr_svg(payload: str, title: str) -> str:
    """Return the code as an SVG element to stand in a page, called `title` where it is not seen.

    It has no size of its own, loads nothing and needs no style: the strictest policy shows it.
    """
    rows = _rows(payload)
    side = len(rows) + 2 * _QUIET
    path = "".join(
        f"M{start + _QUIET} {y + _QUIET}h{length}v1h-{length}z"
        for y, row in enumerate(rows)
        for start, length in row
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" role="img" '
        f'aria-label={quoteattr(title)} shape-rendering="crispEdges">'
        f"<title>{escape(title)}</title>"
        f'<path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/><path d="{path}"/></svg>'
    )


def draw_qr(canvas: Canvas, payload: str, x: float, y: float, side: float) -> None:
    """Draw the code black into the square whose lower left corner is at `x`, `y`, in points.

    The square holds the light modules around the code too; the paper is to be white there.
    """
    rows = _rows(payload)
    module = side / (len(rows) + 2 * _QUIET)
    left, top = x + _QUIET * module, y + side - _QUIET * module
    shape = canvas.beginPath()
    for row, runs in enumerate(rows, start=1):
        for start, length in runs:
            # A fiftieth too tall: rows that only touch may show a hair of light between them.
            shape.rect(left + start * module, top - row * module, length * module, module * 51 / 50)
    canvas.saveState()
    canvas.setFillGray(0)
    canvas.drawPath(shape, stroke=0, fill=1, fillMode=_OVERLAPS_STAY_FILLED)
    canvas.restoreState()


def _rows(payload: str) -> list[list[tuple[int, int]]]:
    """Return each row of the code as dark runs (start, length), without margin."""
    code = segno.make_qr(payload, error="m", mask=_MASK)
    return [
        [(run.start(), len(run.group())) for run in re.finditer(rb"\x01+", bytes(row))]
        for row in code.matrix
    ]
