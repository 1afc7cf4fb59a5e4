"""Raising exceptions, and what the accountant does with them besides moving their money."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.core.money import Money
from border.core.refusal import INVALID, NOT_FOUND, FieldError, refuses
from border.core.store import PROGRAM, Unit
from border.core.words import N_
from border.identity import policy
from border.payments.exceptions import storage
from border.payments.exceptions.exception import HOLDS_MONEY
from border.payments.exceptions.tables import ExceptionRow

MONEY_WAITS = refuses(
    "money_waits",
    409,
    N_("The money still waits"),
    N_(
        "{reference} holds {amount_minor} {currency} in suspense. Apply it to charges or give it "
        "back; a note alone does not end it."
    ),
)
ZONE_WIDE = "ZONE"
"""The gate of money that names none."""


async def raise_exception(
    unit: Unit,
    *,
    kind: str,
    key: str,
    gateway: str,
    gate: str = ZONE_WIDE,
    amount: Money | None = None,
    provider_txn: str | None = None,
    payment_id: UUID | None = None,
    attempt_id: UUID | None = None,
    journal_id: UUID | None = None,
    reported: Mapping[str, Any] | None = None,
) -> ExceptionRow:
    """Put something into the queue, once under `key`; what is there already is returned.

    `reported` is what the desk is shown; it stays in the zone. writes: payment_exception,
    `payment_exception.raise`.
    """
    await storage.lock_key(unit.connection, key)
    if there := await storage.exception_by_key(unit.connection, key):
        return there
    return await unit.create(
        ExceptionRow,
        "open",
        "raise",
        gate=gate,
        actor=PROGRAM,
        kind=kind,
        dedupe_key=key,
        gateway=gateway,
        provider_txn=provider_txn,
        payment_id=payment_id,
        attempt_id=attempt_id,
        journal_id=journal_id,
        amount_minor=amount.minor if amount else None,
        currency=amount.currency if amount else None,
        reported=dict(reported or {}),
    )


async def heal(unit: Unit, key: str, note: str) -> bool:
    """End the exception under `key` because what it was about came right; False if none is open.

    writes: payment_exception, `payment_exception.heal`.
    """
    there = await storage.exception_by_key(unit.connection, key)
    if there is None or there.state == "resolved":
        return False
    await _end(unit, there.id, "heal", "healed", note, actor=PROGRAM)
    return True


async def act_on(
    unit: Unit, id: UUID, verb: str, reason: str = "", version: int | None = None
) -> ExceptionRow:
    """Take an exception on, put it back, or end it with a reason.

    refuses: not_allowed, not_found, invalid_fields, money_waits, move_not_open, stale_version.
    writes: payment_exception, `payment_exception.<verb>`.
    """
    found = await get_exception(unit.connection, unit.actor, id)
    if verb == "take":
        changes: dict[str, Any] = {"taken_by": unit.actor.id}
        return await unit.move(ExceptionRow, id, verb, version=version, changes=changes)
    if verb == "put_back":
        return await unit.move(ExceptionRow, id, verb, version=version, changes={"taken_by": None})
    if verb != "resolve":
        raise NOT_FOUND(what="verb")
    if not reason.strip():
        says = N_("Say what was found and what was done.")
        raise INVALID(errors=[FieldError("reason", "missing", says)])
    if found.kind in HOLDS_MONEY and found.state != "resolved":
        raise MONEY_WAITS(
            reference=found.reference, amount_minor=found.amount_minor, currency=found.currency
        )
    return await _end(unit, id, "resolve", "explained", reason, version=version)


async def end_with_money(
    unit: Unit,
    id: UUID,
    verb: str,
    note: str,
    version: int | None = None,
    actor: Actor | None = None,
) -> ExceptionRow:
    """End an exception whose money was applied or is given back; the mover of the money calls.

    writes: payment_exception, `payment_exception.<verb>`.
    """
    resolution = {"apply": "applied", "refund": "refunded"}[verb]
    return await _end(unit, id, verb, resolution, note, version=version, actor=actor)


async def _end(
    unit: Unit,
    id: UUID,
    verb: str,
    resolution: str,
    note: str,
    *,
    version: int | None = None,
    actor: Actor | None = None,
) -> ExceptionRow:
    return await unit.move(
        ExceptionRow,
        id,
        verb,
        version=version,
        changes={
            "resolution": resolution,
            "resolved_by": (actor or unit.actor).id,
            "resolved_at": unit.at,
            "note": note.strip()[:1000],
        },
        actor=actor,
    )


async def get_exception(connection: AsyncConnection, actor: Actor, id: UUID) -> ExceptionRow:
    """Return an exception to those who work the queue. refuses: not_allowed, not_found."""
    policy.check(actor, "payment_exception.read")
    found = await storage.exception_by_id(connection, id)
    return policy.found(actor, "payment_exception.read", found)


async def queue(
    connection: AsyncConnection, actor: Actor, *, resolved: bool = False, limit: int = 200
) -> list[ExceptionRow]:
    """Return what waits, the longest waiting first, or what was resolved. refuses: not_allowed."""
    policy.check(actor, "payment_exception.list")
    states = ("resolved",) if resolved else ("open", "taken")
    return await storage.exceptions(connection, states, limit)
