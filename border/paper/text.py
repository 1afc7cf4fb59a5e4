"""Text in three languages as it is set: which face has a character, how wide, where a line ends.

Sizes and widths are points. A character is set in the first face that has it; a Chinese character
beyond the prepared faces gets a face of its own block (`FontSet.block`), so that a person's name
is printed as that person writes it.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from border.paper.fonts import FontSet

_MOST = 2_000
"""Characters of one text that are looked at; no paper has room for more."""


class Face(NamedTuple):
    """A typeface as reportlab knows it, and the code points it can set."""

    name: str
    sets: Mapping[int, object]


class Faces:
    """The faces that one weight of text is set in, tried in order, and what they cannot set."""

    def __init__(self, fonts: FontSet, *wanted: str) -> None:
        self._fonts = fonts
        self._faces = [_registered(f"{f}-{fonts.recipe}", getattr(fonts, f)) for f in wanted]

    @property
    def first(self) -> Face:
        """The face that sets most of the text."""
        return self._faces[0]

    def face_of(self, character: str) -> Face | None:
        """Return the face that sets `character`, or None where there is none."""
        code = ord(character)
        for face in self._faces:
            if code in face.sets:
                return face
        block = self._fonts.block(code)
        if block is not None:
            face = _registered(f"{block.stem}-{self._fonts.recipe}", block)
            if code in face.sets:
                self._faces.append(face)
                return face
        return None

    def clean(self, text: str) -> str:
        """Return `text` on one line; a hollow square stands where no face has the character."""
        plain = " ".join(unicodedata.normalize("NFC", text[:_MOST]).split())
        return "".join(
            character if self.face_of(character) else "□"
            for character in plain
            if unicodedata.category(character) != "Cf"
        )

    def runs(self, text: str) -> list[tuple[Face, str]]:
        """Return `text` in runs of one face."""
        runs: list[tuple[Face, str]] = []
        for character in text:
            face = self.face_of(character) or self._faces[-1]
            if runs and runs[-1][0] is face:
                runs[-1] = (face, runs[-1][1] + character)
            else:
                runs.append((face, character))
        return runs

    def width(self, text: str, size: float) -> float:
        """Return the width of `text`."""
        return sum(pdfmetrics.stringWidth(run, face.name, size) for face, run in self.runs(text))

    def shortened(self, text: str, size: float, width: float) -> str:
        """Return `text` if it fits in `width`, else its beginning and an ellipsis."""
        if self._fitting(text, size, width) == len(text):
            return text
        room = width - self.width("…", size)
        return text[: self._fitting(text, size, room)].rstrip() + "…" if room > 0 else ""

    def wrapped(
        self, text: str, size: float, width: float, lines: int | None = None
    ) -> Sequence[str]:
        """Return `text` in lines of `width`, at most `lines` of them, the last cut if need be.

        A word wider than a line is broken.
        """
        result: list[str] = []
        while text and (lines is None or len(result) < lines - 1):
            fits = self._fitting(text, size, width)
            if fits < len(text):
                found = _BREAK.finditer(text[: fits + 1])
                breaks = [at.end() for at in found if at.start() < fits or at.group() == " "]
                fits = breaks[-1] if breaks else max(1, fits)
            result.append(text[:fits].rstrip())
            text = text[fits:].lstrip()
        return [*result, self.shortened(text, size, width)] if text else result or [""]

    def _fitting(self, text: str, size: float, width: float) -> int:
        """Return how many characters of `text` fit in `width`."""
        width += 0.01  # what rounding may cost a text that was set smaller to fit exactly
        if self.width(text, size) <= width:
            return len(text)
        for count, character in enumerate(text):
            width -= self.width(character, size)
            if width < 0:
                return count
        return len(text)


_BREAK = re.compile(r" |[一-鿿，。、；：）](?![，。、；：）])")
"""A line may end after a space or a Chinese character, unless a closing mark follows."""


def _registered(name: str, path: Path) -> Face:
    """Return a face, making reportlab know it once."""
    if name not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(name, path))
    font = pdfmetrics.getFont(name)
    assert isinstance(font, TTFont)
    return Face(name, font.face.charToGlyph)
