"""Dated rules: what is in force and why; drafts written, and put in force by a second person."""

from datetime import date
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from pydantic import Field

from api.http.shapes import Shape
from api.http.times import asked_day
from api.http.writes import expected_version, write
from api.zone import Services
from border.core.actor import Actor
from border.core.clock import local_date
from border.core.request_body import KEEPABLE, RequestBody
from border.core.store import Unit
from border.regulation import history, regulation_service
from border.regulation.history import Written
from border.regulation.regulation_service import kind_named
from border.regulation.rule_kind import KINDS, RuleSetDraft
from border.regulation.tables import RegulationRow


class PeriodShape(Shape):
    """The days on which a set governs one thing: its gate, and what of it."""

    governs: str
    effective_from: date
    effective_to: date | None


class RuleSetShape(Shape):
    """A set of rules: what it says, who wrote and who approved it, and on which days it holds.

    `standing` is what it is on the day asked about, by its days; `rules_version` is how a
    decision names it, and `digest` the SHA-256 of all it says.
    """

    kind: str
    code: str
    reference: str
    state: str
    standing: str
    version: int
    gate: str
    title: str
    issued_by: str
    legal_basis: str
    effective_from: date
    effective_to: date | None
    periods: list[PeriodShape]
    example: bool
    note: str
    prepared_by: UUID | None
    approved_by: UUID | None
    rules_version: str
    digest: str
    rows: list[dict[str, Any]]

    @classmethod
    def of(cls, found: Written, on: date) -> "RuleSetShape":
        """Return the shape of a set as it stands on a day."""
        row = found.row
        return cls(
            kind=row.kind,
            code=row.code,
            reference=row.reference,
            state=row.state,
            standing=found.standing(on),
            version=row.version,
            gate=row.gate,
            title=row.title,
            issued_by=row.issued_by,
            legal_basis=row.legal_basis,
            effective_from=row.effective_from,
            effective_to=found.effective_to,
            periods=[
                PeriodShape(
                    governs=period.chain.partition("/")[2].strip("/"),
                    effective_from=period.effective_from,
                    effective_to=period.effective_to,
                )
                for period in found.periods
            ],
            example=row.example,
            note=row.note,
            prepared_by=row.prepared_by,
            approved_by=row.approved_by,
            rules_version=found.version,
            digest=row.digest.hex(),
            rows=row.rows,
        )


class KindShape(Shape):
    """A kind of rules, who writes and who approves them, and the sets in force on a day."""

    kind: str
    label: str
    per_gate: bool
    writers: list[str]
    approvers: list[str]
    in_force: list[RuleSetShape]
    scheduled: int
    drafts: int


class KindList(Shape):
    """Every kind of rules."""

    on: date
    items: list[KindShape]
    next: str | None = None


class RuleSetList(Shape):
    """The sets of one kind, the latest first day first: drafts, scheduled, in force and past."""

    on: date
    items: list[RuleSetShape]
    next: str | None = None


@get("/rules", operation_id="list_rules", verb="regulation.read", tags=["rules"])
async def list_rules(
    services: NamedDependency[Services], on: FromQuery[str | None] = None
) -> KindList:
    """Return every kind of dated rules with what is in force on a day (today, if none is named).

    The day is the day at the gate.

    refuses: invalid_fields.
    """
    day = asked_day("on", on) or local_date(services.store.clock.now())
    async with services.store.reading() as connection:
        found = await history.written(connection, list(KINDS))
    items = []
    for kind in KINDS.values():
        own = [one for one in found if one.row.kind == kind.name]
        standings = [one.standing(day) for one in own]
        items.append(
            KindShape(
                kind=kind.name,
                label=kind.label,
                per_gate=kind.per_gate,
                writers=list(kind.writers),
                approvers=list(kind.approvers),
                in_force=[
                    RuleSetShape.of(one, day) for one in own if one.standing(day) == "in_force"
                ],
                scheduled=standings.count("scheduled"),
                drafts=standings.count("draft"),
            )
        )
    return KindList(on=day, items=items)


@get("/rules/{kind:str}", operation_id="list_rule_sets", verb="regulation.read", tags=["rules"])
async def list_rule_sets(
    kind: FromPath[str], services: NamedDependency[Services], on: FromQuery[str | None] = None
) -> RuleSetList:
    """Return the sets of one kind, drafts and past ones too. refuses: not_found."""
    day = asked_day("on", on) or local_date(services.store.clock.now())
    async with services.store.reading() as connection:
        found = await history.written(connection, [kind_named(kind).name])
    return RuleSetList(on=day, items=[RuleSetShape.of(one, day) for one in found])


@get(
    "/rules/{kind:str}/{code:str}",
    operation_id="get_rule_set",
    verb="regulation.read",
    tags=["rules"],
)
async def get_rule_set(
    kind: FromPath[str], code: FromPath[str], services: NamedDependency[Services]
) -> RuleSetShape:
    """Return a set of rules by its code, which a decision's version names. refuses: not_found."""
    today = local_date(services.store.clock.now())
    async with services.store.reading() as connection:
        found = await history.one(connection, kind_named(kind), code)
    return RuleSetShape.of(found, today)


async def _shape(unit: Unit, row: RegulationRow) -> RuleSetShape:
    found = await history.one(unit.connection, KINDS[row.kind], row.code)
    return RuleSetShape.of(found, local_date(unit.at))


@post(
    "/rules/{kind:str}",
    operation_id="draft_rules",
    status_code=201,
    verb="regulation.prepare",
    tags=["rules"],
)
async def draft_rules(
    kind: FromPath[str],
    data: JSONBody[RuleSetDraft],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[RuleSetShape]:
    """Write a set of rules as a draft; a draft of that code is replaced as a whole.

    Nothing is decided by it until another person puts it in force. refuses: not_found,
    not_allowed, invalid_fields, rules_code_in_use, tariff_code_in_use.
    """

    async def work(unit: Unit) -> RuleSetShape:
        return await _shape(unit, await regulation_service.put_draft(unit, kind_named(kind), data))

    return await write(request, services, actor, work, 201)


class RulesSchedule(RequestBody):
    """What puts a draft in force: nothing but the word of a second person."""


@post(
    "/rules/{kind:str}/{code:str}/schedule",
    operation_id="schedule_rules",
    status_code=200,
    verb="regulation.schedule",
    tags=["rules"],
)
async def schedule_rules(
    kind: FromPath[str],
    code: FromPath[str],
    data: JSONBody[RulesSchedule],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[RuleSetShape]:
    """Put another person's draft in force from its first day, on which its predecessors end.

    refuses: not_found, not_allowed, rules_second_person, rules_example, rules_start_too_early,
    rules_overlap, tariff_second_person, tariff_example, tariff_starts_too_early, tariff_overlap,
    tariff_gaps, move_not_open, stale_version.
    """

    async def work(unit: Unit) -> RuleSetShape:
        row = await regulation_service.schedule(
            unit, kind_named(kind), code, expected_version(request)
        )
        return await _shape(unit, row)

    return await write(request, services, actor, work)


class RulesWithdrawal(RequestBody):
    """Why rules are withdrawn."""

    reason: str = Field(max_length=500, pattern=KEEPABLE)


@post(
    "/rules/{kind:str}/{code:str}/withdraw",
    operation_id="withdraw_rules",
    status_code=200,
    verb="regulation.withdraw",
    tags=["rules"],
)
async def withdraw_rules(
    kind: FromPath[str],
    code: FromPath[str],
    data: JSONBody[RulesWithdrawal],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[RuleSetShape]:
    """Withdraw a draft, or rules before their first day; their predecessors then go on.

    refuses: not_found, not_allowed, invalid_fields, rules_in_force, tariff_in_force,
    move_not_open, stale_version.
    """

    async def work(unit: Unit) -> RuleSetShape:
        row = await regulation_service.withdraw(
            unit, kind_named(kind), code, data.reason, expected_version(request)
        )
        return await _shape(unit, row)

    return await write(request, services, actor, work)


ROUTES = (
    list_rules,
    list_rule_sets,
    get_rule_set,
    draft_rules,
    schedule_rules,
    withdraw_rules,
)
