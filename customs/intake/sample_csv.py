"""Declarations out of a table with other people's columns, through a documented mapping of them.

One row is one declaration with one line. The file is read line by line and never held as a whole.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from hashlib import sha256

from pydantic import ValidationError
from stdnum.vn import mst

from border.core.money import MINOR_UNITS, share
from border.core.refusal import INVALID, FieldError
from border.core.words import N_
from border.files.csv_rows import CsvRow, CsvTable
from border.files.spoiled import (
    SPREADSHEET_NUMBER,
    SPREADSHEET_SAYS,
    is_shortened,
    without_leading_zeros,
)
from border.vocabulary import Direction
from customs.draft import DraftDeclaration, GoodsLine, Party, Value
from customs.intake.drafted import shape_errors
from customs.intake.row import SourceRow
from customs.nomenclature import nomenclature

_KEY_DIGITS = 10
_GRAMS_IN_KG = 3
"""Decimal places between the kilograms of a file and our grams."""
_UNNAMED = "(not stated)"
_PREFIX = {"import": "10", "export": "30", "transit": "10"}


def _as_they_stand(importer: str, exporter: str, _country: str) -> tuple[str, str]:
    return importer, exporter


@dataclass(frozen=True)
class DeclarationColumns:
    """Which column of a file says what; what the file does not say is said here once for all.

    `source` names the file's maker: with the row's own key it recognises a row that was imported
    before. A customs number is made of the direction's prefix and the key. The net mass is in
    kilograms and stands for the gross mass and the quantity too, where the file has neither.
    Prices are in whole units of `currency` with decimals, rounded half up to minor units.
    `called` gives an importer and an exporter, by what stands in the file and the exporter's
    country, the names that the declarations carry.
    """

    source: str
    key: str
    hs_code: str
    origin: str
    net_mass_kg: str
    price: str
    importer: str
    exporter: str
    exporter_country: str
    direction: Direction
    regime: str
    currency: str
    called: Callable[[str, str, str], tuple[str, str]] = _as_they_stand

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that must be there."""
        return (
            self.key,
            self.hs_code,
            self.origin,
            self.net_mass_kg,
            self.price,
            self.importer,
            self.exporter,
            self.exporter_country,
        )

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The columns whose numbers name something and count nothing."""
        return self.key, self.hs_code, self.importer, self.exporter


DECLARATIONS_2021 = DeclarationColumns(
    source="declarations_2021q1",
    key="Declaration ID",
    hs_code="HS6 Code",
    origin="Country of Origin",
    net_mass_kg="Net Mass",
    price="Item Price",
    importer="Importer ID",
    exporter="Seller ID",
    exporter_country="Country of Departure",
    direction=Direction.IMPORT,
    regime="A11",
    currency="KRW",
)
"""The columns of the sample `border/reference/samples/declarations_2021q1.csv`.

Its prices are won. Its other columns (office, duty, inspection outcome) are no part of a gate
declaration. source: Customs Declaration Datasets, MIT (border/reference/SOURCES.md).
"""


def read_rows(table: CsvTable, columns: DeclarationColumns, gate: str) -> Iterator[SourceRow]:
    """Yield the rows of a table one by one, reading no further than that.

    refuses: invalid_fields (a column is missing or twice); Unreadable.
    """
    places, problems = table.places(columns.columns)
    if problems:
        raise INVALID(errors=[problem.error for problem in problems])
    for row in table:
        yield _row(row, places, columns, gate)


def _row(
    row: CsvRow, places: Mapping[str, int], columns: DeclarationColumns, gate: str
) -> SourceRow:
    """Return one row as a draft, or with what is wrong with it."""
    if row.wrong:
        at = places[columns.key]
        given = row.cells[at] if at < len(row.cells) else ""
        return SourceRow(row.line, given, None, (replace(row.wrong, field="row"),))
    cells = {name: row.cells[at] for name, at in places.items()}
    key = cells[columns.key]
    errors = [
        FieldError(column, SPREADSHEET_NUMBER, SPREADSHEET_SAYS, (("given", cells[column]),))
        for column in columns.identifiers
        if is_shortened(cells[column])
    ]
    if key.isascii() and key.isdecimal() and len(key) <= _KEY_DIGITS:
        # A spreadsheet drops zeros in front, so that the next file may lack them.
        key = without_leading_zeros(key)
    elif not is_shortened(key):
        says = N_("A row needs a key of up to ten digits, which its customs number is made of.")
        errors.append(FieldError(columns.key, "not_a_key", says))
    amounts: dict[str, int] = {}
    for column, decimals in (
        (columns.net_mass_kg, _GRAMS_IN_KG),
        (columns.price, MINOR_UNITS[columns.currency]),
    ):
        try:
            amounts[column] = scaled(cells[column], decimals)
        except (InvalidOperation, ValueError):
            says = N_("{given} is no number that fits here.")
            errors.append(FieldError(column, "not_a_number", says, (("given", cells[column]),)))
    if errors:
        return SourceRow(row.line, key, None, tuple(errors))
    try:
        draft = _draft(
            {name: cell or None for name, cell in cells.items()},
            columns,
            gate,
            amounts[columns.net_mass_kg],
            amounts[columns.price],
        )
    except ValidationError as error:
        return SourceRow(row.line, key, None, tuple(shape_errors(error)))
    return SourceRow(row.line, key, draft, import_key=f"{columns.source}:{key}")


def _draft(
    cells: Mapping[str, str | None],
    columns: DeclarationColumns,
    gate: str,
    net_mass_g: int,
    price_minor: int,
) -> DraftDeclaration:
    """Return the declaration in a row; an empty cell is None. Raises ValidationError."""
    code, country = cells[columns.hs_code], cells[columns.exporter_country]
    importer, exporter = columns.called(
        cells[columns.importer] or _UNNAMED, cells[columns.exporter] or _UNNAMED, country or ""
    )
    return DraftDeclaration(
        customs_number=f"{_PREFIX[columns.direction]}{cells[columns.key]:0>{_KEY_DIGITS}}",
        regime=columns.regime,
        direction=columns.direction,
        gate=gate,
        importer=Party(
            name=importer,
            tax_code=nobodys_tax_code(importer),
            country="VN",
        ),
        exporter=Party(name=exporter, country=country),
        lines=[
            GoodsLine(
                hs_code=code,
                description=_described(code) if code else None,
                origin=cells[columns.origin],
                quantity=Decimal(net_mass_g).scaleb(-_GRAMS_IN_KG),
                unit="KGM",
                gross_mass_g=net_mass_g,
                net_mass_g=net_mass_g,
                value=Value(minor=price_minor, currency=columns.currency),
            )
        ],
    )


def scaled(text: str, places: int) -> int:
    """Return a decimal number times ten to the `places`, rounded half up to a whole one.

    Raises ValueError or InvalidOperation for what is no finite, non-negative number.
    """
    number = Decimal(text)
    if not number.is_finite() or abs(number.adjusted()) > 15:
        raise ValueError(f"{text!r} is too large, or no number")
    numerator, denominator = number.scaleb(places).as_integer_ratio()
    return share(numerator, 1, denominator)


def nobodys_tax_code(name: str) -> str:
    """Return a Vietnamese tax code for an anonymous name: always the same, and nobody's.

    It begins with 99, a block that is assigned to no province, and its check digit fits.
    """
    digest = int.from_bytes(sha256(name.encode()).digest()[:8])
    while True:
        front = f"99{digest % 9_999_999 + 1:07d}"
        check = mst.calc_check_digit(front)
        if len(check) == 1:
            return front + check
        digest += 1


def _described(code: str) -> str:
    """Return the tariff's own words for a code; a file without a description has none better."""
    known = nomenclature().find(code)
    return known.name("en")[:1000] if known else _UNNAMED
