"""The life of an exception of payments, its kinds, and which of them keep the gate closed.

Pure. An exception is work for a person: somebody takes it, and it ends with the money applied,
given back, or explained. What happened to the money stands in the ledger either way.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar

from border.core.actor import Role
from border.core.event_type import Besides, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Payload
from border.core.words import N_
from border.identity.policy import allow, declare
from border.platform.payload_fields import GatewayName

_LOOKED_AT = timedelta(days=1)
_DONE_IN = timedelta(days=3)
DESK = (Role.ACCOUNTANT, Role.MANAGER)
"""Who works the queue."""

EXCEPTION = Lifecycle(
    name="payment_exception",
    label=N_("Something about money that a person of the zone looks into."),
    noun=N_("Exception"),
    states=(
        State("open", N_("Nobody looks into it yet"), owner=Role.ACCOUNTANT, timeout=_LOOKED_AT),
        State("taken", N_("Somebody looks into it"), owner=Role.ACCOUNTANT, timeout=_DONE_IN),
        State("resolved", N_("Resolved")),
    ),
    initial=("open",),
    moves=(
        Move("take", ("open",), "taken", DESK, N_("Take it on")),
        Move("put_back", ("taken",), "open", DESK, N_("Put it back")),
        Move("resolve", ("open", "taken"), "resolved", DESK, N_("Resolve"), needs=("reason",)),
        Move(
            "apply",
            ("open", "taken"),
            "resolved",
            (*DESK, SYSTEM),
            N_("Pay charges with it"),
            offered=False,
        ),
        Move(
            "refund", ("open", "taken"), "resolved", (*DESK, SYSTEM), N_("Give back"), offered=False
        ),
        Move("heal", ("open", "taken"), "resolved", (SYSTEM,), N_("Let heal"), offered=False),
    ),
)

declare(
    "payment_exception",
    allow(DESK, "list"),
    allow((*DESK, SYSTEM), "read"),
    moves=EXCEPTION,
)

KINDS: Mapping[str, str] = {
    "review": N_("The gateway suspects fraud, or took the money back"),
    "conflict": N_("The gateway says two different things about one transaction"),
    "underpaid": N_("Less came than was asked for; it waits for the rest"),
    "overpaid": N_("More came than was asked for; the rest of it waits"),
    "wrong_amount": N_("Another amount came than was asked for"),
    "nothing_owed": N_("Money came for charges that are no longer owed"),
    "paid_twice": N_("The same was paid a second time"),
    "unmatched": N_("Money came that names no payment of ours"),
    "reversed": N_("The gateway gave the money back without being asked"),
    "refund_failed": N_("A refund was turned down by the gateway"),
    "amount_diff": N_("The statement has another amount than the ledger"),
    "missing_in_ledger": N_("The statement has money that the ledger did not have"),
    "missing_at_gateway": N_("The ledger has money that no statement has"),
    "duplicate_line": N_("The statement has a transaction twice"),
    "fee_diff": N_("The gateway's fee is another than agreed"),
}
"""What an exception can be about."""

HOLDS_MONEY = frozenset(
    {"underpaid", "overpaid", "wrong_amount", "nothing_owed", "paid_twice", "unmatched"}
)
"""Kinds whose money waits in suspense until it is applied or given back."""
CLOSES_GATE = frozenset({"review", "conflict", "reversed"})
"""Kinds that keep a truck from passing on the payment they are about, until they are resolved."""


class ExceptionRaised(Payload):
    """What an exception is about."""

    columns: ClassVar[Mapping[str, str]] = {"exception_kind": "kind"}

    exception_kind: Annotated[str, Meaning("Kind of exception.", older="kind")]
    gateway: GatewayName


class ExceptionEnded(Payload):
    """How an exception ended."""

    resolution: Annotated[str, Meaning("How the exception ended.")]


EVENTS = events_of(
    EXCEPTION,
    besides=(Besides("raise", N_("Raise an exception"), (SYSTEM,), ExceptionRaised),),
    resolve=ExceptionEnded,
    apply=ExceptionEnded,
    refund=ExceptionEnded,
    heal=ExceptionEnded,
)
