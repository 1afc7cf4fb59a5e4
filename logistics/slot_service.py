"""Slots as they are offered: made ahead from the dated rules, listed for those who choose."""

from collections.abc import Sequence
from datetime import date, time, timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.clock import local_date, local_midnight
from border.store import AnyRow, Unit
from logistics import storage
from logistics.slot import Direction, plan
from logistics.tables import SlotRuleRow

_PLACES = {"KIM_THANH_II": 40, "BAN_VUOC": 8, "MUONG_KHUONG": 6}
_HOURS = {
    "KIM_THANH_II": (time(7), time(22)),
    "BAN_VUOC": (time(7), time(19)),
    "MUONG_KHUONG": (time(7), time(17)),
}

SEED_RULES = tuple(
    SlotRuleRow(
        code=f"{gate}-{direction}-2026",
        gate=gate,
        direction=direction,
        opens=f"{_HOURS[gate][0]:%H:%M}",
        closes=f"{_HOURS[gate][1]:%H:%M}",
        minutes=60,
        capacity=places,
        days_ahead=7,
        early_minutes=180,
        grace_minutes=30,
        hold_minutes=15,
        effective_from=date(2026, 1, 1),
        legal_basis="seed until the management board decides; 500 trucks out and 500 in a day",
    )
    for gate, places in _PLACES.items()
    for direction in Direction
)
"""Hours of 60 minutes, opened 7 days ahead, 30 minutes' grace: borrowed from other gates."""


async def load_seed(connection: AsyncConnection) -> None:
    """Put the seed rules where they are missing; what an operator changed stays."""
    await put_rules(connection, SEED_RULES)


async def put_rules(connection: AsyncConnection, rules: Sequence[SlotRuleRow]) -> None:
    """Put slot rules where there is none of their code yet. writes: slot_rule."""
    statement = insert(storage.slot_rule).values([row.model_dump() for row in rules])
    await connection.execute(statement.on_conflict_do_nothing())


async def make_slots(unit: Unit, since: date | None = None) -> int:
    """Make every slot that the rules promise from a day on (today); repeating it adds nothing."""
    rules = await storage.slot_rules(unit.connection)
    return await storage.put_slots(unit.connection, plan(rules, since or local_date(unit.at)))


async def slots_on(
    connection: AsyncConnection, gate: str | None, direction: str | None, on: date, days: int = 1
) -> Sequence[AnyRow]:
    """Return the slots of one local day, or of several from it on."""
    begin, end = local_midnight(on), local_midnight(on + timedelta(days=days))
    return await storage.slots_between(connection, gate, direction, begin, end)
