"""Expiry: on the day, not before, never in line, never what is already released."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.clock import FixedClock
from border.timeouts import Spared, Timeouts
from customs.declaration import DRAFT_KEPT, VALIDITY
from customs.dossier_service import get
from customs.jobs import ON_TIMEOUT
from customs.tables import DeclarationRow


async def state(desk: Any, dossier: Any) -> str:
    async with desk.store.reading() as connection:
        found: str = (await get(connection, desk.officer, dossier.declaration.id)).declaration.state
        return found


async def expire(desk: Any, spared: Spared | None = None) -> int:
    """End the declarations whose time is over; return how many."""
    left_alone = {DeclarationRow: spared} if spared else {}
    return await Timeouts(desk.store, ON_TIMEOUT, left_alone).end(DeclarationRow)


async def test_a_draft_is_kept_seven_days_and_a_registered_declaration_fifteen(
    desk: Any, clock: FixedClock
) -> None:
    draft, lodged = await desk.draft(), await desk.lodge(direction="transit", regime=None)
    clock.advance(DRAFT_KEPT - timedelta(seconds=1))
    assert await expire(desk) == 0
    clock.advance(timedelta(seconds=1))
    assert await expire(desk) == 1
    assert (await state(desk, draft), await state(desk, lodged)) == ("expired", "under_review")
    clock.advance(VALIDITY - DRAFT_KEPT)
    assert await expire(desk) == 1
    assert await state(desk, lodged) == "expired"
    assert await expire(desk) == 0
    async with desk.store.reading() as connection:
        found = await get(connection, desk.officer, lodged.declaration.id)
    assert [charge.state for charge in found.charges] == ["voided"]
    assert (await desk.events(lodged))[-2].actor == "system"


async def test_what_is_released_does_not_expire(desk: Any, clock: FixedClock) -> None:
    made = await desk.lodge()
    await desk.decide(desk.person("border_guard"), made, "border_guard", "passed")
    await desk.move(desk.officer, made, "accept")
    await desk.move(desk.officer, made, "release")
    clock.advance(VALIDITY * 3)
    assert await expire(desk) == 0
    assert await state(desk, made) == "released"


async def test_a_truck_in_line_does_not_lose_its_papers_to_the_queue(
    desk: Any, clock: FixedClock
) -> None:
    in_line, other = await desk.lodge(), await desk.lodge()

    async def spared(_: AsyncConnection, ids: Collection[UUID], *, lock: bool) -> Collection[UUID]:
        return {id for id in ids if id == in_line.declaration.id}

    clock.advance(VALIDITY)
    assert await expire(desk, spared) == 1
    assert (await state(desk, in_line), await state(desk, other)) == ("under_review", "expired")


async def test_those_in_line_do_not_keep_the_others_from_expiring(
    desk: Any, clock: FixedClock, monkeypatch: Any
) -> None:
    monkeypatch.setattr("border.timeouts._BATCH", 2)
    kept = [(await desk.lodge()).declaration.id for _ in range(3)]
    for _ in range(2):
        await desk.lodge()

    async def spared(_: AsyncConnection, ids: Collection[UUID], *, lock: bool) -> Collection[UUID]:
        return set(ids) & set(kept)

    clock.advance(VALIDITY)
    assert await expire(desk, spared) == 2
