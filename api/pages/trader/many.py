"""Booking several trucks in one table: a row each, of what the firm has, all asked for at once."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect, Template
from pydantic import ValidationError

from api.http.problems import refusal_of
from api.pages.kit.form import SentForm, go_on, nested
from api.pages.kit.frame import AnyRequest, language, show
from api.pages.kit.labels import sentences_of
from api.pages.trader.book import bookable
from api.pages.trader.booking_form import DAYS, Fleet, day_shown, hours_of
from api.pages.trader.booking_request import read_row
from api.pages.trader.fleet import fleet_of
from api.pages.trader.frame import gate_names
from api.zone import Services
from border.core.actor import Actor
from border.core.clock import local_date
from border.core.refusal import Refusal
from border.core.store import Once
from border.vocabulary import DIRECTIONS
from logistics import slot_service
from logistics.booking_set_service import AskedBooking

_PAGE = "/trader/book/many"
_FEWEST, _MOST = 3, 24


@dataclass(frozen=True)
class Row:
    """A row of the table: what was chosen in it, and why it was refused, if it was."""

    chosen: Mapping[str, str]
    errors: Sequence[str] = field(default_factory=tuple)


@get(_PAGE, include_in_schema=False, verb="booking.hold")
async def show_many(
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    gate: FromQuery[str] = "",
    direction: FromQuery[str] = "",
    date: FromQuery[str] = "",
) -> Template:
    """Show the table, a row for each truck of the firm."""
    form = {"gate": gate, "direction": direction, "date": date}
    return await _page(request, services, actor, form)


@post(_PAGE, status_code=303, verb="booking.hold")
async def book_many(sent: NamedDependency[SentForm]) -> Response[Any] | Template:
    """Hold an hour for each row that names one; those refused come back, the others are held."""
    given = nested(sent.form).get("rows", [])
    chosen = [row for row in given if isinstance(row, dict)] if isinstance(given, list) else []
    async with sent.services.store.reading() as connection:
        fleet = await fleet_of(connection, sent.actor)
    wanted = [(n, row) for n, row in enumerate(chosen[:_MOST]) if row.get("slot_id")]
    ended = await asyncio.gather(
        *(_ask(sent, fleet, n, row) for n, row in wanted), return_exceptions=True
    )
    refused = []
    for (_, row), outcome in zip(wanted, ended, strict=True):
        if isinstance(outcome, Refusal | ValidationError):
            said = sentences_of(refusal_of(outcome, sent.request), language(sent.request))
            refused.append(Row(row, list(dict.fromkeys(said.values()))))
        elif isinstance(outcome, BaseException):
            raise outcome
    if wanted and not refused:
        return Redirect(f"/trader/day?date={sent.text('date')}", status_code=303)
    booked = len(wanted) - len(refused)
    return await _page(sent.request, sent.services, sent.actor, sent.form, refused, booked)


async def _ask(sent: SentForm, fleet: Fleet, n: int, row: Mapping[str, Any]) -> object:
    """Ask for the hour of a row. refuses: as `booking_set_service.book`."""
    slot_id, request = read_row(row, fleet)
    told = sha256(json.dumps([n, row], sort_keys=True, default=str).encode()).digest()
    wanted = AskedBooking(
        slot_id,
        request,
        lambda booked: go_on(f"/trader/bookings/{booked.booking.id}"),
        Once(f"{sent.key}/{n}", told),
    )
    return await sent.services.bookings.ask(sent.actor, wanted)


async def _page(
    request: AnyRequest,
    services: Services,
    actor: Actor,
    form: Mapping[str, Any],
    refused: Sequence[Row] = (),
    booked: int | None = None,
) -> Template:
    at = services.store.clock.now()
    today = local_date(at)
    async with services.store.reading() as connection:
        names = await gate_names(connection)
        gate = str(form.get("gate") or next(iter(names)))
        direction = str(form.get("direction") or "export")
        fleet = await fleet_of(connection, actor)
        loads = [
            row
            for row in await bookable(connection, actor)
            if (row.gate, row.direction) == (gate, direction)
        ]
        slots = await slot_service.slots_on(connection, gate, direction, today, DAYS)
    days = hours_of(slots, at)
    day = day_shown(str(form.get("date") or ""), days, today)
    blank = [Row({"truck": one.key}) for one in fleet.trucks[:_MOST]]
    blank += [Row({})] * max(0, _FEWEST - len(blank))
    return show(
        request,
        services,
        "trader/many.html",
        status=400 if refused else 200,
        rows=refused or blank,
        booked=booked,
        fleet=fleet,
        loads=loads,
        gate=gate,
        direction=direction,
        gate_names=names,
        directions=[(code, term.label) for code, term in DIRECTIONS.items()],
        days=sorted(days),
        day=day,
        hours=[hour for hour in days.get(day, ()) if hour.availability == "free"],
    )


ROUTES = (show_many, book_many)
