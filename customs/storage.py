"""The statements of the customs package: rows in, rows out, and no decision.

Statements that carry an invariant are conditional and say in one step whether they took.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Text,
    any_,
    bindparam,
    delete,
    literal,
    literal_column,
    not_,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.database import as_json, inserting, written_by_no_later_transaction
from border.core.reading import as_row
from border.core.reading import rows as rows_of
from border.core.statement import Statement
from border.core.store import table_of
from border.core.tables import GateRow
from border.identity.tables import OrganisationRow
from customs.declaration import CLEARABLE, UNBOUND
from customs.tables import (
    CUSTOMS_NUMBER_FENCE,
    GONE_UNLODGED,
    ClearanceRow,
    DeclarationRow,
    LineRow,
)

declaration = table_of(DeclarationRow)
gate = table_of(GateRow)
line = table_of(LineRow)
clearance = table_of(ClearanceRow)
organisation = table_of(OrganisationRow)

_LINES = Statement(
    select(line).where(line.c.declaration_id == bindparam("id")).order_by(line.c.position)
)
_CLEARANCES = Statement(
    select(clearance)
    .where(clearance.c.declaration_id == bindparam("id"))
    .order_by(clearance.c.agency)
)


def is_customs_number_clash(error: IntegrityError) -> bool:
    """Say whether the database refused a second live declaration of one customs number."""
    return CUSTOMS_NUMBER_FENCE in str(error.orig)


async def lines_of(connection: AsyncConnection, id: UUID) -> list[LineRow]:
    """Return the lines of a declaration in their order."""
    return await rows_of(connection, LineRow, _LINES, id=id)


async def replace_lines(
    connection: AsyncConnection, id: UUID, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Put `rows` in the place of whatever lines the declaration had."""
    await connection.execute(delete(line).where(line.c.declaration_id == id))
    if rows:
        await connection.execute(insert(line), rows)


async def clearances_of(connection: AsyncConnection, id: UUID) -> list[ClearanceRow]:
    """Return the clearances of a declaration by the name of the agency."""
    return await rows_of(connection, ClearanceRow, _CLEARANCES, id=id)


async def begin_clearances(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Set clearances to their first states; what was decided on them before is forgotten."""
    if not rows:
        return
    statement = inserting(clearance, list(rows[0]))
    renewing = ("state", "overdue_at", "decided_at", "decided_by")
    columns = {name: statement.excluded[name] for name in renewing}
    renewed = statement.on_conflict_do_update(
        index_elements=["declaration_id", "agency"], set_={**columns, "reason": None}
    )
    await connection.execute(renewed, {"rows": as_json(rows)})


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
    their order in the feed; the caller stands back and runs again (see `border.core.store`).
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
    return None if found is None else as_row(DeclarationRow, found._mapping)


@dataclass(frozen=True)
class Known:
    """What the database knows of what a set of declarations names.

    `gates` in use; registered `carriers` by tax code; `import_keys` that were imported;
    customs `numbers` of live declarations; up to two declarations `registered` by each firm,
    enough to tell of any declaration whether there was another.
    """

    gates: frozenset[str]
    carriers: Mapping[str, UUID]
    import_keys: frozenset[str]
    numbers: frozenset[str]
    registered: Mapping[UUID, Collection[UUID]]


async def known(
    connection: AsyncConnection,
    *,
    tax_codes: Collection[str] = (),
    import_keys: Collection[str] = (),
    numbers: Collection[str] = (),
    owners: Collection[UUID] = (),
) -> Known:
    """Return what is known of these, read with one statement."""
    first = (
        select(declaration.c.id)
        .where(declaration.c.owner_organisation_id == organisation.c.id)
        .where(declaration.c.registered_at.is_not(None))
        .limit(2)
        .lateral("registered")
    )

    def texts(values: Collection[str]) -> ColumnElement[Any]:
        """Return texts as one value: the same short statement for any number of them."""
        return literal(list(values), ARRAY(Text))

    asked = {
        "gate": select(gate.c.code, null()).where(gate.c.active),
        "carrier": select(organisation.c.tax_code, organisation.c.id).where(
            organisation.c.tax_code == any_(texts(tax_codes))
        ),
        "import_key": select(declaration.c.import_key, declaration.c.id).where(
            declaration.c.import_key == any_(texts(import_keys)),
            not_(literal_column(GONE_UNLODGED, Boolean)),
        ),
        "number": select(declaration.c.customs_number, declaration.c.id).where(
            declaration.c.customs_number == any_(texts(numbers)),
            declaration.c.state.not_in(UNBOUND),
        ),
        "registered": select(sql_cast(organisation.c.id, Text), first.c.id).where(
            organisation.c.id.in_(owners)
        ),
    }
    given = {
        "gate": True,
        "carrier": tax_codes,
        "import_key": import_keys,
        "number": numbers,
        "registered": owners,
    }
    parts = [
        part.add_columns(literal(what).label("what")) for what, part in asked.items() if given[what]
    ]
    found: dict[str, list[tuple[str, UUID]]] = {what: [] for what in asked}
    for name, id, what in await connection.execute(union_all(*parts)):
        found[what].append((name, id))
    registered: dict[UUID, list[UUID]] = {owner: [] for owner in owners}
    for owner, id in found["registered"]:
        registered[UUID(owner)].append(id)
    return Known(
        frozenset(code for code, _ in found["gate"]),
        dict(found["carrier"]),
        frozenset(key for key, _ in found["import_key"]),
        frozenset(number for number, _ in found["number"]),
        registered,
    )
