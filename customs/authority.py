"""What bars a move on a declaration beyond what the table of permissions says.

Pure. Who may make which move on whose declaration is `customs.declaration`'s rows; here is what a
role does not tell: a red lane is inspected before it is accepted, and whoever inspected does not
accept.
"""

from typing import Protocol
from uuid import UUID

from border.core.actor import Actor
from border.core.lifecycle import Move
from border.core.refusal import refuses
from border.core.words import N_
from border.identity import policy
from customs.declaration import DECLARATION

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


class DeclarationFacts(Protocol):
    """What the rules look at in a declaration."""

    reference: str
    state: str
    lane: str | None
    owner_organisation_id: UUID
    carrier_organisation_id: UUID | None
    inspected_by: UUID | None


def refuse_unfit(declaration: DeclarationFacts, actor: Actor, verb: str) -> None:
    """Refuse what the table would allow and the declaration does not.

    refuses: inspection_needed, second_person_needed.
    """
    if verb == "accept":
        if declaration.lane == "red" and declaration.state == "under_review":
            raise INSPECTION_NEEDED(subject=declaration.reference)
        if declaration.state == "inspected" and _inspected(declaration, actor):
            raise SECOND_PERSON_NEEDED(subject=declaration.reference)


def open_moves(declaration: DeclarationFacts, actor: Actor) -> tuple[Move, ...]:
    """Return the moves `actor` may make now: a page's buttons, the `moves` of an answer."""
    return tuple(
        move
        for move in policy.open_moves(actor, DECLARATION, declaration)
        if not (move.verb == "accept" and _not_yet_acceptable(declaration, actor))
    )


def _inspected(declaration: DeclarationFacts, actor: Actor) -> bool:
    return actor.id is not None and actor.id == declaration.inspected_by


def _not_yet_acceptable(declaration: DeclarationFacts, actor: Actor) -> bool:
    if declaration.state == "under_review":
        return declaration.lane == "red"
    return _inspected(declaration, actor)
