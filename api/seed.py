"""What a new zone begins with: gates and lanes, slot rules, the tariff, the first slots."""

from datetime import timedelta

from border import gates
from border.payments.tariffs import tariff_service
from border.store import PROGRAM, Store, Unit
from logistics import slot_service


async def load_reference(store: Store) -> dict[str, int]:
    """Load what is missing of the reference rows and return how many tariff rates and slots were.

    What an operator changed stays; loading it again adds nothing.
    writes: gate, lane, slot_rule, tariff_rule, slot.
    """

    async def work(unit: Unit) -> dict[str, int]:
        await gates.load_seed(unit.connection)
        await slot_service.load_seed(unit.connection)
        rates = await tariff_service.load_tariff(unit)
        return {"tariff_rules": rates, "slots": await slot_service.make_slots(unit)}

    return await store.perform(PROGRAM, work)


ROUND_THE_CLOCK = "KIM_THANH_II"
"""The gate that never closes in the demonstration, so that a truck can cross whenever one looks."""


async def open_round_the_clock(store: Store) -> None:
    """Open one gate day and night, for the demonstration only. writes: gate, slot_rule, slot."""
    rules = [
        rule.model_copy(
            update={
                "code": f"{rule.code}-demo",
                "opens": "00:00",
                "closes": "00:00",
                "effective_from": rule.effective_from + timedelta(days=1),
                "legal_basis": "the demonstration: open day and night",
            }
        )
        for rule in slot_service.SEED_RULES
        if rule.gate == ROUND_THE_CLOCK
    ]

    async def work(unit: Unit) -> None:
        await slot_service.put_rules(unit.connection, rules)
        await gates.set_hours(unit.connection, ROUND_THE_CLOCK, "00:00", "24:00")
        await slot_service.make_slots(unit)

    await store.perform(PROGRAM, work)
