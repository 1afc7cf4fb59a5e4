"""The tariff as the program comes with it."""

import csv
from datetime import date
from importlib.resources import files

from border.payments import storage
from border.payments.tables import TariffRuleRow
from border.store import Unit


def seed() -> list[TariffRuleRow]:
    """Return the rates of Decision 58/2014/QĐ-UBND of Lào Cai province.

    Unconfirmed: the decision is older than the Fees and Charges Law and the one now in force was
    not found; nor was the day it took effect, for which the turn of its year stands.
    """
    path = files("border.payments") / "tariff_rules.csv"
    with path.open("r", encoding="utf-8") as file:
        return [
            TariffRuleRow(
                code=row["code"],
                kind=row["kind"],
                regime_group=row["regime_group"],
                vehicle_class=row["vehicle_class"],
                amount_minor=int(row["amount_minor"]),
                currency=row["currency"],
                unit=row["unit"],
                effective_from=date.fromisoformat(row["effective_from"]),
                effective_to=date.fromisoformat(until) if (until := row["effective_to"]) else None,
                legal_basis=row["legal_basis"],
                status=row["status"],
            )
            for row in csv.DictReader(file)
        ]


async def load_tariff(unit: Unit) -> int:
    """Insert the rates the program comes with and return how many were new; none is overwritten.

    writes: tariff_rule.
    """
    return await storage.add_tariff_rules(unit.connection, seed())
