"""The person, device or program on whose behalf something is done."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from border.core.lifecycle import SYSTEM


class Role(StrEnum):
    """What somebody may do; one account may hold several."""

    TRADER = "trader"
    CARRIER = "carrier"
    GATE_STAFF = "gate_staff"
    CASHIER = "cashier"
    ACCOUNTANT = "accountant"
    CUSTOMS_OFFICER = "customs_officer"
    BORDER_GUARD = "border_guard"
    PLANT_QUARANTINE = "plant_quarantine"
    ANIMAL_QUARANTINE = "animal_quarantine"
    HEALTH_QUARANTINE = "health_quarantine"
    MANAGER = "manager"
    PLATFORM = "platform"


STAFF = frozenset(set(Role) - {Role.TRADER, Role.CARRIER, Role.PLATFORM})
"""Roles of the zone's own people, who see every record of the gates."""
QUARANTINE = (Role.PLANT_QUARANTINE, Role.ANIMAL_QUARANTINE, Role.HEALTH_QUARANTINE)


class ActorKind(StrEnum):
    """What sets something off; events carry it."""

    PERSON = "person"
    DEVICE = "device"
    GATEWAY = "gateway"
    PROGRAM = "program"


@dataclass(frozen=True)
class Delegation:
    """A right that an organisation gave away: to do `verb` to what is its own."""

    verb: str
    organisation_id: UUID
    organisation: str = ""


@dataclass(frozen=True)
class Actor:
    """Who asks. What they may do is `border.identity.policy`'s.

    `organisation_id`, `gates` and `delegations` are what its scopes compare records with.
    """

    id: UUID | None
    name: str
    roles: frozenset[str]
    organisation_id: UUID | None = None
    organisation: str = ""
    email: str = ""
    gates: frozenset[str] = frozenset()
    delegations: tuple[Delegation, ...] = ()
    kind: ActorKind = ActorKind.PERSON

    @property
    def acts_for(self) -> dict[UUID, str]:
        """The organisations that gave the actor a right, with their names."""
        return {one.organisation_id: one.organisation for one in self.delegations}

    @property
    def name_in_events(self) -> str:
        """How the actor is named in the record: by number, never by a person's name."""
        return str(self.id) if self.id else SYSTEM


PROGRAM = Actor(None, "the program", frozenset({SYSTEM}), kind=ActorKind.PROGRAM)
"""The program itself, for the moves it makes alone."""
GATEWAY = Actor(None, "a payment gateway", frozenset({SYSTEM}), kind=ActorKind.GATEWAY)
"""A payment gateway, whose word the program acts on."""
