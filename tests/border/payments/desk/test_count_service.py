"""The end of a shift: counted blind, a difference approved by a second person, the cash banked."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.sql import Select

from border.core.actor import Actor, Role
from border.core.ids import new_id, new_reference
from border.core.refusal import Refusal
from border.core.store import Unit
from border.payments.collection.tables import PaymentRow
from border.payments.desk import report as reading
from border.payments.desk import storage
from border.payments.desk.tables import DeskShiftRow
from border.payments.ledger.book import CASH, CASH_VARIANCE
from border.payments.ledger.tables import JournalRow

BANK = "bank:main"


async def _taken(till: Any, *amounts: int, float_minor: int = 0) -> DeskShiftRow:
    """Return an open shift that took some amounts."""
    shift = await till.open(float_minor)
    for amount in amounts:
        await till.pay(amount)
    return shift


def _other(role: Role) -> Actor:
    return Actor(new_id(), role.value, frozenset({role}))


# Counting


async def test_a_drawer_that_holds_what_it_should_is_closed_by_counting_it(till) -> None:
    shift = await _taken(till, 800_000, 50_000, float_minor=100_000)
    closed = await till.count(shift, 950_000)
    assert (closed.state, closed.expected_minor, closed.counted_minor) == (
        *("closed", 950_000, 950_000),
    )
    assert (closed.variance_minor, closed.approved_by) == (0, None)
    assert (closed.closed_at, closed.counted_by) == (till.counter.clock.at, till.cashier.id)
    assert closed.denominations == [
        {"value": 500_000, "pieces": 1},
        {"value": 200_000, "pieces": 2},
        {"value": 50_000, "pieces": 1},
    ]
    assert await till.balance(CASH_VARIANCE) == 0
    assert not await till.counter.rows(JournalRow, kind="cash_variance")


async def test_a_difference_waits_for_a_second_person_and_is_not_booked_before(till) -> None:
    shift = await till.count(await _taken(till, 800_000), 750_000)
    assert (shift.state, shift.variance_minor, shift.closed_at) == ("counted", -50_000, None)
    assert shift.overdue_at is not None
    assert await till.balance(CASH) == 800_000


@pytest.mark.parametrize(("found", "variance"), [(750_000, -50_000), (810_000, 10_000)])
async def test_an_approved_difference_is_booked_once(till, found: int, variance: int) -> None:
    shift = await till.count(await _taken(till, 800_000), found)
    closed = await till.approve(shift, reason="  Wrong change given.  ")
    assert (closed.state, closed.approved_by) == ("closed", till.manager.id)
    assert closed.variance_reason == "Wrong change given."
    assert await till.balance(CASH) == found
    assert await till.balance(CASH_VARIANCE) == -variance
    with pytest.raises(Refusal, match="move_not_open"):
        await till.approve(shift)
    assert len(await till.counter.rows(JournalRow, kind="cash_variance")) == 1


async def test_the_amounts_and_the_reason_stay_inside_the_zone(till) -> None:
    shift = await till.count(await _taken(till, 800_000), 750_000)
    await till.approve(shift, reason="Wrong change.")
    async with till.store.reading() as connection:
        found = await connection.execute(
            text("SELECT type, payload, private FROM event WHERE subject = :subject ORDER BY seq"),
            {"subject": shift.reference},
        )
        events = {one.type: one for one in found}
    assert set(events) == {"desk_shift.open", "desk_shift.count", "desk_shift.approve"}
    assert all(set(one.payload) == {"state"} for one in events.values())
    assert events["desk_shift.count"].private["variance_minor"] == -50_000
    assert events["desk_shift.approve"].private["reason"] == "Wrong change."


async def test_nobody_approves_a_difference_of_their_own(till) -> None:
    both = Actor(new_id(), "both", frozenset({Role.CASHIER, Role.MANAGER}))
    shift = await till.open(actor=both)
    await till.pay(800_000, actor=both)
    counted = await till.count(shift, 700_000, both)
    with pytest.raises(Refusal, match="own_count"):
        await till.approve(counted, both)
    assert (await till.approve(counted, till.accountant)).approved_by == till.accountant.id


async def test_who_counts_a_drawer_that_was_left_does_not_approve_it(till) -> None:
    shift = await till.count(await _taken(till, 800_000), 700_000, till.manager)
    with pytest.raises(Refusal, match="own_count"):
        await till.approve(shift, till.manager)
    assert (await till.approve(shift, _other(Role.MANAGER))).state == "closed"


async def test_the_database_itself_refuses_a_cashier_who_approves(till) -> None:
    shift = await till.count(await _taken(till, 800_000), 700_000)
    with pytest.raises(Exception, match="ck_desk_shift_second_person"):
        async with till.store.engine.begin() as connection:
            await connection.execute(
                text(
                    "UPDATE desk_shift SET state = 'closed', closed_at = counted_at, "
                    "approved_by = cashier_id, variance_reason = 'x' WHERE id = :id"
                ),
                {"id": shift.id},
            )


async def test_a_second_person_counts_again_and_that_count_stands(till) -> None:
    shift = await till.count(await _taken(till, 800_000), 700_000)
    with pytest.raises(Refusal, match="own_count"):
        await till.count(shift, 800_000)
    closed = await till.count(shift, 800_000, till.manager)
    assert (closed.state, closed.variance_minor, closed.counted_by) == (
        *("closed", 0, till.manager.id),
    )
    with pytest.raises(Refusal, match="move_not_open"):
        await till.count(closed, 800_000, till.manager)


async def test_a_difference_is_approved_as_it_was_looked_at(till) -> None:
    shift = await till.count(await _taken(till, 800_000), 700_000)
    await till.count(shift, 600_000, till.manager)
    with pytest.raises(Refusal, match="stale_version"):
        await till.approve(shift, till.accountant, version=shift.version)


@pytest.mark.parametrize("reason", ["", "   "])
async def test_a_difference_without_a_reason_is_not_approved(till, reason: str) -> None:
    shift = await till.count(await _taken(till, 800_000), 700_000)
    with pytest.raises(Refusal, match="invalid_fields"):
        await till.approve(shift, reason=reason)


async def test_a_wrong_count_changes_nothing(till) -> None:
    shift = await _taken(till, 800_000)
    with pytest.raises(Refusal, match="invalid_fields"):
        await till.count(shift, 800_000, pieces=[(500_000, 1)])
    with pytest.raises(Refusal, match="stale_version"):
        await till.count(shift, 800_000, version=7)
    assert (await till.shift(shift.id)).state == "open"


async def test_an_empty_drawer_is_counted_too(till) -> None:
    closed = await till.count(await till.open(), 0, pieces=[])
    assert (closed.state, closed.denominations) == ("closed", [])


# Who sees what


async def test_a_cashier_is_not_told_what_should_be_there_before_it_is_counted(till) -> None:
    shift = await _taken(till, 800_000, 50_000)
    before = await till.report(shift, till.cashier)
    assert (before.blind, before.sums, before.lines, before.count) == (True, None, [], 2)
    assert not (await till.report(shift, till.accountant)).blind
    await till.count(shift, 850_000)
    after = await till.report(shift, till.cashier)
    assert (after.blind, len(after.takings), after.sums.expected.minor) == (False, 2, 850_000)


async def test_a_manager_is_blind_to_a_drawer_of_their_own(till) -> None:
    assert (await till.report(await till.open(actor=till.manager), till.manager)).blind


async def test_cashiers_see_their_own_shifts_and_the_office_every_one(till) -> None:
    one = await till.open()
    other = await till.open(actor=_other(Role.CASHIER))
    with pytest.raises(Refusal, match="not_found"):
        await till.report(other, till.cashier)
    with pytest.raises(Refusal, match="not_found"):
        await till.count(other, 0)
    with pytest.raises(Refusal, match="not_allowed"):
        await till.report(one, till.counter.trader)
    async with till.store.reading() as connection:
        own = await reading.list_shifts(connection, till.cashier)
        every = await reading.list_shifts(connection, till.accountant)
        with pytest.raises(Refusal, match="not_allowed"):
            await reading.list_shifts(connection, till.counter.trader)
        with pytest.raises(Refusal, match="not_allowed"):
            await reading.waiting_shifts(connection, till.cashier)
    assert [listed.shift.id for listed in own] == [one.id]
    assert {listed.shift.id for listed in every} == {one.id, other.id}


# The bank


async def test_the_cash_of_shifts_is_banked_whole_and_the_float_stays(till) -> None:
    first = await till.count(await _taken(till, 800_000, float_minor=100_000), 900_000)
    second = await till.approve(await till.count(await _taken(till, 50_000), 40_000))
    banked = await till.deposit(first, second, amount=840_000, number=" NB-77 ")
    assert {shift.deposit_reference for shift in banked} == {"NB-77"}
    assert await till.balance(BANK) == 840_000
    assert await till.balance(CASH) == 0
    async with till.store.reading() as connection:
        assert await reading.waiting_shifts(connection, till.accountant) == []


async def test_what_is_at_the_bank_is_not_brought_there_again(till) -> None:
    first = await till.count(await _taken(till, 800_000), 800_000)
    await till.deposit(first, amount=800_000)
    with pytest.raises(Refusal, match="deposited_already"):
        await till.deposit(first, amount=800_000, number="NB-2")
    second = await till.count(await _taken(till, 800_000), 800_000)
    with pytest.raises(Refusal, match="deposited_already"):
        await till.deposit(second, amount=800_000, number="NB-1")
    assert await till.balance(BANK) == 800_000
    assert (await till.shift(second.id)).deposited_at is None


async def test_two_accountants_at_once_bank_a_shift_once(till) -> None:
    shift = await till.count(await _taken(till, 800_000), 800_000)
    results = await asyncio.gather(
        *(till.deposit(shift, amount=800_000, number=f"NB-{n}") for n in range(3)),
        return_exceptions=True,
    )
    assert sorted(getattr(one, "code", "banked") for one in results) == [
        *("banked", "deposited_already", "deposited_already"),
    ]
    assert await till.balance(BANK) == 800_000


@pytest.fixture
def without_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the row locks away, and let two rivals look at a shift before either writes."""
    look, both_looked = storage.lock_shifts, asyncio.Barrier(2)

    async def look_together(*asked: Any) -> list[DeskShiftRow]:
        found = await look(*asked)
        with suppress(TimeoutError):  # whoever is run again looks alone
            async with asyncio.timeout(0.5):
                await both_looked.wait()
        return found

    monkeypatch.setattr(Select, "with_for_update", lambda self, **_: self)
    monkeypatch.setattr(storage, "lock_shifts", look_together)


async def _two_bank(till: Any) -> tuple[list[str], int]:
    """Let two accountants bank one shift; return what they heard and what is at the bank."""
    before = await till.balance(BANK)
    shift = await till.count(await _taken(till, 800_000), 800_000)
    results = await asyncio.gather(
        *(till.deposit(shift, amount=800_000, number=new_reference("NB")) for _ in range(2)),
        return_exceptions=True,
    )
    said = sorted(str(getattr(one, "code", "banked")) for one in results)
    return said, await till.balance(BANK) - before


async def test_control_without_the_lock_a_rival_runs_into_the_version(till, without_lock) -> None:
    said, banked = await _two_bank(till)
    assert said in (["banked", "stale_version"], ["banked", "deposited_already"])
    assert banked == 800_000


async def test_control_without_lock_and_version_a_shift_is_banked_twice(
    till, without_lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = Unit.change

    async def change_whatever(unit: Unit, model: Any, id: Any, _: Any, *rest: Any, **columns: Any):
        return await change(unit, model, id, None, *rest, **columns)

    monkeypatch.setattr(Unit, "change", change_whatever)
    # Whoever drew the lower number but wrote second is run again and sees the other's work.
    assert any([(await _two_bank(till))[1] > 800_000 for _ in range(10)])


@pytest.mark.parametrize(
    ("amount", "number", "field"),
    [
        (799_000, "NB-1", "amount_minor"),
        (800_000, "  ", "bank_reference"),
        (800_000, "N" * 65, "bank_reference"),
    ],
)
async def test_a_deposit_that_is_not_right_is_refused_by_its_field(
    till, amount: int, number: str, field: str
) -> None:
    shift = await till.count(await _taken(till, 800_000), 800_000)
    with pytest.raises(Refusal, match="invalid_fields") as refused:
        await till.deposit(shift, amount=amount, number=number)
    assert [error.field for error in refused.value.errors] == [field]


async def test_only_an_accountant_banks_and_only_what_is_closed(till) -> None:
    shift = await _taken(till, 800_000)
    with pytest.raises(Refusal, match="move_not_open"):
        await till.deposit(shift, amount=800_000)
    with pytest.raises(Refusal, match="not_allowed"):
        await till.deposit(shift, amount=800_000, actor=till.manager)
    with pytest.raises(Refusal, match="not_found"):
        await till.deposit(amount=800_000)


async def test_a_drawer_with_no_more_than_its_float_has_nothing_for_the_bank(till) -> None:
    shift = await till.count(await _taken(till, float_minor=100_000), 100_000)
    with pytest.raises(Refusal, match="invalid_fields") as refused:
        await till.deposit(shift, amount=1_000)
    assert [error.code for error in refused.value.errors] == ["nothing"]


async def test_yuan_and_dong_are_banked_apart(till) -> None:
    await till.pay(800_000)
    await till.pay(30_00, currency="CNY")
    closed = [
        await till.count(shift, {"VND": 800_000, "CNY": 30_00}[shift.currency])
        for shift in await till.own()
    ]
    with pytest.raises(Refusal, match="invalid_fields"):
        await till.deposit(*closed, amount=803_000)


# Money that comes while somebody counts


async def _count_while_paying(till: Any, payers: int = 6) -> tuple[DeskShiftRow, list[Any]]:
    """Count a drawer, empty as far as its cashier knows, while others' money goes into it."""
    shift = await till.open()
    charges = [await till.counter.charge(10_000) for _ in range(payers)]
    results = await asyncio.gather(
        *(till.pay(charge=charge) for charge in charges[: payers // 2]),
        till.count(shift, 0, pieces=[]),
        *(till.pay(charge=charge) for charge in charges[payers // 2 :]),
        return_exceptions=True,
    )
    return await till.shift(shift.id), results


async def _nothing_is_lost(till: Any, shift: DeskShiftRow, results: list[Any]) -> bool:
    """Say whether all that was taken is in a drawer, and was expected by whoever counted it."""
    refused = {one.code for one in results if isinstance(one, Refusal)}
    assert refused <= {"desk_shift_counted"}, refused
    bugs = [one for one in results if isinstance(one, Exception) and not isinstance(one, Refusal)]
    assert not bugs
    paid = sum(one.amount_minor for one in results if isinstance(one, PaymentRow))
    assert await till.balance(CASH) == paid
    drawers = await till.counter.rows(DeskShiftRow)
    in_them = [(await till.report(drawer)).sums.taken.minor for drawer in drawers]
    assert sum(in_them) == paid
    return shift.expected_minor == (await till.report(shift)).sums.expected.minor


async def test_money_that_comes_while_a_drawer_is_counted_is_expected_or_not_in_it(till) -> None:
    shift, results = await _count_while_paying(till)
    assert await _nothing_is_lost(till, shift, results)


async def _one_pays_while_one_counts(till: Any, monkeypatch: Any, *, locked: bool) -> bool:
    """Count a drawer that a payment has seen open and fills only when it was summed up, or waits.

    With the row locked the sum waits for the payment instead, which then goes on after a while.
    """
    shift, charge = await till.open(), await till.counter.charge(10_000)
    look, add = storage.lock_open_shift, storage.sums
    seen, summed = asyncio.Event(), asyncio.Event()

    async def look_and_wait(*asked: Any) -> DeskShiftRow | None:
        found = await look(*asked)
        seen.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await summed.wait()
        return found

    async def sum_up(*asked: Any) -> Any:
        found = await add(*asked)
        summed.set()
        return found

    async def count_when_seen() -> DeskShiftRow:
        await seen.wait()
        return await till.count(shift, 0, pieces=[])

    with monkeypatch.context() as patched:
        patched.setattr(storage, "lock_open_shift", look_and_wait)
        patched.setattr(storage, "sums", sum_up)
        if not locked:
            patched.setattr(Select, "with_for_update", lambda self, **_: self)
        results = await asyncio.gather(
            till.pay(charge=charge), count_when_seen(), return_exceptions=True
        )
    return await _nothing_is_lost(till, await till.shift(shift.id), results)


async def test_a_payment_that_saw_the_drawer_open_is_expected_when_it_is_counted(
    till, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await _one_pays_while_one_counts(till, monkeypatch, locked=True)


async def test_control_without_the_row_lock_a_payment_lands_in_a_counted_drawer(
    till, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not await _one_pays_while_one_counts(till, monkeypatch, locked=False)
