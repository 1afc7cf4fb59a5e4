"""What the packages above need of payments, and all of it: price, owe, void, charges on, blocked.

They know no layer of this package, so that a layer can change without them. `ChargeRow` is what
is owed, as a reaction to `charge.settle` gets it; `Load`, `Assessment` and `ExplanationLine` are
what a price is made from and what it is.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from border.payments.charges.charge_service import charges_on, owe, payment_blocked, void
from border.payments.charges.tables import ChargeRow
from border.payments.tariffs import storage as tariff_storage
from border.payments.tariffs.assessment import Assessment, ExplanationLine, Load
from border.payments.tariffs.tariff import assess

__all__ = [
    "Assessment",
    "ChargeRow",
    "ExplanationLine",
    "Load",
    "charges_on",
    "owe",
    "payment_blocked",
    "price",
    "void",
]


async def price(
    connection: AsyncConnection,
    kind: str,
    loads: Sequence[Load],
    vehicle_class: str,
    on: date,
    payload_g: int | None = None,
) -> Assessment | None:
    """Return what a trip costs by the tariff in force on a day; None if there is no load.

    refuses: no_tariff, mass_unknown.
    """
    rules = await tariff_storage.tariff_rules(connection, kind)
    return assess(rules, kind, loads, vehicle_class, on, payload_g=payload_g)
