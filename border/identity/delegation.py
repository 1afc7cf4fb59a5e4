"""A right that a firm gives away: its life, and how far whoever has it can pass it on.

What can be given is what the table of permissions has a row for under the scope *delegated*.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Annotated, Literal, Protocol
from uuid import UUID

from pydantic import AwareDatetime, Field

from border.core.actor import Role
from border.core.clock import YEARS, local_time
from border.core.event_type import Besides, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Nothing, Payload
from border.core.refusal import FieldError, refuses
from border.core.request_body import KEEPABLE, RequestBody
from border.core.words import N_
from border.identity.policy import FIRMS, Bounds, Scope, allow, declare, delegable, holders

DELEGATION = Lifecycle(
    "delegation",
    N_("The life of a right given away"),
    noun=N_("Right given away"),
    states=(
        State("given", N_("In force"), Role.TRADER, timedelta(days=365), "expire"),
        State("revoked", N_("Revoked")),
        State("expired", N_("Its time is over")),
    ),
    initial=("given",),
    moves=(
        Move("revoke", ("given",), "revoked", FIRMS, N_("Revoke the right")),
        Move("expire", ("given",), "expired", (SYSTEM,), N_("End the right"), offered=False),
    ),
)
# Carried: whoever it was given to sees it.
declare(
    "delegation",
    allow(FIRMS, "give"),
    allow(FIRMS, "read", "list", scopes=(Scope.OWN, Scope.CARRIED)),
    bounds=Bounds(own="from_organisation_id", carried="to_organisation_id"),
    moves=DELEGATION,
)
MOST_LINKS = 3
"""How many links a chain may have: from the owner to an agent, a carrier and a driver."""

RIGHT_MISSING = refuses(
    "right_missing",
    403,
    N_("No right to act for this firm"),
    N_(
        "The firm {firm} has not given you the right {right}, or it was revoked or is over. Ask "
        "that firm for it: whoever gives it does so under “Rights”."
    ),
)
_PARTY = Field(default=None, min_length=3, max_length=200, pattern=KEEPABLE)


class GivenRight(RequestBody):
    """A right as somebody gives it: to a firm by its id or tax code, or to an account by its id or
    e-mail address.

    With `from_organisation` a right that one has from that firm is passed on. `scope` is which of
    the firm's records it reaches: all of them.
    """

    from_organisation: UUID | None = None
    to_organisation: str | None = _PARTY
    to_account: str | None = _PARTY
    verbs: tuple[str, ...] = Field(min_length=1, max_length=60)
    until: AwareDatetime
    scope: Literal["all"] = "all"


class RightInForce(Protocol):
    """A right in force, as far as passing it on goes.

    `above` are the links that it was passed on from.
    """

    @property
    def verbs(self) -> Collection[str]:
        """What may be done."""
        ...

    @property
    def until(self) -> datetime:
        """When it ends."""
        ...

    @property
    def above(self) -> Collection[UUID]:
        """The links above it."""
        ...


def with_reading(verbs: Collection[str]) -> list[str]:
    """Return verbs and what goes with them: who may do something to a record may look at it."""
    records = {verb.partition(".")[0] for verb in verbs}
    looks = {f"{record}.{look}" for record in records for look in ("read", "list")}
    return sorted(set(verbs) | looks & set(delegable()))


def asked_wrongly(asked: GivenRight, at: datetime) -> Iterator[FieldError]:
    """Yield what is wrong with a right as it is asked for, whoever has it."""
    if (asked.to_organisation is None) == (asked.to_account is None):
        says = N_("Name either a firm or an account that gets the right.")
        yield FieldError("to_organisation", "one_of_two", says)
    for place, verb in enumerate(asked.verbs):
        if verb not in delegable():
            says = N_("This right cannot be given away. These can: {verbs}.")
            facts = (("verbs", ", ".join(delegable())),)
            yield FieldError(f"verbs.{place}", "not_delegable", says, facts)
    if asked.until <= at:
        yield FieldError("until", "past", N_("This is over. Name a time to come."))
    elif asked.until.year >= YEARS.stop:
        facts = (("lt", f"{YEARS.stop}-01-01"),)
        yield FieldError("until", "less_than", N_("It must be less than {lt}."), facts)


def received_wrongly(to: UUID, firms: Collection[UUID], giver: UUID) -> Iterator[FieldError]:
    """Yield why a firm cannot get a right that came through `firms` from `giver`."""
    if to == giver:
        says = N_("This is your own firm, which has the right already. Name another.")
        yield FieldError("to_organisation", "oneself", says)
    elif to in firms:
        says = N_("The right came from this firm, which has it already. Name another.")
        yield FieldError("to_organisation", "circle", says)


def too_far(link: RightInForce, verbs: Collection[str], until: datetime) -> Iterator[FieldError]:
    """Yield how what is to be passed on reaches further than the right it is passed on from."""
    if wider := sorted(set(verbs) - set(link.verbs)):
        says = N_("You do not have these rights yourself: {verbs}. Leave them out.")
        yield FieldError("verbs", "wider", says, (("verbs", ", ".join(wider)),))
    if until > link.until:
        says = N_("Your own right ends on {until}. Name no later time.")
        yield FieldError("until", "longer", says, (("until", local_time(link.until)),))
    if len(link.above) + 1 >= MOST_LINKS:
        says = N_("This right was passed on {most} times already. Its owner can give it directly.")
        facts = (("most", str(MOST_LINKS - 1)),)
        yield FieldError("from_organisation", "passed_on_too_often", says, facts)


class RightGiven(Payload):
    """What somebody may now do for a firm."""

    verbs: Annotated[list[str], Meaning("What may be done for the firm, by the permissions.")]


DELEGATION_EVENTS = events_of(
    DELEGATION,
    Nothing,
    besides=(Besides("give", N_("Give a right"), holders("delegation.give"), RightGiven),),
)
