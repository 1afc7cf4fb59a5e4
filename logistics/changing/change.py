"""What of a live booking can be changed, until when and how often. No SQL, no clock."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from border.core.clock import local_time
from border.core.lifecycle import Living
from border.core.refusal import INVALID, FieldError, refuses
from border.core.request_body import RequestBody
from border.core.words import N_
from logistics.booking import Driver, Vehicle
from logistics.slot_rules import ChangeTermsRow

MOVED_TOO_LATE = refuses(
    "too_late_to_move",
    409,
    N_("Too late to move the booking"),
    N_("It could be moved until {until}. Come in its hour, or cancel the booking."),
)
MOVED_TOO_OFTEN = refuses(
    "moved_too_often",
    409,
    N_("The booking has been moved before"),
    N_("It can be moved {most} times, and has been. Come in its hour, or cancel the booking."),
)
SUBSTITUTED_TOO_OFTEN = refuses(
    "substituted_too_often",
    409,
    N_("Another truck came instead before"),
    N_("Another truck can come instead {most} times, and did. Cancel the booking and book anew."),
)
FEE_DIFFERS = refuses(
    "fee_differs",
    409,
    N_("The fee would be another one"),
    N_(
        "This booking is for a fee of {fee}; so it would be {other}. Choose what costs the same, "
        "or cancel the booking in time, which gives back what was paid, and book anew."
    ),
)


class MoveRequest(RequestBody):
    """The hour a booking is to go to."""

    slot_id: UUID


class SubstituteVehicle(RequestBody):
    """The truck that comes instead."""

    vehicle: Vehicle


class ChangeDriver(RequestBody):
    """Who drives instead."""

    driver: Driver


class Place(Protocol):
    """What is looked at of an hour."""

    id: UUID
    gate: str
    direction: str


class Seated(Living, Protocol):
    """What is looked at of a booking that is to be moved."""

    gate: str
    direction: str
    slot_id: UUID
    slot_starts_at: datetime
    moved: int
    displaced_from: datetime | None


def check_move(booking: Seated, slot: Place, terms: ChangeTermsRow, at: datetime) -> None:
    """Refuse an hour that a booking cannot go to, as far as the two tell.

    One that is only held may leave its hour at any time, as it may be cancelled at any time, and
    so may one that was displaced.
    refuses: invalid_fields, too_late_to_move, moved_too_often.
    """
    errors = []
    if slot.id == booking.slot_id:
        says = N_("The booking has this hour already. Choose another one.")
        errors.append(FieldError("slot_id", "same_hour", says))
    if slot.gate != booking.gate:
        says = N_("This hour is at another gate. Choose one at the gate of the booking.")
        errors.append(FieldError("slot_id", "another_gate", says))
    if slot.direction != booking.direction:
        says = N_("This hour goes another way. Choose one in the direction of the booking.")
        errors.append(FieldError("slot_id", "another_direction", says))
    if errors:
        raise INVALID(errors=errors)
    if booking.displaced_from is not None:
        return
    until = booking.slot_starts_at - terms.move_until
    if booking.state == "confirmed" and at >= until:
        raise MOVED_TOO_LATE(until=local_time(until))
    if booking.moved >= terms.most_moves:
        raise MOVED_TOO_OFTEN(most=terms.most_moves)


def check_substitutions(substituted: int, terms: ChangeTermsRow) -> None:
    """Refuse one truck after another on the same booking. refuses: substituted_too_often."""
    if substituted >= terms.most_substitutions:
        raise SUBSTITUTED_TOO_OFTEN(most=terms.most_substitutions)
