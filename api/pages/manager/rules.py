"""The rules by date, as whoever goes by them reads them: what is in force, why, and who said so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from api.language import localise_money, translator
from api.pages.kit.frame import AnyRequest, act, form_of, language, show, version_in
from api.pages.kit.labels import sentences_of
from api.zone import Services
from border.core.actor import Actor
from border.core.clock import local_date
from border.core.money import Money
from border.core.refusal import NOT_FOUND, Refusal
from border.core.store import Unit
from border.core.words import N_
from border.gates import all_gates
from border.identity.policy import may
from border.identity.service import names_of
from border.regulation import history, regulation_service
from border.regulation.history import Written
from border.regulation.regulation import REGULATION
from border.regulation.regulation_service import kind_named
from border.regulation.rule_kind import KINDS, RuleKind
from border.vocabulary import LABELS

PAGE = "/manager/rules"
_DONE = {
    "scheduled": N_("The rules will be in force from their first day."),
    "withdrawn": N_("The rules are withdrawn."),
}
_STATES = {state.name: state.label for state in REGULATION.states}


@dataclass(frozen=True)
class RuleSetView:
    """A set as it is read: its rows in sentences, its people by name, its days in words."""

    found: Written
    standing: str
    governs: str
    sentences: Sequence[str]
    prepared_by: str
    approved_by: str
    may_schedule: bool
    may_withdraw: bool


@dataclass(frozen=True)
class Chapter:
    """One kind of rules: what is in force, what comes, the drafts, and what was before."""

    kind: RuleKind[Any]
    in_force: Sequence[RuleSetView]
    scheduled: Sequence[RuleSetView]
    drafts: Sequence[RuleSetView]
    past: Sequence[RuleSetView]


def said(kind: RuleKind[Any], rows: Sequence[Mapping[str, Any]], locale: str) -> list[str]:
    """Return the rows of a set as sentences in a language."""
    say = translator(locale).gettext
    sentences = []
    for row in kind.read(rows):
        sentence, facts = kind.words(row)
        told = {
            name: localise_money(fact, locale)
            if isinstance(fact, Money)
            else say(fact)
            if isinstance(fact, str)
            else fact
            for name, fact in facts.items()
        }
        sentences.append(say(sentence, **told))
    return sentences


def _sheet(
    found: Written, names: Mapping[str, str], gates: Mapping[str, str], actor: Actor, on: date,
    locale: str,
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
        and may(actor, f"regulation.schedule_{kind.name}"),
        standing in ("draft", "scheduled") and may(actor, f"regulation.withdraw_{kind.name}"),
    )


async def _chapters(
    services: Services, actor: Actor, on: date, locale: str, kinds: Sequence[str]
) -> list[Chapter]:
    async with services.store.reading() as connection:
        found = await history.written(connection, kinds)
        people = {str(id) for one in found for id in (one.row.prepared_by, one.row.approved_by)}
        names = await names_of(connection, people)
        gates = {
            gate.code: {"vi": gate.name_vi, "zh": gate.name_zh}.get(locale, gate.name_en)
            for gate in await all_gates(connection)
        }
    chapters = []
    for name in kinds:
        sheets = [
            _sheet(one, names, gates, actor, on, locale) for one in found if one.row.kind == name
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
    request: AnyRequest, services: Services, actor: Actor, status: int = 200, **more: Any
) -> Template:
    today = local_date(services.store.clock.now())
    chapters = await _chapters(services, actor, today, language(request), list(KINDS))
    return show(
        request,
        services,
        "manager/rules.html",
        status,
        today=today,
        chapters=chapters,
        states=_STATES,
        **{"errors": {}, "message": None, **more},
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
        request, services, "manager/rule_set.html", chapter=chapter, sheet=sheet, states=_STATES
    )


@post(
    f"{PAGE}/{{kind:str}}/{{code:str}}/{{verb:str}}",
    verb="regulation.{verb}",
    include_in_schema=False,
)
async def move_rules(
    kind: FromPath[str],
    code: FromPath[str],
    verb: FromPath[str],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[Any] | Template:
    """Put another's draft in force, or withdraw a draft or one to come."""
    form = await form_of(request)

    async def work(unit: Unit) -> str:
        found, version = kind_named(kind), version_in(form)
        if verb == "schedule":
            await regulation_service.schedule(unit, found, code, version)
            return f"{PAGE}?done=scheduled"
        if verb == "withdraw":
            reason = str(form.get("reason", ""))
            await regulation_service.withdraw(unit, found, code, reason, version)
            return f"{PAGE}?done=withdrawn"
        raise NOT_FOUND(what="regulation")

    try:
        return await act(request, services, actor, work)
    except Refusal as refusal:
        told = " ".join(sentences_of(refusal, language(request)).values())
        return await _page(request, services, actor, refusal.kind.status, errors={"": told})


ROUTES: tuple[Any, ...] = (show_rules, show_rule_set, move_rules)
