"""Who may see a declaration and who may make which move on it, beyond the role a move asks for.

Pure. The lifecycle says which roles a move is open to; here is what a role alone does not tell:
a trader acts on the own firm's declarations only, a red lane is inspected before it is accepted,
and whoever inspected does not accept.
"""

from typing import Protocol
from uuid import UUID

from border.identity.actor import Actor, Role
from border.lifecycle import Move
from border.refusal import refuses
from border.words import N_
from customs.declaration import DECLARATION

NOT_THE_OWNER = refuses(
    "not_the_owner",
    403,
    N_("Not your declaration"),
    N_("{subject} was made by another firm. Only that firm may do this."),
)
INSPECTION_NEEDED = refuses(
    "inspection_needed",
    409,
    N_("The goods must be inspected first"),
    N_("{subject} is in the red lane. Order an inspection; accept it when it is recorded."),
)
SECOND_PERSON_NEEDED = refuses(
    "second_person_needed",
    403,
    N_("A second person must accept"),
    N_("You recorded the inspection of {subject}. Ask another officer to accept it."),
)


class Standing(Protocol):
    """What the rules look at in a declaration."""

    reference: str
    state: str
    lane: str | None
    owner_organisation_id: UUID
    carrier_organisation_id: UUID | None
    inspected_by: UUID | None


def may_see(declaration: Standing, actor: Actor) -> bool:
    """Say whether `actor` sees the declaration: its firm, its carrier, and the zone's staff."""
    if actor.is_staff:
        return True
    ours = actor.organisation_id
    return ours is not None and ours in (
        declaration.owner_organisation_id,
        declaration.carrier_organisation_id,
    )


def refuse_unfit(declaration: Standing, actor: Actor, verb: str) -> None:
    """Refuse what the role would allow and the declaration does not.

    refuses: not_the_owner, inspection_needed, second_person_needed.
    """
    open_here = [
        move
        for move in DECLARATION.of(verb)
        if declaration.state in move.sources and not actor.roles.isdisjoint(move.by)
    ]
    if open_here and all(not _owned(declaration, actor, move) for move in open_here):
        raise NOT_THE_OWNER(subject=declaration.reference)
    if verb == "accept":
        if declaration.lane == "red" and declaration.state == "under_review":
            raise INSPECTION_NEEDED(subject=declaration.reference)
        if declaration.state == "inspected" and _inspected(declaration, actor):
            raise SECOND_PERSON_NEEDED(subject=declaration.reference)


def open_moves(declaration: Standing, actor: Actor) -> tuple[Move, ...]:
    """Return the moves `actor` may make now: a page's buttons, the `moves` of an answer."""
    return tuple(
        move
        for move in DECLARATION.open_to(declaration.state, actor.roles)
        if _owned(declaration, actor, move)
        and not (move.verb == "accept" and _not_yet_acceptable(declaration, actor))
    )


def _owned(declaration: Standing, actor: Actor, move: Move) -> bool:
    """Say whether the firm fits: a trader's move is for the firm that made the declaration."""
    acting = actor.roles.intersection(move.by)
    return (
        acting != {Role.TRADER.value} or actor.organisation_id == declaration.owner_organisation_id
    )


def _inspected(declaration: Standing, actor: Actor) -> bool:
    return actor.id is not None and actor.id == declaration.inspected_by


def _not_yet_acceptable(declaration: Standing, actor: Actor) -> bool:
    if declaration.state == "under_review":
        return declaration.lane == "red"
    return _inspected(declaration, actor)
