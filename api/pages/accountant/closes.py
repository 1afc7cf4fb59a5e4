"""Daily closes on the accountant's page: a day with its proofs, closed, opened again, printed."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Template

from api.http.times import asked_day
from api.pages.accountant.revenue import BOOKS, GATEWAY_NAMES
from api.pages.kit.form import Asked, SentForm
from api.pages.kit.frame import AnyRequest, show
from api.pages.kit.printed import rows_to_show
from api.routes.closes import move_of
from api.zone import Services
from border.core.actor import Actor
from border.core.clock import local_date, local_midnight
from border.core.money import Money
from border.core.refusal import INVALID, FieldError
from border.core.store import Unit
from border.core.words import N_
from border.identity import policy
from border.identity.service import names_of
from border.payments.exceptions.exception import KINDS
from border.payments.reconciliation import close_service, reopening_service
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
from border.payments.reconciliation.reopening import REOPENING, open_moves
from border.payments.reconciliation.tables import DailyCloseRow, ReopeningRow

HERE = f"{BOOKS}/closes"
_A_PAGE = 60
_DONE = {
    "true": N_("The day is closed."),
    "ask": N_("It is asked for; another person decides."),
    "approve": N_("The day is open again. Close it once everything is in."),
    "decline": N_("The day stays closed."),
    "withdraw": N_("It is no longer asked for."),
}
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
    attempt: FromQuery[int] = 0,
    done: FromQuery[str] = "",
) -> Template:
    """Show a day's figures, closed or as they stand, and the closes there are.

    With `attempt` those of a close whose day was reopened since.
    """
    return await _page(request, services, day, of, attempt=attempt, message=_DONE.get(done))


@post(HERE, include_in_schema=False, status_code=303, verb="reconciliation.close")
async def close(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Close a day."""
    scope, seen = sent.text("scope") or ALL, sent.all("seen")

    async def work(unit: Unit) -> str:
        day = _day_of(sent)
        await close_service.close_day(unit, day, scope, seen)
        return _there(day, scope, "true")

    return await sent.act(work, lambda: _again(sent, sent.text("day"), scope))


@post(
    f"{HERE}/reopenings",
    include_in_schema=False,
    status_code=303,
    verb=("reconciliation.read", "close_reopening.ask"),
)
async def ask_reopening(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Ask that a closed day is opened again."""
    scope = sent.text("scope") or ALL

    async def work(unit: Unit) -> str:
        day = _day_of(sent)
        await reopening_service.ask(unit, day, scope, sent.text("reason"))
        return _there(day, scope, "ask")

    return await sent.act(work, lambda: _again(sent, sent.text("day"), scope))


@post(
    f"{HERE}/reopenings/{{reopening_id:uuid}}/{{verb:str}}",
    include_in_schema=False,
    status_code=303,
    verb=("reconciliation.read", "close_reopening.{verb}"),
)
async def move_reopening(
    reopening_id: FromPath[UUID], verb: FromPath[str], sent: NamedDependency[SentForm]
) -> Response[Any]:
    """Open a day again that another person asked for, leave it closed, or ask no longer."""
    async with sent.services.store.reading() as connection:
        row = await reopening_service.get(connection, sent.actor, reopening_id)

    async def work(unit: Unit) -> str:
        await move_of(unit, reopening_id, verb, sent.text("reason"), sent.version)
        return _there(row.closed_day, row.close_scope, verb)

    return await sent.act(work, lambda: _again(sent, row.closed_day.isoformat(), row.close_scope))


async def _again(sent: SentForm, day: str, scope: str) -> Template:
    return await _page(sent.request, sent.services, day, scope)


def _day_of(sent: SentForm) -> date:
    """Return the day a form names. refuses: invalid_fields."""
    day = asked_day("day", sent.text("day") or None)
    if day is None:
        raise INVALID(errors=[FieldError("day", "missing", N_("Say which day."))])
    return day


def _there(day: date, scope: str, done: str) -> str:
    """Return the address of a day's page, where it says what was done."""
    return f"{HERE}?{urlencode({'day': day.isoformat(), 'scope': scope, 'done': done})}"


async def _page(
    request: AnyRequest,
    services: Services,
    asked: str,
    scope: str,
    *,
    attempt: int = 0,
    message: str | None = None,
) -> Template:
    actor: Actor = request.scope["user"]
    most = rows_to_show(request, _A_PAGE)
    today = local_date(services.store.clock.now())
    day = today - timedelta(days=1)
    with Asked(request):
        day = asked_day("day", asked or None) or day
    scope = scope if scope in SCOPES else ALL
    async with services.store.reading() as connection:
        in_force = await close_service.close_of(connection, day, scope)
        closed = (
            await close_service.earlier_close(connection, day, scope, attempt)
            if attempt
            else in_force
        )
        figures = (
            closed.figures if closed else await close_service.figures_for(connection, day, scope)
        )
        late = await close_service.late_facts(connection, day, scope) if closed else None
        blockers = await close_service.blockers_for(connection, figures) if not closed else ()
        closes = await close_service.closes(connection, limit=most + 1, history=True)
        asked_for = await reopening_service.reopenings(connection, actor, scope, day)
        counted = await reopening_service.counted(connection)
        last = await close_service.last_close(connection, scope)
        names = await names_of(connection, _people(closes, asked_for, closed))
    return show(
        request,
        services,
        "accountant/closes.html",
        day=day,
        scope=scope,
        scopes=[(one, GATEWAY_NAMES[one]) for one in SCOPES],
        over=services.store.clock.now() >= local_midnight(day + timedelta(days=1)),
        closed=closed,
        closed_by=names.get(closed.closed_by, "") if closed else "",
        superseded=closed is not None and closed != in_force,
        may_ask=closed is not None
        and closed == in_force == last
        and policy.may(actor, "close_reopening.ask")
        and not any(row.state == "requested" for row in asked_for),
        reopenings=[
            (
                row,
                REOPENING.state(row.state).label,
                names.get(str(row.requested_by), ""),
                names.get(str(row.decided_by), ""),
                open_moves(row, actor),
            )
            for row in asked_for
        ],
        own=[row.id for row in asked_for if row.requested_by == actor.id],
        counted=counted,
        names=names,
        figures=figures,
        labels=figures_said(scope),
        blockers=[(name, _blocker_says(name, figures)) for name in blockers],
        closed_with=[
            (_blocker_says(one["name"], figures), one["acknowledged"])
            for one in figures.get("blockers", ())
        ],
        proofs=[(says, *_HOLDS[figures["proofs"][name]]) for name, says in PROOFS.items()],
        late=late.rows if late else [],
        sheet=close_text(
            figures,
            closed.proof if closed else "",
            closed.before if closed else "",
            closed.closed_at.isoformat(timespec="minutes") if closed else "",
        ),
        closes=closes[:most],
        more=len(closes) > most,
        intact=closed is None or closed.proof == proof_of(closed.before, closed.figures),
        kinds=KINDS,
        booked_as=KIND_SAYS,
        classes={one.value: says for one, says in CLASS_SAYS.items()},
        gateway_names=GATEWAY_NAMES,
        money_of=Money,
        day_of=date.fromisoformat,
        message=message,
    )


def _people(
    closes: Sequence[DailyCloseRow], asked_for: Sequence[ReopeningRow], shown: DailyCloseRow | None
) -> set[str]:
    """Return who is named on the page."""
    deciding = [by for row in asked_for for by in (row.requested_by, row.decided_by) if by]
    return {row.closed_by for row in (*closes, *([shown] if shown else []))} | {
        str(by) for by in deciding
    }


def _blocker_says(name: str, figures: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a blocker is, as sentences that are said one after the other."""
    if name not in PROOFS:
        return (SHIFTS_WAIT,)
    holds = figures["proofs"][name]
    if name == "carried_over" and holds is None:
        return (DAY_BEFORE_OPEN,)
    return (PROOFS[name], _HOLDS[holds][0])


ROUTES = (show_closes, close, ask_reopening, move_reopening)
