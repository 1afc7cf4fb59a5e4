"""What the packages above need of payments, and all of it: rates, owe, void, charges on, blocked.

`blocked_among` and `money_moved_since` ask the same as a part of somebody else's statement.

They know no layer of this package, so that a layer can change without them. `ChargeRow` is what
is owed, as a reaction to `charge.settle` gets it; `Load`, `Assessment` and `ExplanationLine` are
what a price is made from and what it is.
"""

from border.payments.charges.charge_service import (
    NewCharge,
    charges_on,
    owe_at_end,
    owe_many,
    payment_blocked,
    void,
)
from border.payments.charges.storage import blocked_among, money_moved_since
from border.payments.charges.tables import ChargeRow
from border.payments.tariffs.assessment import Assessment, ExplanationLine, Load
from border.payments.tariffs.rates_service import RATES, Rates, rates_in

__all__ = [
    "RATES",
    "Assessment",
    "ChargeRow",
    "ExplanationLine",
    "Load",
    "NewCharge",
    "Rates",
    "blocked_among",
    "charges_on",
    "money_moved_since",
    "owe_at_end",
    "owe_many",
    "payment_blocked",
    "rates_in",
    "void",
]
