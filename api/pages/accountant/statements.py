"""Statements on the accountant's page: a file is given in, and what came of it is shown."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from api.http.workbook import XLSX, Worksheet, workbook
from api.language import translator
from api.pages.accountant.revenue import BOOKS, GATEWAY_NAMES
from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, language, refused_of, show
from api.pages.kit.printed import MOST_PRINTED, rows_to_show
from api.routes.reconciliation import MOST_BYTES, take_form
from api.zone import Services
from border.core.actor import Actor
from border.core.money import Money
from border.core.words import N_
from border.payments.reconciliation import reconciliation_service
from border.payments.reconciliation.matching import CLASS_SAYS, LineClass
from border.payments.reconciliation.statement import LineType
from border.payments.reconciliation.statement_service import SENDERS
from border.payments.reconciliation.tables import StatementLineRow

HERE = f"{BOOKS}/statements"
_A_PAGE = 20
TYPE_NAMES = {
    LineType.PAYMENT: N_("Payment"),
    LineType.REFUND: N_("Refund"),
    LineType.FEE: N_("Gateway's fee"),
    LineType.PAYOUT: N_("Payout"),
    LineType.CREDIT: N_("Money in"),
    LineType.DEBIT: N_("Money out"),
}
_DONE = {
    "taken": N_("The statement is taken and matched."),
    "again": N_("This very file was taken before. Nothing was done again."),
}


@get(HERE, include_in_schema=False, verb="reconciliation.read")
async def show_statements(request: AnyRequest, services: NamedDependency[Services]) -> Template:
    """Show the statements that came in last, and where a file is given in."""
    return await _page(request, services)


@post(HERE, request_max_body_size=MOST_BYTES, status_code=303, verb="reconciliation.load")
async def take(sent: NamedDependency[SentForm]) -> Response[Any] | Template:
    """Take a statement in and match it; a wrong one comes back with every place in it."""

    async def send() -> Redirect:
        found = await take_form(sent.services, sent.actor, sent.form)
        done = "again" if found.again else "taken"
        return Redirect(f"{HERE}/{found.file.id}?done={done}", status_code=303)

    return await sent.answer(send, partial(_page, sent.request, sent.services))


async def _page(request: AnyRequest, services: Services) -> Template:
    refused = refused_of(request)
    places = refused.places("file", "gateway", "map", "day")
    most = rows_to_show(request, _A_PAGE)
    async with services.store.reading() as connection:
        files = await reconciliation_service.statements(connection, most + 1)
    return show(
        request,
        services,
        "accountant/statements.html",
        files=[(file, Money(file.total_minor, file.currency)) for file in files[:most]],
        more=len(files) > most,
        senders=[(sender, GATEWAY_NAMES[sender]) for sender in SENDERS],
        gateway_names=GATEWAY_NAMES,
        places=places,
        counted=refused.facts.get("count", len(places)),
        errors={} if places else refused.errors,
    )


@get(f"{HERE}/{{file_id:uuid}}", include_in_schema=False, verb="reconciliation.read")
async def show_statement(
    file_id: FromPath[UUID],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    done: FromQuery[str] = "",
) -> Template:
    """Show what came of a statement: its lines by class, and those a person should see."""
    most = rows_to_show(request, reconciliation_service.MOST_DIFFERENCES)
    found = await reconciliation_service.statement(services.store, actor, file_id, most)
    currency = found.file.currency
    return show(
        request,
        services,
        "accountant/statement.html",
        file=found.file,
        total=Money(found.file.total_minor, currency),
        classes=[(one, Money(one.minor, currency)) for one in found.classes],
        lines=[
            (line, CLASS_SAYS[LineClass(line.line_class or "")], _amount(line))
            for line in found.differences
        ],
        more=found.not_shown,
        type_names=TYPE_NAMES,
        gateway_names=GATEWAY_NAMES,
        message=_DONE.get(done),
    )


def _amount(line: StatementLineRow) -> Money:
    return Money(line.amount_minor, line.currency)


@get(f"{HERE}/{{file_id:uuid}}/lines.xlsx", include_in_schema=False, verb="reconciliation.read")
async def statement_workbook(
    file_id: FromPath[UUID],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[bytes]:
    """Send the lines of a statement that a person should see, as a workbook."""
    found = await reconciliation_service.statement(services.store, actor, file_id, MOST_PRINTED)
    sheet = differences_sheet(found.differences, language(request))
    return Response(
        await asyncio.to_thread(workbook, [sheet]),
        media_type=XLSX,
        headers={"content-disposition": f'attachment; filename="statement_{file_id}.xlsx"'},
    )


def differences_sheet(lines: Sequence[StatementLineRow], locale: str) -> Worksheet:
    """Return lines of a statement as a table; memos are whatever payers wrote."""
    say = translator(locale).gettext
    return Worksheet(
        say(N_("Differences")),
        [
            (say(N_("Line")), 8),
            (say(N_("What became of it")), 34),
            (say(N_("Type")), 16),
            (say(N_("Transaction")), 22),
            (say(N_("Reference")), 24),
            (say(N_("Happened at")), 20),
            (say(N_("Amount")), 18),
            (say(N_("Currency")), 10),
            (say(N_("Memo")), 50),
            (say(N_("Remark")), 30),
        ],
        [
            (
                line.number,
                say(CLASS_SAYS[LineClass(line.line_class or "")]),
                say(TYPE_NAMES[LineType(line.type)]),
                line.transaction_no,
                line.reference,
                line.happened_at,
                _amount(line),
                line.currency,
                line.memo,
                line.note,
            )
            for line in lines
        ],
    )


ROUTES = (show_statements, take, show_statement, statement_workbook)
