"""Files of declarations: sent, looked at, accepted; and the table to start from."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.declaration_template import template_csv, template_xlsx
from api.http.media import A_FILE, ANY_CONTENT, TAKES, UNREAD
from api.http.problems import locale_of
from api.http.shapes import MoveShape, Shape
from api.http.workbook import XLSX
from api.http.writes import expected_version, write
from api.language import translator
from api.zone import Services
from border import gates
from border.core.actor import Actor
from border.core.refusal import INVALID, FieldError
from border.core.store import Unit
from border.core.words import N_
from border.identity import policy
from customs.intake import file_service
from customs.intake.declaration_file import DECLARATION_FILE, MOST_BYTES, Acceptance
from customs.intake.file_service import ReadFile, TakenFile

Format = Literal["ecus5", "wco", "xlsx", "csv"]


class CellErrorShape(Shape):
    """What is wrong with a field: where it stands in the file, what stands there, and why."""

    field: str
    cell: str
    given: str
    code: str
    detail: str


class RestoredShape(Shape):
    """A value that is not taken as it stands: what stood there, what is taken, and why."""

    field: str
    cell: str
    was: str
    now: str
    why: str


class FiledDeclarationShape(Shape):
    """A declaration of a file.

    `errors` keep it from being accepted, `lacks` from being lodged. `restored` was put right with
    certainty, `unread` stands in the file and is kept as it is.
    """

    line: int
    key: str
    state: Literal["good", "bad", "already_there"]
    declaration: UUID | None
    reference: str | None
    errors: list[CellErrorShape]
    lacks: list[CellErrorShape]
    restored: list[RestoredShape]
    unread: list[RestoredShape]


class DeclarationFileBrief(Shape):
    """A file of declarations as a list shows it."""

    id: UUID
    reference: str
    state: str
    version: int
    name: str
    format: str
    declaration_count: int
    created_at: datetime
    due_at: datetime | None
    moves: list[MoveShape]


class DeclarationFileShape(DeclarationFileBrief):
    """A file of declarations with all that stands in it."""

    rows: list[FiledDeclarationShape]


class DeclarationFileList(Shape):
    """The files that the caller's firm sent last."""

    items: list[DeclarationFileBrief]
    next: str | None


def _brief(found: Any, actor: Actor) -> dict[str, Any]:
    href = f"/api/v1/declaration-files/{found.id}"
    return {
        "id": found.id,
        "reference": found.reference,
        "state": found.state,
        "version": found.version,
        "name": found.name,
        "format": found.format,
        "declaration_count": found.declaration_count,
        "created_at": found.created_at,
        "due_at": found.overdue_at,
        "moves": [
            MoveShape.of(move, href) for move in policy.open_moves(actor, DECLARATION_FILE, found)
        ],
    }


def shape_of(taken: TakenFile, actor: Actor, locale: str) -> DeclarationFileShape:
    """Return a file as the actor sees it, what is wrong told in a language."""
    say = translator(locale).gettext

    def errors(kept: list[Any]) -> list[CellErrorShape]:
        return [
            CellErrorShape(
                field=one["field"],
                cell=one["cell"],
                given=one["given"],
                code=one["code"],
                detail=say(one["says"], **dict(one["facts"])),
            )
            for one in kept
        ]

    def told(kept: list[Any]) -> list[RestoredShape]:
        return [RestoredShape(**{**one, "why": say(one["why"])}) for one in kept]

    return DeclarationFileShape(
        **_brief(taken.file, actor),
        rows=[
            FiledDeclarationShape(
                line=line.line,
                key=line.key,
                state=line.state,  # type: ignore[arg-type]
                declaration=line.declaration_id,
                reference=reference or None,
                errors=errors(line.errors),
                lacks=errors(line.lacks),
                restored=told(line.restored),
                unread=told(line.unread),
            )
            for line, reference in taken.lines
        ],
    )


async def sent_file(request: Request[Any, Any, Any]) -> tuple[bytes, str]:
    """Return the bytes of a file, sent as the body or in a form, and its name.

    refuses: invalid_fields.
    """
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        return body, ""
    return await upload_of(await request.form())


async def upload_of(form: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return the bytes and the name of the `file` of a form. refuses: invalid_fields."""
    upload = form.get("file")
    if upload is None or not hasattr(upload, "read") or not upload.filename:
        raise INVALID(errors=[FieldError("file", "missing", N_("Choose a file."))])
    return await upload.read(), str(upload.filename)


async def read_sent(
    services: Services, raw: bytes, name: str, gate: str | None, form: str | None
) -> tuple[ReadFile, str]:
    """Return what a file says, read beside the event loop, and the gate it is for.

    refuses: not_found (the gate), invalid_fields, file_not_readable.
    """
    async with services.store.reading() as connection:
        _, at = await gates.shown(connection, "")
        at = await gates.gate(connection, gate) if gate else at
    read = await asyncio.to_thread(file_service.read_upload, raw, name, at.code, form)
    return read, at.code


@post(
    "/declaration-files",
    operation_id="take_declaration_file",
    status_code=201,
    request_max_body_size=MOST_BYTES,
    opt={
        ANY_CONTENT: {
            "application/octet-stream": A_FILE,
            "application/xml": A_FILE,
            "text/csv": A_FILE,
            XLSX: A_FILE,
            "multipart/form-data": Schema(
                type=OpenAPIType.OBJECT, properties={"file": A_FILE}, required=["file"]
            ),
        }
    },
    tags=["declarations"],
    verb="declaration_file.take",
)
async def take_declaration_file(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    form: Annotated[Format | None, QueryParameter(name="format")] = None,
    gate: FromQuery[str | None] = None,
    name: FromQuery[str] = "",
) -> Response[DeclarationFileShape]:
    """Take a file of declarations, as the body or as `file` of a form, and say what stands in it.

    ECUS5 XML, WCO 3.6 XML, XLSX or CSV, found by its content unless `format` says. Nothing is
    declared yet: `accept` does. Sent again, the same file is the same record. `gate` is the gate of
    those that name none.
    refuses: not_allowed, no_firm, not_found, invalid_fields, file_not_readable.
    """
    raw, called = await sent_file(request)
    read, at = await read_sent(services, raw, name or called, gate, form)

    async def work(unit: Unit) -> DeclarationFileShape:
        return shape_of(await file_service.take(unit, read, at), actor, locale_of(request))

    return await write(request, services, actor, work, 201)


@get(
    "/declaration-files",
    operation_id="list_declaration_files",
    tags=["declarations"],
    verb="declaration_file.list",
)
async def list_declaration_files(
    services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> DeclarationFileList:
    """Return the twenty files that the caller's firm sent last."""
    async with services.store.reading() as connection:
        files = await file_service.newest(connection, actor)
    return DeclarationFileList(
        items=[DeclarationFileBrief(**_brief(one, actor)) for one in files], next=None
    )


@get(
    "/declaration-files/{declaration_file_id:uuid}",
    operation_id="get_declaration_file",
    tags=["declarations"],
    verb="declaration_file.read",
)
async def get_declaration_file(
    declaration_file_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> DeclarationFileShape:
    """Return a file with its lines as they stand now. refuses: not_found."""
    async with services.store.reading() as connection:
        taken = await file_service.taken(connection, actor, declaration_file_id)
    return shape_of(taken, actor, locale_of(request))


@post(
    "/declaration-files/{declaration_file_id:uuid}/accept",
    operation_id="accept_declaration_file",
    status_code=200,
    tags=["declarations"],
    verb="declaration_file.accept",
)
async def accept_declaration_file(
    declaration_file_id: FromPath[UUID],
    data: JSONBody[Acceptance],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[DeclarationFileShape]:
    """Make declarations of the good lines, of those named in `lines` where some are.

    With `lodge` they are lodged as well; one that lacks something for it stays as it is and says so
    under `lacks`. What was accepted before is left alone.
    refuses: not_allowed, not_found, not_the_owner, invalid_fields, move_not_open,
    nothing_to_accept, no_rules_in_force.
    """

    async def work(unit: Unit) -> DeclarationFileShape:
        return shape_of(
            await file_service.accept(unit, declaration_file_id, data), actor, locale_of(request)
        )

    return await write(request, services, actor, work)


@post(
    "/declaration-files/{declaration_file_id:uuid}/discard",
    operation_id="discard_declaration_file",
    status_code=200,
    tags=["declarations"],
    verb="declaration_file.discard",
    opt={TAKES: UNREAD},
)
async def discard_declaration_file(
    declaration_file_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[DeclarationFileShape]:
    """Put a file away; what was accepted of it stays.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version.
    """

    async def work(unit: Unit) -> DeclarationFileShape:
        taken = await file_service.discard(unit, declaration_file_id, expected_version(request))
        return shape_of(taken, actor, locale_of(request))

    return await write(request, services, actor, work)


async def workbook_of(locale: str) -> Response[bytes]:
    """Return the table to fill in as a workbook, in a language."""
    return Response(
        await asyncio.to_thread(template_xlsx, locale),
        media_type=XLSX,
        headers={"content-disposition": 'attachment; filename="declarations.xlsx"'},
    )


def table_of(locale: str) -> Response[bytes]:
    """Return the table to fill in as comma-separated values, in a language."""
    return Response(
        template_csv(locale),
        media_type="text/csv",
        headers={"content-disposition": 'attachment; filename="declarations.csv"'},
    )


@get(
    "/declaration-files/template.xlsx",
    operation_id="get_declaration_template",
    tags=["declarations"],
    media_type=XLSX,
    verb="declaration_file.take",
)
async def get_declaration_template(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the table to fill in as a workbook, its columns explained in three languages."""
    return await workbook_of(locale_of(request))


@get(
    "/declaration-files/template.csv",
    operation_id="get_declaration_template_csv",
    tags=["declarations"],
    media_type="text/csv",
    verb="declaration_file.take",
)
async def get_declaration_template_csv(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the table to fill in as comma-separated values, with an example."""
    return table_of(locale_of(request))


ROUTES = (
    take_declaration_file,
    list_declaration_files,
    get_declaration_file,
    accept_declaration_file,
    discard_declaration_file,
    get_declaration_template,
    get_declaration_template_csv,
)
