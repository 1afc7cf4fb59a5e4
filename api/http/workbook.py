"""A workbook of tables: real numbers and dates, and no text that a spreadsheet would run.

It knows no payments: who calls says which tables with which columns. Rows are written one by one.
openpyxl is read in when the first workbook is drawn, not at the start of every program.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING

from border.core.clock import ZONE
from border.core.money import MINOR_UNITS, Money

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell as Drawn
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Cell = str | int | date | datetime | Money | None
_RUNS = tuple("=+-@\t\r")
"""What begins a text that a spreadsheet takes for a formula. source: OWASP, CSV Injection."""
_DAY, _INSTANT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
_WIDEST, _LONGEST = 60, 32_000


@dataclass(frozen=True)
class Worksheet:
    """One table: its name, its headings with the width of each, its rows, and a row of totals."""

    name: str
    headings: Sequence[tuple[str, int]]
    rows: Iterable[Sequence[Cell]]
    totals: Sequence[Sequence[Cell]] = ()


def workbook(sheets: Iterable[Worksheet]) -> bytes:
    """Return the tables as an XLSX file."""
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    for sheet in sheets:
        page = book.create_sheet(_title(sheet.name))
        for place, (_, width) in enumerate(sheet.headings, 1):
            page.column_dimensions[get_column_letter(place)].width = min(width, _WIDEST)
        page.freeze_panes = "A2"
        page.append([_cell(page, heading, bold=True) for heading, _ in sheet.headings])
        for row in sheet.rows:
            page.append([_cell(page, value) for value in row])
        for row in sheet.totals:
            page.append([_cell(page, value, bold=True) for value in row])
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def _title(name: str) -> str:
    """Return a name as a sheet may be called."""
    return "".join(" " if c in "[]:*?/\\" else c for c in name)[:31] or "1"


def _cell(page: "WriteOnlyWorksheet", value: Cell, *, bold: bool = False) -> "Drawn":
    """Return a value as a cell of its own kind; a text stays a text whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font

    cell: Drawn = WriteOnlyCell(page, None)
    match value:
        case Money():
            places = MINOR_UNITS[value.currency]
            cell.value = Decimal(value.minor).scaleb(-places) if places else value.minor
            cell.number_format = "#,##0" + ("." + "0" * places if places else "")
        case datetime():
            cell.value = value.astimezone(ZONE).replace(tzinfo=None)
            cell.number_format = _INSTANT
        case date():
            cell.value = value
            cell.number_format = _DAY
        case str():
            text = ILLEGAL_CHARACTERS_RE.sub(" ", value)[:_LONGEST]
            cell.value = text
            cell.data_type = "s"
            if text.startswith(_RUNS):
                cell.quotePrefix = True
        case _:
            cell.value = value
    if bold:
        cell.font = Font(bold=True)
    return cell
