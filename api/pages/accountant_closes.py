"""Daily closes on the accountant's page: a day's figures with their proofs, closed and printed."""

from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from api.pages.accountant import BOOKS, GATEWAY_NAMES
from api.pages.frame import AnyRequest, act, form_of, language, show
from api.pages.wording import sentences_of
from api.security import needs
from api.times import asked_day
from api.zone import Zone
from border.clock import local_date, local_midnight
from border.identity.actor import Actor
from border.identity.service import names_of
from border.money import Money
from border.payments.exceptions.exception import DESK, KINDS
from border.payments.reconciliation import close_service
from border.payments.reconciliation.close_service import SCOPES
from border.payments.reconciliation.close_text import close_text
from border.payments.reconciliation.daily_close import (
    ALL,
    FIGURES,
    KIND_SAYS,
    PROOFS,
    proof_of,
)
from border.payments.reconciliation.matching import CLASS_SAYS
from border.refusal import INVALID, FieldError, Refusal
from border.store import Unit
from border.words import N_

HERE = f"{BOOKS}/closes"
_DONE = N_("The day is closed.")
_HOLDS = {
    True: (N_("Holds"), "done"),
    False: (N_("Does not hold"), "stop"),
    None: (N_("Nothing to compare"), "calm"),
}


@get(HERE, guards=[needs(*DESK)], include_in_schema=False)
async def show_closes(
    request: AnyRequest,
    zone: NamedDependency[Zone],
    day: FromQuery[str] = "",
    of: Annotated[str, QueryParameter(name="scope")] = ALL,
    done: FromQuery[bool] = False,
) -> Template:
    """Show a day's figures, closed or as they stand, and the closes there are."""
    return await _page(request, zone, day, of, message=_DONE if done else None)


@post(HERE, guards=[needs(*DESK)], include_in_schema=False, status_code=303)
async def close(
    request: AnyRequest, zone: NamedDependency[Zone], actor: NamedDependency[Actor]
) -> Response[Any] | Template:
    """Close a day."""
    form = await form_of(request)
    typed, scope = str(form.get("day", "")), str(form.get("scope", ALL))

    async def work(unit: Unit) -> str:
        day = asked_day("day", typed or None)
        if day is None:
            says = N_("Say which day.")
            raise INVALID(errors=[FieldError("day", "missing", says)])
        await close_service.close_day(unit, day, scope)
        query = urlencode({"day": day.isoformat(), "scope": scope, "done": "true"})
        return f"{HERE}?{query}"

    try:
        return await act(request, zone, actor, work)
    except Refusal as refusal:
        return await _page(request, zone, typed, scope, refusal=refusal)


async def _page(
    request: AnyRequest,
    zone: Zone,
    asked: str,
    scope: str,
    *,
    refusal: Refusal | None = None,
    message: str | None = None,
) -> Template:
    today = local_date(zone.store.clock.now())
    errors = sentences_of(refusal, language(request)) if refusal else {}
    status = refusal.kind.status if refusal else 200
    day = today - timedelta(days=1)
    try:
        day = asked_day("day", asked or None) or day
    except Refusal as wrong:
        errors, status = sentences_of(wrong, language(request)) | errors, 400
    scope = scope if scope in SCOPES else ALL
    async with zone.store.reading() as connection:
        closed = await close_service.close_of(connection, day, scope)
        figures = (
            closed.figures if closed else await close_service.figures_for(connection, day, scope)
        )
        late = await close_service.late_facts(connection, day, scope) if closed else None
        closes = await close_service.closes(connection)
        names = await names_of(connection, [row.closed_by for row in closes])
    return show(
        request,
        zone,
        "accountant_closes.html",
        status,
        day=day,
        scope=scope,
        scopes=[(one, GATEWAY_NAMES[one]) for one in SCOPES],
        over=zone.store.clock.now() >= local_midnight(day + timedelta(days=1)),
        closed=closed,
        closed_by=names.get(closed.closed_by, "") if closed else "",
        figures=figures,
        labels=FIGURES,
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


ROUTES = (show_closes, close)
