"""Statements of lists: bookings of a firm, day, truck or driver, refused scans. No decisions."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Text, and_, bindparam, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.reading import further, placed
from border.core.statement import Statement, one_of
from border.core.store import AnyRow
from border.identity import policy
from logistics.booking import LIVE
from logistics.passage import HERE
from logistics.storage import NEWEST_FIRST, booked, booking, passage, scan, slip, with_slip
from logistics.tables import LIVE_SQL

ALL, HELD, TO_COME = "all", "held", "to_come"
_WHICH: dict[str, tuple[ColumnElement[bool], ...]] = {
    ALL: (),
    HELD: (booking.c.state == "held",),
    TO_COME: (or_(booking.c.state.in_(LIVE), passage.c.state.in_(HERE)),),
}


async def bookings_of(
    connection: AsyncConnection,
    ours: policy.Reach,
    states: Sequence[str],
    before: tuple[datetime, UUID] | None,
    limit: int,
    declaration_id: UUID | None = None,
    sought: tuple[str, str] | None = None,
) -> Sequence[AnyRow]:
    """Return the bookings within `ours`, newest first.

    `sought` is a part of a plate, and the pattern of a driver's name.
    """
    given = placed(before)
    if sought is not None:
        plate, given["name"] = sought
        # A percent sign cannot stand in a part of a plate; without any part no plate is found.
        given["plate"] = f"%{plate}%" if plate else ""
    if states:
        given["states"] = states
    if declaration_id is not None:
        given["declaration_id"] = declaration_id
    statement = _bookings(ours.scopes, frozenset(given))
    return await statement.rows(connection, **ours.given, **given, limit=limit)


@cache
def _bookings(scopes: tuple[policy.Scope, ...], narrowed: frozenset[str]) -> Statement:
    conditions = [policy.reached("booking.list", scopes, booking)]
    if "states" in narrowed:
        conditions.append(one_of(booking.c.state, "states"))
    if "before_at" in narrowed:
        conditions.append(further(booking.c.created_at, booking.c.id))
    if "declaration_id" in narrowed:
        on_it = booked.c.declaration_id == bindparam("declaration_id")
        conditions.append(booking.c.id.in_(select(booked.c.booking_id).where(on_it)))
    if "plate" in narrowed:
        sought = bindparam("plate", type_=Text())
        name = booking.c.driver["name"].astext
        conditions.append(
            or_(
                booking.c.plate.like(sought),
                booking.c.trailer_plate.like(sought),
                name.op("~")(bindparam("name", type_=Text())),
            )
        )
    newest = with_slip().where(*conditions).order_by(*NEWEST_FIRST)
    return Statement(newest.limit(bindparam("limit")))


async def bookings_between(
    connection: AsyncConnection,
    ours: policy.Reach,
    begin: datetime,
    end: datetime,
    which: str = ALL,
    after: tuple[datetime, UUID] | None = None,
    limit: int | None = None,
) -> Sequence[AnyRow]:
    """Return the bookings within `ours` of the hours that begin in a window, by hour, `after` one.

    Those that came to nothing before their hour are left out. Of the others `which`: all, those
    that are held, or those whose truck is still to come or on its way through the gate.
    """
    given = {} if after is None else {"after_at": after[0], "after_id": after[1]}
    statement = _between(ours.scopes, which, after is not None)
    return await statement.rows(
        connection, **ours.given, **given, begin=begin, end=end, limit=limit
    )


async def bookings_of_gate(
    connection: AsyncConnection,
    ours: policy.Reach,
    begin: datetime,
    end: datetime,
    gate: str,
    direction: str,
) -> Sequence[AnyRow]:
    """Return those that `bookings_between` has of one gate and direction, all of them."""
    given = {"gate": gate, "direction": direction, "begin": begin, "end": end}
    return await _of_gate(ours.scopes).rows(connection, **ours.given, **given)


@cache
def _of_gate(scopes: tuple[policy.Scope, ...]) -> Statement:
    here = (booking.c[name] == bindparam(name) for name in ("gate", "direction"))
    wanted = with_slip().where(*_in_window(scopes), *here)
    return Statement(wanted.order_by(booking.c.slot_starts_at, booking.c.id))


async def count_between(
    connection: AsyncConnection, ours: policy.Reach, begin: datetime, end: datetime
) -> int:
    """Return how many bookings `bookings_between` has in all."""
    found = await _counting(ours.scopes).one(connection, **ours.given, begin=begin, end=end)
    return int(found.number) if found else 0


@cache
def _between(scopes: tuple[policy.Scope, ...], which: str, after: bool) -> Statement:
    place = (booking.c.slot_starts_at, booking.c.id)
    wanted = with_slip().where(*_in_window(scopes), *_WHICH[which])
    if after:
        names = (("after_at", place[0]), ("after_id", place[1]))
        given = (bindparam(name, type_=column.type) for name, column in names)
        wanted = wanted.where(tuple_(*place) > tuple_(*given))
    return Statement(wanted.order_by(*place).limit(bindparam("limit", type_=Integer())))


@cache
def _counting(scopes: tuple[policy.Scope, ...]) -> Statement:
    number = func.count().label("number")
    return Statement(select(number).select_from(booking).where(*_in_window(scopes)))


def _in_window(scopes: tuple[policy.Scope, ...]) -> list[ColumnElement[bool]]:
    starts_at = booking.c.slot_starts_at
    begin, end = (bindparam(name, type_=starts_at.type) for name in ("begin", "end"))
    return [
        policy.reached("booking.list", scopes, booking),
        starts_at >= begin,
        starts_at < end,
        booking.c.state.not_in(("lapsed", "cancelled", "late_cancelled")),
    ]


async def bookings_of_vehicle(
    connection: AsyncConnection, plate: str, limit: int
) -> Sequence[AnyRow]:
    """Return the bookings of a tractor or trailer by its normalised plate, newest first."""
    return await _OF_VEHICLE.rows(connection, plate=plate, limit=limit)


_OF_VEHICLE = Statement(
    with_slip()
    .where(
        or_(booking.c.plate == bindparam("plate"), booking.c.trailer_plate == bindparam("plate"))
    )
    .order_by(*NEWEST_FIRST)
    .limit(bindparam("limit"))
)


_OF_DRIVER = Statement(
    select(booking)
    .where(
        booking.c.slot_starts_at == bindparam("starts_at", type_=booking.c.slot_starts_at.type),
        booking.c.owner_organisation_id == bindparam("owner"),
        booking.c.driver["document_number"].astext == bindparam("document", type_=Text()),
        booking.c.id != bindparam("but"),
        LIVE_SQL,
    )
    .order_by(*NEWEST_FIRST)
)


async def bookings_of_driver(connection: AsyncConnection, but: AnyRow) -> Sequence[AnyRow]:
    """Return the firm's other live bookings in the hour of one that name the same driver."""
    return await _OF_DRIVER.rows(
        connection,
        starts_at=but.slot_starts_at,
        owner=but.owner_organisation_id,
        document=but.driver["document_number"],
        but=but.id,
    )


_seen = scan.c.request["plate_seen"].astext
_on_slip = scan.c.answer["slip"]["plate"].astext
"""What the slip said when it was scanned: its booking may have another truck since."""


def _plain(plate: ColumnElement[str]) -> ColumnElement[str]:
    return func.regexp_replace(func.upper(plate), "[-. ·]", "", "g")


async def refused_scans(
    connection: AsyncConnection,
    plate: str,
    code: str,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Return refused scans, the newest first, with the booking of their slip where there is one.

    `plate` is a part of the truck's, on the slip or seen, or nothing; so is `code`.
    """
    given = placed(before)
    if plate:
        given["plate"] = f"%{plate}%"
    if code:
        given["code"] = code
    return await _refused(frozenset(given)).rows(connection, **given, limit=limit)


@cache
def _refused(narrowed: frozenset[str]) -> Statement:
    conditions = [scan.c.verdict == "refused"]
    if "plate" in narrowed:
        sought = bindparam("plate", type_=Text())
        same_truck = _on_slip == booking.c.plate_typed
        conditions.append(
            or_(
                _plain(_on_slip).like(sought),
                _plain(_seen).like(sought),
                and_(same_truck, booking.c.trailer_plate.like(sought)),
            )
        )
    if "code" in narrowed:
        conditions.append(scan.c.code == bindparam("code", type_=Text()))
    if "before_at" in narrowed:
        conditions.append(further(scan.c.received_at, scan.c.id))
    return Statement(
        select(
            scan.c.id,
            scan.c.received_at,
            scan.c.happened_at,
            scan.c.gate,
            scan.c.lane,
            scan.c.kind,
            scan.c.code,
            scan.c.account,
            scan.c.answer,
            _on_slip.label("plate"),
            _seen.label("plate_seen"),
            (_plain(_on_slip) != _plain(_seen)).label("another_seen"),
            slip.c.reference.label("slip_reference"),
            booking.c.reference.label("booking_reference"),
        )
        .outerjoin(slip, slip.c.id == scan.c.slip_id)
        .outerjoin(booking, booking.c.id == slip.c.booking_id)
        .where(*conditions)
        .order_by(scan.c.received_at.desc(), scan.c.id.desc())
        .limit(bindparam("limit"))
    )
