"""A ballot from its announcement to the places that were drawn, and what is refused on the way."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from api.routes.ballots import BallotShape
from border.core.clock import FixedClock
from border.core.refusal import Refusal
from logistics.ballot import ballot_service, draw_service, storage
from logistics.ballot.ballot import EntryRequest
from logistics.ballot.beacon import Beacon, HttpBeacons, Spoken, from_seconds
from logistics.ballot.drawing import faults_of
from logistics.ballot.tables import BallotEntryRow, BallotRow
from logistics.ballot.terms import BALLOT_TERMS
from logistics.tables import SlotRow
from logistics.waiting.tables import WaitingRow
from tests.logistics.conftest import GATE
from tests.logistics.rule_drafts import terms_draft
from tests.logistics.waiting.conftest import Line

PEAK = date(2026, 11, 27)
NOON = datetime(2026, 11, 23, 5, tzinfo=UTC)


@dataclass
class Drums:
    """Two beacons that speak when they are told to."""

    every: tuple[Beacon, ...] = (
        Beacon("first", "", NOON, timedelta(seconds=30)),
        Beacon("second", "", NOON, timedelta(seconds=60)),
    )
    silent: set[str] = field(default_factory=set)
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def ask(self, name: str, number: int) -> Spoken | None:
        """Say something of a round that everybody knows afterwards, unless silent."""
        self.asked.append((name, number))
        if name in self.silent:
            return None
        signature = sha256(f"{name} {number}".encode()).hexdigest()
        return Spoken(sha256(bytes.fromhex(signature)).hexdigest(), signature)


@dataclass
class Urn:
    """A ballot of the mornings of Friday, three hours of two places each."""

    yard: Any
    line: Line
    beacons: Drums
    ballot: BallotRow
    hours: list[SlotRow]

    async def run(self) -> int:
        """Let the program do what is due."""
        return await draw_service.run(self.yard.store, self.beacons)

    async def enter(self, *wanted: int, actor: Any = None, loads: Any = (), **truck: Any) -> Any:
        """Enter a truck for some of the hours, the best first."""
        body = self.yard.request(*loads, **truck).model_dump(by_alias=True)
        ids = [self.hours[n].id for n in wanted]
        request = EntryRequest.model_validate(body | {"preferences": ids})
        return await self.yard.does(
            actor or self.yard.trader,
            lambda unit: ballot_service.enter(unit, self.ballot.id, request),
        )

    async def now(self) -> BallotRow:
        """Return the ballot as it now is."""
        (found,) = await self.yard.rows(BallotRow)
        return found

    async def published(self) -> dict[str, Any]:
        """Return the ballot as anybody downloads it."""
        async with self.yard.store.reading() as connection:
            view = await ballot_service.get(connection, self.ballot.id)
        found: dict[str, Any] = msgspec.to_builtins(BallotShape.of(view))
        return found


@pytest.fixture
async def urn(yard: Any) -> Urn:
    """A ballot that takes entries."""
    day = {"effective_to": PEAK + timedelta(days=1)}
    rules = terms_draft(GATE, "mornings", PEAK, cooling_hours=0).model_copy(update=day)
    await yard.enacts(BALLOT_TERMS, rules)
    hours = [await yard.slot_of(PEAK, hour) for hour in (7, 8, 9)]
    async with yard.store.engine.begin() as connection:
        ids = [one.id for one in hours]
        await connection.execute(
            storage.slot.update().where(storage.slot.c.id.in_(ids)).values(capacity=2)
        )
    drums = Drums()
    assert await draw_service.run(yard.store, drums) == 2, "announced, and opened at once"
    (ballot,) = await yard.rows(BallotRow)
    return Urn(yard, Line(yard), drums, ballot, hours)


async def test_a_peak_is_announced_entered_closed_and_drawn(urn: Urn, clock: FixedClock) -> None:
    yard, ballot = urn.yard, urn.ballot
    assert (ballot.state, len(ballot.beacons)) == ("open", 2)
    assert ballot.draw_at > ballot.closes_at, "the round is named, and is not there before"
    assert {(await yard.rows(SlotRow, id=one.id))[0].mode for one in urn.hours} == {"ballot"}
    goods = await yard.lodged()
    entries = [await urn.enter(0, 1, loads=(goods.id,))]
    entries += [await urn.enter(0, 1) for _ in range(7)]
    assert await urn.run() == 0
    clock.at = ballot.closes_at
    assert await urn.run() == 1
    closed = await urn.published()
    assert closed["entries_root"]
    assert len(closed["entries"]) == 8
    assert closed["order"] == []
    assert urn.beacons.asked == [], "it is not asked before its time"
    clock.at = ballot.draw_at
    assert await urn.run() == 1
    drawn = await urn.published()
    assert (drawn["state"], faults_of(drawn)) == ("drawn", [])
    assert {e["entry"] for e in drawn["order"]} == {one.reference for one in entries}
    assert Counter(bool(e["got"]) for e in drawn["order"]) == {True: 4, False: 4}
    assert [await urn.line.slot(one) for one in urn.hours] == [(2, 4), (2, 4), (0, 0)]
    assert await urn.line.disagreeing() == []
    waiting = {w.number: w.state for w in await yard.rows(WaitingRow)}
    assert waiting == {n: "offered" if n <= 4 else "waiting" for n in range(1, 9)}
    assert not any(
        plate in str(drawn) for plate in (one.plate for one in await yard.rows(BallotEntryRow))
    )
    assert await yard.tries(yard.book(urn.hours[2])) == "done", "what is left is open to all"
    assert await yard.tries(yard.book(urn.hours[0])) == "slot_full"
    assert await urn.run() == 0, "drawn once"


async def test_declining_does_not_lose_the_number_and_what_comes_back_goes_to_the_next_number(
    urn: Urn, clock: FixedClock
) -> None:
    yard = urn.yard
    for _ in range(7):
        await urn.enter(0, 1)
    clock.at = urn.ballot.closes_at
    await urn.run()
    clock.at = urn.ballot.draw_at
    await urn.run()

    async def numbered(number: int) -> WaitingRow:
        return (await yard.rows(WaitingRow, number=number))[0]

    class View:
        def __init__(self, row: WaitingRow) -> None:
            self.row = row

    first, fifth = await numbered(1), await numbered(5)
    assert first.offered_slot_id == urn.hours[0].id
    declined = await urn.line.does("decline", View(first))
    assert (declined.row.state, declined.row.number) == ("waiting", 1)
    assert (await numbered(5)).offered_slot_id == urn.hours[0].id, "to the lowest that waits"
    third = await numbered(3)
    assert third.offered_slot_id == urn.hours[1].id
    await urn.line.does("withdraw", View(third))
    assert (await numbered(1)).offered_slot_id == urn.hours[1].id, "before numbers 6 and 7"
    accepted = await urn.line.does("accept", View(fifth))
    assert accepted.row.booking_id
    assert await urn.line.disagreeing() == []


async def test_nothing_of_a_peak_is_raced_for_before_the_draw(urn: Urn) -> None:
    yard, hour = urn.yard, urn.hours[0]
    assert await yard.tries(yard.book(hour)) == "slot_is_drawn"
    assert await yard.tries(urn.line.join(hour)) == "slot_is_drawn"


async def test_what_cannot_be_entered_is_refused_with_the_way_out(
    urn: Urn, clock: FixedClock
) -> None:
    yard = urn.yard
    foreign = await yard.slot_of(PEAK, 10)
    urn.hours += [foreign, foreign]
    with pytest.raises(Refusal) as refused:
        await urn.enter(0, 0, 3, 4)
    assert [(error.field, error.code) for error in refused.value.errors] == [
        ("preferences.1", "repeated"),
        ("preferences.2", "foreign_hour"),
        ("preferences.3", "repeated"),
    ]
    await urn.enter(0, plate="24C-123.45")
    assert await yard.tries(urn.enter(1, plate="24C12345")) == "already_entered"
    assert await yard.tries(urn.enter(1, actor=yard.guard)) == "not_allowed"
    clock.at = urn.ballot.closes_at
    assert await yard.tries(urn.enter(1)) == "ballot_closed"


async def test_accounts_and_trucks_cool_off_before_peak_hours(urn: Urn, clock: FixedClock) -> None:
    yard, hours = urn.yard, 72
    async with yard.store.engine.begin() as connection:
        await connection.execute(storage.ballot.update().values(cooling_hours=hours))
    old = UUID(int=(int((clock.at - timedelta(hours=73)).timestamp() * 1000) << 80) | 7 << 76 | 1)
    known = replace(yard.trader, id=old)
    assert await yard.tries(urn.enter(0, actor=known, plate="24C-123.45")) == "cooling_off"
    booked = await yard.book(await yard.slot(20), plate="24C-123.45")
    await yard.cancel(booked)
    assert await yard.tries(urn.enter(0, actor=known, plate="24C-123.45")) == "cooling_off"
    async with yard.store.engine.begin() as connection:
        before = clock.at - timedelta(hours=hours)
        await connection.execute(storage.booking.update().values(created_at=before))
    assert await yard.tries(urn.enter(0, plate="24C-123.45")) == "cooling_off", "a new account"
    assert await yard.tries(urn.enter(0, actor=known, plate="24C-123.45")) == "done"


async def test_a_silent_beacon_is_stood_in_for_by_the_one_that_was_named(
    urn: Urn, clock: FixedClock
) -> None:
    await urn.enter(0)
    urn.beacons.silent = {"first"}
    clock.at = urn.ballot.draw_at
    assert await urn.run() == 1, "closed late, and not drawn"
    clock.advance(timedelta(minutes=10))
    assert await urn.run() == 1
    drawn = await urn.published()
    assert drawn["beacon"]["name"] == "second"
    assert [drawn["beacon"]["round"]] == [
        one["round"] for one in urn.ballot.beacons if one["name"] == "second"
    ]
    assert faults_of(drawn) == []


async def test_a_program_that_stops_between_any_two_steps_goes_on_from_there(
    urn: Urn, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await urn.enter(0)
    before = await urn.yard.counted()
    clock.at = urn.ballot.draw_at
    steps = ("close", "draw", "_join")
    for step in steps:

        async def killed(*_: Any, **__: Any) -> None:
            raise RuntimeError("killed")

        with monkeypatch.context() as patched:
            patched.setattr(draw_service, step, killed)
            await urn.run()
    counted = await urn.yard.counted()
    assert {name for name in counted if counted[name] != before[name]} == {"event"}, "the close's"
    assert (await urn.now()).state == "open"
    assert await urn.run() == 1
    assert (await urn.now()).state == "drawn"
    assert faults_of(await urn.published()) == []


async def test_an_entry_that_was_touched_after_the_close_stops_the_draw(
    urn: Urn, clock: FixedClock
) -> None:
    await urn.enter(0)
    clock.at = urn.ballot.closes_at
    await urn.run()
    async with urn.yard.store.engine.begin() as connection:
        await connection.execute(storage.entry.update().values(preferences=[str(urn.hours[1].id)]))
    clock.at = urn.ballot.draw_at
    assert await urn.run() == 0
    assert (await urn.now()).state == "open"


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
async def test_no_entry_slips_in_behind_the_published_list(
    urn: Urn, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """Somebody enters in the last moment, and the program closes meanwhile."""
    begun, go = asyncio.Event(), asyncio.Event()
    entered = storage.is_entered

    async def slowly(*given: Any) -> bool:
        begun.set()
        await go.wait()
        return await entered(*given)

    monkeypatch.setattr(storage, "is_entered", slowly)
    if not guarded:
        monkeypatch.setattr(storage, "ballot_held_open", storage.one_ballot)
    clock.at = urn.ballot.closes_at - timedelta(seconds=1)
    entering = asyncio.create_task(urn.yard.tries(urn.enter(0)))
    await begun.wait()
    clock.at = urn.ballot.closes_at
    closing = asyncio.create_task(urn.run())
    await asyncio.sleep(0.1)
    go.set()
    assert (await entering, await closing) == ("done", 1)
    clock.at = urn.ballot.draw_at
    await urn.run()
    assert (await urn.now()).state == ("drawn" if guarded else "open"), "an entry not published"


async def test_two_programs_draw_once(urn: Urn, clock: FixedClock) -> None:
    for _ in range(3):
        await urn.enter(0, 1)
    clock.at = urn.ballot.draw_at
    await asyncio.gather(*(urn.run() for _ in range(3)))
    await urn.run()
    assert len(await urn.yard.events("ballot.draw")) == 1
    assert len(await urn.yard.rows(WaitingRow)) == 3
    assert await urn.line.disagreeing() == []


async def test_hours_that_somebody_has_a_place_of_stay_as_they_are(yard: Any) -> None:
    await yard.book(await yard.slot_of(PEAK, 8))
    day = {"effective_to": PEAK + timedelta(days=1)}
    rules = terms_draft(GATE, "mornings", PEAK).model_copy(update=day)
    await yard.enacts(BALLOT_TERMS, rules)
    assert await draw_service.run(yard.store, Drums()) == 0
    assert (await yard.slot_of(PEAK, 7)).mode == "first_come"


@pytest.mark.parametrize(
    ("said", "known"),
    [
        (None, False),
        ({"round": 7, "randomness": "00", "signature": "zz"}, False),
        ({"round": 8}, False),
        ("right", True),
    ],
    ids=["nothing", "nonsense", "another round", "right"],
)
async def test_a_beacon_that_does_not_hold_together_has_said_nothing(
    said: Any, known: bool
) -> None:
    if said == "right":
        said = {"round": 7, "randomness": sha256(b"\1").hexdigest(), "signature": "01"}
    answer = httpx.Response(200, json=said) if said else httpx.Response(425)
    seen: list[str] = []

    def answers(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return answer

    beacon = from_seconds("drand", "https://beacon.test/chain", 1692803367, 3)
    async with httpx.AsyncClient(transport=httpx.MockTransport(answers)) as client:
        beacons = HttpBeacons(client, (beacon,))
        assert bool(await beacons.ask("drand", 7)) == known
    assert seen == ["https://beacon.test/chain/public/7"]
    number = beacon.round_at(NOON)
    assert beacon.appears_at(number - 1) < NOON <= beacon.appears_at(number)
