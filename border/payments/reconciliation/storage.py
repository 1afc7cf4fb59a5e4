"""Statements on the files and their lines. No decisions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.money import Money
from border.core.reading import row, rows
from border.core.store import table_of
from border.payments.reconciliation.matching import AwaitedPayout, LineClass
from border.payments.reconciliation.statement import LineType
from border.payments.reconciliation.tables import (
    BANK_GATEWAY,
    StatementFileRow,
    StatementLineRow,
)

_file, _line = table_of(StatementFileRow), table_of(StatementLineRow)


# Files


async def file_by_digest(connection: AsyncConnection, digest: bytes) -> StatementFileRow | None:
    """Return the file with these very bytes."""
    return await row(connection, StatementFileRow, select(_file).where(_file.c.digest == digest))


async def file_by_id(connection: AsyncConnection, id: UUID) -> StatementFileRow | None:
    """Return a file."""
    return await row(connection, StatementFileRow, select(_file).where(_file.c.id == id))


async def files(connection: AsyncConnection, limit: int) -> list[StatementFileRow]:
    """Return the files, the newest first."""
    newest = select(_file).order_by(_file.c.imported_at.desc(), _file.c.id.desc()).limit(limit)
    return await rows(connection, StatementFileRow, newest)


async def add_file(connection: AsyncConnection, file: StatementFileRow) -> bool:
    """Insert a file; False if one with these very bytes is there."""
    statement = insert(_file).values(**file.model_dump()).on_conflict_do_nothing()
    added = await connection.execute(statement.returning(_file.c.id))
    return added.one_or_none() is not None


async def first_day(connection: AsyncConnection, gateways: Collection[str]) -> date | None:
    """Return the first day that any statement of these gateways is about."""
    found = await connection.scalar(
        select(func.min(_file.c.first_day)).where(_file.c.gateway.in_(gateways))
    )
    return found if isinstance(found, date) else None


# Lines


async def add_lines(connection: AsyncConnection, lines: Sequence[Mapping[str, Any]]) -> None:
    """Insert lines of a file; the first line of each transaction counts, a later one does not.

    A rival who inserts the same transaction just now is waited for.
    """
    counting = (
        insert(_line)
        .values(counts=True)
        .on_conflict_do_nothing(
            index_elements=("gateway", "account", "transaction_no", "type"),
            index_where=_line.c.counts,
        )
        .returning(_line.c.number)
    )
    added = set(await connection.scalars(counting, [*lines]))
    again = [{**line, "counts": False} for line in lines if line["number"] not in added]
    if again:
        await connection.execute(_line.insert(), again)


async def waiting_lines(
    connection: AsyncConnection, gateway: str, limit: int
) -> list[StatementLineRow]:
    """Return, locked, lines of a gateway that were not processed yet, in the order they came in.

    The ids of files sort by the time at which they were made.
    """
    return await rows(
        connection,
        StatementLineRow,
        select(_line)
        .where(_line.c.gateway == gateway, _line.c.line_class.is_(None))
        .order_by(_line.c.file_id, _line.c.number)
        .limit(limit)
        .with_for_update(),
    )


async def count_waiting(
    connection: AsyncConnection, gateways: Collection[str], until: date | None = None
) -> int:
    """Return how many lines of these gateways, up to a day, were not processed yet."""
    statement = select(func.count()).where(
        _line.c.gateway.in_(gateways), _line.c.line_class.is_(None)
    )
    if until is not None:
        statement = statement.where(_line.c.day <= until)
    return int(await connection.scalar(statement) or 0)


async def counted_lines(
    connection: AsyncConnection, lines: Iterable[StatementLineRow]
) -> dict[tuple[str, str, str, str], StatementLineRow]:
    """Return the line that counts for the transaction of each, by (gateway, account, type, no)."""
    keys = {key_of(line) for line in lines}
    if not keys:
        return {}
    columns = (_line.c.gateway, _line.c.account, _line.c.type, _line.c.transaction_no)
    found = await rows(
        connection,
        StatementLineRow,
        select(_line).where(tuple_(*columns).in_(list(keys)), _line.c.counts),
    )
    return {key_of(line): line for line in found}


def key_of(line: StatementLineRow) -> tuple[str, str, str, str]:
    """Return what makes a line the line of one transaction."""
    return line.gateway, line.account, line.type, line.transaction_no


async def write_verdicts(
    connection: AsyncConnection, verdicts: Sequence[Mapping[str, Any]]
) -> None:
    """Write what became of lines: of_file, of_number, and the columns to set."""
    if verdicts:
        await connection.execute(
            update(_line)
            .where(
                _line.c.file_id == bindparam("of_file"), _line.c.number == bindparam("of_number")
            )
            .values(
                {
                    name: bindparam(f"to_{name}")
                    for name in ("line_class", "journal_id", "exception_id", "note", "processed_at")
                }
            ),
            list(verdicts),
        )


async def change_line(
    connection: AsyncConnection, file_id: UUID, number: int, **columns: Any
) -> None:
    """Write what became of one line."""
    await connection.execute(
        update(_line).where(_line.c.file_id == file_id, _line.c.number == number).values(**columns)
    )


async def awaited_payouts(connection: AsyncConnection) -> list[AwaitedPayout]:
    """Return the payouts that gateways told of and the bank has not shown, the oldest first."""
    found = await rows(
        connection,
        StatementLineRow,
        select(_line)
        .where(
            _line.c.gateway != BANK_GATEWAY,
            _line.c.type == LineType.PAYOUT,
            _line.c.line_class == LineClass.AWAITED,
        )
        .order_by(_line.c.happened_at, _line.c.file_id, _line.c.number),
    )
    return [
        AwaitedPayout(
            line.file_id,
            line.number,
            line.gateway,
            line.transaction_no,
            line.reference,
            Money(line.amount_minor, line.currency),
            line.journal_id,
        )
        for line in found
    ]


async def unpaired_lines(connection: AsyncConnection) -> list[StatementLineRow]:
    """Return, locked, lines of the bank's without counterpart in the books, oldest first."""
    unordered = and_(
        _line.c.type == LineType.DEBIT,
        _line.c.line_class == LineClass.MISSING_IN_LEDGER,
        _line.c.journal_id.is_(None),
    )
    return await rows(
        connection,
        StatementLineRow,
        select(_line)
        .where(
            _line.c.gateway == BANK_GATEWAY,
            or_(_line.c.line_class == LineClass.AWAITED, unordered),
        )
        .order_by(_line.c.happened_at, _line.c.file_id, _line.c.number)
        .with_for_update(),
    )


async def awaited_since(connection: AsyncConnection, until: date) -> list[StatementLineRow]:
    """Return lines up to a day that still wait for the other side, with no exception yet."""
    return await rows(
        connection,
        StatementLineRow,
        select(_line).where(
            _line.c.line_class == LineClass.AWAITED,
            _line.c.day <= until,
            _line.c.exception_id.is_(None),
        ),
    )


# What became of lines


async def classes_in(
    connection: AsyncConnection, file_id: UUID
) -> list[tuple[str | None, str, int, int]]:
    """Return the lines of a file by class and type: how many, and their sum in minor units."""
    found = await connection.execute(
        select(
            _line.c.line_class,
            _line.c.type,
            func.count(),
            func.sum(_line.c.amount_minor),
        )
        .where(_line.c.file_id == file_id)
        .group_by(_line.c.line_class, _line.c.type)
        .order_by(_line.c.line_class, _line.c.type)
    )
    return [(name, type, count, int(total)) for name, type, count, total in found]


async def lines_of_class(
    connection: AsyncConnection, file_id: UUID, classes: Collection[str], limit: int
) -> list[StatementLineRow]:
    """Return lines of a file that are of some classes, in the order of the file."""
    return await rows(
        connection,
        StatementLineRow,
        select(_line)
        .where(_line.c.file_id == file_id, _line.c.line_class.in_(classes))
        .order_by(_line.c.number)
        .limit(limit),
    )
