"""The open drawer: whose it is, what goes in and out, and one open shift for each cashier."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from border.core.ids import new_reference
from border.core.refusal import Refusal
from border.payments.collection.tables import PaymentRow
from border.payments.desk import storage
from border.payments.desk.tables import DeskShiftRow, DeskTakingRow
from border.payments.ledger.book import CASH


def _codes(results: list[Any]) -> list[str]:
    return sorted(str(getattr(one, "code", None) or type(one).__name__) for one in results)


async def test_a_shift_begins_with_the_cash_put_into_the_drawer(till) -> None:
    shift = await till.open(500_000)
    assert (shift.state, shift.float_minor, shift.currency) == ("open", 500_000, "VND")
    assert (shift.cashier_id, shift.opened_at) == (till.cashier.id, till.counter.clock.at)
    assert shift.reference.startswith("SHF-")
    assert shift.overdue_at is not None
    assert await till.counter.events("desk_shift.open", key=shift.reference) == 1


async def test_the_first_cash_of_a_cashier_opens_a_shift_with_nothing_in_it(till) -> None:
    payment = await till.pay(800_000)
    (shift,) = await till.own()
    assert (shift.float_minor, shift.gate) == (0, payment.gate)
    (taking,) = await till.counter.rows(DeskTakingRow)
    assert (taking.kind, taking.reference, taking.payment_id, taking.shift_id) == (
        *("taking", payment.reference, payment.id, shift.id),
    )


async def test_what_a_drawer_took_is_what_the_ledger_has_in_cash(till) -> None:
    shift = await till.open(200_000)
    for amount in (800_000, 50_000, 1_000):
        await till.pay(amount)
    report = await till.report(shift)
    assert report.sums.taken.minor == 851_000 == await till.balance(CASH)
    assert report.sums.expected.minor == 1_051_000
    assert {line.amount.minor for line in report.takings} == {800_000, 50_000, 1_000}
    assert all(len(line.subjects) == 1 for line in report.takings)


async def test_yuan_go_into_a_drawer_of_their_own(till) -> None:
    await till.pay(800_000)
    await till.pay(30_00, currency="CNY")
    assert sorted(shift.currency for shift in await till.own()) == ["CNY", "VND"]


async def test_money_that_nobody_counts_in_notes_is_not_taken(till) -> None:
    with pytest.raises(Refusal, match="invalid_fields") as refused:
        await till.pay(100, currency="USD")
    assert [error.code for error in refused.value.errors] == ["currency_not_taken"]
    assert not await till.counter.rows(PaymentRow)


async def test_a_second_shift_waits_until_the_first_is_counted(till) -> None:
    first = await till.open()
    with pytest.raises(Refusal, match="desk_shift_open") as refused:
        await till.open()
    assert refused.value.facts["reference"] == first.reference
    await till.count(first, 0)
    assert (await till.open()).state == "open"


async def test_each_cashier_has_a_drawer(till) -> None:
    assert (await till.open()).cashier_id != (await till.open(actor=till.manager)).cashier_id


@pytest.mark.parametrize("name", ["trader", "accountant"])
async def test_only_who_takes_money_opens_a_shift(till, name: str) -> None:
    actor = till.accountant if name == "accountant" else till.counter.trader
    with pytest.raises(Refusal, match="not_allowed"):
        await till.open(actor=actor)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"gate": "NOWHERE"}, "gate"),
        ({"currency": "USD"}, "currency"),
        ({"float_minor": -1}, "float_minor"),
    ],
)
async def test_a_shift_that_cannot_be_is_refused_by_its_field(till, asked, field) -> None:
    with pytest.raises(Refusal, match="invalid_fields") as refused:
        await till.open(**asked)
    assert [error.field for error in refused.value.errors] == [field]
    assert not await till.counter.rows(DeskShiftRow)


async def test_after_counting_money_is_refused_until_a_new_shift_is_open(till) -> None:
    await till.pay(800_000)
    (shift,) = await till.own()
    await till.count(shift, 700_000)
    with pytest.raises(Refusal, match="desk_shift_counted") as refused:
        await till.pay(10_000)
    assert refused.value.facts == {"reference": shift.reference}
    assert len(await till.counter.rows(PaymentRow)) == 1, "nothing is written by what was refused"
    second = await till.open(100_000)
    await till.pay(10_000)
    assert (await till.report(second)).sums.expected.minor == 110_000
    assert (await till.report(shift)).sums.expected.minor == 800_000


# Refunds


async def test_a_refund_in_cash_leaves_the_drawer_once(till) -> None:
    shift = await till.open(100_000)
    await till.pay(500_000)
    reference = new_reference("RFD")
    first = await till.pay_out(200_000, reference)
    again = await till.pay_out(200_000, reference)
    assert first == again
    report = await till.report(shift)
    assert report.sums.expected.minor == 400_000
    assert [(line.reference, line.amount.minor) for line in report.payouts] == [
        (reference, 200_000)
    ]
    with pytest.raises(Refusal, match="drawer_paid_out"):
        await till.pay_out(100_000, reference)


async def test_a_refund_is_not_paid_out_of_no_drawer_nor_of_an_empty_one(till) -> None:
    with pytest.raises(Refusal, match="desk_shift_missing"):
        await till.pay_out(1_000)
    await till.open(50_000)
    with pytest.raises(Refusal, match="drawer_short"):
        await till.pay_out(51_000)
    await till.pay_out(50_000)


async def test_two_desks_paying_one_refund_pay_it_once(till) -> None:
    for actor in (till.cashier, till.manager):
        await till.open(100_000, actor)
    reference = new_reference("RFD")
    results = await asyncio.gather(
        *(till.pay_out(60_000, reference, actor) for actor in (till.cashier, till.manager))
    )
    assert results[0] == results[1]
    assert len(await till.counter.rows(DeskTakingRow)) == 1


# Rivals


async def _first_cash_at_once(till, rivals: int = 4) -> list[Any]:
    charges = [await till.counter.charge(10_000) for _ in range(rivals)]
    return await asyncio.gather(
        *(till.pay(charge=charge) for charge in charges), return_exceptions=True
    )


@pytest.fixture
def slow_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every rival look for an open shift before any of them opens one."""
    look, line = storage.lock_open_shift, asyncio.Barrier(4)

    async def look_together(*asked: Any) -> DeskShiftRow | None:
        found = await look(*asked)
        if found is None and not line.broken:
            try:
                async with asyncio.timeout(1):
                    await line.wait()
            except (TimeoutError, asyncio.BrokenBarrierError):
                await line.abort()
        return found

    monkeypatch.setattr(storage, "lock_open_shift", look_together)


@pytest.fixture
def no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the lock on a cashier's drawers away."""

    async def nothing(*_: Any) -> None: ...

    monkeypatch.setattr(storage, "lock_drawers", nothing)


async def test_cash_taken_by_one_cashier_at_once_is_one_shift(till, slow_looking) -> None:
    assert _codes(await _first_cash_at_once(till)) == ["PaymentRow"] * 4
    (shift,) = await till.own()
    assert (await till.report(shift)).sums.taken.minor == 40_000


async def test_control_without_the_lock_the_rivals_run_into_the_index(
    till, slow_looking, no_lock
) -> None:
    results = await _first_cash_at_once(till)
    assert any(isinstance(one, IntegrityError) for one in results)
    assert len(await till.own()) == 1


async def test_control_without_lock_and_index_a_cashier_has_several_open_shifts(
    till, slow_looking, no_lock
) -> None:
    asked = "SELECT indexdef FROM pg_indexes WHERE indexname = 'uq_desk_shift_open'"
    async with till.store.engine.begin() as connection:
        index = await connection.scalar(text(asked))
        await connection.execute(text("DROP INDEX uq_desk_shift_open"))
    try:
        await _first_cash_at_once(till)
        assert len(await till.own()) > 1
    finally:
        async with till.store.engine.begin() as connection:
            await connection.execute(text("TRUNCATE desk_taking, desk_shift"))
            await connection.exec_driver_sql(index)
