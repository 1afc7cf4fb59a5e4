"""The rules by date, as whoever goes by them reads them: what is in force, why, and who said so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncConnection

from api.language import translator
from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, language, show
from api.pages.manager.rule_drafts import FILES, PAGE
from api.pages.manager.rule_text import DifferenceView, gate_names, said, told_differences
from api.zone import Services
from border.core.actor import Actor
from border.core.clock import local_date
from border.core.refusal import NOT_FOUND
from border.core.store import Unit
from border.core.words import N_
from border.identity.policy import may
from border.identity.service import names_of
from border.regulation import history, regulation_service
from border.regulation.history import Written
from border.regulation.regulation import REGULATION
from border.regulation.regulation_service import kind_named
from border.regulation.rule_kind import KINDS, RuleKind
from border.vocabulary import LABELS

_DONE = {
    "scheduled": N_("The rules will be in force from their first day."),
    "withdrawn": N_("The rules are withdrawn."),
}
_STATES = {state.name: state.label for state in REGULATION.states}


@dataclass(frozen=True)
class RuleSetView:
    """A set as it is read: its rows in sentences, its people by name, its days in words.

    `differences` are what one still to come would change of what is in force.
    """

    found: Written
    standing: str
    governs: str
    sentences: Sequence[str]
    prepared_by: str
    approved_by: str
    may_schedule: bool
    may_withdraw: bool
    may_write: bool
    differences: Sequence[DifferenceView] | None


@dataclass(frozen=True)
class Chapter:
    """One kind of rules: what is in force, what comes, the drafts, and what was before."""

    kind: RuleKind[Any]
    in_force: Sequence[RuleSetView]
    scheduled: Sequence[RuleSetView]
    drafts: Sequence[RuleSetView]
    past: Sequence[RuleSetView]
    may_begin: bool


async def _differences(
    connection: AsyncConnection, found: Written, on: date, locale: str
) -> list[DifferenceView]:
    """Return what a set to come would change of what is in force on a day."""
    kind, rows = found.kind, found.kind.read(found.row.rows)
    now = await regulation_service.rows_in_force(connection, kind, found.row.gate, rows, on)
    return told_differences(kind, now, rows, locale)


def _sheet(
    found: Written, names: Mapping[str, str], gates: Mapping[str, str], actor: Actor, on: date,
    locale: str, differences: Sequence[DifferenceView] | None,
) -> RuleSetView:  # fmt: skip
    row, kind, say = found.row, found.kind, translator(locale).gettext
    subjects = [s for s in kind.subjects(kind.read(row.rows)) if s]
    governs = [gates.get(row.gate, "")] if kind.per_gate else []
    governs += [say(LABELS.get(subject, subject)) for subject in subjects]
    standing = found.standing(on)
    return RuleSetView(
        found,
        standing,
        " · ".join(part for part in governs if part),
        said(kind, row.rows, locale),
        names.get(str(row.prepared_by), ""),
        names.get(str(row.approved_by), ""),
        standing == "draft"
        and not row.example
        and row.prepared_by != actor.id
        and may(actor, kind.verb("schedule")),
        standing in ("draft", "scheduled") and may(actor, kind.verb("withdraw")),
        standing in ("draft", "in_force") and may(actor, kind.verb("prepare")),
        differences,
    )


async def _chapters(
    services: Services, actor: Actor, on: date, locale: str, kinds: Sequence[str]
) -> list[Chapter]:
    async with services.store.reading() as connection:
        found = await history.written(connection, kinds)
        people = {str(id) for one in found for id in (one.row.prepared_by, one.row.approved_by)}
        names = await names_of(connection, people)
        gates = await gate_names(connection, locale)
        ahead = {
            one.row.id: await _differences(connection, one, on, locale)
            for one in found
            if one.standing(on) in ("draft", "scheduled") and one.row.kind not in FILES
        }
    chapters = []
    for name in kinds:
        sheets = [
            _sheet(one, names, gates, actor, on, locale, ahead.get(one.row.id))
            for one in found
            if one.row.kind == name
        ]

        def those(*standings: str, of: Sequence[RuleSetView] = sheets) -> list[RuleSetView]:
            return [sheet for sheet in of if sheet.standing in standings]

        chapters.append(
            Chapter(
                KINDS[name],
                those("in_force"),
                those("scheduled"),
                those("draft"),
                those("superseded", "withdrawn"),
                name not in FILES and may(actor, KINDS[name].verb("prepare")),
            )
        )
    return chapters


@get(PAGE, verb="regulation.read", include_in_schema=False)
async def show_rules(
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    done: FromQuery[str] = "",
) -> Template:
    """Show every kind of rules: in force, scheduled, drafts, and what was before."""
    return await _page(request, services, actor, message=_DONE.get(done))


async def _page(
    request: AnyRequest, services: Services, actor: Actor, message: str | None = None
) -> Template:
    today = local_date(services.store.clock.now())
    chapters = await _chapters(services, actor, today, language(request), list(KINDS))
    return show(
        request,
        services,
        "manager/rules.html",
        today=today,
        chapters=chapters,
        states=_STATES,
        files=FILES,
        message=message,
    )


@get(f"{PAGE}/{{kind:str}}/{{code:str}}", verb="regulation.read", include_in_schema=False)
async def show_rule_set(
    kind: FromPath[str],
    code: FromPath[str],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Template:
    """Show one set whole, whatever became of it. refuses: not_found."""
    today = local_date(services.store.clock.now())
    name = kind_named(kind).name
    [chapter] = await _chapters(services, actor, today, language(request), [name])
    every = (*chapter.in_force, *chapter.scheduled, *chapter.drafts, *chapter.past)
    sheet = next((one for one in every if one.found.row.code == code), None)
    if sheet is None:
        raise NOT_FOUND(what="regulation")
    return show(
        request,
        services,
        "manager/rule_set.html",
        chapter=chapter,
        sheet=sheet,
        states=_STATES,
        files=FILES,
    )


@post(f"{PAGE}/{{kind:str}}/{{code:str}}/{{verb:str}}", verb="regulation.{verb}")
async def move_rules(
    kind: FromPath[str],
    code: FromPath[str],
    verb: FromPath[str],
    sent: NamedDependency[SentForm],
) -> Response[Any]:
    """Put another's draft in force, or withdraw a draft or one to come."""

    async def work(unit: Unit) -> str:
        found = kind_named(kind)
        if verb == "schedule":
            await regulation_service.schedule(unit, found, code, sent.version)
            return f"{PAGE}?done=scheduled"
        if verb == "withdraw":
            reason = sent.text("reason")
            await regulation_service.withdraw(unit, found, code, reason, sent.version)
            return f"{PAGE}?done=withdrawn"
        raise NOT_FOUND(what="regulation")

    return await sent.act(work, partial(_page, sent.request, sent.services, sent.actor))


ROUTES: tuple[Any, ...] = (show_rules, show_rule_set, move_rules)
