"""The life of a refund, whose turn it is, and how its money is shared out. Pure.

A refund is money on its way back to whoever paid. What it takes is set aside when it is asked
for, so that no đồng is given back twice. Unknown is a state: silence of a gateway, or words that
prove nothing, end no refund.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol
from uuid import UUID

from border.identity.actor import Actor, Role
from border.lifecycle import SYSTEM, Lifecycle, Move, State
from border.money import Money
from border.payments.evidence import RefundOrder, Returns
from border.payments.ledger.book import REFUND_PAYABLE, Posting, shared_out
from border.words import N_

APPROVERS = (Role.MANAGER, Role.ACCOUNTANT)
"""Who may say yes to a refund that somebody else asked for."""
ASKERS = (Role.TRADER, Role.CARRIER, Role.CASHIER, *APPROVERS)
"""Who may ask: the payer, and those at the zone's counter and books."""
PAYERS_OUT: Mapping[Returns, Role] = {
    Returns.TRANSFER: Role.ACCOUNTANT,
    Returns.CASH: Role.CASHIER,
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
    says=N_("Money on its way back to whoever paid it."),
    states=(
        State("requested", N_("To be approved"), owner=Role.ACCOUNTANT, after=_DECIDED_IN),
        State(
            "half_approved",
            N_("Approved by one; the truck has crossed, so a second must agree"),
            owner=Role.MANAGER,
            after=_DECIDED_IN,
        ),
        State("approved", N_("Goes to the gateway next"), owner=SYSTEM, after=timedelta(hours=1)),
        State(
            "payout_due",
            N_("To be paid out by transfer or at the desk"),
            owner=Role.ACCOUNTANT,
            after=_PAID_OUT_IN,
        ),
        State(
            "submitting",
            N_("Being handed to the gateway"),
            owner=SYSTEM,
            after=ANSWER_EXPECTED,
            then="lose_sight",
        ),
        State(
            "provider_pending",
            N_("Taken by the gateway, not with the payer yet"),
            owner=SYSTEM,
            after=_AT_THE_BANK,
        ),
        State(
            "unknown",
            N_("Nobody knows whether the gateway took it; it is asked"),
            owner=Role.ACCOUNTANT,
            after=timedelta(days=1),
        ),
        State("succeeded", N_("Given back"), owner=SYSTEM, after=_COMES_BACK),
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


class Standing(Protocol):
    """What of a refund decides who may do what."""

    state: str
    way: str
    requested_by: UUID | None
    approved_by: UUID | None
    request_id: str | None


def next_question(begun_at: datetime, now: datetime) -> datetime:
    """Return when to ask after `now` about a refund handed over at `begun_at`: it never ends."""
    return next((begun_at + after for after in ASK_AFTER if begun_at + after > now), now + _WEEK)


def next_look(succeeded_at: datetime, now: datetime) -> datetime | None:
    """Return when to ask after `now` whether a success held; None once it is past doubt."""
    return next((succeeded_at + after for after in ASK_AGAIN if succeeded_at + after > now), None)


def second_person(refund: Standing, actor: Actor) -> bool:
    """Say whether `actor` is nobody who asked for the refund or approved it before."""
    return actor.id is not None and actor.id not in (refund.requested_by, refund.approved_by)


def open_moves(refund: Standing, actor: Actor) -> tuple[Move, ...]:
    """Return the moves `actor` may make now: a page's buttons, the `moves` of an answer."""
    moves = [m for m in REFUND.open_to(refund.state, actor.roles) if _fits(refund, actor, m.verb)]
    if refund.state in RECORD.sources and actor.has(*RECORD.by) and refund.way != Returns.CASH:
        moves.append(RECORD)
    return tuple(moves)


def _fits(refund: Standing, actor: Actor, verb: str) -> bool:
    if verb == "approve":
        return second_person(refund, actor)
    if verb == "withdraw":
        return actor.id is not None and actor.id == refund.requested_by
    if verb == "pay_out":
        return actor.has(PAYERS_OUT.get(Returns(refund.way), ""))
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
