"""The bytes of a file as lines of text: what it is written in, its byte-order mark, its limits.

UTF-8, UTF-16 with its mark, and the code page of Vietnamese Windows where it can be nothing else.
A file is read in pieces and never held as a whole. What is in the lines is not looked at here.
"""

import codecs
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

from border.core.words import N_
from border.files.fault import Unreadable, wrong

UTF_8 = "utf-8"
UTF_16 = "utf-16"
CP1258 = "cp1258"
"""The code page of Vietnamese Windows. source: Microsoft, code page 1258."""
LONGEST_LINE = 1 << 16
"""Characters of a line, or of a row that spans several."""
MOST_BYTES = 1 << 30
_PIECE = 1 << 16
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PART = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_VIETNAMESE = frozenset(
    letter
    for base in "aăâeêioôơuưyđAĂÂEÊIOÔƠUƯYĐ"
    for tone in ("", *map(chr, (0x300, 0x301, 0x303, 0x309, 0x323)))
    for letter in unicodedata.normalize("NFC", base + tone)
    if not unicodedata.combining(letter)
)
_PUNCTUATION = frozenset("€‚„…†‡‰‹‘’“”•–—™›\xa0§©«°±²³·»¼½¾₫×÷")

_KNOWN_LETTERS = _VIETNAMESE | _PUNCTUATION | {*map(chr, range(32, 127)), "\t", "\r", "\n"}


class Readable(Protocol):
    """Bytes that are read from their beginning to their end."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, none at the end."""
        ...

    def readline(self, size: int, /) -> bytes:
        """Return the next bytes up to an LF, none at the end."""
        ...


Opened = Callable[[], Readable]
"""Gives the bytes of a file from their beginning."""


def rewound(file: BinaryIO) -> Opened:
    """Return what gives an open file from its beginning."""

    def opened() -> BinaryIO:
        file.seek(0)
        return file

    return opened


def encoding_of(opened: Opened) -> str:
    """Return what a file is written in, having read all of it.

    refuses: Unreadable, with the line of the first character that is none: where it is neither
    Unicode nor certainly the Vietnamese code page, or ends in the middle of a character.
    """
    file, unicode = opened(), codecs.getincrementaldecoder(UTF_8)()
    accents, line, is_first = False, 1, True
    while piece := file.read(_PIECE):
        if is_first and piece.startswith(_WIDE):
            return UTF_16
        is_first = False
        try:
            text = unicode.decode(piece)
        except UnicodeDecodeError as error:
            before = error.object[: error.start]
            line += before.count(b"\n")
            return _code_page(opened, line, accents or not before.isascii())
        accents |= not text.isascii()
        line += text.count("\n")
    try:
        unicode.decode(b"", final=True)
    except UnicodeDecodeError as error:
        if accents:
            says = N_("The file ends in the middle of a character: it is cut off. Send it again.")
            raise Unreadable(wrong(line, "line", "cut_off", says)) from error
        return _code_page(opened, line, accents)
    return UTF_8


def _code_page(opened: Opened, line: int, accents: bool) -> str:
    """Return CP1258, where all of the file is Vietnamese in it and nothing speaks for UTF-8."""
    decoder, file = codecs.getincrementaldecoder(CP1258)(), opened()
    certain, rest = not accents, ""
    try:
        while certain and (piece := file.read(_PIECE)):
            text = unicodedata.normalize("NFC", rest + decoder.decode(piece))
            # A tone at the beginning of the next piece belongs to the last letter of this one.
            text, rest = text[:-1], text[-1:]
            certain = _is_vietnamese(text)
    except UnicodeDecodeError:
        certain = False
    if not certain or not _is_vietnamese(rest):
        says = N_(
            "This line holds damaged characters: the file is neither Unicode nor CP1258 "
            "throughout. Save it again as “CSV UTF-8”."
        )
        raise Unreadable(wrong(line, "line", "damaged", says))
    return CP1258


def _is_vietnamese(text: str) -> bool:
    return set(text) <= _KNOWN_LETTERS


def lines_of(file: Readable, encoding: str, most_bytes: int = MOST_BYTES) -> Iterator[str]:
    """Yield the lines of a file from its beginning with their ends, composed (NFC).

    A line ends with CR, LF or both. refuses: Unreadable, with the line that is not text in
    `encoding`, too long, holds a zero, or lies beyond `most_bytes`.
    """
    number = 0
    is_wide = encoding == UTF_16
    wholes = _wide(file, most_bytes) if is_wide else _plain(file, encoding, most_bytes)
    for whole in wholes:
        is_one = "\r" not in whole.removesuffix("\n").removesuffix("\r")
        for text in (whole,) if is_one else _PART.findall(whole):
            number += 1
            if len(text) > LONGEST_LINE:
                raise _too_long(number)
            if "\0" in text:
                says = N_("The line holds a zero byte. Save the file again as “CSV UTF-8”.")
                raise Unreadable(wrong(number, "line", "not_text", says))
            yield unicodedata.normalize("NFC", text)


def _too_long(number: int) -> Unreadable:
    says = N_("The line is longer than {most} characters: this is no table.")
    return Unreadable(wrong(number, "line", "too_long", says, most=LONGEST_LINE))


def too_large(number: int, most: int) -> Unreadable:
    """Return that a file has more bytes than are read, from a line on."""
    says = N_("The file is larger than {most} bytes. Send it in parts.")
    return Unreadable(wrong(number, "line", "too_large", says, most=most))


def _plain(file: Readable, encoding: str, most_bytes: int) -> Iterator[str]:
    """Yield what stands between the LFs of a file in an encoding of single bytes or UTF-8."""
    number = taken = 0
    while raw := file.readline(4 * LONGEST_LINE + 1):
        number, taken = number + 1, taken + len(raw)
        if taken > most_bytes:
            raise too_large(number, most_bytes)
        if number == 1 and encoding == UTF_8:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        if len(raw) > 4 * LONGEST_LINE:
            raise _too_long(number)
        yield _decoded(raw, encoding, number)


def _decoded(raw: bytes, encoding: str, number: int) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        says = N_("The line is no text in {encoding}. Save the file again as “CSV UTF-8”.")
        problem = wrong(number, "line", "not_text", says, encoding=encoding.upper())
        raise Unreadable(problem) from error


def _wide(file: Readable, most_bytes: int) -> Iterator[str]:
    """Yield what stands between the LFs of a file in UTF-16."""
    decoder, number, taken, rest = codecs.getincrementaldecoder(UTF_16)(), 1, 0, ""
    while True:
        piece = file.read(_PIECE)
        taken += len(piece)
        if taken > most_bytes:
            raise too_large(number, most_bytes)
        try:
            *lines, rest = (rest + decoder.decode(piece, final=not piece)).split("\n")
        except UnicodeDecodeError as error:
            says = N_("The file ends in the middle of a character: it is cut off. Send it again.")
            raise Unreadable(wrong(number, "line", "cut_off", says)) from error
        number += len(lines)
        yield from (f"{line}\n" for line in lines)
        if len(rest) > LONGEST_LINE:
            raise _too_long(number)
        if not piece:
            break
    if rest:
        yield rest
