"""What if: a day of the gate run again under other calling rules, with other lanes or hours."""

import asyncio
from collections.abc import Sequence
from datetime import time, timedelta
from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from api.pages.kit.frame import AnyRequest, language, show
from api.pages.kit.labels import sentences_of
from api.pages.manager.hours import named_days
from api.zone import Services
from border import gates
from border.core.clock import local_date
from border.core.refusal import Refusal
from border.regulation.rulebook import rules_on
from border.vocabulary import PRIORITIES, Direction
from logistics.calling.terms import CALLING_TERMS
from logistics.simulation.measures import ClassWait, waits
from logistics.simulation.recorded_service import recording_of_day
from logistics.simulation.recording import Recording
from logistics.simulation.replay import Change, compared
from logistics.simulation.rules import Rule, rules_by

HERE = "/manager/simulation"
_DAYS_BACK = 30
_MOST_LANES = 12
_SEED = 1


@get(HERE, include_in_schema=False, verb="page.manager")
async def show_simulation(
    request: AnyRequest,
    services: NamedDependency[Services],
    gate: FromQuery[str] = "",
    direction: FromQuery[str] = "",
    on: Annotated[str, QueryParameter(name="date")] = "",
    lanes: FromQuery[str] = "",
    opens: FromQuery[str] = "",
    closes: FromQuery[str] = "",
) -> Template:
    """Show the waiting of a day as it was, and under each rule with what is changed.

    Recorded is one lane for each that worked: two let in twice as many an hour.
    """
    today = local_date(services.store.clock.now())
    days = [today - timedelta(days=n) for n in range(_DAYS_BACK)]
    day = next((day for day in days if day.isoformat() == on), days[1])
    way = next((one for one in Direction if one == direction), Direction.EXPORT)
    number = int(lanes) if lanes.isdecimal() and 1 <= int(lanes) <= _MOST_LANES else 1
    change = Change(lanes=number, opens=_time(opens), closes=_time(closes))
    nothing, given, told = None, None, list[tuple[Rule, Sequence[ClassWait]]]()
    async with services.store.reading() as connection:
        known, here = await gates.shown(connection, gate)
        try:
            recording = await recording_of_day(connection, here.code, way, day)
            book = await rules_on(connection, today, [CALLING_TERMS])
            given = recording, list(rules_by(book.of(CALLING_TERMS).rows[0]).values())
        except Refusal as refusal:
            nothing = (refusal.kind.title, sentences_of(refusal, language(request))[""])
    if given:
        told = await asyncio.to_thread(_told, *given, change)
    return show(
        request,
        services,
        "manager/simulation.html",
        gates=known,
        gate=here,
        day=day,
        days=named_days(days, request, today),
        direction=way,
        change=change,
        most_lanes=_MOST_LANES,
        opens=opens,
        closes=closes,
        nothing=nothing,
        told=told,
        longest=max((one.max or 0 for _, waiting in told for one in waiting), default=0) or 1,
        class_names=PRIORITIES,
    )


def _told(
    recording: Recording, rules: Sequence[Rule], change: Change
) -> list[tuple[Rule, Sequence[ClassWait]]]:
    runs = compared(recording, rules, change, _SEED, lambda done: None)
    return [(rule, waits(run)) for rule, run in runs]


def _time(typed: str) -> time | None:
    try:
        return time.fromisoformat(typed)
    except ValueError:
        return None


ROUTES: tuple[Any, ...] = (show_simulation,)
