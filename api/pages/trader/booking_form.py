"""The form of a booking and the request behind it, each made from the other. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from api.pages.kit.form import nested
from api.pages.kit.typed_numbers import WrongNumber, read_units
from api.pages.trader.draft_form import Form
from border.core.clock import local_date
from border.core.refusal import INVALID, FieldError, Refusal
from border.core.words import N_
from logistics.booking import (
    DECLARATION_BOOKED,
    DECLARATION_NOT_BOOKABLE,
    MOST_PAYLOAD_G,
    VEHICLE_BOOKED,
)
from logistics.slot import SLOT_FULL, SLOT_NOT_OPEN, SLOT_OVER, remaining

DAYS = 7
_GRAMS_IN_A_TONNE = 6
"""A payload is typed in tonnes: this many decimals down to the gram."""
_FIELD_OF_REFUSAL = {
    SLOT_FULL.code: "slot_id",
    SLOT_OVER.code: "slot_id",
    SLOT_NOT_OPEN.code: "slot_id",
    DECLARATION_BOOKED.code: "declaration_ids",
    DECLARATION_NOT_BOOKABLE.code: "declaration_ids",
    VEHICLE_BOOKED.code: "vehicle.plate",
}


@dataclass(frozen=True)
class Hour:
    """One crossing hour on the grid.

    `availability` is free, full, closed (no longer booked), over, or early (not open yet).
    """

    id: UUID
    starts_at: datetime
    ends_at: datetime
    opens_at: datetime
    closes_at: datetime
    remaining: int
    availability: str


def hours_of(slots: Sequence[Any], at: datetime) -> dict[date, list[Hour]]:
    """Return the hours of each local day, in order, as they stand at an instant."""
    days: dict[date, list[Hour]] = {}
    for slot in slots:
        days.setdefault(local_date(slot.starts_at), []).append(
            Hour(
                slot.id,
                slot.starts_at,
                slot.ends_at,
                slot.opens_at,
                slot.closes_at,
                remaining(slot.capacity, slot.taken, slot.closes_at, at),
                _availability(slot, at),
            )
        )
    return days


def _availability(slot: Any, at: datetime) -> str:
    if at >= slot.ends_at:
        return "over"
    if at >= slot.closes_at:
        return "closed"
    if at < slot.opens_at:
        return "early"
    return "free" if slot.taken < slot.capacity else "full"


def day_shown(asked: str, days: Mapping[date, Sequence[Hour]], today: date) -> date:
    """Return the day asked for, if it is among those offered; else the first with a free hour."""
    offered = [today + timedelta(days=ahead) for ahead in range(DAYS)]
    for day in offered:
        if day.isoformat() == asked:
            return day
    free = (d for d in offered if any(hour.availability == "free" for hour in days.get(d, ())))
    return next(free, today)


def read_booking(form: Mapping[str, Any]) -> tuple[UUID, dict[str, Any]]:
    """Return the slot and the request that a form describes. refuses: invalid_fields."""
    errors: list[FieldError] = []
    tree = nested(form)
    given = tree.get("vehicle")
    vehicle = dict(given) if isinstance(given, dict) else {}
    payload = str(vehicle.pop("payload_t", ""))
    try:
        vehicle["payload_g"] = read_units(payload, _GRAMS_IN_A_TONNE)
        if vehicle["payload_g"] > MOST_PAYLOAD_G:  # said in tonnes, as it was typed
            most = str(MOST_PAYLOAD_G // 10**_GRAMS_IN_A_TONNE)
            says = N_("At most {most} tonnes; look at the unit.")
            raise WrongNumber("too_heavy", says, most=most)
    except WrongNumber as wrong:
        errors.append(wrong.at("vehicle.payload_t"))
    slot_id = _uuid(form.get("slot_id"))
    if slot_id is None:
        errors.append(FieldError("slot_id", "required", N_("Choose a crossing hour.")))
    if errors or slot_id is None:
        raise INVALID(errors=errors)
    return slot_id, {
        "declaration_ids": chosen_declarations(form),
        "vehicle": vehicle,
        "driver": tree.get("driver", {}),
        "empty": "empty" in form,
    }


def chosen_declarations(form: Mapping[str, Any]) -> list[str]:
    """Return the declarations ticked in a form."""
    given = form.get("declaration_ids") or []
    return [str(one) for one in given] if isinstance(given, list) else [str(given)]


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


def placed(refusal: Refusal, sentences: Mapping[str, str], form: Form) -> dict[str, str]:
    """Return the sentences of a refusal, each under the field of the form it belongs to."""
    if not refusal.errors:
        field = _FIELD_OF_REFUSAL.get(refusal.code, "")
        trailer = form.get("vehicle.trailer_plate")
        if field == "vehicle.plate" and trailer and refusal.facts.get("plate") == trailer:
            field = "vehicle.trailer_plate"
        return {field: sentences[""]}
    return {_field_of(path): sentence for path, sentence in sentences.items()}


def _field_of(path: str) -> str:
    if path.startswith("declaration_ids"):
        return "declaration_ids"
    return "vehicle.payload_t" if path == "vehicle.payload_g" else path
