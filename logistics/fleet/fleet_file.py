"""A firm's trucks as a file: a table of separated values, a truck in each row. Pure.

plate           such as 24C-123.45
trailer_plate   where there is one; the column may be missing
country         VN or CN; the column may be missing, and then it is told from the plate
class           under_4t, 4t_to_10t, 10t_to_18t, 18t_and_over, container_20, container_40
driverless      yes for a vehicle that nobody drives, else no; the column may be missing
payload_kg      what it may carry, in whole kilograms; or payload_g, in grams
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from border.core.refusal import INVALID, FieldError
from border.core.words import N_
from border.files.csv_rows import CsvTable, folded
from border.files.fault import Unreadable
from border.files.text import encoding_of, lines_of, too_large
from border.identifiers import IdentifierError
from border.plates import Plate, vehicle_plate
from border.vocabulary import VEHICLE_CLASSES
from logistics.booking import MOST_PAYLOAD_G, Vehicle, read_vehicle

MOST_ROWS = 2_000
MOST_BYTES = 1_000_000
COLUMNS = ("plate", "class", "payload_kg")
IN_GRAMS = ("plate", "class", "payload_g")
"""The columns of a program, which has the payload in grams as everywhere in the API."""
OPTIONAL = ("trailer_plate", "country", "driverless")
_DRIVERLESS = {"": False, "no": False, "yes": True}


@dataclass(frozen=True)
class FleetFileRow:
    """A row of the file: the truck in it, or why there is none."""

    line: int
    vehicle: Vehicle | None = None
    plate: Plate | None = None
    trailer: Plate | None = None
    errors: list[FieldError] = field(default_factory=list)


def read(raw: bytes) -> list[FleetFileRow]:
    """Return the rows of a file, each with its truck or with what is wrong, named by its line.

    refuses: invalid_fields, for a file that is no such table.
    """
    if len(raw) > MOST_BYTES:
        raise INVALID(errors=[too_large(1, MOST_BYTES).problem.error])
    try:
        encoding = encoding_of(lambda: io.BytesIO(raw))
        lines = lines_of(io.BytesIO(raw), encoding, MOST_BYTES)
        table = CsvTable(lines, (*COLUMNS, *OPTIONAL), most_rows=MOST_ROWS)
        there = {folded(heading): place for place, heading in enumerate(table.headings)}
        places, missing = table.places(IN_GRAMS if "payload_g" in there else COLUMNS)
        if missing:
            raise INVALID(errors=[problem.error for problem in missing])
        places |= {name: there[name] for name in OPTIONAL if name in there}
        return list(_rows(table, places))
    except Unreadable as unreadable:
        raise INVALID(errors=[unreadable.problem.error]) from None


def _rows(table: CsvTable, places: Mapping[str, int]) -> Iterator[FleetFileRow]:
    seen: dict[str, int] = {}
    for row in table:
        if row.wrong is not None:
            yield FleetFileRow(row.line, errors=[row.wrong])
            continue
        cells = {name: row.cells[place] for name, place in places.items() if place < len(row.cells)}
        found = _truck(row.line, cells)
        if found.plate is not None and not found.errors:
            before = seen.setdefault(found.plate.normalised, row.line)
            if before != row.line:
                says = N_("This truck stands in line {line} already. Remove one of the two.")
                facts = (("line", str(before)),)
                error = FieldError(f"lines.{row.line}.plate", "repeated", says, facts)
                found = FleetFileRow(row.line, errors=[error])
        yield found


def _truck(line: int, cells: Mapping[str, str]) -> FleetFileRow:
    plate, trailer_plate = cells.get("plate", ""), cells.get("trailer_plate", "")
    country = cells.get("country", "").upper() or _country(plate)
    payload = "payload_g" if "payload_g" in cells else "payload_kg"
    payload_g = _grams(cells.get(payload, ""), 1 if payload == "payload_g" else 1000)
    driverless = _DRIVERLESS.get(cells.get("driverless", "").lower())
    wrong = {
        "plate": not 4 <= len(plate) <= 20,
        "trailer_plate": len(trailer_plate) > 20,
        "country": country not in ("VN", "CN"),
        "class": cells.get("class") not in VEHICLE_CLASSES,
        payload: payload_g is None,
        "driverless": driverless is None,
    }
    errors = [FieldError(name, "not_readable", _SAYS[name]) for name in wrong if wrong[name]]
    if errors:
        return FleetFileRow(line, errors=[_at(line, error, payload) for error in errors])
    vehicle = Vehicle.model_validate(
        {
            "plate": plate,
            "trailer_plate": trailer_plate or None,
            "country": country,
            "class": cells["class"],
            "payload_g": payload_g,
            "driverless": driverless,
        }
    )
    read, trailer, faults = read_vehicle(vehicle)
    errors = [_at(line, fault, payload) for fault in faults]
    return FleetFileRow(line, vehicle, read, trailer, errors)


_SAYS = {
    "plate": N_("Write the plate as it stands on the vehicle, such as 24C-123.45."),
    "trailer_plate": N_("Write the plate as it stands on the vehicle, such as 24C-123.45."),
    "country": N_("Write VN or CN, or leave it out."),
    "class": N_("This is no class of vehicle. Write one of those that the page names."),
    "driverless": N_("Write yes or no, or leave it out."),
    "payload_kg": N_("Write the payload in whole kilograms, digits only, such as 18000."),
    "payload_g": N_("Write the payload in whole grams, digits only, such as 18000000."),
}


def _grams(digits: str, unit: int) -> int | None:
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        return None
    grams = int(digits) * unit
    return grams if 0 < grams <= MOST_PAYLOAD_G else None


def _country(plate: str) -> str:
    """Return the country whose plate it is; Vietnam where neither fits."""
    try:
        return vehicle_plate(plate, "CN").country
    except IdentifierError:
        return "VN"


def _at(line: int, error: FieldError, payload: str) -> FieldError:
    """Return an error where it stands in a file that calls its column of payloads so."""
    column = error.field.removeprefix("vehicle.").replace("payload_g", payload)
    return FieldError(f"lines.{line}.{column}", error.code, error.says, error.facts)
