"""The tariff: what is in force and to come, for everybody; drafts, for those who prepare them."""

from datetime import date, timedelta
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from pydantic import Field

from api.http.media import A_FILE, ANY_CONTENT
from api.http.shapes import MoneyShape, Shape
from api.http.times import asked_day
from api.http.writes import expected_version, write
from api.zone import Services
from border.core.actor import Actor
from border.core.clock import local_date
from border.core.money import Money
from border.core.request_body import Kept, RequestBody
from border.core.store import Unit
from border.payments.charges import comparison_service
from border.payments.tariffs import tariff_service
from border.payments.tariffs.comparison import ComparedLine, Comparison
from border.payments.tariffs.draft_file import MOST_BYTES
from border.payments.tariffs.rule import TariffRule, Terms
from border.payments.tariffs.tariff_service import Published
from border.payments.tariffs.vat import VAT_RATES, VatRate
from border.regulation.regulation import Period
from border.regulation.tables import RegulationRow


class RuleShape(Shape):
    """A rate, a coefficient or an exemption; `any` is a condition that always holds.

    `amount`, `unit` and `minimum` are a rate's, `per_mille` a coefficient's.
    """

    code: str
    effect: str
    kind: str
    regime_group: str
    commodity_group: str
    direction: str
    vehicle_class: str
    movement: str
    payload_below_g: int | None
    unit: str | None
    amount: MoneyShape | None
    minimum: MoneyShape | None
    per_mille: int | None
    reason: str
    legal_basis: str
    status: str

    @classmethod
    def of(cls, rule: TariffRule) -> "RuleShape":
        """Return the shape of a rule."""
        is_rate = rule.effect == "rate"
        return cls(
            code=rule.code,
            effect=rule.effect,
            kind=rule.kind,
            regime_group=rule.regime_group,
            commodity_group=rule.commodity_group,
            direction=rule.direction,
            vehicle_class=rule.vehicle_class,
            movement=rule.movement,
            payload_below_g=rule.payload_below_g,
            unit=rule.unit if is_rate else None,
            amount=_money(rule.rate) if is_rate else None,
            minimum=_money(rule.minimum) if rule.minimum else None,
            per_mille=rule.per_mille if rule.effect == "coefficient" else None,
            reason=rule.reason,
            legal_basis=rule.legal_basis,
            status=rule.status,
        )


def _money(amount: Money) -> MoneyShape:
    return MoneyShape(minor=amount.minor, currency=amount.currency)


class TermsShape(Shape):
    """What a resolution says of one kind of price as a whole, and the days it sets it."""

    kind: str
    mixed_load: str
    collector_per_mille: int
    vat: str
    effective_from: date | None
    effective_to: date | None

    @classmethod
    def of(cls, kind: str, terms: Terms, period: Period | None) -> "TermsShape":
        """Return the shape of the terms of a kind."""
        return cls(
            kind=kind,
            mixed_load=terms.mixed_load,
            collector_per_mille=terms.collector_per_mille,
            vat=terms.vat,
            effective_from=period.effective_from if period else None,
            effective_to=period.effective_to if period else None,
        )


class TariffShape(Shape):
    """A resolution with its legal basis and all it says."""

    code: str
    reference: str
    state: str
    version: int
    title: str
    issued_by: str
    legal_basis: str
    effective_from: date
    effective_to: date | None
    in_force: bool
    example: bool
    note: str
    terms: list[TermsShape]
    rules: list[RuleShape]

    @classmethod
    def of(cls, found: Published, on: date) -> "TariffShape":
        """Return the shape of a resolution as it stands on a day."""
        row, by_kind = found.row, {period.subject: period for period in found.periods}
        return cls(
            code=row.code,
            reference=row.reference,
            state=row.state,
            version=row.version,
            title=row.title,
            issued_by=row.issued_by,
            legal_basis=row.legal_basis,
            effective_from=row.effective_from,
            effective_to=row.effective_to,
            in_force=found.in_force(on),
            example=row.example,
            note=row.note,
            terms=[TermsShape.of(k, t, by_kind.get(k)) for k, t in found.contents.terms],
            rules=[RuleShape.of(rule) for rule in found.contents.rules],
        )


class VatShape(Shape):
    """A rate of value added tax by date, for prices of services; fees of the state carry none."""

    code: str
    category: str
    per_mille: int
    effective_from: date
    effective_to: date | None
    legal_basis: str
    status: str

    @classmethod
    def of(cls, rate: VatRate) -> "VatShape":
        """Return the shape of a rate."""
        return cls(**vars(rate))


class TariffList(Shape):
    """The resolutions in force on a day and those that follow, in the order they begin."""

    on: date
    items: list[TariffShape]
    vat: list[VatShape]
    next: str | None = None


@get("/tariffs", operation_id="list_tariffs", tags=["tariffs"], verb="tariff.list")
async def list_tariffs(
    services: NamedDependency[Services], on: FromQuery[str | None] = None
) -> TariffList:
    """Return what is charged on a day (today, where none is named) and what is scheduled after.

    Public. The day is the day at the gate.

    refuses: invalid_fields.
    """
    day = asked_day("on", on) or local_date(services.store.clock.now())
    async with services.store.reading() as connection:
        found = await tariff_service.published(connection, day)
    return TariffList(
        on=day,
        items=[TariffShape.of(one, day) for one in found],
        vat=[VatShape.of(rate) for rate in VAT_RATES],
    )


class DraftShape(Shape):
    """A resolution after a move: its state, and what it leaves without a rate."""

    code: str
    reference: str
    state: str
    version: int
    effective_from: date
    effective_to: date | None
    gaps: list[str]

    @classmethod
    async def of(cls, unit: Unit, row: RegulationRow) -> "DraftShape":
        """Return the shape of a resolution inside the transaction that moved it."""
        today = local_date(unit.at)
        missing = (
            await tariff_service.gaps_of(unit.connection, row, today)
            if row.state == "draft"
            else []
        )
        return cls(
            code=row.code,
            reference=row.reference,
            state=row.state,
            version=row.version,
            effective_from=row.effective_from,
            effective_to=row.effective_to,
            gaps=[str(gap) for gap in missing],
        )


@post(
    "/tariffs/drafts",
    operation_id="draft_tariff",
    status_code=201,
    request_max_body_size=MOST_BYTES + 1,
    opt={ANY_CONTENT: {"text/csv": A_FILE}},
    tags=["tariffs"],
    verb="tariff_resolution.prepare",
)
async def draft_tariff(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[DraftShape]:
    """Load a resolution, a CSV file sent as the body, as a draft; nothing of a bad file is kept.

    A draft of the same code is replaced as a whole; the same file again changes nothing. Every
    bad cell is listed under `errors` as `lines.<line>.<column>`.

    refuses: not_allowed, invalid_fields, tariff_code_in_use.
    """
    raw = await request.body()

    async def work(unit: Unit) -> DraftShape:
        return await DraftShape.of(unit, await tariff_service.put_draft(unit, raw))

    return await write(request, services, actor, work, 201)


class ComparedLineShape(Shape):
    """The trips of one class of vehicle and one regime.

    `difference_minor` compares the trips that the draft prices; those it has no rate for are
    `unpriced_trips`, which brought `unpriced_minor`.
    """

    kind: str
    vehicle_class: str
    regime_group: str
    currency: str
    trips: int
    collected_minor: int
    would_be_minor: int
    difference_minor: int
    unpriced_trips: int
    unpriced_minor: int

    @classmethod
    def of(cls, line: ComparedLine) -> "ComparedLineShape":
        """Return the shape of a line."""
        return cls(**vars(line), difference_minor=line.difference_minor)


class ComparisonShape(Shape):
    """What was collected in a window beside what a resolution would have collected."""

    code: str
    begins_on: date
    ends_before: date
    lines: list[ComparedLineShape]
    total: ComparedLineShape
    unknown_trips: int

    @classmethod
    def of(cls, code: str, begin: date, end: date, found: Comparison) -> "ComparisonShape":
        """Return the shape of a comparison over a window."""
        return cls(
            code=code,
            begins_on=begin,
            ends_before=end,
            lines=[ComparedLineShape.of(line) for line in found.lines],
            total=ComparedLineShape.of(found.total()),
            unknown_trips=found.unknown_trips,
        )


def last_month(today: date) -> tuple[date, date]:
    """Return the calendar month before the one of a day: its first day and the first after it."""
    end = today.replace(day=1)
    return (end - timedelta(days=1)).replace(day=1), end


@get(
    "/tariffs/{code:str}/comparison",
    operation_id="compare_tariff",
    tags=["tariffs"],
    verb="tariff_resolution.read",
)
async def compare_tariff(
    code: FromPath[str],
    services: NamedDependency[Services],
    since: Annotated[str | None, QueryParameter(name="from")] = None,
    until: Annotated[str | None, QueryParameter(name="to")] = None,
) -> ComparisonShape:
    """Price the trips charged from a day until, not including, another, by this resolution.

    Without days, those of the month before. Nothing is changed by it.

    refuses: not_found, invalid_fields.
    """
    first, after = last_month(local_date(services.store.clock.now()))
    begin, end = asked_day("from", since) or first, asked_day("to", until) or after
    async with services.store.reading() as connection:
        found = await comparison_service.comparison(connection, code, begin, end)
    return ComparisonShape.of(code, begin, end, found)


class ScheduleOrder(RequestBody):
    """What puts a draft in force."""

    acknowledge_gaps: bool = Field(
        default=False, description="Known: some trips priced today would have no rate."
    )


@post(
    "/tariffs/{code:str}/schedule",
    operation_id="schedule_tariff",
    status_code=200,
    tags=["tariffs"],
    verb="tariff_resolution.schedule",
)
async def schedule_tariff(
    code: FromPath[str],
    data: JSONBody[ScheduleOrder],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[DraftShape]:
    """Put another person's draft in force from its first day, on which its predecessor ends.

    refuses: not_found, not_allowed, tariff_second_person, tariff_example, move_not_open,
    stale_version, tariff_starts_too_early, tariff_overlap, tariff_gaps.
    """

    async def work(unit: Unit) -> DraftShape:
        row = await tariff_service.schedule(
            unit, code, expected_version(request), gaps_known=data.acknowledge_gaps
        )
        return await DraftShape.of(unit, row)

    return await write(request, services, actor, work)


class WithdrawOrder(RequestBody):
    """Why a resolution is withdrawn."""

    reason: Kept = Field(max_length=500)


@post(
    "/tariffs/{code:str}/withdraw",
    operation_id="withdraw_tariff",
    status_code=200,
    tags=["tariffs"],
    verb="tariff_resolution.withdraw",
)
async def withdraw_tariff(
    code: FromPath[str],
    data: JSONBody[WithdrawOrder],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[DraftShape]:
    """Withdraw a draft, or a resolution before its first day; its predecessor then goes on.

    refuses: not_found, invalid_fields, tariff_in_force, not_allowed, move_not_open,
    stale_version.
    """

    async def work(unit: Unit) -> DraftShape:
        row = await tariff_service.withdraw(unit, code, data.reason, expected_version(request))
        return await DraftShape.of(unit, row)

    return await write(request, services, actor, work)


ROUTES = (list_tariffs, draft_tariff, compare_tariff, schedule_tariff, withdraw_tariff)
