"""The statements of files of declarations. No decisions."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import any_, bindparam, literal_column, not_, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Boolean, Text

from border.core.database import insert_rows, table_of
from border.core.reading import as_row, row, rows
from border.core.statement import Statement
from border.core.store import AnyRow
from customs.intake.declaration_file import OPEN
from customs.intake.tables import DeclarationFileRow, DeclarationSourceRow, FiledDeclarationRow
from customs.storage import declaration
from customs.tables import GONE_UNLODGED

file = table_of(DeclarationFileRow)
_line = table_of(FiledDeclarationRow)
source = table_of(DeclarationSourceRow)

_OPEN_FILE = Statement(
    select(file).where(
        file.c.owner_organisation_id == bindparam("owner"),
        file.c.digest == bindparam("digest"),
        file.c.state.in_(sorted(OPEN)),
    )
)
_FILE = Statement(select(file).where(file.c.id == bindparam("id")))
_FILES = Statement(
    select(file)
    .where(file.c.owner_organisation_id == bindparam("owner"))
    .order_by(file.c.created_at.desc(), file.c.id.desc())
    .limit(bindparam("most"))
)
_LINES = Statement(
    select(_line, declaration.c.reference.label("reference"))
    .outerjoin(declaration, declaration.c.id == _line.c.declaration_id)
    .where(_line.c.file_id == bindparam("id"))
    .order_by(_line.c.line)
)
_THERE = Statement(
    select(
        declaration.c.id,
        declaration.c.import_key,
        declaration.c.customs_number,
    ).where(
        declaration.c.owner_organisation_id == bindparam("owner"),
        not_(literal_column(GONE_UNLODGED, Boolean)),
        or_(
            declaration.c.import_key == any_(bindparam("keys", type_=ARRAY(Text))),
            declaration.c.customs_number == any_(bindparam("numbers", type_=ARRAY(Text))),
        ),
    )
)
_SOURCE = Statement(select(source).where(source.c.declaration_id == bindparam("id")))


async def open_file(
    connection: AsyncConnection, owner: UUID, digest: str
) -> DeclarationFileRow | None:
    """Return the file of a firm with some bytes of which something can still be accepted."""
    return await row(connection, DeclarationFileRow, _OPEN_FILE, owner=owner, digest=digest)


async def find(connection: AsyncConnection, id: UUID) -> DeclarationFileRow | None:
    """Return a file."""
    return await row(connection, DeclarationFileRow, _FILE, id=id)


async def newest(connection: AsyncConnection, owner: UUID, most: int) -> list[DeclarationFileRow]:
    """Return the files that a firm sent last."""
    return await rows(connection, DeclarationFileRow, _FILES, owner=owner, most=most)


async def lines_of(connection: AsyncConnection, id: UUID) -> list[tuple[FiledDeclarationRow, str]]:
    """Return the declarations of a file in its order, each with the reference of ours, if any."""
    found = await _LINES.rows(connection, id=id)
    return [(as_row(FiledDeclarationRow, one._mapping), one.reference or "") for one in found]


async def keep_lines(connection: AsyncConnection, lines: Sequence[Mapping[str, Any]]) -> None:
    """Write the declarations of a file."""
    await insert_rows(connection, _line, lines)


async def there_already(
    connection: AsyncConnection, owner: UUID, keys: Collection[str], numbers: Collection[str]
) -> Sequence[AnyRow]:
    """Return a firm's declarations that are known by one of some keys or customs numbers."""
    return await _THERE.rows(connection, owner=owner, keys=list(keys), numbers=list(numbers))


async def settle(connection: AsyncConnection, id: UUID, line: int, **columns: Any) -> None:
    """Write what became of a line."""
    at = (_line.c.file_id == id, _line.c.line == line)
    await connection.execute(update(_line).where(*at).values(**columns))


async def source_of(
    connection: AsyncConnection, declaration_id: UUID
) -> DeclarationSourceRow | None:
    """Return what a declaration keeps of the file it came from."""
    return await row(connection, DeclarationSourceRow, _SOURCE, id=declaration_id)
