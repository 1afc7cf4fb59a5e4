"""Statements on the inbox of notices. No decisions."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import Boolean, Select, bindparam, literal_column, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.ids import new_id
from border.core.money import Money
from border.core.postponed import waits
from border.core.reading import row
from border.core.store import table_of
from border.payments.collection.settlement import Outcome
from border.payments.collection.tables import AttemptRow, NoticeRow
from border.payments.gateways.evidence import Evidence

APPLYING = "notice"
"""The work of applying a notice."""
_notice, _attempt = table_of(NoticeRow), table_of(AttemptRow)


@dataclass(frozen=True)
class Received:
    """A notice as it was found or put: whether it is new, and the attempt it names, if any."""

    new: bool
    attempt_state: str | None
    asked: Money | None


def _receiving() -> Select[tuple[UUID | None, str | None, int | None, str | None, UUID | None]]:
    """Return the one statement that looks an attempt up and puts the notice that names it.

    It is built once: gateways send in bursts, and building it takes longer than running it.
    """
    named = (
        select(_attempt.c.id, _attempt.c.state, _attempt.c.amount_minor, _attempt.c.currency)
        .where(
            _attempt.c.gateway == bindparam("gateway"), _attempt.c.txn_ref == bindparam("txn_ref")
        )
        .cte("named")
    )
    once = select(literal_column("1")).subquery("once")
    given = [column for column in _notice.columns if column.name in _GIVEN]
    values = (
        select(
            *(bindparam(column.name, type_=column.type) for column in given),
            named.c.id,
            literal_column("true"),
        )
        .select_from(once.outerjoin(named, true()))
        .where(or_(named.c.id.is_not(None), bindparam("keeps_unknown", type_=Boolean)))
    )
    put = (
        insert(_notice)
        .from_select([*given, _notice.c.attempt_id, _notice.c.verified], values)
        .on_conflict_do_nothing()
        .returning(_notice.c.id)
        .cte("put")
    )
    return select(
        named.c.id, named.c.state, named.c.amount_minor, named.c.currency, put.c.id.label("put_id")
    ).select_from(once.outerjoin(named, true()).outerjoin(put, true()))


_GIVEN = ("id", "gateway", "source", "dedupe_key", "raw", "evidence", "received_at")
_RECEIVE = _receiving()


async def receive_notice(
    connection: AsyncConnection,
    evidence: Evidence,
    raw: bytes,
    at: datetime,
    *,
    keeps_unknown: bool,
) -> Received | None:
    """Insert a gateway's word, in one round trip, with the attempt it names.

    None, and nothing is kept, where it names no attempt and the gateway's word is not kept then.
    """
    values = {
        "id": new_id(),
        "gateway": evidence.gateway,
        "txn_ref": evidence.txn_ref,
        "source": evidence.source.value,
        "dedupe_key": sha256(raw).digest(),
        "raw": raw,
        "evidence": evidence.stored(),
        "received_at": at,
        "keeps_unknown": keeps_unknown,
    }
    found = (await connection.execute(_RECEIVE, values)).one()
    if found.id is None and not keeps_unknown:
        return None
    asked = None if found.id is None else Money(found.amount_minor, found.currency)
    return Received(found.put_id is not None, found.state, asked)


async def put_notice(
    connection: AsyncConnection,
    evidence: Evidence,
    raw: bytes,
    attempt_id: UUID | None,
    at: datetime,
    outcome: Outcome | None = None,
) -> bool:
    """Insert a gateway's word, processed already if `outcome` is given; False if it is there."""
    notice = NoticeRow(
        gateway=evidence.gateway,
        source=evidence.source,
        dedupe_key=sha256(raw).digest(),
        raw=raw,
        attempt_id=attempt_id,
        evidence=evidence.stored(),
        verified=True,
        received_at=at,
        taken_at=at if outcome else None,
        outcome=outcome,
    )
    statement = insert(_notice).values(**notice.model_dump()).on_conflict_do_nothing()
    return (await connection.execute(statement.returning(_notice.c.id))).one_or_none() is not None


async def take_waiting_notice(connection: AsyncConnection, at: datetime) -> NoticeRow | None:
    """Return, locked, the notice that has waited longest, but for those taken or put off."""
    return await row(
        connection,
        NoticeRow,
        select(_notice)
        .where(_notice.c.taken_at.is_(None), ~waits(APPLYING, _notice.c.id, at))
        .order_by(_notice.c.received_at, _notice.c.id)
        .limit(1)
        .with_for_update(skip_locked=True),
    )


async def mark_taken(
    connection: AsyncConnection, notice_id: UUID, at: datetime, outcome: Outcome
) -> None:
    """Note what became of a notice."""
    await connection.execute(
        update(_notice).where(_notice.c.id == notice_id).values(taken_at=at, outcome=outcome)
    )
