"""What customs itself charges on a declaration, by dated rates. Pure.

Only goods in transit carry such a charge at this gate. The fee for using the gate's roads and
yards is charged on the crossing, not here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from border.money import Money
from border.payments.tariffs.tariff import Assessment, ExplanationLine
from border.words import N_

TRANSIT_FEE = "customs_transit_fee"
"""The kind of charge for goods in transit, one on each declaration."""
_SAYS = N_("Customs fee for goods in transit, one declaration ({legal_basis})")


@dataclass(frozen=True)
class CustomsFee:
    """A rate for one direction, in force from a day up to but not including another."""

    code: str
    direction: str
    amount: Money
    effective_from: date
    effective_until: date | None
    legal_basis: str
    status: str

    def in_force(self, on: date) -> bool:
        """Say whether the rate holds on the day `on`."""
        return self.effective_from <= on and (
            self.effective_until is None or on < self.effective_until
        )


CUSTOMS_FEES = (
    CustomsFee(
        code="transit_2021",
        direction="transit",
        amount=Money(200_000, "VND"),
        effective_from=date(2021, 4, 5),
        effective_until=None,
        legal_basis="Circular 14/2021/TT-BTC",
        # Circular 86/2025/TT-BTC has replaced it; its rates were not found.
        status="unconfirmed",
    ),
)


def customs_fee(
    direction: str, on: date, fees: Iterable[CustomsFee] = CUSTOMS_FEES
) -> Assessment | None:
    """Return what customs charges on a declaration lodged on the day `on`, or None."""
    fitting = [fee for fee in fees if fee.direction == direction and fee.in_force(on)]
    if not fitting:
        return None
    fee = max(fitting, key=lambda fee: fee.effective_from)
    line = ExplanationLine(_SAYS, {"legal_basis": fee.legal_basis}, fee.amount)
    return Assessment(fee.amount, (line,), (fee.code,))
