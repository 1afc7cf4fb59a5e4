"""Trucks that come to the yard without a booking, and the booth that takes them in."""

from typing import Any

import pytest

from border.core.actor import Actor, Role
from border.core.ids import new_id
from border.core.store import AnyRow
from logistics.standby import intake_service, placing_service
from logistics.standby.standby import StandbyRequest
from logistics.standby.tables import StandbyRow
from tests.logistics.conftest import FIRMS, GATE, SLIPS


class Booth:
    """The people of the booth at the yard."""

    def __init__(self, yard: Any) -> None:
        self.yard = yard
        self.staff = Actor(new_id(), "booth", frozenset({Role.GATE_STAFF}), FIRMS[2].id)

    def wanted(self, *goods: str, **changes: Any) -> StandbyRequest:
        """Return what the booth types of a truck; without goods it is empty, of our firm."""
        truck = self.yard.request(**changes.pop("truck", {})).model_dump(by_alias=True)
        given = truck | {"gate": GATE, "direction": "export", "goods": goods, "empty": not goods}
        firm = {} if goods else {"firm": FIRMS[0].tax_code}
        return StandbyRequest.model_validate(given | firm | changes)

    async def take_in(self, *goods: str, **changes: Any) -> AnyRow:
        """Take a truck in."""
        wanted = self.wanted(*goods, **changes)
        return await self.yard.does(
            self.staff, lambda unit: intake_service.take_in(unit, wanted, SLIPS)
        )

    async def announce(self, actor: Actor, *goods: str, **changes: Any) -> AnyRow:
        """Let a firm say that its truck comes."""
        wanted = self.wanted(*goods, **{"firm": None, **changes})
        return await self.yard.does(actor, lambda unit: intake_service.announce(unit, wanted))

    async def arrive(self, row: Any) -> AnyRow:
        """See an announced truck."""
        return await self.yard.does(
            self.staff, lambda unit: intake_service.arrive(unit, row.id, None, SLIPS)
        )

    async def leave(self, row: Any, actor: Actor | None = None) -> AnyRow:
        """Take a truck out."""
        return await self.yard.does(
            actor or self.staff, lambda unit: intake_service.leave(unit, row.id, None)
        )

    async def serve(self) -> int:
        """Let the program give hours to whoever can have one."""
        return await placing_service.serve_due(self.yard.store, SLIPS)

    async def order(self) -> list[str]:
        """Return the codes of the export queue in their order."""
        async with self.yard.store.reading() as connection:
            found = await placing_service.lines(connection, self.yard.clock.now())
        return [one.entry.reference for one in found.by_way.get((GATE, "export"), ())]

    async def place(self, code: str) -> Any:
        """Return what a driver is told under a code."""
        async with self.yard.store.reading() as connection:
            found = await placing_service.places(connection, self.yard.clock.now())
        return found.of(code)

    async def row(self, entry: Any) -> StandbyRow:
        """Return an entry as it now is."""
        (found,) = await self.yard.rows(StandbyRow, id=entry.id)
        return found


@pytest.fixture
def booth(yard: Any) -> Booth:
    """The booth at the yard."""
    return Booth(yard)
