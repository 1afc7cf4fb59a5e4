"""Slots made ahead from the rules, and listed by the local day."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import update

from border.clock import FixedClock, local_date
from border.identity.actor import PROGRAM
from border.store import Unit, table_of
from logistics import slot_service
from logistics.slot import Direction
from logistics.tables import SlotRow, SlotRuleRow

MONDAY = date(2026, 11, 23)
A_DAY = 3 * (15 + 12 + 10)
"""Slots of a day at the three seeded gates, in three directions."""


async def test_slots_are_made_to_the_horizon_and_making_them_again_adds_nothing(yard: Any) -> None:
    assert len(await yard.rows(SlotRow)) == 8 * A_DAY
    assert await yard.does(PROGRAM, slot_service.make_slots) == 0
    assert len(await yard.rows(SlotRow)) == 8 * A_DAY


async def test_each_new_day_adds_the_day_at_the_end(yard: Any, clock: FixedClock) -> None:
    clock.advance(timedelta(days=1))
    assert await yard.does(PROGRAM, slot_service.make_slots) == A_DAY
    latest = max(slot.starts_at for slot in await yard.rows(SlotRow))
    assert local_date(latest) == MONDAY + timedelta(days=8)


async def test_a_new_rule_makes_new_days_and_leaves_the_slots_that_are_there(
    yard: Any, clock: FixedClock
) -> None:
    rules = table_of(SlotRuleRow)

    async def halve(unit: Unit) -> None:
        old = (await yard.rows(SlotRuleRow, code="KIM_THANH_II-export-2026"))[0]
        new = old.model_dump() | {
            "code": "half",
            "capacity": 20,
            "effective_from": date(2026, 11, 1),
        }
        await unit.add(SlotRuleRow(**new))
        await unit.connection.execute(
            update(rules).where(rules.c.code == old.code).values(effective_to=date(2026, 11, 1))
        )

    await yard.does(PROGRAM, halve)
    clock.advance(timedelta(days=1))
    await yard.does(PROGRAM, slot_service.make_slots)
    mine = await yard.rows(SlotRow, gate="KIM_THANH_II", direction="export")
    by_day = {(local_date(slot.starts_at), slot.capacity, slot.rule_code) for slot in mine}
    assert (MONDAY + timedelta(days=7), 40, "KIM_THANH_II-export-2026") in by_day
    assert (MONDAY + timedelta(days=8), 20, "half") in by_day
    assert len(by_day) == 9


async def test_seeding_again_keeps_what_an_operator_changed(yard: Any) -> None:
    rules = table_of(SlotRuleRow)
    code = "BAN_VUOC-import-2026"

    async def work(unit: Unit) -> None:
        await unit.connection.execute(update(rules).where(rules.c.code == code).values(capacity=3))
        await slot_service.load_seed(unit.connection)

    await yard.does(PROGRAM, work)
    assert [rule.capacity for rule in await yard.rows(SlotRuleRow, code=code)] == [3]


async def test_the_slots_of_a_day_are_those_of_the_local_day(yard: Any) -> None:
    async with yard.store.reading() as connection:
        found = await slot_service.slots_on(connection, "KIM_THANH_II", Direction.EXPORT, MONDAY)
        none = await slot_service.slots_on(connection, "KIM_THANH_II", None, MONDAY - timedelta(1))
        every = await slot_service.slots_on(connection, None, None, MONDAY)
    assert [local_date(slot.starts_at) for slot in found] == [MONDAY] * 15
    assert [slot.starts_at for slot in found] == sorted(slot.starts_at for slot in found)
    assert not none
    assert len(every) == A_DAY
