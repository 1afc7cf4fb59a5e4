"""Reading a CSV file of declarations: the mapping, the numbers, and what cannot be read."""

import io
import sys
from collections.abc import Iterator
from decimal import InvalidOperation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.core.refusal import Refusal
from border.files.csv_rows import CsvTable
from border.files.text import lines_of
from border.identifiers import tax_code
from customs.draft import Value
from customs.intake.reader import read_file
from customs.intake.row import SourceRow
from customs.intake.sample_csv import DECLARATIONS_2021, nobodys_tax_code, read_rows, scaled

HEADER = ",".join(DECLARATIONS_2021.columns) + ",Fraud"
GOOD = "56839011,760711,CN,901.2,415092.5,SHHZGSL,,CN,0"


def read(*lines: str, header: str = HEADER) -> list[SourceRow]:
    file = io.BytesIO("\r\n".join([header, *lines]).encode())
    return list(read_file(file, "KIM_THANH_II"))


def errors(row: SourceRow) -> list[tuple[str, str]]:
    return [(error.field, error.code) for error in row.errors]


def test_a_row_becomes_a_declaration_with_one_line() -> None:
    [row] = read(GOOD)
    assert (row.line, row.key, row.errors) == (2, "56839011", ())
    assert row.draft is not None
    assert row.draft.customs_number == "100056839011"
    assert (row.draft.direction, row.draft.regime, row.draft.gate) == (
        "import",
        "A11",
        "KIM_THANH_II",
    )
    [line] = row.draft.lines
    assert (line.hs_code, line.origin, line.unit) == ("760711", "CN", "KGM")
    assert (line.gross_mass_g, line.net_mass_g, str(line.quantity)) == (901_200, 901_200, "901.200")
    assert line.value == Value(minor=415_093, currency="KRW")
    assert line.description
    assert row.draft.exporter is not None
    assert row.draft.exporter.name == "(not stated)"
    assert row.draft.importer is not None
    assert row.draft.importer.name == "SHHZGSL"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("x,760711,CN,1,1,A,,CN,0", [("Declaration ID", "not_a_key")]),
        (",760711,CN,1,1,A,,CN,0", [("Declaration ID", "not_a_key")]),
        ("12345678901,760711,CN,1,1,A,,CN,0", [("Declaration ID", "not_a_key")]),
        ("1,760711,CN,many,1,A,,CN,0", [("Net Mass", "not_a_number")]),
        ("1,760711,CN,-1,1,A,,CN,0", [("Net Mass", "not_a_number")]),
        ("1,760711,CN,1,,A,,CN,0", [("Item Price", "not_a_number")]),
        ("1,760711,CN,1,NaN,A,,CN,0", [("Item Price", "not_a_number")]),
        ("1,760711,CN,1,1e99999999,A,,CN,0", [("Item Price", "not_a_number")]),
        ("1,760711,CN,?,?,A,,CN,0", [("Net Mass", "not_a_number"), ("Item Price", "not_a_number")]),
        ("1,760711,CN,1,1,A,,CN", [("row", "wrong_number_of_cells")]),
        ("1,760711,CN,1,1,A,,CN,0,0", [("row", "wrong_number_of_cells")]),
        (f"1,760711,CN,1,1,{'A' * 201},,CN,0", [("name", "wrong_shape")]),
        ("1,760711,CN,999999999999,1,A,,CN,0", [("gross_mass_g", "wrong_shape")]),
    ],
)
def test_a_row_that_cannot_be_read_says_what_is_wrong(
    row: str, expected: list[tuple[str, str]]
) -> None:
    bad, good = read(row, GOOD)
    assert bad.draft is None
    assert set(expected) <= set(errors(bad))
    assert (bad.line, good.line, good.errors) == (2, 3, ())


def test_an_empty_cell_is_left_to_the_checks() -> None:
    [row] = read("1,,,1,1,,,,0")
    assert row.draft is not None
    assert (row.draft.lines[0].hs_code, row.draft.lines[0].origin) == (None, None)


def test_a_file_without_the_columns_names_those_that_are_missing() -> None:
    with pytest.raises(Refusal) as refused:
        read("1", header="Declaration ID")
    assert [(e.field, e.code) for e in refused.value.errors] == [
        (f"lines.1.{name}", "missing_column") for name in DECLARATIONS_2021.columns[1:]
    ]
    with pytest.raises(Refusal):
        list(read_file(io.BytesIO(b""), "KIM_THANH_II"))


def test_a_heading_that_stands_twice_is_refused_by_its_name() -> None:
    with pytest.raises(Refusal) as refused:
        read(GOOD + ",760712", header=HEADER + ",HS6 Code")
    [error] = refused.value.errors
    assert (error.field, error.code) == ("lines.1.HS6 Code", "column_twice")
    assert "HS6 Code" in error.detail()
    [row] = read(GOOD + ",1", header=HEADER + ",Fraud")  # twice, but nobody reads it
    assert not row.errors


def test_rows_of_nothing_but_commas_are_no_rows() -> None:
    rows = read(GOOD, ",,,,,,,,", "", " , ,,,,,,,", GOOD.replace("56839011", "56839012") + ",,,")
    assert [(row.line, row.key, row.errors) for row in rows] == [
        (2, "56839011", ()),
        (6, "56839012", ()),
    ]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_another_separator_is_found_out(separator: str) -> None:
    [row] = read(GOOD.replace(",", separator), header=HEADER.replace(",", separator))
    assert (row.key, row.errors) == ("56839011", ())


@pytest.mark.parametrize("shortened", ["1.51E+07", "1,51E+07", "5.7e+07"])
@pytest.mark.parametrize(
    ("at", "column"),
    [(0, "Declaration ID"), (1, "HS6 Code"), (5, "Importer ID"), (6, "Seller ID")],
)
def test_a_number_that_a_spreadsheet_shortened_is_refused_with_its_line(
    shortened: str, at: int, column: str
) -> None:
    cells = GOOD.split(",")
    cells[at] = f'"{shortened}"'
    good, bad = read(GOOD, ",".join(cells))
    assert (good.errors, bad.line, bad.draft) == ((), 3, None)
    assert errors(bad) == [(column, "spreadsheet_number")]
    assert shortened in bad.errors[0].detail()


@pytest.mark.parametrize("key", ["0077000001", "077000001", "77000001"])
def test_a_key_is_the_same_with_and_without_the_zeros_a_spreadsheet_dropped(key: str) -> None:
    [row] = read(GOOD.replace("56839011", key))
    assert row.draft is not None
    assert (row.key, row.draft.customs_number) == ("77000001", "100077000001")


def test_a_byte_order_mark_blank_lines_and_other_columns_do_no_harm() -> None:
    assert [row.key for row in read(GOOD, "", header="\ufeff" + HEADER)] == ["56839011"]


@pytest.mark.parametrize("bad", [b'1,"760711,CN\n', b"1,\xff\n", b'1,"a"b,c\n'])
def test_what_is_no_csv_in_utf8_is_refused_with_its_line(bad: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        list(read_file(io.BytesIO(HEADER.encode() + b"\n" + bad), "X"))
    assert (refused.value.code, refused.value.facts) == ("file_not_readable", {"line": 2})
    [error] = refused.value.errors
    assert error.field == "lines.2.line"
    assert ("quotation mark" in error.detail()) is (b'"' in bad)
    assert ("UTF-8" in error.detail()) is (b'"' not in bad)


class Endless(io.RawIOBase):
    """A file that never ends and remembers how much of it was asked for."""

    def __init__(self) -> None:
        self.lines = self._lines()
        self.read_lines = 0

    def _lines(self) -> Iterator[bytes]:
        yield HEADER.encode() + b"\n"
        number = 0
        while True:
            number += 1
            yield f"{number},760711,CN,1,1,A,,CN,0\n".encode()

    def readline(self, size: int | None = -1, /) -> bytes:
        self.read_lines += 1
        return next(self.lines)


def test_the_file_is_read_only_as_far_as_rows_are_asked_for() -> None:
    file = Endless()
    table = CsvTable(lines_of(file, "utf-8"), DECLARATIONS_2021.columns)  # type: ignore[arg-type]
    rows = read_rows(table, DECLARATIONS_2021, "KIM_THANH_II")
    taken = [next(rows).key for _ in range(1000)]
    assert taken[-1] == "1000"
    assert file.read_lines == 1001
    assert sys.getsizeof(rows) < 1000


@pytest.mark.parametrize(
    ("text", "places", "expected"),
    [
        ("415092.5", 0, 415_093),
        ("415092.49", 0, 415_092),
        ("0.0005", 3, 1),
        ("0.0004", 3, 0),
        ("1e3", 0, 1000),
        ("0", 2, 0),
    ],
)
def test_amounts_are_rounded_half_up(text: str, places: int, expected: int) -> None:
    assert scaled(text, places) == expected


@pytest.mark.parametrize("text", ["-1", "inf", "1e16", "", "1,5"])
def test_what_is_no_amount_is_no_amount(text: str) -> None:
    with pytest.raises((ValueError, InvalidOperation)):
        scaled(text, 0)


@given(st.text(min_size=1, max_size=12))
def test_an_anonymous_firm_gets_a_code_that_checks_and_is_nobodys(name: str) -> None:
    code = nobodys_tax_code(name)
    assert tax_code(code) == code
    assert code.startswith("99")
    assert nobodys_tax_code(name) == code
