"""What may be done with an exception whose money waits. Pure."""

from typing import Protocol

from border.core.actor import Actor
from border.core.lifecycle import Move
from border.core.words import N_
from border.identity import policy
from border.payments.exceptions.exception import DESK, EXCEPTION, HOLDS_MONEY

_WAITS = ("open", "taken")
APPLY = Move("apply", _WAITS, "resolved", DESK, N_("Pay charges with it"), needs=("charge_ids",))
GIVE_BACK = Move("refund", _WAITS, "resolved", DESK, N_("Give back"), needs=("reason",))


class ExceptionFacts(Protocol):
    """What of an exception decides what may be done."""

    state: str
    kind: str


def open_moves(exception: ExceptionFacts, actor: Actor) -> tuple[Move, ...]:
    """Return the moves `actor` may make now: money that waits is moved, not explained away."""
    moves = policy.open_moves(actor, EXCEPTION, exception)
    if exception.kind not in HOLDS_MONEY:
        return moves
    kept = tuple(move for move in moves if move.verb != "resolve")
    with_money = exception.state in _WAITS and policy.may(actor, "payment_exception.apply")
    return (*kept, APPLY, GIVE_BACK) if with_money else kept
