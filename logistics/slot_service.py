"""Slots as they are offered: made ahead from the dated rules, listed for those who choose."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.clock import local_date, local_midnight
from border.core.event import Event
from border.core.postponed import all_or_each, id_of_name
from border.core.store import AnyRow, Store, Unit
from border.core.tables import Record
from border.regulation import regulation_service
from border.regulation.rulebook import sets_since
from border.regulation.tables import RegulationRow
from logistics import share_service, storage
from logistics.calling.terms import CALLING_SEED, CALLING_TERMS, STANDBY_SEED, STANDBY_TERMS
from logistics.capacity import limit_service, limit_storage, template_service
from logistics.capacity.template import HOUR_TEMPLATES, TEMPLATE_SEEDS, opened_longer
from logistics.share_rules import SLOT_SHARES
from logistics.slot import MadeSlot, SlotPlan, SlotRule, plan, renewed
from logistics.slot_rules import (
    CHANGE_TERMS,
    CHANGES_SEED,
    CROSSING_TERMS,
    SLOT_RULES,
    SLOT_SEEDS,
    TERMS_SEED,
    rules_of,
)
from logistics.waiting.terms import WAITING_SEED, WAITING_TERMS


async def load_rules(unit: Unit) -> int:
    """Put the rules of hours, crossing and waiting that are missing; return how many that were."""
    terms = ((CROSSING_TERMS, TERMS_SEED), (CHANGE_TERMS, CHANGES_SEED))
    hours = await regulation_service.load(unit, SLOT_RULES, SLOT_SEEDS)
    hours += await regulation_service.load(unit, HOUR_TEMPLATES, TEMPLATE_SEEDS)
    queues = (
        (WAITING_TERMS, WAITING_SEED),
        (CALLING_TERMS, CALLING_SEED),
        (STANDBY_TERMS, STANDBY_SEED),
    )
    for kind, seed in (*terms, *queues):
        hours += await regulation_service.load(unit, kind, [seed])
    return hours


async def rules_since(connection: AsyncConnection, since: date) -> list[SlotRule]:
    """Return every rule of hours that is in force on a day or later.

    On a day that a template opens longer, a rule for that day alone comes before the others.
    """
    rules = [
        rule
        for found in await sets_since(connection, SLOT_RULES, since)
        for rule in rules_of(found)
    ]
    templates = await template_service.templates_since(connection, since)
    return opened_longer(rules, templates, since) + rules if templates else rules


@dataclass(frozen=True)
class WantedSlot:
    """A slot to be made, or, where one is `made`, to become what `plan` says.

    Without a plan the rules, of which `version` speaks, no longer have this hour.
    """

    plan: SlotPlan | None
    made: MadeSlot | None = None
    version: str = ""

    @property
    def id(self) -> UUID:
        """What it is put off under."""
        if self.plan is None:
            assert self.made is not None
            return id_of_name(self.made.gate, self.made.direction, self.made.starts_at.isoformat())
        rule = self.plan.rule
        return id_of_name(rule.gate, rule.direction, self.plan.starts_at.isoformat())


async def make_slots(unit: Unit, since: date | None = None) -> int:
    """Make every slot that the rules promise from a day on (today); return how many are new.

    Slots of the days after today that were made by other rules than those now in force on their
    day become what the rules say; a place that is taken stays. Repeating it changes nothing.
    writes: slot.
    """
    return await _make(unit, await _wanted(unit.connection, unit.at, since))


async def make_due(store: Store) -> int:
    """Make the slots that `make_slots` makes; one that cannot be made is put off, the others are.

    writes: slot, postponed.
    """
    async with store.reading() as connection:
        wanted = await _wanted(connection, store.clock.now())
    return await all_or_each(store, "slot", wanted, lambda one: one.id, _make)


async def _wanted(
    connection: AsyncConnection, at: datetime, since: date | None = None
) -> list[WantedSlot]:
    """Return what is to be made from a day on (today), and what is to be renewed."""
    today = local_date(at)
    first = since or today
    rules = await rules_since(connection, first - timedelta(days=1))
    made = await storage.slots_made(connection, local_midnight(today + timedelta(days=1)))
    there = await storage.slots_there(connection, local_midnight(first))
    again = [WantedSlot(planned, slot, version) for slot, planned, version in renewed(rules, made)]
    new = [
        WantedSlot(one)
        for one in plan(rules, first)
        if (one.rule.gate, one.rule.direction, one.starts_at) not in there
    ]
    return again + new


async def _make(unit: Unit, wanted: Sequence[WantedSlot]) -> int:
    """Make and renew slots; return how many are new, passing by those made meanwhile."""
    await limit_storage.lock_cutting(unit.connection)
    again = [
        id
        for one in wanted
        if one.made is not None
        for id in await storage.renew_slot(unit.connection, one.made, one.plan, one.version)
    ]
    new = [one.plan for one in wanted if one.made is None and one.plan is not None]
    made = await storage.put_slots(unit.connection, new)
    await limit_service.apply_limits(unit.connection, [*again, *made])
    await share_service.share_out(unit.connection, [*again, *made], unit.at)
    return len(made)


async def on_rules_changed(unit: Unit, event: Event, row: Record | None) -> None:
    """Make the slots ahead what the rules now say, when rules of hours are put in force."""
    if isinstance(row, RegulationRow) and row.kind in (SLOT_RULES.name, HOUR_TEMPLATES.name):
        await make_slots(unit)
    if isinstance(row, RegulationRow) and row.kind == SLOT_SHARES.name:
        await share_service.share_out_ahead(unit)


async def slots_on(
    connection: AsyncConnection, gate: str | None, direction: str | None, on: date, days: int = 1
) -> Sequence[AnyRow]:
    """Return the slots of one local day, or of several from it on."""
    begin, end = local_midnight(on), local_midnight(on + timedelta(days=days))
    return await storage.slots_between(connection, gate, direction, begin, end)
