"""A rush for an hour: when there is one, who waits, and that nobody waits otherwise."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from border.core.actor import PROGRAM
from border.core.clock import FixedClock, local_date
from border.core.ids import new_id
from border.core.refusal import Refusal
from border.core.store import Unit
from border.embedded import Servers
from border.regulation import regulation_service
from logistics import booking_set_service
from logistics.booking_set_service import AskedBooking
from logistics.fairness.rush import (
    RUSH_TERMS,
    Rush,
    RushTermsRow,
    asked_too_often,
    ends_at,
    rush_of,
)
from logistics.rush_watch import RushWatch
from tests.logistics.conftest import SLIPS
from tests.logistics.rule_drafts import RUSH, rush_draft
from tests.logistics.test_booking_set import _says

TERMS = RushTermsRow.model_validate(RUSH)
AT = datetime(2026, 11, 23, 5, 0, 4, tzinfo=UTC)
HOUR, OTHER = new_id(), new_id()


@pytest.mark.parametrize(
    ("asks", "places", "is_rush"),
    [(7, 1, False), (8, 4, True), (8, 5, False), (80, 40, True), (79, 40, False), (8, 0, True)],
)
def test_it_is_a_rush_by_the_requests_for_each_place(asks: int, places: int, is_rush: bool) -> None:
    found = rush_of(TERMS, {HOUR: asks, OTHER: 1}, {HOUR: places, OTHER: 0}, AT)
    assert (found.hours if found else None) == (frozenset({HOUR}) if is_rush else None)
    assert rush_of(TERMS, {HOUR: 99}, {}, AT) is None, "an hour that is none has no rush"


def test_who_asked_as_often_as_a_person_can_waits_until_it_is_forgotten() -> None:
    rush = Rush(frozenset({HOUR}), ends_at(TERMS, AT))
    assert ends_at(TERMS, AT) == AT + timedelta(seconds=16)
    assert asked_too_often(TERMS, rush, HOUR, 2, AT) is None
    refusal = asked_too_often(TERMS, rush, HOUR, 3, AT)
    assert refusal is not None
    assert (refusal.kind.status, refusal.facts["seconds"]) == (429, 16)
    assert "Ask again in 16 seconds" in refusal.detail()
    assert asked_too_often(TERMS, rush, OTHER, 99, AT) is None, "another hour is free of it"
    assert asked_too_often(TERMS, None, HOUR, 99, AT) is None
    assert asked_too_often(TERMS, rush, HOUR, 99, rush.until) is None


@pytest.fixture
async def redis(servers: Servers) -> AsyncIterator[Redis]:
    """A client of the run's own Redis."""
    client = Redis.from_url(servers.redis_url, protocol=3)
    yield client
    await client.aclose()


@pytest.fixture
def key() -> str:
    """The name of counts of the test's own."""
    return f"border:test:{uuid4().hex}"


async def watch(yard: Any, redis: Redis, key: str) -> RushWatch:
    """Return what one process knows of rushes."""
    made = RushWatch(yard.store, redis, booking_set_service.bookings(yard.store, SLIPS), key)
    await made.run()
    return made


async def enact(yard: Any) -> None:
    """Put the terms of rushes in force."""
    draft = rush_draft(local_date(yard.clock.now()))

    async def work(unit: Unit) -> int:
        return await regulation_service.load(unit, RUSH_TERMS, [draft])

    await yard.store.perform(PROGRAM, work)


async def ask(process: RushWatch, yard: Any, slot_id: UUID, actor: Any = None) -> str:
    """Ask for an empty truck's place; say how it ended."""
    try:
        await process.ask(actor or yard.trader, AskedBooking(slot_id, yard.request(), _says))
    except Refusal as refusal:
        return refusal.code
    return "booked"


async def test_in_a_rush_two_processes_hold_one_firm_up_together_and_nobody_else(
    yard: Any, redis: Redis, key: str, clock: FixedClock
) -> None:
    await enact(yard)
    one, two = await watch(yard, redis, key), await watch(yard, redis, key)
    slot, calm = await yard.slot(places=4), await yard.slot(16)
    ended = [await ask((one, two)[n % 2], yard, slot.id) for n in range(8)]
    assert ended == ["booked"] * 4 + ["slot_full"] * 4, "before it is known nobody is held up"
    for process in (one, two, one):
        await process.run()
    assert one.rush == two.rush
    assert one.rush is not None
    assert one.rush.hours == {slot.id}
    assert await ask(one, yard, slot.id) == "asked_too_often"
    assert await ask(two, yard, slot.id) == "asked_too_often"
    assert await ask(two, yard, slot.id, yard.rival) == "slot_full", "who asks once is let in"
    assert await ask(two, yard, calm.id) == "booked", "and so is who wants another hour"
    clock.at = one.rush.until
    assert await ask(one, yard, slot.id) == "slot_full"
    await one.run()
    assert one.rush is None


async def test_control_without_terms_in_force_nothing_is_counted_and_nobody_waits(
    yard: Any, redis: Redis, key: str
) -> None:
    process = await watch(yard, redis, key)
    slot = await yard.slot(places=1)
    ended = [await ask(process, yard, slot.id) for _ in range(12)]
    await process.run()
    ended += [await ask(process, yard, slot.id) for _ in range(12)]
    assert ended == ["booked"] + ["slot_full"] * 23
    assert process.rush is None
    assert [key async for key in redis.scan_iter(f"{key}:*")] == []


async def test_with_redis_away_nobody_is_held_up_and_it_goes_on_when_it_is_back(
    yard: Any, redis: Redis, key: str
) -> None:
    await enact(yard)
    away = Redis(unix_socket_path="/nowhere/redis.sock")
    process = await watch(yard, away, key)
    slot = await yard.slot(places=1)
    for _ in range(12):
        await ask(process, yard, slot.id)
    await process.run()
    assert process.rush is None
    assert await ask(process, yard, slot.id) == "slot_full"
    process._redis = redis
    for _ in range(12):
        await ask(process, yard, slot.id)
    await process.run()
    assert await ask(process, yard, slot.id) == "asked_too_often"
