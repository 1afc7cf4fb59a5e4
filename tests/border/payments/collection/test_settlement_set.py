"""Notices that are settled together: each comes to what it comes to alone, in a fixed number of
statements, and nobody is waited for."""

import asyncio
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from border.core.store import Store, Unit
from border.core.tables import EventRow
from border.payments.charges import storage as charge_storage
from border.payments.charges.tables import ChargeRow
from border.payments.collection import notice_service, notice_storage, payment_storage
from border.payments.collection.notice_service import process_inbox
from border.payments.collection.settlement_set_service import settle_together
from border.payments.collection.tables import NoticeRow, PaymentRow
from border.payments.ledger.tables import JournalRow, PostingRow
from tests.border.core.test_coalescer import counted
from tests.conftest import unlocked, waiting

NUMBERS = count(17_000_001)
OWN = ("id", "reference", "txn_ref", "provider_txn", "subject")


async def stories(counter: Any) -> dict[str, Any]:
    """Bring notices of every kind to the inbox; return the payment of each, by what it is."""
    opened: dict[str, Any] = {}

    async def bring(name: str, *more: Any, of: str = "", **said: str) -> None:
        if not of:
            number = 2 if name == "two charges" else 1
            opened[name] = await counter.open([await counter.charge() for _ in range(number)])
        said = {"TransactionNo": str(next(NUMBERS))} | said
        assert await counter.take(counter.notice(opened[of or name], *more, **said)) in WORDS

    opened["late"] = await counter.open([await counter.charge()])
    counter.clock.advance(timedelta(minutes=16))
    await counter.expire()
    await bring("after a failure", "24", TransactionNo="0")
    await process_inbox(counter.store)
    await bring("late", of="late")
    await bring("again", of="after a failure")
    for name in ("one charge", "two charges"):
        await bring(name)
    again = str(next(NUMBERS))
    await bring("twice", TransactionNo=again)
    await bring("in other bytes", of="twice", TransactionNo=again, BankCode="VCB")
    await bring("paid a second time", of="one charge")
    await bring("too little", Amount="79999900")
    await bring("too much", Amount="80000100")
    await bring("a failure", "24", TransactionNo="0")
    await bring("pending", "00", "01")
    await bring("review", "07", "07")
    charge = await counter.charge()
    for name in ("the first of two", "the second of two"):
        opened[name] = await counter.open([charge], counter.trader if "first" in name else None)
        counter.clock.advance(timedelta(minutes=16))
        await counter.expire()
    for name in ("the first of two", "the second of two"):
        await bring(name, of=name)
    return opened


WORDS = ("00", "02", "04")


def plain(row: Any, *more: str) -> dict[str, Any]:
    """Return a row without what is its own: who it is, and when."""
    return {
        name: value
        for name, value in row.model_dump().items()
        if name not in (*OWN, *more) and not name.endswith(("_at", "_id"))
    }


async def told(counter: Any, opened: Any) -> Any:
    """Return how a payment and all that belongs to it stand, without what is its own."""
    payment = await counter.payment(opened)
    attempt = await counter.attempt(opened)
    links = await linked(counter, payment)
    charges = [one for one in await counter.rows(ChargeRow) if one.id in links]
    journals = await counter.rows(JournalRow, payment_id=payment.id)
    lines = {
        one.id: sorted(
            await counter.rows(PostingRow, journal_id=one.id), key=lambda posting: posting.line
        )
        for one in journals
    }
    about = {payment.reference, attempt.reference, *(one.reference for one in charges)}
    events = sorted(await counter.rows(EventRow), key=lambda event: event.seq or 0)
    return (
        plain(payment),
        plain(attempt)
        | {"asked": attempt.next_ask_at is not None, "by": bool(attempt.provider_txn)},
        [plain(one) | {"settled": one.settled_at is not None} for one in charges],
        [
            (plain(one, "number", "idempotency_key"), [plain(line) for line in lines[one.id]])
            for one in sorted(journals, key=lambda one: one.number or 0)
        ],
        [
            (e.type, e.version, e.actor, e.actor_kind, e.payload, e.private)
            for e in events
            if e.subject in about
        ],
        [
            (one.outcome, one.taken_at is not None)
            for one in sorted(await counter.rows(NoticeRow), key=lambda one: one.id)
            if one.attempt_id == attempt.id
        ],
    )


async def linked(counter: Any, payment: PaymentRow) -> set[Any]:
    """Return the ids of the charges of a payment."""
    async with counter.store.reading() as connection:
        return {one.id for one in await charge_storage.charges_of(connection, payment.id)}


async def test_together_each_comes_to_what_it_comes_to_alone(
    counter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = counter.clock.at
    together = await stories(counter)
    left: list[int] = []

    async def watched(unit: Unit, notices: Any) -> Any:
        those = await settle_together(unit, notices)
        left.append(len(notices) - len(those))
        return those

    monkeypatch.setattr(notice_service, "settle_together", watched)
    assert await process_inbox(counter.store) == 14
    assert left[0] == 6, "those that plainly pay"
    counter.clock.at = noon

    async def none(unit: Unit, notices: Any) -> Any:
        return notices

    monkeypatch.setattr(notice_service, "settle_together", none)
    alone = await stories(counter)
    assert await process_inbox(counter.store) == 14
    for name, opened in together.items():
        assert await told(counter, opened) == await told(counter, alone[name]), name
    assert not await counter.rows(NoticeRow, taken_at=None)


async def bring(counter: Any, number: int) -> list[Any]:
    """Bring proofs of as many payments to the inbox; return the payments."""
    opened = [await counter.open([await counter.charge()]) for _ in range(number)]
    for one in opened:
        await counter.take(counter.notice(one, TransactionNo=str(next(NUMBERS))))
    return opened


async def states(counter: Any) -> list[str]:
    """Return the states of all payments, the oldest first."""
    return [one.state for one in sorted(await counter.rows(PaymentRow), key=lambda one: one.id)]


async def test_twenty_take_no_statement_more_than_one(counter: Any) -> None:
    sent = []
    for number in (1, 20):
        await bring(counter, number)
        async with counted(counter.store) as statements:
            assert await process_inbox(counter.store) == number
        sent.append(len(statements))
    # Those that wait; what they are about, charges, receivables and the ledger; journals,
    # postings, notices and all moves; and a look whether more wait.
    assert sent == [10, 10]
    assert len({e.xid for e in await counter.rows(EventRow, type="payment.pay")}) == 2


async def test_workers_at_once_settle_each_once(counter: Any) -> None:
    await bring(counter, 24)
    worked = await asyncio.gather(*(process_inbox(counter.store) for _ in range(4)))
    assert sum(worked) == 24
    assert await states(counter) == ["paid"] * 24
    assert await counter.events("charge.settle") == 24
    assert await counter.money() == {"gateway_receivable:vnpay": 24 * 800_000}


async def test_control_without_the_locks_workers_come_to_the_same_and_the_state_decides(
    counter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bring(counter, 3)
    both_have_read, reads = asyncio.Barrier(2), count(1)

    async def read_together(connection: Any, references: Any) -> Any:
        found = await locked(connection, references)
        if next(reads) <= 2:
            await both_have_read.wait()
        return found

    locked = payment_storage.lock_named
    taken = unlocked(notice_storage._waiting(chosen=False))
    monkeypatch.setattr(notice_storage, "_waiting", lambda **_: taken)
    for module, name in ((payment_storage, "_NAMED"), (charge_storage, "_OF_PAYMENTS")):
        monkeypatch.setattr(module, name, unlocked(getattr(module, name)))
    monkeypatch.setattr(payment_storage, "lock_named", read_together)
    turns = await asyncio.gather(*(notice_service._turn(counter.store) for _ in range(2)))
    # Both took the same; what is booked, the second fence, let one, and the other looked again.
    assert next(reads) == 3
    assert sorted(len(turn.taken) - len(turn.left) for turn in turns) == [0, 3]
    assert await counter.events("charge.settle") == 3
    assert await counter.money() == {"gateway_receivable:vnpay": 3 * 800_000}


async def while_held(counter: Any, patience_s: float) -> list[str]:
    """Settle two payments while a rival has the first in hand; return how they stand meanwhile."""
    first, _ = await bring(counter, 2)

    async def rival(unit: Unit) -> list[str]:
        await payment_storage.lock_payment(unit.connection, first.payment.id)
        async with asyncio.timeout(patience_s):
            turn = await notice_service._turn(counter.store)
        assert len(turn.left) == 1
        return await states(counter)

    return await counter.store.perform(counter.trader, rival)


async def test_a_payment_in_somebodys_hands_is_left_and_holds_up_no_other(counter: Any) -> None:
    assert await while_held(counter, patience_s=30) == ["pending", "paid"]
    assert await process_inbox(counter.store) == 1
    assert await states(counter) == ["paid", "paid"]


async def test_control_a_set_that_waits_for_a_payment_is_held_up_by_it(
    counter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payment_storage, "_NAMED", waiting(payment_storage._NAMED))
    with pytest.raises(TimeoutError):
        await while_held(counter, patience_s=0.2)


@pytest.mark.parametrize("table", ["payment", "attempt", "charge"])
async def test_one_that_cannot_be_written_is_put_off_and_spoils_no_other(
    counter: Any, poisoned: Any, table: str
) -> None:
    opened = await bring(counter, 3)
    rows = {
        "payment": lambda: counter.payment(opened[1]),
        "attempt": lambda: counter.attempt(opened[1]),
        "charge": lambda: _charge(counter, opened[1]),
    }
    async with poisoned(table, (await rows[table]()).id):
        assert await process_inbox(counter.store) == 2
    assert await states(counter) == ["paid", "pending", "paid"]
    assert await counter.money() == {"gateway_receivable:vnpay": 2 * 800_000}


async def _charge(counter: Any, opened: Any) -> ChargeRow:
    ids = await linked(counter, opened.payment)
    return next(one for one in await counter.rows(ChargeRow) if one.id in ids)


async def test_where_somebody_listens_who_knows_no_set_each_is_settled_alone(counter: Any) -> None:
    heard: list[str] = []

    async def listen(unit: Unit, event: Any, row: Any) -> None:
        heard.append(event.type)

    counter.store = Store(counter.store.engine, counter.clock, {"attempt.succeed": [listen]})
    await bring(counter, 2)
    assert await process_inbox(counter.store) == 2
    assert heard == ["attempt.succeed"] * 2
    assert len({e.xid for e in await counter.rows(EventRow, type="payment.pay")}) == 2
