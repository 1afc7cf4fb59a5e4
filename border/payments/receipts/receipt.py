"""What a receipt is: its life, its kinds, its lines, and the law it is made under.

Pure. A receipt is never edited. A mistake on its face (the payer's name, tax code or address) is
put right by a replacement under a new number. Money that goes back, in part or in full, is shown
by an adjustment with negative lines: the fee was paid, so the first receipt was no mistake and
stays the proof of it. A refund that comes back, and further charges paid out of the same money,
are shown by adjustments too. Whoever was adjusted is not replaced afterwards: a wrong name is then
carried to the end. source: Decree 123/2020/NĐ-CP article 19 and Circular 78/2021/TT-BTC article 7,
which say so of invoices; Decree 254/2026/NĐ-CP is taken to keep it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Protocol

from border.core.actor import STAFF, Role
from border.core.event_type import Besides, Key, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.money import Money
from border.core.payload import Meaning, Payload
from border.core.shares import shared_out
from border.core.words import N_
from border.identity.policy import ANYONE, SIGNED_IN, Bounds, Scope, allow, declare, holders
from border.platform.payload_fields import AmountMinor, Count, Currency, GivenReason

_KEPT = timedelta(days=3653)
"""How long a receipt may still be corrected: as long as it is kept.

source: Law on Accounting 88/2015/QH13 article 41, ten years for documents of entry.
"""

RECEIPT = Lifecycle(
    name="receipt",
    label=N_("A numbered and signed receipt of fees; it is never edited."),
    noun=N_("Receipt"),
    states=(
        State("issued", N_("In force"), owner=SYSTEM, timeout=_KEPT),
        State(
            "adjusted", N_("In force, with an adjustment beside it"), owner=SYSTEM, timeout=_KEPT
        ),
        State("replaced", N_("Replaced by another receipt")),
    ),
    initial=("issued",),
    moves=(
        Move(
            "adjust",
            ("issued", "adjusted"),
            "adjusted",
            (SYSTEM,),
            N_("Put an adjustment beside it"),
            offered=False,
        ),
        Move(
            "replace",
            ("issued",),
            "replaced",
            (Role.ACCOUNTANT, Role.MANAGER),
            N_("Replace"),
            needs=("reason",),
        ),
    ),
)


declare(
    "receipt",
    allow((SIGNED_IN,), "read", "list", scopes=(Scope.OWN,)),
    allow((*STAFF, SYSTEM), "read", "list"),
    # Whoever holds the paper has the code on it.
    allow((ANYONE,), "look_up"),
    bounds=Bounds(own="payer_organisation_id"),
    moves=RECEIPT,
)


class ReceiptKind(StrEnum):
    """What a receipt is for."""

    ORIGINAL = "original"
    ADJUSTMENT = "adjustment"
    REPLACEMENT = "replacement"


ND123_2020 = "ND123-2020"
ND254_2026 = "ND254-2026"
_LAWS: tuple[tuple[date, str], ...] = (
    (date(2020, 10, 19), ND123_2020),
    (date(2026, 7, 1), ND254_2026),
)
"""Which decree governs receipts from which day on."""


def law_on(day: date) -> str:
    """Return the law under which a receipt is issued on `day`.

    source: Decree 123/2020/NĐ-CP of 19 October 2020, replaced on 1 July 2026 by Decree
    254/2026/NĐ-CP with Circular 91/2026/TT-BTC.
    """
    known = [version for first, version in _LAWS if first <= day]
    return known[-1] if known else _LAWS[0][1]


def serial_of(letters: str, year: int) -> str:
    """Return the symbol of a year's series: letters, the year, E for electronic: `LC-26E`."""
    return f"{letters}-{year % 100:02d}E"


@dataclass(frozen=True)
class Collector:
    """Who collects: its name, tax code and address, as registered."""

    name: str
    tax_code: str
    address: str


@dataclass(frozen=True)
class Payer:
    """Who paid, as the receipt names them; a foreign firm has no Vietnamese tax code."""

    name: str
    tax_code: str | None = None
    address: str | None = None


class Speech(Protocol):
    """The words of fees and explanations in a language: `vi`, `zh` or `en`."""

    def charge(self, kind: str, locale: str) -> str:
        """Return the name of a kind of charge."""
        ...

    def explanation(self, says: str, facts: Mapping[str, Any], locale: str) -> str:
        """Return a sentence of an explanation with its facts filled in."""
        ...


@dataclass(frozen=True)
class Reason:
    """A line of the assessment on a receipt: `text` as it was signed, in Vietnamese."""

    text: str
    says: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    minor: int | None = None


@dataclass(frozen=True)
class ReceiptLine:
    """One charge on a receipt: `name` as it was signed, in Vietnamese, and why it is that much."""

    kind: str
    name: str
    charge: str
    subject: str
    minor: int
    reasons: tuple[Reason, ...] = ()
    quantity: int = 1

    def stored(self) -> dict[str, Any]:
        """Return the form kept with the receipt."""
        return {
            "kind": self.kind,
            "name": self.name,
            "charge": self.charge,
            "subject": self.subject,
            "quantity": self.quantity,
            "amount_minor": self.minor,
            "explanation": [
                {
                    "text": reason.text,
                    "says": reason.says,
                    "facts": dict(reason.facts),
                    "amount_minor": reason.minor,
                }
                for reason in self.reasons
            ],
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "ReceiptLine":
        """Return the line that `stored` was made from."""
        return cls(
            kind=stored["kind"],
            name=stored["name"],
            charge=stored["charge"],
            subject=stored["subject"],
            quantity=stored["quantity"],
            minor=stored["amount_minor"],
            reasons=tuple(
                Reason(one["text"], one["says"], one["facts"], one["amount_minor"])
                for one in stored["explanation"]
            ),
        )


GIVEN_BACK = N_("Given back of receipt {serial} number {number}: {reason}")
"""Why a line of an adjustment is negative."""
CAME_BACK = N_("Not given back after all, against receipt {serial} number {number}")
"""Why a line that an adjustment took back is there again."""


class CannotBeReceipted(Exception):
    """What is known of a payment does not make a receipt; the message says what is missing."""


PART_PAID = N_("Of {whole} {currency} charged, this payment paid {part} {currency}")
"""Why a line is less than its charge."""


def line_of(charge: Mapping[str, Any], paid: Money, speech: Speech) -> ReceiptLine:
    """Return the line of a charge: its name, what was paid on it and, line by line, why so much.

    Raises `CannotBeReceipted` where the charge's explanation cannot be read.
    """
    lines = [(line["says"], line["facts"], line["amount_minor"]) for line in _explained(charge)]
    if paid.minor != charge["amount_minor"]:
        whole = {"whole": str(charge["amount_minor"]), "part": str(paid.minor)}
        lines.append((PART_PAID, whole | {"currency": paid.currency}, None))
    try:
        reasons = tuple(
            Reason(speech.explanation(says, facts, "vi"), says, dict(facts), minor)
            for says, facts, minor in lines
        )
        name = speech.charge(charge["kind"], "vi")
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise CannotBeReceipted(f"{charge['reference']} does not explain itself") from error
    return ReceiptLine(
        charge["kind"], name, charge["reference"], charge["subject"], paid.minor, reasons
    )


def _explained(charge: Mapping[str, Any]) -> list[dict[str, Any]]:
    lines = charge["explanation"]
    wanted = ("says", "facts", "amount_minor")
    if not isinstance(lines, list) or not all(
        isinstance(line, dict) and all(name in line for name in wanted) for line in lines
    ):
        raise CannotBeReceipted(f"{charge['reference']} does not explain itself")
    return lines


def check_complete(lines: Sequence[ReceiptLine], payer: Payer) -> None:
    """Raise `CannotBeReceipted` unless something was paid for and the payer is named."""
    if not payer.name.strip():
        raise CannotBeReceipted("the payer has no name")
    if not lines:
        raise CannotBeReceipted("nothing was paid for")


def given_back(
    lines: Sequence[ReceiptLine],
    minor: int,
    shares: Mapping[str, int] | None,
    reason: Mapping[str, Any],
) -> tuple[ReceiptLine, ...]:
    """Return the negative lines of an adjustment by `minor`.

    `shares` says what goes back of which charge, by its reference; without it every line gives its
    proportion. `reason` fills `GIVEN_BACK` and holds its Vietnamese text under `text`.
    """
    if shares is None:
        parts = shared_out(minor, [line.minor for line in lines])
        shares = {line.charge: part for line, part in zip(lines, parts, strict=True)}
    facts = {name: fact for name, fact in reason.items() if name != "text"}
    return tuple(
        ReceiptLine(
            kind=line.kind,
            name=line.name,
            charge=line.charge,
            subject=line.subject,
            minor=-shares[line.charge],
            reasons=(Reason(reason["text"], GIVEN_BACK, facts, -shares[line.charge]),),
        )
        for line in lines
        if shares.get(line.charge)
    )


def restored(
    lines: Iterable[ReceiptLine], text: str, facts: Mapping[str, Any]
) -> tuple[ReceiptLine, ...]:
    """Return the lines that undo those of an adjustment whose refund came back."""
    return tuple(
        replace(
            line, minor=-line.minor, reasons=(Reason(text, CAME_BACK, dict(facts), -line.minor),)
        )
        for line in lines
    )


def exceeds(
    lines: Iterable[ReceiptLine], adjusted: Iterable[ReceiptLine], more: Iterable[ReceiptLine]
) -> bool:
    """Say whether `more` would take back of a charge what was not paid on it, or is back already.

    `lines` are those of the receipt, `adjusted` those of the adjustments there are.
    """
    left = {line.charge: line.minor for line in lines}
    for line in (*adjusted, *more):
        left[line.charge] = left.get(line.charge, 0) + line.minor
    return any(minor < 0 for minor in left.values())


class ReceiptPayload(Payload):
    """What every event of a receipt says; the payer on its face stays in the zone."""

    columns: ClassVar[Mapping[str, str]] = {"receipt_kind": "kind"}

    receipt_kind: Annotated[str, Meaning("Kind of receipt.", older="kind")]
    serial: Annotated[str, Meaning("Series of the receipt.")]
    number: Annotated[Count, Meaning("Number of the receipt in its series.")]
    amount_minor: AmountMinor
    currency: Currency
    reason: GivenReason | None = None


EVENTS = events_of(
    RECEIPT,
    ReceiptPayload,
    besides=(Besides("issue", N_("Issue a receipt"), (SYSTEM, *holders("receipt.replace"))),),
    key=Key("the payment's reference", "payment_reference"),
)
