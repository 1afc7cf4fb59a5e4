"""What happened, in people's words: the events of the feed as the entries of a timeline.

An event is told by what its subject became, or by the move if that leads nowhere else, in the
words of its lifecycle, so a new move needs no new sentence here. For the zone's own people: reasons
and names are shown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from api.language import translator
from api.tables import LIVES
from border.core.event import Event
from border.core.lifecycle import SYSTEM
from border.core.words import N_
from border.payments.collection.payment import ATTEMPT
from border.vocabulary import AGENCIES
from customs.clearance import CLEARANCE
from logistics.gate_check import ScanCode

SHOWN = (*(f"{name}.*" for name in LIVES if name != ATTEMPT.name), "scan.*")
"""The types of events worth a line: not each attempt at a gateway, nor each counted window."""

CODE_NAMES: dict[str, str] = {
    ScanCode.OK: N_("In order"),
    ScanCode.OK_OFFLINE: N_("In order, scanned offline"),
    ScanCode.DUPLICATE: N_("Scanned before"),
    ScanCode.WRONG_VEHICLE: N_("Another vehicle"),
    ScanCode.WRONG_GATE: N_("Another gate"),
    ScanCode.TOO_EARLY: N_("Too early"),
    ScanCode.TOO_LATE: N_("Too late"),
    ScanCode.UNPAID: N_("Fee not paid"),
    ScanCode.NOT_RELEASED: N_("Not released"),
    ScanCode.HOLD: N_("Held by customs"),
    ScanCode.CLEARANCE_MISSING: N_("A clearance is missing"),
    ScanCode.REVOKED: N_("Slip withdrawn"),
    ScanCode.EXPIRED: N_("Slip expired"),
    ScanCode.BAD_SIGNATURE: N_("Code not ours"),
    ScanCode.UNKNOWN: N_("Code unknown"),
}
"""Each answer of a scan in two or three words."""

ROLE_NAMES: dict[str, str] = {
    "trader": N_("Trader"),
    "carrier": N_("Carrier"),
    "gate_staff": N_("Gate staff"),
    "cashier": N_("Cash desk"),
    "accountant": N_("Accountant"),
    "customs_officer": N_("Customs"),
    "border_guard": N_("Border guard"),
    "plant_quarantine": N_("Plant quarantine"),
    "animal_quarantine": N_("Animal quarantine"),
    "health_quarantine": N_("Health quarantine"),
    "manager": N_("Management board"),
    "platform": N_("Province's platform"),
    "agency": N_("The agency"),
    SYSTEM: N_("The system itself"),
}
"""Whose turn it is, in words."""
_REFUSED_SAYS = N_("Scan refused: {reasons}")
_CHANGED_SAYS = N_("{what}: changed")
_BECAME_SAYS = N_("{what}: {state}")


@dataclass(frozen=True)
class TimelineEntry:
    """One entry of a timeline, already in the reader's language."""

    says: str
    at: datetime
    subject: str
    by: str = ""
    note: str = ""
    stage: str = "done"


def sentence(event: Event, locale: str) -> str:
    """Return what an event says, in a language."""
    say = translator(locale).gettext
    name, _, verb = event.type.partition(".")
    if name == "scan":
        codes = dict.fromkeys(event.payload.get("codes", ()))  # Two checks may say the same code.
        said = [say(CODE_NAMES.get(code, code)) for code in codes]
        return say(_REFUSED_SAYS, reasons=", ".join(said))
    if name not in LIVES:
        return event.type
    life = LIVES[name]
    noun = life.noun
    if name == CLEARANCE.name:
        agency = AGENCIES.get(event.payload["agency"])
        noun = agency.label if agency else noun
    if verb == "update":
        return say(_CHANGED_SAYS, what=say(noun))
    stayed = next((move for move in life.of(verb) if move.stays), None)
    told = stayed or life.state(event.payload["state"])
    return say(_BECAME_SAYS, what=say(noun), state=say(told.label))


def timeline(
    events: Iterable[Event], locale: str, names: Mapping[str, str] | None = None
) -> list[TimelineEntry]:
    """Return events as entries, in their order; `names` are people by the id that events carry."""
    return [
        TimelineEntry(
            says=sentence(event, locale),
            at=event.happened_at,
            subject=event.subject,
            by=(names or {}).get(event.actor, ""),
            note=translator(locale).gettext(str(event.private.get("reason") or "")),
        )
        for event in events
    ]
