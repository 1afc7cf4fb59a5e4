"""A draft held against what was charged, and prices once charged that stay as they are."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from border.core.ids import new_id
from border.core.store import PROGRAM, Unit
from border.identity.tables import OrganisationRow
from border.payments.charges.charge_service import charges_on
from border.payments.charges.comparison_service import comparison
from border.payments.charges.tables import ChargeRow
from border.payments.tariffs import tariff_service
from border.payments.tariffs.comparison import Comparison
from border.payments.tariffs.tariff import Load, assess
from tests.border.payments.owing import owe

from .conftest import FEE, Office, complete, file_of, header, rate, terms


async def charge(office: Office, loads: list[str | Load], vehicle: str, payer: UUID) -> ChargeRow:
    """Charge a trip of today."""

    async def work(unit: Unit) -> ChargeRow:
        rules = (await tariff_service.rules_on_days(unit.connection, FEE, [date(2026, 11, 23)]))[
            date(2026, 11, 23)
        ]
        found = assess(rules, FEE, loads, vehicle, date(2026, 11, 23))
        assert found is not None
        return await owe(
            unit,
            kind=FEE,
            subject=f"BKG-{new_id()}",
            gate="KIM_THANH_II",
            payer_organisation_id=payer,
            assessment=found,
        )

    return await office.store.perform(PROGRAM, work)


@pytest.fixture
async def payer(office: Office) -> UUID:
    """A firm that owes."""

    async def work(unit: Unit) -> UUID:
        return (await unit.add(OrganisationRow(name="A firm", kind="trader"))).id

    return await office.store.perform(PROGRAM, work)


async def compared(office: Office, code: str, begin: date, end: date) -> Comparison:
    async with office.store.reading() as connection:
        return await comparison(connection, code, begin, end)


async def test_a_draft_is_held_against_what_was_charged(office: Office, payer: UUID) -> None:
    for loads, vehicle in (
        (["ordinary"], "container_40"),
        (["ordinary"], "container_40"),
        (["temporary"], "container_40"),
        (["ordinary", "temporary"], "under_4t"),
    ):
        await charge(office, list(loads), vehicle, payer)
    await office.draft(
        file_of(header(), terms(), rate("next_forty", 900_000, vehicle_class="container_40"))
    )
    found = await compared(office, "next", date(2026, 11, 1), date(2026, 12, 1))
    told = [
        (
            line.vehicle_class,
            line.regime_group,
            line.trips,
            line.collected_minor,
            line.would_be_minor,
            line.difference_minor,
            line.unpriced_trips,
        )
        for line in found.lines
    ]
    assert told == [
        ("under_4t", "mixed", 1, 1_000_000, 0, 0, 1),
        ("container_40", "ordinary", 2, 1_600_000, 1_800_000, 200_000, 0),
        ("container_40", "temporary", 1, 6_000_000, 900_000, -5_100_000, 0),
    ]
    assert found.total().trips == 4
    assert found.unknown_trips == 0


async def test_the_window_is_counted_in_days_at_the_gate(office: Office, payer: UUID) -> None:
    await charge(office, ["ordinary"], "container_40", payer)
    office.clock.advance(timedelta(hours=12))  # 17:00 in UTC: the next day at the gate
    await charge(office, ["ordinary"], "container_40", payer)
    of_one_day = await compared(office, "lao_cai_2014", date(2026, 11, 23), date(2026, 11, 24))
    assert of_one_day.total().trips == 1
    assert of_one_day.total().difference_minor == 0


@pytest.mark.parametrize("days", [0, -1, 367])
async def test_a_window_that_is_none_is_refused(office: Office, days: int) -> None:
    begin = date(2026, 1, 1)
    window = compared(office, "lao_cai_2014", begin, begin + timedelta(days=days))
    assert [error.field for error in (await office.refused(window)).errors] == ["to"]


async def test_a_price_once_charged_is_not_changed_by_any_of_it(
    office: Office, payer: UUID
) -> None:
    owed = await charge(office, ["ordinary"], "container_40", payer)
    await office.draft(complete(begins="2026-11-24", amount=1))
    await office.schedule()
    office.clock.advance(timedelta(days=30))
    async with office.store.reading() as connection:
        (now,) = (await charges_on(connection, [owed.subject]))[owed.subject]
    assert now == owed
    assert now.amount_minor == 800_000
    assert now.inputs["vehicle_class"] == "container_40"
