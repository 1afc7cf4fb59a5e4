"""The life of a refund, whose turn it is, and how its money is shared out. Pure.

A refund is money on its way back to whoever paid. What it takes is set aside when it is asked
for, so that no đồng is given back twice. Unknown is a state: silence of a gateway, or words that
prove nothing, end no refund.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, ClassVar, Protocol
from uuid import UUID

from border.core.actor import STAFF, Actor, Role
from border.core.event_type import Besides, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.money import Money
from border.core.payload import Meaning, Payload
from border.core.shares import shared_out
from border.core.words import N_
from border.identity import policy
from border.identity.policy import SIGNED_IN, Bounds, Scope, allow, declare, holders
from border.payments.gateways.evidence import RefundMethod, RefundOrder
from border.payments.ledger.book import REFUND_PAYABLE, Posting
from border.platform.payload_fields import (
    AmountMinor,
    Currency,
    GatewayName,
    GivenNote,
    GivenReason,
)

APPROVERS = (Role.MANAGER, Role.ACCOUNTANT)
"""Who may say yes to a refund that somebody else asked for."""
ASKERS = (Role.TRADER, Role.CARRIER, Role.CASHIER, *APPROVERS)
"""Who may ask: the payer, and those at the zone's counter and books."""
PAYERS_OUT: Mapping[RefundMethod, Role] = {
    RefundMethod.TRANSFER: Role.ACCOUNTANT,
    RefundMethod.CASH: Role.CASHIER,
}
"""Who gives the money back where no gateway does."""

ANSWER_EXPECTED = timedelta(minutes=5)
"""Longer than any gateway is waited for: who has heard nothing by then never will."""
_DECIDED_IN = timedelta(days=3)
_PAID_OUT_IN = timedelta(days=7)
_AT_THE_BANK = timedelta(days=14)
_COMES_BACK = timedelta(days=90)
"""How long a bank may still send a refund back."""

REFUND = Lifecycle(
    name="refund",
    label=N_("Money on its way back to whoever paid it."),
    noun=N_("Refund"),
    states=(
        State("requested", N_("To be approved"), owner=Role.ACCOUNTANT, timeout=_DECIDED_IN),
        State(
            "half_approved",
            N_("Approved by one; the truck has crossed, so a second must agree"),
            owner=Role.MANAGER,
            timeout=_DECIDED_IN,
        ),
        State("approved", N_("Goes to the gateway next"), owner=SYSTEM, timeout=timedelta(hours=1)),
        State(
            "payout_due",
            N_("To be paid out by transfer or at the desk"),
            owner=Role.ACCOUNTANT,
            timeout=_PAID_OUT_IN,
        ),
        State(
            "submitting",
            N_("Being handed to the gateway"),
            owner=SYSTEM,
            timeout=ANSWER_EXPECTED,
            on_timeout="lose_sight",
        ),
        State(
            "provider_pending",
            N_("Taken by the gateway, not with the payer yet"),
            owner=SYSTEM,
            timeout=_AT_THE_BANK,
        ),
        State(
            "unknown",
            N_("Nobody knows whether the gateway took it; it is asked"),
            owner=Role.ACCOUNTANT,
            timeout=timedelta(days=1),
        ),
        State("succeeded", N_("Given back"), owner=SYSTEM, timeout=_COMES_BACK),
        State("rejected", N_("Turned down or sent back; the money is still here")),
        State("declined", N_("Not approved")),
        State("withdrawn", N_("No longer asked for")),
    ),
    initial=("requested", "approved"),
    moves=(
        Move("approve", ("requested", "half_approved"), "approved", APPROVERS, N_("Approve")),
        Move(
            "approve_first",
            ("requested",),
            "half_approved",
            APPROVERS,
            N_("Approve as the first of two"),
            offered=False,
        ),
        Move(
            "decline",
            ("requested", "half_approved", "approved", "payout_due"),
            "declined",
            (*APPROVERS, SYSTEM),
            N_("Decline"),
            needs=("reason",),
        ),
        Move(
            "withdraw",
            ("requested", "half_approved"),
            "withdrawn",
            (*ASKERS, SYSTEM),
            N_("Withdraw"),
        ),
        Move(
            "hand_over",
            ("approved",),
            "payout_due",
            (SYSTEM,),
            N_("Leave to be paid out"),
            offered=False,
        ),
        Move(
            "pay_out",
            ("payout_due",),
            "succeeded",
            tuple(PAYERS_OUT.values()),
            N_("Record the payout"),
            needs=("reference",),
        ),
        Move(
            "submit",
            ("approved",),
            "submitting",
            (SYSTEM,),
            N_("Hand to the gateway"),
            offered=False,
        ),
        Move(
            "accept",
            ("submitting", "unknown"),
            "provider_pending",
            (SYSTEM,),
            N_("Record that the gateway took it"),
            offered=False,
        ),
        Move(
            "lose_sight",
            ("submitting",),
            "unknown",
            (SYSTEM,),
            N_("Record that nothing was heard"),
            offered=False,
        ),
        Move(
            "succeed",
            ("submitting", "provider_pending", "unknown"),
            "succeeded",
            (*APPROVERS, SYSTEM),
            N_("Record as given back"),
            offered=False,
        ),
        Move(
            "reject",
            ("submitting", "provider_pending", "unknown"),
            "rejected",
            (*APPROVERS, SYSTEM),
            N_("Record as turned down"),
            offered=False,
        ),
        Move(
            "bounce",
            ("succeeded",),
            "rejected",
            (*APPROVERS, SYSTEM),
            N_("Record that it came back"),
            offered=False,
        ),
        Move("resubmit", ("unknown",), "approved", APPROVERS, N_("Hand to the gateway again")),
    ),
)

ENDED = ("declined", "withdrawn", "rejected")
"""States that hold no money of a refund."""
UNDECIDED = ("requested", "half_approved")
"""States in which nobody, or only one of two, has said yes."""
AT_GATEWAY = ("submitting", "provider_pending", "unknown")
"""States in which a gateway may be at work on a refund; a payment has one such at a time."""
RECORD = Move(
    "record",
    ("provider_pending", "unknown", "succeeded"),
    "rejected",
    APPROVERS,
    N_("Record what became of it"),
    needs=("outcome", "note"),
)
"""What a person may do where the gateway's word is lacking; it leads to the outcome named."""


declare(
    "refund",
    allow((SIGNED_IN,), "read", scopes=(Scope.OWN,)),
    allow((*STAFF, SYSTEM), "read"),
    allow(STAFF, "list"),
    # Asked for the payment whose money is to go back.
    allow(ASKERS, "ask"),
    allow(APPROVERS, "ask_by_transfer", RECORD.verb),
    *(allow((role,), f"pay_out_{method}") for method, role in PAYERS_OUT.items()),
    bounds=Bounds(own="payer_organisation_id"),
    moves=REFUND,
)


_STILL_TAKES = {
    "requested": _DECIDED_IN + _AT_THE_BANK,
    "half_approved": _DECIDED_IN + _AT_THE_BANK,
    "approved": _AT_THE_BANK,
    "payout_due": _PAID_OUT_IN,
    "submitting": _AT_THE_BANK,
    "provider_pending": _AT_THE_BANK,
    "unknown": _AT_THE_BANK,
}
"""How long money takes from each state on until its payer has it, at the latest."""


def expected_by(state: str, since: datetime) -> datetime | None:
    """Return when money is back that is in `state` since an instant; None if it is not coming."""
    takes = _STILL_TAKES.get(state)
    return None if takes is None else since + takes


def recorded(state: str, outcome: str) -> str | None:
    """Return the verb that records an outcome a person names; None if there is none such."""
    if state == "succeeded":
        return "bounce" if outcome == "rejected" else None
    return {"succeeded": "succeed", "rejected": "reject"}.get(outcome)


ASK_AFTER = (
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=12),
    *(timedelta(days=days) for days in (1, 2, 3, 5, 7)),
)
"""When after its submission a refund is asked about; a bank takes days, and then once a week."""
ASK_AGAIN = tuple(timedelta(days=days) for days in (1, 3, 7, 14))
"""When after its success a refund is asked about again: a payer's bank may send it back."""
_WEEK = timedelta(days=7)


class RefundFacts(Protocol):
    """What of a refund decides who may do what."""

    state: str
    refund_method: str
    payer_organisation_id: UUID | None
    requested_by: UUID | None
    approved_by: UUID | None
    request_id: str | None


def next_question(begun_at: datetime, now: datetime) -> datetime:
    """Return when to ask after `now` about a refund handed over at `begun_at`: it never ends."""
    return next((begun_at + after for after in ASK_AFTER if begun_at + after > now), now + _WEEK)


def next_look(succeeded_at: datetime, now: datetime) -> datetime | None:
    """Return when to ask after `now` whether a success held; None once it is past doubt."""
    return next((succeeded_at + after for after in ASK_AGAIN if succeeded_at + after > now), None)


def second_person(refund: RefundFacts, actor: Actor) -> bool:
    """Say whether `actor` is nobody who asked for the refund or approved it before."""
    return actor.id is not None and actor.id not in (refund.requested_by, refund.approved_by)


def open_moves(refund: RefundFacts, actor: Actor) -> tuple[Move, ...]:
    """Return the moves `actor` may make now: a page's buttons, the `moves` of an answer."""
    moves = [m for m in policy.open_moves(actor, REFUND, refund) if _fits(refund, actor, m.verb)]
    may_record = (
        policy.may(actor, "refund.record", refund) and refund.refund_method != RefundMethod.CASH
    )
    if refund.state in RECORD.sources and may_record:
        moves.append(RECORD)
    return tuple(moves)


def _fits(refund: RefundFacts, actor: Actor, verb: str) -> bool:
    if verb == "approve":
        return second_person(refund, actor)
    if verb == "withdraw":
        return actor.id is not None and actor.id == refund.requested_by
    if verb == "pay_out":
        method = RefundMethod(refund.refund_method)
        return method in PAYERS_OUT and policy.may(actor, f"refund.pay_out_{method}")
    # What a gateway may have taken is not declined any more, whatever its state.
    return verb != "decline" or refund.request_id is None


@dataclass(frozen=True)
class Allocation:
    """What of a refund comes from one charge."""

    charge_id: UUID
    amount_minor: int

    def stored(self) -> dict[str, str | int]:
        """Return the form kept with the refund."""
        return {"charge_id": str(self.charge_id), "amount_minor": self.amount_minor}


def allocated(amount: int, left: Mapping[UUID, int]) -> list[Allocation]:
    """Return `amount` shared out over charges in proportion to what is left of each.

    No charge gives more than it has left; `amount` must not exceed their sum.
    """
    ids = sorted(id for id in left if left[id] > 0)
    shares = shared_out(amount, [left[id] for id in ids])
    return [Allocation(id, share) for id, share in zip(ids, shares, strict=True) if share]


def set_aside(
    allocations: Collection[Allocation], left: Mapping[UUID, Mapping[str, int]], currency: str
) -> tuple[Posting, ...]:
    """Return the postings that take the money off the accounts it was owed on to.

    `left` is what stands on each account for each charge. Shares follow what is left, so that the
    last part of a refund finds on each account exactly what it needs.
    """
    lines = []
    for part in allocations:
        accounts = sorted(name for name, stands in left[part.charge_id].items() if stands > 0)
        shares = shared_out(part.amount_minor, [left[part.charge_id][name] for name in accounts])
        lines += [
            Posting(name, Money(share, currency), part.charge_id)
            for name, share in zip(accounts, shares, strict=True)
            if share
        ]
        payable = Money(-part.amount_minor, currency)
        lines.append(Posting(REFUND_PAYABLE, payable, part.charge_id))
    return tuple(lines)


def paid_back(
    allocations: Sequence[Allocation], amount: Money, pays_from: str
) -> tuple[Posting, ...]:
    """Return the postings of money that has gone back from the account `pays_from`."""
    parts: list[tuple[UUID | None, int]] = [
        (part.charge_id, part.amount_minor) for part in allocations
    ]
    lines = [
        Posting(REFUND_PAYABLE, Money(minor, amount.currency), id)
        for id, minor in parts or [(None, amount.minor)]
    ]
    return (*lines, Posting(pays_from, Money(-amount.minor, amount.currency)))


def digest(order: RefundOrder) -> bytes:
    """Return what binds a request's number to what is asked for under it."""
    parts = (
        order.request_id,
        order.txn_ref,
        order.provider_txn,
        str(order.amount.minor),
        order.amount.currency,
        str(order.full),
        order.created_as_sent,
    )
    return sha256("\0".join(parts).encode()).digest()


class RefundPayload(Payload):
    """What every event of a refund says; what somebody wrote about it stays in the zone."""

    columns: ClassVar[Mapping[str, str]] = {"way": "refund_method"}

    gateway: GatewayName
    amount_minor: AmountMinor
    currency: Currency
    way: Annotated[str, Meaning("How money goes back: `api`, `transfer` or `cash`.")]
    automatic: Annotated[bool, Meaning("Whether a rule of the zone decided it.")]
    reason: GivenReason | None = None
    note: GivenNote | None = None


EVENTS = events_of(
    REFUND,
    RefundPayload,
    besides=(
        Besides("ask", N_("Ask for a refund"), holders("refund.ask")),
        Besides("order", N_("Refund by rule"), (SYSTEM,)),
    ),
)
