"""A table as a spreadsheet has it: rows of cells, each with its place, its text and its kind.

Separated values and workbooks are read into the same rows, so that what a column means is said
once for both. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

CellKind = Literal["text", "number", "date", "formula", "error"]
"""What a spreadsheet takes a cell for; in separated values everything is text."""


@dataclass(frozen=True, slots=True)
class SheetCell:
    """What stands in a cell. `merged_from` names the cell that gives a merged one its text."""

    text: str
    kind: CellKind = "text"
    merged_from: str = ""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """The cells of a row that hold something, by the number of their column, 0 the first."""

    line: int
    cells: Mapping[int, SheetCell] = field(default_factory=dict)


def column_name(column: int) -> str:
    """Return the letters of a column, 0 being A."""
    name, rest = "", column + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def place_of(line: int, column: int) -> str:
    """Return how a spreadsheet calls a cell, such as D7."""
    return f"{column_name(column)}{line}"
