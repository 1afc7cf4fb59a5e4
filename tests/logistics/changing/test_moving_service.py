"""Moving a booking to another hour; and the races, each beside its negative control."""

import asyncio
from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from border.core import unit as core_unit
from border.core.actor import PROGRAM, Actor, Role
from border.core.clock import FixedClock, local_date
from border.core.ids import new_id
from border.core.refusal import Refusal
from border.core.store import Unit
from border.payments.charges.tables import ChargeRow
from border.payments.tariffs.tariff_kind import TARIFF, as_draft
from border.payments.tariffs.tariff_service import seeds
from border.regulation.rule_kind import RuleSetDraft
from logistics import booking_storage, storage
from logistics.booking_service import BookingWithCharges
from logistics.changing import moving_service
from logistics.changing.change import MoveRequest
from logistics.slot_rules import CHANGE_TERMS, CHANGES_SEED
from logistics.tables import BookingRow, PassageRow, SlipRow, SlotRow
from tests.logistics.conftest import SLIPS
from tests.logistics.test_booking_service import take_blindly, taken, unchecked
from tests.logistics.test_booking_set import Rush, without_lock

TERMS = CHANGE_TERMS.read(CHANGES_SEED.rows)[0]


async def move(
    yard: Any, id: UUID, slot: SlotRow | UUID, actor: Actor | None = None
) -> BookingWithCharges:
    """Move a booking to a slot."""
    request = MoveRequest(slot_id=slot if isinstance(slot, UUID) else slot.id)
    moved: BookingWithCharges = await yard.does(
        actor or yard.trader, lambda unit: moving_service.move(unit, id, request, None, SLIPS)
    )
    return moved


async def test_a_paid_booking_moves_with_its_money_goods_and_truck_and_a_new_slip(
    yard: Any, clock: FixedClock
) -> None:
    goods = await yard.released()
    early, late = await yard.slot(16), await yard.slot(18)
    before = await yard.confirmed(early, goods.id, plate="24C-123.45")
    moved = (await move(yard, before.id, late)).booking
    assert (moved.state, moved.slot_id, moved.version) == ("confirmed", late.id, before.version + 1)
    assert (moved.slot_starts_at, moved.slot_ends_at) == (late.starts_at, late.ends_at)
    assert moved.free_cancel_until == late.starts_at - timedelta(hours=3)
    assert moved.overdue_at == late.ends_at + timedelta(minutes=late.grace_minutes)
    assert (await taken(yard, early), await taken(yard, late)) == (0, 1)
    assert [charge.state for charge in await yard.rows(ChargeRow)] == ["settled"]
    slips = {slip.reference: slip.state for slip in await yard.rows(SlipRow)}
    assert slips == {before.slip_reference: "revoked", moved.slip_reference: "active"}
    assert [one.state for one in await yard.rows(PassageRow)] == ["expected"]
    told = [e for e in await yard.events() if e.key == moved.reference][-3:]
    assert [e.type for e in told] == ["booking.move", "slip.revoke", "slip.issue"]
    assert told[0].payload == {
        "state": "confirmed",
        "direction": "export",
        "slot_starts_at": late.starts_at.isoformat(),
        "left_slot_starts_at": early.starts_at.isoformat(),
    }
    clock.at = late.starts_at
    assert (await yard.scan(before.slip_reference))["code"] == "REVOKED"
    assert (await yard.scan(moved.slip_reference))["code"] == "OK"


async def test_a_held_booking_moves_unpaid_and_is_paid_in_the_time_it_had(
    yard: Any, clock: FixedClock
) -> None:
    early, late = await yard.slot(13), await yard.slot(18)
    before = (await yard.book(early, (await yard.lodged()).id)).booking
    clock.advance(timedelta(minutes=5))
    moved = await move(yard, before.id, late)
    row = moved.booking
    assert (row.state, row.held_until, row.overdue_at) == (
        "held",
        before.held_until,
        before.overdue_at,
    )
    assert [charge.state for charge in moved.charges] == ["owed"]
    assert row.slip_reference is None
    await yard.pay(await yard.open_payment(moved))
    assert (await yard.booking(moved)).state == "confirmed"
    clock.at = early.ends_at + timedelta(hours=1)
    assert await yard.sweep() == 0
    clock.at = late.ends_at + timedelta(hours=1)
    assert await yard.sweep() == 1


async def test_what_was_late_to_cancel_stays_late_in_another_hour(
    yard: Any, clock: FixedClock
) -> None:
    rules = CHANGES_SEED.rows[0] | {"move_until_minutes": 0}
    tomorrow = local_date(clock.now()) + timedelta(days=1)
    lax = {"code": "lax", "effective_from": tomorrow, "rows": (rules,)}
    await yard.enacts(CHANGE_TERMS, CHANGES_SEED.model_copy(update=lax))
    clock.advance(timedelta(days=1))
    on = local_date(clock.now())
    booked = await yard.book(await yard.slot_of(on, 14))
    moved = (await move(yard, booked.booking.id, await yard.slot_of(on, 20))).booking
    assert moved.free_cancel_until == booked.booking.free_cancel_until
    assert (await yard.cancel(booked)).booking.state == "late_cancelled"


async def refused(yard: Any, id: UUID, slot: SlotRow | UUID, actor: Actor | None = None) -> str:
    """Try to move a booking; say how it was refused: by a field's code, if by a field."""
    before = await yard.counted()
    with pytest.raises(Refusal) as refusal:
        await move(yard, id, slot, actor)
    assert await yard.counted() == before
    errors = refusal.value.errors
    return errors[0].code if errors else refusal.value.code


async def test_where_a_booking_cannot_go_it_stays(yard: Any, clock: FixedClock) -> None:
    here, full = await yard.slot(17), await yard.slot(18, places=1)
    booked, _ = await yard.book(here), await yard.book(full)
    id, over = booked.booking.id, await yard.slot(11)
    not_open = await yard.slot(21)
    async with yard.store.engine.begin() as connection:
        later = update(storage.slot).where(storage.slot.c.id == not_open.id)
        await connection.execute(later.values(opens_at=clock.now() + timedelta(hours=1)))
    assert await refused(yard, id, here) == "same_hour"
    assert await refused(yard, id, await yard.slot(18, "import")) == "another_direction"
    elsewhere = (await yard.rows(SlotRow, gate="BAN_VUOC", direction="export"))[0]
    assert await refused(yard, id, elsewhere) == "another_gate"
    assert await refused(yard, id, new_id()) == "not_found"
    assert await refused(yard, id, full) == "slot_full"
    assert await refused(yard, id, over) == "slot_over"
    assert await refused(yard, id, not_open) == "slot_not_open_yet"
    assert await refused(yard, id, await yard.slot(19), yard.rival) == "not_found"
    assert await refused(yard, id, await yard.slot(19), yard.guard) == "not_allowed"
    await yard.cancel(booked)
    assert await refused(yard, id, await yard.slot(19)) == "move_not_open"


async def test_it_moves_until_three_hours_before_its_hour_and_so_many_times(
    yard: Any, clock: FixedClock
) -> None:
    hours = [await yard.slot(hour) for hour in (19, 20, 21)]
    booked = await yard.book(await yard.slot(18))
    for slot in hours[: TERMS.most_moves]:
        await move(yard, booked.booking.id, slot)
    assert await refused(yard, booked.booking.id, hours[-1]) == "moved_too_often"
    other = await yard.book(hours[0])
    clock.at = hours[0].starts_at - TERMS.move_until
    assert await refused(yard, other.booking.id, hours[-1]) == "too_late_to_move"
    clock.advance(timedelta(seconds=-1))
    await move(yard, other.booking.id, hours[-1])


def twice_as_dear(code: str, begins: date) -> RuleSetDraft:
    """Return the resolution in force with every amount doubled, from a day on."""
    now = as_draft(next(seeds()))
    rows = []
    for row in now.rows:
        changed = {"code": row["code"].replace(now.code, code)} if "code" in row else {}
        dearer = {"amount_minor": row["amount_minor"] * 2} if "amount_minor" in row else {}
        rows.append(row | changed | dearer)
    return now.model_copy(update={"code": code, "effective_from": begins, "rows": tuple(rows)})


async def test_where_the_fee_of_the_day_is_another_one_it_stays(
    yard: Any, clock: FixedClock
) -> None:
    here, tomorrow = await yard.slot(18), local_date(clock.now()) + timedelta(days=1)
    held = await yard.book(here, (await yard.lodged()).id)
    empty = await yard.book(here)
    there = await yard.slot_of(tomorrow)
    await yard.enacts(TARIFF, twice_as_dear("dearer", tomorrow))
    assert await refused(yard, held.booking.id, there) == "fee_differs"
    await move(yard, held.booking.id, await yard.slot(19))
    await move(yard, empty.booking.id, there)


async def test_a_manager_moves_another_firms_booking(yard: Any) -> None:
    booked = await yard.book(await yard.slot(18))
    manager = Actor(new_id(), "somebody", frozenset({Role.MANAGER}), yard.guard.organisation_id)
    moved = await move(yard, booked.booking.id, await yard.slot(19), manager)
    assert moved.booking.owner_organisation_id == yard.trader.organisation_id


# ── several at once, for a reason ────────────────────────────────────────────────────────────


async def test_several_are_moved_at_once_for_a_reason_or_none_is(yard: Any) -> None:
    here, there = await yard.slot(17), await yard.slot(18, places=2)
    rows = [(await yard.book(here)).booking for _ in range(3)]

    async def work(unit: Unit, *ids: UUID) -> None:
        moving = await moving_service.seats(unit, dict.fromkeys(ids, there.id))
        await moving_service.reseat(unit, moving, SLIPS, actor=PROGRAM, reason="The bridge closed.")

    everyone = yard.does(PROGRAM, lambda unit: work(unit, *(row.id for row in rows)))
    assert await yard.tries(everyone) == "slot_full"
    assert (await taken(yard, here), await taken(yard, there)) == (3, 0)
    await yard.does(PROGRAM, lambda unit: work(unit, rows[0].id, rows[1].id))
    assert (await taken(yard, here), await taken(yard, there)) == (1, 2)
    assert {row.moved for row in await yard.rows(BookingRow)} == {0}
    assert Counter(slip.state for slip in await yard.rows(SlipRow)) == {"active": 3, "revoked": 2}
    events = await yard.events("booking.move")
    assert [e.private for e in events] == [{"reason": "The bridge closed."}] * 2


# ── a scan that comes in after the move ──────────────────────────────────────────────────────


async def test_a_truck_that_entered_with_the_old_slip_before_the_move_was_admitted(
    yard: Any, clock: FixedClock
) -> None:
    goods = await yard.released()
    row = await yard.confirmed(await yard.slot(15), goods.id)
    clock.at = row.slot_starts_at - timedelta(minutes=10)
    entered_at = clock.now()
    clock.advance(timedelta(minutes=1))

    async def displaced(unit: Unit) -> None:
        moving = await moving_service.seats(unit, {row.id: (await yard.slot(20)).id})
        await moving_service.reseat(unit, moving, SLIPS, actor=PROGRAM, reason="The bridge closed.")

    await yard.does(PROGRAM, displaced)
    clock.advance(timedelta(minutes=10))
    brought = {"offline": True, "scanned_at": entered_at}
    answer = await yard.scan(row.slip_reference, "entry", **brought)
    assert (answer["verdict"], answer["code"]) == ("admitted", "OK_OFFLINE")
    slips = {slip.reference: slip.state for slip in await yard.rows(SlipRow)}
    assert slips.pop(row.slip_reference) == "revoked"
    assert list(slips.values()) == ["used"]
    assert (await yard.scan(next(iter(slips)), "exit"))["passage"]["state"] == "exited"


# ── races ────────────────────────────────────────────────────────────────────────────────────


async def test_of_two_who_move_into_the_last_place_one_has_it(yard: Any) -> None:
    here, last = await yard.slot(17), await yard.slot(18, places=1)
    rows = [(await yard.book(here)).booking for _ in range(2)]
    ended = await asyncio.gather(*(yard.tries(move(yard, row.id, last)) for row in rows))
    assert sorted(ended) == ["done", "slot_full"]
    assert (await taken(yard, here), await taken(yard, last)) == (1, 1)


async def test_control_with_the_fences_down_both_have_the_last_place(
    yard: Any, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, last = await yard.slot(17), await yard.slot(18, places=1)
    rows = [(await yard.book(here)).booking for _ in range(2)]
    monkeypatch.setattr(moving_service, "locked_around", without_lock)
    monkeypatch.setattr(booking_storage, "take_places", take_blindly)
    with pytest.raises(IntegrityError):  # The CHECK alone still holds the line.
        await asyncio.gather(*(move(yard, row.id, last) for row in rows))
    other = await yard.slot(19, places=1)
    async with unchecked(engine):
        await asyncio.gather(*(move(yard, row.id, other) for row in rows))
        assert len(await yard.rows(BookingRow, slot_id=other.id)) == 2


async def test_who_moves_and_who_books_meet_over_the_last_place(yard: Any) -> None:
    here = await yard.slot(17)
    row = (await yard.book(here)).booking
    for hour in (18, 19):
        last = await yard.slot(hour, places=1)
        ended = await asyncio.gather(
            yard.tries(move(yard, row.id, last)), Rush(yard).ask(last, yard.request())
        )
        assert sorted(ended) in (["booked", "slot_full"], ["done", "slot_full"])
        assert await taken(yard, last) == len(await yard.rows(BookingRow, slot_id=last.id)) == 1


async def test_control_with_the_fences_down_who_moves_and_who_books_both_have_it(
    yard: Any, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, last = (await yard.book(await yard.slot(17))).booking, await yard.slot(18, places=1)
    monkeypatch.setattr(booking_storage, "locked_slots", without_lock)
    monkeypatch.setattr(moving_service, "locked_around", without_lock)
    monkeypatch.setattr(booking_storage, "take_places", take_blindly)
    async with unchecked(engine):
        booking = Rush(yard).ask(last, yard.request())
        assert (await asyncio.gather(move(yard, row.id, last), booking))[1] == "booked"
        assert len(await yard.rows(BookingRow, slot_id=last.id)) == 2


async def meets_cancel(yard: Any) -> tuple[list[str], int, list[BookingRow]]:
    """Move a booking while it is cancelled; return how both ended, the places, and the booking."""
    here, there = await yard.slot(17), await yard.slot(18)
    booked = await yard.book(here)
    ended = await asyncio.gather(
        yard.tries(move(yard, booked.booking.id, there)), yard.tries(yard.cancel(booked))
    )
    places = await taken(yard, here) + await taken(yard, there)
    return list(ended), places, await yard.rows(BookingRow)


async def test_moved_or_cancelled_first_it_ends_cancelled_and_no_place_is_lost(yard: Any) -> None:
    ended, places, (row,) = await meets_cancel(yard)
    assert ended in (["done", "done"], ["move_not_open", "done"])
    assert (row.state, places) == ("cancelled", 0)
    assert {slip.state for slip in await yard.rows(SlipRow)} == {"revoked"}


async def test_control_without_its_lock_a_place_is_given_back_twice_and_the_check_finds_it(
    yard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def as_it_was(connection: Any, ids: Any) -> Any:
        found = await connection.execute(
            storage.booking.select().where(storage.booking.c.id.in_(list(ids)))
        )
        rows = {row.id: BookingRow(**row._mapping) for row in found}
        await asyncio.sleep(0.1)  # Long enough for the rival to end it.
        return rows

    async def blindly(unit: Unit, walks: Any) -> None:
        for walk in walks:
            await unit.connection.execute(
                update(storage.booking)
                .where(storage.booking.c.id == walk.row.id)
                .values(walk.changes)
            )

    monkeypatch.setattr(booking_storage, "locked_bookings", as_it_was)
    monkeypatch.setattr(moving_service, "walk_set", blindly)
    monkeypatch.setattr(moving_service, "reissue", lambda *_: asyncio.sleep(0))
    with pytest.raises(IntegrityError, match="ck_slot_capacity"):
        await meets_cancel(yard)


async def test_paid_while_it_moves_it_is_awaited_in_the_hour_it_moved_to(
    yard: Any, clock: FixedClock
) -> None:
    early, late = await yard.slot(16), await yard.slot(18)
    booked = await yard.book(early, (await yard.lodged()).id)
    payment = await yard.open_payment(booked)
    ended = await asyncio.gather(yard.pay(payment), yard.tries(move(yard, booked.booking.id, late)))
    assert ended[1] == "done"
    row = await yard.booking(booked)
    assert row.state == "confirmed"
    assert row.overdue_at == late.ends_at + timedelta(minutes=late.grace_minutes)
    holding = [slip for slip in await yard.rows(SlipRow) if slip.state == "active"]
    assert [slip.reference for slip in holding] == [row.slip_reference]


@pytest.mark.parametrize("guarded", [True, False], ids=["the order of writers", "control: none"])
async def test_paid_without_the_lock_it_is_awaited_where_it_moved_by_the_order_of_writers_alone(
    yard: Any, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    early, late = await yard.slot(16), await yard.slot(18)
    booked = await yard.book(early, (await yard.lodged()).id)
    payment = await yard.open_payment(booked)
    read, moved, fetch = asyncio.Event(), asyncio.Event(), Unit.fetch

    async def unlocked(unit: Unit, model: Any, *which: Any, lock: bool = False) -> Any:
        found = await fetch(unit, model, *which)
        if model is BookingRow:
            read.set()
            await moved.wait()
        return found

    monkeypatch.setattr(Unit, "fetch", unlocked)
    if not guarded:
        monkeypatch.setattr(core_unit, "written_by_no_later_transaction", lambda _: true())
    paying = asyncio.create_task(yard.pay(payment))
    await read.wait()
    await move(yard, booked.booking.id, late)
    moved.set()
    await paying
    row, awaited = await yard.booking(booked), late if guarded else early
    assert (row.state, row.slot_id) == ("confirmed", late.id)
    assert row.overdue_at == awaited.ends_at + timedelta(minutes=awaited.grace_minutes)
