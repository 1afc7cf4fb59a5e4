"""Declarations out of the rows of a table, from whichever file: separated values or a workbook.

Pure. Each value keeps the cell it stood in; what was restored is told with what stood there. Rows
of one declaration are put together (see `customs.intake.template`); no more than one declaration
is held at a time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from border.core.money import MINOR_UNITS
from border.core.refusal import INVALID, FieldError
from border.core.words import N_
from border.files.fault import wrong
from border.files.sheet import SheetCell, SheetRow, place_of
from border.reference.catalogue import REGIMES
from customs.draft import MOST_LINES, quantity_of
from customs.intake import cell_values
from customs.intake.cell_values import MERGED_SAYS, CellValue, Wrong
from customs.intake.drafted import drafted
from customs.intake.row import FilePlace, Restored, SourceRow
from customs.intake.template import COLUMNS, NAMES_OF_DECLARATION, NEEDED, name_of

_FIELDS = {
    "customs_number": "customs_number",
    "direction": "direction",
    "regime": "regime",
    "gate": "gate",
    "carrier_tax_code": "carrier_tax_code",
    **{
        f"{party}_{name}": f"{party}.{name}"
        for party in ("exporter", "importer")
        for name in ("name", "tax_code", "country")
    },
    "handling": "handling",
    "containers": "containers",
    "certificates": "certificates",
}
"""Where the columns of a declaration go in a draft."""
_GOODS = {
    "hs_code": "hs_code",
    "description": "description",
    "origin": "origin",
    "quantity": "quantity",
    "unit": "unit",
    "gross_mass_kg": "gross_mass_g",
    "net_mass_kg": "net_mass_g",
    "value": "value.minor",
    "currency": "value.currency",
}
_PREFIX = {"10": "import", "30": "export"}


def places_of(line: int, headings: Sequence[str]) -> dict[str, int]:
    """Return which column stands where. refuses: invalid_fields (one is missing, or twice)."""
    found, problems = dict[str, int](), []
    for at, heading in enumerate(headings):
        name = name_of(heading)
        if name in found:
            says = N_("The column “{name}” stands twice in the first line. Remove one.")
            problems.append(wrong(line, heading, "column_twice", says, name=heading))
        elif name:
            found[name] = at
    for column in COLUMNS:
        if column.name in NEEDED and column.name not in found:
            says = N_(
                "The file has no column “{name}” ({vi}, {zh}). Start from the template to download."
            )
            facts = {"name": column.en, "vi": column.vi, "zh": column.zh}
            problems.append(wrong(line, column.name, "missing_column", says, **facts))
    if problems:
        raise INVALID(errors=[problem.error for problem in problems])
    return found


def read_table(
    rows: Iterable[SheetRow | tuple[int, FieldError]], places: Mapping[str, int], gate: str
) -> Iterator[SourceRow]:
    """Yield the declarations in some rows; a row whose cells cannot be told apart comes as such."""
    begun: list[SheetRow] = []
    for row in rows:
        if isinstance(row, tuple):
            if begun:
                yield _declaration(begun, places, gate)
                begun = []
            line, error = row
            yield SourceRow(line, "", None, (error,), {error.field: FilePlace(str(line), "")})
            continue
        if begun and not _goes_on(begun[0], row, places):
            yield _declaration(begun, places, gate)
            begun = []
        begun.append(row)
    if begun:
        yield _declaration(begun, places, gate)


def _cell(row: SheetRow, places: Mapping[str, int], name: str) -> SheetCell | None:
    at = places.get(name)
    return None if at is None else row.cells.get(at)


def _goes_on(first: SheetRow, row: SheetRow, places: Mapping[str, int]) -> bool:
    """Say whether a row is a further line of the declaration that began with `first`."""
    said = {name for name in NAMES_OF_DECLARATION if _cell(row, places, name)}
    if not said:
        return True
    for name in ("declaration", "customs_number"):
        ours, theirs = _cell(first, places, name), _cell(row, places, name)
        if ours or theirs:
            return (ours and ours.text) == (theirs and theirs.text)
    return False


@dataclass
class _Reading:
    """One declaration being read: what is found, where, and what is wrong."""

    places: Mapping[str, int]
    tree: dict[str, Any] = field(default_factory=dict)
    stood: dict[str, FilePlace] = field(default_factory=dict)
    errors: list[FieldError] = field(default_factory=list)
    restored: list[Restored] = field(default_factory=list)

    def cell(self, row: SheetRow, name: str, path: str) -> SheetCell | None:
        """Return a cell that holds something, its place noted under the path of its field."""
        at = self.places.get(name)
        if at is None:
            return None
        found = row.cells.get(at)
        where = place_of(row.line, at)
        self.stood[path] = FilePlace(where, found.text if found else "")
        if found and found.merged_from:
            self.restored.append(Restored(path, where, "", found.text, MERGED_SAYS))
        return found

    def value(self, row: SheetRow, name: str, path: str, read: Any) -> str | None:
        """Return what a cell says by one of `cell_values`' readings; None where nothing is."""
        found = self.cell(row, name, path)
        if found is None:
            return None
        try:
            said: CellValue = read(found)
        except Wrong as fault:
            self.errors.append(fault.at(path))
            return None
        if said.why:
            self.tell(path, found.text, said.value, said.why)
        return said.value or None

    def amount(self, row: SheetRow, name: str, path: str, decimals: int) -> int | None:
        """Return an amount of a cell in whole units; None where nothing is, or it is wrong."""
        found = self.cell(row, name, path)
        if found is None:
            return None
        try:
            units, why = cell_values.units(found, decimals)
        except Wrong as fault:
            self.errors.append(fault.at(path))
            return None
        if why:
            self.tell(path, found.text, found.text, why)
        return units

    def tell(self, path: str, was: str, now: str, why: str) -> None:
        """Note a value that is not taken as it stands."""
        self.restored.append(Restored(path, self.stood[path].cell, was, now, why))


def _declaration(rows: Sequence[SheetRow], places: Mapping[str, int], gate: str) -> SourceRow:
    """Return the declaration in some rows."""
    reading, first = _Reading(places), rows[0]
    tree = reading.tree
    for name, path in _FIELDS.items():
        value = reading.value(first, name, path, _READ.get(name, cell_values.text))
        if value is not None:
            _put(tree, path, value)
    for name, separators in (("handling", " ,;"), ("containers", " ,;"), ("certificates", ";")):
        if name in tree:
            tree[name] = _parted(tree[name], separators)
    _direction(reading, first)
    tree.setdefault("gate", gate)
    if len(rows) > MOST_LINES:
        says = N_("A declaration has at most {most} lines.")
        reading.errors.append(FieldError("lines", "too_many", says, (("most", str(MOST_LINES)),)))
    tree["lines"] = [_line(reading, row, at) for at, row in enumerate(rows[:MOST_LINES])]
    for row in rows[1:]:
        _compare(reading, first, row)
    draft, faults = drafted(tree)
    named = {error.field for error in reading.errors}
    errors = (*reading.errors, *(fault for fault in faults if fault.field not in named))
    return SourceRow(
        first.line,
        str(tree.get("customs_number") or ""),
        draft,
        errors,
        reading.stood,
        tuple(reading.restored),
    )


_READ = {
    "customs_number": cell_values.identifier,
    "carrier_tax_code": cell_values.tax_code_of,
    "exporter_tax_code": cell_values.tax_code_of,
    "importer_tax_code": cell_values.tax_code_of,
    "exporter_country": cell_values.country,
    "importer_country": cell_values.country,
    "containers": cell_values.identifier,
    "direction": cell_values.word,
    "hs_code": cell_values.hs_code,
    "origin": cell_values.country,
    "unit": cell_values.word,
    "currency": cell_values.word,
}
"""How a column is read that is not plain words."""


def _line(reading: _Reading, row: SheetRow, at: int) -> dict[str, Any]:
    """Return one line of goods."""
    line: dict[str, Any] = {}
    for name in ("hs_code", "description", "origin", "unit"):
        path = f"lines.{at}.{name}"
        line[name] = reading.value(row, name, path, _READ.get(name, cell_values.text))
    quantity = reading.amount(row, "quantity", f"lines.{at}.quantity", 3)
    line["quantity"] = None if quantity is None else quantity_of(quantity)
    for name in ("gross_mass_kg", "net_mass_kg"):
        line[_GOODS[name]] = reading.amount(row, name, f"lines.{at}.{_GOODS[name]}", 3)
    path = f"lines.{at}.value"
    currency = reading.value(row, "currency", f"{path}.currency", cell_values.word)
    places = MINOR_UNITS.get((currency or "").upper(), 0)
    minor = reading.amount(row, "value", f"{path}.minor", places)
    if minor is not None:
        if currency is None:
            says = N_("Say in which currency: {accepted}.")
            facts = (("accepted", "VND, CNY, USD"),)
            reading.errors.append(FieldError(f"{path}.currency", "required", says, facts))
        else:
            line["value"] = {"minor": minor, "currency": currency}
    return line


def _direction(reading: _Reading, row: SheetRow) -> None:
    """See to the direction: what the customs number or the declaration type tells is certain."""
    tree = reading.tree
    given = tree.get("direction")
    if given is not None:
        tree["direction"] = given.lower()
        if not cell_values.is_direction(given.lower()):
            says = N_("Write export, import or transit.")
            reading.errors.append(FieldError("direction", "unknown_direction", says))
            del tree["direction"]
        return
    regime = REGIMES.get(str(tree.get("regime", "")).upper())
    told = {
        "customs_number": _PREFIX.get(str(tree.get("customs_number", ""))[:2]),
        "regime": regime.direction if regime else None,
    }
    for name, direction in told.items():
        if direction is not None:
            stood = reading.stood[name]
            reading.stood.setdefault("direction", FilePlace(stood.cell, ""))
            tree["direction"] = direction
            says = N_("Told by the customs number or the declaration type.")
            reading.tell("direction", "", direction, says)
            return
    if not any(error.field in ("direction", "customs_number") for error in reading.errors):
        says = N_("Write export, import or transit.")
        reading.errors.append(FieldError("direction", "required", says))
        reading.stood.setdefault("direction", FilePlace(str(row.line), ""))


def _compare(reading: _Reading, first: SheetRow, row: SheetRow) -> None:
    """Refuse what a further line says otherwise of the declaration than its first."""
    for name, path in _FIELDS.items():
        ours, theirs = _cell(first, reading.places, name), _cell(row, reading.places, name)
        if theirs and (ours is None or ours.text != theirs.text):
            says = N_("Row {line} says otherwise for the same declaration: “{given}”.")
            facts = (("line", str(row.line)), ("given", theirs.text[:80]))
            reading.errors.append(FieldError(path, "differs", says, facts))


def _parted(given: str, separators: str) -> list[str]:
    for mark in separators[1:]:
        given = given.replace(mark, separators[0])
    return [part.strip() for part in given.split(separators[0]) if part.strip()]


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split(".")
    for step in way:
        tree = tree.setdefault(step, {})
    tree[last] = value
