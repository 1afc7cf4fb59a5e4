"""The bytes of a statement as lines of text: its encoding, its byte-order mark, its Base64.

A file is read in pieces and never held as a whole. What is in the lines is not looked at here.
"""

import binascii
import codecs
import io
import unicodedata
from base64 import b64decode
from collections.abc import Iterator
from typing import BinaryIO, cast

from border.payments.reconciliation.statement import Unreadable, wrong
from border.words import N_

UTF_8 = "utf-8"
CP1258 = "cp1258"
ENCODINGS = (UTF_8, CP1258)
"""Unicode, and the code page of Vietnamese Windows. source: Microsoft, code page 1258."""
LONGEST_LINE = 1 << 16
_PIECE = 1 << 16
_BOM = codecs.BOM_UTF8
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LOOK = 64


class _Base64Reader(io.RawIOBase):
    """The bytes that a Base64 text stands for, decoded piece by piece."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._packed = b""
        self._plain = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        room = memoryview(cast(bytearray, buffer))
        while not self._plain:
            piece = self._file.read(_PIECE)
            packed = self._packed + b"".join(piece.split())
            whole = len(packed) if not piece else len(packed) // 4 * 4
            try:
                self._plain = b64decode(packed[:whole], validate=True)
            except binascii.Error as error:
                says = N_("The file is cut off, or its Base64 is damaged.")
                raise Unreadable(wrong(0, "file", "bad_base64", says)) from error
            self._packed = packed[whole:]
            if not piece:
                break
        taken = self._plain[: len(room)]
        room[: len(taken)] = taken
        self._plain = self._plain[len(taken) :]
        return len(taken)


def beginning(file: BinaryIO) -> tuple[bytes, bool]:
    """Return the first bytes of a file, without its mark, and whether they came out of Base64."""
    file.seek(0)
    first = file.read(_LOOK * 4).removeprefix(_BOM)
    packed = b"".join(first.split())
    packed = packed[: min(len(packed), _LOOK) // 4 * 4]
    try:
        plain = b64decode(packed, validate=True).removeprefix(_BOM)
    except binascii.Error:
        return first, False
    return (plain, True) if plain.startswith(b"H|") else (first, False)


def bytes_of(file: BinaryIO, packed: bool) -> BinaryIO:
    """Return the file from its beginning, out of its Base64 if it is `packed`."""
    file.seek(0)
    if not packed:
        return file
    if file.read(len(_BOM)) != _BOM:
        file.seek(0)
    return io.BufferedReader(_Base64Reader(file))


def encoding_of(file: BinaryIO, packed: bool) -> str:
    """Return what the file is written in: UTF-8 if all of it can be that, else CP1258.

    refuses: Unreadable, if it can be neither; if it is UTF-8 with damaged characters, which as
    CP1258 would be read wrongly; if it is UTF-16.
    """
    plain, unicode = bytes_of(file, packed), codecs.getincrementaldecoder(UTF_8)()
    accents = begun = False
    while piece := plain.read(_PIECE):
        if not begun and piece.startswith(_WIDE):
            says = N_("The file is in UTF-16. Save it again as UTF-8.")
            raise Unreadable(wrong(0, "file", "utf_16", says))
        begun = True
        try:
            accents |= not unicode.decode(piece).isascii()
        except UnicodeDecodeError as error:
            accents |= _holds_accents(error)
            return _code_page(file, packed, accents)
    try:
        unicode.decode(b"", final=True)
    except UnicodeDecodeError as error:
        if accents:
            says = N_("The file ends in the middle of a character: it is cut off.")
            raise Unreadable(wrong(0, "file", "cut_off", says)) from error
        return _code_page(file, packed, accents)
    return UTF_8


def _holds_accents(error: UnicodeDecodeError) -> bool:
    """Say whether the piece held good characters beyond ASCII before the bad one."""
    return not error.object[: error.start].isascii()


def _code_page(file: BinaryIO, packed: bool, accents: bool) -> str:
    """Return CP1258, if all of the file can be that and nothing speaks for damaged UTF-8."""
    decoder = codecs.getincrementaldecoder(CP1258)()
    plain = bytes_of(file, packed)
    try:
        while piece := plain.read(_PIECE):
            decoder.decode(piece)
    except UnicodeDecodeError:
        accents = True
    if accents:
        says = N_("The file has damaged characters: it is neither UTF-8 nor CP1258 throughout.")
        raise Unreadable(wrong(0, "file", "damaged", says))
    return CP1258


def lines_of(file: BinaryIO, packed: bool, encoding: str) -> Iterator[str]:
    """Yield the lines of the file with their ends, composed (NFC).

    refuses: Unreadable, with the line that is not text in `encoding`, too long, or holds a zero.
    """
    plain, number = bytes_of(file, packed), 0
    while raw := plain.readline(LONGEST_LINE + 1):
        number += 1
        if len(raw) > LONGEST_LINE:
            raise Unreadable(wrong(number, "line", "too_long", N_("The line is too long.")))
        if number == 1:
            raw = raw.removeprefix(_BOM)
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as error:
            says = N_("The line is no text in {encoding}.")
            problem = wrong(number, "line", "not_text", says, encoding=encoding)
            raise Unreadable(problem) from error
        if "\0" in text:
            says = N_("The line holds a zero byte: this is no text file.")
            raise Unreadable(wrong(number, "line", "not_text", says))
        yield unicodedata.normalize("NFC", text)
