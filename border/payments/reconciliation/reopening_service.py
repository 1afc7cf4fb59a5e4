"""Opening a closed day again: asked for with a reason, decided by a second person."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.core.refusal import BUSY, INVALID, FieldError, refuses
from border.core.store import Unit
from border.core.words import N_
from border.identity import policy
from border.payments.reconciliation import chain_storage
from border.payments.reconciliation.close_service import known_scope
from border.payments.reconciliation.daily_close import ALL
from border.payments.reconciliation.reopening import fits
from border.payments.reconciliation.tables import DailyCloseRow, ReopeningRow

ZONE = "ZONE"
"""The gate of what is no one gate's."""

NOT_LAST_CLOSE = refuses(
    "not_the_last_close",
    409,
    N_("Not the last closed day"),
    N_(
        "{scope} is closed up to {last}. Days are reopened from the last one back, so that each "
        "begins with what the day before it ended with."
    ),
)
NOT_CLOSED = refuses(
    "day_not_closed",
    409,
    N_("The day is not closed"),
    N_("{day} is not closed for {scope}; there is nothing to reopen."),
)
ASKED_ALREADY = refuses(
    "reopening_asked_already",
    409,
    N_("Asked for already"),
    N_("{reference} asks to reopen this day and waits for another person."),
)
SECOND_PERSON = refuses(
    "reopening_second_person",
    403,
    N_("Another person decides"),
    N_("Whoever asked for {reference} does not decide on it."),
)
NOT_YOURS = refuses(
    "not_your_reopening",
    403,
    N_("Asked for by somebody else"),
    N_("{reference} is withdrawn by whoever asked for it. It can be declined instead."),
)
_WHY = N_("Say why the day is opened again.")
_WHY_NOT = N_("Say why the day stays closed.")
_LONGEST = 500


async def ask(unit: Unit, day: date, scope: str = ALL, reason: str = "") -> ReopeningRow:
    """Ask that the last closed day of a scope is opened again.

    refuses: not_allowed, invalid_fields, busy, day_not_closed, not_the_last_close,
    reopening_asked_already. writes: close_reopening, `close_reopening.ask`.
    """
    policy.check(unit.actor, "close_reopening.ask")
    known_scope(scope)
    said = _said(reason, _WHY)
    await _alone(unit, scope)
    close = await _last_of(unit.connection, scope, day)
    if waiting := await chain_storage.reopening_of(unit.connection, close, "requested"):
        raise ASKED_ALREADY(reference=waiting.reference)
    return await unit.create(
        ReopeningRow,
        "requested",
        "ask",
        gate=ZONE,
        closed_day=day,
        close_scope=scope,
        attempt=close.attempt,
        reason=said,
        requested_by=unit.actor.id,
    )


async def approve(unit: Unit, id: UUID, version: int | None = None) -> ReopeningRow:
    """Open the day again, as a second person, while it is still the last one closed.

    refuses: not_allowed, not_found, reopening_second_person, busy, not_the_last_close,
    day_not_closed, move_not_open, stale_version. writes: close_reopening,
    `close_reopening.approve`.
    """
    row = await _decided_on(unit, id, "approve")
    await _alone(unit, row.close_scope)
    if row.state == "requested":
        await _last_of(unit.connection, row.close_scope, row.closed_day)
    changes = {"decided_by": unit.actor.id, "decided_at": unit.at}
    return await unit.move(ReopeningRow, id, "approve", version=version, changes=changes)


async def decline(unit: Unit, id: UUID, reason: str, version: int | None = None) -> ReopeningRow:
    """Leave the day closed, as a second person, with a reason.

    refuses: not_allowed, not_found, invalid_fields, reopening_second_person, move_not_open,
    stale_version. writes: close_reopening, `close_reopening.decline`.
    """
    await _decided_on(unit, id, "decline")
    note = _said(reason, _WHY_NOT)
    changes = {"decided_by": unit.actor.id, "decided_at": unit.at, "note": note}
    return await unit.move(ReopeningRow, id, "decline", version=version, changes=changes)


async def withdraw(unit: Unit, id: UUID, version: int | None = None) -> ReopeningRow:
    """Ask no longer, as whoever asked.

    refuses: not_allowed, not_found, not_your_reopening, move_not_open, stale_version. writes:
    close_reopening, `close_reopening.withdraw`.
    """
    policy.check(unit.actor, "close_reopening.withdraw")
    row = await get(unit.connection, unit.actor, id)
    if not fits(row, unit.actor, "withdraw"):
        raise NOT_YOURS(reference=row.reference)
    return await unit.move(ReopeningRow, id, "withdraw", version=version)


async def get(connection: AsyncConnection, actor: Actor, id: UUID) -> ReopeningRow:
    """Return a reopening. refuses: not_allowed, not_found."""
    policy.check(actor, "close_reopening.read")
    found = await chain_storage.reopening_by_id(connection, id)
    return policy.found(actor, "close_reopening.read", found)


async def reopenings(
    connection: AsyncConnection,
    actor: Actor,
    scope: str | None = None,
    day: date | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[ReopeningRow]:
    """Return the reopenings of a scope or a day, or all, the newest first. refuses: not_allowed."""
    policy.check(actor, "close_reopening.list")
    return await chain_storage.reopenings(connection, scope, day, before, limit)


async def counted(connection: AsyncConnection) -> int:
    """Return how often a day was opened again, of all there are."""
    return await chain_storage.reopened_days(connection)


async def _decided_on(unit: Unit, id: UUID, verb: str) -> ReopeningRow:
    """Return a reopening on which the actor decides, who is not the one who asked."""
    policy.check(unit.actor, f"close_reopening.{verb}")
    row = await get(unit.connection, unit.actor, id)
    if not fits(row, unit.actor, verb):
        raise SECOND_PERSON(reference=row.reference)
    return row


async def _alone(unit: Unit, scope: str) -> None:
    """Keep closes and reopenings of a scope apart until this transaction ends. refuses: busy."""
    if not await unit.lock_name("daily_close", scope):
        raise BUSY()


async def _last_of(connection: AsyncConnection, scope: str, day: date) -> DailyCloseRow:
    """Return the close of a day, which must be the last. refuses: day_not_closed,
    not_the_last_close."""
    last = await chain_storage.last_close(connection, scope)
    if last is None or last.day < day:
        raise NOT_CLOSED(day=day.isoformat(), scope=scope)
    if last.day > day:
        raise NOT_LAST_CLOSE(scope=scope, last=last.day.isoformat())
    return last


def _said(text: str, says: str) -> str:
    """Return a reason without blanks around it. refuses: invalid_fields, where there is none."""
    if not text.strip():
        raise INVALID(errors=[FieldError("reason", "missing", says)])
    return text.strip()[:_LONGEST]
