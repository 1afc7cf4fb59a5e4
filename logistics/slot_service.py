"""Slots as they are offered: made ahead from the dated rules, listed for those who choose."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.clock import local_date, local_midnight
from border.core.event import Event
from border.core.store import AnyRow, Unit
from border.core.tables import Record
from border.regulation import regulation_service
from border.regulation.rulebook import sets_since
from border.regulation.tables import RegulationRow
from logistics import storage
from logistics.slot import SlotRule, plan, renewed
from logistics.slot_rules import CROSSING_TERMS, SLOT_RULES, SLOT_SEEDS, TERMS_SEED, rules_of


async def load_rules(unit: Unit) -> int:
    """Put the rules of hours and of crossing that are missing; return how many that were."""
    hours = await regulation_service.load(unit, SLOT_RULES, SLOT_SEEDS)
    return hours + await regulation_service.load(unit, CROSSING_TERMS, [TERMS_SEED])


async def rules_since(connection: AsyncConnection, since: date) -> list[SlotRule]:
    """Return every rule of hours that is in force on a day or later."""
    return [
        rule
        for found in await sets_since(connection, SLOT_RULES, since)
        for rule in rules_of(found)
    ]


async def make_slots(unit: Unit, since: date | None = None) -> int:
    """Make every slot that the rules promise from a day on (today); return how many are new.

    Slots of the days after today that were made by other rules than those now in force on their
    day become what the rules say; a place that is taken stays. Repeating it changes nothing.
    writes: slot.
    """
    today = local_date(unit.at)
    first = since or today
    rules = await rules_since(unit.connection, first - timedelta(days=1))
    made = await storage.slots_made(unit.connection, local_midnight(today + timedelta(days=1)))
    for slot, planned, version in renewed(rules, made):
        await storage.renew_slot(unit.connection, slot, planned, version)
    return await storage.put_slots(unit.connection, plan(rules, first))


async def on_rules_changed(unit: Unit, event: Event, row: Record | None) -> None:
    """Make the slots ahead what the rules now say, when rules of hours are put in force."""
    if isinstance(row, RegulationRow) and row.kind == SLOT_RULES.name:
        await make_slots(unit)


async def slots_on(
    connection: AsyncConnection, gate: str | None, direction: str | None, on: date, days: int = 1
) -> Sequence[AnyRow]:
    """Return the slots of one local day, or of several from it on."""
    begin, end = local_midnight(on), local_midnight(on + timedelta(days=days))
    return await storage.slots_between(connection, gate, direction, begin, end)
