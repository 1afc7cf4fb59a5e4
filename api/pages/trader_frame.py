"""What the trader's pages share: who may open them, and the names of gates and records."""

from typing import Any

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.frame import AnyRequest
from api.problems import refusal_of
from api.security import needs
from border import gates
from border.identity.actor import Role
from border.money import Money
from border.payments.charge import CHARGE
from border.payments.tables import ChargeRow
from border.refusal import Refusal

FIRMS = [needs(Role.TRADER, Role.CARRIER)]
"""The guards of the pages: traders and carriers."""


async def gate_names(connection: AsyncConnection) -> dict[str, dict[str, str]]:
    """Return the name of each gate in use, by its code and by language."""
    return {
        gate.code: {"vi": gate.name_vi, "zh": gate.name_zh, "en": gate.name_en}
        for gate in await gates.all_gates(connection)
    }


def refused(error: Exception, request: AnyRequest) -> Refusal:
    """Return a refusal, or what was wrong with a form's shape, as a refusal; else raise."""
    if isinstance(error, Refusal | ValidationError):
        return refusal_of(error, request)
    raise error


def charge_view(charge: ChargeRow) -> dict[str, Any]:
    """Return a charge as a page shows it: its amount, its state in words, its explanation."""
    return {
        "row": charge,
        "amount": Money(charge.amount_minor, charge.currency),
        "says": CHARGE.state(charge.state).says,
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
