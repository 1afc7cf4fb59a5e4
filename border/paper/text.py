"""Text in three languages as it is set: which face has a character, how wide, where a line ends.

Sizes and widths are points. A character is set in the first face that has it; a Chinese character
beyond the prepared faces gets a face of its own block (`FontSet.block`), so that a person's name
is printed as that person writes it.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from border.paper.fonts import FontSet
from border.paper.typeface import MOST, FontPart, Typeface, typeface

_MOST = 2_000
"""Characters of one text that are looked at; no paper has room for more."""
_VOWELS = "aăâeêioôơuưy"
_TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
_VIETNAMESE = "".join(
    unicodedata.normalize("NFC", vowel + tone) for vowel in _VOWELS for tone in _TONES
)
_LATIN = "".join(
    dict.fromkeys([*map(chr, range(32, 127)), *_VIETNAMESE, *_VIETNAMESE.upper(), *"đĐ₫·–—−…«»×°€"])
)
"""What every document has of its first face; most of it is put together from a few shapes."""


class Piece(NamedTuple):
    """Some text in one face: written as a string of PDF where `part` has it, else as it is."""

    face: Typeface
    part: FontPart | None
    text: str


class Setting(NamedTuple):
    """A text ready to be drawn: its width for type of one point, and its pieces."""

    width: float
    pieces: tuple[Piece, ...]


class Faces:
    """The faces that one weight of text is set in, tried in order, and what they cannot set."""

    def __init__(self, fonts: FontSet, *wanted: str, known: str = "") -> None:
        self._fonts = fonts
        self._faces = [typeface(getattr(fonts, name)) for name in wanted]
        self._found: dict[str, Typeface | None] = {}
        self._widths = _Widths(self)
        self._shown = _Shown(self)
        self._parts = self._fixed(known)
        # Most of what is set is the paper's own words; what differs passes through.
        self.setting = lru_cache(maxsize=1_024)(self._setting)

    def _fixed(self, known: str) -> dict[str, FontPart]:
        """Return the parts that are put into every document that uses one of their characters."""
        first = self._faces[0]
        latin = "".join(one for one in _LATIN if ord(one) in first.sets)
        parts = dict.fromkeys(latin, first.part(latin))
        others = sorted({one for one in known if one not in parts and self.face_of(one)})
        for face in self._faces[1:]:
            own = [one for one in others if self.face_of(one) is face]
            for start in range(0, len(own), MOST):
                characters = "".join(own[start : start + MOST])
                parts |= dict.fromkeys(characters, face.part(characters))
        return parts

    def face_of(self, character: str) -> Typeface | None:
        """Return the face that sets `character`, or None where there is none."""
        try:
            return self._found[character]
        except KeyError:
            code = ord(character)
            face = next((face for face in self._faces if code in face.sets), None)
            if face is None and (block := self._fonts.block(code)):
                own = typeface(block)
                face = own if code in own.sets else None
            return self._found.setdefault(character, face)

    def clean(self, text: str) -> str:
        """Return `text` on one line; a hollow square stands where no face has the character."""
        plain = " ".join(unicodedata.normalize("NFC", text[:_MOST]).split())
        return plain.translate(self._shown)

    def runs(self, text: str) -> list[tuple[Typeface, str]]:
        """Return `text` in runs of one face."""
        faces = ((self.face_of(one) or self._faces[-1], one) for one in text)
        return [
            (face, "".join(one for _, one in run))
            for face, run in groupby(faces, key=lambda found: found[0])
        ]

    def _setting(self, text: str) -> Setting:
        """Return `text` as it is drawn."""
        width, pieces = self.width(text, 1), []
        for face, run in self.runs(text):
            for part, some in groupby(run, key=self._parts.get):
                text = "".join(some)
                pieces.append(Piece(face, part, part.written(text) if part else text))
        return Setting(width, tuple(pieces))

    def width(self, text: str, size: float) -> float:
        """Return the width of `text`."""
        return 0.001 * size * sum(map(self._widths.__getitem__, text))

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
            width -= 0.001 * size * self._widths[character]
            if width < 0:
                return count
        return len(text)


_BREAK = re.compile(r" |[一-鿿，。、；：）](?![，。、；：）])")
"""A line may end after a space or a Chinese character, unless a closing mark follows."""


class _Widths(dict[str, float]):
    """The width of each character met, in thousandths of its size."""

    def __init__(self, faces: Faces) -> None:
        self._faces = faces

    def __missing__(self, character: str) -> float:
        face = self._faces.face_of(character) or self._faces._faces[-1]
        return self.setdefault(character, face.width(character))


class _Shown(dict[int, str]):
    """What stands for each character met: itself, nothing, or that there is no face for it."""

    def __init__(self, faces: Faces) -> None:
        self._faces = faces

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if unicodedata.category(character) == "Cf":
            shown = ""
        else:
            shown = character if self._faces.face_of(character) else "□"
        return self.setdefault(code, shown)


@lru_cache(maxsize=64)
def faces(fonts: FontSet, wanted: tuple[str, ...], known: str) -> Faces:
    """Return the faces of one weight; `known` are the characters that most documents need."""
    return Faces(fonts, *wanted, known=known)
