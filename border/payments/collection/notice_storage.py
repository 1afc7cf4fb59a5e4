"""Statements on the inbox of notices. No decisions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, String, and_, bindparam, column, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.database import as_hex, as_json, given_rows
from border.core.ids import new_id
from border.core.money import Money
from border.core.postponed import waits
from border.core.statement import Statement, one_of
from border.core.store import AnyRow, table_of
from border.payments.collection.settlement import Outcome
from border.payments.collection.tables import AttemptRow, NoticeRow
from border.payments.gateways.evidence import Evidence

APPLYING = "notice"
"""The work of applying a notice."""
_notice, _attempt = table_of(NoticeRow), table_of(AttemptRow)


@dataclass(frozen=True)
class BroughtNotice:
    """A gateway's word as it came in: what was read from it, and its bytes.

    `keeps_unknown`: it is kept though it names no attempt of ours. Its `id` is its place in the
    order of arrival.
    """

    evidence: Evidence
    raw: bytes = field(repr=False)
    keeps_unknown: bool = False
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True)
class Received:
    """A notice as it was found or put: whether it is new, and the attempt it names, if any."""

    new: bool
    attempt_state: str | None
    asked: Money | None


_GIVEN = ("id", "gateway", "source", "dedupe_key", "raw", "evidence", "received_at")


def _receiving() -> Statement:
    """Return the statement that looks attempts up and puts the notices that name them.

    They are put in the order of their keys, so that two sets with the same notices never wait for
    each other.
    """
    columns = [*(_notice.c[name] for name in _GIVEN), column("txn_ref", String())]
    given = given_rows([*columns, column("keeps_unknown", Boolean())])
    named = (
        select(
            *(given.c[name] for name in (*_GIVEN, "keeps_unknown")),
            _attempt.c.id.label("attempt_id"),
            _attempt.c.state,
            _attempt.c.amount_minor,
            _attempt.c.currency,
        )
        .select_from(
            given.outerjoin(
                _attempt,
                and_(_attempt.c.gateway == given.c.gateway, _attempt.c.txn_ref == given.c.txn_ref),
            )
        )
        .cte("named")
    )
    kept = or_(named.c.attempt_id.is_not(None), named.c.keeps_unknown)
    put = (
        insert(_notice)
        .from_select(
            [*_GIVEN, "attempt_id", "verified"],
            select(*(named.c[name] for name in _GIVEN), named.c.attempt_id, true())
            .where(kept)
            .order_by(named.c.gateway, named.c.dedupe_key, named.c.id),
        )
        .on_conflict_do_nothing()
        .returning(_notice.c.id)
        .cte("put")
    )
    return Statement(
        select(
            named.c.id,
            kept.label("kept"),
            named.c.state,
            named.c.amount_minor,
            named.c.currency,
            put.c.id.is_not(None).label("new"),
        ).select_from(named.outerjoin(put, put.c.id == named.c.id))
    )


_RECEIVING = _receiving()


async def receive_notices(
    connection: AsyncConnection, brought: Sequence[BroughtNotice], at: datetime
) -> list[Received | None]:
    """Insert what gateways sent, in one round trip, each with the attempt it names.

    None, and nothing is kept, where one names no attempt and its gateway's word is not kept then.
    """
    rows = [
        {
            "id": one.id,
            "gateway": one.evidence.gateway,
            "txn_ref": one.evidence.txn_ref,
            "source": one.evidence.source,
            "dedupe_key": as_hex(sha256(one.raw).digest()),
            "raw": as_hex(one.raw),
            "evidence": one.evidence.stored(),
            "received_at": at,
            "keeps_unknown": one.keeps_unknown,
        }
        for one in brought
    ]
    found = {row.id: row for row in await _RECEIVING.rows(connection, rows=as_json(rows))}
    return [_received(found[one.id]) for one in brought]


def _received(found: AnyRow) -> Received | None:
    if not found.kept:
        return None
    asked = None if found.state is None else Money(found.amount_minor, found.currency)
    return Received(found.new, found.state, asked)


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


@dataclass
class WaitingNotice:
    """A notice that is to be worked off: the attempt it names, and what was read from it."""

    id: UUID
    attempt_id: UUID | None
    evidence: Mapping[str, Any]


@cache
def _waiting(*, chosen: bool) -> Statement:
    at = bindparam("at", type_=_notice.c.received_at.type)
    conditions = [_notice.c.taken_at.is_(None), ~waits(APPLYING, _notice.c.id, at)]
    if chosen:
        conditions.append(one_of(_notice.c.id, "ids"))
    return Statement(
        select(_notice.c.id, _notice.c.attempt_id, _notice.c.evidence)
        .where(*conditions)
        .order_by(_notice.c.received_at, _notice.c.id)
        .limit(bindparam("limit"))
        .with_for_update(skip_locked=True)
    )


async def take_waiting(
    connection: AsyncConnection, at: datetime, limit: int, ids: Collection[UUID] | None = None
) -> list[WaitingNotice]:
    """Return, locked, the notices that wait, of `ids` only, the longest waiting first.

    Those that somebody else has taken or that are put off are left out.
    """
    given = {} if ids is None else {"ids": list(ids)}
    statement = _waiting(chosen=ids is not None)
    found = await statement.rows(connection, at=at, limit=limit, **given)
    return [WaitingNotice(*one) for one in found]


_TAKEN = Statement(
    update(_notice)
    .where(one_of(_notice.c.id, "ids"))
    .values(taken_at=bindparam("taken", type_=_notice.c.taken_at.type), outcome=bindparam("became"))
)


async def mark_taken(
    connection: AsyncConnection, ids: Sequence[UUID], at: datetime, outcome: Outcome
) -> None:
    """Note what became of notices."""
    await _TAKEN.run(connection, ids=ids, taken=at, became=outcome)
