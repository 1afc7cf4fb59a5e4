"""The statements of the customs package: rows in, rows out, and no decision.

Statements that carry an invariant are conditional and say in one step whether they took.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    delete,
    exists,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from border.database import written_by_no_later_transaction
from border.identity.tables import OrganisationRow
from border.store import table_of
from customs.declaration import CLEARABLE, DECLARATION
from customs.tables import CUSTOMS_NUMBER_FENCE, ClearanceRow, DeclarationRow, LineRow

declaration = table_of(DeclarationRow)
line = table_of(LineRow)
clearance = table_of(ClearanceRow)
organisation = table_of(OrganisationRow)


def is_customs_number_clash(error: IntegrityError) -> bool:
    """Say whether the database refused a second live declaration of one customs number."""
    return CUSTOMS_NUMBER_FENCE in str(error.orig)


async def lines_of(connection: AsyncConnection, id: UUID) -> list[LineRow]:
    """Return the lines of a declaration in their order."""
    found = await connection.execute(
        select(line).where(line.c.declaration_id == id).order_by(line.c.position)
    )
    return [LineRow(**row._mapping) for row in found]


async def replace_lines(
    connection: AsyncConnection, id: UUID, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Put `rows` in the place of whatever lines the declaration had."""
    await connection.execute(delete(line).where(line.c.declaration_id == id))
    if rows:
        await connection.execute(insert(line), rows)


async def clearances_of(connection: AsyncConnection, id: UUID) -> list[ClearanceRow]:
    """Return the clearances of a declaration by the name of the agency."""
    found = await connection.execute(
        select(clearance).where(clearance.c.declaration_id == id).order_by(clearance.c.agency)
    )
    return [ClearanceRow(**row._mapping) for row in found]


async def begin_clearances(
    connection: AsyncConnection, id: UUID, states: Mapping[str, str]
) -> None:
    """Set every agency's clearance to its first state; what was decided before is forgotten."""
    await connection.execute(delete(clearance).where(clearance.c.declaration_id == id))
    await connection.execute(
        insert(clearance),
        [
            {"declaration_id": id, "agency": agency, "state": state}
            for agency, state in states.items()
        ],
    )


async def decide(
    connection: AsyncConnection,
    id: UUID,
    agency: str,
    sources: Collection[str],
    **columns: Any,
) -> bool:
    """Write an agency's decision if its clearance is in one of `sources`; say whether it took."""
    found = await connection.execute(
        update(clearance)
        .where(
            clearance.c.declaration_id == id,
            clearance.c.agency == agency,
            clearance.c.state.in_(sources),
        )
        .values(**columns)
        .returning(clearance.c.agency)
    )
    return found.one_or_none() is not None


async def touch(connection: AsyncConnection, id: UUID, at: datetime) -> DeclarationRow | None:
    """Raise the version of a declaration that the agencies may still decide on.

    None when a later transaction wrote it first, so that the events of one declaration keep
    their order in the feed; the caller stands back and runs again (see `border.store`).
    """
    found = (
        await connection.execute(
            update(declaration)
            .where(
                declaration.c.id == id,
                declaration.c.state.in_(CLEARABLE),
                written_by_no_later_transaction(declaration),
            )
            .values(version=declaration.c.version + 1, changed_at=at)
            .returning(*declaration.c)
        )
    ).one_or_none()
    return None if found is None else DeclarationRow(**found._mapping)


async def has_registered(connection: AsyncConnection, owner: UUID, other_than: UUID | None) -> bool:
    """Say whether a firm has ever had another declaration registered."""
    conditions = [
        declaration.c.owner_organisation_id == owner,
        declaration.c.registered_at.is_not(None),
    ]
    if other_than is not None:
        conditions.append(declaration.c.id != other_than)
    return bool(await connection.scalar(select(exists().where(*conditions))))


async def organisation_with(connection: AsyncConnection, tax_code: str) -> UUID | None:
    """Return the organisation that is registered with a tax code."""
    found: UUID | None = await connection.scalar(
        select(organisation.c.id).where(organisation.c.tax_code == tax_code)
    )
    return found


async def overdue(
    connection: AsyncConnection,
    at: datetime,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[tuple[datetime, UUID]]:
    """Return (due, id) of declarations overdue at `at` in a state that then expires, in order."""
    expiring = [state.name for state in DECLARATION.states if state.then == "expire"]
    conditions = [declaration.c.due_at <= at, declaration.c.state.in_(expiring)]
    if after is not None:
        conditions.append(tuple_(declaration.c.due_at, declaration.c.id) > after)
    found = await connection.execute(
        select(declaration.c.due_at, declaration.c.id)
        .where(*conditions)
        .order_by(declaration.c.due_at, declaration.c.id)
        .limit(limit)
    )
    return [(due_at, id) for due_at, id in found]


async def known_import_keys(connection: AsyncConnection, keys: Collection[str]) -> set[str]:
    """Return those of `keys` that were imported before."""
    found = await connection.execute(
        select(declaration.c.import_key).where(declaration.c.import_key.in_(keys))
    )
    return set(found.scalars())


async def add_all(
    connection: AsyncConnection,
    rows: Sequence[DeclarationRow],
    lines: Iterable[Mapping[str, Any]],
    clearances: Iterable[Mapping[str, Any]],
) -> set[UUID]:
    """Insert declarations with their lines and clearances; one that clashes is left out.

    Return the ids of those that were inserted.
    """
    statement = insert(declaration).on_conflict_do_nothing().returning(declaration.c.id)
    found = await connection.execute(statement, [row.model_dump() for row in rows])
    added = set(found.scalars())
    for table, parts in ((line, lines), (clearance, clearances)):
        kept = [part for part in parts if part["declaration_id"] in added]
        if kept:
            await connection.execute(insert(table), kept)
    return added
