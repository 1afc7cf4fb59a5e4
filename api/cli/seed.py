"""What a new zone begins with: gates and lanes, dated rules, the tariff, the first slots."""

from border import gates
from border.core.store import PROGRAM, Store, Unit
from border.payments.tariffs import tariff_service
from border.regulation import regulation_service
from customs import rule_service
from logistics import slot_service
from logistics.slot_rules import SLOT_RULES, round_the_clock
from logistics.telling import texts


async def load_reference(store: Store) -> dict[str, int]:
    """Load what is missing and return how many sets of rules, tariff rates and slots were.

    What an operator changed stays; loading it again adds nothing.
    writes: gate, lane, regulation, slot.
    """

    async def work(unit: Unit) -> dict[str, int]:
        await gates.load_seed(unit.connection)
        rules = await rule_service.load_rules(unit) + await slot_service.load_rules(unit)
        rules += await texts.load(unit)
        rates = await tariff_service.load_tariff(unit)
        slots = await slot_service.make_slots(unit)
        return {"rules": rules, "tariff_rules": rates, "slots": slots}

    return await store.perform(PROGRAM, work)


ROUND_THE_CLOCK = "KIM_THANH_II"
"""The gate that never closes in the demonstration, so that a truck can cross whenever one looks."""


async def open_round_the_clock(store: Store) -> None:
    """Open one gate day and night, for the demonstration only. writes: gate, regulation, slot."""

    async def work(unit: Unit) -> None:
        await regulation_service.load(unit, SLOT_RULES, round_the_clock(ROUND_THE_CLOCK))
        await gates.set_hours(unit.connection, ROUND_THE_CLOCK, "00:00", "24:00")
        await slot_service.make_slots(unit)

    await store.perform(PROGRAM, work)
