"""The accountant's place: revenue by kind of fee, gateway and day, as a page and a workbook."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import urlencode

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from api.http.workbook import XLSX, Worksheet, workbook
from api.language import localise_date, translator
from api.pages.kit.form import Asked
from api.pages.kit.frame import AnyRequest, language, show
from api.pages.kit.labels import CHARGE_NAMES
from api.routes.reconciliation import asked_period
from api.zone import Services
from border.core.actor import Actor
from border.core.clock import local_date
from border.core.money import Money
from border.core.words import N_
from border.payments.exceptions import exception_service
from border.payments.exceptions.exception import EXCEPTION, KINDS
from border.payments.exceptions.tables import ExceptionRow
from border.payments.gateways.evidence import COUNTER
from border.payments.gateways.registry import GATEWAY_KINDS
from border.payments.reconciliation import revenue_storage
from border.payments.reconciliation.revenue import Summed, Taking, daily_net, summed

BOOKS = "/accountant"
GATEWAY_NAMES = {
    **{code: kind.label for code, kind in GATEWAY_KINDS.items()},
    COUNTER: N_("Cash desk"),
    "bank": N_("Our bank account"),
    "all": N_("All together"),
}
"""The ways money comes, and whose statements and closes there are, in words."""


@dataclass(frozen=True)
class Filter:
    """What is looked at: the days, both included, and one gateway or kind of fee, or all."""

    first: date
    last: date
    gateway: str = ""
    kind: str = ""

    @property
    def days(self) -> list[date]:
        """Every day of the period."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    @property
    def query(self) -> str:
        """The same as the query of an address."""
        given = {"from": self.first.isoformat(), "to": self.last.isoformat()}
        more = {"gateway": self.gateway, "kind": self.kind}
        return urlencode(given | {name: value for name, value in more.items() if value})

    def holds(self, one: Taking) -> bool:
        """Say whether a taking is looked at."""
        return self.gateway in ("", one.gateway) and self.kind in ("", one.kind)


@get(BOOKS, include_in_schema=False, verb="reconciliation.read")
async def show_books(
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    since: Annotated[str, QueryParameter(name="from")] = "",
    until: Annotated[str, QueryParameter(name="to")] = "",
    gateway: FromQuery[str] = "",
    kind: FromQuery[str] = "",
) -> Template:
    """Show the revenue of a period, added up three ways, and how many exceptions wait."""
    locale = language(request)
    today = local_date(services.store.clock.now())
    first, last = today.replace(day=1), today
    with Asked(request):
        first, last = asked_period(today, since, until)
    chosen = Filter(first, last, gateway, kind)
    async with services.store.reading() as connection:
        takings = await revenue_storage.takings(connection, first, last)
        waiting = await exception_service.queue(connection, actor)
    looked_at = [one for one in takings if chosen.holds(one)]
    charts = [
        (
            currency,
            daily_net(looked_at, chosen.days, currency),
            [localise_date(day, locale) for day in chosen.days],
        )
        for currency in sorted({one.currency for one in looked_at})
    ]
    return show(
        request,
        services,
        "accountant/revenue.html",
        chosen=chosen,
        by_kind=summed(looked_at, lambda one: one.kind),
        by_gateway=summed(looked_at, lambda one: one.gateway),
        by_day=summed(looked_at, lambda one: one.day.isoformat()),
        totals=summed(looked_at, lambda _: ""),
        charts=charts,
        kinds=sorted({*CHARGE_NAMES, *(one.kind for one in takings)}),
        charge_names=CHARGE_NAMES,
        gateway_names=GATEWAY_NAMES,
        channels=[(code, GATEWAY_NAMES[code]) for code in (*GATEWAY_KINDS, COUNTER)],
        waiting=len(waiting),
        day_of=date.fromisoformat,
    )


@get(f"{BOOKS}/revenue.xlsx", include_in_schema=False, verb="reconciliation.read")
async def revenue_workbook(
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    since: Annotated[str, QueryParameter(name="from")] = "",
    until: Annotated[str, QueryParameter(name="to")] = "",
    gateway: FromQuery[str] = "",
    kind: FromQuery[str] = "",
) -> Response[bytes]:
    """Send the revenue of a period, and the exceptions that wait, as a workbook."""
    first, last = asked_period(local_date(services.store.clock.now()), since, until)
    chosen = Filter(first, last, gateway, kind)
    async with services.store.reading() as connection:
        takings = await revenue_storage.takings(connection, first, last)
        waiting = await exception_service.queue(connection, actor)
    looked_at = [one for one in takings if chosen.holds(one)]
    sheets = [revenue_sheet(looked_at, language(request)), _queue(waiting, language(request))]
    return Response(
        await asyncio.to_thread(workbook, sheets),
        media_type=XLSX,
        headers={"content-disposition": f'attachment; filename="revenue_{first}_{last}.xlsx"'},
    )


_DAY, _GATEWAY, _KIND, _CURRENCY = N_("Day"), N_("Way to pay"), N_("Fee"), N_("Currency")
_COLLECTED, _REFUNDED, _NET, _TOTAL = N_("Collected"), N_("Given back"), N_("Stays"), N_("Total")


def revenue_sheet(takings: Sequence[Taking], locale: str) -> Worksheet:
    """Return takings as a table with a row of totals for each currency."""
    say = translator(locale).gettext
    totals: list[Summed] = summed(takings, lambda _: "")
    return Worksheet(
        say(N_("Revenue")),
        [
            (say(_DAY), 12),
            (say(_GATEWAY), 28),
            (say(_KIND), 50),
            (say(_CURRENCY), 10),
            (say(_COLLECTED), 18),
            (say(_REFUNDED), 18),
            (say(_NET), 18),
        ],
        [
            (
                one.day,
                say(GATEWAY_NAMES.get(one.gateway, one.gateway)),
                say(CHARGE_NAMES.get(one.kind, one.kind)),
                one.currency,
                Money(one.collected, one.currency),
                Money(one.refunded, one.currency),
                Money(one.net, one.currency),
            )
            for one in takings
        ],
        [
            (
                say(_TOTAL),
                None,
                None,
                one.collected.currency,
                one.collected,
                one.refunded,
                one.net,
            )
            for one in totals
        ],
    )


def _queue(waiting: Sequence[ExceptionRow], locale: str) -> Worksheet:
    """Return the exceptions that wait as a table; memos are whatever payers wrote."""
    say = translator(locale).gettext
    return Worksheet(
        say(N_("Exceptions")),
        [
            (say(N_("Raised at")), 20),
            (say(N_("Reference")), 20),
            (say(N_("What it is")), 50),
            (say(N_("State")), 24),
            (say(_GATEWAY), 28),
            (say(N_("Transaction")), 20),
            (say(N_("Amount")), 18),
            (say(_CURRENCY), 10),
            (say(N_("Memo")), 50),
        ],
        [
            (
                one.created_at,
                one.reference,
                say(KINDS[one.kind]),
                say(EXCEPTION.state(one.state).label),
                say(GATEWAY_NAMES.get(one.gateway, one.gateway)),
                one.provider_txn,
                None
                if one.amount_minor is None or one.currency is None
                else Money(one.amount_minor, one.currency),
                one.currency,
                str(one.reported.get("memo") or ""),
            )
            for one in waiting
        ],
    )


ROUTES = (show_books, revenue_workbook)
