"""Typefaces as a PDF takes them in: parts of at most 255 characters, each made once.

A part is a font of its own with the characters it was asked for and a byte for each. What every
document needs is one part that all of them share; only what is rare is cut for one document.
"""

from collections.abc import Iterator
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from threading import Lock

from border.paper.pdf import Pdf, stream

MOST = 255
"""Characters in one part: a byte each, and none of them zero."""
_NONSYMBOLIC, _SYMBOLIC = 1 << 5, 1 << 2
_ESCAPED = {"(": "\\(", ")": "\\)", "\\": "\\\\", "\r": "\\r"}
"""What may not stand as it is in a string of PDF."""

CODES = tuple(_ESCAPED.get(chr(code), chr(code)) for code in range(MOST + 1))
"""How each byte is written in a string of PDF."""


class FontPart:
    """Some characters of a typeface, ready to be put into a document."""

    def __init__(
        self, characters: str, program: bytes, words: bytes, descriptor: bytes, font: bytes
    ) -> None:
        self._codes = {ord(one): CODES[code] for code, one in enumerate(characters, 1)}
        self._program, self._words = program, words
        self._descriptor, self._font = descriptor, font

    def written(self, text: str) -> str:
        """Return text of its characters as a string of PDF."""
        return text.translate(self._codes)

    def embed(self, pdf: Pdf) -> int:
        """Add the font to a document and return its number."""
        descriptor = pdf.add(self._descriptor % pdf.add(self._program))
        return pdf.add(self._font % (descriptor, pdf.add(self._words)))


class Typeface:
    """A TrueType file, read once; several threads may use it."""

    def __init__(self, path: Path) -> None:
        # Takes a fifth of a second, and a process that draws nothing needs none of it.
        from reportlab.pdfbase.ttfonts import TTFontFile

        self._file = TTFontFile(str(path))
        self._cutting = Lock()
        self.sets = self._file.charToGlyph
        """The code points it has."""
        self.part = lru_cache(maxsize=128)(self._part)

    def width(self, character: str) -> float:
        """Return the width of a character in thousandths of its size."""
        width: float = self._file.charWidths.get(ord(character), self._file.defaultWidth)
        return width

    def _part(self, characters: str) -> FontPart:
        """Return the part that has these characters, at most `MOST` of them."""
        from reportlab.pdfbase.ttfonts import makeToUnicodeCMap

        file, codes = self._file, [0, *map(ord, characters)]
        with self._cutting:  # It reads at a place that it keeps.
            program = file.makeSubset(codes)
        tag = sha256(characters.encode()).digest()[:6].translate(_LETTERS)
        name = b"%b+%b" % (tag, file.name)
        widths = " ".join(f"{file.charWidths.get(code, file.defaultWidth):g}" for code in codes)
        box = " ".join(f"{edge:g}" for edge in file.bbox)
        measures = (
            f"/Ascent {file.ascent:g} /Descent {file.descent:g} /CapHeight {file.capHeight:g} "
            f"/ItalicAngle {file.italicAngle:g} /StemV {file.stemV:g} /FontBBox [{box}] "
            f"/MissingWidth {file.defaultWidth:g} /Flags {file.flags & ~_NONSYMBOLIC | _SYMBOLIC}"
        )
        return FontPart(
            characters,
            stream(program, length1=True),
            stream(makeToUnicodeCMap(name.decode(), codes).encode()),
            b"<< /Type /FontDescriptor /FontName /%b %b /FontFile2 %%d 0 R >>"
            % (name, measures.encode()),
            b"<< /Type /Font /Subtype /TrueType /BaseFont /%b /FirstChar 0 /LastChar %d "
            b"/Widths [%b] /FontDescriptor %%d 0 R /ToUnicode %%d 0 R >>"
            % (name, len(characters), widths.encode()),
        )


_LETTERS = bytes(ord("A") + byte % 26 for byte in range(256))


@cache
def typeface(path: Path) -> Typeface:
    """Return the typeface in a file, read when first asked for."""
    return Typeface(path)


class UsedFaces:
    """The parts that one document uses, and what it calls them."""

    def __init__(self) -> None:
        self._parts: dict[FontPart, str] = {}
        self._rare: dict[Typeface, dict[str, int]] = {}
        self._rare_names: dict[tuple[Typeface, int], str] = {}

    def name(self, part: FontPart) -> str:
        """Return what the document calls a part."""
        found = self._parts.get(part)
        if found is None:
            found = self._parts[part] = f"F{len(self._parts)}"
        return found

    def rare(self, face: Typeface, text: str) -> Iterator[tuple[str, str]]:
        """Yield (name, string of PDF) for text that stands in no part made before."""
        places = self._rare.setdefault(face, {})
        for character in text:
            number, code = divmod(places.setdefault(character, len(places)), MOST)
            names = self._rare_names
            yield names.setdefault((face, number), f"R{len(names)}"), CODES[code + 1]

    def embed(self, pdf: Pdf) -> bytes:
        """Add all that was used to a document and return the dictionary of its fonts."""
        numbers = {name: part.embed(pdf) for part, name in self._parts.items()}
        for (face, number), name in self._rare_names.items():
            characters = "".join(self._rare[face])[number * MOST : (number + 1) * MOST]
            numbers[name] = face.part(characters).embed(pdf)
        return b" ".join(b"/%b %d 0 R" % (name.encode(), n) for name, n in numbers.items())
