"""Statements on what is about to be owed. No decisions."""

from collections.abc import Collection, Iterable
from hashlib import sha256

from sqlalchemy import ARRAY, BigInteger, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.reading import as_row
from border.core.statement import Statement, one_of
from border.core.store import table_of
from border.payments.charges.tables import ChargeRow

_charge = table_of(ChargeRow)
_LOCKED_SUBJECTS = Statement(
    select(
        func.pg_advisory_xact_lock(
            func.unnest(bindparam("numbers", type_=ARRAY(BigInteger))).column_valued("number")
        )
    )
)
_LIVE = Statement(
    select(_charge).where(
        one_of(_charge.c.subject, "subjects"),
        one_of(_charge.c.kind, "kinds"),
        _charge.c.state != "voided",
    )
)


async def lock_subjects(connection: AsyncConnection, subjects: Iterable[str]) -> None:
    """Let nobody else charge any of `subjects` until this transaction ends."""
    numbers = {
        int.from_bytes(sha256(f"charge\0{subject}".encode()).digest()[:8], signed=True)
        for subject in subjects
    }
    # In one order for everybody, so that two sets never wait for each other.
    await _LOCKED_SUBJECTS.rows(connection, numbers=sorted(numbers))


async def live_charges(
    connection: AsyncConnection, subjects: Collection[str], kinds: Collection[str]
) -> dict[tuple[str, str], ChargeRow]:
    """Return the charges of some kinds on `subjects` that were not voided, by subject and kind."""
    found = await _LIVE.rows(connection, subjects=list(subjects), kinds=list(kinds))
    return {(row.subject, row.kind): as_row(ChargeRow, row._mapping) for row in found}
