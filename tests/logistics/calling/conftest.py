"""Trucks in the yard, and those who call them."""

from datetime import timedelta
from typing import Any

import pytest

from border.core.actor import Actor, Role
from border.core.ids import new_id
from border.timeouts import Timeouts
from logistics.calling import answering_service, calling_service, override_service
from logistics.calling.call import NextCall
from logistics.calling.tables import CallRow, OverrideRow
from logistics.jobs import ON_TIMEOUT
from tests.logistics.conftest import GATE


class Callers:
    """The people who call trucks of a yard to its barrier."""

    def __init__(self, yard: Any) -> None:
        self.yard = yard
        self.staff = Actor(new_id(), "gate", frozenset({Role.GATE_STAFF}))
        self.manager = Actor(new_id(), "manager", frozenset({Role.MANAGER}))

    async def arrive(self, *ids: Any, hour: int = 12, **truck: Any) -> Any:
        """Bring a truck to the yard, a minute after the last; it is empty unless it has loads."""
        booking = await self.yard.confirmed(await self.yard.slot(hour), *ids, **truck)
        self.yard.clock.advance(timedelta(minutes=1))
        answer = await self.yard.scan(booking.slip_reference, "arrival")
        assert answer["verdict"] == "recorded", answer
        return booking

    async def call(self, actor: Actor | None = None, lane: str | None = None) -> Any:
        """Call the next truck of the export line."""
        wanted = NextCall(gate=GATE, direction="export", lane=lane)  # type: ignore[arg-type]
        return await self.yard.does(
            actor or self.staff, lambda unit: calling_service.call_next(unit, wanted)
        )

    async def ask(self, booking: Any, actor: Actor | None = None) -> Any:
        """Ask that a truck be called out of turn."""
        return await self.yard.does(
            actor or self.staff, lambda unit: override_service.ask(unit, booking.id, "Fire.")
        )

    async def decide(self, verb: str, wish: Any, actor: Actor, version: Any = None) -> Any:
        """Approve or decline a call out of turn."""
        make = getattr(override_service, verb)
        return await self.yard.does(actor, lambda unit: make(unit, wish.id, version))

    async def withdraw(self, row: Any) -> Any:
        """Take a call back."""
        return await self.yard.does(
            self.staff, lambda unit: calling_service.withdraw(unit, row.id, None)
        )

    async def order(self) -> list[str]:
        """Return the bookings of the export line in their order."""
        return [one.truck.reference for one in (await self.line()).turns]

    async def line(self) -> Any:
        """Return the export line."""
        async with self.yard.store.reading() as connection:
            view = await calling_service.line_of(
                connection, self.staff, self.yard.clock.now(), GATE, "export"
            )
        return view.line

    async def states(self) -> list[str]:
        """Return the states of all calls, in the order they were made."""
        rows = sorted(await self.yard.rows(CallRow), key=lambda row: (row.created_at, row.id))
        return [row.state for row in rows]

    async def sweep(self) -> None:
        """Make every time-out that is due."""
        await Timeouts(self.yard.store, ON_TIMEOUT, kinds=[CallRow, OverrideRow]).run()

    async def hear(self) -> None:
        """Let the reader of the feed end calls."""
        await self.yard.quiet()
        await answering_service.catch_up(self.yard.store)


@pytest.fixture
def callers(yard: Any) -> Callers:
    """Those who call at the yard."""
    return Callers(yard)
