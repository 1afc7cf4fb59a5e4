"""Scans that come at the same time: each is answered as alone, by so many statements for all."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from border.core.clock import FixedClock
from border.core.refusal import Refusal
from border.core.statement import Statement, one_of
from border.core.store import Store
from logistics import scan_storage
from logistics.booking_service import BookingWithCharges
from logistics.scan_request import ScanRequest
from logistics.tables import PassageRow, ScanRow

HOUR = 13
STATEMENTS = 5
"""Of scans in one transaction, however many: made before, slips, goods, money, and the writing."""


UNLOCKED = Statement(scan_storage.FACTS.where(one_of(scan_storage.slip.c.reference, "references")))
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
    await yard.move(held, "hold", reason="A call came in.")
    early, owing, gone = [await yard.confirmed(later) for _ in range(3)]
    await yard.cancel(BookingWithCharges(gone, []))
    clock.at = slot.starts_at - timedelta(minutes=9)
    await yard.scan(ready[4].slip_reference, "entry")
    code = ready[0].slip_reference
    misread = code[:-1] + ("2" if code[-1] != "2" else "3")
    return [
        yard.seen(ready[0].slip_reference, "arrival"),
        yard.seen(ready[1].slip_reference, "entry"),
        yard.seen(ready[2].slip_reference, "entry", gate="BAN_VUOC"),
        yard.seen(ready[3].slip_reference, "entry", plate_seen="11A-00000"),
        yard.seen(ready[4].slip_reference, "entry"),
        yard.seen(ready[4].slip_reference, "exit"),
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


async def each(asked: Sequence[Any]) -> list[Any]:
    return [told(one) for one in await asyncio.gather(*asked, return_exceptions=True)]


async def test_together_each_is_answered_as_it_is_alone_and_the_same_is_written(
    yard: Any, clock: FixedClock
) -> None:
    noon = clock.now()
    alone = await stories(yard, clock)
    one_by_one = [(await each([yard.does(yard.guard, yard.scanning(one))]))[0] for one in alone]
    before = [(e.type, e.payload) for e in await yard.events() if e.type.startswith("passage.")]
    clock.at = noon
    together = await stories(yard, clock)
    known = len(await yard.events())
    assert await each([yard.scan(one) for one in together]) == one_by_one
    after = (await yard.events())[known:]
    passed = [(e.type, e.payload) for e in after if e.type.startswith("passage.")]
    assert all(one in before for one in passed)
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
    locked, both_have_read = scan_storage.scanned_slips, asyncio.Barrier(2)
    reads = 0

    async def unlocked(connection: Any, references: Any) -> Any:
        nonlocal reads
        reads += 1
        if reads > 2:
            return await locked(connection, references)
        found = await UNLOCKED.rows(connection, references=sorted(set(references)))
        await both_have_read.wait()
        return {one.slip_reference: one for one in found}

    monkeypatch.setattr(scan_storage, "scanned_slips", unlocked)
    other = type(yard)(**{name: getattr(yard, name) for name in yard.__dataclass_fields__})
    first, second = (
        yard.seen(row.slip_reference, "entry", device=f"barrier-{n}") for n in range(2)
    )
    answers = await asyncio.gather(yard.scan(first), other.scan(second))
    # The state that was read is the second fence: the loser is taken again, alone.
    assert sorted(answer["code"] for answer in answers) == ["DUPLICATE", "OK"]
    assert [(one.state, one.version) for one in await yard.rows(PassageRow)] == [("in_zone", 2)]
