"""Making slots by itself: one that cannot be made or renewed holds up no other."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from border.core.clock import FixedClock, local_date, local_midnight
from border.core.postponed import FIRST_PAUSE
from border.core.tables import PostponedRow
from border.regulation.rule_kind import RuleSetDraft
from logistics import slot_service
from logistics.slot_rules import SLOT_RULES, SLOT_SEEDS
from logistics.tables import SlotRow

MONDAY = date(2026, 11, 23)
A_DAY = 3 * (15 + 12 + 10)
"""Slots of a day at the three seeded gates, in three directions."""


def export_rules(code: str, begins: date, **changes: Any) -> RuleSetDraft:
    """Return rules of the exports at Kim Thanh II from a day on."""
    old = next(seed for seed in SLOT_SEEDS if seed.code == "KIM_THANH_II-export-2026")
    row = {**old.rows[0], **changes}
    return old.model_copy(update={"code": code, "effective_from": begins, "rows": (row,)})


async def exports(yard: Any) -> dict[date, set[tuple[int, str]]]:
    """Return the places and the rules of the exports at Kim Thanh II by day."""
    days: dict[date, set[tuple[int, str]]] = {}
    for slot in await yard.rows(SlotRow, gate="KIM_THANH_II", direction="export"):
        if slot.capacity:
            version = slot.rule_versions["slot_rules"].partition("@")[0]
            days.setdefault(local_date(slot.starts_at), set()).add((slot.capacity, version))
    return days


async def test_a_slot_that_cannot_be_made_holds_up_no_other_and_waits_its_pause(
    yard: Any, clock: FixedClock, poisoned: Any
) -> None:
    clock.advance(timedelta(days=1))
    before, store = len(await yard.rows(SlotRow)), yard.store
    bad = local_midnight(MONDAY + timedelta(days=8)) + timedelta(hours=9)
    ours = f"{bad.isoformat()}' AND NEW.gate = 'KIM_THANH_II' AND NEW.direction = 'export"
    async with poisoned("slot", ours, "NEW.starts_at", "INSERT"):
        assert await slot_service.make_due(store) == A_DAY - 1
        (row,) = await yard.rows(PostponedRow)
        assert (row.work, row.failures) == ("slot", 1)
        assert await slot_service.make_due(store) == 0
        assert await yard.rows(PostponedRow) == [row], "it is left alone for a while"
    clock.advance(FIRST_PAUSE)
    assert await slot_service.make_due(store) == 1
    assert len(await yard.rows(SlotRow)) == before + A_DAY


async def test_a_slot_that_cannot_be_renewed_holds_up_no_other(
    yard: Any, clock: FixedClock, poisoned: Any
) -> None:
    begins = MONDAY + timedelta(days=3)
    await yard.enacts(SLOT_RULES, export_rules("half", begins, capacity=20))
    async with yard.store.engine.begin() as connection:
        # As if the slots had been made by other rules.
        await connection.execute(
            text(
                "UPDATE slot SET capacity = 9, rule_versions = jsonb_set(rule_versions,"
                " '{slot_rules}', '\"older@0\"') WHERE gate = 'KIM_THANH_II'"
                " AND direction = 'export' AND starts_at >= :begins"
            ),
            {"begins": local_midnight(begins)},
        )
    (bad, *_) = [
        slot
        for slot in await yard.rows(SlotRow, gate="KIM_THANH_II", direction="export")
        if local_date(slot.starts_at) == begins
    ]
    async with poisoned("slot", bad.id):
        await slot_service.make_due(yard.store)
        assert (9, "older") in (await exports(yard))[begins]
        assert (20, "half") in (await exports(yard))[begins]
    clock.advance(FIRST_PAUSE)
    await slot_service.make_due(yard.store)
    assert (await exports(yard))[begins] == {(20, "half")}
