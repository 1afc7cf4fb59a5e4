"""Money that waits: proposed back, applied to charges, or given back by two people."""

import pytest

from border.core.money import Money
from border.core.refusal import Refusal
from border.core.store import PROGRAM
from border.payments.charges.charge_service import void, waive
from border.payments.collection.tables import PaymentRow
from border.payments.exceptions.exception_service import act_on
from border.payments.exceptions.tables import ExceptionRow
from border.payments.gateways.evidence import Finding
from border.payments.ledger.book import OVERPAID, PAYER, REFUND_PAYABLE, UNMATCHED, due
from border.payments.refunds import reserve_service
from border.payments.refunds.refund_service import approve, decline, pay_out
from border.payments.refunds.request_service import ask_refund
from border.payments.refunds.suspense_service import apply_suspense, give_back
from border.payments.refunds.tables import RefundRow

FEE = due("infrastructure_fee")


async def refused(work) -> str:
    """Return the code of the refusal that work ends in."""
    with pytest.raises(Refusal) as caught:
        await work
    return caught.value.code


async def the_exception(desk) -> ExceptionRow:
    (row,) = await desk.counter.rows(ExceptionRow)
    return row


async def paid_twice(desk):
    paid = await desk.paid()
    await desk.counter.apply(paid.opened, Finding.PAID, provider_txn="SECOND")
    return paid


async def test_money_that_came_twice_is_proposed_back_and_one_person_approves(desk) -> None:
    paid = await paid_twice(desk)
    (refund,) = await desk.counter.rows(RefundRow)
    assert (refund.state, refund.requested_by, refund.full) == ("requested", None, True)
    assert (await desk.balances())[REFUND_PAYABLE] == -800_000
    await desk.does(desk.accountant, approve, refund.id)
    raised = await the_exception(desk)
    assert (raised.state, raised.resolution) == ("resolved", "refunded")
    await desk.works(says="done")
    (order,) = desk.gateway.orders
    assert order.provider_txn == "SECOND"
    assert (await desk.refund(refund)).state == "succeeded"
    assert (await desk.payment(paid)).state == "paid"
    assert (await desk.counter.charge_now(paid.charges[0])).state == "settled"
    assert await desk.balances() == {"gateway_receivable:vnpay": 800_000, FEE: -800_000}


async def test_a_proposal_that_is_declined_leaves_the_money_waiting(desk) -> None:
    await paid_twice(desk)
    (refund,) = await desk.counter.rows(RefundRow)
    await desk.does(desk.manager, decline, refund.id, "It pays the next crossing.")
    raised = await the_exception(desk)
    assert raised.state == "open"
    assert (await desk.balances())[OVERPAID] == -800_000
    work = desk.does(desk.manager, act_on, raised.id, "resolve", "Seen.")
    assert await refused(work) == "money_waits"
    again = await desk.does(desk.accountant, give_back, raised.id, "The payer wants it.")
    assert (again.state, again.requested_by) == ("requested", desk.accountant.id)
    assert await refused(desk.does(desk.accountant, approve, again.id)) == "another_approver_needed"
    await desk.does(desk.manager, approve, again.id)
    assert (await the_exception(desk)).state == "resolved"


async def test_money_for_what_was_no_longer_owed_goes_back_whole(desk) -> None:
    charge = await desk.counter.charge()
    opened = await desk.counter.open([charge])
    await desk.does(PROGRAM, void, charge.subject)
    await desk.counter.apply(opened, Finding.PAID, provider_txn="LATE")
    (refund,) = await desk.counter.rows(RefundRow)
    assert refund.rule == "nothing_owed"
    await desk.does(desk.manager, approve, refund.id)
    await desk.works(says="done")
    assert (await desk.counter.payment(opened)).state == "refunded"
    assert await desk.balances() == {}


async def test_a_surplus_is_proposed_back_and_what_was_paid_stays_paid(desk) -> None:
    opened = await desk.counter.open([charge := await desk.counter.charge(800_000)])
    await desk.counter.apply(
        opened, Finding.PAID, amount=Money(900_000, "VND"), provider_txn="MORE"
    )
    assert (await desk.counter.payment(opened)).state == "paid"
    assert (await desk.counter.charge_now(charge)).state == "settled"
    assert await desk.balances() == {
        "gateway_receivable:vnpay": 900_000,
        FEE: -800_000,
        REFUND_PAYABLE: -100_000,
    }
    (rest,) = await desk.counter.rows(RefundRow)
    assert (rest.amount_minor, rest.full, rest.rule) == (100_000, False, "overpaid")
    raised = await the_exception(desk)
    assert (raised.kind, raised.state) == ("overpaid", "open")
    await desk.does(desk.manager, approve, rest.id)
    await desk.works(says="done")
    assert (await desk.counter.payment(opened)).state == "paid"
    assert await refused(desk.does(desk.accountant, give_back, raised.id, "Again.")) == (
        "no_money_waits"
    )
    # What was paid with it goes back like any other charge's money.
    asked = await desk.does(desk.accountant, ask_refund, opened.payment.id, None, "Not used.")
    assert (asked.amount_minor, asked.refund_method) == (800_000, "api")
    await desk.does(desk.manager, approve, asked.id)
    await desk.works(says="done")
    assert desk.gateway.orders[-1].provider_txn == "MORE"
    assert await desk.balances() == {}


async def test_a_surplus_pays_what_the_payer_owes_otherwise(desk) -> None:
    opened = await desk.counter.open([await desk.counter.charge(800_000)])
    await desk.counter.apply(
        opened, Finding.PAID, amount=Money(900_000, "VND"), provider_txn="MORE"
    )
    (proposed,) = await desk.counter.rows(RefundRow)
    small = await desk.counter.charge(60_000)
    raised = await the_exception(desk)
    ended = await desk.does(desk.accountant, apply_suspense, raised.id, [small.id])
    assert (ended.state, ended.resolution) == ("resolved", "applied")
    assert (await desk.refund(proposed)).state == "withdrawn"
    assert (await desk.counter.charge_now(small)).state == "settled"
    assert await desk.balances() == {
        "gateway_receivable:vnpay": 900_000,
        FEE: -860_000,
        OVERPAID: -40_000,
    }
    # The rest of the surplus can still go back.
    rest = await desk.does(desk.accountant, give_back, raised.id, "Paid too much.")
    assert (rest.amount_minor, rest.full) == (40_000, False)


async def test_a_part_on_its_way_back_does_not_count_until_somebody_says_no(desk) -> None:
    opened = await desk.counter.open([charge := await desk.counter.charge(800_000)])
    await desk.counter.apply(opened, Finding.PAID, amount=Money(300_000), provider_txn="ONE")
    raised = await the_exception(desk)
    refund = await desk.does(desk.accountant, give_back, raised.id, "The payer wants it.")
    await desk.counter.apply(opened, Finding.PAID, amount=Money(600_000), provider_txn="TWO")
    assert (await desk.counter.charge_now(charge)).state == "owed"
    assert (await desk.counter.payment(opened)).state == "part_paid"
    await desk.does(desk.manager, decline, refund.id, "The rest came.")
    assert (await desk.counter.charge_now(charge)).state == "settled"
    assert (await desk.counter.payment(opened)).state == "paid"
    assert await desk.balances() == {
        "gateway_receivable:vnpay": 900_000,
        FEE: -800_000,
        UNMATCHED: -100_000,
    }


async def test_control_a_reserve_that_does_not_name_its_money_lets_it_be_used_twice(
    desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(unit, refund) -> None:
        return None

    monkeypatch.setattr(reserve_service, "_of_transaction", nothing)
    opened = await desk.counter.open([charge := await desk.counter.charge(800_000)])
    await desk.counter.apply(opened, Finding.PAID, amount=Money(300_000), provider_txn="ONE")
    raised = await the_exception(desk)
    await desk.does(desk.accountant, give_back, raised.id, "The payer wants it.")
    await desk.counter.apply(opened, Finding.PAID, amount=Money(500_000), provider_txn="TWO")
    assert (await desk.counter.charge_now(charge)).state == "settled"
    assert (await desk.balances())[UNMATCHED] > 0


async def test_parts_of_what_fell_away_are_proposed_back(desk) -> None:
    one, two = await desk.counter.charge(500_000), await desk.counter.charge(300_000)
    opened = await desk.counter.open([one, two])
    await desk.counter.apply(opened, Finding.PAID, amount=Money(300_000), provider_txn="ONE")
    await desk.does(PROGRAM, void, one.subject)
    assert await desk.counter.rows(RefundRow) == []
    await desk.does(PROGRAM, void, two.subject)
    (refund,) = await desk.counter.rows(RefundRow)
    assert (refund.state, refund.rule, refund.amount_minor) == (
        "requested",
        "nothing_owed",
        300_000,
    )
    await desk.does(desk.manager, approve, refund.id)
    await desk.works(says="done")
    assert (await desk.counter.payment(opened)).state == "refunded"
    assert (await the_exception(desk)).resolution == "refunded"
    assert await desk.balances() == {}


async def test_money_that_came_in_parts_goes_back_by_transfer_as_a_whole(desk) -> None:
    opened = await desk.counter.open([await desk.counter.charge(800_000)])
    for number, amount in (("ONE", 300_000), ("TWO", 500_000)):
        await desk.counter.apply(opened, Finding.PAID, amount=Money(amount), provider_txn=number)
    assert (await desk.counter.payment(opened)).state == "paid"
    whole = await desk.does(desk.accountant, ask_refund, opened.payment.id, None, "Not used.")
    assert (whole.amount_minor, whole.refund_method) == (800_000, "transfer")


async def test_too_little_money_applies_to_nothing_and_goes_back(desk) -> None:
    opened = await desk.counter.open([charge := await desk.counter.charge(800_000)])
    await desk.counter.apply(
        opened, Finding.PAID, amount=Money(700_000, "VND"), provider_txn="LESS"
    )
    raised = await the_exception(desk)
    before = await desk.balances()
    work = desk.does(desk.accountant, apply_suspense, raised.id, [charge.id])
    assert await refused(work) == "not_enough_money"
    assert await desk.balances() == before
    assert before[PAYER] == 800_000
    refund = await desk.does(desk.accountant, give_back, raised.id, "Another amount.")
    await desk.does(desk.manager, approve, refund.id)
    await desk.works(says="done")
    assert (await desk.counter.payment(opened)).state == "refunded"


async def test_a_transfer_without_a_name_pays_under_a_payment_of_its_own(desk) -> None:
    raised = await desk.unmatched(800_000)
    charge = await desk.counter.charge(800_000)
    await desk.does(desk.accountant, apply_suspense, raised.id, [charge.id])
    (payment,) = await desk.counter.rows(PaymentRow)
    assert (payment.state, payment.gateway, payment.amount_minor) == ("paid", "vietqr", 800_000)
    assert payment.payer_organisation_id == charge.payer_organisation_id
    assert (await desk.counter.charge_now(charge)).state == "settled"
    assert await desk.balances() == {"gateway_receivable:vietqr": 800_000, FEE: -800_000}


async def test_a_transfer_without_a_name_goes_back_by_transfer(desk) -> None:
    raised = await desk.unmatched(800_000)
    refund = await desk.does(desk.accountant, give_back, raised.id, "Nobody claims it.")
    assert (refund.refund_method, refund.payment_id) == ("transfer", None)
    moved = await desk.does(desk.manager, approve, refund.id)
    assert moved.state == "payout_due"
    await desk.does(desk.accountant, pay_out, refund.id, "FT99")
    assert await desk.balances() == {}


async def test_money_is_applied_to_what_the_same_payer_owes_only(desk) -> None:
    await paid_twice(desk)
    raised = await the_exception(desk)
    rival = desk.counter.rival.organisation_id
    others = await desk.counter.charge(payer=rival)
    waived = await desk.counter.charge()
    await desk.does(desk.manager, waive, waived.id, "A gift.")
    for wrong in (others, waived):
        work = desk.does(desk.accountant, apply_suspense, raised.id, [wrong.id])
        assert await refused(work) == "not_owed_here"
    assert await refused(desk.does(desk.accountant, apply_suspense, raised.id, [])) == (
        "invalid_fields"
    )
    assert await refused(desk.does(desk.cashier, apply_suspense, raised.id, [others.id])) == (
        "not_allowed"
    )
    # Nothing was changed by any of it: the proposal stands.
    (refund,) = await desk.counter.rows(RefundRow)
    assert refund.state == "requested"
    mine = await desk.counter.charge()
    await desk.does(desk.accountant, apply_suspense, raised.id, [mine.id])
    assert (await desk.refund(refund)).state == "withdrawn"
    assert (await desk.counter.charge_now(mine)).state == "settled"
    work = desk.does(desk.accountant, apply_suspense, raised.id, [mine.id])
    assert await refused(work) == "no_money_waits"


async def test_what_is_on_its_way_back_is_not_applied(desk) -> None:
    await paid_twice(desk)
    raised = await the_exception(desk)
    (refund,) = await desk.counter.rows(RefundRow)
    await desk.does(desk.manager, approve, refund.id)
    mine = await desk.counter.charge()
    work = desk.does(desk.accountant, apply_suspense, raised.id, [mine.id])
    assert await refused(work) == "no_money_waits"
