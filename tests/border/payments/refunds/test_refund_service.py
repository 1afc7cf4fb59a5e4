"""Asking for refunds, deciding on them, paying them out, and what that does to the books."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import Select

from border.core.actor import PROGRAM, Actor, Role
from border.core.ids import new_id
from border.core.refusal import Refusal
from border.payments.charges import storage as charge_storage
from border.payments.gateways.evidence import Finding, RefundMethod
from border.payments.ledger.book import COLLECTOR, PAYER, REFUND_PAYABLE, due
from border.payments.refunds import money_storage
from border.payments.refunds.refund_service import approve, decline, pay_out, withdraw
from border.payments.refunds.request_service import ask_refund, refund_for_subject
from border.payments.refunds.tables import RefundRow
from tests.conftest import unlocked

FEE = due("infrastructure_fee")


async def refused(work: Any) -> str:
    """Return the code of the refusal that work ends in."""
    with pytest.raises(Refusal) as caught:
        await work
    return caught.value.code


async def test_asking_sets_the_money_aside_and_declining_puts_it_back(desk) -> None:
    paid = await desk.paid()
    before = await desk.balances()
    refund = await desk.asks(paid)
    assert (refund.state, refund.amount_minor, refund.full) == ("requested", 800_000, True)
    assert refund.overdue_at is not None
    assert (await desk.balances()) == {
        "gateway_receivable:vnpay": 800_000,
        REFUND_PAYABLE: -800_000,
    }
    await desk.does(desk.manager, decline, refund.id, "The truck has passed.")
    assert (await desk.refund(refund)).state == "declined"
    assert await desk.balances() == before == {"gateway_receivable:vnpay": 800_000, FEE: -800_000}
    assert (await desk.payment(paid)).state == "paid"


async def test_no_more_goes_back_than_is_left(desk) -> None:
    paid = await desk.paid()
    for wrong in (0, -1, 800_001):
        assert await refused(desk.asks(paid, wrong)) == "not_refundable"
    await desk.approved(paid, 500_000)
    assert await refused(desk.asks(paid, 300_001)) == "not_refundable"
    assert (await desk.asks(paid, 300_000)).full is False
    assert await refused(desk.asks(paid, 1)) == "refund_waits"


async def test_nothing_goes_back_of_what_was_never_paid(desk) -> None:
    opened = await desk.counter.open([await desk.counter.charge()])
    work = desk.does(desk.accountant, ask_refund, opened.payment.id, None, "No.")
    assert await refused(work) == "not_refundable"
    work = desk.does(desk.accountant, ask_refund, new_id(), None, "No.")
    assert await refused(work) == "not_found"


async def test_the_same_operation_twice_is_one_refund(desk) -> None:
    paid = await desk.paid()
    first = await desk.asks(paid, 100_000, key="click")
    again = await desk.asks(paid, 100_000, key="click")
    assert first.id == again.id
    assert await refused(desk.asks(paid, 200_000, key="click")) == "idempotency_key_reused"
    assert len(await desk.counter.rows(RefundRow)) == 1


async def test_a_payer_asks_for_its_own_money_only(desk) -> None:
    paid = await desk.paid()
    assert await refused(desk.asks(paid, actor=desk.counter.rival)) == "not_found"
    guard = Actor(new_id(), "guard", frozenset({Role.BORDER_GUARD}))
    assert await refused(desk.asks(paid, actor=guard)) == "not_allowed"
    assert await refused(desk.asks(paid, reason=" ")) == "invalid_fields"
    trader = desk.counter.trader
    assert (
        await refused(desk.asks(paid, actor=trader, refund_method=RefundMethod.TRANSFER))
        == "not_allowed"
    )
    mine = await desk.asks(paid, actor=trader)
    assert await refused(desk.does(trader, approve, mine.id)) == "not_allowed"
    assert await refused(desk.does(desk.counter.rival, withdraw, mine.id)) == "not_found"
    assert await refused(desk.does(desk.manager, withdraw, mine.id)) == "not_your_refund"
    assert (await desk.does(trader, withdraw, mine.id)).state == "withdrawn"
    assert (await desk.balances())[FEE] == -800_000


async def test_another_person_approves_than_asked(desk) -> None:
    paid = await desk.paid()
    refund = await desk.asks(paid)
    assert (
        await refused(desk.does(desk.accountant, approve, refund.id)) == "another_approver_needed"
    )
    assert await refused(desk.does(desk.cashier, approve, refund.id)) == "not_allowed"
    moved = await desk.does(desk.accountant2, approve, refund.id)
    assert (moved.state, moved.approved_by) == ("approved", desk.accountant2.id)
    assert await refused(desk.does(desk.manager, approve, refund.id)) == "move_not_open"


@pytest.mark.parametrize("known", ["when_asked", "when_approved"])
async def test_a_truck_that_has_crossed_needs_two_approvals(desk, known: str) -> None:
    paid = await desk.paid()
    refund = await desk.asks(paid, crossed=known == "when_asked")
    first = await desk.does(desk.manager, approve, refund.id, crossed=known == "when_approved")
    assert (first.state, first.needs_two) == ("half_approved", True)
    for same in (desk.manager, desk.accountant):
        assert await refused(desk.does(same, approve, refund.id)) == "another_approver_needed"
    assert await desk.works() == 0
    moved = await desk.does(desk.accountant2, approve, refund.id)
    assert (moved.state, moved.approved_too_by) == ("approved", desk.accountant2.id)


async def test_cash_is_paid_out_by_a_cashier_once(desk) -> None:
    paid = await desk.paid_in_cash()
    refund = await desk.approved(paid)
    assert (refund.state, refund.refund_method) == ("payout_due", "cash")
    assert await desk.works() == 0
    assert await refused(desk.does(desk.accountant, pay_out, refund.id, "7")) == "not_allowed"
    assert await refused(desk.does(desk.cashier, pay_out, refund.id, " ")) == "invalid_fields"
    no_drawer = desk.does(desk.cashier, pay_out, refund.id, "REC-7")
    assert await refused(no_drawer) == "desk_shift_missing"
    # The drawer that took the money has it.
    done = await desk.does(desk.counter.cashier, pay_out, refund.id, "REC-7")
    assert (done.state, done.paid_out_reference) == ("succeeded", "REC-7")
    again = desk.does(desk.cashier, pay_out, refund.id, "REC-8")
    assert await refused(again) == "paid_out_already"
    assert await desk.balances() == {}
    assert (await desk.payment(paid)).state == "refunded"
    assert (await desk.counter.charge_now(paid.charges[0])).state == "refunded"


async def test_one_number_of_the_bank_pays_one_refund(desk) -> None:
    first, second = [
        await desk.approved(await desk.paid(), refund_method=RefundMethod.TRANSFER)
        for _ in range(2)
    ]
    assert first.state == "payout_due"
    await desk.does(desk.accountant, pay_out, first.id, "FT26327")
    assert (
        await refused(desk.does(desk.accountant, pay_out, second.id, "FT26327"))
        == "paid_out_already"
    )
    balances = await desk.balances()
    assert balances["bank:main"] == -800_000
    assert balances["gateway_receivable:vnpay"] == 1_600_000


async def test_parts_are_given_back_in_proportion_and_the_last_finds_what_it_needs(desk) -> None:
    parts = [(FEE, 301), (COLLECTOR, 33), (due("vat"), 7)]
    charge = await desk.charge_of_parts(parts)
    paid = await desk.pays([charge])
    for amount in (1, 1, 1, 100, 99, 139):
        refund = await desk.approved(paid, amount)
        await desk.works(says="done")
        assert (await desk.refund(refund)).state == "succeeded"
        balances = await desk.balances()
        assert all(balances.get(account, 0) <= 0 for account, _ in parts)
        assert REFUND_PAYABLE not in balances
    assert await desk.balances() == {}
    assert (await desk.payment(paid)).state == "refunded"
    assert (await desk.counter.charge_now(charge)).state == "refunded"


async def test_a_part_of_two_charges_leaves_both_paid(desk) -> None:
    paid = await desk.paid(800_000, 400_000)
    await desk.approved(paid, 600_000)
    await desk.works(says="done")
    assert (await desk.payment(paid)).state == "partially_refunded"
    states = {(await desk.counter.charge_now(charge)).state for charge in paid.charges}
    assert states == {"settled"}
    (refund,) = await desk.counter.rows(RefundRow)
    assert sorted(part["amount_minor"] for part in refund.allocations) == [200_000, 400_000]
    assert (await desk.balances())[FEE] == -600_000


# Without anybody asking


async def test_a_subject_that_fell_away_is_refunded_without_a_person(desk) -> None:
    paid = await desk.paid(subject="BKG-1")
    made = await desk.does(PROGRAM, refund_for_subject, "BKG-1", "Cancelled in time.", "cancelled")
    (refund,) = made
    assert (refund.state, refund.automatic, refund.rule) == ("approved", True, "cancelled")
    assert (refund.requested_by, refund.approved_by) == (None, None)
    assert await desk.does(PROGRAM, refund_for_subject, "BKG-1", "Again.", "cancelled") == []
    await desk.works(says="done")
    assert (await desk.payment(paid)).state == "refunded"
    assert await desk.balances() == {}


async def test_only_the_charges_of_the_subject_go_back(desk) -> None:
    first = await desk.counter.charge(800_000, subject="BKG-1")
    second = await desk.counter.charge(400_000, subject="BKG-2")
    paid = await desk.pays([first, second])
    await desk.does(PROGRAM, refund_for_subject, "BKG-2", "Cancelled.", "cancelled")
    await desk.works(says="done")
    assert (await desk.counter.charge_now(first)).state == "settled"
    assert (await desk.counter.charge_now(second)).state == "refunded"
    assert (await desk.payment(paid)).state == "partially_refunded"


async def test_cash_for_a_subject_that_fell_away_waits_for_the_cashier(desk) -> None:
    paid = await desk.paid_in_cash()
    subject = paid.charges[0].subject
    (refund,) = await desk.does(PROGRAM, refund_for_subject, subject, "Cancelled.", "cancelled")
    assert (refund.state, refund.automatic) == ("payout_due", True)


async def test_a_rule_overtakes_what_waits_for_approval(desk) -> None:
    paid = await desk.paid(subject="BKG-1")
    asked = await desk.asks(paid, 100_000)
    (refund,) = await desk.does(PROGRAM, refund_for_subject, "BKG-1", "Cancelled.", "cancelled")
    assert (await desk.refund(asked)).state == "withdrawn"
    assert refund.amount_minor == 800_000


async def test_nothing_paid_on_a_subject_is_nothing_to_give_back(desk) -> None:
    charge = await desk.counter.charge()
    for subject in (charge.subject, "BKG-nobody"):
        assert await desk.does(PROGRAM, refund_for_subject, subject, "Cancelled.", "x") == []


# Rivals, and what happens without the fence


async def _ask_and_order_at_once(desk, paid) -> tuple[int, int]:
    """Ask for a part while a rule gives all back; return what is set aside and what was paid."""
    results = await asyncio.gather(
        desk.asks(paid, 500_000),
        desk.does(PROGRAM, refund_for_subject, paid.charges[0].subject, "Cancelled.", "x"),
        return_exceptions=True,
    )
    assert all(isinstance(result, RefundRow | list | Refusal) for result in results), results
    refunds = await desk.counter.rows(RefundRow)
    held = sum(r.amount_minor for r in refunds if r.state in ("requested", "approved"))
    return held, paid.payment.amount_minor


async def _two_parts_at_once(desk, paid) -> list[str]:
    results = await asyncio.gather(
        desk.asks(paid, 500_000), desk.asks(paid, 500_000), return_exceptions=True
    )
    return sorted(str(getattr(result, "code", "asked")) for result in results)


async def test_two_parts_that_exceed_what_was_paid_race_and_one_wins(desk) -> None:
    for _ in range(4):
        paid = await desk.paid()
        assert await _two_parts_at_once(desk, paid) == ["asked", "refund_waits"]


async def test_asking_and_a_rule_at_once_set_no_more_aside_than_was_paid(desk) -> None:
    for _ in range(4):
        held, captured = await _ask_and_order_at_once(desk, await desk.paid())
        assert held <= captured
        for refund in await desk.counter.rows(RefundRow, state="approved"):
            await desk.does(desk.manager, decline, refund.id, "The next round.")


async def test_control_without_the_locks_more_is_set_aside_than_was_paid(desk, monkeypatch) -> None:
    paid = await desk.paid()
    returned_of, both_read = money_storage.returned_of, asyncio.Barrier(2)

    async def read_together(connection, payment_id):
        returned = await returned_of(connection, payment_id)
        with suppress(TimeoutError):  # whoever is run again reads alone
            async with asyncio.timeout(5):
                await both_read.wait()
        return returned

    monkeypatch.setattr(Select, "with_for_update", lambda self, **_: self)
    for name in ("_LOCKED", "_OWED_LOCKED"):
        monkeypatch.setattr(charge_storage, name, unlocked(getattr(charge_storage, name)))
    monkeypatch.setattr(money_storage, "returned_of", read_together)
    held, captured = await _ask_and_order_at_once(desk, paid)
    assert held == 1_300_000 > captured


async def test_two_approvers_at_once_are_one_approval(desk) -> None:
    refund = await desk.asks(await desk.paid())
    results = await asyncio.gather(
        desk.does(desk.manager, approve, refund.id),
        desk.does(desk.accountant2, approve, refund.id),
        return_exceptions=True,
    )
    said = sorted(str(getattr(result, "code", "approved")) for result in results)
    assert said == ["approved", "move_not_open"]


async def test_a_second_capture_during_a_refund_is_recorded_and_flagged(desk) -> None:
    paid = await desk.paid()
    refund = await desk.approved(paid)
    await desk.works(says="accepted")
    outcome = await desk.counter.apply(paid.opened, Finding.PAID, provider_txn="SECOND")
    assert outcome == "paid_twice"
    proposed = [r for r in await desk.counter.rows(RefundRow) if r.id != refund.id]
    assert [(r.state, r.rule, r.amount_minor) for r in proposed] == [
        ("requested", "paid_twice", 800_000)
    ]
    assert (await desk.refund(refund)).state == "provider_pending"
    assert PAYER not in await desk.balances()
