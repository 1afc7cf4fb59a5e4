"""The bank's own form: header, numbered lines, trailer, and Base64 around all of it."""

import io
from base64 import b64encode, encodebytes
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from border.core.money import Money
from border.payments.reconciliation.column_map import OUR_SCHEMA
from border.payments.reconciliation.statement import LineType, StatementLine
from border.payments.reconciliation.statement_reading import examine, parts_of

STATEMENT = (
    "H|1017595600|20261123|3|12000000|500000\n"
    "D|1|20261123093212|C|2000000|FT26327001|NOP PHI LC00000012320\n"
    "D|2|20261123120000|D|500000|FT26327002|HOAN PHI RFD-1\n"
    "D|3|20261123235959|C|10000000|FT26327003|VNPAY QT PO-77\n"
    "T|3\n"
)


def lines(raw: bytes) -> list[StatementLine]:
    """Return the lines of a statement without fault."""
    file = io.BytesIO(raw)
    found = examine(file, OUR_SCHEMA)
    assert found.layout
    assert not found.problems, found.problems
    assert (found.heading.account, found.heading.day) == ("1017595600", date(2026, 11, 23))
    return [
        part for part in parts_of(file, found.layout, OUR_SCHEMA) if isinstance(part, StatementLine)
    ]


def faults(text: str | bytes) -> list[tuple[int, str, str]]:
    """Return (line, field, code) of everything that is wrong with a file."""
    raw = text.encode() if isinstance(text, str) else text
    return [
        (p.line, p.error.field.removeprefix(f"lines.{p.line}."), p.error.code)
        for p in examine(io.BytesIO(raw), OUR_SCHEMA).problems
    ]


def test_credits_and_debits_are_read() -> None:
    first, second, third = lines(STATEMENT.encode())
    assert (first.type, first.amount) == (LineType.CREDIT, Money(2_000_000))
    assert (first.transaction_no, first.memo) == ("FT26327001", "NOP PHI LC00000012320")
    assert second.type is LineType.DEBIT
    assert third.happened_at == datetime(2026, 11, 23, 16, 59, 59, tzinfo=UTC)
    assert third.day == date(2026, 11, 23), "the day ends at midnight at the gate"


@pytest.mark.parametrize(
    "raw",
    [
        b64encode(STATEMENT.encode()),
        encodebytes(STATEMENT.encode()),
        b64encode(b"\xef\xbb\xbf" + STATEMENT.encode()),
        b"\xef\xbb\xbf" + STATEMENT.encode(),
        STATEMENT.replace("\n", "\r\n").encode(),
    ],
    ids=["base64", "base64 in lines", "base64 with a mark", "with a mark", "windows"],
)
def test_the_same_is_read_however_it_is_wrapped(raw: bytes) -> None:
    assert [(line.type, line.amount, line.memo) for line in lines(raw)] == [
        (line.type, line.amount, line.memo) for line in lines(STATEMENT.encode())
    ]


def test_long_base64_is_read_piece_by_piece() -> None:
    count = 5_000
    body = "".join(f"D|{n}|20261123000000|C|1|FT{n}|m\n" for n in range(1, count + 1))
    text = f"H|1017595600|20261123|{count}|{count}|0\n{body}T|{count}\n"
    assert len(lines(b64encode(text.encode()))) == count


def test_damaged_base64_is_refused() -> None:
    packed = b64encode(STATEMENT.encode())
    assert faults(packed[:-3]) == [(0, "file", "bad_base64")]
    assert faults(packed[:100] + b"!" + packed[100:]) == [(0, "file", "bad_base64")]


@pytest.mark.parametrize(
    ("was", "is_now", "told"),
    [
        ("|3|12", "|4|12", [(1, "header", "wrong_count")]),
        ("12000000", "12000001", [(1, "credits", "wrong_total")]),
        ("|500000\nD|1", "|500001\nD|1", [(1, "debits", "wrong_total")]),
        ("T|3", "T|2", [(5, "trailer", "wrong_count")]),
        ("T|3\n", "", [(0, "file", "cut_off")]),
        ("D|2", "D|3", [(3, "seq", "gap")]),
        ("T|3\n", "T|3\nD|4|20261123000000|C|1|F|m\n", [(6, "line", "after_trailer")]),
        ("H|1017595600|20261123|3", "H|20261123|3", [(1, "header", "bad_header")]),
        ("|20261123|3|", "|20261323|3|", [(1, "header", "bad_header")]),
        ("20261123093212", "2026112309321", [(2, "time", "not_a_time")]),
        ("|C|2000000", "|K|2000000", [(2, "type", "unknown_type"), (1, "credits", "wrong_total")]),
        ("FT26327001", "", [(2, "reference", "missing")]),
        ("|NOP PHI LC00000012320", "", [(2, "line", "bad_line"), (1, "credits", "wrong_total")]),
        (
            "FT26327001",
            "2.63E+07",
            [(2, "reference", "spreadsheet_number")],
        ),
        (
            "C|2000000",
            "C|-2000000",
            [
                (2, "amount", "not_an_amount"),
                (1, "credits", "wrong_total"),
            ],
        ),
        (
            "C|2000000",
            "C|0",
            [
                (2, "amount", "not_positive"),
                (1, "credits", "wrong_total"),
            ],
        ),
    ],
)
def test_whatever_does_not_agree_is_told(
    was: str, is_now: str, told: list[tuple[int, str, str]]
) -> None:
    assert was in STATEMENT
    assert faults(STATEMENT.replace(was, is_now, 1)) == told


def test_strokes_inside_the_memo_belong_to_it() -> None:
    memo = "NOP PHI | LC00000047725 | 24C12345"
    first, *_ = lines(STATEMENT.replace("NOP PHI LC00000012320", memo).encode())
    assert (first.memo, first.transaction_no) == (memo, "FT26327001")


@pytest.mark.parametrize("pack", [bytes, b64encode])
def test_a_statement_in_utf_16_is_the_same_statement(pack: Callable[[bytes], bytes]) -> None:
    assert lines(pack(STATEMENT.encode("utf-16"))) == lines(STATEMENT.encode())


def test_a_day_without_a_line_is_a_statement_too() -> None:
    assert lines(b"H|1017595600|20261123|0|0|0\nT|0\n") == []
