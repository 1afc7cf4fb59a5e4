"""Scans on a real database: the way through the gate, repeats, refusals, and scans at once."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.clock import FixedClock
from border.core.ids import ALPHABET
from border.core.refusal import Refusal
from border.core.statement import Statement
from customs.tables import DeclarationRow
from logistics import scan_service, scan_storage
from logistics.booking_service import BookingWithCharges
from logistics.slip_token import SigningKey, SlipClaims, sign
from logistics.tables import BookingDeclarationRow, PassageRow, ScanRow, SlipRow

HOUR = 13
UNLOCKED = Statement(
    scan_storage.FACTS.where(scan_storage.slip.c.reference == bindparam("reference"))
)
"""The reading of a slip with its guard taken away."""
"""The slot that begins an hour after the tests do."""


async def ready(yard: Any, clock: FixedClock, *ids: Any) -> Any:
    """Return a confirmed booking whose truck may pass the barrier now."""
    row = await yard.confirmed(await yard.slot(HOUR), *ids)
    clock.at = row.slot_starts_at - timedelta(minutes=10)
    return row


async def test_a_truck_goes_through_yard_barrier_and_exit_and_its_goods_are_closed(
    yard: Any, clock: FixedClock
) -> None:
    goods = await yard.released()
    row = await ready(yard, clock, goods.id)
    code = row.slip_reference
    arrival = await yard.scan(code, "arrival")
    assert (arrival["verdict"], arrival["code"]) == ("recorded", "OK")
    assert arrival["passage"]["state"] == "arrived"
    assert arrival["slip"]["plate"] == row.plate_typed
    entry = await yard.scan(code, "entry", plate_seen=row.plate_typed)
    assert (entry["verdict"], entry["passage"]["state"]) == ("admitted", "in_zone")
    clock.advance(timedelta(minutes=20))
    exit_ = await yard.scan(code, "exit")
    assert (exit_["verdict"], exit_["passage"]["state"]) == ("recorded", "exited")
    assert [slip.state for slip in await yard.rows(SlipRow)] == ["closed"]
    assert [d.state for d in await yard.rows(DeclarationRow)] == ["closed"]
    assert [link.live for link in await yard.rows(BookingDeclarationRow)] == [False]
    passage = (await yard.rows(PassageRow))[0]
    assert passage.exited_at - passage.admitted_at == timedelta(minutes=20)


async def test_a_truck_may_be_inspected_in_the_zone_and_may_come_back(
    yard: Any, clock: FixedClock
) -> None:
    code = (await ready(yard, clock)).slip_reference
    states = [
        (await yard.scan(code, kind))["passage"]["state"]
        for kind in ("entry", "inspection_in", "inspection_out", "exit", "return")
    ]
    assert states == ["in_zone", "inspecting", "in_zone", "exited", "returned"]


async def test_what_an_offline_shift_brings_happened_when_it_was_scanned(
    yard: Any, clock: FixedClock
) -> None:
    row = await ready(yard, clock, (await yard.released()).id)
    seen = {
        kind: row.slot_starts_at + timedelta(minutes=minutes)
        for kind, minutes in (("arrival", 1), ("entry", 5), ("exit", 9))
    }
    clock.at = brought = row.slot_starts_at + timedelta(hours=8)
    for kind, at in seen.items():
        answer = await yard.scan(row.slip_reference, kind, scanned_at=at, offline=True)
        assert answer["code"] == "OK_OFFLINE"
    told = {
        "arrival": ("passage.arrive", "booking.check_in"),
        "entry": ("passage.admit", "booking.use", "slip.use"),
        "exit": ("passage.exit", "slip.close", "declaration.exit", "declaration.close"),
    }
    for kind, types in told.items():
        events = await yard.events(*types)
        assert [event.type for event in events] == list(types)
        assert {(event.happened_at, event.recorded_at) for event in events} == {
            (seen[kind], brought)
        }
        assert {event.actor_kind for event in events} == {"person"}
        assert len({event.request_id for event in events}) == 1


async def test_a_passage_that_does_not_come_back_closes_after_three_days(
    yard: Any, clock: FixedClock
) -> None:
    code = (await ready(yard, clock)).slip_reference
    await yard.scan(code, "entry")
    await yard.scan(code, "exit")
    clock.advance(timedelta(hours=71))
    assert await yard.sweep(PassageRow) == 0
    clock.advance(timedelta(hours=1))
    assert await yard.sweep(PassageRow) == 1
    assert [passage.state for passage in await yard.rows(PassageRow)] == ["closed"]
    assert (await yard.scan(code, "return"))["code"] == "DUPLICATE"


async def test_a_slip_is_known_by_its_reference_however_typed_and_by_its_token(
    yard: Any, clock: FixedClock
) -> None:
    slot = await yard.slot(HOUR)
    for _ in range(4):
        await yard.confirmed(slot)
    clock.at = slot.starts_at
    one, two, three, four = await yard.rows(SlipRow)
    for code in (
        one.reference,
        f" {two.reference.lower()} ",
        three.reference.replace("-", ""),
        four.token,
    ):
        assert (await yard.scan(code))["verdict"] == "admitted"


async def test_one_wrong_character_is_said_to_be_one_and_nothing_moves(
    yard: Any, clock: FixedClock
) -> None:
    reference = (await ready(yard, clock)).slip_reference
    before = await yard.counted()
    last = reference[-1]
    wrong = reference[:-1] + ALPHABET[(ALPHABET.index(last) + 1) % len(ALPHABET)]
    answer = await yard.scan(wrong)
    assert (answer["verdict"], answer["code"]) == ("refused", "UNKNOWN")
    assert "check character" in answer["says"]
    after = await yard.counted()
    assert {name for name in after if after[name] != before[name]} == {"scan", "event"}


async def test_a_code_of_another_kind_is_unknown_and_a_false_token_a_bad_signature(
    yard: Any, clock: FixedClock
) -> None:
    row = await ready(yard, clock)
    assert (await yard.scan(row.reference))["code"] == "UNKNOWN"
    assert (await yard.scan("893456789012"))["code"] == "UNKNOWN"
    mark, payload, signature = (await yard.rows(SlipRow))[0].token.split(".")
    other = "A" if signature[40] != "A" else "B"
    tampered = f"{mark}.{payload}.{signature[:40]}{other}{signature[41:]}"
    assert (await yard.scan(tampered))["code"] == "BAD_SIGNATURE"
    claims = SlipClaims(
        reference=row.slip_reference,
        plate=row.plate,
        gate=row.gate,
        direction=row.direction,
        starts_at=row.slot_starts_at,
        ends_at=row.slot_ends_at,
        valid_until=row.slot_ends_at,
    )
    foreign = sign(claims, SigningKey.from_seed("k1", b"\x01" * 32))
    assert (await yard.scan(foreign))["code"] == "BAD_SIGNATURE"
    stolen = sign(replace(claims, plate="24C99999"), SigningKey.from_seed("k1", bytes(32))).split(
        "."
    )[1]
    assert (await yard.scan(f"{mark}.{stolen}.{signature}"))["code"] == "BAD_SIGNATURE"
    assert [passage.state for passage in await yard.rows(PassageRow)] == ["expected"]


async def test_codes_as_scanners_and_keyboards_deliver_them_open_the_barrier(
    yard: Any, clock: FixedClock
) -> None:
    slot = await yard.slot(HOUR)
    for _ in range(6):
        await yard.confirmed(slot)
    clock.at = slot.starts_at
    slips = await yard.rows(SlipRow)
    wide = {ord(letter): ord(letter) + 0xFEE0 for letter in "SLP23456789ABCDEFGHJKMNQRTUVWXYZ"}
    for code in (
        f"]C0{slips[0].reference}",
        f"]C1\x1d{slips[1].reference}\r\n",
        slips[2].reference.translate(wide).replace("-", "－"),
        slips[3].reference.replace("-", "–").lower(),
        f"]Q3{slips[4].token}\x04",
        f"\ufeff ] q1 {slips[5].token[:60]} {slips[5].token[60:]}",
    ):
        assert (await yard.scan(code))["verdict"] == "admitted", code


async def test_a_token_in_capitals_or_cut_short_is_to_be_scanned_again_and_accuses_nobody(
    yard: Any, clock: FixedClock
) -> None:
    await ready(yard, clock)
    token = (await yard.rows(SlipRow))[0].token
    for torn in (
        token.upper(),
        token.lower(),
        token.swapcase(),
        *(token[:n] for n in (3, 9, 90)),
        token[:-1],
        token[:-20],
        token + "A",
        token[:50] + token[52:],
    ):
        answer = await yard.scan(torn)
        assert (answer["verdict"], answer["code"]) == ("refused", "UNKNOWN"), torn
        assert "Scan it again" in answer["says"], torn


async def test_goods_not_released_or_held_stop_at_the_barrier_with_every_reason(
    yard: Any, clock: FixedClock
) -> None:
    goods = await yard.lodged()
    row = await ready(yard, clock, goods.id)
    answer = await yard.scan(row.slip_reference)
    assert [reason["code"] for reason in answer["failed"]] == ["NOT_RELEASED", "CLEARANCE_MISSING"]
    assert (await yard.scan(row.slip_reference, "arrival"))["verdict"] == "recorded"


async def test_goods_held_after_their_release_stop_until_the_hold_is_lifted(
    yard: Any, clock: FixedClock
) -> None:
    goods = await yard.released()
    row = await ready(yard, clock, goods.id)
    await yard.move(goods, "hold", reason="A call came in.")
    assert [r["code"] for r in (await yard.scan(row.slip_reference))["failed"]] == ["HOLD"]
    await yard.move(goods, "lift")
    assert (await yard.scan(row.slip_reference))["verdict"] == "admitted"


async def test_a_refusal_is_recorded_without_the_code_and_without_the_plate(
    yard: Any, clock: FixedClock
) -> None:
    row = await ready(yard, clock)
    answer = await yard.scan(row.slip_reference, plate_seen="24C-999.99")
    assert answer["code"] == "WRONG_VEHICLE"
    event = (await yard.events("scan.refuse"))[0]
    assert event.payload == {
        "gate_lane": "X1",
        "direction": "export",
        "scan_kind": "entry",
        "codes": ["WRONG_VEHICLE"],
    }
    assert event.key == row.reference
    assert [one.verdict for one in await yard.rows(ScanRow)] == ["refused"]


async def test_a_scan_brought_twice_is_answered_the_same_and_moves_nothing_again(
    yard: Any, clock: FixedClock
) -> None:
    asked = yard.seen((await ready(yard, clock)).slip_reference, "entry")
    first = await yard.scan(asked)
    before = await yard.counted()
    clock.advance(timedelta(hours=2))
    assert await yard.scan(asked) == first
    assert await yard.counted() == before


async def test_the_same_number_for_another_scan_is_refused(yard: Any, clock: FixedClock) -> None:
    code = (await ready(yard, clock)).slip_reference
    await yard.scan(code, "arrival", scan_id="1")
    before = await yard.counted()
    assert await yard.tries(yard.scan(code, "entry", scan_id="1")) == "scan_id_reused"
    assert await yard.counted() == before
    assert (await yard.scan(code, "entry", scan_id="1", device="barrier-2"))["code"] == "OK"


async def test_a_scan_made_offline_says_so(yard: Any, clock: FixedClock) -> None:
    code = (await ready(yard, clock)).slip_reference
    scanned_at = clock.now()
    clock.advance(timedelta(hours=5))
    answer = await yard.scan(code, "entry", scanned_at=scanned_at, offline=True)
    assert (answer["verdict"], answer["code"]) == ("admitted", "OK_OFFLINE")
    assert (await yard.rows(PassageRow))[0].admitted_at == scanned_at


async def test_a_device_set_to_a_gate_that_does_not_exist_is_refused(
    yard: Any, clock: FixedClock
) -> None:
    code = (await ready(yard, clock)).slip_reference
    before = await yard.counted()
    for unknown in (code, "SLP-22222-22222"):
        with pytest.raises(Refusal) as refused:
            await yard.scan(unknown, gate="NOWHERE")
        assert [(e.field, e.code) for e in refused.value.errors] == [("gate", "unknown_gate")]
    assert await yard.counted() == before
    assert (await yard.scan(code, gate="BAN_VUOC"))["code"] == "WRONG_GATE"


async def test_only_the_people_of_the_gate_scan(yard: Any) -> None:
    asked = yard.seen("SLP-22222-22222", "entry")
    work = yard.does(yard.trader, lambda unit: scan_service.scan(unit, asked, None))
    assert await yard.tries(work) == "not_allowed"


# ── at once ──────────────────────────────────────────────────────────────────────────────────


async def both(yard: Any, *asked: Any, alone: bool = False) -> Counter[str]:
    """Scan at once and count the codes of the answers and of the refusals."""

    async def one(scan: Any) -> str:
        take = yard.does(yard.guard, yard.scanning(scan)) if alone else yard.scan(scan)
        try:
            return str((await take)["code"])
        except Refusal as refusal:
            return refusal.code

    return Counter(await asyncio.gather(*(one(scan) for scan in asked)))


async def test_of_two_scans_of_one_slip_at_once_one_is_admitted_and_one_a_duplicate(
    yard: Any, clock: FixedClock
) -> None:
    code = (await ready(yard, clock)).slip_reference
    asked = [yard.seen(code, "entry", device=f"barrier-{n}") for n in range(2)]
    assert await both(yard, *asked) == {"OK": 1, "DUPLICATE": 1}
    assert len(await yard.events("passage.admit")) == 1


async def test_control_without_the_lock_the_second_is_not_told_of_the_first(
    yard: Any, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = asyncio.Barrier(2)
    calls = 0

    async def unlocked(connection: AsyncConnection, reference: str) -> Any:
        nonlocal calls
        calls += 1
        found = await UNLOCKED.one(connection, reference=reference)
        if calls <= 2:
            await together.wait()
        return found

    code = (await ready(yard, clock)).slip_reference
    monkeypatch.setattr(scan_storage, "scanned_slip", unlocked)
    asked = [yard.seen(code, "entry", device=f"barrier-{n}") for n in range(2)]
    found = await both(yard, *asked, alone=True)
    assert found["DUPLICATE"] == 0
    assert found == {"OK": 1, "move_not_open": 1}  # the move itself is the second fence


async def test_the_same_scan_brought_many_times_at_once_is_one_scan(
    yard: Any, clock: FixedClock
) -> None:
    asked = yard.seen((await ready(yard, clock)).slip_reference, "entry")
    assert await both(yard, *[asked] * 6) == {"OK": 6}
    assert len(await yard.rows(ScanRow)) == 1
    unknown = yard.seen("SLP-22222-22222", "entry")
    assert await both(yard, *[unknown] * 6) == {"UNKNOWN": 6}
    assert len(await yard.rows(ScanRow)) == 2


async def test_a_scan_that_waits_for_a_cancellation_sees_the_slip_revoked(
    yard: Any, clock: FixedClock
) -> None:
    row = await yard.confirmed(await yard.slot(18))
    asked = yard.seen(row.slip_reference, "arrival", scanned_at=clock.now())

    async def cancel() -> str:
        return await yard.tries(yard.cancel(BookingWithCharges(row, [])))

    found, cancelled = await asyncio.gather(both(yard, asked), cancel())
    assert cancelled == "done"
    assert set(found) <= {"REVOKED", "TOO_EARLY"}
    assert [slip.state for slip in await yard.rows(SlipRow)] == ["revoked"]
    assert (await yard.scan(row.slip_reference, "arrival"))["code"] == "REVOKED"
