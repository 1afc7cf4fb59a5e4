"""One table: on which event whom is told what. Pure.

An event names its record; what is told of it is read from the record as it stands. Where the record
has gone on meanwhile and there is nothing to tell any more, nobody is told.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, TypeAlias

from border.core.event import Event
from border.core.money import Money
from border.core.words import N_
from border.messages.occasion import Occasion, occasions
from logistics.booking import LIVE

_MINUTES, _DAY = timedelta(minutes=30), timedelta(days=1)

SLIP_READY = Occasion(
    "slip_ready",
    N_("The slip is ready"),
    ("plate", "reference", "slip", "gate", "hour", "link"),
    _DAY,
)
SLIP_TO_DRIVER = Occasion(
    "slip_to_driver",
    N_("The slip is sent to the driver"),
    ("plate", "slip", "gate", "hour", "link"),
    _DAY,
    urgent=True,
)
DISPLACED = Occasion(
    "displaced",
    N_("An hour was taken away, and another is offered"),
    ("plate", "reference", "gate", "hour", "link"),
    _DAY,
    urgent=True,
)
NO_HOUR_LEFT = Occasion(
    "no_hour_left",
    N_("An hour was taken away, and no other has room"),
    ("plate", "reference", "gate", "hour", "link"),
    _DAY,
    urgent=True,
)
LAPSED = Occasion(
    "lapsed",
    N_("A place was not paid in time"),
    ("plate", "reference", "hour", "link"),
    _DAY,
)
PLACE_OFFERED = Occasion(
    "place_offered",
    N_("A place is offered from the waiting list"),
    ("plate", "hour", "until", "link"),
    _MINUTES,
    urgent=True,
)
DRAWN = Occasion("drawn", N_("A ballot gave a number"), ("plate", "number", "link"), _DAY)
CALLED = Occasion(
    "called",
    N_("A truck is called to the barrier"),
    ("plate", "gate", "lane", "until", "link"),
    _MINUTES,
    urgent=True,
)
CALL_MISSED = Occasion(
    "call_missed", N_("A call was missed"), ("plate", "gate", "link"), _MINUTES, urgent=True
)
PAID = Occasion("paid", N_("A payment was received"), ("amount", "reference", "link"), _DAY)
REFUNDED = Occasion("refunded", N_("Money was given back"), ("amount", "reference", "link"), _DAY)
QUERIED = Occasion("queried", N_("Customs asks about a declaration"), ("reference", "link"), _DAY)
RETURNED = Occasion(
    "returned", N_("A declaration was returned for correction"), ("reference", "link"), _DAY
)
REJECTED = Occasion("rejected", N_("A declaration was rejected"), ("reference", "link"), _DAY)
RELEASED = Occasion("released", N_("The goods were released"), ("reference", "link"), _DAY)
GATE_OCCASIONS = occasions(
    SLIP_READY,
    SLIP_TO_DRIVER,
    DISPLACED,
    NO_HOUR_LEFT,
    LAPSED,
    PLACE_OFFERED,
    DRAWN,
    CALLED,
    CALL_MISSED,
    PAID,
    REFUNDED,
    QUERIED,
    RETURNED,
    REJECTED,
    RELEASED,
)


class About(StrEnum):
    """Which record an event is told of, and by what the event names it."""

    BOOKING = "booking"
    CALL = "call"
    WAITING = "waiting_entry"
    BALLOT_ENTRY = "ballot_entry"
    DECLARATION = "declaration"
    OWED_ON = "owed_on"


Facts: TypeAlias = Mapping[str, Any]
"""What a text may name, besides the gate's name."""


@dataclass(frozen=True)
class Told:
    """On an event, the firms of the record it is about are told on an occasion.

    Drivers who are told with their firm are told on `driver`, if on any.

    `facts` returns what is told of the record, or None where there is nothing to tell any more.
    """

    event: str
    occasion: Occasion
    about: About
    facts: Callable[[Event, Any], Facts | None]
    driver: Occasion | None = None


def named_by(one: Told, event: Event) -> str:
    """Return the reference of the record that an event is told of."""
    return event.key if one.about in (About.BOOKING, About.OWED_ON) else event.subject


def _hour(row: Any) -> tuple[Any, Any]:
    return row.slot_starts_at, row.slot_ends_at


def _booking_page(row: Any) -> str:
    return f"/trader/bookings/{row.booking_id}"


def _place_page(row: Any) -> str:
    return f"/place?slip={row.slip_reference}"


def _of_slip(event: Event, row: Any) -> Facts | None:
    if row.slip_reference != event.subject:
        return None
    facts = {"plate": row.plate_typed, "reference": row.reference, "slip": row.slip_reference}
    return {**facts, "hour": _hour(row), "link": _booking_page(row)}


def link_key(token: str) -> str:
    """Return what the address of a slip's page ends with: known to whoever has its code."""
    return sha256(f"page of {token}".encode()).hexdigest()[:24]


def driver_facts(row: Any) -> Facts:
    """Return what the driver of a booking is told of its slip, besides the gate."""
    page = f"/slip/{row.slip_reference}/{link_key(row.slip_token)}"
    facts = {"plate": row.plate_typed, "slip": row.slip_reference, "hour": _hour(row)}
    return {**facts, "link": page}


def _of_booking(row: Any) -> Facts:
    facts = {"plate": row.plate_typed, "reference": row.reference, "hour": _hour(row)}
    return {**facts, "link": _booking_page(row)}


def _moved(_: Event, row: Any) -> Facts | None:
    return _of_booking(row) if row.state in LIVE and row.displaced_from is not None else None


def _moved_nowhere(_: Event, row: Any) -> Facts | None:
    return None if row.state in LIVE else _of_booking(row)


def _lapsed(_: Event, row: Any) -> Facts | None:
    return _of_booking(row) if row.state == "lapsed" else None


def _offered(_: Event, row: Any) -> Facts | None:
    if row.state != "offered":
        return None
    facts = {"plate": row.plate_typed, "hour": _hour(row), "until": row.offer_until}
    return {**facts, "link": f"/trader/waiting/{row.id}"}


def _drawn(_: Event, row: Any) -> Facts:
    facts = {"plate": row.plate_typed, "number": str(row.number)}
    return {**facts, "link": f"/ballots/{row.ballot_id}"}


def _called(_: Event, row: Any) -> Facts | None:
    if row.state != "called":
        return None
    facts = {"plate": row.plate_typed, "lane": row.lane or "–", "until": row.until}
    return {**facts, "link": _place_page(row)}


def _call_missed(_: Event, row: Any) -> Facts:
    return {"plate": row.plate_typed, "link": _place_page(row)}


def _money(event: Event, row: Any) -> Facts:
    amount = Money(event.payload["amount_minor"], event.payload["currency"])
    return {"amount": amount, "reference": row.reference, "link": row.page}


def _declared(_: Event, row: Any) -> Facts:
    return {"reference": row.reference, "link": row.page}


TOLD: tuple[Told, ...] = (
    Told("slip.issue", SLIP_READY, About.BOOKING, _of_slip, SLIP_TO_DRIVER),
    Told("booking.displace", DISPLACED, About.BOOKING, _moved),
    Told("booking.displace", NO_HOUR_LEFT, About.BOOKING, _moved_nowhere),
    Told("booking.lapse", LAPSED, About.BOOKING, _lapsed),
    Told("waiting_entry.offer", PLACE_OFFERED, About.WAITING, _offered),
    Told("ballot_entry.draw", DRAWN, About.BALLOT_ENTRY, _drawn),
    Told("call.make", CALLED, About.CALL, _called, CALLED),
    Told("call.miss", CALL_MISSED, About.CALL, _call_missed, CALL_MISSED),
    Told("charge.settle", PAID, About.OWED_ON, _money),
    Told("charge.refund", REFUNDED, About.OWED_ON, _money),
    Told("declaration.query", QUERIED, About.DECLARATION, _declared),
    Told("declaration.return", RETURNED, About.DECLARATION, _declared),
    Told("declaration.reject", REJECTED, About.DECLARATION, _declared),
    Told("declaration.release", RELEASED, About.DECLARATION, _declared),
)
"""Who is told: the firms of the record, its owner and whoever carries its goods; and drivers."""
