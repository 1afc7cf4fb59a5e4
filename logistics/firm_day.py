"""A firm's day: its trucks by hour, those to be paid for, and those that come next. Reads only.

Those that lapsed or were cancelled are left out.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.core.clock import local_midnight
from border.identity import policy
from logistics import list_storage
from logistics.booking_service import BookingWithCharges, with_charges


async def trucks(
    connection: AsyncConnection,
    actor: Actor,
    on: date,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[BookingWithCharges]:
    """Return the bookings of a day, by hour, `after` one of them."""
    return await _between(connection, actor, on, 1, list_storage.ALL, after, limit)


async def count_trucks(connection: AsyncConnection, actor: Actor, on: date) -> int:
    """Return how many bookings a day has."""
    ours = policy.reach(actor, "booking.list")
    return await list_storage.count_between(connection, ours, *_window(on, 1))


async def to_be_paid(
    connection: AsyncConnection, actor: Actor, on: date
) -> list[BookingWithCharges]:
    """Return every booking of a day that is held until it is paid."""
    return await _between(connection, actor, on, 1, list_storage.HELD)


async def next_trucks(
    connection: AsyncConnection, actor: Actor, today: date, limit: int
) -> list[BookingWithCharges]:
    """Return the bookings of today and tomorrow whose trucks are to come, or at the gate."""
    return await _between(connection, actor, today, 2, list_storage.TO_COME, None, limit)


async def _between(
    connection: AsyncConnection,
    actor: Actor,
    first: date,
    days: int,
    which: str,
    after: tuple[datetime, UUID] | None = None,
    limit: int | None = None,
) -> list[BookingWithCharges]:
    ours = policy.reach(actor, "booking.list")
    found = await list_storage.bookings_between(
        connection, ours, *_window(first, days), which, after, limit
    )
    return await with_charges(connection, found)


def _window(first: date, days: int) -> tuple[datetime, datetime]:
    return local_midnight(first), local_midnight(first + timedelta(days=days))
