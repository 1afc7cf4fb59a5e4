"""How many unpaid places one firm holds: by rules, in one request or many, and whatever races."""

import asyncio
from itertools import product
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from border.core.actor import PROGRAM
from border.core.clock import local_date
from border.core.refusal import Refusal
from border.core.store import Once, Unit, table_of
from border.regulation import regulation_service
from logistics import booking_set_service, booking_storage
from logistics.fairness.holds import HOLD_TERMS, next_number
from logistics.fairness.ladder import FAULT_LADDER
from logistics.tables import BookingRow
from logistics.waiting.waiting_service import accept
from tests.border.core.test_coalescer import counted
from tests.logistics.conftest import SLIPS
from tests.logistics.faults.conftest import Ladder
from tests.logistics.rule_drafts import NEAR, holds_draft, ladder_draft
from tests.logistics.test_booking_set import ASKED, Rush, many_goods
from tests.logistics.waiting.conftest import Line


async def limited_to(yard: Any, most: int) -> None:
    """Put a limit in force today."""
    draft = holds_draft(local_date(yard.clock.now()), most)

    async def work(unit: Unit) -> int:
        return await regulation_service.load(unit, HOLD_TERMS, [draft])

    await yard.store.perform(PROGRAM, work)


async def numbers(yard: Any) -> list[int | None]:
    """Return the numbers of the places held unpaid."""
    return sorted((row.hold_number for row in await yard.rows(BookingRow, state="held")), key=str)


def test_a_number_is_free_and_within_the_limit_or_refused() -> None:
    for most in range(1, 4):
        for held in product((None, 1, 2, 3), repeat=2):
            if len(held) >= most:
                with pytest.raises(Refusal, match="too_many_unpaid") as refused:
                    next_number(most, held)
                assert "Pay for one of them, or cancel one" in refused.value.detail()
            else:
                number = next_number(most, held)
                assert number not in held
                assert 1 <= number <= most


async def test_a_firm_holds_so_many_unpaid_and_pays_or_lets_go_of_one(yard: Any) -> None:
    await limited_to(yard, 2)
    goods, slot = await many_goods(yard, 6), await yard.slot()
    first = await yard.book(slot, goods[0])
    second = await yard.book(slot, goods[1])
    assert await numbers(yard) == [1, 2]
    assert await yard.tries(yard.book(slot, goods[2])) == "too_many_unpaid"
    assert await yard.tries(yard.book(slot)) == "done", "nothing is owed on an empty truck"
    await yard.cancel(first)
    assert await yard.tries(yard.book(slot, goods[2])) == "done"
    assert await yard.tries(yard.book(slot, goods[3])) == "too_many_unpaid"
    await yard.pay(await yard.open_payment(second))
    assert await yard.tries(yard.book(slot, goods[3])) == "done"
    assert await numbers(yard) == [1, 2]


async def test_holds_from_before_the_limit_count_and_without_one_there_are_no_numbers(
    yard: Any,
) -> None:
    goods, slot = await many_goods(yard, 3), await yard.slot()
    await yard.book(slot, goods[0])
    assert await numbers(yard) == [None]
    await limited_to(yard, 2)
    await yard.book(slot, goods[1])
    assert await numbers(yard) == [1, None]
    assert await yard.tries(yard.book(slot, goods[2])) == "too_many_unpaid"


async def test_of_many_at_once_in_one_set_as_many_as_may_are_held(yard: Any) -> None:
    await limited_to(yard, 3)
    goods, slot = await many_goods(yard, 8), await yard.slot()
    ended = await Rush(yard).all(slot, *(yard.request(id) for id in goods))
    assert ended == ["booked"] * 3 + ["too_many_unpaid"] * 5
    assert await numbers(yard) == [1, 2, 3]


async def test_an_accepted_offer_counts_and_stays_open_until_there_is_room(yard: Any) -> None:
    await limited_to(yard, 1)
    goods, line = await many_goods(yard, 2), Line(yard)
    slot, [rival] = await line.full(18)
    waits = await line.join(slot, loads=(goods[0],))
    held = await yard.book(await yard.slot(17), goods[1])
    await yard.cancel(rival)
    accepting = yard.does(yard.trader, lambda unit: accept(unit, waits.row.id, None, SLIPS))
    assert await yard.tries(accepting) == "too_many_unpaid"
    assert await line.states(waits) == ["offered"]
    await yard.cancel(held)
    await line.does("accept", waits)
    assert await line.states(waits) == ["booked"]


async def test_a_step_of_the_ladder_limits_further(yard: Any) -> None:
    await limited_to(yard, 5)
    steps = ladder_draft(local_date(yard.clock.now()), NEAR | {"faults": 1, "most_unpaid": 1})

    async def work(unit: Unit) -> int:
        return await regulation_service.load(unit, FAULT_LADDER, [steps])

    await yard.store.perform(PROGRAM, work)
    await Ladder(yard).faults(1)
    goods, slot = await many_goods(yard, 2), await yard.slot(21)
    await yard.book(slot, goods[0])
    assert await yard.tries(yard.book(slot, goods[1])) == "too_many_unpaid"


async def meet(yard: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let two processes book for one firm in two hours, each having looked before either wrote."""
    both, look, looks = asyncio.Barrier(2), booking_storage.booked_already, 0
    goods = await many_goods(yard, 2)
    slots = [await yard.slot(15), await yard.slot(16)]

    async def both_look(*asked: Any, **more: Any) -> Any:
        nonlocal looks
        looks += 1
        first, found = looks <= 2, await look(*asked, **more)
        if first:
            await both.wait()
        return found

    monkeypatch.setattr(booking_storage, "booked_already", both_look)

    async def book(n: int) -> str:
        request = yard.request(goods[n])
        ended: str = await yard.tries(
            yard.does(
                yard.trader,
                lambda unit: booking_set_service.book(unit, slots[n].id, request, SLIPS),
            )
        )
        return ended

    return sorted(await asyncio.gather(book(0), book(1)))


async def test_two_at_the_same_moment_in_two_hours_hold_one(
    yard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await limited_to(yard, 1)
    assert await meet(yard, monkeypatch) == ["done", "too_many_unpaid"]
    assert await numbers(yard) == [1]


async def test_control_without_its_index_both_are_held(
    yard: Any, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await limited_to(yard, 1)
    table = table_of(BookingRow)
    index = next(index for index in table.indexes if index.name == "uq_booking_hold")
    async with engine.begin() as connection:
        await connection.run_sync(index.drop)
    try:
        assert await meet(yard, monkeypatch) == ["done", "done"]
        assert await numbers(yard) == [1, 1]
    finally:
        async with engine.begin() as connection:
            await connection.execute(table.update().values(hold_number=None))
            await connection.run_sync(index.create)


async def test_with_the_limit_in_force_booking_takes_no_statement_more(yard: Any) -> None:
    await limited_to(yard, 5)
    goods, slot = await many_goods(yard, 2), await yard.slot()
    await Rush(yard).all(slot, yard.request(goods[0]))
    async with counted(yard.store) as statements:
        assert await Rush(yard).ask(slot, yard.request(goods[1]), Once("k", ASKED)) == "booked"
    assert len(statements) == 9
