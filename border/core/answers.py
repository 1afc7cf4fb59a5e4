"""Answers already given: what was answered to a caller under an Idempotency-Key.

A key is looked up for one request or for a set of them, with the same two statements: first the
keys are held, then what was answered under them is read, so that it cannot come in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import ARRAY, BigInteger, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.database import as_hex, as_json, given_rows, table_of
from border.core.refusal import KEY_REUSED, STILL_RUNNING, Refusal
from border.core.statement import Statement
from border.core.tables import AnsweredRow


@dataclass(frozen=True)
class StoredAnswer:
    """What was answered to a write: its status and its body as sent."""

    status: int
    body: bytes
    replayed: bool = False


@dataclass(frozen=True)
class Once:
    """An Idempotency-Key, and the fingerprint of the request that was sent under it."""

    key: str
    fingerprint: bytes


_answered = table_of(AnsweredRow)
_number = func.unnest(bindparam("numbers", type_=ARRAY(BigInteger))).column_valued("number")
_HOLDING = Statement(select(_number, func.pg_try_advisory_xact_lock(_number).label("held")))
_asked = given_rows([_answered.c.caller, _answered.c.key])
_GIVEN = Statement(
    select(_answered).join(
        _asked, and_(_asked.c.caller == _answered.c.caller, _asked.c.key == _answered.c.key)
    )
)


def number_of(*name: str) -> int:
    """Return the number under which PostgreSQL locks a name."""
    return int.from_bytes(sha256("\0".join(name).encode()).digest()[:8], signed=True)


def as_kept(caller: str, once: Once, answer: StoredAnswer, at: datetime) -> dict[str, Any]:
    """Return the columns of an answer that is kept from an instant on."""
    return {
        "caller": caller,
        "key": once.key,
        "fingerprint": as_hex(once.fingerprint),
        "status": answer.status,
        "body": as_hex(answer.body),
        "kept_at": at,
    }


async def answers_before(
    connection: AsyncConnection, asked: Sequence[tuple[str, Once]]
) -> list[StoredAnswer | Refusal | None]:
    """Return what was answered before to each (caller, key), or None to go ahead.

    Each key is held until the transaction ends. In place of an answer stands the refusal
    still_running, of a key that another transaction holds, or idempotency_key_reused.
    """
    if not asked:
        return []
    numbers = [number_of("answer", caller, once.key) for caller, once in asked]
    held = {
        row.number: row.held
        for row in await _HOLDING.rows(connection, numbers=sorted(set(numbers)))
    }
    rows = as_json([{"caller": caller, "key": once.key} for caller, once in asked])
    given = {(row.caller, row.key): row for row in await _GIVEN.rows(connection, rows=rows)}

    def before(number: int, caller: str, once: Once) -> StoredAnswer | Refusal | None:
        if not held[number]:
            return STILL_RUNNING()
        found = given.get((caller, once.key))
        if found is None:
            return None
        if found.fingerprint != once.fingerprint:
            return KEY_REUSED()
        return StoredAnswer(found.status, found.body, replayed=True)

    return [before(number, *one) for number, one in zip(numbers, asked, strict=True)]
