"""Charges: owed once, voided, waived, told."""

import asyncio

import pytest
from sqlalchemy import text

from border.core.actor import PROGRAM, Actor
from border.core.money import Money
from border.core.refusal import Refusal
from border.core.store import Unit
from border.core.tables import EventRow
from border.payments.charges import owing_storage
from border.payments.charges.charge_service import (
    NewCharge,
    charges_on,
    owe_many,
    payment_blocked,
    receivables,
    void,
    waive,
)
from border.payments.charges.tables import ChargeRow
from border.payments.tariffs.assessment import Assessment


async def _void(counter, subject: str) -> list[ChargeRow]:
    async def work(unit: Unit) -> list[ChargeRow]:
        return await void(unit, subject)

    return await counter.store.perform(PROGRAM, work)


async def _waive(
    counter, actor: Actor, charge: ChargeRow, reason: str = "flood relief"
) -> ChargeRow:
    async def work(unit: Unit) -> ChargeRow:
        return await waive(unit, charge.id, reason)

    return await counter.store.perform(actor, work)


async def _settled(counter, subject: str) -> bool:
    async with counter.store.reading() as connection:
        return not await payment_blocked(connection, [subject])


async def test_a_charge_says_what_is_owed_on_what_and_why(counter) -> None:
    charge = await counter.charge(800_000, "BKG-1")
    assert charge.reference.startswith("CHG-")
    assert (charge.state, charge.subject, charge.amount_minor) == ("owed", "BKG-1", 800_000)
    assert charge.explanation[0]["facts"] == {"regime_group": "ordinary"}
    assert charge.rule_codes == ["lao_cai_2014"]
    event = (await counter.rows(EventRow, type="charge.owe"))[0]
    assert (event.subject, event.key) == (charge.reference, "BKG-1")
    assert event.payload == {
        "state": "owed",
        "charge_kind": "infrastructure_fee",
        "amount_minor": 800_000,
        "currency": "VND",
    }
    assert event.private == {}


async def test_the_same_charge_again_is_the_charge_there_is(counter) -> None:
    first = await counter.charge(800_000, "BKG-1")
    assert (await counter.charge(800_000, "BKG-1")).id == first.id
    assert (await counter.charge(100_000, "BKG-1", kind="parking")).id != first.id
    assert await counter.events("charge.owe") == 2


async def test_another_amount_needs_the_first_voided(counter) -> None:
    await counter.charge(800_000, "BKG-1")
    with pytest.raises(Refusal, match="charged_already"):
        await counter.charge(500_000, "BKG-1")
    await _void(counter, "BKG-1")
    again = await counter.charge(500_000, "BKG-1")
    assert again.state == "owed"


@pytest.fixture
def looks(monkeypatch) -> list[object]:
    """Let time pass between looking for a charge and making one, so that rivals overlap.

    Every look is noted.
    """
    look, seen = owing_storage.live_charges, list[object]()

    async def look_slowly(*asked: object) -> dict[tuple[str, str], ChargeRow]:
        seen.append(asked)
        found = await look(*asked)
        await asyncio.sleep(0.05)
        return found

    monkeypatch.setattr(owing_storage, "live_charges", look_slowly)
    return seen


async def _many_at_once(counter) -> list[object]:
    return await asyncio.gather(
        *(counter.charge(800_000, "BKG-1") for _ in range(6)), return_exceptions=True
    )


async def test_many_at_once_owe_one_charge(counter, looks) -> None:
    charges = await _many_at_once(counter)
    assert len({charge.id for charge in charges}) == 1
    assert len(looks) == 6
    assert await counter.events("charge.owe") == 1


async def test_control_without_the_lock_the_rivals_run_into_the_index_and_look_again(
    counter, looks, monkeypatch
) -> None:
    async def no_lock(*_: object) -> None: ...

    monkeypatch.setattr(owing_storage, "lock_subjects", no_lock)
    charges = await _many_at_once(counter)
    assert len(looks) > 6
    assert len({charge.id for charge in charges}) == 1
    assert await counter.events("charge.owe") == 1


def _asked(counter, subject: str, minor: int, kind: str = "infrastructure_fee") -> NewCharge:
    amount = Money(minor, "VND")
    return NewCharge(
        kind, subject, "KIM_THANH_II", counter.trader.organisation_id, Assessment(amount, (), ())
    )


async def test_a_set_is_charged_as_each_would_be(counter) -> None:
    there = await counter.charge(800_000, "BKG-1")
    asked = [
        _asked(counter, "BKG-1", 800_000, there.kind),
        _asked(counter, "BKG-2", 100_000),
        _asked(counter, "BKG-2", 100_000),
        _asked(counter, "BKG-2", 50_000, "parking"),
    ]

    async def work(unit: Unit) -> list[ChargeRow]:
        return await owe_many([(unit, one) for one in asked])

    charges = await counter.store.perform(PROGRAM, work)
    assert charges[0].id == there.id
    assert charges[1].id == charges[2].id != charges[3].id
    assert [charge.amount_minor for charge in charges] == [800_000, 100_000, 100_000, 50_000]
    assert await counter.events("charge.owe") == 3
    async with counter.store.reading() as connection:
        owed = await receivables(connection, charges)
    assert {owed[charge.id].minor for charge in charges} == {800_000, 100_000, 50_000}


async def test_one_amount_that_differs_refuses_the_whole_set(counter) -> None:
    there = await counter.charge(800_000, "BKG-1")

    async def work(unit: Unit) -> list[ChargeRow]:
        asked = [_asked(counter, "BKG-2", 1_000), _asked(counter, "BKG-1", 1_000, there.kind)]
        return await owe_many([(unit, one) for one in asked])

    with pytest.raises(Refusal, match="charged_already"):
        await counter.store.perform(PROGRAM, work)
    assert await counter.events("charge.owe") == 1


async def test_the_database_itself_refuses_a_second_live_charge(counter) -> None:
    charge = await counter.charge(800_000, "BKG-1")
    columns = "gate, created_at, changed_at, subject, kind, payer_organisation_id, amount_minor"
    columns += ", parts, inputs, currency, explanation, rule_codes, version"
    with pytest.raises(Exception, match="uq_charge_live"):
        async with counter.store.engine.begin() as connection:
            await connection.execute(
                text(
                    f"INSERT INTO charge (id, reference, state, {columns}) "
                    f"SELECT gen_random_uuid(), 'CHG-X', 'owed', {columns} FROM charge "
                    "WHERE id = :id"
                ),
                {"id": charge.id},
            )


async def test_voiding_lets_fall_what_is_owed_and_nothing_else(counter) -> None:
    paid, owed = await counter.charge(1, "BKG-1"), await counter.charge(2, "BKG-1", kind="parking")
    other = await counter.charge(3, "BKG-2")
    await counter.open([paid], counter.cashier, "desk")
    voided = await _void(counter, "BKG-1")
    assert [(charge.id, charge.state) for charge in voided] == [(owed.id, "voided")]
    async with counter.store.reading() as connection:
        found = await charges_on(connection, ["BKG-1", "BKG-2", "BKG-3"])
    assert {subject: [(c.id, c.state) for c in rows] for subject, rows in found.items()} == {
        "BKG-1": [(paid.id, "settled"), (owed.id, "voided")],
        "BKG-2": [(other.id, "owed")],
        "BKG-3": [],
    }
    assert await _void(counter, "BKG-1") == []


async def test_a_subject_is_settled_when_nothing_on_it_is_owed(counter) -> None:
    assert await _settled(counter, "BKG-1")
    first = await counter.charge(1, "BKG-1")
    second = await counter.charge(2, "BKG-1", kind="parking")
    await counter.open([first], counter.cashier, "desk")
    assert not await _settled(counter, "BKG-1")
    await _waive(counter, counter.manager, second)
    assert await _settled(counter, "BKG-1")


async def test_a_manager_waives_with_a_reason_that_stays_inside(counter) -> None:
    charge = await counter.charge(800_000, "BKG-1")
    assert (await _waive(counter, counter.manager, charge, " flood relief ")).state == "waived"
    event = (await counter.rows(EventRow, type="charge.waive"))[0]
    assert event.key == "BKG-1"
    assert "reason" not in event.payload
    assert event.private == {"reason": "flood relief"}
    with pytest.raises(Refusal, match="move_not_open"):
        await _waive(counter, counter.manager, charge)


async def test_nobody_else_waives_and_never_without_a_reason(counter) -> None:
    charge = await counter.charge(800_000, "BKG-1")
    for actor in (counter.trader, counter.cashier):
        with pytest.raises(Refusal, match="not_allowed"):
            await _waive(counter, actor, charge)
    with pytest.raises(Refusal, match="invalid_fields"):
        await _waive(counter, counter.manager, charge, "  ")
    assert (await counter.charge_now(charge)).state == "owed"
