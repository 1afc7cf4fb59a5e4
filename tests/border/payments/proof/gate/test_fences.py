"""Each fence of the books beside its control: with the fence away, the very check that proves it
fails.

What a control takes away it takes away in a transaction that is undone, or puts back.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Role
from border.core.ids import new_id
from border.core.money import Money
from border.core.store import table_of
from border.payments.collection import part_storage, settlement_service
from border.payments.gateways.evidence import Evidence, Finding, Source
from border.payments.ledger.book import Posting
from border.payments.ledger.storage import add_postings, unbalanced
from border.payments.ledger.tables import JournalRow
from border.payments.refunds import reserve_service
from border.payments.refunds.suspense_service import give_back

BALANCE = (
    Posting("gateway_receivable:vnpay", Money(100_000)),
    Posting("suspense:unmatched", Money(-100_000)),
)
SHORT = (BALANCE[0], Posting("suspense:unmatched", Money(-99_999)))


async def _book(connection: AsyncConnection, gate: Any, lines: tuple[Posting, ...]) -> JournalRow:
    """Write a journal past the service that would refuse it."""
    row = JournalRow(
        id=new_id(),
        kind="capture",
        idempotency_key=f"capture:vnpay:{new_id().hex}",
        effective_at=gate.clock.at,
        created_at=gate.clock.at,
        gateway="vnpay",
        provider_txn=new_id().hex,
        booked_by="a test",
    )
    values = row.model_dump(exclude={"number"})
    await connection.execute(insert(table_of(JournalRow)).values(**values))
    await add_postings(connection, {row.id: lines})
    return row


async def test_a_journal_one_dong_short_is_refused_when_it_is_committed(gate: Any) -> None:
    with pytest.raises(DBAPIError, match="does not add up"):
        async with gate.store.engine.begin() as connection:
            await _book(connection, gate, SHORT)
    assert (await gate.books()).journals == []


async def test_control_without_the_trigger_the_missing_dong_is_seen_by_the_check(gate: Any) -> None:
    async with gate.store.engine.connect() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        row = await _book(connection, gate, SHORT)
        assert await unbalanced(connection) == [row.id]
        books = await gate.books_on(connection)
        with pytest.raises(AssertionError, match="unbalanced"):
            books.check({})
        await connection.rollback()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE posting SET amount_minor = amount_minor * 2",
        "UPDATE journal SET note = 'nothing happened'",
        "DELETE FROM posting",
        "DELETE FROM journal",
        "TRUNCATE posting",
        "TRUNCATE journal CASCADE",
        "UPDATE event SET payload = '{}'",
        "DELETE FROM event",
        "INSERT INTO posting SELECT journal_id, line + 10, account, amount_minor, currency, "
        "charge_id FROM posting",
    ],
)
async def test_what_is_booked_is_never_changed_removed_or_added_to(gate: Any, change: str) -> None:
    await gate.owe()
    before = await gate.books()
    with pytest.raises(DBAPIError):
        async with gate.store.engine.begin() as connection:
            await connection.execute(text(change))
    assert await gate.books() == before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE posting SET currency = 'CNY'",
        "UPDATE event SET payload = jsonb_set(payload, '{amount_minor}', '1')",
        "DELETE FROM event",
    ],
)
async def test_control_without_the_triggers_a_change_of_the_past_is_seen_by_the_check(
    gate: Any, change: str
) -> None:
    await gate.owe()
    before = await gate.books()
    async with gate.store.engine.connect() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text(change))
        now = await gate.books_on(connection)
        with pytest.raises(AssertionError):
            now.follows(before)
        await connection.rollback()


# One transaction, one capture


async def _race(gate: Any) -> list[Any]:
    """Let two rivals book the same transfer of nobody's at once."""
    coin = gate.vaults["vietqr"].take("", 123_456, gate.clock.at)
    coin.told = True
    evidence = Evidence(
        "vietqr", "", Finding.PAID, Money(123_456), Source.PULL, coin.number, coin.paid_at
    )
    return await asyncio.gather(*(gate.apply(evidence) for _ in range(2)), return_exceptions=True)


@pytest.fixture
def both_look_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two rivals look whether a transaction is booked before either of them books it."""
    looked, look = asyncio.Barrier(2), settlement_service.journal_by_key
    rivals = iter(range(2))  # Who loses looks once more, alone.

    async def look_together(connection: AsyncConnection, key: str) -> Any:
        found = await look(connection, key)
        if next(rivals, None) is not None:
            async with asyncio.timeout(30):
                await looked.wait()
        return found

    monkeypatch.setattr(settlement_service, "journal_by_key", look_together)


async def test_rivals_who_both_found_nothing_booked_book_one_capture(
    gate: Any, both_look_first: None
) -> None:
    await _race(gate)
    books = await gate.books()
    assert len(books.captures()) == len(books.lines("capture")) == 1
    assert [row["kind"] for row in books.exceptions] == ["unmatched"]


@pytest.fixture
async def without_the_keys(gate: Any) -> AsyncIterator[None]:
    """Take the two unique keys of captures away for one test."""
    key = "uq_journal_idempotency_key"
    async with gate.store.engine.begin() as connection:
        await connection.execute(text("DROP INDEX uq_journal_capture"))
        await connection.execute(text(f"ALTER TABLE journal DROP CONSTRAINT {key}"))
    yield
    async with gate.store.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table in ("posting", "payment_exception", "journal"):
            await connection.execute(text(f"DELETE FROM {table}"))
        await connection.execute(
            text(f"ALTER TABLE journal ADD CONSTRAINT {key} UNIQUE (idempotency_key)")
        )
        await connection.execute(
            text(
                "CREATE UNIQUE INDEX uq_journal_capture ON journal (gateway, provider_txn)"
                " WHERE kind = 'capture'"
            )
        )


async def test_control_without_the_keys_one_transaction_is_captured_twice_and_the_check_sees_it(
    gate: Any, both_look_first: None, without_the_keys: None
) -> None:
    await _race(gate)
    async with gate.store.engine.connect() as connection:
        books = await gate.books_on(connection)
    assert len(books.lines("capture")) == 2
    with pytest.raises(AssertionError):
        books.check(gate.vaults.told())


# What came in parts


async def _parts(gate: Any) -> tuple[Any, list[Any]]:
    """Return a charge of 300,000 and two transfers for it, neither of which is enough."""
    charge = await gate.owe(300_000)
    attempt = await gate.open("vietqr", charge)
    vault = gate.vaults["vietqr"]
    return charge, [
        vault.take(attempt.txn_ref, amount, gate.clock.at) for amount in (200_000, 150_000)
    ]


async def test_control_where_parts_are_forgotten_enough_is_left_waiting_and_the_check_sees_it(
    gate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(connection: AsyncConnection, payment_id: Any) -> list[Any]:
        return []

    charge, parts = await _parts(gate)
    monkeypatch.setattr(part_storage, "parts_of", none)
    for part in parts:
        await gate.tell(part)
    await gate.work()
    assert not await gate.opens(charge)
    with pytest.raises(AssertionError, match="PAY-"):
        await gate.books()


async def test_control_a_part_used_while_it_goes_back_is_seen_by_the_check(
    gate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(unit: Any, refund: Any) -> None:
        return None

    charge, (first, second) = await _parts(gate)
    monkeypatch.setattr(reserve_service, "_of_transaction", nothing)
    await gate.tell(first)
    await gate.work()
    (waits,) = (await gate.books()).exceptions
    await gate.does(Role.ACCOUNTANT, give_back, waits["id"], "the payer wants it")
    await gate.tell(second)
    await gate.work()
    assert await gate.opens(charge)
    with pytest.raises(AssertionError):
        await gate.books()


async def test_a_part_that_goes_back_is_not_used(gate: Any) -> None:
    charge, (first, second) = await _parts(gate)
    await gate.tell(first)
    await gate.work()
    (waits,) = (await gate.books()).exceptions
    await gate.does(Role.ACCOUNTANT, give_back, waits["id"], "the payer wants it")
    await gate.tell(second)
    await gate.work()
    await gate.books()
    assert not await gate.opens(charge)
