"""The receipts behind a sum of revenue: the payments it is made of, as a page and a workbook."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from api.http.paging import cursor_of, parse_cursor
from api.http.workbook import XLSX, Worksheet, workbook
from api.language import translator
from api.pages.accountant.revenue import BOOKS, GATEWAY_NAMES
from api.pages.kit.form import Asked
from api.pages.kit.frame import AnyRequest, language, show
from api.pages.kit.labels import CHARGE_NAMES
from api.pages.kit.printed import MOST_PRINTED, place_in, rows_to_show
from api.pages.public.receipts import KIND_NAMES
from api.routes.reconciliation import asked_period
from api.zone import Services
from border.core.clock import local_date
from border.core.words import N_
from border.payments.gateways.evidence import COUNTER
from border.payments.gateways.registry import GATEWAY_KINDS
from border.payments.receipts.receipt import RECEIPT
from border.payments.reconciliation import receipted_storage
from border.payments.reconciliation.receipted_storage import Receipted, ReceiptsSought
from border.payments.reconciliation.revenue import Summed

HERE = f"{BOOKS}/receipts"
_A_PAGE = 50
_LONGEST = 100
MAY_READ = ("reconciliation.read", "receipt.list")


def query_of(wanted: ReceiptsSought) -> str:
    """Return what is looked for as the query of an address."""
    given = {name: str(value) for name, value in asdict(wanted).items() if value}
    days = {"from": given.pop("first"), "to": given.pop("last")}
    return urlencode(days | given)


@get(HERE, include_in_schema=False, verb=MAY_READ)
async def show_receipts(
    request: AnyRequest,
    services: NamedDependency[Services],
    since: Annotated[str, QueryParameter(name="from")] = "",
    until: Annotated[str, QueryParameter(name="to")] = "",
    gateway: FromQuery[str] = "",
    kind: FromQuery[str] = "",
    payer: FromQuery[str] = "",
    number: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Template:
    """Show payments with their receipts, the last first, and what they come to in all."""
    today, most = local_date(services.store.clock.now()), rows_to_show(request, _A_PAGE)
    first, last = today.replace(day=1), today
    with Asked(request):
        first, last = asked_period(today, since, until)
    wanted = _wanted(first, last, gateway, kind, payer, number)
    async with services.store.reading() as connection:
        count, totals = await receipted_storage.totals(connection, wanted)
        found = await receipted_storage.receipted(
            connection, wanted, parse_cursor(place_in(request, after)), most + 1
        )
    end = found[most - 1] if len(found) > most else None
    return show(
        request,
        services,
        "accountant/receipts.html",
        wanted=wanted,
        query_of_list=query_of(wanted),
        listed=found[:most],
        next=cursor_of(end.at, end.id) if end else None,
        count=count,
        totals=totals,
        kinds=[(name, CHARGE_NAMES[name]) for name in sorted(CHARGE_NAMES)],
        charge_names=CHARGE_NAMES,
        gateway_names=GATEWAY_NAMES,
        channels=[(code, GATEWAY_NAMES[code]) for code in (*GATEWAY_KINDS, COUNTER)],
        kind_names=KIND_NAMES,
        state_says={state.name: state.label for state in RECEIPT.states},
    )


def _wanted(
    first: date, last: date, gateway: str, kind: str, payer: str, number: str
) -> ReceiptsSought:
    given = (text.replace("\0", "")[:_LONGEST].strip() for text in (gateway, kind, payer, number))
    return ReceiptsSought(first, last, *given)


@get(f"{HERE}.xlsx", include_in_schema=False, verb=MAY_READ)
async def receipts_workbook(
    request: AnyRequest,
    services: NamedDependency[Services],
    since: Annotated[str, QueryParameter(name="from")] = "",
    until: Annotated[str, QueryParameter(name="to")] = "",
    gateway: FromQuery[str] = "",
    kind: FromQuery[str] = "",
    payer: FromQuery[str] = "",
    number: FromQuery[str] = "",
) -> Response[bytes]:
    """Send the same list as a workbook, as many rows as are printed. refuses: invalid_fields."""
    first, last = asked_period(local_date(services.store.clock.now()), since, until)
    wanted = _wanted(first, last, gateway, kind, payer, number)
    async with services.store.reading() as connection:
        found = await receipted_storage.receipted(connection, wanted, None, MOST_PRINTED)
        _, totals = await receipted_storage.totals(connection, wanted)
    sheet = receipts_sheet(found, totals, language(request))
    return Response(
        await asyncio.to_thread(workbook, [sheet]),
        media_type=XLSX,
        headers={"content-disposition": f'attachment; filename="receipts_{first}_{last}.xlsx"'},
    )


def receipts_sheet(found: Sequence[Receipted], totals: Sequence[Summed], locale: str) -> Worksheet:
    """Return payments with their receipts as a table with a row of totals for each currency."""
    say = translator(locale).gettext
    return Worksheet(
        say(N_("Receipts")),
        [
            (say(N_("Moved at")), 20),
            (say(N_("Receipts")), 30),
            (say(N_("Payment")), 20),
            (say(N_("Payer")), 40),
            (say(N_("Tax code")), 16),
            (say(N_("Way to pay")), 28),
            (say(N_("Currency")), 10),
            (say(N_("Collected")), 18),
            (say(N_("Given back")), 18),
            (say(N_("Stays")), 18),
        ],
        [
            (
                one.at,
                ", ".join(f"{row.serial} {row.number:07d}" for row in one.receipts),
                one.payment,
                one.payer,
                one.tax_code,
                ", ".join(say(GATEWAY_NAMES.get(name, name)) for name in one.gateways),
                one.collected.currency,
                one.collected,
                one.refunded,
                one.net,
            )
            for one in found
        ],
        [
            (
                say(N_("Total")),
                *([None] * 5),
                one.collected.currency,
                one.collected,
                one.refunded,
                one.net,
            )
            for one in totals
        ],
    )


ROUTES = (show_receipts, receipts_workbook)
