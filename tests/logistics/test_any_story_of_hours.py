"""Any story of those who want an hour: after each step the database is as a small model says.

The real services on the real PostgreSQL. The model knows how many places an hour has, who has one,
who was offered one and who waits; who of those who wait is drawn it is told, for that is a lottery.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, update

from border.core.clock import FixedClock, local_date
from border.core.store import Store, open_engine
from logistics import booking_service, booking_set_service, share_storage, storage
from logistics.capacity import displacing_service, limit_service
from logistics.changing import moving_service
from logistics.changing.change import MoveRequest
from logistics.share import CLASSES, share_of
from logistics.tables import BookingRow, SlotRow
from logistics.waiting import serving_service
from logistics.waiting.tables import WaitingRow
from tests.logistics.capacity.test_displacing_service import accept as accept_displacement
from tests.logistics.capacity.test_limit_service import MANAGER, limited
from tests.logistics.conftest import SLIPS, open_yard
from tests.logistics.waiting.conftest import Line

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
HOURS = (10, 11, 12)
SHARED = 2
"""Which of the hours has shares; nobody limits it."""
PERCENTS = (0, 50, 50, 0, 0)
PLACES = 4
MOST_MOVES, MOST_WAITING = 2, 12
ANY = st.integers(0, 20)
"""Which of those there are; counted round."""
HOUR = st.integers(0, len(HOURS) - 1)


@dataclass
class Seat:
    """A booking as the model knows it."""

    booking: Any
    hour: int | None
    of: str
    held: bool
    moved: int = 0
    displaced: bool = False


@dataclass
class Hour:
    """An hour as the model knows it; those who wait and those offered a place by their class."""

    slot: SlotRow
    places: int = PLACES
    waiting: dict[UUID, str] = field(default_factory=dict)
    offered: dict[UUID, str] = field(default_factory=dict)


class Story(RuleBasedStateMachine):
    """One run: trucks book, move, cancel and wait while limits come and go and time goes by."""

    run: Callable[[Coroutine[Any, Any, Any]], Any]
    open_it: Callable[[], Coroutine[Any, Any, Any]]

    def __init__(self) -> None:
        super().__init__()
        self.yard = self.run(self.open_it())
        self.line = Line(self.yard)
        self.seats: list[Seat] = []
        self.spare: UUID | None = None
        """Goods that were refused a place."""
        self.views: dict[UUID, Any] = {}
        self.hours = [Hour(slot) for slot in self.run(self._slots())]

    # What the model says

    def taken(self, n: int, of: str | None = None) -> int:
        """Return how many places of an hour are taken, of a class or of all."""
        hour = self.hours[n]
        classes = [seat.of for seat in self.seats if seat.hour == n] + [*hour.offered.values()]
        return len(classes) if of is None else classes.count(of)

    def share(self, n: int, of: str) -> int:
        """Return how many places a class may take of an hour."""
        hour = self.hours[n]
        if n != SHARED:
            return hour.places
        return (share_of(PERCENTS, hour.places) or [])[CLASSES.index(of)]

    def waits(self, n: int, of: str) -> bool:
        """Say whether somebody waits whom a truck of a class may not pass."""
        waiting = self.hours[n].waiting.values()
        return of in waiting if n == SHARED else bool(waiting)

    def room(self, n: int, of: str) -> int:
        """Return how many places of an hour a class can have."""
        whole = self.hours[n].places - self.taken(n)
        return max(min(whole, self.share(n, of) - self.taken(n, of) * (n == SHARED)), 0)

    def refusal(self, n: int, of: str) -> str:
        """Return how a truck of a class that wants an hour must be answered."""
        if not self.hours[n].places:
            return "slot_closed"
        if n == SHARED and self.taken(n) < self.hours[n].places:
            return "share_full" if self.waits(n, of) or not self.room(n, of) else "done"
        return "slot_full" if self.waits(n, of) or not self.room(n, of) else "done"

    def serve(self, n: int) -> None:
        """Learn who was drawn for the places of an hour, and hold their number to the model's."""
        hour = self.hours[n]
        rows = {row.id: row for row in self.run(self.yard.rows(WaitingRow))}
        drawn = [id for id in hour.waiting if rows[id].state == "offered"]
        for id in drawn:
            of = hour.waiting[id]
            assert self.room(n, of) > 0, "a place was offered that there is not"
            hour.offered[id] = hour.waiting.pop(id)
        for of in hour.waiting.values():
            assert not self.room(n, of), "a place lies idle while somebody waits"

    # What people do

    @rule(n=HOUR, loaded=st.booleans())
    def book(self, n: int, loaded: bool) -> None:
        of = "ordinary" if loaded else "empty"
        wanted = self.refusal(n, of)
        ids = [self.spare or self.run(self.yard.lodged()).id] if loaded else []
        self.spare = ids[0] if ids and wanted != "done" else None
        if booked := self._done(self.yard.book(self.hours[n].slot, *ids), wanted):
            self.seats.append(Seat(booked, n, of, loaded))

    @rule(n=HOUR)
    def wait(self, n: int) -> None:
        hour = self.hours[n]
        if hour.places and not self.waits(n, "empty") and self.room(n, "empty"):
            wanted = "slot_has_places"
        elif not hour.places:
            wanted = "slot_closed"
        elif len(hour.waiting) + len(hour.offered) >= MOST_WAITING:
            wanted = "too_many_waiting"
        else:
            wanted = "done"
        if view := self._done(self.line.join(hour.slot), wanted):
            self.views[view.row.id] = view
            hour.waiting[view.row.id] = "empty"

    @precondition(lambda self: self.seats)
    @rule(which=ANY)
    def cancel(self, which: int) -> None:
        seat = self.seats.pop(which % len(self.seats))
        self.run(self.yard.cancel(seat.booking))
        self.serve_all(seat.hour)

    @precondition(lambda self: self.seats)
    @rule(which=ANY, n=HOUR)
    def move(self, which: int, n: int) -> None:
        seat = self.seats[which % len(self.seats)]
        if seat.hour == n:
            wanted = "invalid_fields"
        elif not seat.displaced and seat.moved >= MOST_MOVES:
            wanted = "moved_too_often"
        else:
            wanted = self.refusal(n, seat.of)
        request = MoveRequest(slot_id=self.hours[n].slot.id)
        moving = self.yard.does(
            self.yard.trader,
            lambda unit: moving_service.move(unit, seat.booking.booking.id, request, None, SLIPS),
        )
        assert self.run(self.yard.tries(moving)) == wanted
        if wanted == "done":
            left, seat.hour = seat.hour, n
            seat.moved += not seat.displaced
            seat.displaced = False
            self.serve_all(left)

    @rule(n=st.integers(0, SHARED - 1), value=st.sampled_from((None, 0, 0, 1, 3)))
    def limit(self, n: int, value: int | None) -> None:
        decision = limited(self.hours[n].slot, value)
        putting = self.yard.does(
            MANAGER, lambda unit: limit_service.put_limits(unit, decision, SLIPS)
        )
        here = [seat for seat in self.seats if seat.hour == n]
        places = PLACES if value is None else min(PLACES, value)
        lost = min(max(self.taken(n) - places, 0), len(here))
        assert self.run(self.yard.tries(putting)) == "done"
        self.hours[n].places = places
        rows = {row.id: row for row in self.run(self.yard.rows(BookingRow))}
        ids = {hour.slot.id: n for n, hour in enumerate(self.hours)}
        gone = [
            seat
            for seat in here
            if rows[seat.booking.booking.id].slot_id not in (self.hours[n].slot.id,)
        ]
        assert len(gone) == lost, "another number was displaced than has no place"
        for seat in gone:
            row = rows[seat.booking.booking.id]
            assert row.displaced_from is not None
            seat.hour, seat.displaced = ids.get(row.slot_id), True
        self.serve_all(n)

    @precondition(lambda self: any(seat.displaced for seat in self.seats))
    @rule(which=ANY)
    def accept_displacement(self, which: int) -> None:
        displaced = [seat for seat in self.seats if seat.displaced]
        seat = displaced[which % len(displaced)]
        assert self.run(self.yard.tries(accept_displacement(self.yard, seat.booking.booking))) == (
            "done"
        )
        seat.displaced = False

    @precondition(lambda self: self.views)
    @rule(which=ANY, verb=st.sampled_from(("accept", "decline", "withdraw")))
    def answer(self, which: int, verb: str) -> None:
        id = list(self.views)[which % len(self.views)]
        n = next((n for n, hour in enumerate(self.hours) if id in hour.offered), None)
        at = next((n for n, hour in enumerate(self.hours) if id in hour.waiting), None)
        wanted = (
            "done"
            if n is not None or (at is not None and verb == "withdraw")
            else ("move_not_open")
        )
        assert self.run(self.yard.tries(self.line.does(verb, self.views[id]))) == wanted
        if wanted != "done":
            return
        if n is not None:
            of = self.hours[n].offered.pop(id)
            if verb == "accept":
                rows = self.run(self.yard.rows(WaitingRow, id=id))
                [row] = self.run(self.yard.rows(BookingRow, id=rows[0].booking_id))
                self.seats.append(Seat(booking_service.BookingWithCharges(row, []), n, of, False))
        elif at is not None:
            self.hours[at].waiting.pop(id)
        self.serve_all(n if n is not None else at)

    @rule()
    def time_goes_by(self) -> None:
        """Let every unpaid hold and every open offer run out, and who is next be offered."""
        self.yard.clock.advance(timedelta(minutes=21))
        self.run(self.line.sweep())
        self.seats = [seat for seat in self.seats if not seat.held]
        for n, hour in enumerate(self.hours):
            hour.offered.clear()
            self.serve(n)

    def serve_all(self, n: int | None) -> None:
        """Learn who was drawn after something changed in an hour."""
        if n is not None:
            self.serve(n)

    # What holds after each step

    @invariant()
    def the_database_is_as_the_model(self) -> None:
        rows = {row.id: row for row in self.run(self._now())}
        for n, hour in enumerate(self.hours):
            row = rows[hour.slot.id]
            found = (row.capacity, row.taken, row.waiting)
            assert found == (hour.places, self.taken(n), len(hour.waiting))

    def teardown(self) -> None:
        """Hold the counts of every hour to the records there are."""
        assert self.run(self.line.disagreeing()) == []

    async def _now(self) -> Any:
        ids = [hour.slot.id for hour in self.hours]
        async with self.yard.store.reading() as connection:
            here = select(storage.slot).where(storage.slot.c.id.in_(ids))
            return (await connection.execute(here)).all()

    def _done(self, work: Coroutine[Any, Any, Any], wanted: str) -> Any:
        """Do something; return what it gave, or None where it was refused as it should be."""
        given: list[Any] = []

        async def keep() -> None:
            given.append(await work)

        assert self.run(self.yard.tries(keep())) == wanted
        return given[0] if given else None

    async def _slots(self) -> list[SlotRow]:
        day = local_date(NOON) + timedelta(days=1)
        slots = [await self.yard.slot_of(day, hour) for hour in HOURS]
        ids = [slot.id for slot in slots]
        async with self.yard.store.engine.begin() as connection:
            here = storage.slot.c.id.in_(ids)
            some = update(storage.slot).where(here).values(planned=PLACES, capacity=PLACES)
            await connection.execute(some)
            share = {"share": share_of(PERCENTS, PLACES), "percents": list(PERCENTS)}
            more = {"id": ids[SHARED], "shares_open_at": None, **share}
            await share_storage.put_shares(connection, [more])
        return slots


def tell(servers: Any, database: Any, examples: int) -> None:
    """Tell stories until one goes wrong, or so many went well."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        engine = open_engine(servers.database_url, pool_size=4)

        class OurStory(Story):
            run = staticmethod(runner.run)

            @staticmethod
            async def open_it() -> Any:
                async def fill(_: str, load: Any) -> None:
                    await load()

                await database.empty(engine)
                clock = FixedClock(NOON)
                return await open_yard(Store(engine, clock), clock, fill)

        try:
            run_state_machine_as_test(
                OurStory,
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=25,
                    derandomize=True,
                    phases=[Phase.generate],  # shortening a story that fails takes minutes
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(engine.dispose())


def test_in_any_story_the_hours_are_as_the_model_says(servers: Any, database: Any) -> None:
    """Takes its time for a few stories of 25 steps, each looking at every hour."""
    tell(servers, database, 6)


async def nothing(*_: Any) -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    ("where", "name", "planted"),
    [
        (moving_service, "give_back", nothing),
        (booking_service, "give_back", nothing),
        (serving_service, "_offer", nothing),
        (displacing_service, "displace", nothing),
        (booking_set_service, "closed", lambda *_: None),
    ],
)
def test_control_a_planted_fault_is_found(
    servers: Any,
    database: Any,
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
    planted: Any,
) -> None:
    monkeypatch.setattr(where, name, planted)
    with pytest.raises((AssertionError, Flaky)):
        tell(servers, database, 12)
