"""The reference tables of the product, each read once, when first asked for.

A table is a mapping from code to row, in the order of its file. No database: the tables change
with a release, not with a day's work. Where each file is from: `SOURCES.md`.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Generic, TypeVar

from border.reference.rows import (
    CodeEntry,
    Country,
    Currency,
    CustomsOffice,
    HsRow,
    HsShortName,
    Incoterm,
    Locode,
    MeasureUnit,
    Regime,
    Section,
    TariffLine,
    TradeName,
    TransportMode,
)

DATA = Path(__file__).parent / "data"
SAMPLES = Path(__file__).parent / "samples"

R = TypeVar("R", bound=CodeEntry, covariant=True)
Cells = Mapping[str, str]


def rows_of(file: str) -> Iterator[dict[str, str]]:
    """Yield the rows of one file under `data/` as column → text."""
    with (DATA / file).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


class CodeTable(Mapping[str, R], Generic[R]):
    """One reference table: code → row. A code listed twice keeps its first row."""

    def __init__(self, scheme: str, file: str, read: Callable[[Cells], R]) -> None:
        self.scheme = scheme
        self.file = file
        self._read = read

    @cached_property
    def _rows(self) -> dict[str, R]:
        rows: dict[str, R] = {}
        for cells in rows_of(self.file):
            row = self._read(cells)
            rows.setdefault(row.code, row)
        return rows

    def __getitem__(self, code: str) -> R:
        return self._rows[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"Table({self.scheme!r})"


def _country(c: Cells) -> Country:
    return Country(
        code=c["alpha2"],
        alpha3=c["alpha3"],
        numeric=c["numeric"],
        en=c["name_en"],
        vi=c["name_vi"],
        zh=c["name_zh"],
    )


def _currency(c: Cells) -> Currency:
    return Currency(
        code=c["code"],
        numeric=c["numeric"],
        minor_units=int(c["minor_units_cldr"]),
        en=c["name_en"],
        vi=c["name_vi"],
        zh=c["name_zh"],
    )


def _unit(c: Cells) -> MeasureUnit:
    return MeasureUnit(
        code=c["CommonCode"], en=c["Name"], symbol=c["Symbol"], description=c["Description"]
    )


def _regime(c: Cells) -> Regime:
    return Regime(code=c["code"], direction=c["direction"], en=c["name_en_gloss"], vi=c["name_vi"])


def _transport_mode(c: Cells) -> TransportMode:
    return TransportMode(code=c["code"], en=c["name_en"], vi=c["name_vi"])


def _office(c: Cells) -> CustomsOffice:
    return CustomsOffice(
        code=c["code"],
        vi=c["name_vi_as_listed"],
        province=c["province_at_listing"],
        name_until_year=int(c["name_until_year"]),
    )


def _locode(c: Cells) -> Locode:
    return Locode(
        code=c["locode"],
        en=c["name"],
        country=c["country"],
        subdivision=c["subdivision"],
        function=c["function"],
        coordinates=c["coordinates"],
        change=c["change"],
        remarks=c["remarks"],
    )


def _incoterm(c: Cells) -> Incoterm:
    return Incoterm(code=c["code"], en=c["name"], mode_group=c["mode_group"])


def _section(c: Cells) -> Section:
    return Section(code=c["section"], en=c["name"])


def _hs(c: Cells) -> HsRow:
    parent = "" if c["parent"] == "TOTAL" else c["parent"]
    return HsRow(code=c["hscode"], en=c["description"], section=c["section"], parent=parent)


def _short_name(c: Cells) -> HsShortName:
    return HsShortName(code=c["code"], vi=c["vi"], zh=c["zh"])


def _tariff_line(c: Cells) -> TariffLine:
    return TariffLine(
        code=c["hs8"],
        vi=c["desc_vi_leaf"],
        hs6=c["hs6"],
        depth=int(c["depth"]),
        policy_note=c["has_policy_note"] == "1",
    )


COUNTRIES = CodeTable("countries", "countries.csv", _country)
CURRENCIES = CodeTable("currencies", "currencies.csv", _currency)
UNITS = CodeTable("units", "units_rec20.csv", _unit)
REGIMES = CodeTable("regimes", "vnaccs_regimes.csv", _regime)
TRANSPORT_MODES = CodeTable("transport_modes", "vnaccs_transport_modes.csv", _transport_mode)
OFFICES = CodeTable("offices", "customs_offices.csv", _office)
LOCODES = CodeTable("locodes", "locodes.csv", _locode)
INCOTERMS = CodeTable("incoterms", "incoterms_2020.csv", _incoterm)
SECTIONS = CodeTable("hs_sections", "hs_sections.csv", _section)
HS = CodeTable("hs", "hs_2022.csv", _hs)
HS_SHORT_NAMES = CodeTable("hs_short_names", "hs_short_names.csv", _short_name)
TARIFF_LINES = CodeTable("tariff_lines", "vn_tariff_lines_2022.csv", _tariff_line)

SCHEMES: Mapping[str, CodeTable[CodeEntry]] = {
    table.scheme: table
    for table in (
        COUNTRIES,
        CURRENCIES,
        UNITS,
        REGIMES,
        TRANSPORT_MODES,
        OFFICES,
        LOCODES,
        INCOTERMS,
        SECTIONS,
        HS,
        HS_SHORT_NAMES,
        TARIFF_LINES,
    )
}
"""Every table by the name of its scheme."""


@cache
def trade_names() -> tuple[TradeName, ...]:
    """Return what traders call the goods of this corridor, in the order of the file.

    No table by code: one code has several rows, by the state of the goods.
    """
    return tuple(
        TradeName(
            code=cells["code"],
            state=cells["state"],
            measure=cells["measure"],
            vi=_alternatives(cells["vi"]),
            zh=_alternatives(cells["zh"]),
            en=_alternatives(cells["en"]),
        )
        for cells in rows_of("trade_names.csv")
    )


def _alternatives(cell: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in cell.split("|") if name.strip())


def load(scheme: str) -> CodeTable[CodeEntry]:
    """Return the table of `scheme`. Raises `KeyError` for a scheme that does not exist."""
    return SCHEMES[scheme]
