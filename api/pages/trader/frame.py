"""What the trader's pages share: the names of gates and records."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from border import gates
from border.core.money import Money
from border.payments.charges.charge import CHARGE
from border.payments.face import ChargeRow


async def gate_names(connection: AsyncConnection) -> dict[str, dict[str, str]]:
    """Return the name of each gate in use, by its code and by language."""
    return {gate.code: gate.names for gate in await gates.all_gates(connection)}


def charge_view(charge: ChargeRow) -> dict[str, Any]:
    """Return a charge as a page shows it: its amount, its state in words, its explanation."""
    return {
        "row": charge,
        "amount": Money(charge.amount_minor, charge.currency),
        "says": CHARGE.state(charge.state).label,
        "explanation": [
            {
                "says": line["says"],
                "facts": line["facts"],
                "amount": None
                if line["amount_minor"] is None
                else Money(line["amount_minor"], line["currency"]),
            }
            for line in charge.explanation
        ],
    }


def owed(charges: list[ChargeRow]) -> list[ChargeRow]:
    """Return the charges that are still to be paid."""
    return [charge for charge in charges if charge.state == "owed"]


def total_owed(charges: list[ChargeRow]) -> Money | None:
    """Return what is still to be paid in all, or None; charges here are all in one currency."""
    due = owed(charges)
    return Money(sum(c.amount_minor for c in due), due[0].currency) if due else None
