"""Reopening a closed day: its life, and who may do what. Pure.

A close is evidence and never edited. What it does not have is put right by reopening the day: one
person asks with a reason, another agrees, and the day is closed once more. Both closes stay in the
chain, the second hangs on the first and says why there are two.
"""

from datetime import date, timedelta
from typing import Annotated, Protocol
from uuid import UUID

from border.core.actor import Actor
from border.core.event_type import Besides, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Payload
from border.core.words import N_
from border.identity import policy
from border.identity.policy import allow, declare
from border.payments.exceptions.exception import DESK
from border.platform.payload_fields import GivenReason

_DECIDED_IN = timedelta(days=3)
_CLOSED_AGAIN_IN = timedelta(days=2)

REOPENING = Lifecycle(
    name="close_reopening",
    label=N_("A closed day opened again: asked for by one person, agreed to by another."),
    noun=N_("Reopening of a day"),
    states=(
        State(
            "requested",
            N_("Another person decides whether the day is reopened"),
            owner=DESK[1],
            timeout=_DECIDED_IN,
            on_timeout="lapse",
        ),
        State(
            "reopened",
            N_("Reopened; the day is to be closed again"),
            owner=DESK[0],
            timeout=_CLOSED_AGAIN_IN,
        ),
        State("closed_again", N_("Closed again")),
        State("declined", N_("Not reopened")),
        State("withdrawn", N_("No longer asked for")),
        State("lapsed", N_("Nobody decided in time; the day stayed closed")),
    ),
    initial=("requested",),
    moves=(
        Move("approve", ("requested",), "reopened", DESK, N_("Reopen the day")),
        Move("decline", ("requested",), "declined", DESK, N_("Leave it closed"), needs=("reason",)),
        Move("withdraw", ("requested",), "withdrawn", DESK, N_("Withdraw")),
        Move("lapse", ("requested",), "lapsed", (SYSTEM,), N_("Lapse"), offered=False),
        Move(
            "close_again",
            ("reopened",),
            "closed_again",
            (*DESK, SYSTEM),
            N_("Close the day again"),
            offered=False,
        ),
    ),
)

declare("close_reopening", allow(DESK, "ask", "read", "list"), moves=REOPENING)


class Reopening(Payload):
    """Which close of which day it is about."""

    closed_day: Annotated[date, Meaning("Day that was closed.")]
    close_scope: Annotated[str, Meaning("What is closed: a gateway, the desk, or all together.")]
    attempt: Annotated[int, Meaning("Which close of the day it is about, counted from 1.")]


class ReopeningAsked(Reopening):
    """Why a day is to be opened again."""

    reason: GivenReason


EVENTS = events_of(
    REOPENING,
    Reopening,
    besides=(Besides("ask", N_("Ask to reopen the day"), DESK, ReopeningAsked),),
)


class ReopeningFacts(Protocol):
    """What of a reopening decides who may do what."""

    state: str
    requested_by: UUID


def fits(row: ReopeningFacts, actor: Actor, verb: str) -> bool:
    """Say whether `actor` is the right person: who asked withdraws, somebody else decides."""
    asked = actor.id is not None and actor.id == row.requested_by
    return asked if verb == "withdraw" else actor.id is not None and not asked


def open_moves(row: ReopeningFacts, actor: Actor) -> tuple[Move, ...]:
    """Return the moves `actor` may make now: a page's buttons, the `moves` of an answer."""
    open_to = policy.open_moves(actor, REOPENING, row)
    return tuple(move for move in open_to if fits(row, actor, move.verb))
