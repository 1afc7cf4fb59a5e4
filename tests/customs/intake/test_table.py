"""Tables of declarations as people save them: what is put back, what is named by its cell."""

import csv
import io
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook

from border.core.refusal import Refusal
from customs.checking import check
from customs.intake.reader import format_of, read_file
from customs.intake.row import SourceRow
from customs.intake.template import COLUMNS

GATE = "KIM_THANH_II"
EXAMPLE = {column.name: column.example for column in COLUMNS}


def separated(
    *rows: Mapping[str, str], locale: str = "en", mark: str = ",", encoding: str = "utf-8"
) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark)
    writer.writerow([column.heading(locale) for column in COLUMNS])
    for row in rows:
        writer.writerow([(EXAMPLE | dict(row))[column.name] for column in COLUMNS])
    return out.getvalue().encode(encoding)


def workbook(*rows: Mapping[str, Any], above: Sequence[Sequence[str]] = ()) -> bytes:
    book = Workbook()
    for row in (*above, [column.vi for column in COLUMNS]):
        book.active.append(list(row))
    for row in rows:
        book.active.append([(EXAMPLE | dict(row))[column.name] for column in COLUMNS])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(raw: bytes) -> list[SourceRow]:
    return list(read_file(io.BytesIO(raw), GATE))


def cell(name: str, line: int = 2) -> str:
    return f"{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[[c.name for c in COLUMNS].index(name)]}{line}"


def told(row: SourceRow) -> list[tuple[str, str]]:
    """Return what is wrong with a row: the cell, and the code."""
    return [(row.place(error.field).cell, error.code) for error in row.errors]  # type: ignore[union-attr]


@pytest.mark.parametrize("locale", ["vi", "zh", "en"])
@pytest.mark.parametrize(
    ("mark", "encoding"), [(",", "utf-8-sig"), (";", "utf-16"), ("\t", "utf-8")]
)
def test_the_template_with_its_example_is_a_good_declaration(
    locale: str, mark: str, encoding: str
) -> None:
    [row] = read(separated({}, locale=locale, mark=mark, encoding=encoding))
    assert (row.line, row.errors, row.restored) == (2, (), ())
    assert row.draft is not None
    assert check(row.draft, gates=[GATE], complete=True).errors == ()
    [line] = row.draft.lines
    assert (line.gross_mass_g, line.net_mass_g, line.quantity) == (19_000_000, 18_000_000, 18_000)
    assert row.draft.importer is not None
    assert row.draft.importer.name == "河口贸易有限公司"


def windows(text: str) -> bytes:
    """Return a text as Vietnamese Windows writes it: a letter, then its tone."""
    tones = dict.fromkeys(map(ord, "\u0300\u0301\u0303\u0309\u0323"))
    out = bytearray()
    for letter in text:
        apart = unicodedata.normalize("NFD", letter)
        base = unicodedata.normalize("NFC", apart.translate(tones))
        out += (base + "".join(mark for mark in apart if ord(mark) in tones)).encode("cp1258")
    return bytes(out)


def test_vietnamese_windows_is_read() -> None:
    row = {"importer_name": "Hekou", "description": "Quả sầu riêng"}
    [found] = read(windows(separated(row, locale="vi").decode()))
    assert found.draft is not None
    assert found.draft.lines[0].description == "Quả sầu riêng"


def test_a_workbook_with_a_title_above_is_read_and_its_numbers_are_exact() -> None:
    given = {"quantity": 18000.125, "gross_mass_kg": 19000.5, "value": 0.1 + 0.2, "currency": "CNY"}
    [row] = read(workbook(given, above=[["Công ty Sao Mai"], ["Bảng kê tháng 11"]]))
    assert (row.line, row.errors) == (4, ())
    assert row.draft is not None
    [line] = row.draft.lines
    assert (str(line.quantity), line.gross_mass_g) == ("18000.125", 19_000_500)
    assert line.value is not None
    assert line.value.minor == 30


@pytest.mark.parametrize(
    ("name", "given", "now"),
    [
        ("hs_code", 8109092, "08109092"),
        ("hs_code", "8109092", "08109092"),
        ("hs_code", "'08109092", "08109092"),
        ("hs_code", 810.9, "081090"),
        ("customs_number", 300000000017, "300000000017"),
        ("customs_number", "3.00000000017E+11", "300000000017"),
        ("exporter_tax_code", 100112437, "0100112437"),
        ("exporter_country", "Việt Nam", "VN"),
        ("importer_country", "中国", "CN"),
        ("unit", "kg", "KGM"),
        ("currency", "VNĐ", "VND"),
        ("direction", "Xuất khẩu", "export"),
    ],
)
def test_what_is_certain_is_put_back_and_told(name: str, given: Any, now: str) -> None:
    [row] = read(workbook({name: given}))
    assert row.errors == ()
    assert row.draft is not None
    held = str(row.draft.model_dump(mode="json"))
    assert f"'{now}'" in held
    restored = [(one.cell, one.was, one.now) for one in row.restored]
    plain = name == "customs_number" and isinstance(given, int)  # nothing was lost of it
    assert restored == ([] if plain else [(cell(name), str(given), now)])


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("customs_number", "3E+11", "spreadsheet_number"),
        ("customs_number", "3,0000E+11", "spreadsheet_number"),
        ("importer_tax_code", 9.153250e17, "spreadsheet_number"),
        ("hs_code", date(2026, 10, 8), "spreadsheet_date"),
        ("quantity", date(2026, 10, 8), "spreadsheet_date"),
        ("quantity", "18.000", "ambiguous"),
        ("quantity", "nhiều", "not_a_number"),
        ("quantity", 1.00005, "too_many_decimals"),
        ("value", "1,2,3", "not_a_number"),
        ("direction", "lên", "unknown_direction"),
        ("currency", "", "required"),
        ("description", "@SUM(A1)", "formula"),
        ("description", "+cmd|' /C calc'!A0", "formula"),
        ("exporter_name", "-HYPERLINK(1)", "formula"),
        ("description", "x" * 1001, "wrong_shape"),
        ("handling", "fragile", "wrong_shape"),
    ],
)
def test_what_is_not_certain_is_named_by_its_cell(name: str, given: Any, code: str) -> None:
    good, bad = read(workbook({"declaration": "a"}, {"declaration": "b", name: given}))
    assert good.errors == ()
    assert told(bad) == [(cell(name, 3), code)]
    assert all(error.detail() for error in bad.errors)


def test_a_formula_written_into_separated_values_is_refused_by_its_cell() -> None:
    [row] = read(separated({"description": "=HYPERLINK(1)"}))
    assert told(row) == [(cell("description"), "formula")]


@pytest.mark.parametrize("words", ["- Quả thanh long", "- - Loại khác", "-18 độ C", "+ trái cây"])
def test_a_dash_of_the_tariff_is_no_formula(words: str) -> None:
    [row] = read(separated({"description": words}))
    assert (row.errors, row.draft and row.draft.lines[0].description) == ((), words)


@pytest.mark.parametrize(
    ("given", "grams"), [("1.234,5", 1_234_500), ("1 250,5", 1_250_500), ("1,250.5", 1_250_500)]
)
def test_a_decimal_comma_is_read_where_it_can_be_nothing_else(given: str, grams: int) -> None:
    [row] = read(separated({"net_mass_kg": given}))
    assert row.draft is not None
    assert row.draft.lines[0].net_mass_g == grams


def test_rows_of_one_declaration_are_put_together() -> None:
    blank = {c.name: "" for c in COLUMNS[: [c.name for c in COLUMNS].index("hs_code")]}
    raw = separated(
        {"declaration": "a"},
        {"declaration": "a", "description": "Vải"},
        blank | {"description": "Nhãn"},
        {"declaration": "b"},
    )
    first, second = read(raw)
    assert first.draft is not None
    assert [line.description for line in first.draft.lines] == ["Thanh long tươi", "Vải", "Nhãn"]
    assert (first.line, second.line, first.errors, second.errors) == (2, 5, (), ())
    assert first.places["lines.2.description"].cell == cell("description", 4)


def test_merged_cells_hold_for_all_their_rows_and_are_told() -> None:
    book = Workbook()
    book.active.append([column.vi for column in COLUMNS])
    for _ in range(2):
        book.active.append([EXAMPLE[column.name] for column in COLUMNS])
    place = [column.name for column in COLUMNS].index("origin") + 1
    book.active.merge_cells(start_row=2, end_row=3, start_column=place, end_column=place)
    out = io.BytesIO()
    book.save(out)
    [row] = read(out.getvalue())
    assert row.errors == ()
    assert row.draft is not None
    assert [line.origin for line in row.draft.lines] == ["VN", "VN"]
    assert [(one.cell, one.now) for one in row.restored] == [(cell("origin", 3), "VN")]


def test_two_rows_that_contradict_each_other_are_refused() -> None:
    [row] = read(separated({"declaration": "a"}, {"declaration": "a", "regime": "B12"}))
    assert told(row) == [(cell("regime"), "differs")]


@pytest.mark.parametrize(
    ("given", "direction"),
    [
        ({}, "export"),
        ({"customs_number": ""}, "export"),
        ({"customs_number": "", "regime": "A11"}, "import"),
    ],
)
def test_the_direction_is_told_by_the_number_or_the_type(
    given: dict[str, str], direction: str
) -> None:
    [row] = read(separated({"direction": "", **given}))
    assert row.draft is not None
    assert row.draft.direction == direction
    assert [one.field for one in row.restored] == ["direction"]


def test_a_direction_that_nothing_tells_is_asked_for() -> None:
    [row] = read(separated({"direction": "", "customs_number": "", "regime": ""}))
    assert (row.draft, told(row)) == (None, [(cell("direction"), "required")])


@pytest.mark.parametrize(
    ("headings", "missing"),
    [
        ("a;b", [("hs_code", "missing_column"), ("description", "missing_column")]),
        ("HS code,Mã HS,Description", [("Mã HS", "column_twice")]),
    ],
)
def test_a_table_without_its_columns_is_refused(
    headings: str, missing: list[tuple[str, str]]
) -> None:
    with pytest.raises(Refusal) as refused:
        read(f"{headings}\n1,2,3\n".encode())
    found = [(e.field.removeprefix("lines.1."), e.code) for e in refused.value.errors]
    assert found == missing


@pytest.mark.parametrize("begins", [b"\xd0\xcf\x11\xe0", b"%PDF-1.7", b"\x1f\x8b\x08"])
def test_a_file_of_another_kind_says_what_to_save_it_as(begins: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        format_of(io.BytesIO(begins + b"rest"))
    [error] = refused.value.errors
    assert (error.code, ".xlsx" in error.detail()) == ("unknown_format", True)
