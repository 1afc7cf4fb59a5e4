"""For whom a truck is booked: whose goods are on it, or who gave the right to book for them.

Places, waiting and ballots are counted for that firm, whoever of its agents asks.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

from border.core.actor import PROGRAM, Actor, ActorKind, Role
from border.core.refusal import FieldError
from border.core.words import N_
from border.identity import policy
from border.identity.delegation import RIGHT_MISSING
from customs.dossier_service import GateView
from logistics.booking import BookingRequest


def _firms(actor: Actor, request: BookingRequest, loads: Sequence[GateView]) -> set[UUID]:
    """Return every firm a truck would be booked for; one's own where nothing says another.

    Who carries goods for their owner books for himself, unless he names the owner.
    """
    ours, named = actor.organisation_id, request.on_behalf_of
    assert ours is not None  # Those who hold the roles belong to a firm.
    firms = {named or ours} if named or not loads else set()

    def firm_of(load: GateView) -> UUID:
        mine = ours in (load.owner_organisation_id, load.carrier_organisation_id)
        return ours if mine and named in (None, ours) else load.owner_organisation_id

    return {firm_of(load) for load in loads} | firms


def for_several(
    actor: Actor, request: BookingRequest, loads: Sequence[GateView]
) -> Iterator[FieldError]:
    """Yield the error of goods of several firms on one truck that is booked for one of them."""
    if len(_firms(actor, request, loads)) > 1:
        says = N_("The goods belong to another firm than the truck is booked for. Book them apart.")
        yield FieldError("declaration_ids", "of_several_firms", says)


def may_ask(actor: Actor, verb: str, request: BookingRequest) -> None:
    """Look whether somebody may ask for an hour by `verb`, for the firm that is named, if any.

    refuses: not_allowed, right_missing.
    """
    policy.check(actor, verb)
    if request.on_behalf_of is not None:
        _with_the_right(actor, verb, request.on_behalf_of)


def beneficiary(
    actor: Actor, verb: str, request: BookingRequest, loads: Sequence[GateView]
) -> UUID:
    """Return the firm a truck is booked for; its goods are one firm's. refuses: right_missing."""
    return _with_the_right(actor, verb, min(_firms(actor, request, loads)))


def _with_the_right(actor: Actor, verb: str, firm: UUID) -> UUID:
    if firm not in policy.acts_for(actor, verb):
        raise RIGHT_MISSING(firm=firm, right=verb)
    return firm


def for_firm(firm: UUID) -> Actor:
    """Return the program as it books for a firm: it may do what a trader of the firm may."""
    return Actor(None, PROGRAM.name, frozenset({Role.TRADER}), firm, kind=ActorKind.PROGRAM)
