"""Writes PDF files: numbered objects, and the table by which a reader finds them.

It knows nothing of what is drawn. Nothing in a file depends on the day or the machine: the same
calls give the same bytes. source: ISO 32000-1.
"""

import zlib
from itertools import accumulate

_HEAD = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
"""The second line tells whoever moves the file that it is no text."""


class Pdf:
    """A file being written; objects name each other by the numbers that `add` returns."""

    def __init__(self) -> None:
        self._objects: list[bytes] = []

    def add(self, body: bytes = b"null") -> int:
        """Add an object and return its number; what it says may be told later."""
        self._objects.append(body)
        return len(self._objects)

    def put(self, number: int, body: bytes) -> None:
        """Say what an object is."""
        self._objects[number - 1] = body

    def finish(self, root: int, info: int) -> bytes:
        """Return the file, whose catalogue is the object `root`."""
        parts = [_HEAD]
        parts += [b"%d 0 obj\n%b\nendobj\n" % one for one in enumerate(self._objects, 1)]
        *starts, end = accumulate(map(len, parts))
        size = len(self._objects) + 1
        table = b"".join(b"%010d 00000 n \n" % start for start in starts)
        parts.append(b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, table))
        parts.append(b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\n" % (size, root, info))
        parts.append(b"startxref\n%d\n%%%%EOF\n" % end)
        return b"".join(parts)


def stream(content: bytes, *, length1: bool = False) -> bytes:
    """Return `content` as a compressed stream; `length1` says how long it was, as fonts must."""
    packed = zlib.compress(content)
    real = b" /Length1 %d" % len(content) if length1 else b""
    head = b"<< /Filter /FlateDecode /Length %d%b >>" % (len(packed), real)
    return b"%b\nstream\n%b\nendstream" % (head, packed)


def said(text: str) -> bytes:
    """Return what a document says of itself as PDF writes it, in any script."""
    return b"<FEFF%b>" % text.encode("utf-16-be").hex().upper().encode()
