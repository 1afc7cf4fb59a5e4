"""The person, device or program on whose behalf something is done."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from border.lifecycle import SYSTEM


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


@dataclass(frozen=True)
class Actor:
    """Who asks. `organisation_id` bounds what somebody outside the staff can see."""

    id: UUID | None
    name: str
    roles: frozenset[str]
    organisation_id: UUID | None = None
    organisation: str = ""
    email: str = ""

    @property
    def name_in_events(self) -> str:
        """How the actor is named in the record: by number, never by a person's name."""
        return str(self.id) if self.id else SYSTEM

    @property
    def is_staff(self) -> bool:
        """True for the zone's own people."""
        return not self.roles.isdisjoint(STAFF)

    def has(self, *roles: str) -> bool:
        """Say whether the actor holds one of `roles`."""
        return not self.roles.isdisjoint(roles)


PROGRAM = Actor(None, "the program", frozenset({SYSTEM}))
"""The program itself, for the moves it makes alone."""
