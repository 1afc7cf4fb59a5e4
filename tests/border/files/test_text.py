"""The bytes of a file as lines: what it is written in, and where it cannot be read."""

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.files.fault import Unreadable
from border.files.text import CP1258, LONGEST_LINE, UTF_8, UTF_16, encoding_of, lines_of

VIETNAMESE = "Phí hạ tầng – “Nghị quyết” số 11\nĐược thu đủ\n"


def windows(text: str) -> bytes:
    """Return a text in code page 1258, which writes the five tones after their letters."""
    marks = {0x300, 0x301, 0x303, 0x309, 0x323}
    out = []
    for letter in text:
        apart = unicodedata.normalize("NFD", letter)
        tones = [mark for mark in apart if ord(mark) in marks]
        base = unicodedata.normalize("NFC", "".join(m for m in apart if ord(m) not in marks))
        out.append(base + "".join(tones))
    return "".join(out).encode("cp1258")


def found(raw: bytes) -> str:
    return encoding_of(lambda: io.BytesIO(raw))


def read(raw: bytes, **more: int) -> list[str]:
    return list(lines_of(io.BytesIO(raw), found(raw), **more))


def refused(raw: bytes, **more: int) -> tuple[int, str]:
    with pytest.raises(Unreadable) as fault:
        read(raw, **more)
    return fault.value.problem.line, fault.value.problem.error.code


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (VIETNAMESE.encode(), UTF_8),
        (VIETNAMESE.encode("utf-8-sig"), UTF_8),
        (VIETNAMESE.encode("utf-16"), UTF_16),
        (windows(VIETNAMESE), CP1258),
        (windows("ạ" * 70_000 + "\n"), CP1258),
        (b"", UTF_8),
    ],
)
def test_the_encoding_is_found_out(raw: bytes, encoding: str) -> None:
    assert found(raw) == encoding
    if len(raw) in range(1, 1000):
        assert "".join(read(raw)) == VIETNAMESE


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs", "Cc"])), min_size=1))
def test_lines_end_as_people_end_them(texts: list[str]) -> None:
    composed = [unicodedata.normalize("NFC", text) for text in texts]
    for end in ("\n", "\r\n", "\r"):
        for encoding in ("utf-8-sig", "utf-16"):
            raw = "".join(text + end for text in texts).encode(encoding)
            assert [line.rstrip("\r\n") for line in read(raw)] == composed


@pytest.mark.parametrize(
    ("raw", "line", "code"),
    [
        (b"a\nb\n\x81\n", 3, "damaged"),
        (b"a\nNgh\xff\n", 2, "damaged"),  # ÿ is a letter of the code page, but no Vietnamese one
        ("Phí\nhạ\n".encode() + b"t\xe9\n", 3, "damaged"),
        ("a\nPhí hạ".encode()[:-1], 2, "cut_off"),
        ("a\nb".encode("utf-16")[:-1], 2, "cut_off"),
        (b"a\nb\0c\n", 2, "not_text"),
        (b"a\n" + b"x" * (LONGEST_LINE + 1), 2, "too_long"),
        (b"a\n" + b"x" * (10 * LONGEST_LINE), 2, "too_long"),
        (("a\n" + "x" * (LONGEST_LINE + 1)).encode("utf-16"), 2, "too_long"),
    ],
)
def test_what_is_no_text_is_refused_with_its_line(raw: bytes, line: int, code: str) -> None:
    assert refused(raw) == (line, code)


def test_a_file_beyond_the_limit_is_refused_where_it_passes_it() -> None:
    assert refused(b"abc\n" * 10, most_bytes=10) == (3, "too_large")
    assert refused(("abc\n" * 10).encode("utf-16"), most_bytes=10)[1] == "too_large"


def outcome(raw: bytes) -> tuple[list[str], int | None]:
    """Return the lines of a file, or the line from which it cannot be read."""
    try:
        return read(raw), None
    except Unreadable as fault:
        return [], fault.problem.line


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_they_are_lines_or_refused_with_one(raw: bytes) -> None:
    lines, refused_at = outcome(raw)
    assert refused_at is None or refused_at >= 1
    assert not any("\0" in line for line in lines)
