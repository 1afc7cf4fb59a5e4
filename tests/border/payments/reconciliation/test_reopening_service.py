"""A closed day is opened again by two people, from the last one back, and closed once more."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from border.core.actor import Actor
from border.core.refusal import Refusal
from border.core.store import Unit
from border.core.tables import EventRow
from border.payments.reconciliation import reopening_service
from border.payments.reconciliation.close_service import broken_closes, close_of, closes
from border.payments.reconciliation.daily_close import proof_of
from border.payments.reconciliation.reopening import open_moves
from border.payments.reconciliation.tables import DailyCloseRow, ReopeningRow
from border.timeouts import Timeouts, overdue

from .conftest import FEE, Books, csv_file, csv_line
from .test_close_service import MONDAY, TUESDAY, close
from .test_close_service import refused as close_refused

WHY = "The statement of the gateway came a day late"


async def does(books: Books, who: Actor, verb: str, *given: Any) -> ReopeningRow:
    """Do something about a reopening in somebody's name."""

    async def work(unit: Unit) -> ReopeningRow:
        row: ReopeningRow = await getattr(reopening_service, verb)(unit, *given)
        return row

    row: ReopeningRow = await books.store.perform(who, work)
    return row


async def ask(books: Books, day: date = MONDAY, scope: str = "all") -> ReopeningRow:
    """Ask, as the accountant, to open a day again."""
    return await does(books, books.accountant, "ask", day, scope, WHY)


async def reopened(books: Books, day: date = MONDAY, scope: str = "all") -> ReopeningRow:
    """Have a day opened again."""
    return await does(books, books.manager, "approve", (await ask(books, day, scope)).id)


async def refused(books: Books, who: Actor, verb: str, *given: Any) -> str:
    """Return why something is refused."""
    with pytest.raises(Refusal) as no:
        await does(books, who, verb, *given)
    assert no.value.detail()
    return no.value.code


async def in_force(books: Books, day: date, scope: str = "all") -> DailyCloseRow | None:
    """Return the close of a day that counts."""
    async with books.store.reading() as connection:
        return await close_of(connection, day, scope)


async def test_a_day_is_closed_again_with_what_came_late_and_says_why(books: Books) -> None:
    _, paid = await books.pay("15000001")
    books.clock.advance(timedelta(days=1))
    first = await close(books, MONDAY)
    assert first.figures["proofs"]["statement_total"] is None
    await books.load(csv_file(csv_line("15000001", paid)))
    row = await reopened(books)
    assert (row.state, row.attempt) == ("reopened", 1)
    assert await in_force(books, MONDAY) is None
    again = await close(books, MONDAY)
    assert again.attempt == 2
    assert again.before == first.proof
    assert again.proof == proof_of(first.proof, again.figures)
    assert again.figures["statements"][0]["statement"] == FEE
    assert again.figures["proofs"]["statement_total"] is True
    assert again.figures["currencies"] == first.figures["currencies"]
    said = again.figures["reopened"]
    assert (said["reference"], said["reason"], said["attempt"]) == (row.reference, WHY, 1)
    assert said["requested_by"] == str(books.accountant.id)
    assert said["approved_by"] == str(books.manager.id)
    (kept,) = await books.rows(ReopeningRow)
    assert kept.state == "closed_again"
    async with books.store.reading() as connection:
        assert [(r.day, r.attempt) for r in await closes(connection)] == [(MONDAY, 2)]
        whole = await closes(connection, history=True)
        assert [(r.day, r.attempt) for r in whole] == [(MONDAY, 2), (MONDAY, 1)]
        assert await broken_closes(connection) == []
    stayed = next(row for row in whole if row.attempt == 1)
    assert stayed.model_dump() == first.model_dump()


async def test_the_events_of_a_reopening_keep_its_reason_in_the_zone(books: Books) -> None:
    books.clock.advance(timedelta(days=1))
    await close(books, MONDAY)
    row = await reopened(books)
    await close(books, MONDAY)
    events = await books.rows(EventRow, subject=row.reference)
    found = sorted(events, key=lambda one: one.seq)
    assert [one.type for one in found] == [
        "close_reopening.ask",
        "close_reopening.approve",
        "close_reopening.close_again",
    ]
    for one in found:
        assert one.payload["closed_day"] == "2026-11-23"
        assert "reason" not in one.payload
    assert found[0].private == {"reason": WHY}


async def test_days_are_reopened_from_the_last_one_back_and_closed_forward(books: Books) -> None:
    books.clock.advance(timedelta(days=3))
    await close(books, MONDAY)
    await close(books, TUESDAY)
    accountant = books.accountant
    assert await refused(books, accountant, "ask", MONDAY, "all", WHY) == "not_the_last_close"
    await reopened(books, TUESDAY)
    assert await refused(books, accountant, "ask", TUESDAY, "all", WHY) == "day_not_closed"
    await reopened(books, MONDAY)
    assert await close_refused(books, TUESDAY) == "earlier_day_open"
    assert await close_refused(books, MONDAY - timedelta(days=1)) == "earlier_day_open"
    await close(books, MONDAY)
    assert await close_refused(books, TUESDAY + timedelta(days=1)) == "earlier_day_open"
    assert (await close(books, TUESDAY)).figures["proofs"]["carried_over"] is True
    assert (await close(books, TUESDAY + timedelta(days=1))).attempt == 1
    async with books.store.reading() as connection:
        assert await broken_closes(connection) == []
        assert len(await closes(connection, history=True)) == 5


async def test_whoever_asked_does_not_decide_and_nobody_else_withdraws(books: Books) -> None:
    books.clock.advance(timedelta(days=1))
    await close(books, MONDAY)
    row = await ask(books)
    assert await refused(books, books.accountant, "approve", row.id) == "reopening_second_person"
    assert await refused(books, books.accountant, "decline", row.id, "no") == (
        "reopening_second_person"
    )
    assert await refused(books, books.manager, "withdraw", row.id) == "not_your_reopening"
    assert await refused(books, books.cashier, "approve", row.id) == "not_allowed"
    assert await refused(books, books.cashier, "ask", MONDAY, "all", WHY) == "not_allowed"
    assert await refused(books, books.manager, "decline", row.id, " ") == "invalid_fields"
    assert [move.verb for move in open_moves(row, books.accountant)] == ["withdraw"]
    assert [move.verb for move in open_moves(row, books.manager)] == ["approve", "decline"]
    declined = await does(books, books.manager, "decline", row.id, "It is all there")
    assert (declined.state, declined.note) == ("declined", "It is all there")
    assert await in_force(books, MONDAY)
    again = await ask(books)
    assert (await does(books, books.accountant, "withdraw", again.id)).state == "withdrawn"
    third = await ask(books)
    assert await refused(books, books.manager, "ask", MONDAY, "all", WHY) == (
        "reopening_asked_already"
    )
    assert third.state == "requested"


async def test_the_database_itself_wants_a_second_person(books: Books) -> None:
    books.clock.advance(timedelta(days=1))
    await close(books, MONDAY)
    row = await ask(books)
    alone = text("UPDATE close_reopening SET state = 'reopened', decided_by = requested_by")
    nobody = text("UPDATE close_reopening SET state = 'reopened'")
    for wrong, name in ((alone, "second_person"), (nobody, "decided")):
        async with books.store.engine.connect() as connection:
            with pytest.raises(DBAPIError, match=name):
                await connection.execute(wrong)
            await connection.rollback()
    assert row.state == "requested"


@pytest.mark.parametrize("reason", ["", " \n"])
async def test_a_reopening_without_a_reason_is_not_asked_for(books: Books, reason: str) -> None:
    books.clock.advance(timedelta(days=1))
    await close(books, MONDAY)
    assert await refused(books, books.accountant, "ask", MONDAY, "all", reason) == "invalid_fields"
    assert await refused(books, books.accountant, "ask", MONDAY, "paypal", WHY) == "invalid_fields"


async def test_what_nobody_decides_lapses_and_what_is_not_closed_again_is_overdue(
    books: Books,
) -> None:
    books.clock.advance(timedelta(days=1))
    await close(books, MONDAY)
    await ask(books)
    books.clock.advance(timedelta(days=3, seconds=1))
    await Timeouts(books.store, kinds=[ReopeningRow]).run()
    assert [row.state for row in await books.rows(ReopeningRow)] == ["lapsed"]
    assert await in_force(books, MONDAY)
    row = await reopened(books)
    books.clock.advance(timedelta(days=2, seconds=1))
    async with books.store.reading() as connection:
        late = await overdue(connection, books.clock.now())
    assert [one.reference for one in late] == [row.reference]


async def race(books: Books) -> list[Any]:
    """Close Tuesday on Monday's close and open Monday again, at the same moment."""
    row = await ask(books)
    return await asyncio.gather(
        close(books, TUESDAY),
        does(books, books.manager, "approve", row.id),
        return_exceptions=True,
    )


async def on_nothing(books: Books) -> bool:
    """Say whether a day is closed while the day before it is open again."""
    return bool(await in_force(books, TUESDAY)) and not await in_force(books, MONDAY)


async def test_a_day_is_not_opened_while_the_next_is_closed_on_it(books: Books) -> None:
    books.clock.advance(timedelta(days=2))
    await close(books, MONDAY)
    outcomes = await race(books)
    assert not await on_nothing(books)
    codes = {one.code for one in outcomes if isinstance(one, Refusal)}
    assert codes <= {"busy", "not_the_last_close", "earlier_day_open"}
    assert len(codes) == 1


async def test_without_the_lock_both_would_go_through(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.clock.advance(timedelta(days=2))
    await close(books, MONDAY)
    both_looked = asyncio.Barrier(2)
    locked = Unit.lock_name

    async def no_lock(unit: Unit, *name: str) -> bool:
        return True if name[0] == "daily_close" else await locked(unit, *name)

    last = reopening_service.chain_storage.last_close

    async def looked(*asked: Any) -> DailyCloseRow | None:
        found = await last(*asked)
        await both_looked.wait()
        return found

    row = await ask(books)
    monkeypatch.setattr(Unit, "lock_name", no_lock)
    monkeypatch.setattr(reopening_service.chain_storage, "last_close", looked)
    async with asyncio.timeout(20):
        await asyncio.gather(close(books, TUESDAY), does(books, books.manager, "approve", row.id))
    monkeypatch.undo()
    assert await on_nothing(books)
