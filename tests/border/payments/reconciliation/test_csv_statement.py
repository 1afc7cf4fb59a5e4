"""A gateway's CSV: what is read, and what is told about lines that are wrong."""

import codecs
import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import BinaryIO

import pytest

from border.core.money import Money
from border.core.refusal import Refusal
from border.payments.reconciliation.column_map import OUR_SCHEMA, ColumnMap, column_map
from border.payments.reconciliation.statement import LineType, StatementLine
from border.payments.reconciliation.statement_reading import Examined, examine, parts_of

HEAD = "transaction_no,type,reference,amount,fee,currency,happened_at,memo\n"
ROW = "15000001,payment,LC2026000123A1,2000000,22000,VND,2026-11-23T09:32:12,Phí hạ tầng\n"
TINGEE = """{
    "gateway": "vnpay", "delimiter": ";", "skip_lines": 2,
    "columns": {"transaction_no": "Mã giao dịch", "type": "Loại", "reference": "Mã đơn hàng",
        "amount": "Số tiền", "fee": "Phí", "currency": null, "happened_at": "Thời gian",
        "memo": "Nội dung"},
    "types": {"payment": ["Thanh toán"], "refund": ["Hoàn tiền"], "payout": ["Quyết toán"]},
    "date_format": "%d/%m/%Y %H:%M:%S", "decimal_mark": ",", "thousand_mark": ".",
    "amount_factor": 100, "signed": true, "total_sign": "Cộng", "needs_total": true
}"""
"""A gateway's own headings, words, marks and hundredfold amounts."""


def looked_at(text: str | bytes, using: ColumnMap = OUR_SCHEMA) -> Examined:
    """Return what a file says, judged as a whole."""
    raw = text.encode() if isinstance(text, str) else text
    return examine(io.BytesIO(raw), using)


def lines(text: str | bytes, using: ColumnMap = OUR_SCHEMA) -> list[StatementLine]:
    """Return the lines of a file that has no fault."""
    file = io.BytesIO(text.encode() if isinstance(text, str) else text)
    found = examine(file, using)
    assert found.layout
    assert not found.problems, found.problems
    return [part for part in parts_of(file, found.layout, using) if isinstance(part, StatementLine)]


def faults(text: str | bytes, using: ColumnMap = OUR_SCHEMA) -> list[tuple[int, str, str]]:
    """Return (line, field, code) of everything that is wrong with a file."""
    return [
        (p.line, p.error.field.removeprefix(f"lines.{p.line}."), p.error.code)
        for p in looked_at(text, using).problems
    ]


def test_a_line_of_our_own_schema_is_read() -> None:
    (line,) = lines(HEAD + ROW)
    assert line.type is LineType.PAYMENT
    assert (line.transaction_no, line.reference) == ("15000001", "LC2026000123A1")
    assert (line.amount, line.fee) == (Money(2_000_000), Money(22_000))
    assert line.happened_at == datetime(2026, 11, 23, 2, 32, 12, tzinfo=UTC)
    assert (line.memo, line.number, line.raw) == ("Phí hạ tầng", 2, ROW.strip())


def test_another_gateways_file_is_read_through_its_map() -> None:
    text = (
        "SAO KÊ;;;;;;\nTháng 11;;;;;;\n"
        "Thời gian;Mã giao dịch;Loại;Mã đơn hàng;Số tiền;Phí;Nội dung\n"
        "23/11/2026 23:59:59;15000001;THANH TOÁN;A1;200.000.000;0;Phí\n"
        "24/11/2026 00:00:00;15000002;Hoàn tiền;A1;-50.000.000,00;;\n"
        "Cộng;2;150.000.000\n"
    )
    paid, back = lines(text, column_map(TINGEE))
    assert (paid.amount, paid.day) == (Money(2_000_000), date(2026, 11, 23))
    assert (back.type, back.amount, back.day) == (
        LineType.REFUND,
        Money(500_000),
        date(2026, 11, 24),
    )


def test_yuan_have_two_decimals() -> None:
    (line,) = lines(HEAD + ROW.replace("2000000,22000,VND", "150.50,1.5,CNY"))
    assert (line.amount, line.fee) == (Money(15_050, "CNY"), Money(150, "CNY"))


def test_a_total_that_agrees_is_taken_and_one_that_does_not_refuses_the_file() -> None:
    two = HEAD + ROW + ROW.replace("15000001", "15000002")
    assert len(lines(two + "#total,2,4000000\n")) == 2
    assert faults(two + "#total,3,4000000\n") == [(4, "total", "wrong_count")]
    assert faults(two + "#total,2,4000001\n") == [(4, "total", "wrong_total")]
    assert faults(two + "#total,2\n") == [(4, "total", "not_a_total")]
    assert faults(two + "#total,2,4000000\n" + ROW) == [(5, "line", "after_total")]
    needs = OUR_SCHEMA.model_copy(update={"needs_total": True})
    assert faults(two, needs) == [(0, "file", "cut_off")]


def test_every_wrong_line_is_told_with_its_field_and_its_reason() -> None:
    text = HEAD + "".join(
        (
            ROW.replace("15000001", ""),
            ROW.replace("payment", "lottery"),
            ROW.replace("2000000", "2.000.000"),
            ROW.replace("2000000", "2.000"),
            ROW.replace("2000000", "0.50"),
            ROW.replace("2000000", "-5"),
            ROW.replace("2000000", "0"),
            ROW.replace("2000000", "1e9"),
            ROW.replace("2000000", "٢٠٠"),
            ROW.replace("2000000", "9" * 18),
            ROW.replace("22000", "-1"),
            ROW.replace("VND", "XYZ"),
            ROW.replace("2026-11-23T", "23/11/2026 "),
            ROW.replace("2026-11", "0001-01"),
            ROW.replace("15000001", "9" * 65),
            ROW.replace("LC2026000123A1", "A" * 101),
            "15000009,payment\n",
            ROW.replace("VND", "CNY"),
        )
    )
    assert faults(text) == [
        (2, "transaction_no", "missing"),
        (3, "type", "unknown_type"),
        (4, "amount", "not_an_amount"),
        (5, "amount", "not_an_amount"),
        (6, "amount", "not_an_amount"),
        (7, "amount", "not_positive"),
        (8, "amount", "not_positive"),
        (9, "amount", "not_an_amount"),
        (10, "amount", "not_an_amount"),
        (11, "amount", "not_an_amount"),
        (12, "fee", "negative"),
        (13, "currency", "unknown_currency"),
        (14, "happened_at", "not_a_time"),
        (15, "happened_at", "not_a_time"),
        (16, "transaction_no", "too_long"),
        (17, "reference", "too_long"),
        (18, "line", "wrong_number_of_cells"),
        (19, "currency", "mixed"),
    ]


def test_a_thousand_wrong_lines_are_counted_and_the_first_of_them_named() -> None:
    found = looked_at(HEAD + ROW.replace("2000000", "x") * 1000)
    assert found.problem_count == 1000
    assert len(found.problems) == 200
    refusal = found.refusal("a.csv")
    assert "the first in line 2" in refusal.detail()


@pytest.mark.parametrize(
    ("head", "missing"),
    [
        (HEAD.replace("amount", "sum"), [("amount", "missing_column")]),
        (HEAD.replace("memo", "fee"), [("fee", "column_twice"), ("memo", "missing_column")]),
        ("", [(name, "missing_column") for name in OUR_SCHEMA.headings.values()]),
    ],
    ids=["renamed", "twice", "empty"],
)
def test_a_missing_column_refuses_the_file(head: str, missing: list[tuple[str, str]]) -> None:
    told = faults(head)
    assert [line for line, _, code in told if "column" in code] == [1] * len(missing)
    assert [(field, code) for _, field, code in told if "column" in code] == missing


def test_a_memo_may_hold_commas_marks_and_line_ends() -> None:
    memo = '"a, ""b""\nc"'
    first, second = lines(HEAD + ROW.replace("Phí hạ tầng", memo) + ROW)
    assert first.memo == 'a, "b"\nc'
    assert (first.number, second.number) == (3, 4)
    assert first.raw.endswith(memo)


def test_a_file_that_is_cut_off_is_refused() -> None:
    whole = HEAD + ROW + ROW.replace("Phí hạ tầng", '"Phí"')
    assert faults(whole[:-40]) == [(3, "line", "wrong_number_of_cells")]
    assert faults(whole[: whole.rindex('"')]) == [(3, "line", "not_csv")]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["without a mark", "with a mark"])
def test_utf_8_is_read_with_and_without_a_mark(mark: bytes) -> None:
    assert lines(mark + (HEAD + ROW).encode())[0].memo == "Phí hạ tầng"


@pytest.mark.parametrize("name", ["utf-16", "utf-16-be"])
def test_utf_16_is_read_by_its_mark(name: str) -> None:
    raw = (HEAD + ROW).encode(name)
    raw = raw if name == "utf-16" else codecs.BOM_UTF16_BE + raw
    assert lines(raw)[0].memo == "Phí hạ tầng"


def test_a_number_that_a_spreadsheet_shortened_is_refused_with_its_line() -> None:
    ruined = ROW.replace("15000001", "1.51E+07")
    quoted = ROW.replace("15000001", '"1,51E+07"').replace("LC2026000123A1", "1.5E+15")
    assert faults(HEAD + ruined + ruined + quoted) == [
        (2, "transaction_no", "spreadsheet_number"),
        (3, "transaction_no", "spreadsheet_number"),
        (4, "transaction_no", "spreadsheet_number"),
        (4, "reference", "spreadsheet_number"),
    ]
    assert lines(HEAD + ROW.replace("15000001", "7E12"))[0].transaction_no == "7E12"


def test_the_separator_is_found_out_unless_the_map_says_it() -> None:
    assert lines((HEAD + ROW).replace(",", ";"))[0].memo == "Phí hạ tầng"
    comma = OUR_SCHEMA.model_copy(update={"delimiter": ","})
    assert {code for *_, code in faults((HEAD + ROW).replace(",", ";"), comma)} == {
        "missing_column"
    }


def cp1258(text: str) -> bytes:
    """Return a text in code page 1258, which writes the tone after the letter."""
    for composed, apart in (("ạ", "a\u0323"), ("ầ", "â\u0300"), ("í", "i\u0301")):
        text = text.replace(composed, apart)
    return text.encode("cp1258")


def test_the_code_page_of_vietnamese_windows_is_recognised_and_may_be_named() -> None:
    raw = cp1258(HEAD + ROW)
    found = looked_at(raw)
    assert found.layout
    assert found.layout.encoding == "cp1258"
    named = OUR_SCHEMA.model_copy(update={"encoding": "cp1258"})
    assert lines(raw)[0].memo == lines(raw, named)[0].memo == "Phí hạ tầng"


def test_a_file_in_another_encoding_than_named_is_refused() -> None:
    named = OUR_SCHEMA.model_copy(update={"encoding": "utf-8"})
    assert faults(cp1258(HEAD + ROW), named) == [(2, "line", "not_text")]


def test_damaged_unicode_is_refused_and_not_taken_for_the_code_page() -> None:
    raw = (HEAD + ROW + ROW).encode()
    assert faults(raw[:-4] + b"\xff" + raw[-4:]) == [(3, "line", "damaged")]
    assert faults((HEAD + ROW.strip()).encode()[:-4]) == [(2, "line", "cut_off")]
    assert faults((HEAD + ROW).encode("utf-16")[:-1]) == [(2, "line", "cut_off")]
    assert faults((HEAD + ROW.replace("Phí", "P\0h")).encode()) == [(2, "line", "not_text")]


def test_an_endless_line_is_refused() -> None:
    assert faults(HEAD + "9" * 200_000) == [(2, "line", "too_long")]


def test_a_map_that_contradicts_itself_is_refused_with_its_place() -> None:
    for wrong in (
        '{"decimal_mark": ",", "thousand_mark": ","}',
        '{"only": "payment"}',
        '{"zone": "Mars/Olympus"}',
        '{"currency": "XAU"}',
        '{"types": {"credit": ["x"]}}',
        '{"types": {"payment": ["x"], "refund": ["X"]}}',
        '{"amount_factor": 7}',
        '{"colums": {}}',
        "{",
        "[]",
    ):
        with pytest.raises(Refusal) as refused:
            column_map(wrong)
        assert refused.value.code == "invalid_fields"
        assert refused.value.errors[0].field.startswith("map")


class Endless:
    """A file of any number of rows, made while it is read."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self.seek(0)

    def seek(self, _: int) -> int:
        """Begin again."""
        self._made, self._rest = self._make(), b""
        return 0

    def _make(self) -> Iterator[bytes]:
        yield HEAD.encode()
        for n in range(self._rows):
            yield ROW.replace("15000001", str(n)).encode()

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        while len(self._rest) < size and (more := next(self._made, None)):
            self._rest += more
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def readline(self, size: int) -> bytes:
        """Return the next line."""
        return next(self._made, b"")[:size]


def test_a_long_file_is_read_in_little_memory() -> None:
    file: BinaryIO = Endless(12_000)  # type: ignore[assignment]
    tracemalloc.start()
    try:
        found = examine(file, OUR_SCHEMA)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (found.lines, found.total_minor) == (12_000, 24_000_000_000)
    assert most < 700_000, "the file is 1 MB; only a piece of it may be held"
