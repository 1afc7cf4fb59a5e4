"""The form of a booking: the hours it offers, and what is filled in beforehand. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from api.pages.trader.draft_form import Form
from border.core.clock import local_date
from border.core.refusal import Refusal
from border.identity.delegation import RIGHT_MISSING
from logistics.ballot.ballot import ALREADY_ENTERED, COOLING_OFF
from logistics.booking import (
    DECLARATION_BOOKED,
    DECLARATION_NOT_BOOKABLE,
    VEHICLE_BOOKED,
)
from logistics.changing.change import SUBSTITUTED_TOO_OFTEN
from logistics.closed_hour import NO_HOUR_OPEN, SLOT_CLOSED, why_closed
from logistics.fleet.fleet import OwnDriver, OwnTruck
from logistics.share import CLASSES, NO_SHARE, SHARE_FULL, no_share, open_to
from logistics.slot import (
    BALLOT_MODE,
    SLOT_FULL,
    SLOT_IS_DRAWN,
    SLOT_NOT_OPEN,
    SLOT_OVER,
    remaining,
)
from logistics.standby.standby import ALREADY_STANDING
from logistics.waiting.waiting import ALREADY_WAITING, SLOT_HAS_PLACES, TOO_MANY_WAITING

DAYS = 7
PREFERENCES = 4
"""How many hours of a ballot a form takes, the best first."""
EMPTY = "empty"
"""What stands for the goods of an empty truck."""
GRAMS_IN_A_TONNE = 6
"""A payload is typed in tonnes: this many decimals down to the gram."""
_FIELD_OF_REFUSAL = {
    SLOT_FULL.code: "slot_id",
    SLOT_CLOSED.code: "slot_id",
    NO_HOUR_OPEN.code: "slot_id",
    SHARE_FULL.code: "slot_id",
    NO_SHARE.code: "slot_id",
    SUBSTITUTED_TOO_OFTEN.code: "vehicle.plate",
    SLOT_OVER.code: "slot_id",
    SLOT_IS_DRAWN.code: "slot_id",
    SLOT_NOT_OPEN.code: "slot_id",
    DECLARATION_BOOKED.code: "declaration_ids",
    DECLARATION_NOT_BOOKABLE.code: "declaration_ids",
    VEHICLE_BOOKED.code: "vehicle.plate",
    SLOT_HAS_PLACES.code: "slot_id",
    TOO_MANY_WAITING.code: "slot_id",
    ALREADY_WAITING.code: "vehicle.plate",
    ALREADY_STANDING.code: "vehicle.plate",
    ALREADY_ENTERED.code: "vehicle.plate",
    COOLING_OFF.code: "vehicle.plate",
    RIGHT_MISSING.code: "on_behalf_of",
}


@dataclass(frozen=True)
class Fleet:
    """What is offered of a firm's own to choose from, and how many it has beside these."""

    trucks: Sequence[OwnTruck] = ()
    drivers: Sequence[OwnDriver] = ()
    more_trucks: int = 0
    more_drivers: int = 0


@dataclass(frozen=True)
class Hour:
    """One crossing hour on the grid.

    `availability` is free, full, closed (no longer booked), over, shut (it takes no trucks:
    `because`), drawn (by ballot), early (not open yet), or other (no place for the class). Where it
    is `shared`, places are by class.
    """

    id: UUID
    starts_at: datetime
    ends_at: datetime
    opens_at: datetime
    closes_at: datetime
    remaining: int
    availability: str
    shared: bool = False
    because: str = ""


def hours_of(
    slots: Sequence[Any], at: datetime, share_class: str | None = None
) -> dict[date, list[Hour]]:
    """Return the hours of each local day, in order, as they stand at an instant.

    For whoever is of a class, if that is known already.
    """
    days: dict[date, list[Hour]] = {}
    for slot in slots:
        days.setdefault(local_date(slot.starts_at), []).append(
            Hour(
                slot.id,
                slot.starts_at,
                slot.ends_at,
                slot.opens_at,
                slot.closes_at,
                open_to(slot, share_class)
                if slot.share and share_class
                else remaining(slot.capacity, slot.taken, slot.closes_at, at),
                _availability(slot, at, share_class),
                bool(slot.share),
                (why_closed(slot) or ("", ""))[1],
            )
        )
    return days


def _availability(slot: Any, at: datetime, share_class: str | None) -> str:
    if at >= slot.ends_at:
        return "over"
    if at >= slot.closes_at:
        return "closed"
    if why_closed(slot):
        return "shut"
    if slot.mode == BALLOT_MODE:
        return "drawn"
    if at < slot.opens_at:
        return "early"
    if share_class and no_share(slot, share_class):
        return "other"
    classes = [share_class] if share_class else CLASSES
    return "free" if any(open_to(slot, one) for one in classes) else "full"


def days_open(days: Mapping[date, Sequence[Hour]], today: date) -> list[tuple[date, bool]]:
    """Return the days that are offered, each with whether an hour of it is free."""
    return [
        (day, any(hour.availability == "free" for hour in days.get(day, ())))
        for day in (today + timedelta(days=ahead) for ahead in range(DAYS))
    ]


def day_shown(asked: str, days: Mapping[date, Sequence[Hour]], today: date) -> date:
    """Return the day asked for, if it is among those offered; else the first with a free hour."""
    offered = days_open(days, today)
    for day, _ in offered:
        if day.isoformat() == asked:
            return day
    return next((day for day, free in offered if free), today)


def form_of_booking(row: Any) -> dict[str, Any]:
    """Return the fields of the form that say which truck and driver a booking has."""
    driver = {f"driver.{name}": value or "" for name, value in (row.driver or {}).items()}
    return _truck_fields(row, row.plate_typed) | driver


def _truck_fields(truck: Any, plate: str) -> dict[str, Any]:
    tonnes, grams = divmod(truck.payload_g, 10**GRAMS_IN_A_TONNE)
    decimals = f",{grams:06d}".rstrip("0").rstrip(",")
    return {
        "vehicle.plate": plate,
        "vehicle.country": truck.country,
        "vehicle.trailer_plate": truck.trailer_plate or "",
        "vehicle.class": truck.vehicle_class,
        "vehicle.payload_t": f"{tonnes}{decimals}",
    } | ({"vehicle.driverless": "yes"} if truck.driverless else {})


def filled(form: Mapping[str, Any], fleet: Fleet) -> dict[str, Any]:
    """Return the form with the truck and the driver of the firm that were chosen filled in."""
    full = dict(form)
    truck, driver = full.pop("truck", ""), full.pop("who", "")
    for own in fleet.trucks:
        if own.key == truck:
            full.pop("vehicle.driverless", None)
            full |= _truck_fields(own, own.plate)
    for man in fleet.drivers:
        if man.key == driver:
            full |= {
                "driver.name": man.name,
                "driver.document_number": man.document_number,
                "driver.phone": man.phone or "",
            }
    return full


def placed(refusal: Refusal, sentences: Mapping[str, str], form: Form) -> dict[str, str]:
    """Return the sentences of a refusal, each under the field of the form it belongs to."""
    if not refusal.errors:
        field = _FIELD_OF_REFUSAL.get(refusal.code, "")
        trailer = form.get("vehicle.trailer_plate")
        if field == "vehicle.plate" and trailer and refusal.facts.get("plate") == trailer:
            field = "vehicle.trailer_plate"
        return {field: sentences[""]}
    return {form_field(path): sentence for path, sentence in sentences.items()}


def form_field(path: str) -> str:
    """Return the field of the form that a path of the request was typed into."""
    if path.startswith("declaration_ids"):
        return "declaration_ids"
    if path.startswith("also"):
        return "also"
    return "vehicle.payload_t" if path == "vehicle.payload_g" else path
