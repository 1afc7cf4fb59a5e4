"""Workbooks: what stands in the cells, and archives that are no workbook or would grow."""

import io
import zipfile
from datetime import date

import pytest
from openpyxl import Workbook

from border.files import xlsx_rows
from border.files.fault import Unreadable
from border.files.sheet import SheetCell, SheetRow, column_name, place_of
from border.files.xlsx_rows import open_workbook


def saved(book: Workbook) -> io.BytesIO:
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    return file


def read(book: Workbook, name: str = "Sheet") -> list[SheetRow]:
    return list(open_workbook(saved(book)).rows(name))


def changed(file: io.BytesIO, part: str, text: bytes) -> io.BytesIO:
    """Return a workbook with one part written anew."""
    out = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for one in old.infolist():
            if one.filename != part:
                new.writestr(one.filename, old.read(one.filename))
        new.writestr(part, text)
    out.seek(0)
    return out


def test_cells_are_read_with_their_kind_and_their_own_digits() -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["Thanh long", 18000, 0.1, date(2026, 11, 28), "=1+1", None, "0810"])
    sheet.append([])
    sheet.append([None, 300000000017])
    first, last = read(book)
    assert first == SheetRow(
        1,
        {
            0: SheetCell("Thanh long"),
            1: SheetCell("18000", "number"),
            2: SheetCell("0.1", "number"),
            3: SheetCell("2026-11-28", "date"),
            6: SheetCell("0810"),
        },
    )
    assert last == SheetRow(3, {1: SheetCell("300000000017", "number")})


def test_a_formula_is_the_value_that_stands_beside_it() -> None:
    book = Workbook()
    book.active.append(["x"])
    part = "xl/worksheets/sheet1.xml"
    text = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="4"><c r="B4"><f>1+1</f><v>2</v></c><c r="C4" t="e"><v>#REF!</v></c>'
        b'<c r="D4" t="inlineStr"><is><t>a</t></is></c></row></sheetData></worksheet>'
    )
    [row] = open_workbook(changed(saved(book), part, text)).rows("Sheet")
    assert row == SheetRow(
        4, {1: SheetCell("2", "formula"), 2: SheetCell("#REF!", "error"), 3: SheetCell("a")}
    )


def test_what_stands_in_the_first_of_merged_cells_stands_in_all() -> None:
    book = Workbook()
    sheet = book.active
    for row in (["B11", 1], [None, 2], [None, 3], ["A11", 4]):
        sheet.append(row)
    sheet.merge_cells("A1:A3")
    assert [row.cells.get(0) for row in read(book)] == [
        SheetCell("B11"),
        SheetCell("B11", "text", "A1"),
        SheetCell("B11", "text", "A1"),
        SheetCell("A11"),
    ]


def test_hidden_sheets_are_left_out() -> None:
    book = Workbook()
    hidden = book.create_sheet("hidden")
    hidden.sheet_state = "hidden"
    assert list(open_workbook(saved(book)).sheets) == ["Sheet"]


def test_an_archive_that_would_grow_is_refused_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bomb = changed(saved(Workbook()), "xl/media/zeros.bin", b"\0" * (xlsx_rows.MOST_UNPACKED + 1))
    assert len(bomb.getvalue()) < 1_000_000
    opened = 0

    def opening(*_: object, **__: object) -> None:
        nonlocal opened
        opened += 1

    monkeypatch.setattr(zipfile.ZipFile, "open", opening)
    with pytest.raises(Unreadable) as refused:
        open_workbook(bomb)
    assert (refused.value.problem.error.code, opened) == ("zip_bomb", 0)


def test_a_part_gives_no_more_than_its_directory_says(monkeypatch: pytest.MonkeyPatch) -> None:
    part = "xl/worksheets/sheet1.xml"
    file = changed(saved(Workbook()), part, b"<a>" + b" " * 5_000_000 + b"</a>")
    raw = file.getvalue()
    size = (5_000_007).to_bytes(4, "little")
    assert raw.count(size) == 2  # beside the part, and in the directory
    lying = io.BytesIO(raw.replace(size, (100).to_bytes(4, "little")))
    with pytest.raises(Unreadable) as refused:
        list(open_workbook(lying).rows("Sheet"))
    assert refused.value.problem.error.code == "not_a_workbook"


@pytest.mark.parametrize(
    ("part", "text", "code"),
    [
        ("xl/sharedStrings.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document_type"),
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData>", "not_a_workbook"),
        ("xl/worksheets/sheet1.xml", b'<!DOCTYPE a SYSTEM "http://x/y"><a/>', "document_type"),
        ("xl/workbook.xml", b"<a>" * 1000, "not_a_workbook"),
        (
            "xl/worksheets/sheet1.xml",
            b'<worksheet><row r="1"><c r="A1"><v>' + b"x" * 9 + b"</v></c></row></wrong>",
            "not_a_workbook",
        ),
    ],
)
def test_a_hostile_part_is_refused(part: str, text: bytes, code: str) -> None:
    file = changed(saved(Workbook()), part, text)
    with pytest.raises(Unreadable) as refused:
        list(open_workbook(file).rows("Sheet"))
    assert refused.value.problem.error.code == code


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04", b"PK\x03\x04" + b"x" * 400])
def test_what_is_no_archive_is_refused(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        open_workbook(io.BytesIO(raw))


def test_a_workbook_cut_anywhere_is_read_or_refused() -> None:
    book = Workbook()
    book.active.append(["a", 1])
    raw = saved(book).getvalue()
    for at in range(0, len(raw), 97):
        with pytest.raises(Unreadable):
            list(open_workbook(io.BytesIO(raw[:at])).rows("Sheet"))


def test_columns_are_called_as_a_spreadsheet_calls_them() -> None:
    assert [column_name(at) for at in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
    assert place_of(7, 3) == "D7"
