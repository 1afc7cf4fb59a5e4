"""Pages of A5 on which a receipt is set: faces, wrapping, lines, colours.

It knows no receipt: places are in millimetres from the top left corner, type in points. What does
not fit is wrapped, never cut, so that a receipt says all of what was signed.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Literal, NamedTuple

from reportlab.lib.pagesizes import A5
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from border.fonts import FontSet
from border.payments.qr_picture import draw_qr

WIDTH, HEIGHT = 148, 210
LEFT, RIGHT = 10, 138
BLACK = (0, 0, 0)
RED = (72, 0, 0)
"""Colours are given in hundredths of red, green and blue."""
GREY = (38, 38, 38)
FAINT = (94, 94, 94)
Colour = tuple[int, int, int]


class Face(NamedTuple):
    """A typeface as reportlab knows it, and the code points it can set."""

    name: str
    sets: Mapping[int, object]


def _registered(fonts: FontSet, *wanted: str) -> tuple[Face, ...]:
    """Return the `wanted` faces, known to reportlab under names that no other sheet uses.

    reportlab lets one typeface serve one document at a time; those who draw other sheets take
    turns among themselves only.
    """
    faces = []
    for face in wanted:
        name = f"receipt-{face}-{fonts.recipe}"
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, getattr(fonts, face)))
        font = pdfmetrics.getFont(name)
        assert isinstance(font, TTFont)
        faces.append(Face(name, font.face.charToGlyph))
    return tuple(faces)


class Sheet:
    """The pages being drawn, one after the other."""

    def __init__(self, fonts: FontSet, language_tag: str, title: str) -> None:
        self.regular = _registered(fonts, "latin_regular", "chinese_regular")
        self.bold = _registered(fonts, "latin_bold", "chinese_regular")
        self._file = BytesIO()
        self._canvas = Canvas(
            self._file,
            pagesize=A5,
            pageCompression=1,
            invariant=1,
            initialFontName=self.regular[0].name,  # type: ignore[arg-type]  # stubs say a number
            lang=language_tag,
        )
        self._canvas.setTitle(title)
        self._canvas.setViewerPreference("DisplayDocTitle", "true")

    def next_page(self) -> None:
        """End this page."""
        self._canvas.showPage()

    def finish(self) -> bytes:
        """End the last page and return the PDF."""
        self._canvas.showPage()
        self._canvas.save()
        return self._file.getvalue()

    def line(
        self,
        x: int,
        y: int,
        text: str,
        size: int,
        *,
        bold: bool = False,
        colour: Colour = BLACK,
        align: Literal["left", "centre", "right"] = "left",
    ) -> int:
        """Set one line with its foot at `y` tenths of a millimetre; return its width in tenths."""
        faces = self.bold if bold else self.regular
        text = clean(text, faces)
        width = width_of(text, faces, size)
        start = x * mm / 10 - {"left": 0, "centre": width / 2, "right": width}[align]
        writing = self._canvas.beginText(start, A5[1] - y * mm / 10)
        writing.setFillColorRGB(*(part / 100 for part in colour))
        for face, run in runs_of(text, faces):
            writing.setFont(face.name, size)
            writing.textOut(run)
        self._canvas.drawText(writing)
        return round(width / mm * 10)

    def wrapped(self, text: str, size: int, width: int, *, bold: bool = False) -> list[str]:
        """Return `text` in lines of `width` tenths of a millimetre."""
        faces = self.bold if bold else self.regular
        return wrapped(clean(text, faces), faces, size, width * mm / 10)

    def rule(self, y: int, weight: int = 4, x: int = LEFT * 10, end: int = RIGHT * 10) -> None:
        """Draw a level line `weight` tenths of a point thick."""
        self._canvas.setLineWidth(weight / 10)
        self._canvas.setStrokeGray(0)
        foot = A5[1] - y * mm / 10
        self._canvas.line(x * mm / 10, foot, end * mm / 10, foot)

    def box(self, x: int, y: int, width: int, height: int, colour: Colour = BLACK) -> None:
        """Draw a frame."""
        self._canvas.setLineWidth(8 / 10)
        self._canvas.setStrokeColorRGB(*(part / 100 for part in colour))
        foot = A5[1] - (y + height) * mm / 10
        self._canvas.rect(x * mm / 10, foot, width * mm / 10, height * mm / 10, stroke=1, fill=0)

    def code(self, x: int, y: int, side: int, payload: str) -> None:
        """Draw a QR code with its quiet zone into a square."""
        foot = A5[1] - (y + side) * mm / 10
        draw_qr(self._canvas, payload, x * mm / 10, foot, side * mm / 10)

    def watermark(self, text: str) -> None:
        """Write faintly across the whole page, under what is written afterwards."""
        canvas = self._canvas
        canvas.saveState()
        canvas.translate(A5[0] / 2, A5[1] / 2)
        canvas.rotate(52)
        canvas.setFillColorRGB(*(part / 100 for part in FAINT))
        canvas.setFont(self.bold[0].name, 64)
        canvas.drawCentredString(0, -20, text)
        canvas.restoreState()


def clean(text: str, faces: Sequence[Face]) -> str:
    """Return `text` on one line; a hollow square stands where no face has the character."""
    plain = " ".join(unicodedata.normalize("NFC", text[:2_000]).split())
    return "".join(
        character if any(ord(character) in face.sets for face in faces) else "□"
        for character in plain
        if unicodedata.category(character) != "Cf"
    )


def runs_of(text: str, faces: Sequence[Face]) -> list[tuple[Face, str]]:
    """Return `text` in runs of one face, each character in the first face that has it."""
    runs: list[tuple[Face, str]] = []
    for character in text:
        face = next((one for one in faces if ord(character) in one.sets), faces[-1])
        if runs and runs[-1][0] is face:
            runs[-1] = (face, runs[-1][1] + character)
        else:
            runs.append((face, character))
    return runs


def width_of(text: str, faces: Sequence[Face], size: float) -> float:
    """Return the width of `text` in points."""
    return sum(pdfmetrics.stringWidth(run, face.name, size) for face, run in runs_of(text, faces))


_PIECES = re.compile(r"\s*(?:[一-鿿，。、；：）]|[^\s一-鿿，。、；：）]+)")
"""What stays together on a line: a word with the space before it, or a Chinese character."""


def wrapped(text: str, faces: Sequence[Face], size: float, width: float) -> list[str]:
    """Return `text` in lines of `width` points; a word wider than a line is broken."""
    lines, line = list[str](), ""
    for piece in _PIECES.findall(text):
        if width_of(line + piece, faces, size) <= width:
            line += piece
            continue
        if line:
            lines.append(line)
        line = piece.lstrip()
        while width_of(line, faces, size) > width:
            fits = next(
                (
                    n
                    for n in range(len(line) - 1, 1, -1)
                    if width_of(line[:n], faces, size) <= width
                ),
                1,
            )
            lines.append(line[:fits])
            line = line[fits:]
    return [*lines, line] if line else lines or [""]
