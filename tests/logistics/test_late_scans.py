"""Scans as facts on a real database: brought late, out of order, with clocks that are off."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import bindparam
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor, Role
from border.core.clock import FixedClock
from border.core.refusal import Refusal
from border.core.statement import Statement
from border.timeouts import Timeouts
from customs.tables import DeclarationRow
from logistics import clash_service, figure_storage, figures, scan_storage
from logistics.booking_service import BookingWithCharges
from logistics.tables import (
    BookingDeclarationRow,
    BookingRow,
    PassageRow,
    ScanClashRow,
    ScanRow,
    SlipRow,
    SlotRow,
)

HOUR = 13
UNLOCKED = Statement(
    scan_storage.FACTS.where(scan_storage.slip.c.reference == bindparam("reference"))
)
"""The reading of a slip with its guard taken away."""
MINUTE = timedelta(minutes=1)


async def ready(yard: Any, clock: FixedClock, *ids: Any, **changes: Any) -> Any:
    """Return a confirmed booking whose truck may pass the barrier now."""
    row = await yard.confirmed(await yard.slot(HOUR), *ids, **changes)
    clock.at = row.slot_starts_at - timedelta(minutes=10)
    return row


async def bring(yard: Any, row: Any, kind: str, at: datetime, **more: Any) -> dict[str, Any]:
    """Bring a scan that was made offline at an instant."""
    more = {"offline": True, "scanned_at": at, **more}
    answer: dict[str, Any] = await yard.scan(row.slip_reference, kind, **more)
    return answer


async def passage(yard: Any) -> PassageRow:
    """Return the only passage."""
    (row,) = await yard.rows(PassageRow)
    return row


async def clashes(yard: Any, *states: str) -> list[tuple[str, str]]:
    """Return the kinds of the clashes and their states."""
    found = await yard.rows(ScanClashRow)
    return sorted((one.kind, one.state) for one in found if not states or one.state in states)


@pytest.fixture
def manager(yard: Any) -> Actor:
    """The supervisor."""
    return replace(yard.guard, roles=frozenset({Role.MANAGER}))


# ── brought after the booking ended ──────────────────────────────────────────────────────────


async def test_a_truck_scanned_before_a_cancellation_was_admitted_and_may_leave(
    yard: Any, clock: FixedClock
) -> None:
    goods = await yard.released()
    row = await ready(yard, clock, goods.id)
    entered_at = clock.now()
    clock.advance(5 * MINUTE)
    await yard.cancel(BookingWithCharges(row, []))
    assert (await passage(yard)).state == "called_off"
    clock.advance(30 * MINUTE)
    answer = await bring(yard, row, "entry", entered_at)
    assert (answer["verdict"], answer["code"]) == ("admitted", "OK_OFFLINE")
    assert answer["flags"] == ["late", "contradicts_booking"]
    there = await passage(yard)
    assert (there.state, there.admitted_at) == ("in_zone", entered_at)
    assert [slip.state for slip in await yard.rows(SlipRow)] == ["used"]
    assert [one.state for one in await yard.rows(BookingRow)] == ["used"]
    (clash,) = await yard.rows(ScanClashRow)
    assert (clash.kind, clash.state) == ("contradicts_booking", "open")
    assert clash.other["reference"] == row.reference
    assert clash.other["state"] == "late_cancelled"
    clock.advance(5 * MINUTE)
    assert (await yard.scan(row.slip_reference, "exit"))["passage"]["state"] == "exited"
    assert [one.state for one in await yard.rows(DeclarationRow)] == ["closed"]


async def test_control_a_truck_scanned_after_the_cancellation_is_refused_for_it(
    yard: Any, clock: FixedClock
) -> None:
    row = await ready(yard, clock)
    await yard.cancel(BookingWithCharges(row, []))
    clock.advance(MINUTE)
    entered_at = clock.now()
    clock.advance(30 * MINUTE)
    answer = await bring(yard, row, "entry", entered_at)
    assert (answer["verdict"], answer["code"]) == ("refused", "REVOKED")
    assert answer["flags"] == ["late"]
    assert (await passage(yard)).state == "called_off"
    assert await clashes(yard) == []


async def test_a_truck_that_stood_in_the_yard_while_its_booking_was_missed_is_checked_in_again(
    yard: Any, clock: FixedClock
) -> None:
    goods = await yard.released()
    row = await ready(yard, clock, goods.id)
    arrived_at = clock.now()
    clock.at = row.slot_ends_at + timedelta(hours=1)
    await yard.sweep()
    assert [one.state for one in await yard.rows(BookingRow)] == ["no_show"]
    answer = await bring(yard, row, "arrival", arrived_at)
    assert (answer["verdict"], answer["flags"]) == ("recorded", ["late", "contradicts_booking"])
    there = await passage(yard)
    assert (there.state, there.arrived_at) == ("arrived", arrived_at)
    assert [one.state for one in await yard.rows(BookingRow)] == ["checked_in"]
    assert [one.live for one in await yard.rows(BookingDeclarationRow)] == [True]
    assert [one.taken for one in await yard.rows(SlotRow, id=row.slot_id)] == [1]
    assert (await yard.scan(row.slip_reference, "entry"))["verdict"] == "admitted"


async def test_a_truck_booked_anew_meanwhile_keeps_its_new_booking_and_the_arrival_is_kept(
    yard: Any, clock: FixedClock
) -> None:
    row = await ready(yard, clock, plate="24C-123.45")
    arrived_at = clock.now()
    clock.at = row.slot_ends_at + timedelta(hours=1)
    await yard.sweep()
    later = await yard.confirmed(await yard.slot(18), plate="24C-123.45")
    answer = await bring(yard, row, "arrival", arrived_at)
    assert (answer["verdict"], answer["code"]) == ("recorded", "OK_OFFLINE")
    assert answer["flags"] == ["late", "contradicts_booking"]
    assert answer["passage"]["state"] == "called_off"
    (first,) = await yard.rows(PassageRow, booking_id=row.id)
    assert (first.state, first.arrived_at) == ("called_off", arrived_at)
    states = {one.id: one.state for one in await yard.rows(BookingRow)}
    assert states == {row.id: "no_show", later.id: "confirmed"}
    assert await clashes(yard) == [("contradicts_booking", "open")]


# ── judged by what was true then ─────────────────────────────────────────────────────────────


async def test_goods_held_and_a_release_after_the_scan_change_nothing_about_it(
    yard: Any, clock: FixedClock
) -> None:
    held = await yard.released()
    row = await ready(yard, clock, held.id)
    await yard.scan(row.slip_reference, "entry")
    clock.advance(5 * MINUTE)
    left_at = clock.now()
    clock.advance(5 * MINUTE)
    await yard.move(held, "hold", reason="A call came in.")
    clock.advance(5 * MINUTE)
    answer = await bring(yard, row, "exit", left_at)
    assert (answer["verdict"], answer["code"]) == ("recorded", "OK_OFFLINE")
    assert answer["flags"] == ["late", "contradicts_goods"]
    assert (await passage(yard)).state == "exited"
    assert [one.state for one in await yard.rows(DeclarationRow)] == ["held"]
    (clash,) = await yard.rows(ScanClashRow)
    assert clash.other == {"type": "declaration", "reference": held.reference, "state": "held"}


async def test_goods_not_released_when_the_truck_passed_stay_a_refusal_after_their_release(
    yard: Any, clock: FixedClock
) -> None:
    goods = await yard.lodged()
    row = await ready(yard, clock, goods.id)
    entered_at = clock.now()
    clock.advance(5 * MINUTE)
    await yard.clear(goods)
    clock.advance(5 * MINUTE)
    answer = await bring(yard, row, "entry", entered_at, decided="admitted")
    assert [reason["code"] for reason in answer["failed"]] == ["NOT_RELEASED", "CLEARANCE_MISSING"]
    assert answer["flags"] == ["late", "contradicts_decision"]
    assert await clashes(yard) == [("contradicts_decision", "open")]
    assert (await yard.scan(row.slip_reference, "entry"))["verdict"] == "admitted"


# ── steps in another order than they happened ────────────────────────────────────────────────


async def test_an_exit_brought_before_its_entry_waits_for_it_and_then_moves_on(
    yard: Any, clock: FixedClock
) -> None:
    goods = await yard.released()
    row = await ready(yard, clock, goods.id)
    entered_at, left_at = clock.now(), clock.now() + 25 * MINUTE
    clock.advance(timedelta(hours=2))
    exit_ = yard.seen(row.slip_reference, "exit", scanned_at=left_at, offline=True)
    first = await yard.scan(exit_)
    assert (first["verdict"], first["code"]) == ("recorded", "TOO_EARLY")
    assert first["flags"] == ["late", "waits_for_earlier_step"]
    assert (await passage(yard)).state == "expected"
    assert await clashes(yard) == [("waits_for_earlier_step", "awaited")]
    assert await yard.events("scan.refuse") == []
    clock.advance(timedelta(hours=1))
    entry = await bring(yard, row, "entry", entered_at, device="barrier-2")
    assert (entry["verdict"], entry["flags"]) == ("admitted", ["late"])
    assert entry["passage"]["state"] == "exited"
    there = await passage(yard)
    assert (there.state, there.admitted_at, there.exited_at) == ("exited", entered_at, left_at)
    assert [one.state for one in await yard.rows(DeclarationRow)] == ["closed"]
    again = await yard.scan(exit_)
    assert (again["verdict"], again["code"], again["flags"]) == ("recorded", "OK_OFFLINE", ["late"])
    assert await clashes(yard) == [("waits_for_earlier_step", "resolved")]
    assert [one.waits for one in await yard.rows(ScanRow)] == [False, False]


async def test_a_whole_visit_brought_backwards_comes_out_in_its_order(
    yard: Any, clock: FixedClock
) -> None:
    row = await ready(yard, clock)
    begin = clock.now()
    way = ("arrival", "entry", "inspection_in", "inspection_out", "exit", "return")
    instants = {kind: begin + n * 7 * MINUTE for n, kind in enumerate(way)}
    clock.advance(timedelta(hours=3))
    for kind in reversed(way):
        await bring(yard, row, kind, instants[kind], device=f"booth-{kind}")
    there = await passage(yard)
    assert there.state == "returned"
    assert (there.arrived_at, there.admitted_at) == (instants["arrival"], instants["entry"])
    assert (there.exited_at, there.returned_at) == (instants["exit"], instants["return"])
    assert await clashes(yard, "open", "awaited") == []
    assert {(one.verdict, one.waits) for one in await yard.rows(ScanRow)} == {
        ("recorded", False),
        ("admitted", False),
    }


async def test_an_arrival_brought_after_the_entry_tells_its_instant_and_moves_nothing(
    yard: Any, clock: FixedClock
) -> None:
    row = await ready(yard, clock)
    arrived_at = clock.now() - 20 * MINUTE
    await yard.scan(row.slip_reference, "entry")
    clock.advance(5 * MINUTE)
    answer = await bring(yard, row, "arrival", arrived_at)
    assert (answer["verdict"], answer["flags"]) == ("recorded", ["late"])
    there = await passage(yard)
    assert (there.state, there.arrived_at) == ("in_zone", arrived_at)
    (event,) = await yard.events("passage.arrive")
    assert event.happened_at == arrived_at
    assert (await bring(yard, row, "arrival", arrived_at, device="b-2"))["code"] == "DUPLICATE"


async def test_an_exit_that_nothing_came_before_is_raised_after_half_a_day(
    yard: Any, clock: FixedClock, manager: Actor
) -> None:
    row = await ready(yard, clock)
    clock.advance(timedelta(hours=1))
    await bring(yard, row, "exit", clock.now() - 10 * MINUTE)
    clock.advance(timedelta(hours=12))
    await Timeouts(yard.store, kinds=[ScanClashRow]).run()
    assert await clashes(yard) == [("waits_for_earlier_step", "open")]
    await bring(yard, row, "entry", clock.now() - timedelta(hours=13), device="b-2")
    assert (await passage(yard)).state == "exited"
    assert await clashes(yard) == [("waits_for_earlier_step", "resolved")]


async def test_online_a_step_too_early_is_refused_for_good_since_the_truck_still_stands_there(
    yard: Any, clock: FixedClock
) -> None:
    row = await ready(yard, clock)
    assert (await yard.scan(row.slip_reference, "exit"))["verdict"] == "refused"
    await yard.scan(row.slip_reference, "entry")
    assert (await passage(yard)).state == "in_zone"


async def test_two_offline_barriers_that_admitted_one_slip_are_a_clash_with_both_scans(
    yard: Any, clock: FixedClock
) -> None:
    row = await ready(yard, clock)
    at = clock.now()
    clock.advance(timedelta(hours=1))
    first = await bring(yard, row, "entry", at + 9 * MINUTE, device="a", decided="admitted")
    second = await bring(yard, row, "entry", at, device="b", decided="admitted")
    assert (first["verdict"], second["verdict"]) == ("admitted", "refused")
    assert (second["code"], second["flags"]) == ("DUPLICATE", ["late", "contradicts_entry"])
    (clash,) = await yard.rows(ScanClashRow)
    assert (str(clash.scan_id), clash.other["id"]) == (second["id"], first["id"])
    assert (await passage(yard)).admitted_at == at + 9 * MINUTE


async def test_a_trigger_pulled_twice_and_a_truck_turned_away_are_no_clash(
    yard: Any, clock: FixedClock
) -> None:
    row = await ready(yard, clock)
    at = clock.now()
    clock.advance(timedelta(hours=1))
    await bring(yard, row, "entry", at)
    assert (await bring(yard, row, "entry", at + timedelta(seconds=2)))["code"] == "DUPLICATE"
    away = await bring(yard, row, "entry", at + 9 * MINUTE, device="b", decided="refused")
    assert (away["verdict"], away["code"], away["flags"]) == ("refused", "DUPLICATE", ["late"])
    assert await clashes(yard) == []


async def test_a_truck_the_device_turned_away_does_not_move_though_it_was_in_order(
    yard: Any, clock: FixedClock
) -> None:
    row = await ready(yard, clock)
    at = clock.now()
    clock.advance(10 * MINUTE)
    answer = await bring(yard, row, "entry", at, decided="refused")
    assert (answer["verdict"], answer["flags"]) == ("recorded", ["late", "contradicts_decision"])
    assert (await passage(yard)).state == "expected"
    assert (await yard.scan(row.slip_reference, "entry"))["verdict"] == "admitted"


async def test_a_code_of_nobody_that_a_device_let_through_is_a_clash_without_a_booking(
    yard: Any, clock: FixedClock
) -> None:
    answer = await yard.scan("SLP-22222-22222", "entry", offline=True, decided="admitted")
    assert (answer["verdict"], answer["flags"]) == ("refused", ["contradicts_decision"])
    (clash,) = await yard.rows(ScanClashRow)
    assert (clash.booking_id, clash.gate) == (None, "KIM_THANH_II")


# ── clocks ───────────────────────────────────────────────────────────────────────────────────


async def test_a_clock_that_is_off_is_flagged_with_how_far_and_the_scan_stored(
    yard: Any, clock: FixedClock, subtests: pytest.Subtests
) -> None:
    for offline in (True, False):
        row = await ready(yard, clock)
        for kind, off, flag, seconds in (
            ("arrival", timedelta(minutes=11), "clock_ahead", 660),
            ("entry", timedelta(days=300), "clock_ahead", 300 * 86_400),
            ("exit", -timedelta(days=3650), "clock_behind", None),
        ):
            with subtests.test(f"{kind} {offline}"):
                now = clock.now()
                answer = await bring(yard, row, kind, now + off, offline=offline)
                assert answer["verdict"] in ("recorded", "admitted")
                assert answer["flags"] == [flag]
                assert answer["clock_off_seconds"] == seconds or answer["clock_off_seconds"] < 0
                (stored,) = await yard.rows(ScanRow, id=UUID(answer["id"]))
                assert (stored.happened_at, stored.received_at) == (now, now)
                assert stored.scanned_at == now + off
                clock.advance(2 * MINUTE)
        (there,) = await yard.rows(PassageRow, booking_id=row.id)
        assert there.arrived_at < there.admitted_at < there.exited_at
        clock.at = row.slot_starts_at - timedelta(hours=1)


async def test_steps_that_run_backwards_are_flagged_kept_and_left_out_of_the_waits(
    yard: Any, clock: FixedClock
) -> None:
    row = await ready(yard, clock)
    clock.advance(30 * MINUTE)
    arrived_at = clock.now()
    assert (await bring(yard, row, "arrival", arrived_at))["flags"] == []
    entered = await bring(yard, row, "entry", arrived_at - 8 * MINUTE, offline=False)
    left = await bring(yard, row, "exit", arrived_at - 12 * MINUTE, offline=False)
    assert entered["flags"] == ["late", "contradicts_arrival"]
    assert left["flags"] == ["late", "contradicts_arrival", "contradicts_entry"]
    there = await passage(yard)
    assert there.state == "exited"
    assert (there.admitted_at, there.exited_at) == (
        arrived_at - 8 * MINUTE,
        arrived_at - 12 * MINUTE,
    )
    assert {one.received_at for one in await yard.rows(ScanRow)} == {arrived_at}
    kinds = ["contradicts_arrival", "contradicts_arrival", "contradicts_entry"]
    assert await clashes(yard) == [(kind, "open") for kind in kinds]
    await yard.quiet()
    await figures.READER.catch_up(yard.store)
    async with yard.store.reading() as connection:
        (waits,) = await figure_storage.waiting_times(connection, arrived_at - timedelta(hours=1))
    assert waits.admitted == 1
    found = {name: getattr(waits, f"{name}_p50") for name in ("waiting", "in_zone", "turn")}
    assert found == dict.fromkeys(found)


async def test_control_without_the_filter_the_waits_would_run_backwards(
    yard: Any, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figure_storage, "forward", lambda end, begin: True)
    without = Statement(figure_storage._waiting_times())
    monkeypatch.setattr(figure_storage, "_TIMES", without)
    row = await ready(yard, clock)
    clock.advance(30 * MINUTE)
    arrived_at = clock.now()
    await bring(yard, row, "arrival", arrived_at)
    await bring(yard, row, "entry", arrived_at - 8 * MINUTE)
    await yard.quiet()
    await figures.READER.catch_up(yard.store)
    async with yard.store.reading() as connection:
        (waits,) = await figure_storage.waiting_times(connection, arrived_at - timedelta(hours=1))
    assert waits.waiting_p50 == -480


async def test_what_no_clock_can_show_is_no_scan(yard: Any) -> None:
    before = await yard.counted()
    for at, code in (
        ("0001-01-01T00:00:00+14:00", "clock_behind"),
        ("1969-12-31T23:59:59Z", "clock_behind"),
        ("9999-12-31T23:59:59-14:00", "clock_ahead"),
    ):
        with pytest.raises(Refusal) as refused:
            await yard.scan("SLP-22222-22222", "entry", scanned_at=at)
        assert [(e.field, e.code) for e in refused.value.errors] == [("scanned_at", code)]
    assert await yard.counted() == before


# ── the supervisor ───────────────────────────────────────────────────────────────────────────


async def test_a_supervisor_reads_both_records_and_says_how_they_go_together(
    yard: Any, clock: FixedClock, manager: Actor
) -> None:
    row = await ready(yard, clock)
    at = clock.now()
    await yard.cancel(BookingWithCharges(row, []))
    clock.at = at + timedelta(hours=1)
    await bring(yard, row, "entry", at - MINUTE)
    async with yard.store.reading() as connection:
        (found,) = await clash_service.clashes(connection, manager, gate=row.gate)
        assert await clash_service.clashes(connection, manager, gate="BAN_VUOC") == []
    assert found.slip_reference == row.slip_reference
    assert (found.verdict, found.booking_reference) == ("admitted", row.reference)

    def resolving(actor: Actor, reason: str) -> Any:
        return yard.does(actor, lambda unit: clash_service.resolve(unit, found.id, reason))

    assert await yard.tries(resolving(yard.guard, "He was there.")) == "not_allowed"
    assert await yard.tries(resolving(manager, "  ")) == "invalid_fields"
    done = await resolving(manager, "The guard saw him pass.")
    assert (done.state, done.reason) == ("resolved", "The guard saw him pass.")
    assert await yard.tries(resolving(manager, "Again.")) == "move_not_open"
    async with yard.store.reading() as connection:
        assert await clash_service.clashes(connection, manager) == []


# ── at once ──────────────────────────────────────────────────────────────────────────────────


async def both(yard: Any, row: Any, at: datetime) -> None:
    """Bring an entry and its exit at once, from two booths."""
    await asyncio.gather(
        bring(yard, row, "exit", at + 20 * MINUTE, device="exit-booth"),
        bring(yard, row, "entry", at, device="entry-booth"),
    )


async def test_an_exit_and_its_entry_brought_at_once_never_miss_each_other(
    yard: Any, clock: FixedClock
) -> None:
    slot = await yard.slot(HOUR)
    trucks = [await yard.confirmed(slot) for _ in range(6)]
    clock.at = at = slot.starts_at
    clock.advance(timedelta(hours=1))
    await asyncio.gather(*(both(yard, row, at) for row in trucks))
    assert [one.state for one in await yard.rows(PassageRow)] == ["exited"] * 6
    assert not any(one.waits for one in await yard.rows(ScanRow))
    assert await clashes(yard, "open", "awaited") == []


async def test_control_without_the_lock_the_exit_waits_for_an_entry_that_has_been(
    yard: Any, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, calls = asyncio.Barrier(2), 0

    async def unlocked(connection: AsyncConnection, reference: str) -> Any:
        nonlocal calls
        calls += 1
        found = await UNLOCKED.one(connection, reference=reference)
        if calls <= 2:
            await together.wait()
        return found

    row = await ready(yard, clock)
    at = clock.now()
    clock.advance(timedelta(hours=1))
    monkeypatch.setattr(scan_storage, "scanned_slip", unlocked)
    waiting = scan_storage.waiting_scans

    async def looked(connection: AsyncConnection, booking_id: Any) -> Any:
        found = await waiting(connection, booking_id)
        looked_for.set()
        return found

    looked_for, opened = asyncio.Event(), clash_service.open_clash

    async def slowly(*given: Any) -> None:
        await looked_for.wait()
        await opened(*given)

    monkeypatch.setattr(scan_storage, "waiting_scans", looked)
    monkeypatch.setattr(clash_service, "open_clash", slowly)
    await both(yard, row, at)
    assert (await passage(yard)).state == "in_zone"
    assert sorted(one.waits for one in await yard.rows(ScanRow)) == [False, True]
