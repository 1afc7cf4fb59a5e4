"""Slots made ahead from the rules, and listed by the local day."""

from datetime import date, timedelta
from typing import Any

from border.core.actor import PROGRAM, Actor, Role
from border.core.clock import FixedClock, local_date
from border.core.ids import new_id
from border.regulation import regulation_service
from border.regulation.rule_kind import RuleSetDraft
from border.vocabulary import Direction
from logistics import slot_service
from logistics.slot_rules import SLOT_RULES, SLOT_SEEDS
from logistics.tables import SlipRow, SlotRow

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


async def test_new_rules_hold_from_their_day_for_slots_that_are_there_too(
    yard: Any, clock: FixedClock
) -> None:
    begins = MONDAY + timedelta(days=3)
    await yard.enacts(SLOT_RULES, export_rules("half", begins, capacity=20))
    before, after = {(40, "KIM_THANH_II-export-2026")}, {(20, "half")}
    days = await exports(yard)
    assert {on: days[on] for on in days} == {
        on: before if on < begins else after
        for on in (MONDAY + timedelta(days=n) for n in range(8))
    }
    clock.advance(timedelta(days=1))
    await yard.does(PROGRAM, slot_service.make_slots)
    assert (await exports(yard))[MONDAY + timedelta(days=8)] == after
    imports = await yard.rows(SlotRow, gate="KIM_THANH_II", direction="import")
    assert {slot.capacity for slot in imports} == {40}


async def test_places_that_are_taken_stay_when_rules_change(yard: Any) -> None:
    tomorrow = MONDAY + timedelta(days=1)
    slots = [
        slot
        for slot in await yard.rows(SlotRow, gate="KIM_THANH_II", direction="export")
        if local_date(slot.starts_at) == tomorrow
    ]
    taken = min(slots, key=lambda slot: slot.starts_at)
    for _ in range(2):
        await yard.book(taken)
    await yard.enacts(SLOT_RULES, export_rules("few", tomorrow, capacity=1))
    now = {slot.id: slot for slot in await yard.rows(SlotRow, direction="export")}
    assert (now[taken.id].capacity, now[taken.id].taken, now[taken.id].kept) == (1, 2, 1)
    assert {now[slot.id].capacity for slot in slots if slot.id != taken.id} == {1}
    # Half hours from nine o'clock: who holds an hour keeps it, nobody else gets it.
    shorter = export_rules("short", tomorrow + timedelta(days=1), opens="09:00", minutes=30)
    await yard.enacts(SLOT_RULES, shorter)
    async with yard.store.reading() as connection:
        found = await slot_service.slots_on(
            connection, "KIM_THANH_II", Direction.EXPORT, tomorrow + timedelta(days=1)
        )
    assert len(found) == 26
    assert all(slot.ends_at - slot.starts_at == timedelta(minutes=30) for slot in found)


async def test_an_hour_somebody_holds_keeps_its_length_and_takes_nobody_else(yard: Any) -> None:
    begins = MONDAY + timedelta(days=2)
    held = next(
        slot
        for slot in await yard.rows(SlotRow, gate="KIM_THANH_II", direction="export")
        if local_date(slot.starts_at) == begins
    )
    await yard.book(held)
    await yard.enacts(SLOT_RULES, export_rules("short", begins, minutes=30))
    [now] = await yard.rows(SlotRow, id=held.id)
    assert (now.ends_at, now.capacity, now.taken, now.kept) == (held.ends_at, 0, 1, 1)
    assert await yard.tries(yard.book(now)) == "slot_closed"


async def test_rules_withdrawn_in_time_leave_the_slots_as_they_were(yard: Any) -> None:
    before = await exports(yard)
    rules = await yard.enacts(
        SLOT_RULES, export_rules("half", MONDAY + timedelta(days=3), capacity=20, opens="12:00")
    )
    assert await exports(yard) != before
    somebody = Actor(new_id(), "", frozenset({Role.MANAGER}))
    await yard.does(
        somebody,
        lambda unit: regulation_service.withdraw(unit, SLOT_RULES, rules.code, "A mistake."),
    )
    assert await exports(yard) == before


async def test_making_slots_again_changes_none(yard: Any) -> None:
    await yard.enacts(SLOT_RULES, export_rules("half", MONDAY + timedelta(days=3), minutes=45))
    first = await yard.rows(SlotRow)
    assert await yard.does(PROGRAM, slot_service.make_slots) == 0
    assert sorted(await yard.rows(SlotRow), key=str) == sorted(first, key=str)


async def test_seeding_again_keeps_what_the_office_changed(yard: Any) -> None:
    tomorrow = MONDAY + timedelta(days=1)
    await yard.enacts(SLOT_RULES, export_rules("half", tomorrow, capacity=20))
    assert await yard.does(PROGRAM, slot_service.load_rules) == 0
    assert (await exports(yard))[tomorrow] == {(20, "half")}


async def test_the_slots_of_a_day_are_those_of_the_local_day(yard: Any) -> None:
    async with yard.store.reading() as connection:
        found = await slot_service.slots_on(connection, "KIM_THANH_II", Direction.EXPORT, MONDAY)
        none = await slot_service.slots_on(connection, "KIM_THANH_II", None, MONDAY - timedelta(1))
        every = await slot_service.slots_on(connection, None, None, MONDAY)
    assert [local_date(slot.starts_at) for slot in found] == [MONDAY] * 15
    assert [slot.starts_at for slot in found] == sorted(slot.starts_at for slot in found)
    assert not none
    assert len(every) == A_DAY


async def test_how_early_the_barrier_opens_is_said_by_the_rules_the_hour_was_made_by(
    yard: Any, clock: FixedClock
) -> None:
    tomorrow = MONDAY + timedelta(days=1)
    await yard.enacts(SLOT_RULES, export_rules("narrow", tomorrow, entry_early_minutes=10))
    answers = {}
    for hour in (await yard.slot(), await yard.slot_of(tomorrow)):
        booking = await yard.confirmed(hour)
        [slip] = await yard.rows(SlipRow, booking_id=booking.id)
        clock.at = hour.starts_at - timedelta(hours=1)
        await yard.scan(slip.reference, "arrival")
        for minutes in (11, 10):
            clock.at = hour.starts_at - timedelta(minutes=minutes)
            answer = await yard.scan(slip.reference, "entry")
            answers[slip.rule_versions["slot_rules"].partition("@")[0], minutes] = answer["code"]
    assert answers == {
        ("KIM_THANH_II-export-2026", 11): "OK",
        ("KIM_THANH_II-export-2026", 10): "DUPLICATE",
        ("narrow", 11): "TOO_EARLY",
        ("narrow", 10): "OK",
    }
