"""What the packages above need of payments, and all of it: rates, owe, void, charges on, blocked.

They know no layer of this package, so that a layer can change without them. `ChargeRow` is what
is owed, as a reaction to `charge.settle` gets it; `Load`, `Assessment` and `ExplanationLine` are
what a price is made from and what it is.
"""

from border.payments.charges.charge_service import (
    NewCharge,
    charges_on,
    owe_many,
    payment_blocked,
    void,
)
from border.payments.charges.tables import ChargeRow
from border.payments.tariffs.assessment import Assessment, ExplanationLine, Load
from border.payments.tariffs.rates_service import Rates, rates

__all__ = [
    "Assessment",
    "ChargeRow",
    "ExplanationLine",
    "Load",
    "NewCharge",
    "Rates",
    "charges_on",
    "owe_many",
    "payment_blocked",
    "rates",
    "void",
]
