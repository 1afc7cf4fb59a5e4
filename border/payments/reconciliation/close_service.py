"""Closing a day: what was booked in it is summed up, proved, chained to the close before it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.clock import local_midnight
from border.core.refusal import BUSY, INVALID, FieldError, refuses
from border.core.store import Unit
from border.core.words import N_
from border.identity import policy
from border.payments.desk import storage as desk_storage
from border.payments.gateways.evidence import COUNTER
from border.payments.reconciliation import chain_storage, close_storage, storage
from border.payments.reconciliation.daily_close import (
    ALL,
    FIRST,
    MOST_LISTED,
    CloseFacts,
    ListExcerpt,
    blockers_of,
    closing_of,
    figures_of,
    first_broken,
    in_chain,
    proof_of,
)
from border.payments.reconciliation.reconciliation_service import GATEWAYS
from border.payments.reconciliation.statement_service import SENDERS
from border.payments.reconciliation.tables import BANK_GATEWAY, DailyCloseRow, ReopeningRow

SCOPES = (ALL, *GATEWAYS, COUNTER)
"""What is closed: each gateway, the cash desk, and all of them together."""

_TICK_SAYS = N_("Tick that you have seen this, or put it right before the day is closed.")

DAY_NOT_OVER = refuses(
    "day_not_over",
    409,
    N_("The day is not over"),
    N_("{day} ends at midnight at the gate. Close it after that."),
)
LINES_WAIT = refuses(
    "lines_wait",
    409,
    N_("Lines of statements are not processed yet"),
    N_("{count} lines of statements up to {day} wait to be matched. Close the day after that."),
    retry=True,
)
CLOSED_ALREADY = refuses(
    "closed_already",
    409,
    N_("Closed already"),
    N_(
        "{scope} is closed up to {last}, so {day} can not be closed. What comes to light later "
        "is counted on the day it is booked."
    ),
)
EARLIER_DAY_OPEN = refuses(
    "earlier_day_open",
    409,
    N_("An earlier day is open"),
    N_("Days are closed one after the other. Close {next} before {day}."),
)
BOOKS_BROKEN = refuses(
    "books_broken",
    409,
    N_("The books do not balance"),
    N_("Debits and credits differ. Nothing was closed; have the ledger looked into at once."),
)


async def close_day(
    unit: Unit, day: date, scope: str = ALL, seen: Collection[str] | None = None
) -> DailyCloseRow:
    """Close a day, once, in the order of days; what it was closed with is kept with it.

    `seen` are the blockers that somebody at a page has ticked: one that they have not is refused.
    A program sees them in the figures' proofs and gives none.

    refuses: not_allowed, invalid_fields, day_not_over, lines_wait, closed_already,
    earlier_day_open, books_broken, busy. writes: daily_close; where the day was reopened,
    close_reopening, `close_reopening.close_again`.
    """
    policy.check(unit.actor, "reconciliation.close")
    known_scope(scope)
    if unit.at < local_midnight(day + timedelta(days=1)):
        raise DAY_NOT_OVER(day=day.isoformat())
    if not await unit.lock_name("daily_close", scope):
        raise BUSY()
    last = await chain_storage.last_close(unit.connection, scope)
    reopened = await chain_storage.first_reopened(unit.connection, scope)
    if last and last.day >= day:
        raise CLOSED_ALREADY(scope=scope, last=last.day.isoformat(), day=day.isoformat())
    next_day = reopened.closed_day if reopened else last.day + timedelta(days=1) if last else day
    if next_day != day:
        raise EARLIER_DAY_OPEN(next=next_day.isoformat(), day=day.isoformat())
    if waiting := await storage.count_waiting(unit.connection, _senders(scope), day):
        raise LINES_WAIT(count=waiting, day=day.isoformat())
    await close_storage.wait_for_writers(unit.connection)
    figures = figures_of(await _facts(unit.connection, day, scope, last))
    if not figures["proofs"]["trial_balance"]:
        raise BOOKS_BROKEN()
    blockers = await blockers_for(unit.connection, figures)
    if seen is not None and (unseen := [name for name in blockers if name not in seen]):
        raise INVALID(errors=[FieldError(f"seen-{n}", "not_seen", _TICK_SAYS) for n in unseen])
    figures["blockers"] = [{"name": n, "acknowledged": seen is not None} for n in blockers]
    if reopened:
        figures["reopened"] = _said_of(reopened)
    end = await chain_storage.end_of_chain(unit.connection, scope)
    before = end.proof if end else FIRST
    close = DailyCloseRow(
        day=day,
        scope=scope,
        figures=figures,
        before=before,
        proof=proof_of(before, figures),
        closed_by=unit.actor.name_in_events,
        closed_at=unit.at,
        attempt=reopened.attempt + 1 if reopened else 1,
    )
    if not await chain_storage.add_close(unit.connection, close):
        raise CLOSED_ALREADY(scope=scope, last=day.isoformat(), day=day.isoformat())
    if reopened:
        await unit.move(ReopeningRow, reopened.id, "close_again")
    return close


def _said_of(reopening: ReopeningRow) -> dict[str, Any]:
    """Return what a close says of the reopening that it ends; it is proved with the figures."""
    return {
        "reference": reopening.reference,
        "attempt": reopening.attempt,
        "reason": reopening.reason,
        "requested_by": str(reopening.requested_by),
        "approved_by": str(reopening.decided_by),
        "approved_at": (reopening.decided_at or reopening.changed_at).isoformat(),
    }


async def blockers_for(connection: AsyncConnection, figures: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a day with these figures should not be closed with unseen."""
    waiting = 0
    if figures["scope"] in (ALL, COUNTER):
        end = local_midnight(date.fromisoformat(figures["day"]) + timedelta(days=1))
        waiting = await desk_storage.shifts_waiting(connection, end)
    return blockers_of(figures, waiting)


def known_scope(scope: str) -> None:
    """Refuse a scope there is none of. refuses: invalid_fields."""
    if scope not in SCOPES:
        says = N_("Say what is closed: one of {scopes}.")
        facts = (("scopes", ", ".join(SCOPES)),)
        raise INVALID(errors=[FieldError("scope", "unknown_scope", says, facts)])


def _senders(scope: str) -> tuple[str, ...]:
    """Return whose lines must be processed before a scope is closed."""
    return SENDERS if scope == ALL else (scope, BANK_GATEWAY)


async def figures_for(connection: AsyncConnection, day: date, scope: str = ALL) -> dict[str, Any]:
    """Return the figures of a day as they stand now, closed or not. refuses: invalid_fields."""
    known_scope(scope)
    last = await chain_storage.last_close(connection, scope)
    return figures_of(
        await _facts(connection, day, scope, last if last and last.day < day else None)
    )


async def _facts(
    connection: AsyncConnection, day: date, scope: str, last: DailyCloseRow | None
) -> CloseFacts:
    begin, end = local_midnight(day), local_midnight(day + timedelta(days=1))
    senders = [
        gateway
        for gateway in (GATEWAYS if scope == ALL else (scope,))
        if await close_storage.has_statement(connection, gateway, day)
    ]
    sums, differ = [], list[ListExcerpt]()
    for gateway in senders:
        sums += await close_storage.statement_sums(connection, gateway, day, begin, end)
        differ.append(await close_storage.differences(connection, gateway, day, begin, end))
    return CloseFacts(
        day=day,
        scope=scope,
        opening=await close_storage.held(connection, scope, begin),
        closing=await close_storage.held(connection, scope, end),
        closed_before=closing_of(last.figures)
        if last and last.day + timedelta(days=1) == day
        else None,
        trial_balance=await close_storage.trial_balance(connection, end),
        unbalanced=await close_storage.unbalanced(connection, begin, end),
        moved=await close_storage.moved(connection, scope, begin, end),
        statements=sums,
        differences=_joined(differ),
        exceptions=await close_storage.open_exceptions(connection, scope, end),
        after_close=await _after_close(connection, scope, begin, end, last),
        receipts=await close_storage.receipts(connection, scope, begin, end),
    )


def _joined(lists: Sequence[ListExcerpt]) -> ListExcerpt:
    rows = [row for one in lists for row in one.rows]
    return ListExcerpt(rows[:MOST_LISTED], sum(one.count for one in lists))


_LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


async def _after_close(
    connection: AsyncConnection,
    scope: str,
    begin: datetime,
    end: datetime,
    last: DailyCloseRow | None,
) -> ListExcerpt:
    """Return what was booked in the day but became true on a day that was closed before."""
    if last is None:
        return ListExcerpt([], 0)
    closed_until = local_midnight(last.day + timedelta(days=1))
    return await close_storage.booked_late(
        connection, scope, (_LONG_AGO, closed_until), (begin, end)
    )


async def late_facts(connection: AsyncConnection, day: date, scope: str = ALL) -> ListExcerpt:
    """Return what became true on a day and was booked after it was over."""
    begin, end = local_midnight(day), local_midnight(day + timedelta(days=1))
    return await close_storage.booked_late(connection, scope, (begin, end), (end, None))


async def closes(
    connection: AsyncConnection,
    scope: str | None = None,
    limit: int = 60,
    *,
    history: bool = False,
) -> list[DailyCloseRow]:
    """Return the closes in force, the newest first; with `history` those reopened since too."""
    return await chain_storage.closes(connection, scope, limit, history=history)


async def close_of(
    connection: AsyncConnection, day: date, scope: str = ALL
) -> DailyCloseRow | None:
    """Return the close of a day, None while it is open."""
    return await chain_storage.close_of(connection, scope, day)


async def last_close(connection: AsyncConnection, scope: str = ALL) -> DailyCloseRow | None:
    """Return the close in force of the newest day: the only one whose day can be reopened."""
    return await chain_storage.last_close(connection, scope)


async def earlier_close(
    connection: AsyncConnection, day: date, scope: str, attempt: int
) -> DailyCloseRow | None:
    """Return one close of a day, whether or not it is the one in force."""
    return await chain_storage.close_at(connection, scope, day, attempt)


async def broken_closes(connection: AsyncConnection) -> list[tuple[str, date]]:
    """Return, for each scope whose chain is broken, the first day that does not hold."""
    broken = []
    for scope in SCOPES:
        chain = in_chain(await chain_storage.closes(connection, scope, None, history=True))
        place = first_broken((one.before, one.proof, one.figures) for one in chain)
        if place is not None:
            broken.append((scope, chain[place].day))
    return broken
