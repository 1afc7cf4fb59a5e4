"""The one typesetter: pages on which slips, receipts and payment requests are drawn.

It knows no document. Places are in the document's own unit (millimetres, tenths, points) from the
top left corner; type and the weight of lines are in points. Black on white by default, so that it
survives a poor printer; the same calls give the same bytes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from threading import Lock
from typing import Literal

from reportlab.lib.pagesizes import A4, A5
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from border.paper.codes import QUIET, qr_rows
from border.paper.fonts import FontSet
from border.paper.text import Faces
from border.paper.words import LANGUAGE_TAGS, InThree, Locale

MM = mm
TENTHS = mm / 10
POINTS = 1.0
SIZES = {"A4": A4, "A5": A5}
_OVERLAPS_STAY_FILLED = 1
"""The non-zero winding rule of PDF, as reportlab numbers it."""

Align = Literal["left", "centre", "right"]
Colour = tuple[int, int, int]
"""Hundredths of red, green and blue."""
BLACK: Colour = (0, 0, 0)
WHITE: Colour = (100, 100, 100)
RED: Colour = (72, 0, 0)
GREY: Colour = (38, 38, 38)
FAINT: Colour = (94, 94, 94)

_drawing = Lock()


@contextmanager
def drawing() -> Iterator[None]:
    """Let one thread draw at a time: a typeface of reportlab serves one document at a time."""
    with _drawing:
        yield


class Sheet:
    """The pages being drawn, one after the other."""

    def __init__(
        self,
        fonts: FontSet,
        locale: Locale,
        title: str,
        *,
        size: Literal["A4", "A5"],
        unit: float,
        subject: str = "",
    ) -> None:
        self._regular = Faces(fonts, "latin_regular", "chinese_regular")
        self._bold = Faces(fonts, "latin_bold", "chinese_regular")
        # Only the characters of plates are there in bold: in a name they would stand out.
        self._plate = Faces(fonts, "latin_bold", "plate_bold", "chinese_regular")
        self._locale = locale
        self._unit = unit
        self._width, self._height = SIZES[size]
        self._file = BytesIO()
        self._canvas = Canvas(
            self._file,
            pagesize=SIZES[size],
            pageCompression=1,
            invariant=1,
            initialFontName=self._regular.first.name,  # type: ignore[arg-type]  # stubs say a number
            lang=LANGUAGE_TAGS[locale],
        )
        self._canvas.setTitle(title)
        if subject:
            self._canvas.setSubject(subject)
        self._canvas.setViewerPreference("DisplayDocTitle", "true")

    def next_page(self) -> None:
        """End this page."""
        self._canvas.showPage()

    def finish(self) -> bytes:
        """End the last page and return the PDF."""
        self._canvas.showPage()
        self._canvas.save()
        return self._file.getvalue()

    # Text

    def line(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        bold: bool = False,
        plate: bool = False,
        colour: Colour = BLACK,
        align: Align = "left",
        width: float | None = None,
        smallest: float | None = None,
    ) -> float:
        """Set one line with its foot at `y` and return its width.

        Where it is wider than `width` it is set smaller, down to `smallest`, then cut with an
        ellipsis.
        """
        faces = self._plate if plate else self._bold if bold else self._regular
        text = faces.clean(text)
        natural = faces.width(text, size)
        if width is not None and natural > width * self._unit:
            if smallest is not None:
                size = max(smallest, size * width * self._unit / natural)
            text = faces.shortened(text, size, width * self._unit)
            natural = faces.width(text, size)
        start = x * self._unit - {"left": 0.0, "centre": natural / 2, "right": natural}[align]
        writing = self._canvas.beginText(start, self._foot(y))
        self._fill(writing, colour)
        for face, run in faces.runs(text):
            writing.setFont(face.name, size)
            writing.textOut(run)
        self._canvas.drawText(writing)
        return natural / self._unit

    def label(
        self,
        x: float,
        y: float,
        words: InThree,
        width: float,
        *,
        size: float = 7,
        small: float = 6,
        gap: float = 1.2,
    ) -> float:
        """Set a label, Vietnamese bold, the other two small behind it; return its width."""
        used = self.line(x, y, words.vi, size, bold=True, width=width) + gap
        room = max(0, width - used)
        return used + self.line(x + used, y, self.others(words), small, width=room)

    def others(self, words: InThree) -> str:
        """Return the words in the two languages that are not Vietnamese."""
        return words.beside_vietnamese(self._locale)

    def wrapped(
        self, text: str, size: float, width: float, *, bold: bool = False, lines: int | None = None
    ) -> Sequence[str]:
        """Return `text` in lines of `width`; without `lines` nothing is cut."""
        faces = self._bold if bold else self._regular
        return faces.wrapped(faces.clean(text), size, width * self._unit, lines)

    # Lines, frames and codes

    def rule(self, y: float, weight: float, x: float, end: float) -> None:
        """Draw a level line `weight` points thick from `x` to `end`."""
        self._canvas.setLineWidth(weight)
        self._canvas.setStrokeGray(0)
        self._canvas.line(x * self._unit, self._foot(y), end * self._unit, self._foot(y))

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        weight: float,
        *,
        full: bool = False,
        colour: Colour = BLACK,
    ) -> None:
        """Draw a frame `weight` points thick, filled black if `full`."""
        self._canvas.setLineWidth(weight)
        self._canvas.setStrokeColorRGB(*(part / 100 for part in colour))
        self._canvas.setFillGray(0)
        self._canvas.rect(
            x * self._unit,
            self._foot(y + height),
            width * self._unit,
            height * self._unit,
            stroke=1,
            fill=int(full),
        )

    def bars(self, bars: Sequence[tuple[float, float, float, float]]) -> None:
        """Fill bars (x, y, width, height) black, as one shape so that no seam shows."""
        shape, unit = self._canvas.beginPath(), self._unit
        for x, y, width, height in bars:
            shape.rect(x * unit, self._foot(y + height), width * unit, height * unit)
        self._canvas.setFillGray(0)
        self._canvas.drawPath(shape, stroke=0, fill=1, fillMode=_OVERLAPS_STAY_FILLED)

    def qr(self, x: float, y: float, side: float, text: str, *, quiet: int = QUIET) -> None:
        """Draw a QR code with its `quiet` light modules into a square; the paper is white there."""
        rows = qr_rows(text)
        module = side / (len(rows) + 2 * quiet)
        # A fiftieth too tall: rows that only touch may show a hair of light between them.
        tall = module * 51 / 50
        self.bars(
            [
                (x + (start + quiet) * module, y + (down + quiet) * module, length * module, tall)
                for down, row in enumerate(rows)
                for start, length in row
            ]
        )

    def watermark(self, text: str) -> None:
        """Write faintly across the whole page, under what is written afterwards."""
        canvas = self._canvas
        canvas.saveState()
        canvas.translate(self._width / 2, self._height / 2)
        canvas.rotate(52)
        self._fill(canvas, FAINT)
        canvas.setFont(self._bold.first.name, 64)
        canvas.drawCentredString(0, -20, text)
        canvas.restoreState()

    def _foot(self, y: float) -> float:
        """Return a place from the top as PDF counts it, in points from the bottom."""
        return float(self._height - y * self._unit)

    @staticmethod
    def _fill(where: object, colour: Colour) -> None:
        where.setFillColorRGB(*(part / 100 for part in colour))  # type: ignore[attr-defined]
