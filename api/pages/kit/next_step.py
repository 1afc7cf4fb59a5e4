"""What happens next on a declaration, whose turn it is, and until when. Pure.

The state says it in most cases; released goods also need an hour at the gate, so their booking
has a say too.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.pages.kit.timeline import ROLE_NAMES
from border.core.actor import Actor, Role
from border.core.words import N_
from border.vocabulary import AGENCIES, CUSTOMS
from customs.clearance import GIVEN
from customs.declaration import DECLARATION
from customs.tables import ClearanceRow, DeclarationRow

YOUR_TURN = ("queried", "returned")
"""States in which the trader must act before anybody else can."""

_SAYS = {
    "draft": N_("Complete the draft and lodge it."),
    "lodged": N_("The system registers it and chooses its lane."),
    "registered": N_("The system sends it into its lane."),
    "under_review": N_("A customs officer reviews the papers. Nothing is needed from you now."),
    "queried": N_("Customs has a question. The review goes on as soon as you answer it."),
    "returned": N_("Customs returned it. Correct what is said below and lodge it again."),
    "inspection_ordered": N_("Customs inspects the goods. Keep them ready for the officers."),
    "inspected": N_("The inspection is recorded. Another customs officer decides on it."),
    "documents_cleared": N_("The papers are cleared. Customs releases the goods next."),
    "released": N_("The goods may cross. Book a crossing hour for the truck."),
    "held": N_("Customs holds the goods. Release goes on when the hold is lifted."),
    "exited": N_("The goods have crossed. Nothing is left to do."),
    "closed": N_("The goods have crossed. Nothing is left to do."),
    "rejected": N_("Customs rejected it. The goods need a new declaration."),
    "cancelled": N_("It was cancelled. The goods need a new declaration."),
    "expired": N_("It is no longer valid. The goods need a new declaration."),
}
_WAITS_FOR_AGENCIES = N_("The papers are cleared. Release still waits for others: see below.")
_WAITS_FOR_PAYMENT = N_("The papers are cleared. Release waits until the fee below is paid.")
_BOOKER = N_("Whoever booked the hour")
_BOOKED_SAYS = {
    "held": N_("Pay for the crossing hour before the hold runs out."),
    "confirmed": N_("Come to the gate in the booked hour and show the slip."),
    "checked_in": N_("The truck is in the waiting yard and is called in turn."),
    "used": N_("The truck was admitted. Nothing is needed from you until it has crossed."),
}


@dataclass(frozen=True)
class NextStep:
    """What happens next; `whose` names everybody who must act, `yours` when it is the reader."""

    says: str
    whose: tuple[str, ...]
    yours: bool
    until: datetime | None


def next_step(
    row: DeclarationRow,
    clearances: Collection[ClearanceRow],
    owes: bool,
    booking: Any | None,
    actor: Actor,
) -> NextStep:
    """Return the next step of a declaration; `booking` is the live one it is on, if any."""
    if row.state == "released" and booking is not None:
        waits_for_firm = booking.state in ("held", "confirmed")
        yours = waits_for_firm and booking.owner_organisation_id == actor.organisation_id
        until = booking.held_until if booking.state == "held" else booking.slot_ends_at
        whose = (_BOOKER if waits_for_firm else ROLE_NAMES[Role.GATE_STAFF],)
        return NextStep(_BOOKED_SAYS[booking.state], whose, yours, until)
    if row.state == "released":
        return NextStep(_SAYS["released"], (ROLE_NAMES[Role.TRADER],), True, row.overdue_at)
    if row.state == "documents_cleared":
        return _before_release({c.agency: c.state for c in clearances}, owes, row.overdue_at)
    owner = DECLARATION.state(row.state).owner
    yours = owner is not None and owner in actor.roles
    return NextStep(_SAYS[row.state], (ROLE_NAMES[owner],) if owner else (), yours, row.overdue_at)


def _before_release(clearances: Mapping[str, str], owes: bool, until: datetime | None) -> NextStep:
    """Return what still stands between cleared papers and release."""
    missing = [
        agency.label
        for code, agency in AGENCIES.items()
        if code != CUSTOMS and clearances.get(code, "pending") not in GIVEN
    ]
    if missing:
        return NextStep(_WAITS_FOR_AGENCIES, tuple(missing), False, until)
    if owes:
        return NextStep(_WAITS_FOR_PAYMENT, (ROLE_NAMES[Role.TRADER],), True, until)
    return NextStep(_SAYS["documents_cleared"], (AGENCIES[CUSTOMS].label,), False, until)
