"""Daily closes on the accountant's page: a day's figures with their proofs, closed and printed."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from api.http.times import asked_day
from api.pages.accountant.revenue import BOOKS, GATEWAY_NAMES
from api.pages.kit.frame import AnyRequest, act, form_of, language, show
from api.pages.kit.labels import sentences_of
from api.zone import Services
from border.core.actor import Actor
from border.core.clock import local_date, local_midnight
from border.core.money import Money
from border.core.refusal import INVALID, FieldError, Refusal
from border.core.store import Unit
from border.core.words import N_
from border.identity.service import names_of
from border.payments.exceptions.exception import KINDS
from border.payments.reconciliation import close_service
from border.payments.reconciliation.close_service import SCOPES
from border.payments.reconciliation.close_text import close_text
from border.payments.reconciliation.daily_close import (
    ALL,
    DAY_BEFORE_OPEN,
    KIND_SAYS,
    PROOFS,
    SHIFTS_WAIT,
    figures_said,
    proof_of,
)
from border.payments.reconciliation.matching import CLASS_SAYS

HERE = f"{BOOKS}/closes"
_DONE = N_("The day is closed.")
_HOLDS = {
    True: (N_("Holds"), "done"),
    False: (N_("Does not hold"), "stop"),
    None: (N_("Nothing to compare"), "calm"),
}


@get(HERE, include_in_schema=False, verb="reconciliation.read")
async def show_closes(
    request: AnyRequest,
    services: NamedDependency[Services],
    day: FromQuery[str] = "",
    of: Annotated[str, QueryParameter(name="scope")] = ALL,
    done: FromQuery[bool] = False,
) -> Template:
    """Show a day's figures, closed or as they stand, and the closes there are."""
    return await _page(request, services, day, of, message=_DONE if done else None)


@post(HERE, include_in_schema=False, status_code=303, verb="reconciliation.close")
async def close(
    request: AnyRequest, services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> Response[Any] | Template:
    """Close a day."""
    form = await form_of(request)
    typed, scope = str(form.get("day", "")), str(form.get("scope", ALL))
    ticked = form.get("seen", [])
    seen = [str(name) for name in (ticked if isinstance(ticked, list) else [ticked])]

    async def work(unit: Unit) -> str:
        day = asked_day("day", typed or None)
        if day is None:
            says = N_("Say which day.")
            raise INVALID(errors=[FieldError("day", "missing", says)])
        await close_service.close_day(unit, day, scope, seen)
        query = urlencode({"day": day.isoformat(), "scope": scope, "done": "true"})
        return f"{HERE}?{query}"

    try:
        return await act(request, services, actor, work)
    except Refusal as refusal:
        return await _page(request, services, typed, scope, refusal=refusal, seen=seen)


async def _page(
    request: AnyRequest,
    services: Services,
    asked: str,
    scope: str,
    *,
    refusal: Refusal | None = None,
    seen: Sequence[str] = (),
    message: str | None = None,
) -> Template:
    today = local_date(services.store.clock.now())
    errors = sentences_of(refusal, language(request)) if refusal else {}
    status = refusal.kind.status if refusal else 200
    day = today - timedelta(days=1)
    try:
        day = asked_day("day", asked or None) or day
    except Refusal as wrong:
        errors, status = sentences_of(wrong, language(request)) | errors, 400
    scope = scope if scope in SCOPES else ALL
    async with services.store.reading() as connection:
        closed = await close_service.close_of(connection, day, scope)
        figures = (
            closed.figures if closed else await close_service.figures_for(connection, day, scope)
        )
        late = await close_service.late_facts(connection, day, scope) if closed else None
        blockers = await close_service.blockers_for(connection, figures) if not closed else ()
        closes = await close_service.closes(connection)
        names = await names_of(connection, [row.closed_by for row in closes])
    return show(
        request,
        services,
        "accountant/closes.html",
        status,
        day=day,
        scope=scope,
        scopes=[(one, GATEWAY_NAMES[one]) for one in SCOPES],
        over=services.store.clock.now() >= local_midnight(day + timedelta(days=1)),
        closed=closed,
        closed_by=names.get(closed.closed_by, "") if closed else "",
        figures=figures,
        labels=figures_said(scope),
        blockers=[(name, _blocker_says(name, figures)) for name in blockers],
        closed_with=[
            (_blocker_says(one["name"], figures), one["acknowledged"])
            for one in figures.get("blockers", ())
        ],
        seen=seen,
        proofs=[(says, *_HOLDS[figures["proofs"][name]]) for name, says in PROOFS.items()],
        late=late.rows if late else [],
        sheet=close_text(
            figures,
            closed.proof if closed else "",
            closed.before if closed else "",
            closed.closed_at.isoformat(timespec="minutes") if closed else "",
        ),
        closes=closes,
        intact=closed is None or closed.proof == proof_of(closed.before, closed.figures),
        kinds=KINDS,
        booked_as=KIND_SAYS,
        classes={one.value: says for one, says in CLASS_SAYS.items()},
        gateway_names=GATEWAY_NAMES,
        money_of=Money,
        day_of=date.fromisoformat,
        errors=errors,
        message=message,
    )


def _blocker_says(name: str, figures: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a blocker is, as sentences that are said one after the other."""
    if name not in PROOFS:
        return (SHIFTS_WAIT,)
    holds = figures["proofs"][name]
    if name == "carried_over" and holds is None:
        return (DAY_BEFORE_OPEN,)
    return (PROOFS[name], _HOLDS[holds][0])


ROUTES = (show_closes, close)
