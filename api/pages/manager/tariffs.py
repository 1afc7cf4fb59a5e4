"""The price list for everybody, and the manager's place for the next resolution."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Template

from api.http.times import asked_day
from api.pages.kit.form import Asked, SentForm
from api.pages.kit.frame import AnyRequest, refused_of, show
from api.pages.kit.labels import CHARGE_NAMES
from api.routes.tariffs import last_month
from api.zone import Services
from border.core.actor import Actor
from border.core.clock import local_date
from border.core.money import Money
from border.core.refusal import NOT_FOUND, Refusal
from border.core.store import Unit
from border.core.words import N_
from border.identity.service import names_of
from border.payments.charges import comparison_service
from border.payments.tariffs import draft_file, tariff_service
from border.payments.tariffs.comparison import MIXED, Comparison, by_vehicle
from border.payments.tariffs.resolution import GAPS, TARIFF_RESOLUTION, Gap
from border.payments.tariffs.rule import (
    ANY_GROUP,
    COMMODITY_GROUPS,
    MOVEMENTS,
    REGIME_GROUPS,
    UNITS,
    TariffRule,
    Terms,
)
from border.payments.tariffs.tariff import in_percent
from border.payments.tariffs.tariff_service import Published
from border.payments.tariffs.vat import VAT_RATES
from border.vocabulary import LABELS, VEHICLE_CLASSES

MANAGER_PAGE = "/manager/tariffs"
_DONE = {
    "drafted": N_("The draft is loaded. Nobody is charged by it."),
    "scheduled": N_("The resolution will be in force from its first day."),
    "withdrawn": N_("The resolution is withdrawn."),
}
_GAPS_SAYS = N_("Some trips would have no rate. Look at the list, and confirm that you know.")
_NAMES = {
    **LABELS,
    **CHARGE_NAMES,
    **REGIME_GROUPS,
    **COMMODITY_GROUPS,
    **MOVEMENTS,
    **UNITS,
    MIXED: N_("loads of several regimes"),
}
"""What the codes of the tariff mean to people."""


@dataclass(frozen=True)
class PriceTable:
    """One kind of price of a resolution, as a table of classes by regimes and a list of the rest.

    `cells` are the rates that depend on nothing else; a regime or class `any` stands for all.
    """

    kind: str
    terms: Terms
    begins: date | None
    ends: date | None
    regimes: Sequence[str]
    classes: Sequence[str]
    cells: dict[tuple[str, str], TariffRule]
    others: Sequence[TariffRule]

    @property
    def confirmed(self) -> bool:
        """Say whether every rule of the table is confirmed."""
        return all(rule.status == "confirmed" for rule in (*self.cells.values(), *self.others))


def price_tables(found: Published) -> list[PriceTable]:
    """Return a resolution as it is printed, kind by kind."""
    days = {period.subject: period for period in found.periods}
    tables = []
    for kind, terms in found.contents.terms:
        rules = [rule for rule in found.contents.rules if rule.kind == kind]
        cells = {(r.regime_group, r.vehicle_class): r for r in rules if _is_plain(r)}
        period = days.get(kind)
        tables.append(
            PriceTable(
                kind,
                terms,
                period.effective_from if period else None,
                period.effective_to if period else None,
                [one for one in (*REGIME_GROUPS, ANY_GROUP) if any(one == r for r, _ in cells)],
                [one for one in (*VEHICLE_CLASSES, ANY_GROUP) if any(one == v for _, v in cells)],
                cells,
                [rule for rule in rules if not _is_plain(rule)],
            )
        )
    return tables


def _is_plain(rule: TariffRule) -> bool:
    """Say whether a rule is a rate by trip that depends on the regime and the vehicle only."""
    others = (rule.commodity_group, rule.direction, rule.movement)
    return (
        rule.effect == "rate"
        and rule.unit == "per_trip"
        and set(others) == {ANY_GROUP}
        and rule.payload_below_g is None
        and rule.minimum is None
    )


def conditions_of(rule: TariffRule) -> list[str]:
    """Return the sentences that say for what a rule holds."""
    codes = (
        rule.commodity_group,
        rule.regime_group,
        rule.direction,
        rule.movement,
        rule.vehicle_class,
    )
    return [_NAMES[code] for code in codes if code != ANY_GROUP]


_DRAWING: dict[str, Any] = {
    "names": _NAMES,
    "conditions_of": conditions_of,
    "in_percent": in_percent,
    "price_tables": price_tables,
    "states": {state.name: state.label for state in TARIFF_RESOLUTION.states},
}


@get("/tariffs", include_in_schema=False, verb="tariff.list")
async def show_tariffs(
    request: AnyRequest, services: NamedDependency[Services], on: FromQuery[str | None] = None
) -> Template:
    """Show what is charged on a day and what will be, for everybody, to be printed."""
    today = local_date(services.store.clock.now())
    day = today
    with Asked(request):
        day = asked_day("on", on or None) or today
    async with services.store.reading() as connection:
        found = await tariff_service.published(connection, day)
    return show(
        request,
        services,
        "public/tariffs.html",
        day=day,
        today=today,
        in_force=[one for one in found if one.in_force(day)],
        to_come=[one for one in found if not one.in_force(day)],
        vat=VAT_RATES,
        **_DRAWING,
    )


@dataclass(frozen=True)
class TariffDraftView:
    """A draft as the manager sees it: who prepared it, what it lacks, what may be done."""

    whole: Published
    prepared_by: str
    gaps: Sequence[Gap]
    approvable: bool


@get(MANAGER_PAGE, include_in_schema=False, verb="tariff_resolution.read")
async def show_manager_tariffs(
    request: AnyRequest, services: NamedDependency[Services], done: FromQuery[str] = ""
) -> Template:
    """Show what is in force and to come, the drafts, and where a file is loaded."""
    return await _manager_page(request, services, message=_DONE.get(done))


async def _manager_page(
    request: AnyRequest, services: Services, message: str | None = None
) -> Template:
    actor: Actor = request.scope["user"]
    today = local_date(services.store.clock.now())
    places = refused_of(request).places("file", "reason")
    async with services.store.reading() as connection:
        published = await tariff_service.published(connection, today)
        rows = await tariff_service.unpublished(connection)
        names = await names_of(connection, [str(row.prepared_by) for row in rows])
        drafts = [
            TariffDraftView(
                await tariff_service.one(connection, row.code),
                names.get(str(row.prepared_by), ""),
                await tariff_service.gaps_of(connection, row, today),
                tariff_service.approvable_by(row, actor.id),
            )
            for row in rows
        ]
    return show(
        request,
        services,
        "manager/tariffs.html",
        today=today,
        published=published,
        drafts=drafts,
        places=places,
        errors={} if places else refused_of(request).errors,
        message=message,
        **_DRAWING,
    )


@post(f"{MANAGER_PAGE}/drafts", verb="tariff_resolution.prepare")
async def load_draft(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Load a file as a draft; a bad one comes back with every cell that is wrong."""
    upload = sent.form.get("file")
    raw: bytes = await upload.read() if upload is not None and hasattr(upload, "read") else b""

    async def work(unit: Unit) -> str:
        await tariff_service.put_draft(unit, raw)
        return f"{MANAGER_PAGE}?done=drafted"

    return await sent.act(work, partial(_manager_page, sent.request, sent.services))


@post(f"{MANAGER_PAGE}/{{code:str}}/{{verb:str}}", verb="tariff_resolution.{verb}")
async def move_resolution(
    code: FromPath[str], verb: FromPath[str], sent: NamedDependency[SentForm]
) -> Response[Any]:
    """Put a draft in force, or withdraw it or one to come."""

    async def work(unit: Unit) -> str:
        if verb not in TARIFF_RESOLUTION.verbs:
            raise NOT_FOUND(what="tariff_resolution")
        if verb == "schedule":
            known = sent.text("gaps_known") == "yes"
            await tariff_service.schedule(unit, code, sent.version, gaps_known=known)
            return f"{MANAGER_PAGE}?done=scheduled"
        await tariff_service.withdraw(unit, code, sent.text("reason"), sent.version)
        return f"{MANAGER_PAGE}?done=withdrawn"

    return await sent.act(work, partial(_manager_page, sent.request, sent.services), _placed)


def _placed(refusal: Refusal, said: dict[str, str]) -> dict[str, str]:
    """Return what is told of a refusal; gaps are on the page, in words."""
    return {"": _GAPS_SAYS} if refusal.kind is GAPS else said


@get(f"{MANAGER_PAGE}/{{code:str}}", include_in_schema=False, verb="tariff_resolution.read")
async def show_resolution(
    code: FromPath[str],
    request: AnyRequest,
    services: NamedDependency[Services],
    since: Annotated[str, QueryParameter(name="from")] = "",
    until: Annotated[str, QueryParameter(name="to")] = "",
) -> Template:
    """Show all a resolution says, and what it would have collected in a window of days."""
    today = local_date(services.store.clock.now())
    begin, end = last_month(today)
    found: Comparison | None = None
    async with services.store.reading() as connection:
        whole = await tariff_service.one(connection, code)
        with Asked(request):
            begin = asked_day("from", since or None) or begin
            end = asked_day("to", until or None) or end
            found = await comparison_service.comparison(connection, code, begin, end)
    return show(
        request,
        services,
        "manager/resolution.html",
        whole=whole,
        comparison=found,
        bars=_bars(found) if found else [],
        begin=begin,
        end=end,
        file_url=f"{MANAGER_PAGE}/{code}/file.csv",
        again=urlencode({"from": begin.isoformat(), "to": end.isoformat()}),
        money_of=Money,
        **_DRAWING,
    )


def _bars(found: Comparison) -> list[tuple[str, int, int, int, int]]:
    """Return for each class of vehicle both sums, and each as so many thousandths of the most."""
    sums = by_vehicle(found)
    most = max((amount for pair in sums.values() for amount in pair), default=0) or 1
    return [
        (name, now, then, now * 1000 // most, then * 1000 // most)
        for name in VEHICLE_CLASSES
        if name in sums
        for now, then in (sums[name],)
    ]


@get(
    f"{MANAGER_PAGE}/{{code:str}}/file.csv", include_in_schema=False, verb="tariff_resolution.read"
)
async def download(code: FromPath[str], services: NamedDependency[Services]) -> Response[bytes]:
    """Return a resolution as the file it can be loaded from: where the next one begins."""
    async with services.store.reading() as connection:
        found = await tariff_service.one(connection, code)
    return Response(
        # The mark at the beginning tells spreadsheets that it is UTF-8.
        draft_file.written(found.contents).encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{found.row.code}.csv"'},
    )


ROUTES: tuple[Any, ...] = (
    show_tariffs,
    show_manager_tariffs,
    load_draft,
    move_resolution,
    show_resolution,
    download,
)
