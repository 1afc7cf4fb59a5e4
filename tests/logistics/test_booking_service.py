"""Holding, confirming and ending a booking; and the races, each beside its negative control."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, select, text, update
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from border.core.actor import Actor, Role
from border.core.clock import FixedClock
from border.core.ids import new_id
from border.core.refusal import Refusal
from border.core.store import table_of
from border.payments.charges import charge_service
from border.payments.charges.tables import ChargeRow
from border.payments.collection.tables import PaymentRow
from logistics import booking_service, booking_set_service, booking_storage, storage
from logistics.share import added
from logistics.slot_rules import CROSSING_TERMS, TERMS_SEED
from logistics.tables import (
    BookingDeclarationRow,
    BookingRow,
    PassageRow,
    SlipRow,
    SlotRow,
)
from tests.border.core.test_coalescer import counted
from tests.logistics.conftest import SLIPS

HELD_MINUTES = 15


async def taken(yard: Any, slot: SlotRow) -> int:
    """Return how many places of a slot are taken."""
    return (await yard.rows(SlotRow, id=slot.id))[0].taken


async def test_a_hold_takes_the_place_the_plate_and_the_goods_and_owes_the_fee(yard: Any) -> None:
    goods, slot = await yard.lodged(), await yard.slot()
    booked = await yard.book(slot, goods.id, plate="24C-123.45")
    row = booked.booking
    assert row.state == "held"
    assert row.held_until == yard.clock.now() + timedelta(minutes=HELD_MINUTES)
    assert [(c.state, c.amount_minor, c.currency) for c in booked.charges] == [
        ("owed", 800_000, "VND")
    ]
    assert await taken(yard, slot) == 1
    again = yard.book(slot, plate="24C 12345")
    assert await yard.tries(again) == "vehicle_already_booked"
    assert await yard.tries(yard.book(slot, goods.id)) == "declaration_already_booked"
    assert await taken(yard, slot) == 1


async def test_a_trailer_belongs_to_one_live_booking_too(yard: Any) -> None:
    slot = await yard.slot()
    await yard.book(slot, trailer_plate="24R-006.78")
    again = yard.book(slot, trailer_plate="24R-00678")
    assert await yard.tries(again) == "vehicle_already_booked"


async def test_an_empty_truck_owes_nothing_and_is_confirmed_at_once_with_its_slip(
    yard: Any,
) -> None:
    booked = await yard.book(await yard.slot())
    assert booked.booking.state == "confirmed"
    assert not booked.charges
    assert booked.booking.slip_reference
    assert [p.state for p in await yard.rows(PassageRow)] == ["expected"]


async def test_paying_confirms_issues_the_slip_and_expects_the_truck(yard: Any) -> None:
    goods = await yard.lodged()
    booked = await yard.book(await yard.slot(), goods.id)
    assert (await yard.pay(await yard.open_payment(booked))).value == "settled"
    row = await yard.booking(booked)
    assert row.state == "confirmed"
    assert row.passage_state == "expected"
    told = [event.type for event in await yard.events() if event.key == row.reference]
    assert told == [
        "booking.hold",
        "charge.owe",
        "charge.settle",
        "booking.confirm",
        "slip.issue",
        "passage.expect",
    ]


async def test_no_plate_and_no_name_leaves_the_zone(yard: Any) -> None:
    await yard.book(await yard.slot(), plate="24C-123.45")
    told = " ".join(str(event.payload) for event in await yard.events())
    assert "24C" not in told
    assert "Trần" not in told


@pytest.mark.parametrize("when", [timedelta(minutes=17, seconds=59), timedelta(minutes=18)])
async def test_a_hold_lapses_three_minutes_after_its_end_and_gives_everything_back(
    yard: Any, clock: FixedClock, when: timedelta
) -> None:
    goods, slot = await yard.lodged(), await yard.slot(16)
    booked = await yard.book(slot, goods.id, plate="24C-123.45")
    clock.advance(when)
    over = when >= timedelta(minutes=HELD_MINUTES) + timedelta(minutes=3)
    assert await yard.sweep() == int(over)
    assert (await yard.booking(booked)).state == ("lapsed" if over else "held")
    assert await taken(yard, slot) == (0 if over else 1)
    if over:
        assert [charge.state for charge in await yard.rows(ChargeRow)] == ["voided"]
        again = await yard.book(slot, goods.id, plate="24C-123.45")
        assert again.booking.state == "held"
        assert await yard.sweep() == 0


async def test_a_booking_cancelled_in_time_gives_everything_back(yard: Any) -> None:
    goods, slot = await yard.lodged(), await yard.slot(18)
    row = await yard.confirmed(slot, goods.id, plate="24C-123.45")
    ended = await yard.cancel(booking_service.BookingWithCharges(row, []))
    assert ended.booking.state == "cancelled"
    assert ended.booking.slip_reference is None
    assert await taken(yard, slot) == 0
    assert [slip.state for slip in await yard.rows(SlipRow)] == ["revoked"]
    assert [passage.state for passage in await yard.rows(PassageRow)] == ["called_off"]
    assert [link.live for link in await yard.rows(BookingDeclarationRow)] == [False]
    assert [charge.state for charge in await yard.rows(ChargeRow)] == ["settled"]
    again = await yard.book(slot, goods.id, plate="24C-123.45")
    assert again.booking.state == "held"
    assert (await yard.scan(row.slip_reference))["code"] == "REVOKED"


FREE_CANCEL_BEFORE = CROSSING_TERMS.read(TERMS_SEED.rows)[0].free_cancel


@pytest.mark.parametrize(
    ("before", "state"),
    [
        (FREE_CANCEL_BEFORE + timedelta(seconds=1), "cancelled"),
        (FREE_CANCEL_BEFORE, "late_cancelled"),
        (timedelta(minutes=1), "late_cancelled"),
        (timedelta(minutes=-5), "late_cancelled"),
    ],
)
async def test_cancelling_within_three_hours_counts_as_late(
    yard: Any, clock: FixedClock, before: timedelta, state: str
) -> None:
    slot = await yard.slot(18)
    booked = await yard.book(slot)
    clock.at = slot.starts_at - before
    assert (await yard.cancel(booked)).booking.state == state
    assert await taken(yard, slot) == 0


async def test_a_hold_is_never_cancelled_late(yard: Any) -> None:
    booked = await yard.book(await yard.slot(13), (await yard.lodged()).id)
    assert (await yard.cancel(booked)).booking.state == "cancelled"
    assert [charge.state for charge in await yard.rows(ChargeRow)] == ["voided"]


async def test_what_has_ended_cannot_be_cancelled_again(yard: Any) -> None:
    booked = await yard.book(await yard.slot(18))
    await yard.cancel(booked)
    before = await yard.counted()
    assert await yard.tries(yard.cancel(booked)) == "move_not_open"
    assert await yard.counted() == before


async def test_only_its_firm_and_the_manager_cancel_a_booking(yard: Any) -> None:
    booked = await yard.book(await yard.slot(18))
    manager = Actor(new_id(), "somebody", frozenset({Role.MANAGER}), yard.guard.organisation_id)
    assert await yard.tries(yard.cancel(booked, yard.rival)) == "not_found"
    assert await yard.tries(yard.cancel(booked, yard.guard)) == "not_allowed"
    assert await yard.tries(yard.cancel(booked, manager)) == "done"


async def test_a_truck_that_does_not_come_is_marked_once_its_grace_is_over(
    yard: Any, clock: FixedClock
) -> None:
    slot = await yard.slot(14)
    booked = await yard.book(slot)
    clock.at = slot.ends_at + timedelta(minutes=29)
    assert await yard.sweep() == 0
    clock.advance(timedelta(minutes=1))
    assert await yard.sweep() == 1
    row = await yard.booking(booked)
    assert (row.state, row.passage_state) == ("no_show", "called_off")
    assert [slip.state for slip in await yard.rows(SlipRow)] == ["revoked"]
    assert await taken(yard, slot) == 0


async def test_a_truck_that_never_leaves_the_yard_for_the_barrier_is_marked_as_gone(
    yard: Any, clock: FixedClock
) -> None:
    booked = await yard.book(await yard.slot(14))
    await yard.scan(booked.booking.slip_reference, "arrival")
    clock.advance(timedelta(days=2))
    assert await yard.sweep() == 1
    row = await yard.booking(booked)
    assert (row.state, row.passage_state) == ("left", "called_off")


async def test_goods_are_booked_by_their_firm_for_their_own_gate_and_way_only(yard: Any) -> None:
    goods = await yard.lodged()
    slot, other_way = await yard.slot(), await yard.slot(direction="import")
    assert await yard.tries(yard.book(slot, goods.id, actor=yard.rival)) == "not_found"
    assert await yard.tries(yard.book(slot, new_id())) == "not_found"
    with pytest.raises(Refusal) as refused:
        await yard.book(other_way, goods.id)
    assert [error.code for error in refused.value.errors] == ["another_direction"]


async def test_goods_that_are_not_lodged_or_are_held_cannot_be_booked(yard: Any) -> None:
    goods, slot = await yard.released(), await yard.slot()
    await yard.move(goods, "hold", reason="A question is open.")
    assert await yard.tries(yard.book(slot, goods.id)) == "declaration_not_bookable"


async def test_staff_do_not_book(yard: Any) -> None:
    assert await yard.tries(yard.book(await yard.slot(), actor=yard.guard)) == "not_allowed"


# ── races ────────────────────────────────────────────────────────────────────────────────────


async def rush(yard: Any, slot: SlotRow, trucks: int, **changes: Any) -> Counter[str]:
    """Have many book at once, each in a transaction of its own, and count how that ended."""

    async def one() -> str:
        wanted = yard.request(**changes)
        try:
            await yard.does(
                yard.trader, lambda unit: booking_set_service.book(unit, slot.id, wanted, SLIPS)
            )
        except Refusal as refusal:
            return refusal.code
        except IntegrityError:
            return "fenced"
        return "booked"

    return Counter(await asyncio.gather(*(one() for _ in range(trucks))))


async def live(yard: Any, slot: SlotRow) -> int:
    """Return how many live bookings a slot has."""
    return len(await yard.rows(BookingRow, slot_id=slot.id, state="confirmed"))


def looked_at_by(number: int) -> Any:
    """Return what reads slots without a lock, so that so many look before anybody writes."""
    all_looked = asyncio.Barrier(number)

    async def look(connection: AsyncConnection, ids: Any) -> Any:
        slot = storage.slot
        found = await connection.execute(select(slot).where(slot.c.id.in_(list(ids))))
        await all_looked.wait()
        return {row.id: row for row in found}

    return look


async def read_then_write(connection: AsyncConnection, places: Any) -> bool:
    """Take places as one should not: look, think, write."""
    slot = storage.slot
    for id, of in places.items():
        row = (await connection.execute(select(slot).where(slot.c.id == id))).one()
        await asyncio.sleep(0.02)
        seen = {"taken": row.taken + sum(of), "class_taken": added(row.class_taken, of)}
        await connection.execute(update(slot).where(slot.c.id == id).values(**seen))
    return True


def so_many_more(of: Sequence[int]) -> dict[str, Any]:
    """Return what counts so many more places of each class as taken."""
    slot = storage.slot
    classes = booking_storage.more_of_each(slot.c.class_taken, array(of))
    return {"taken": slot.c.taken + sum(of), "class_taken": classes}


async def take_blindly(connection: AsyncConnection, places: Any) -> bool:
    """Take places without looking, so that only the CHECK stands in the way."""
    slot = storage.slot
    for id, of in places.items():
        await connection.execute(update(slot).where(slot.c.id == id).values(**so_many_more(of)))
    return True


@asynccontextmanager
async def unchecked(engine: AsyncEngine, name: str = "ck_slot_capacity") -> AsyncIterator[None]:
    """Take a CHECK of slots, unless said of capacity, away for a while."""
    check = next(c for c in storage.slot.constraints if c.name == name)
    assert isinstance(check, CheckConstraint)
    async with engine.begin() as connection:
        await connection.execute(text(f"ALTER TABLE slot DROP CONSTRAINT {name}"))
    try:
        yield
    finally:
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE slot SET taken = 0, class_taken = DEFAULT"))
            rule = f"ALTER TABLE slot ADD CONSTRAINT {name} CHECK ({check.sqltext})"
            await connection.execute(text(rule))


async def test_forty_at_once_on_five_places_leave_five_bookings(yard: Any) -> None:
    slot = await yard.slot(places=5)
    assert await rush(yard, slot, 40) == {"booked": 5, "slot_full": 35}
    assert await live(yard, slot) == await taken(yard, slot) == 5
    assert len(await yard.rows(SlipRow)) == 5


async def test_control_reading_before_writing_oversells(
    yard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking_storage, "locked_slots", looked_at_by(10))
    monkeypatch.setattr(booking_storage, "take_places", read_then_write)
    slot = await yard.slot(places=5)
    await rush(yard, slot, 10)
    assert await live(yard, slot) > 5


async def test_the_check_alone_still_holds_the_line(
    yard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking_storage, "locked_slots", looked_at_by(10))
    monkeypatch.setattr(booking_storage, "take_places", take_blindly)
    slot = await yard.slot(places=5)
    assert await rush(yard, slot, 10) == {"booked": 5, "fenced": 5}
    assert await live(yard, slot) == 5


async def test_control_with_both_fences_down_it_is_oversold(
    yard: Any, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking_storage, "locked_slots", looked_at_by(10))
    monkeypatch.setattr(booking_storage, "take_places", take_blindly)
    slot = await yard.slot(places=5)
    async with unchecked(engine):
        assert await rush(yard, slot, 10) == {"booked": 10}
        assert await live(yard, slot) == 10


async def test_ten_at_once_with_one_plate_leave_one_booking(yard: Any) -> None:
    slot = await yard.slot()
    found = await rush(yard, slot, 10, plate="24C-123.45")
    assert found == {"booked": 1, "vehicle_already_booked": 9}
    assert await live(yard, slot) == await taken(yard, slot) == 1


async def test_control_without_its_index_one_plate_is_booked_many_times(
    yard: Any, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_looked, look = asyncio.Barrier(10), booking_storage.booked_already

    async def all_look(*asked: Any, **more: Any) -> Any:
        found = await look(*asked, **more)
        await all_looked.wait()
        return found

    monkeypatch.setattr(booking_storage, "locked_slots", looked_at_by(10))
    monkeypatch.setattr(booking_storage, "booked_already", all_look)
    table = table_of(BookingRow)
    index = next(index for index in table.indexes if index.name == "uq_booking_live_plate")
    slot = await yard.slot()
    async with engine.begin() as connection:
        await connection.run_sync(index.drop)
    try:
        assert await rush(yard, slot, 10, plate="24C-123.45") == {"booked": 10}
    finally:
        async with engine.begin() as connection:
            await connection.execute(table.update().values(state="cancelled"))
            await connection.run_sync(index.create)


async def test_whether_paid_or_lapsed_first_a_booking_is_one_of_both_and_no_money_is_lost(
    yard: Any, clock: FixedClock
) -> None:
    slot, ended = await yard.slot(20), Counter[str]()
    for turn in range(6):
        booked = await yard.book(slot, (await yard.lodged()).id)
        payment = await yard.open_payment(booked)
        clock.advance(timedelta(minutes=18))

        async def later(work: Any, first: bool) -> None:
            await asyncio.sleep(0 if first else 0.003)
            await work

        await asyncio.gather(
            later(yard.pay(payment), turn % 2 == 0), later(yard.sweep(), turn % 2 == 1)
        )
        if (await yard.booking(booked)).state == "held":  # the sweep passed by a locked row
            await yard.sweep()
        row = await yard.booking(booked)
        paid = (await yard.rows(PaymentRow, id=payment.id))[0]
        assert (row.state, paid.state) in {("confirmed", "paid"), ("lapsed", "needs_review")}
        assert bool(row.slip_reference) == (row.state == "confirmed")
        ended[row.state] += 1
    assert await taken(yard, slot) == ended["confirmed"]
    assert len(await yard.rows(SlipRow)) == ended["confirmed"]


async def test_money_that_comes_after_the_lapse_goes_to_review(
    yard: Any, clock: FixedClock
) -> None:
    booked = await yard.book(await yard.slot(), (await yard.lodged()).id)
    payment = await yard.open_payment(booked)
    clock.advance(timedelta(minutes=18))
    await yard.sweep()
    assert (await yard.pay(payment)).value == "nothing_owed"
    assert (await yard.rows(PaymentRow))[0].state == "needs_review"
    assert (await yard.booking(booked)).state == "lapsed"


async def test_two_settlements_of_one_charge_confirm_the_booking_once(yard: Any) -> None:
    booked = await yard.book(await yard.slot(), (await yard.lodged()).id)
    payment = await yard.open_payment(booked)
    await asyncio.gather(
        yard.pay(payment), yard.open_payment(booked, "desk"), return_exceptions=True
    )
    assert (await yard.booking(booked)).state == "confirmed"
    assert len(await yard.rows(SlipRow)) == 1
    assert len(await yard.events("booking.confirm")) == 1
    async with yard.store.reading() as connection:
        assert not await charge_service.payment_blocked(connection, [booked.booking.reference])


async def test_sweeping_from_two_processes_ends_each_booking_once(
    yard: Any, clock: FixedClock
) -> None:
    slot = await yard.slot(20)
    for _ in range(3):
        await yard.book(slot, (await yard.lodged()).id)
    clock.advance(timedelta(minutes=20))
    ended = await asyncio.gather(*(yard.sweep() for _ in range(4)))
    assert sum(ended) == 3
    assert await taken(yard, slot) == 0
    assert len(await yard.events("booking.lapse")) == 3


async def test_twenty_holds_lapse_with_as_many_statements_as_one(
    yard: Any, clock: FixedClock
) -> None:
    slot, sent = await yard.slot(20), list[int]()
    for number in (1, 1, 20):
        booked = [await yard.book(slot, (await yard.lodged()).id) for _ in range(number)]
        clock.advance(timedelta(minutes=20))
        async with counted(yard.store) as statements:
            assert await yard.sweep() == number
        sent.append(len(statements))
        assert {(await yard.booking(one)).state for one in booked} == {"lapsed"}
    assert sent[1:] == [14, 14]
    assert await taken(yard, slot) == 0
    assert {charge.state for charge in await yard.rows(ChargeRow)} == {"voided"}


async def test_ten_that_do_not_come_end_with_as_many_statements_as_one(
    yard: Any, clock: FixedClock
) -> None:
    sent = list[int]()
    for hour, number in ((15, 1), (17, 1), (19, 10)):
        slot = await yard.slot(hour)
        booked = [await yard.book(slot) for _ in range(number)]
        clock.at = slot.ends_at + timedelta(minutes=slot.grace_minutes)
        async with counted(yard.store) as statements:
            assert await yard.sweep() == number
        sent.append(len(statements))
        assert {(await yard.booking(one)).state for one in booked} == {"no_show"}
        assert await taken(yard, slot) == 0
    assert sent[1] == sent[2]
    assert {passage.state for passage in await yard.rows(PassageRow)} == {"called_off"}
    assert {slip.state for slip in await yard.rows(SlipRow)} == {"revoked"}
    assert len(await yard.events("slip.revoke")) == len(await yard.events("passage.call_off")) == 12
