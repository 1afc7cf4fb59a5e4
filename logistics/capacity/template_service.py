"""Templates become limits: of each hour ahead, what they say of it now, and no more than that."""

from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.clock import local_date
from border.core.store import AnyRow, Store
from border.core.words import N_
from border.regulation.rulebook import sets_since
from logistics.capacity.following_service import NOTHING_SAID, SaidOfHour, Voice, follow
from logistics.capacity.limit import LimitKind
from logistics.capacity.template import HOUR_TEMPLATES, HourTemplate, hours_on, templates_of
from logistics.slip_service import SlipKeys

TEMPLATES = Voice("template", LimitKind.MANAGER, N_("No template says so any more."))


async def templates_since(connection: AsyncConnection, since: date) -> list[HourTemplate]:
    """Return every template that is in force on a day or later."""
    return [
        one
        for found in await sets_since(connection, HOUR_TEMPLATES, since)
        for one in templates_of(found)
    ]


async def apply_due(store: Store, slips: SlipKeys) -> int:
    """Limit the hours ahead by the templates in force; return how many limits that took.

    writes: as `limit_service.decide`.
    """
    async with store.reading() as connection:
        since = local_date(store.clock.now()) - timedelta(days=1)
        templates = await templates_since(connection, since)

    def says(hour: AnyRow) -> SaidOfHour:
        on = local_date(hour.starts_at)
        said = [
            (one.places, one.reason)
            for one in hours_on(templates, hour.gate, hour.direction, on)
            if one.begins < hour.ends_at and hour.starts_at < one.ends
        ]
        return min(said) if said else NOTHING_SAID

    return await follow(store, TEMPLATES, says, slips)
