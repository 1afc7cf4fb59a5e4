"""What customs charges on a declaration."""

from datetime import date, timedelta

import pytest

from border.core.actor import PROGRAM, Actor, Role
from border.core.ids import new_id
from border.core.money import Money
from border.core.store import Store, Unit
from border.payments.tariffs.assessment import Assessment
from border.regulation import regulation_service
from border.regulation.rulebook import RuleSet, rules_on
from customs.customs_fee import CUSTOMS_FEE, SEED, CustomsFeeRow, customs_fee

IN_FORCE = RuleSet(
    "customs_fee/ZONE/",
    SEED.code,
    "customs-fee-2021@0123456789ab",
    SEED.legal_basis,
    SEED.effective_from,
    None,
    CUSTOMS_FEE.read(SEED.rows),
)


@pytest.mark.parametrize("direction", ["export", "import"])
def test_ordinary_trade_owes_customs_nothing_at_the_gate(direction: str) -> None:
    assert customs_fee(direction, IN_FORCE) is None


def test_goods_in_transit_owe_two_hundred_thousand_dong_and_the_charge_says_why() -> None:
    owed = customs_fee("transit", IN_FORCE)
    assert owed is not None
    assert owed.amount == Money(200_000, "VND")
    assert [line.amount for line in owed.lines] == [owed.amount]
    assert owed.lines[0].facts == {"legal_basis": "Circular 14/2021/TT-BTC"}
    assert owed.versions == {"customs_fee": IN_FORCE.version}


async def fee_on(store: Store, day: date) -> Assessment | None:
    """Return what goods in transit owe on a day."""
    async with store.reading() as connection:
        book = await rules_on(connection, day, [CUSTOMS_FEE])
    found: RuleSet[CustomsFeeRow] | None = book.find(CUSTOMS_FEE)
    return customs_fee("transit", found)


async def test_before_the_first_rate_nothing_is_owed(store: Store) -> None:
    async def work(unit: Unit) -> None:
        await regulation_service.load(unit, CUSTOMS_FEE, [SEED])

    await store.perform(PROGRAM, work)
    assert await fee_on(store, date(2021, 4, 4)) is None
    assert await fee_on(store, date(2021, 4, 5)) is not None


async def test_a_newer_rate_takes_over_on_its_day(store: Store) -> None:
    officers = [Actor(new_id(), "", frozenset({Role.CUSTOMS_OFFICER})) for _ in range(2)]
    newer = SEED.model_copy(
        update={
            "code": "next",
            "effective_from": date(2027, 1, 1),
            "rows": ({**SEED.rows[0], "amount_minor": 1},),
        }
    )

    async def load(unit: Unit) -> None:
        await regulation_service.load(unit, CUSTOMS_FEE, [SEED])

    async def write(unit: Unit) -> None:
        await regulation_service.put_draft(unit, CUSTOMS_FEE, newer)

    async def approve(unit: Unit) -> None:
        await regulation_service.schedule(unit, CUSTOMS_FEE, "next")

    for actor, work in ((PROGRAM, load), (officers[0], write), (officers[1], approve)):
        await store.perform(actor, work)
    days = [newer.effective_from - timedelta(days=1), newer.effective_from]
    assert [owed.amount.minor for day in days if (owed := await fee_on(store, day))] == [200_000, 1]
