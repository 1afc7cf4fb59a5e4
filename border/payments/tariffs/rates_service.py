"""What trips cost: the tariff in force on some days, read once for all that is to be priced."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from border.payments.tariffs.assessment import Assessment, Load
from border.payments.tariffs.rule import TariffRule
from border.payments.tariffs.tariff import assess
from border.payments.tariffs.tariff_service import rules_on_days


@dataclass(frozen=True)
class Rates:
    """What a kind of trip costs on each of some days."""

    kind: str
    rules: Mapping[date, Sequence[TariffRule]]

    def price(
        self, loads: Sequence[Load], vehicle_class: str, on: date, payload_g: int | None = None
    ) -> Assessment | None:
        """Return what a trip costs on one of the days; None if there is no load.

        refuses: no_tariff, mass_unknown.
        """
        return assess(self.rules[on], self.kind, loads, vehicle_class, on, payload_g=payload_g)


async def rates(connection: AsyncConnection, kind: str, days: Collection[date]) -> Rates:
    """Return the tariff in force on each of some days."""
    return Rates(kind, await rules_on_days(connection, kind, days))
