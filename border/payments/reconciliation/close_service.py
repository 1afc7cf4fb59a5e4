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
from border.payments.reconciliation import close_storage, storage
from border.payments.reconciliation.daily_close import (
    ALL,
    FIRST,
    MOST_LISTED,
    Facts,
    Listed,
    blockers_of,
    closing_of,
    figures_of,
    first_broken,
    proof_of,
)
from border.payments.reconciliation.reconciliation_service import GATEWAYS
from border.payments.reconciliation.statement_service import SENDERS
from border.payments.reconciliation.tables import BANK_GATEWAY, DailyCloseRow

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
    N_("Lines of statements are not worked yet"),
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
    earlier_day_open, books_broken, busy. writes: daily_close.
    """
    policy.check(unit.actor, "reconciliation.close")
    _known(scope)
    if unit.at < local_midnight(day + timedelta(days=1)):
        raise DAY_NOT_OVER(day=day.isoformat())
    if not await unit.lock_name("daily_close", scope):
        raise BUSY()
    last = await close_storage.last_close(unit.connection, scope)
    if last and last.day >= day:
        raise CLOSED_ALREADY(scope=scope, last=last.day.isoformat(), day=day.isoformat())
    if last and (next_day := last.day + timedelta(days=1)) < day:
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
    before = last.proof if last else FIRST
    close = DailyCloseRow(
        day=day,
        scope=scope,
        figures=figures,
        before=before,
        proof=proof_of(before, figures),
        closed_by=unit.actor.name_in_events,
        closed_at=unit.at,
    )
    if not await close_storage.add_close(unit.connection, close):
        raise CLOSED_ALREADY(scope=scope, last=day.isoformat(), day=day.isoformat())
    return close


async def blockers_for(connection: AsyncConnection, figures: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a day with these figures should not be closed with unseen."""
    waiting = 0
    if figures["scope"] in (ALL, COUNTER):
        end = local_midnight(date.fromisoformat(figures["day"]) + timedelta(days=1))
        waiting = await desk_storage.shifts_waiting(connection, end)
    return blockers_of(figures, waiting)


def _known(scope: str) -> None:
    """Refuse a scope there is none of. refuses: invalid_fields."""
    if scope not in SCOPES:
        says = N_("Say what is closed: one of {scopes}.")
        told = (("scopes", ", ".join(SCOPES)),)
        raise INVALID(errors=[FieldError("scope", "unknown_scope", says, told)])


def _senders(scope: str) -> tuple[str, ...]:
    """Return whose lines must be worked before a scope is closed."""
    return SENDERS if scope == ALL else (scope, BANK_GATEWAY)


async def figures_for(connection: AsyncConnection, day: date, scope: str = ALL) -> dict[str, Any]:
    """Return the figures of a day as they stand now, closed or not. refuses: invalid_fields."""
    _known(scope)
    last = await close_storage.last_close(connection, scope)
    return figures_of(
        await _facts(connection, day, scope, last if last and last.day < day else None)
    )


async def _facts(
    connection: AsyncConnection, day: date, scope: str, last: DailyCloseRow | None
) -> Facts:
    begin, end = local_midnight(day), local_midnight(day + timedelta(days=1))
    told = [
        gateway
        for gateway in (GATEWAYS if scope == ALL else (scope,))
        if await close_storage.has_statement(connection, gateway, day)
    ]
    sums, differ = [], list[Listed]()
    for gateway in told:
        sums += await close_storage.statement_sums(connection, gateway, day, begin, end)
        differ.append(await close_storage.differences(connection, gateway, day, begin, end))
    return Facts(
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


def _joined(lists: Sequence[Listed]) -> Listed:
    rows = [row for one in lists for row in one.rows]
    return Listed(rows[:MOST_LISTED], sum(one.count for one in lists))


_LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


async def _after_close(
    connection: AsyncConnection,
    scope: str,
    begin: datetime,
    end: datetime,
    last: DailyCloseRow | None,
) -> Listed:
    """Return what was booked in the day but became true on a day that was closed before."""
    if last is None:
        return Listed([], 0)
    closed_until = local_midnight(last.day + timedelta(days=1))
    return await close_storage.booked_late(
        connection, scope, (_LONG_AGO, closed_until), (begin, end)
    )


async def late_facts(connection: AsyncConnection, day: date, scope: str = ALL) -> Listed:
    """Return what became true on a day and was booked after it was over."""
    begin, end = local_midnight(day), local_midnight(day + timedelta(days=1))
    return await close_storage.booked_late(connection, scope, (begin, end), (end, None))


async def closes(
    connection: AsyncConnection, scope: str | None = None, limit: int = 60
) -> list[DailyCloseRow]:
    """Return the closes of a scope, or of all, the newest first."""
    return await close_storage.closes(connection, scope, limit)


async def close_of(
    connection: AsyncConnection, day: date, scope: str = ALL
) -> DailyCloseRow | None:
    """Return the close of a day, None while it is open."""
    return await close_storage.close_of(connection, scope, day)


async def broken_closes(connection: AsyncConnection) -> list[tuple[str, date]]:
    """Return, for each scope whose chain is broken, the first day that does not hold."""
    broken = []
    for scope in SCOPES:
        chain = (await close_storage.closes(connection, scope, None))[::-1]
        place = first_broken((one.before, one.proof, one.figures) for one in chain)
        if place is not None:
            broken.append((scope, chain[place].day))
    return broken
