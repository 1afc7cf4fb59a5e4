"""What happened, in people's words: the facts of the feed as the steps of a timeline.

A fact is told by what its subject became, in the words of its lifecycle, so a new move needs no
new sentence here. For the zone's own people: reasons and names are shown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from api.language import translator
from border.feed import Fact
from border.lifecycle import SYSTEM, Lifecycle
from border.payments.charge import ATTEMPT, CHARGE, PAYMENT
from border.payments.desk.shift import SHIFT
from border.payments.exceptions.exception import EXCEPTION
from border.payments.receipts.receipt import RECEIPT
from border.payments.refunds.refund import REFUND
from border.payments.tariffs.resolution import TARIFF_RESOLUTION
from border.words import N_
from customs.clearance import AGENCY_NAMES, CLEARANCE
from customs.declaration import DECLARATION
from logistics.booking import BOOKING
from logistics.gate_check import ScanCode
from logistics.passage import PASSAGE, SLIP

LIVES: dict[str, tuple[Lifecycle, str]] = {
    life.name: (life, noun)
    for life, noun in (
        (DECLARATION, N_("Declaration")),
        (CLEARANCE, N_("Clearance")),
        (BOOKING, N_("Booking")),
        (PASSAGE, N_("Passage")),
        (SLIP, N_("Slip")),
        (CHARGE, N_("Fee")),
        (PAYMENT, N_("Payment")),
        (ATTEMPT, N_("Attempt to pay")),
        (REFUND, N_("Refund")),
        (RECEIPT, N_("Receipt")),
        (SHIFT, N_("Shift at the desk")),
        (EXCEPTION, N_("Exception")),
        (TARIFF_RESOLUTION, N_("Tariff resolution")),
    )
}
"""Every kind of record by the name of its lifecycle, with the noun people call it by."""
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
class Happening:
    """One line of a timeline, already in the reader's language."""

    says: str
    at: datetime
    subject: str
    by: str = ""
    note: str = ""
    stage: str = "done"


def said(fact: Fact, locale: str) -> str:
    """Return what a fact says, in a language."""
    say = translator(locale).gettext
    name, _, verb = fact.type.partition(".")
    if name == "scan":
        codes = [say(CODE_NAMES.get(code, code)) for code in fact.facts.get("codes", ())]
        return say(_REFUSED_SAYS, reasons=", ".join(codes))
    if name not in LIVES:
        return fact.type
    life, noun = LIVES[name]
    if name == CLEARANCE.name:
        noun = AGENCY_NAMES.get(fact.facts["agency"], noun)
    if verb == "update":
        return say(_CHANGED_SAYS, what=say(noun))
    return say(_BECAME_SAYS, what=say(noun), state=say(life.state(fact.facts["state"]).says))


def told(
    facts: Iterable[Fact], locale: str, names: Mapping[str, str] | None = None
) -> list[Happening]:
    """Return facts as lines, in their order; `names` are people by the id that events carry."""
    return [
        Happening(
            says=said(fact, locale),
            at=fact.happened_at,
            subject=fact.subject,
            by=(names or {}).get(fact.actor, ""),
            note=str(fact.inside.get("reason") or ""),
        )
        for fact in facts
    ]
