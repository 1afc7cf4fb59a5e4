"""Clashes: opened by a scan that contradicts, looked into by a supervisor."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM, Actor
from border.core.refusal import INVALID, NOT_FOUND, FieldError
from border.core.store import AnyRow, Unit
from border.core.words import N_
from border.identity import policy
from logistics import clash_storage
from logistics.scan_clash import UNRESOLVED
from logistics.scan_fact import ScanFlag, TakenScan
from logistics.tables import ScanClashRow, ScanRow


async def open_clash(
    unit: Unit,
    row: TakenScan | ScanRow,
    flag: ScanFlag,
    other: Mapping[str, Any] | None,
    found: AnyRow | None,
) -> None:
    """Note that a scan does not go together with another record, or with what its device did.

    One that only waits for a step is awaited first; it is raised when the step does not come.
    writes: scan_clash; event scan_clash.open.
    """
    await unit.create(
        ScanClashRow,
        "awaited" if flag is ScanFlag.WAITS else "open",
        "open",
        gate=row.gate,
        actor=PROGRAM,
        kind=flag.value,
        scan_id=row.id,
        booking_id=found.booking_id if found else None,
        other=dict(other) if other else None,
    )


async def settle(unit: Unit, scan_id: UUID) -> None:
    """End the waiting of a scan whose step came in. writes: scan_clash; event scan_clash.settle."""
    waiting = await clash_storage.clash_of(unit.connection, scan_id, ScanFlag.WAITS)
    if waiting is not None and waiting.state in UNRESOLVED:
        await unit.move(
            ScanClashRow,
            waiting.id,
            "settle",
            actor=PROGRAM,
        )


async def resolve(unit: Unit, id: UUID, reason: str, version: int | None = None) -> ScanClashRow:
    """Say how a clash is explained. Both records stay as they are.

    refuses: not_allowed, invalid_fields (no reason), not_found, move_not_open, stale_version.
    writes: scan_clash; event scan_clash.resolve.
    """
    policy.check(unit.actor, "scan_clash.resolve")
    if not reason.strip():
        says = N_("Say why, in a sentence.")
        raise INVALID(errors=[FieldError("reason", "required", says)])
    return await unit.move(
        ScanClashRow,
        id,
        "resolve",
        version=version,
        changes={"reason": reason.strip(), "resolved_by": unit.actor.id},
        payload={"reason": reason.strip()},
    )


async def clashes(
    connection: AsyncConnection,
    actor: Actor,
    *,
    gate: str | None = None,
    states: Sequence[str] = UNRESOLVED,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> Sequence[AnyRow]:
    """Return clashes with the scan of each, the newest first. refuses: not_allowed."""
    policy.check(actor, "scan_clash.list")
    return await clash_storage.clashes(connection, gate, states, before, limit)


async def get(connection: AsyncConnection, actor: Actor, id: UUID) -> AnyRow:
    """Return one clash with its scan. refuses: not_allowed, not_found."""
    policy.check(actor, "scan_clash.list")
    found = await clash_storage.clash(connection, id)
    if found is None:
        raise NOT_FOUND(what="scan_clash")
    return found
