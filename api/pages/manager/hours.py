"""The hours of a day as a picture, and limiting them: what it would change is shown before."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from api.http.problems import SHAPE_SAYS
from api.language import localise_date, translator
from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, language, show
from api.zone import Services
from border import gates
from border.core.clock import local_date
from border.core.refusal import INVALID
from border.core.store import Unit
from border.core.words import N_
from border.files.typed_numbers import WrongNumber, read_units
from border.vocabulary import Direction
from logistics.capacity import day_service, limit_service
from logistics.capacity.limit import LIMIT_KINDS, LimitDecision, faults
from logistics.capacity.limit_service import Foreseen
from logistics.capacity.outcome import OUTCOMES
from logistics.share import CLASSES

HERE = "/manager/slots"
_DAYS_AHEAD = 7
_TODAY = N_("today")
_DONE = N_("The limit holds from now on. Who lost an hour has been told.")


@get(HERE, include_in_schema=False, verb="page.manager")
async def show_slots(
    request: AnyRequest,
    services: NamedDependency[Services],
    gate: FromQuery[str] = "",
    direction: FromQuery[str] = Direction.EXPORT,
    on: Annotated[str, QueryParameter(name="date")] = "",
    done: FromQuery[bool] = False,
) -> Template:
    """Show the hours of a day: offered, booked, arrived, admitted, displaced, and what binds."""
    chosen = {"gate": gate, "direction": direction, "date": on}
    return await _page(request, services, chosen, message=_DONE if done else None)


async def _page(
    request: AnyRequest,
    services: Services,
    chosen: Mapping[str, str],
    *,
    foreseen: Foreseen | None = None,
    asked: Mapping[str, Any] | None = None,
    message: str | None = None,
) -> Template:
    at = services.store.clock.now()
    first = local_date(at)
    days = [first + timedelta(days=n) for n in range(-1, _DAYS_AHEAD + 1)]
    day = next((day for day in days if day.isoformat() == chosen["date"]), first)
    way = next((one for one in Direction if one == chosen["direction"]), None)
    async with services.store.reading() as connection:
        known, here = await gates.shown(connection, chosen["gate"])
        hours = await day_service.hours_of_day(connection, here.code, day)
    slots = [hour for hour in hours if way is None or hour.direction == way]
    return show(
        request,
        services,
        "manager/slots.html",
        gates=known,
        gate=here,
        day=day,
        days=named_days(days, request, first),
        direction=way or "",
        slots=slots,
        capacity=sum(slot.capacity for slot in slots),
        taken=sum(slot.taken for slot in slots),
        most=max((slot.planned for slot in slots), default=1),
        ahead=[hour for hour in hours if hour.ends_at > at],
        kinds=list(LIMIT_KINDS.items()),
        kind_names=LIMIT_KINDS,
        outcomes=OUTCOMES,
        share_classes=CLASSES,
        foreseen=foreseen,
        asked=asked or {},
        message=message,
    )


def named_days(days: list[date], request: AnyRequest, first: date) -> list[tuple[str, str]]:
    """Return days as choices of a form: ISO date and words, today marked."""
    locale = language(request)
    say = translator(locale).gettext
    return [
        (
            day.isoformat(),
            localise_date(day, locale, weekday=True)
            + (f" · {say(_TODAY)}" if day == first else ""),
        )
        for day in days
    ]


@post(
    f"{HERE}/limits",
    status_code=303,
    verb=("page.manager", "slot_limit.put"),
)
async def limit_slots(sent: NamedDependency[SentForm]) -> Response[Any] | Template:
    """Show what a limit would change; put it once that was seen."""
    chosen = {name: sent.text(name) for name in ("gate", "direction", "date")}
    page = partial(_page, sent.request, sent.services, chosen)

    async def foresee() -> Template:
        at = sent.services.store.clock.now()
        async with sent.services.store.reading() as connection:
            foreseen = await limit_service.foresee(connection, sent.actor, _read(sent, at), at)
        return await page(foreseen=foreseen, asked=sent.form)

    async def put(unit: Unit) -> str:
        await limit_service.put_limits(unit, _read(sent, unit.at), sent.services.slips)
        return f"{HERE}?gate={chosen['gate']}&direction={chosen['direction']}" + (
            f"&date={chosen['date']}&done=true"
        )

    if sent.text("seen"):
        return await sent.act(put, page)
    return await sent.answer(foresee, page)


def _read(sent: SentForm, at: datetime) -> LimitDecision:
    """Return the limit that a form describes; without a number an older one is taken back.

    A number that cannot be is told with all else that is wrong. Raises ValidationError. refuses:
    invalid_fields.
    """
    typed = {name: sent.text(name) for name in ("gate", "direction", "kind", "reason")}
    for name in ("from", "until"):
        if moment := sent.text(name):
            typed[name] = moment
    try:
        value = read_units(sent.text("value"), 0) if sent.text("value").strip() else None
        if value is not None and value < 0:
            least = "greater_than_equal"
            raise WrongNumber(least, SHAPE_SAYS[least], ge="0")
    except WrongNumber as wrong:
        rest = LimitDecision.model_validate({**typed, "value": 0})
        errors = [wrong.at("value"), *faults(rest.every(), [rest.gate], at)]
        raise INVALID(errors=errors) from None
    return LimitDecision.model_validate({**typed, "value": value})


ROUTES: tuple[Any, ...] = (show_slots, limit_slots)
