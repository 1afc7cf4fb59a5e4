"""A case: what was known of goods before they were inspected, and what was found in them.

The columns are those of the customs data that are published, so that a ranker can be tried on
cases of elsewhere; `Direction` and `Currency` are ours. A file may leave out any but the outcome.
source: Seondong Customs Declaration Datasets (columns and outcome).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

from border.core.words import N_
from border.files.csv_rows import CsvTable
from border.files.fault import Unreadable, wrong


@dataclass(frozen=True)
class Column:
    """One thing known of goods: the heading in files, how officers read it, whether it counts."""

    name: str
    says: str
    is_number: bool = False


COLUMNS = (
    Column("Office ID", N_("Office")),
    Column("Process Type", N_("Process")),
    Column("Import Type", N_("Regime")),
    Column("Import Use", N_("Use")),
    Column("Payment Type", N_("Way of payment")),
    Column("Mode of Transport", N_("Mode of transport")),
    Column("Declarant ID", N_("Declarant")),
    Column("Importer ID", N_("Importer")),
    Column("Seller ID", N_("Seller")),
    Column("Courier ID", N_("Carrier")),
    Column("HS6 Code", N_("Commodity code")),
    Column("Country of Departure", N_("Sent from")),
    Column("Country of Origin", N_("Origin")),
    Column("Tax Type", N_("Kind of duty")),
    Column("Country of Origin Indicator", N_("Mark of origin")),
    Column("Direction", N_("Direction")),
    Column("Currency", N_("Currency")),
    Column("Tax Rate", N_("Rate of duty"), is_number=True),
    Column("Net Mass", N_("Net mass, kg"), is_number=True),
    Column("Item Price", N_("Value"), is_number=True),
)
CODES = tuple(column.name for column in COLUMNS if not column.is_number)
NUMBERS = tuple(column.name for column in COLUMNS if column.is_number)
GOODS = "HS6 Code"
MASS, PRICE = "Net Mass", "Item Price"
OUTCOME = "Fraud"
"""The heading of what was found: 0 as declared, 1 not."""
DAY = "Date"
_NAMES = tuple(column.name for column in COLUMNS)


@dataclass(frozen=True)
class Case:
    """Goods by the names of `COLUMNS`, what is unknown left out; `found` is None until inspected.

    `day` is when they were declared (ISO), or empty.
    """

    values: Mapping[str, str]
    found: bool | None = None
    day: str = ""

    def number(self, name: str) -> float | None:
        """Return a number, None where it is unknown or none."""
        try:
            number = float(self.values[name])
        except (KeyError, ValueError):
            return None
        return number if isfinite(number) else None


def cases_in(lines: Iterable[str]) -> Iterator[Case]:
    """Yield the inspected cases of a CSV file.

    refuses: Unreadable, naming line and column: without an outcome or commodity codes, or where
    an outcome is neither 0 nor 1 or a number is none.
    """
    table = CsvTable(lines, {*_NAMES, OUTCOME, DAY})
    places, missing = table.places([OUTCOME, GOODS])
    if missing:
        raise Unreadable(missing[0])
    optional, _ = table.places([DAY, *(name for name in _NAMES if name != GOODS)])
    places |= optional
    for row in table:
        if row.wrong is not None:
            raise Unreadable(wrong(row.line, "line", row.wrong.code, row.wrong.detail()))
        cells = {name: row.cells[place] for name, place in places.items()}
        outcome, day = cells.pop(OUTCOME), cells.pop(DAY, "")
        if outcome not in ("0", "1"):
            says = N_("“{value}” is no outcome. Write 1 where something was found, else 0.")
            raise Unreadable(wrong(row.line, OUTCOME, "not_an_outcome", says, value=outcome))
        case = Case(plain(cells), outcome == "1", day)
        for name in NUMBERS:
            if cells.get(name) and case.number(name) is None:
                says = N_("“{value}” is no number. Write digits, with a point before decimals.")
                raise Unreadable(wrong(row.line, name, "not_a_number", says, value=cells[name]))
        yield case


def plain(values: Mapping[str, str]) -> dict[str, str]:
    """Return what is known, commodity codes with the zeros that spreadsheets take away."""
    known = {name: value for name, value in values.items() if value}
    if known.get(GOODS, "").isdigit():
        known[GOODS] = known[GOODS].zfill(6)[:6]
    return known
