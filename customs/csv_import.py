"""Declarations out of a CSV file, through a documented mapping of its columns.

One row is one declaration with one line. The file is read line by line and never held as a
whole. What is read here is only the file: the checks and the writing are `import_service`'s.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any, BinaryIO

from pydantic import ValidationError
from stdnum.vn import mst

from border.identifiers import Direction
from border.money import MINOR_UNITS, share
from border.refusal import INVALID, FieldError, refuses
from border.words import N_
from customs.draft import DraftDeclaration, Line, Party, Value
from customs.nomenclature import nomenclature

NOT_READABLE = refuses(
    "file_not_readable",
    400,
    N_("The file cannot be read"),
    N_("Line {line} cannot be read as CSV in UTF-8. Save the file again as “CSV UTF-8”."),
)
_LONGEST_LINE = 1 << 20
_KEY_DIGITS = 10
_GRAMS_IN_KG = 3
"""Decimal places between the kilograms of a file and our grams."""
_UNNAMED = "(not stated)"
_PREFIX = {"import": "10", "export": "30"}


@dataclass(frozen=True)
class ColumnMap:
    """Which column of a file says what; what the file does not say is said here once for all.

    `source` names the file's maker: with the row's own key it recognises a row that was imported
    before. A customs number is made of the direction's prefix and the key. The net mass is in
    kilograms and stands for the gross mass and the quantity too, where the file has neither.
    Prices are in whole units of `currency` with decimals, rounded half up to minor units.
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


DECLARATIONS_2021 = ColumnMap(
    source="declarations_2021q1",
    key="Declaration ID",
    hs_code="HS6 Code",
    origin="Country of Origin",
    net_mass_kg="Net Mass",
    price="Item Price",
    importer="Importer ID",
    exporter="Seller ID",
    exporter_country="Country of Departure",
    direction="import",
    regime="A11",
    currency="KRW",
)
"""The columns of the sample `border/reference/samples/declarations_2021q1.csv`.

Its prices are won. Its other columns (office, duty, inspection outcome) are no part of a gate
declaration. source: Customs Declaration Datasets, MIT (border/reference/SOURCES.md).
"""


@dataclass(frozen=True)
class SourceRow:
    """A row of a file: its last line, its own key, and the draft in it or what is wrong."""

    line: int
    key: str
    draft: DraftDeclaration | None
    errors: tuple[FieldError, ...] = ()


@dataclass
class Progress:
    """How far the reading has come, in lines and in bytes."""

    lines: int = 0
    bytes: int = 0


def read_rows(
    file: BinaryIO, columns: ColumnMap, gate: str, progress: Progress | None = None
) -> Iterator[SourceRow]:
    """Yield the rows of `file` one by one.

    refuses: invalid_fields (a column is missing), file_not_readable.
    """
    counted = progress if progress is not None else Progress()
    reader = csv.DictReader(_lines(file, counted), strict=True)
    try:
        _refuse_missing(columns, reader.fieldnames or ())
        for cells in reader:
            yield _row(cells, columns, gate, reader.line_num)
    except csv.Error as error:
        raise NOT_READABLE(line=counted.lines) from error


def _lines(file: BinaryIO, progress: Progress) -> Iterator[str]:
    """Yield the lines of `file` as text, counting them."""
    while raw := file.readline(_LONGEST_LINE):
        progress.lines += 1
        progress.bytes += len(raw)
        try:
            yield raw.decode("utf-8-sig" if progress.lines == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise NOT_READABLE(line=progress.lines) from error


def _refuse_missing(columns: ColumnMap, present: Iterable[str]) -> None:
    """Refuse a file without a column that is needed. refuses: invalid_fields."""
    there = set(present)
    missing = [name for name in columns.columns if name not in there]
    if missing:
        says = N_("The file has no column of this name. Choose the mapping that fits the file.")
        raise INVALID(errors=[FieldError(name, "missing_column", says) for name in missing])


def _row(cells: Mapping[Any, Any], columns: ColumnMap, gate: str, line: int) -> SourceRow:
    """Return one row as a draft, or with what is wrong with it."""
    key = (cells.get(columns.key) or "").strip()
    if None in cells or None in cells.values():
        says = N_("The row has more or fewer cells than the first line has columns.")
        return SourceRow(line, key, None, (FieldError("row", "wrong_number_of_cells", says),))
    errors: list[FieldError] = []
    if not (key.isascii() and key.isdecimal() and len(key) <= _KEY_DIGITS):
        says = N_("A row needs a key of up to ten digits, which its customs number is made of.")
        errors.append(FieldError(columns.key, "not_a_key", says))
    amounts: dict[str, int] = {}
    for column, places in (
        (columns.net_mass_kg, _GRAMS_IN_KG),
        (columns.price, MINOR_UNITS[columns.currency]),
    ):
        try:
            amounts[column] = scaled(cells[column].strip(), places)
        except (InvalidOperation, ValueError):
            says = N_("{given} is no number that fits here.")
            errors.append(FieldError(column, "not_a_number", says, (("given", cells[column]),)))
    if errors:
        return SourceRow(line, key, None, tuple(errors))
    try:
        draft = _draft(
            {name: cells[name].strip() or None for name in columns.columns},
            columns,
            gate,
            amounts[columns.net_mass_kg],
            amounts[columns.price],
        )
    except ValidationError as error:
        return SourceRow(line, key, None, tuple(_shape_errors(error)))
    return SourceRow(line, key, draft)


def _shape_errors(error: ValidationError) -> Iterator[FieldError]:
    """Yield what does not even have the shape of a declaration's field."""
    for found in error.errors(include_url=False, include_input=False):
        path = ".".join(str(part) for part in found["loc"])
        says = N_("This does not fit here: {why}.")
        yield FieldError(path, "wrong_shape", says, (("why", found["msg"]),))


def _draft(
    cells: Mapping[str, str | None],
    columns: ColumnMap,
    gate: str,
    net_mass_g: int,
    price_minor: int,
) -> DraftDeclaration:
    """Return the declaration in a row; an empty cell is None. Raises ValidationError."""
    code, importer = cells[columns.hs_code], cells[columns.importer]
    return DraftDeclaration(
        customs_number=f"{_PREFIX[columns.direction]}{cells[columns.key]:0>{_KEY_DIGITS}}",
        regime=columns.regime,
        direction=columns.direction,
        gate=gate,
        importer=Party(
            name=importer or _UNNAMED,
            tax_code=nobodys_tax_code(importer or _UNNAMED),
            country="VN",
        ),
        exporter=Party(
            name=cells[columns.exporter] or _UNNAMED, country=cells[columns.exporter_country]
        ),
        lines=[
            Line(
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
