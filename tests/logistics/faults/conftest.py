"""A firm that leaves places unused, and the office that looks at it."""

from datetime import date, timedelta
from typing import Any

import pytest

from border.core.actor import Actor, Role
from border.core.clock import local_date
from border.core.ids import new_id
from border.core.store import Unit
from border.regulation import regulation_service
from border.timeouts import Timeouts
from logistics.fairness.ladder import FAULT_LADDER
from logistics.fairness.tables import FaultRow
from logistics.faults import appeal_service, noting_service
from logistics.jobs import ON_TIMEOUT
from logistics.tables import BookingRow, SlotRow
from logistics.waiting.tables import WaitingRow
from tests.logistics.rule_drafts import ladder_draft


class Ladder:
    """A ladder in force since this morning, and what a firm does on it."""

    def __init__(self, yard: Any) -> None:
        self.yard = yard
        self.manager = Actor(new_id(), "office", frozenset({Role.MANAGER}))

    async def begins(self, on: date | None = None) -> None:
        """Put the ladder in force."""
        draft = ladder_draft(on or local_date(self.yard.clock.now()))

        async def work(unit: Unit) -> int:
            return await regulation_service.load(unit, FAULT_LADDER, [draft])

        await self.yard.store.perform(self.manager, work)

    async def note(self) -> list[FaultRow]:
        """Let time-outs and the reader of the feed do what is due; return every fault."""
        kinds = [BookingRow, WaitingRow, FaultRow]
        await Timeouts(self.yard.store, ON_TIMEOUT, kinds=kinds).run()
        await self.yard.quiet()
        await noting_service.catch_up(self.yard.store)
        return sorted(await self.yard.rows(FaultRow), key=lambda row: row.id)

    async def missed(self, slot: SlotRow, *ids: Any, **truck: Any) -> Any:
        """Book an hour, let it pass, and return the booking."""
        booked = await self.yard.confirmed(slot, *ids, **truck)
        self.yard.clock.at = slot.ends_at + timedelta(hours=1)
        await self.note()
        return await self.yard.booking(_Of(booked))

    async def faults(self, number: int) -> list[FaultRow]:
        """Let a firm miss so many hours of this day; return its faults."""
        slots = [await self.yard.slot(14 + place) for place in range(number)]
        for slot in slots:
            await self.yard.confirmed(slot)
        self.yard.clock.at = slots[-1].ends_at + timedelta(hours=1)
        return await self.note()

    async def appeal(self, row: FaultRow, actor: Actor | None = None, words: str = "Ice") -> Any:
        """Appeal against a fault."""
        return await self.yard.does(
            actor or self.yard.trader,
            lambda unit: appeal_service.appeal(unit, row.id, words, None),
        )

    async def decide(self, row: FaultRow, verb: str, actor: Actor | None = None) -> Any:
        """Decide on an appeal."""
        return await self.yard.does(
            actor or self.manager,
            lambda unit: appeal_service.decide(unit, row.id, verb, "Looked at", None),
        )


class _Of:
    """A booking as `Yard.booking` takes it."""

    def __init__(self, booking: Any) -> None:
        self.booking = booking


@pytest.fixture
async def ladder(yard: Any) -> Ladder:
    """A ladder in force."""
    made = Ladder(yard)
    await made.begins()
    return made
