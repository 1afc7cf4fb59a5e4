"""The workbook: numbers, days and texts as they are, and nothing that would run."""

import io
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest

from api.http.workbook import Worksheet, workbook
from border.core.money import Money


def read(*sheets: Worksheet) -> Any:
    """Return a written workbook, read back."""
    return openpyxl.load_workbook(io.BytesIO(workbook(sheets)))


def cells(*values: Any) -> Any:
    """Return one row of values as they are read back."""
    book = read(Worksheet("T", [("x", 9)] * len(values), [values]))
    return book.worksheets[0][2]


def test_every_value_keeps_its_kind() -> None:
    at = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
    found = cells(7, Money(800_000), Money(150_25, "CNY"), date(2026, 11, 23), at, None, "x")
    assert [cell.data_type for cell in found] == ["n", "n", "n", "d", "d", "n", "s"]
    assert [found[0].value, found[1].value, found[2].value] == [7, 800_000, 150.25]
    assert found[2].number_format == "#,##0.00"
    assert found[4].value.isoformat() == "2026-11-23T00:30:00", "in the gate's own hour"
    assert found[5].value is None


@pytest.mark.parametrize(
    "text", ["=1+1", "+84", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"]
)
def test_a_text_that_would_run_stays_a_text(text: str) -> None:
    (cell,) = cells(text)
    assert cell.data_type == "s"
    assert cell.quotePrefix is True
    assert cell.value.strip() == text.strip()


def test_what_no_sheet_can_hold_is_left_out() -> None:
    (cell,) = cells("a\x00\x07b" + "c" * 40_000)
    assert cell.value.startswith("a  bccc")
    assert len(cell.value) == 32_000
    assert read(Worksheet("a/b:c*?" + "d" * 40, [("x", 9)], [])).sheetnames == [
        "a b c  " + "d" * 24
    ]


def test_headings_and_totals_are_bold_and_stand_around_the_rows() -> None:
    page = read(Worksheet("T", [("Fee", 12), ("Sum", 90)], [("a", 1), ("b", 2)], [("all", 3)]))
    rows = list(page.worksheets[0].iter_rows())
    assert [[cell.value for cell in row] for row in rows] == [
        ["Fee", "Sum"],
        ["a", 1],
        ["b", 2],
        ["all", 3],
    ]
    assert [row[0].font.bold for row in rows] == [True, False, False, True]
    assert page.worksheets[0].freeze_panes == "A2"
