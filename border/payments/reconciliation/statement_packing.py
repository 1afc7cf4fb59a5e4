"""A statement in Base64: found out by its beginning, and unpacked piece by piece.

What the text is written in, and where its lines end, is `border.files.text`'s.
"""

import binascii
import codecs
import io
from base64 import b64decode
from typing import BinaryIO, cast

from border.core.words import N_
from border.files.fault import Unreadable, wrong

_PIECE = 1 << 16
_BOM = codecs.BOM_UTF8
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
    first = _narrow(file.read(_LOOK * 4))
    packed = b"".join(first.split())
    packed = packed[: min(len(packed), _LOOK) // 4 * 4]
    try:
        plain = _narrow(b64decode(packed, validate=True))
    except binascii.Error:
        return first, False
    return (plain, True) if plain.startswith(b"H|") else (first, False)


def _narrow(raw: bytes) -> bytes:
    """Return what a file begins with, without its mark, however wide its characters are."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw[: len(raw) // 2 * 2].decode("utf-16", "ignore").encode()
    return raw.removeprefix(_BOM)


def bytes_of(file: BinaryIO, packed: bool) -> BinaryIO:
    """Return the file from its beginning, out of its Base64 if it is `packed`."""
    file.seek(0)
    if not packed:
        return file
    if file.read(len(_BOM)) != _BOM:
        file.seek(0)
    return io.BufferedReader(_Base64Reader(file))
