"""A draft held against what was charged in a window of days. Reads only."""

from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.clock import local_midnight
from border.core.refusal import INVALID, FieldError
from border.core.words import N_
from border.payments.charges import storage
from border.payments.tariffs import tariff_service
from border.payments.tariffs.comparison import Charged, Comparison, compare

MOST_DAYS = 366


async def comparison(connection: AsyncConnection, code: str, begin: date, end: date) -> Comparison:
    """Return what a resolution would have collected from `begin` until, not including, `end`.

    Only charges of the kinds it sets are counted, and none that fell away or was let off.
    refuses: not_found, invalid_fields.
    """
    if not 0 < (end - begin).days <= MOST_DAYS:
        says = N_("The end comes after the beginning, by at most a year.")
        raise INVALID(errors=[FieldError("to", "window", says)])
    found = await tariff_service.one(connection, code)
    charged = await storage.charged(
        connection, found.contents.kinds, local_midnight(begin), local_midnight(end)
    )
    return compare(
        found.contents.rules,
        [Charged(kind, inputs or {}, amount, trips) for kind, inputs, amount, trips in charged],
    )
