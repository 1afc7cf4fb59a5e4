"""Notices that come at the same time: kept with one statement, each answered as by itself."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text

from border.core.store import Unit
from border.payments.collection import payment_storage
from border.payments.collection.notice_service import Inbox
from border.payments.collection.tables import AttemptRow, NoticeRow
from tests.border.core.test_coalescer import counted


async def stories(counter: Any, first: int = 15_000_001) -> list[bytes]:
    """Return a notice of each kind that there is, each about a payment of its own."""
    opened = [await counter.open([await counter.charge()]) for _ in range(8)]
    numbers = map(str, range(first, first + len(opened)))
    paid = [
        counter.notice(one, TransactionNo=number)
        for one, number in zip(opened, numbers, strict=True)
    ]
    return [
        paid[0],
        counter.notice(opened[1], "24"),
        counter.notice(opened[2], "00", "01"),
        counter.notice(opened[3], Amount="100"),
        counter.notice(opened[4], Amount="1" * 13),
        counter.notice(opened[5], TxnRef="PAYUNKNOWN1"),
        counter.notice(opened[6], TmnCode="GATE0002"),
        paid[7][:-1] + (b"0" if paid[7][-1:] != b"0" else b"1"),
        b"",
        paid[0],
    ]


async def kept(counter: Any) -> list[tuple[Any, ...]]:
    """Return what is in the inbox, in the order of arrival, without what is a payment's own."""
    own = ("txn_ref", "provider_txn")
    rows = sorted(await counter.rows(NoticeRow), key=lambda row: (row.received_at, row.id))
    named = {one.id: one.txn_ref for one in await counter.rows(AttemptRow)}
    return [
        (
            row.gateway,
            row.source,
            named.get(row.attempt_id) == row.evidence["txn_ref"],
            {name: value for name, value in row.evidence.items() if name not in own},
            row.verified,
            row.taken_at,
        )
        for row in rows
    ]


async def test_together_each_is_answered_and_kept_as_it_is_alone(counter: Any) -> None:
    alone = [await counter.take(raw) for raw in await stories(counter)]
    by_itself = await kept(counter)
    together = await stories(counter, 16_000_001)
    async with counted(counter.store) as sent:
        answers = await asyncio.gather(*map(counter.take, together))
    assert answers == alone == ["00", "00", "00", "04", "04", "01", "99", "97", "99", "02"]
    assert len(sent) == 1
    assert (await kept(counter))[len(by_itself) :] == by_itself
    assert [row.raw for row in await in_order(counter)][len(by_itself) :] == together[:5]


async def in_order(counter: Any) -> list[NoticeRow]:
    """Return the notices in the order in which they are worked off."""
    return sorted(await counter.rows(NoticeRow), key=lambda row: (row.received_at, row.id))


@pytest.mark.parametrize("number", [1, 20])
async def test_so_many_statements_are_sent_however_many_come(counter: Any, number: int) -> None:
    notices = await paid(counter, number)
    async with counted(counter.store) as sent:
        assert await asyncio.gather(*map(counter.take, notices)) == ["00"] * number
    assert len(sent) == 1
    assert [row.raw for row in await in_order(counter)] == notices


async def paid(counter: Any, number: int) -> list[bytes]:
    """Return proofs of as many payments."""
    opened = [await counter.open([await counter.charge()]) for _ in range(number)]
    return [counter.notice(one, TransactionNo=f"{15_000_001 + n}") for n, one in enumerate(opened)]


async def test_one_that_cannot_be_kept_spoils_no_other(
    counter: Any, poisoned: Any, caplog: pytest.LogCaptureFixture
) -> None:
    notices = await paid(counter, 3)
    (attempt,) = await counter.rows(AttemptRow, txn_ref=txn_ref(notices[1]))
    async with poisoned("notice", attempt.id, "NEW.attempt_id", "INSERT"):
        assert await asyncio.gather(*map(counter.take, notices)) == ["00", "99", "00"]
    assert "could not be kept" in caplog.text
    assert [row.raw for row in await in_order(counter)] == [notices[0], notices[2]]
    assert await counter.take(notices[1]) == "00"


def txn_ref(raw: bytes) -> str:
    """Return the reference that a notice names."""
    return raw.partition(b"vnp_TxnRef=")[2].partition(b"&")[0].decode()


async def test_a_notice_is_received_while_its_attempt_is_settled(counter: Any) -> None:
    (notice,) = await paid(counter, 1)
    assert await while_held(counter, notice, _lock, patience_s=30) == "00"


async def test_control_a_lock_of_the_whole_attempt_keeps_its_notice_waiting(counter: Any) -> None:
    (notice,) = await paid(counter, 1)
    with pytest.raises(TimeoutError):
        await while_held(counter, notice, _lock_the_whole, patience_s=0.2)


async def while_held(counter: Any, notice: bytes, lock: Any, *, patience_s: float) -> str:
    """Bring a notice while its attempt is locked; return the answer that comes meanwhile."""
    (attempt,) = await counter.rows(AttemptRow, txn_ref=txn_ref(notice))

    async def work(unit: Unit) -> str:
        await lock(unit, attempt)
        async with asyncio.timeout(patience_s):
            return str(await counter.take(notice))

    return str(await counter.store.perform(counter.trader, work))


async def _lock(unit: Unit, attempt: AttemptRow) -> None:
    await payment_storage.lock_attempt(unit.connection, attempt.id)


async def _lock_the_whole(unit: Unit, attempt: AttemptRow) -> None:
    whole = text("SELECT 1 FROM attempt WHERE id = :id FOR UPDATE")
    await unit.connection.execute(whole, {"id": attempt.id})


async def _by_two(counter: Any) -> tuple[Sequence[str], int]:
    """Let two processes take in the same notices in opposite orders."""
    notices = await paid(counter, 12)
    others = Inbox(counter.store)
    forth = [counter.take(raw) for raw in notices]
    back = [others.take(counter.vnpay, raw) for raw in reversed(notices)]
    said = await asyncio.gather(*forth, *back)
    words = [one if isinstance(one, str) else str(one.body["RspCode"]) for one in said]
    return words, len(await counter.rows(NoticeRow))


async def test_two_processes_with_the_same_notices_keep_each_once(counter: Any) -> None:
    words, number = await _by_two(counter)
    assert sorted(words) == ["00"] * 12 + ["02"] * 12
    assert number == 12
