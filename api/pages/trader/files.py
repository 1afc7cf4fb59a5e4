"""Files of declarations on the firm's page: sent or dropped, looked at line by line, accepted."""

from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, language, refused_of, show
from api.pages.kit.printed import rows_to_show
from api.routes.declaration_files import read_sent, table_of, upload_of, workbook_of
from api.routes.declaration_written import written
from api.zone import Services
from border import gates
from border.core.actor import Actor
from border.core.refusal import INVALID, FieldError
from border.core.store import Unit
from border.core.words import N_
from border.identity import policy
from border.paper.words import Locale
from customs.intake import file_service
from customs.intake.declaration_file import DECLARATION_FILE, MOST_BYTES, OPEN, Acceptance
from customs.intake.tables import FiledDeclarationRow

_PAGE = "/trader/files"
_SHOWN = 100
"""Lines of a file on a page; those with something wrong come first."""
LINE_SAYS = {
    "good": N_("Can be accepted"),
    "bad": N_("Left out"),
    "already_there": N_("Declared already"),
}
FORMAT_NAMES = {"ecus5": "ECUS5 XML", "wco": "WCO XML", "xlsx": "XLSX", "csv": "CSV"}
_ORDER = {"bad": 0, "good": 1, "already_there": 2}


@dataclass(frozen=True)
class FiledLine:
    """A line of a file as its page shows it."""

    row: FiledDeclarationRow
    reference: str

    @property
    def goods(self) -> str:
        """What the declaration is about."""
        lines = (self.row.draft or {}).get("lines") or [{}]
        return str(lines[0].get("description") or lines[0].get("hs_code") or "")

    @property
    def line_count(self) -> int:
        """How many kinds of goods it has."""
        return len((self.row.draft or {}).get("lines") or ())

    @property
    def partner(self) -> str:
        """The firm on the other side."""
        draft = self.row.draft or {}
        other = "importer" if draft.get("direction") == "export" else "exporter"
        return str((draft.get(other) or {}).get("name") or "")


@get(_PAGE, include_in_schema=False, verb=("page.trader", "declaration_file.list"))
async def show_files(
    request: AnyRequest, services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> Template:
    """Show where a file is sent or dropped, and the files that came last."""
    return await _files(request, services, actor)


@post(
    _PAGE,
    status_code=303,
    request_max_body_size=MOST_BYTES,
    verb=("page.trader", "declaration_file.take"),
)
async def take_file(sent: NamedDependency[SentForm]) -> Response[Any] | Template:
    """Read a file and go on to what stands in it; one that cannot be read is told by its places."""

    async def send() -> Redirect:
        raw, name = await upload_of(sent.form)
        read, gate = await read_sent(sent.services, raw, name, sent.text("gate") or None, None)

        async def work(unit: Unit) -> UUID:
            return (await file_service.take(unit, read, gate)).file.id

        id = await sent.services.store.perform(sent.actor, work)
        return Redirect(f"{_PAGE}/{id}", status_code=303)

    return await sent.answer(send, partial(_files, sent.request, sent.services, sent.actor))


async def _files(request: AnyRequest, services: Services, actor: Actor) -> Template:
    async with services.store.reading() as connection:
        files = await file_service.newest(connection, actor)
        known, first = await gates.shown(connection, "")
    places = refused_of(request).places("file")
    return show(
        request,
        services,
        "trader/files.html",
        files=files,
        file_says={state.name: state.label for state in DECLARATION_FILE.states},
        format_names=FORMAT_NAMES,
        gates=known,
        gate=first.code,
        places=places,
        errors={} if places else refused_of(request).errors,
    )


@get(
    f"{_PAGE}/{{declaration_file_id:uuid}}",
    include_in_schema=False,
    verb=("page.trader", "declaration_file.read"),
)
async def show_file(
    declaration_file_id: FromPath[UUID],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Template:
    """Show what stands in a file, each error beside its cell."""
    return await _file(request, services, actor, declaration_file_id)


@post(
    f"{_PAGE}/{{declaration_file_id:uuid}}/accept",
    status_code=303,
    verb=("page.trader", "declaration_file.accept"),
)
async def accept(
    declaration_file_id: FromPath[UUID], sent: NamedDependency[SentForm]
) -> Response[Any] | Template:
    """Make declarations of the lines that are ticked, lodged if that button was pressed."""

    async def work(unit: Unit) -> str:
        lines = [int(one) for one in sent.all("line") if one.isdecimal() and len(one) < 10]
        if not lines:
            says = N_("Tick at least one declaration.")
            raise INVALID(errors=[FieldError("line", "missing", says)])
        asked = Acceptance(lines=lines, lodge=sent.text("then") == "lodge")
        await file_service.accept(unit, declaration_file_id, asked)
        return f"{_PAGE}/{declaration_file_id}"

    again = partial(_file, sent.request, sent.services, sent.actor, declaration_file_id)
    return await sent.act(work, again)


@post(
    f"{_PAGE}/{{declaration_file_id:uuid}}/discard",
    status_code=303,
    verb=("page.trader", "declaration_file.discard"),
)
async def discard(
    declaration_file_id: FromPath[UUID], sent: NamedDependency[SentForm]
) -> Response[Any] | Template:
    """Put a file away."""

    async def work(unit: Unit) -> str:
        await file_service.discard(unit, declaration_file_id, sent.version)
        return _PAGE

    again = partial(_file, sent.request, sent.services, sent.actor, declaration_file_id)
    return await sent.act(work, again)


async def _file(request: AnyRequest, services: Services, actor: Actor, id: UUID) -> Template:
    async with services.store.reading() as connection:
        taken = await file_service.taken(connection, actor, id)
    lines = [FiledLine(row, reference) for row, reference in taken.lines]
    lines.sort(key=lambda one: (_ORDER[one.row.state], one.row.line))
    most = rows_to_show(request, _SHOWN)
    counts = {state: sum(one.row.state == state for one in lines) for state in LINE_SAYS}
    here = f"{_PAGE}/{id}"
    return show(
        request,
        services,
        "trader/file.html",
        file=taken.file,
        says=DECLARATION_FILE.state(taken.file.state).label,
        is_open=taken.file.state in OPEN,
        format_name=FORMAT_NAMES[taken.file.format],
        lines=lines[:most],
        not_shown=len(lines) - len(lines[:most]),
        counts=counts,
        line_says=LINE_SAYS,
        actions={
            "moves": [
                {"verb": m.verb, "says": m.label, "href": f"{here}/{m.verb}", "needs": []}
                for m in policy.open_moves(actor, DECLARATION_FILE, taken.file)
            ],
            "version": taken.file.version,
        },
        now=services.store.clock.now(),
    )


@get(f"{_PAGE}/template.xlsx", include_in_schema=False, verb="declaration_file.take")
async def give_workbook(request: AnyRequest) -> Response[bytes]:
    """Give the table to fill in as a workbook, in the language of the page."""
    return await workbook_of(language(request))


@get(f"{_PAGE}/template.csv", include_in_schema=False, verb="declaration_file.take")
async def give_table(request: AnyRequest) -> Response[bytes]:
    """Give the table to fill in as separated values, in the language of the page."""
    return table_of(language(request))


@get(
    "/trader/declarations/{declaration_id:uuid}/paper.pdf",
    include_in_schema=False,
    verb=("page.trader", "declaration.read"),
)
async def give_paper(
    declaration_id: FromPath[UUID],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[bytes]:
    """Give a declaration on paper, in the language of the page."""
    locale = cast("Locale", language(request))
    return await written(services, actor, declaration_id, "pdf", locale)


@get(
    "/trader/declarations/{declaration_id:uuid}/document.xml",
    include_in_schema=False,
    verb=("page.trader", "declaration.read"),
)
async def give_document(
    declaration_id: FromPath[UUID],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[bytes]:
    """Give a declaration as WCO XML."""
    return await written(services, actor, declaration_id, "xml", "vi")


ROUTES = (
    show_files,
    take_file,
    show_file,
    accept,
    discard,
    give_workbook,
    give_table,
    give_paper,
    give_document,
)
