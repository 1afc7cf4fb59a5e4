"""Writing the next rules of a kind: from what is in force to a draft, with what it would change."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, language, show
from api.pages.manager import rule_form
from api.pages.manager.rule_text import DifferenceView, gate_names, said, told_differences
from api.zone import Services
from border.core.clock import local_date
from border.core.refusal import NOT_FOUND, Refusal
from border.core.store import Unit
from border.identity import policy
from border.regulation import history, regulation_service
from border.regulation.regulation_service import kind_named
from border.regulation.rule_kind import RuleKind
from border.regulation.tables import RegulationRow

PAGE = "/manager/rules"
FILES = {"tariff": "/manager/tariffs"}
"""Kinds whose drafts are loaded from a file, and the page where that is done."""


NEXT = [f"{PAGE}/{{kind:str}}/next", f"{PAGE}/{{kind:str}}/{{code:str}}/next"]
"""Where rules are written: the first of a kind, or those that follow a set."""


@get(NEXT, verb="regulation.prepare", include_in_schema=False)
async def show_next_rules(
    kind: FromPath[str],
    request: AnyRequest,
    services: NamedDependency[Services],
    code: FromPath[str | None] = None,
) -> Response[Any] | Template:
    """Show the form with what a set says: a draft to go on with, or the set that is to follow it.

    refuses: not_found, not_allowed.
    """
    found = kind_named(kind)
    if found.name in FILES:
        return Redirect(FILES[found.name])
    policy.check(request.scope["user"], found.verb("prepare"))
    base = await _base(services, found, code)
    head = rule_form.shown_head(base) if base else {}
    rows = rule_form.shown_rows(found, base.rows if base else [{}])
    return await _page(request, services, found, base, head, rows)


@post(NEXT, status_code=303, verb="regulation.prepare", include_in_schema=False)
async def write_next_rules(
    kind: FromPath[str], sent: NamedDependency[SentForm], code: FromPath[str | None] = None
) -> Response[Any] | Template:
    """Keep the form as a draft; or show what it would change, or the form with a row more or less.

    refuses: not_found, not_allowed.
    """
    found = kind_named(kind)
    policy.check(sent.actor, found.verb("prepare"))
    base = await _base(sent.services, found, code)
    rows = rule_form.typed_rows(sent.form)
    if (changed := _other_rows(found, sent.form, rows)) is not None:
        return await _page(sent.request, sent.services, found, base, sent.form, changed)
    again = partial(_page, sent.request, sent.services, found, base, sent.form, rows)

    async def work(unit: Unit) -> str:
        draft = rule_form.read_draft(found, sent.form)
        own = base and base.state == "draft" and draft.code == base.code
        # A code that was not opened here names no draft yet, or somebody else's.
        version = sent.version if own else 0
        row = await regulation_service.put_draft(unit, found, draft, version)
        return f"{PAGE}/{found.name}/{row.code}"

    async def look() -> Template:
        draft = rule_form.read_draft(found, sent.form)
        async with sent.services.store.reading() as connection:
            now = await regulation_service.rows_in_force(
                connection, found, draft.gate, found.read(draft.rows), _today(sent.services)
            )
        locale = language(sent.request)
        return await again(told_differences(found, now, found.read(draft.rows), locale))

    if sent.text("then") == "look":
        return await sent.answer(look, again, _placed)
    return await sent.act(work, again, _placed)


def _placed(_: Refusal, said: dict[str, str]) -> dict[str, str]:
    return rule_form.at_fields(said)


def _other_rows(
    kind: RuleKind[Any], form: Mapping[str, Any], rows: Sequence[rule_form.Typed]
) -> list[rule_form.Typed] | None:
    """Return the rows with one more or less, if one of those buttons was pressed."""
    if "add_line" in form:
        return [*rows, rule_form.empty_row(kind)]
    gone = str(form.get("remove_line", ""))
    if gone.isdecimal():
        return [row for place, row in enumerate(rows) if place != int(gone)]
    return None


async def _base(services: Services, kind: RuleKind[Any], code: str | None) -> RegulationRow | None:
    """Return the set to go on with or to follow; none for the first of a kind."""
    if kind.name in FILES:
        raise NOT_FOUND(what="page")
    if code is None:
        return None
    async with services.store.reading() as connection:
        return (await history.one(connection, kind, code)).row


async def _page(
    request: AnyRequest,
    services: Services,
    kind: RuleKind[Any],
    base: RegulationRow | None,
    head: Mapping[str, Any],
    rows: Sequence[rule_form.Typed],
    differences: Sequence[DifferenceView] | None = None,
) -> Template:
    locale = language(request)
    async with services.store.reading() as connection:
        gates = await gate_names(connection, locale)
    draft = base if base and base.state == "draft" else None
    return show(
        request,
        services,
        "manager/rule_draft.html",
        base=base,
        draft=draft,
        kind=kind,
        head=head,
        rows=rows,
        spare=rule_form.empty_row(kind),
        fields=rule_form.fields_of(kind.name),
        yes_or_no=rule_form.YES_OR_NO,
        gates=list(gates.items()),
        # What each row says now, as far as it stands as it was.
        sentences=said(kind, base.rows, locale) if base else [],
        differences=differences,
        version=draft.version if draft else None,
    )


def _today(services: Services) -> Any:
    return local_date(services.store.clock.now())


ROUTES: tuple[Any, ...] = (show_next_rules, write_next_rules)
