"""Owing one charge, as the tests of payments begin."""

from typing import Any

from border.core.store import Unit
from border.payments.charges.charge_service import NewCharge, owe_many
from border.payments.charges.tables import ChargeRow


async def owe(unit: Unit, **asked: Any) -> ChargeRow:
    """Charge what was assessed on a subject, as `NewCharge` says it."""
    [charge] = await owe_many([(unit, NewCharge(**asked))])
    return charge
