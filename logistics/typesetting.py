"""A sheet of A5 on which text in three languages is set: faces, fitting, lines and bars.

It knows no slip: places are in millimetres from the top left corner, type in points.
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
from logistics.slip_words import LANGUAGE_TAGS, InThree, Locale

_OVERLAPS_STAY_FILLED = 1
"""The non-zero winding rule of PDF, as reportlab numbers it."""


class Face(NamedTuple):
    """A typeface as reportlab knows it, and the code points it can set."""

    name: str
    sets: Mapping[int, object]


class Sheet:
    """The page being drawn: places in millimetres from its top left corner, type in points."""

    def __init__(self, fonts: FontSet, locale: Locale, title: str, subject: str) -> None:
        self.regular = registered(fonts, "latin_regular", "chinese_regular")
        self.bold = registered(fonts, "latin_bold", "plate_bold", "chinese_regular")
        self.locale = locale
        self._file = BytesIO()
        self._canvas = Canvas(
            self._file,
            pagesize=A5,
            pageCompression=1,
            invariant=1,
            initialFontName=self.regular[0].name,  # type: ignore[arg-type]  # stubs say a number
            lang=LANGUAGE_TAGS[locale],
        )
        self._canvas.setTitle(title)
        self._canvas.setSubject(subject)
        self._canvas.setViewerPreference("DisplayDocTitle", "true")

    def finish(self) -> bytes:
        """Return the PDF."""
        self._canvas.showPage()
        self._canvas.save()
        return self._file.getvalue()

    def line(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        bold: bool = False,
        width: float | None = None,
        align: Literal["left", "centre", "right"] = "left",
        smallest: float | None = None,
        inverse: bool = False,
    ) -> float:
        """Set one line with its foot at `y` and return its width.

        Where it is wider than `width` it is set smaller, down to `smallest`, then cut with an
        ellipsis.
        """
        faces = self.bold if bold else self.regular
        text = clean(text, faces)
        natural = width_of(text, faces, size)
        if width is not None and natural > width * mm:
            if smallest is not None:
                size = max(smallest, size * width * mm / natural)
            text = shortened(text, faces, size, width * mm)
            natural = width_of(text, faces, size)
        set_width = natural / mm
        start = x - {"left": 0.0, "centre": set_width / 2, "right": set_width}[align]
        writing = self._canvas.beginText(start * mm, A5[1] - y * mm)
        writing.setFillGray(1 if inverse else 0)
        for face, run in runs_of(text, faces):
            writing.setFont(face.name, size)
            writing.textOut(run)
        self._canvas.drawText(writing)
        return set_width

    def label(self, x: float, y: float, words: InThree, width: float) -> None:
        """Set a label: Vietnamese bold, the other two small behind it."""
        used = self.line(x, y, words.vi, 7, bold=True, width=width)
        self.line(x + used + 1.2, y, self.others(words), 6, width=max(0, width - used - 1.2))

    def others(self, words: InThree) -> str:
        """Return the words in the two languages that are not Vietnamese."""
        pair = (words.en, words.zh) if self.locale == "en" else (words.zh, words.en)
        return " · ".join(pair)

    def paragraph(
        self, x: float, y: float, text: str, size: float, *, width: float, lines: int
    ) -> float:
        """Set `text` in at most `lines` lines and return the foot of the line after the last."""
        faces = self.regular
        for line in wrapped(clean(text, faces), faces, size, width * mm, lines):
            self.line(x, y, line, size)
            y += size * 0.48
        return y

    def rule(self, y: float, weight: float, x: float = 8, width: float = 132) -> None:
        """Draw a level line `weight` points thick."""
        self._canvas.setLineWidth(weight)
        self._canvas.line(x * mm, A5[1] - y * mm, (x + width) * mm, A5[1] - y * mm)

    def box(
        self, x: float, y: float, width: float, height: float, weight: float, *, full: bool = False
    ) -> None:
        """Draw a frame `weight` points thick, filled black if `full`."""
        self._canvas.setLineWidth(weight)
        self._canvas.setFillGray(0)
        foot = A5[1] - (y + height) * mm
        self._canvas.rect(x * mm, foot, width * mm, height * mm, stroke=1, fill=int(full))

    def bars(self, bars: Sequence[tuple[float, float, float, float]]) -> None:
        """Fill bars (x, y, width, height) black, as one shape so that no seam shows."""
        shape = self._canvas.beginPath()
        for x, y, width, height in bars:
            shape.rect(x * mm, A5[1] - (y + height) * mm, width * mm, height * mm)
        self._canvas.setFillGray(0)
        self._canvas.drawPath(shape, stroke=0, fill=1, fillMode=_OVERLAPS_STAY_FILLED)


def registered(fonts: FontSet, *wanted: str) -> tuple[Face, ...]:
    """Return the `wanted` faces of the set, making reportlab know each of them once."""
    faces = []
    for face in wanted:
        name = f"{face}-{fonts.recipe}"
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, getattr(fonts, face)))
        font = pdfmetrics.getFont(name)
        assert isinstance(font, TTFont)
        faces.append(Face(name, font.face.charToGlyph))
    return tuple(faces)


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
        for face in faces:
            if ord(character) in face.sets:
                break
        if runs and runs[-1][0] is face:
            runs[-1] = (face, runs[-1][1] + character)
        else:
            runs.append((face, character))
    return runs


def width_of(text: str, faces: Sequence[Face], size: float) -> float:
    """Return the width of `text` in points."""
    return sum(pdfmetrics.stringWidth(run, face.name, size) for face, run in runs_of(text, faces))


def _fitting(text: str, faces: Sequence[Face], size: float, width: float) -> int:
    """Return how many characters of `text` fit in `width` points."""
    width += 0.01  # what rounding may cost a text that was set smaller to fit exactly
    if width_of(text, faces, size) <= width:
        return len(text)
    for count, character in enumerate(text):
        width -= width_of(character, faces, size)
        if width < 0:
            return count
    return len(text)


def shortened(text: str, faces: Sequence[Face], size: float, width: float) -> str:
    """Return `text` if it fits in `width` points, else its beginning and an ellipsis."""
    if _fitting(text, faces, size, width) == len(text):
        return text
    room = width - width_of("…", faces, size)
    return text[: _fitting(text, faces, size, room)].rstrip() + "…" if room > 0 else ""


_BREAK = re.compile(r" |[一-鿿，。、；：）](?![，。、；：）])")
"""A line may end after a space or a Chinese character, unless a closing mark follows."""


def wrapped(text: str, faces: Sequence[Face], size: float, width: float, lines: int) -> list[str]:
    """Return `text` in at most `lines` lines of `width` points, the last cut if need be."""
    result: list[str] = []
    while text and len(result) < lines - 1:
        fits = _fitting(text, faces, size, width)
        if fits < len(text):
            found = _BREAK.finditer(text[: fits + 1])
            breaks = [at.end() for at in found if at.start() < fits or at.group() == " "]
            fits = breaks[-1] if breaks else max(1, fits)
        result.append(text[:fits].rstrip())
        text = text[fits:].lstrip()
    return [*result, shortened(text, faces, size, width)] if text else result
