"""Those who wait for the hours of a yard."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from border.timeouts import Timeouts
from logistics.jobs import ON_TIMEOUT
from logistics.storage import booking, slot
from logistics.tables import LIVE_SQL, BookingRow, SlotRow
from logistics.waiting import waiting_service
from logistics.waiting.storage import entry, hour
from logistics.waiting.tables import WaitingRow
from logistics.waiting.waiting import WaitingRequest
from tests.logistics.conftest import SLIPS


class Line:
    """A full hour, and those who wait for it."""

    def __init__(self, yard: Any) -> None:
        self.yard = yard

    async def full(self, hour: int = 15, places: int = 1) -> tuple[SlotRow, list[Any]]:
        """Return an hour with all its places booked by empty trucks, and the bookings."""
        slot = await self.yard.slot(hour, places=places)
        return slot, [await self.yard.book(slot) for _ in range(places)]

    async def join(
        self,
        slot: SlotRow,
        *also: UUID,
        actor: Any = None,
        loads: tuple[UUID, ...] = (),
        **truck: Any,
    ) -> Any:
        """Wait for an hour with a truck that is empty unless it has loads."""
        body = self.yard.request(*loads, **truck).model_dump(by_alias=True)
        wanted = WaitingRequest.model_validate(body | {"also": also})
        return await self.yard.does(
            actor or self.yard.trader, lambda unit: waiting_service.join(unit, slot.id, wanted)
        )

    async def does(self, verb: str, view: Any, actor: Any = None, version: Any = None) -> Any:
        """Accept, decline or withdraw."""
        more = (SLIPS,) if verb == "accept" else ()
        make = getattr(waiting_service, verb)
        return await self.yard.does(
            actor or self.yard.trader, lambda unit: make(unit, view.row.id, version, *more)
        )

    async def row(self, view: Any) -> WaitingRow:
        """Return one who waits as it now is."""
        (found,) = await self.yard.rows(WaitingRow, id=view.row.id)
        return found

    async def states(self, *views: Any) -> list[str]:
        """Return the state of each."""
        return [(await self.row(view)).state for view in views]

    async def slot(self, slot: SlotRow) -> tuple[int, int]:
        """Return how many places of an hour are taken, and how many wait for it."""
        (found,) = await self.yard.rows(SlotRow, id=slot.id)
        return found.taken, found.waiting

    async def sweep(self) -> None:
        """Make every time-out that is due."""
        await Timeouts(self.yard.store, ON_TIMEOUT, kinds=[WaitingRow, BookingRow]).run()

    async def disagreeing(self) -> list[Any]:
        """Return the hours whose counts are not those of the bookings, offers and waiting."""
        live = select(func.count()).where(booking.c.slot_id == slot.c.id, LIVE_SQL)
        offered = select(func.count()).where(
            entry.c.offered_slot_id == slot.c.id, entry.c.state == "offered"
        )
        waiting = (
            select(func.count())
            .select_from(hour.join(entry, entry.c.id == hour.c.entry_id))
            .where(hour.c.slot_id == slot.c.id, hour.c.live, entry.c.state == "waiting")
        )
        found = select(
            slot.c.id,
            slot.c.taken,
            slot.c.waiting,
            live.scalar_subquery().label("booked"),
            offered.scalar_subquery().label("offered"),
            waiting.scalar_subquery().label("wait"),
        ).subquery()
        wrong = (found.c.taken != found.c.booked + found.c.offered) | (
            found.c.waiting != found.c.wait
        )
        async with self.yard.store.reading() as connection:
            return list((await connection.execute(select(found).where(wrong))).all())


@pytest.fixture
def line(yard: Any) -> Line:
    """Those who wait at the yard."""
    return Line(yard)
