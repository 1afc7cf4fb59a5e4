"""Scans that come at the same time: each is answered as alone, by so many statements for all."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from border.core.actor import PROGRAM
from border.core.clock import FixedClock
from border.core.money import Money
from border.core.refusal import Refusal
from border.core.store import Store, Unit, Writes
from border.payments.charges.tables import ChargeRow
from border.payments.tariffs.assessment import Assessment, ExplanationLine
from logistics import batch_service, scan_storage
from logistics.booking_service import BookingWithCharges
from logistics.scan_request import ScanRequest
from logistics.tables import BookingDeclarationRow, PassageRow, ScanRow
from tests.border.payments.owing import owe

HOUR = 13
STATEMENTS = 2
"""Of scans in one transaction, however many: one reads everything, one writes everything."""


UNLOCKED = scan_storage.reading(scan_storage.OF_ASKED)
"""The reading of slips with its guard taken away."""


@contextmanager
def sent(store: Store) -> Iterator[list[str]]:
    """Give the statements that the store sends meanwhile."""
    statements: list[str] = []

    def heard(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    event.listen(store.engine.sync_engine, "before_cursor_execute", heard)
    try:
        yield statements
    finally:
        event.remove(store.engine.sync_engine, "before_cursor_execute", heard)


async def stories(yard: Any, clock: FixedClock) -> list[ScanRequest]:
    """Return one scan of each kind that there is, each of a truck of its own."""
    slot, later = await yard.slot(HOUR), await yard.slot(HOUR + 4)
    released, lodged, held = await yard.released(), await yard.lodged(), await yard.released()
    ready = [await yard.confirmed(slot) for _ in range(5)]
    goods = [await yard.confirmed(slot, one.id) for one in (released, lodged, held)]
    leaving = await yard.confirmed(slot, (await yard.released()).id)
    await yard.move(held, "hold", reason="A call came in.")
    early, owing, gone = [await yard.confirmed(later) for _ in range(3)]
    await yard.cancel(BookingWithCharges(gone, []))
    clock.at = slot.starts_at - timedelta(minutes=9)
    await yard.scan(ready[4].slip_reference, "entry")
    await yard.scan(leaving.slip_reference, "entry")
    code = ready[0].slip_reference
    misread = code[:-1] + ("2" if code[-1] != "2" else "3")
    return [
        yard.seen(ready[0].slip_reference, "arrival"),
        yard.seen(ready[1].slip_reference, "entry"),
        yard.seen(ready[2].slip_reference, "entry", gate="BAN_VUOC"),
        yard.seen(ready[3].slip_reference, "entry", plate_seen="11A-00000"),
        yard.seen(ready[4].slip_reference, "entry"),
        yard.seen(ready[4].slip_reference, "exit"),
        yard.seen(leaving.slip_reference, "exit"),
        *(yard.seen(one.slip_reference, "entry") for one in goods),
        yard.seen(early.slip_reference, "entry"),
        yard.seen(owing.slip_reference, "arrival", offline=True),
        yard.seen(gone.slip_reference, "arrival"),
        yard.seen("SLP-22222-22222", "entry"),
        yard.seen(misread, "entry"),
        yard.seen("SLP-22222-22222", "entry", gate="NOWHERE"),
    ]


OWN = ("id", "reference", "plate", "received_at", "happened_at")


def told(answer: Any) -> Any:
    """Return what is answered, without what is a truck's own."""
    if isinstance(answer, Refusal):
        return answer.code, [error.field for error in answer.errors]
    if isinstance(answer, dict):
        return {name: told(value) for name, value in answer.items() if name not in OWN}
    return [told(one) for one in answer] if isinstance(answer, list) else answer


async def written(yard: Any, known: int) -> Counter[str]:
    """Return how often each thing was recorded after the first events; a lane may be by lot."""
    return Counter(
        f"{e.type} {sorted(said for said in e.payload.items() if said[0] != 'goods_lane')}"
        for e in (await yard.events())[known:]
    )


async def each(asked: Sequence[Any]) -> list[Any]:
    return [told(one) for one in await asyncio.gather(*asked, return_exceptions=True)]


@pytest.mark.parametrize("brought", [False, True])
async def test_together_each_is_answered_as_it_is_alone_and_the_same_is_written(
    yard: Any, clock: FixedClock, brought: bool
) -> None:
    noon = clock.now()
    alone = await stories(yard, clock)
    known = len(await yard.events())
    by_itself = [yard.does(yard.guard, yard.scanning(one, brought=brought)) for one in alone]
    one_by_one = [(await each([work]))[0] for work in by_itself]
    before = await written(yard, known)
    clock.at = noon
    together = await stories(yard, clock)
    known = len(await yard.events())
    if brought:
        answers = await batch_service.bring(yard.brought, yard.guard, together)
        assert list(map(told, answers)) == one_by_one
    else:
        assert await each(list(map(yard.scan, together))) == one_by_one
    assert await written(yard, known) == before
    assert [link.live for link in await yard.rows(BookingDeclarationRow)].count(False) == 2
    verdicts = {one["verdict"] if isinstance(one, dict) else one[0] for one in one_by_one}
    assert verdicts == {"admitted", "recorded", "refused", "invalid_fields"}


@pytest.mark.parametrize("trucks", [1, 12])
async def test_so_many_statements_are_sent_however_many_scan(
    yard: Any, clock: FixedClock, trucks: int
) -> None:
    slot = await yard.slot(HOUR)
    rows = [await yard.confirmed(slot, (await yard.released()).id) for _ in range(trucks)]
    clock.at = slot.starts_at - timedelta(minutes=9)
    asked = [yard.seen(row.slip_reference, "entry", plate_seen=row.plate_typed) for row in rows]
    with sent(yard.store) as statements:
        answers = await asyncio.gather(*map(yard.scan, asked))
    assert [answer["verdict"] for answer in answers] == ["admitted"] * trucks
    transactions = len({e.xid for e in await yard.events("passage.admit")})
    assert len(statements) == STATEMENTS * transactions
    assert transactions <= 2  # the first went at once, the others together


async def test_two_scans_of_one_truck_in_one_transaction_see_each_other(
    yard: Any, clock: FixedClock
) -> None:
    slot = await yard.slot(HOUR)
    row = await yard.confirmed(slot)
    clock.at = slot.starts_at - timedelta(minutes=9)
    gates = [yard.seen(row.slip_reference, "entry", device=f"barrier-{n}") for n in range(4)]
    codes = [answer["code"] for answer in await asyncio.gather(*map(yard.scan, gates))]
    assert sorted(codes) == ["DUPLICATE", "DUPLICATE", "DUPLICATE", "OK"]
    assert len(await yard.rows(ScanRow)) == 4


async def test_control_a_slip_read_without_its_lock_is_not_moved_twice(
    yard: Any, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = await yard.slot(HOUR)
    row = await yard.confirmed(slot)
    clock.at = slot.starts_at - timedelta(minutes=9)
    both_have_read = asyncio.Barrier(2)

    class Unlocked:
        async def rows(self, connection: Any, **given: Any) -> Any:
            found = await UNLOCKED.rows(connection, **given)
            await both_have_read.wait()
            return found

    monkeypatch.setattr(scan_storage, "_scanned", lambda **_: Unlocked())
    other = type(yard)(**{name: getattr(yard, name) for name in yard.__dataclass_fields__})
    first, second = (
        yard.seen(row.slip_reference, "entry", device=f"barrier-{n}") for n in range(2)
    )
    answers = await asyncio.gather(yard.scan(first), other.scan(second))
    # The state that was read is the second fence: the loser is taken again, alone.
    assert sorted(answer["code"] for answer in answers) == ["DUPLICATE", "OK"]
    assert [(one.state, one.version) for one in await yard.rows(PassageRow)] == [("in_zone", 2)]


async def trucks_with_goods(yard: Any, clock: FixedClock, number: int) -> list[Any]:
    """Return so many trucks with released goods that may pass the barrier now."""
    slot = await yard.slot(HOUR)
    rows = [await yard.confirmed(slot, (await yard.released()).id) for _ in range(number)]
    clock.at = slot.starts_at - timedelta(minutes=9)
    return rows


async def test_what_a_shift_brings_is_taken_together_as_far_as_its_order_allows(
    yard: Any, clock: FixedClock
) -> None:
    rows = await trucks_with_goods(yard, clock, 3)
    begun = clock.at
    clock.advance(timedelta(hours=5))
    shift = [
        yard.seen(row.slip_reference, kind, scanned_at=begun + timedelta(minutes=minutes))
        for row in rows
        for minutes, kind in enumerate(("arrival", "entry", "exit"))
    ]
    with sent(yard.store) as statements:
        answers = await batch_service.bring(yard.brought, yard.guard, [*shift, shift[0]])
    states = [answer["passage"]["state"] for answer in answers]  # type: ignore[index]
    assert states == ["arrived", "in_zone", "exited"] * 3 + ["arrived"]
    assert answers[-1] == answers[0]
    taken = await yard.rows(ScanRow)
    assert sorted(one.happened_at for one in taken) == sorted(one.scanned_at for one in shift)
    # Three rounds; in each the first may have gone ahead of those who came while it was at work.
    assert len(statements) <= 3 * 2 * STATEMENTS


@pytest.mark.parametrize("then", ["stopped since", "stopped then", "owing then"])
async def test_what_stood_otherwise_when_it_was_scanned_is_judged_as_of_then(
    yard: Any, clock: FixedClock, then: str
) -> None:
    slot, goods = await yard.slot(HOUR), await yard.released()
    row = await yard.confirmed(slot, goods.id)
    clock.at = slot.starts_at - timedelta(minutes=9)

    async def parked(unit: Unit) -> ChargeRow:
        line = ExplanationLine("Parking", {})
        return await owe(
            unit,
            kind="parking",
            subject=row.reference,
            gate=row.gate,
            payer_organisation_id=row.owner_organisation_id,
            assessment=Assessment(Money(50_000), (line,), ("lao_cai_2014",)),
        )

    if then == "stopped then":
        await yard.move(goods, "hold", reason="A call came in.")
    if then == "owing then":
        charges = [await yard.does(PROGRAM, parked)]
    seen = yard.seen(row.slip_reference, "entry", offline=True)
    clock.advance(timedelta(minutes=2))
    if then == "stopped since":
        await yard.move(goods, "hold", reason="A call came in.")
    if then == "stopped then":
        await yard.move(goods, "lift")
    if then == "owing then":
        await yard.open_payment(BookingWithCharges(row, charges), "desk")
    clock.advance(timedelta(hours=1))
    (answer,) = await batch_service.bring(yard.brought, yard.guard, [seen])
    codes = {"stopped since": "OK_OFFLINE", "stopped then": "HOLD", "owing then": "UNPAID"}
    assert answer["code"] == codes[then]  # type: ignore[index]


@pytest.mark.parametrize("relies", [True, False])
async def test_goods_that_are_stopped_while_a_scan_is_decided_do_not_pass(
    yard: Any, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, relies: bool
) -> None:
    """False is the control: without the second look at the goods they pass."""
    slot, goods = await yard.slot(HOUR), await yard.released()
    row = await yard.confirmed(slot, goods.id)
    clock.at = slot.starts_at - timedelta(minutes=9)
    read = scan_storage.scanned

    async def then_stopped(connection: Any, asked: Any, *, past: bool) -> Any:
        found = await read(connection, asked, past=past)
        await yard.move(goods, "hold", reason="A call came in.")
        return found

    monkeypatch.setattr(scan_storage, "scanned", then_stopped)
    if not relies:
        monkeypatch.setattr(Writes, "rely_on", lambda *_: None)
    answer = await yard.scan(row.slip_reference, "entry")
    assert answer["code"] == ("HOLD" if relies else "OK")
