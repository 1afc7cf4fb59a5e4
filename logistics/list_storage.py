"""Statements of lists: bookings of a firm, day, truck or driver, refused scans. No decisions."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import Text, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.reading import further, placed
from border.core.statement import Statement, one_of
from border.core.store import AnyRow
from border.identity import policy
from logistics.storage import NEWEST_FIRST, booked, booking, scan, slip, with_slip
from logistics.tables import LIVE_SQL


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
    connection: AsyncConnection, ours: policy.Reach, begin: datetime, end: datetime
) -> Sequence[AnyRow]:
    """Return the bookings within `ours` of the hours that begin in a window, by hour.

    Those that came to nothing before their hour are left out.
    """
    statement = _between(ours.scopes)
    return await statement.rows(connection, **ours.given, begin=begin, end=end)


@cache
def _between(scopes: tuple[policy.Scope, ...]) -> Statement:
    starts_at = booking.c.slot_starts_at
    begin, end = (bindparam(name, type_=starts_at.type) for name in ("begin", "end"))
    return Statement(
        with_slip()
        .where(policy.reached("booking.list", scopes, booking))
        .where(starts_at >= begin, starts_at < end)
        .where(booking.c.state.not_in(("lapsed", "cancelled", "late_cancelled")))
        .order_by(starts_at, booking.c.reference)
    )


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


async def refused_scans(
    connection: AsyncConnection,
    plate: str,
    code: str,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Return refused scans, the newest first, with the booking of their slip where there is one.

    `plate` is a part of the truck's, booked or seen, or nothing; so is `code`.
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
        seen = func.regexp_replace(func.upper(_seen), "[-. ·]", "", "g")
        conditions.append(
            or_(
                booking.c.plate.like(sought),
                booking.c.trailer_plate.like(sought),
                seen.like(sought),
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
            _seen.label("plate_seen"),
            slip.c.reference.label("slip_reference"),
            booking.c.plate_typed,
            booking.c.reference.label("booking_reference"),
        )
        .outerjoin(slip, slip.c.id == scan.c.slip_id)
        .outerjoin(booking, booking.c.id == slip.c.booking_id)
        .where(*conditions)
        .order_by(scan.c.received_at.desc(), scan.c.id.desc())
        .limit(bindparam("limit"))
    )
