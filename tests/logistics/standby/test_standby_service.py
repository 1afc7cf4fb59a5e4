"""Trucks without a booking: at once while the gate is quiet, else what is left, never another's."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from border.core.clock import FixedClock
from border.core.store import table_of
from logistics import booking_service, booking_set_service, booking_storage
from logistics.calling import line_service
from logistics.calling import storage as line_storage
from logistics.calling.terms import STANDBY_SEED, STANDBY_TERMS
from logistics.standby import intake_service, storage
from logistics.standby.tables import StandbyRow
from logistics.tables import BookingRow, PassageRow, SlotRow
from tests.logistics.conftest import GATE, SLIPS
from tests.logistics.standby.conftest import Booth
from tests.logistics.test_booking_service import take_blindly, unchecked

TERMS = STANDBY_TERMS.read(STANDBY_SEED.rows)[0]


async def taken(yard: Any, slot: SlotRow) -> int:
    (row,) = await yard.rows(SlotRow, id=slot.id)
    return int(row.taken)


async def test_while_the_gate_is_quiet_a_truck_has_its_hour_and_slip_at_once(
    booth: Booth, yard: Any, clock: FixedClock
) -> None:
    slot = await yard.slot(12, places=4)
    came = await booth.take_in()
    assert (came.state, came.booking_state) == ("placed", "checked_in")
    assert await taken(yard, slot) == 1
    (booking,) = await yard.rows(BookingRow, id=came.booking_id)
    (passage,) = await yard.rows(PassageRow, booking_id=booking.id)
    assert (passage.state, passage.arrived_at) == ("arrived", clock.now())
    place = await booth.place(came.reference)
    assert (place.state, place.place, place.slip) == ("waiting", 1, came.reference)
    (arrive,) = await yard.events("passage.arrive")
    assert (arrive.happened_at, arrive.key) == (clock.now(), booking.reference)


async def test_goods_are_found_by_name_and_paid_before_the_truck_may_enter(
    booth: Booth, yard: Any
) -> None:
    goods = await yard.released()
    came = await booth.take_in(goods.customs_number)
    assert (came.state, came.booking_state) == ("placed", "held")
    assert came.owner_organisation_id == yard.trader.organisation_id
    place = await booth.place(came.reference)
    assert place.state == "to_pay"
    (booking,) = await yard.rows(BookingRow, id=came.booking_id)
    assert not await yard.rows(PassageRow, booking_id=booking.id)
    async with yard.store.reading() as connection:
        booked = await booking_service.booked(connection, booking.id)
    await yard.open_payment(booked, "desk")
    paid = await yard.booking(booked)
    assert (paid.state, paid.passage_state) == ("checked_in", "arrived")
    assert (await booth.place(came.reference)).state == "waiting"
    assert (await yard.scan(paid.slip_reference, "entry"))["verdict"] == "admitted"


async def test_a_busy_hour_gives_only_what_nobody_booked_of_it_and_in_turn(
    booth: Booth, yard: Any, clock: FixedClock
) -> None:
    slot = await yard.slot(12, places=5)
    for _ in range(4):
        await yard.book(slot)
    first = await booth.take_in()
    clock.advance(timedelta(minutes=1))
    second = await booth.take_in()
    assert [first.state, second.state] == ["standing", "standing"]
    assert await booth.serve() == 0
    assert await booth.order() == [first.reference, second.reference]
    place = await booth.place(second.reference)
    assert (place.state, place.place, place.of) == ("live_queue", 2, 2)
    clock.advance(TERMS.unused - timedelta(minutes=1))
    assert await booth.serve() == 1
    assert [(await booth.row(one)).state for one in (first, second)] == ["placed", "standing"]
    assert await taken(yard, slot) == 5, "whoever booked keeps the place"
    assert await booth.serve() == 0


async def test_who_waits_for_an_hour_has_its_places_before_the_live_queue(
    booth: Booth, yard: Any, clock: FixedClock
) -> None:
    slot = await yard.slot(12, places=4)
    async with yard.store.engine.begin() as connection:
        await connection.execute(
            update(table_of(SlotRow))
            .where(table_of(SlotRow).c.id == slot.id)
            .values(waiting=1, class_waiting=[0, 0, 1, 0, 0])
        )
    clock.advance(TERMS.unused)
    assert (await booth.take_in()).state == "standing"


async def test_what_keeps_a_truck_from_an_hour_does_not_keep_it_from_the_queue(
    booth: Booth, yard: Any, clock: FixedClock
) -> None:
    slot = await yard.slot(15)
    booked = await yard.book(slot, plate="24C-77777")
    stuck = await booth.take_in(truck={"plate": "24C-77777"})
    assert (stuck.state, stuck.held_up["code"]) == ("standing", "vehicle_already_booked")
    said = (await booth.place(stuck.reference)).explanation[0]
    assert "24C-77777" in said.says.format(**said.facts)
    other = await booth.take_in()
    assert other.state == "placed", "it holds up nobody behind it"
    await yard.cancel(booked)
    assert await booth.serve() == 1
    assert (await booth.row(stuck)).held_up is None


async def test_a_firm_announces_its_truck_and_the_booth_sees_it_come(
    booth: Booth, yard: Any, clock: FixedClock
) -> None:
    announced = await booth.announce(yard.trader)
    assert (announced.state, announced.came_at) == ("announced", None)
    assert await booth.order() == [], "who is not there stands in no queue"
    clock.advance(timedelta(minutes=10))
    assert await yard.tries(booth.leave(announced, yard.rival)) == "not_found"
    seen = await booth.arrive(announced)
    assert (seen.state, seen.came_at) == ("placed", clock.now())
    assert await yard.tries(booth.arrive(announced)) == "move_not_open"
    gone = await booth.announce(yard.trader)
    assert (await booth.leave(gone, yard.trader)).state == "left"


async def test_what_is_wrong_is_told_by_its_field(booth: Booth, yard: Any) -> None:
    goods = await yard.lodged(yard.rival)
    assert await yard.tries(booth.announce(yard.trader, goods.reference)) == "not_found"

    async def fields(**changes: Any) -> list[str]:
        try:
            await booth.take_in(*changes.pop("goods", ()), **changes)
        except Exception as refused:
            return [error.field for error in refused.errors]  # type: ignore[attr-defined]
        return []

    assert await fields(goods=("DEC-22222-22222",)) == ["goods.0"]
    assert await fields(firm=None) == ["firm"]
    assert await fields(firm="9999999999") == ["firm"]
    assert await fields(goods=(goods.reference,), direction="import") == ["declaration_ids.0"]
    first = await booth.take_in(truck={"plate": "24C-88888"})
    assert first.state == "placed"
    again = booth.take_in(truck={"plate": "24C-88888"}, firm=None)
    assert await yard.tries(again) == "done", "who has come before need not say the firm"
    third = booth.take_in(truck={"plate": "24C-88888"})
    assert await yard.tries(third) == "already_in_live_queue"
    theirs = yard.does(
        yard.trader, lambda unit: intake_service.take_in(unit, booth.wanted(), SLIPS)
    )
    assert await yard.tries(theirs) == "not_allowed"


@pytest.mark.parametrize("guard", ["lock", "fence of places", "control: none"])
async def test_two_booths_at_once_give_the_last_place_once(
    booth: Booth, yard: Any, clock: FixedClock, monkeypatch: Any, guard: str
) -> None:
    """Both have read who stands in the queue before either has placed anybody."""
    slot = await yard.slot(12, places=1)
    await line_service.open_due(yard.store)
    read, both = list[int](), asyncio.Event()
    find = storage.hour_to_enter

    async def slowly(*given: Any) -> Any:
        found = await find(*given)
        read.append(1)
        if len(read) >= 2 or guard == "lock":
            both.set()
        await asyncio.wait_for(both.wait(), 5)
        return found

    async def nothing(*_: Any) -> None:
        return None

    monkeypatch.setattr(storage, "hour_to_enter", slowly)
    if guard != "lock":
        monkeypatch.setattr(line_storage, "lock_day", nothing)
    if guard == "control: none":
        monkeypatch.setattr(booking_storage, "take_places", take_blindly)
        monkeypatch.setattr(booking_set_service, "refused", lambda *_: None)
        async with unchecked(yard.store.engine):
            came = await asyncio.gather(booth.take_in(), booth.take_in())
            assert [one.state for one in came] == ["placed", "placed"]
            assert await taken(yard, slot) == 2
        return
    came = await asyncio.gather(booth.take_in(), booth.take_in())
    assert sorted(one.state for one in came) == ["placed", "standing"]
    assert await taken(yard, slot) == 1


async def test_a_truck_is_never_placed_twice_nor_stands_twice(
    booth: Booth, yard: Any, clock: FixedClock
) -> None:
    await yard.slot(12, places=0)
    entry = await booth.take_in()
    await yard.slot(12, places=4)
    done = await asyncio.gather(booth.serve(), booth.serve(), booth.serve())
    assert sum(done) == 1
    assert len(await yard.rows(BookingRow)) == 1
    (row,) = await yard.rows(StandbyRow, id=entry.id)
    for change in ("booking_id = NULL", "state = 'standing', came_at = NULL"):
        with pytest.raises(IntegrityError):
            async with yard.store.engine.begin() as connection:
                await connection.execute(
                    text(f"UPDATE standby_entry SET {change} WHERE id = :id"), {"id": row.id}
                )


async def test_in_line_a_truck_without_a_booking_counts_less_within_the_bound(
    booth: Booth, yard: Any, clock: FixedClock
) -> None:
    slot = await yard.slot(12, places=40)
    came = await booth.take_in()
    clock.advance(timedelta(minutes=TERMS.fewer_points - 5))
    booked = await yard.confirmed(slot)
    await yard.scan(booked.slip_reference, "arrival")
    async with yard.store.reading() as connection:
        line = (await line_service.lines(connection, clock.now(), GATE, "export")).by_way[
            GATE, "export"
        ]
    assert [one.truck.reference for one in line.turns] == [booked.reference, came.booking_reference]
    said = " ".join(
        one.says.format(**one.facts) for one in (await booth.place(came.reference)).explanation
    )
    assert f"counts {TERMS.fewer_points} points less" in said
