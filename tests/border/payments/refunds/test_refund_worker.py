"""Handing refunds to a gateway: once, committed first, and never taking silence for an answer."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Select, text

from border.core.money import Money
from border.core.postponed import FIRST_PAUSE
from border.core.refusal import Refusal
from border.core.store import PROGRAM
from border.payments.collection.reversal_service import apply_reversal
from border.payments.exceptions.tables import ExceptionRow
from border.payments.gateways.evidence import RefundFinding, RefundMethod, RefundReply
from border.payments.ledger.book import REFUND_PAYABLE, due
from border.payments.refunds import storage
from border.payments.refunds.outcome_service import (
    ByStatement,
    record,
    resubmit,
    settle_by_statement,
)
from border.payments.refunds.refund import ASK_AFTER
from border.payments.refunds.refund_service import decline
from border.payments.refunds.request_service import refund_for_subject
from border.payments.refunds.tables import RefundRow

FEE = due("infrastructure_fee")
ALL = Money(800_000, "VND")


async def refused(work) -> str:
    """Return the code of the refusal that work ends in."""
    with pytest.raises(Refusal) as caught:
        await work
    return caught.value.code


async def test_a_refund_is_committed_before_the_gateway_hears_of_it(desk) -> None:
    refund = await desk.approved(await desk.paid())
    seen = []

    async def look() -> None:
        async with desk.store.engine.connect() as connection:
            idle = await connection.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND state LIKE 'idle in transaction%'"
                )
            )
        seen.append((await desk.refund(refund), idle))

    desk.gateway.meanwhile = look
    await desk.works(says="done")
    ((row, in_transaction),) = seen
    (order,) = desk.gateway.orders
    assert (row.state, row.request_id, in_transaction) == ("submitting", order.request_id, 0)
    assert (order.amount, order.full) == (ALL, True)
    now = await desk.refund(refund)
    assert (now.state, now.submissions) == ("succeeded", 1)
    assert await desk.balances() == {}


async def test_accepted_is_not_given_back_yet_and_is_asked_about(desk) -> None:
    paid = await desk.paid()
    refund = await desk.approved(paid)
    await desk.works(says="accepted")
    row = await desk.refund(refund)
    assert row.state == "provider_pending"
    assert row.next_ask_at == desk.counter.clock.at + ASK_AFTER[0]
    assert (await desk.balances())[REFUND_PAYABLE] == -800_000
    assert await desk.works() == 0
    desk.counter.clock.advance(ASK_AFTER[0])
    await desk.works(progress="done")
    assert (await desk.refund(refund)).state == "succeeded"
    assert (await desk.payment(paid)).state == "refunded"


@pytest.mark.parametrize("said", ["silence", "unknown"])
async def test_no_word_and_a_word_that_proves_nothing_are_unknown_and_hold_the_money(
    desk, said: str
) -> None:
    refund = await desk.approved(await desk.paid())
    await desk.works(says=said)
    for days in (0, 1, 5, 40):
        desk.counter.clock.advance(timedelta(days=days))
        await desk.works(progress=said)
        assert (await desk.refund(refund)).state == "unknown"
        assert (await desk.balances())[REFUND_PAYABLE] == -800_000
    assert len(desk.gateway.orders) == 1
    work = desk.does(desk.manager, decline, refund.id, "It takes too long.")
    assert await refused(work) == "move_not_open"


async def test_a_gateway_that_breaks_down_is_no_answer(desk) -> None:
    refund = await desk.approved(await desk.paid())

    async def break_down() -> None:
        raise ConnectionResetError

    desk.gateway.meanwhile = break_down
    await desk.works(says="done")
    assert (await desk.refund(refund)).state == "unknown"


async def test_a_worker_cut_off_before_the_answer_leaves_a_refund_that_is_asked_about(
    desk,
) -> None:
    refund = await desk.approved(await desk.paid())

    async def cut_off() -> None:
        raise asyncio.CancelledError

    desk.gateway.meanwhile = cut_off
    with pytest.raises(asyncio.CancelledError):
        await desk.works(says="done")
    assert (await desk.refund(refund)).state == "submitting"
    desk.gateway.meanwhile = None
    assert await desk.works() == 0
    desk.counter.clock.advance(timedelta(minutes=5))
    await desk.works(progress="done")
    assert (await desk.refund(refund)).state == "succeeded"
    assert len(desk.gateway.orders) == len(desk.gateway.questions) == 1


async def test_a_rejection_puts_the_money_back_and_goes_to_the_accountant(desk) -> None:
    paid = await desk.paid(subject="BKG-1")
    (refund,) = await desk.does(PROGRAM, refund_for_subject, "BKG-1", "Cancelled.", "cancelled")
    await desk.works(says="rejected")
    row = await desk.refund(refund)
    assert (row.state, row.provider_code) == ("rejected", "09")
    assert (await desk.balances())[FEE] == -800_000
    (raised,) = await desk.counter.rows(ExceptionRow)
    assert (raised.kind, raised.reported["refund"]) == ("refund_failed", refund.reference)
    assert raised.lifecycle.state(raised.state).owner == "accountant"
    assert (await desk.payment(paid)).state == "paid"


async def test_a_refund_that_came_back_after_its_success_is_owed_to_the_payer_again(desk) -> None:
    paid = await desk.paid()
    refund = await desk.approved(paid)
    await desk.works(says="done")
    assert await desk.balances() == {}
    desk.counter.clock.advance(timedelta(days=1))
    await desk.works(progress="rejected")
    assert (await desk.refund(refund)).state == "rejected"
    assert await desk.balances() == {"gateway_receivable:vnpay": 800_000, FEE: -800_000}
    (raised,) = await desk.counter.rows(ExceptionRow)
    assert (raised.kind, raised.reported["why"]) == ("refund_failed", "bounce")
    # The charge stays given back, and the money can go another way.
    again = await desk.approved(paid, refund_method=RefundMethod.TRANSFER)
    assert (again.state, again.amount_minor) == ("payout_due", 800_000)


async def test_a_success_that_holds_is_asked_about_a_few_times_and_then_let_be(desk) -> None:
    refund = await desk.approved(await desk.paid())
    await desk.works(says="done", progress="done")
    for days in (1, 2, 4, 7, 30, 90):
        desk.counter.clock.advance(timedelta(days=days))
        await desk.works()
    assert len(desk.gateway.questions) == 4
    assert (await desk.refund(refund)).next_ask_at is None
    assert await desk.balances() == {}


async def test_a_time_out_after_the_gateway_took_it_is_found_again_by_its_word(desk) -> None:
    refund = await desk.approved(await desk.paid())
    await desk.works(says="silence")
    work = desk.does(desk.accountant, resubmit, refund.id)
    assert await refused(work) == "ask_first"
    desk.counter.clock.advance(ASK_AFTER[0])
    await desk.works(progress="silence")
    assert await refused(desk.does(desk.accountant, resubmit, refund.id)) == "ask_first"
    desk.counter.clock.advance(ASK_AFTER[1])
    await desk.works(progress="unknown")
    await desk.does(desk.accountant, resubmit, refund.id)
    await desk.works(says="accepted")
    first, second = desk.gateway.orders
    assert first.request_id == second.request_id
    assert (await desk.refund(refund)).state == "provider_pending"


async def test_a_no_to_the_second_request_says_nothing_about_the_first(desk) -> None:
    refund = await desk.approved(await desk.paid())
    await desk.works(says="unknown")
    desk.counter.clock.advance(ASK_AFTER[0])
    await desk.works(progress="unknown")
    await desk.does(desk.accountant, resubmit, refund.id)
    await desk.works(says="rejected")
    row = await desk.refund(refund)
    assert (row.state, row.provider_code) == ("unknown", "09")
    assert (await desk.balances())[REFUND_PAYABLE] == -800_000


async def test_one_about_to_be_handed_over_again_is_not_declined(desk) -> None:
    refund = await desk.approved(await desk.paid())
    await desk.works(says="unknown")
    desk.counter.clock.advance(ASK_AFTER[0])
    await desk.works(progress="unknown")
    await desk.does(desk.accountant, resubmit, refund.id)
    work = desk.does(desk.manager, decline, refund.id, "Enough.")
    assert await refused(work) == "move_not_open"


@pytest.mark.parametrize("outcome", ["succeeded", "rejected"])
async def test_a_person_records_what_the_gateway_never_said(desk, outcome: str) -> None:
    refund = await desk.approved(await desk.paid())
    await desk.works(says="unknown")
    note = "The bank showed the line by telephone."
    for who, said, why in (
        (desk.manager, outcome, " "),
        (desk.manager, "maybe", note),
    ):
        work = desk.does(who, record, refund.id, said, why)
        assert await refused(work) == "invalid_fields"
    assert await refused(desk.does(desk.cashier, record, refund.id, outcome, note)) == "not_allowed"
    row = await desk.does(desk.manager, record, refund.id, outcome, note)
    assert (row.state, row.note) == (outcome, note)
    assert REFUND_PAYABLE not in await desk.balances()
    verb = "succeed" if outcome == "succeeded" else "reject"
    assert await desk.counter.events(f"refund.{verb}", actor=str(desk.manager.id)) == 1


async def test_a_gateway_that_wants_to_be_left_alone_is(desk) -> None:
    refunds = [await desk.approved(await desk.paid()) for _ in range(3)]
    await desk.works(says="accepted")
    desk.counter.clock.advance(ASK_AFTER[0])
    wait = timedelta(minutes=5)
    desk.gateway.progress = RefundReply(RefundFinding.UNKNOWN, code="94", wait=wait)
    await desk.works()
    assert len(desk.gateway.questions) == 1
    for refund in refunds:
        row = await desk.refund(refund)
        assert row.next_ask_at >= desk.counter.clock.at + wait
        assert row.asked == 0


async def test_a_number_of_another_refund_proves_nothing_about_this_one(desk) -> None:
    paid = await desk.paid()
    first = await desk.approved(paid, 100_000)
    desk.gateway.says = RefundReply(RefundFinding.DONE, provider_txn="R1", code="00")
    await desk.works()
    second = await desk.approved(paid, 200_000)
    await desk.works(says="unknown")
    desk.counter.clock.advance(ASK_AFTER[0])
    desk.gateway.progress = RefundReply(RefundFinding.DONE, provider_txn="R1", code="00")
    await desk.works()
    assert (await desk.refund(first)).state == "succeeded"
    assert (await desk.refund(second)).state == "unknown"
    desk.counter.clock.advance(ASK_AFTER[1])
    desk.gateway.progress = RefundReply(RefundFinding.DONE, provider_txn="R2", code="00")
    await desk.works()
    assert (await desk.refund(second)).provider_txn == "R2"
    assert (await desk.refund(second)).state == "succeeded"


async def test_a_payment_has_one_refund_at_its_gateway_at_a_time(desk) -> None:
    paid = await desk.paid()
    first = await desk.approved(paid, 100_000)
    second = await desk.approved(paid, 200_000)
    await desk.works(says="accepted")
    assert (await desk.refund(first)).state == "provider_pending"
    assert (await desk.refund(second)).state == "approved"
    desk.counter.clock.advance(ASK_AFTER[0])
    await desk.works(progress="done")
    await desk.works(says="done")
    assert (await desk.refund(second)).state == "succeeded"
    assert (await desk.payment(paid)).state == "partially_refunded"


async def test_money_that_the_gateway_took_back_meanwhile_is_not_given_back_again(desk) -> None:
    paid = await desk.paid()
    refund = await desk.approved(paid)
    txn = (await desk.counter.attempt(paid.opened)).provider_txn
    await desk.does(PROGRAM, apply_reversal, "vnpay", txn, "BACK", ALL, desk.counter.clock.at)
    await desk.works(says="done")
    assert (await desk.refund(refund)).state == "declined"
    assert desk.gateway.orders == []
    kinds = {row.kind for row in await desk.counter.rows(ExceptionRow)}
    assert kinds == {"reversed", "refund_failed"}


# A statement decides


async def test_a_statement_settles_what_the_gateway_never_said(desk) -> None:
    refund = await desk.approved(await desk.paid())
    await desk.works(says="silence")
    request = (await desk.refund(refund)).request_id
    at = desk.counter.clock.at
    told = [
        await desk.does(PROGRAM, settle_by_statement, "vnpay", number, money, at)
        for number, money in (
            ("nobody's", ALL),
            (request, Money(1, "VND")),
            (request, ALL),
            (refund.reference, ALL),
        )
    ]
    assert told == [
        ByStatement.UNKNOWN,
        ByStatement.OTHERWISE,
        ByStatement.SETTLED,
        ByStatement.KNOWN,
    ]
    assert await desk.balances() == {}
    again = desk.does(PROGRAM, settle_by_statement, "vnpay", request, ALL, at, returned=True)
    assert await again is ByStatement.SETTLED
    assert (await desk.refund(refund)).state == "rejected"
    assert (await desk.balances())[FEE] == -800_000
    late = desk.does(PROGRAM, settle_by_statement, "vnpay", request, ALL, at)
    assert await late is ByStatement.OTHERWISE


async def test_a_line_under_a_number_we_were_never_told_is_found_by_the_payment(desk) -> None:
    paid = await desk.paid()
    refund = await desk.approved(paid, 100_000)
    await desk.works(says="accepted")
    txn_ref, at = (await desk.counter.attempt(paid.opened)).txn_ref, desk.counter.clock.at
    told = [
        await desk.does(
            PROGRAM, settle_by_statement, "vnpay", "R7", Money(minor, "VND"), at, txn_ref=ref
        )
        for minor, ref in ((99_999, txn_ref), (100_000, "another"), (100_000, txn_ref))
    ]
    assert told == [ByStatement.UNKNOWN, ByStatement.UNKNOWN, ByStatement.SETTLED]
    row = await desk.refund(refund)
    assert (row.state, row.provider_txn) == ("succeeded", "R7")


async def test_a_line_about_what_was_never_handed_over_is_looked_into(desk) -> None:
    refund = await desk.asks(await desk.paid())
    at = desk.counter.clock.at
    told = desk.does(PROGRAM, settle_by_statement, "vnpay", refund.reference, ALL, at)
    assert await told is ByStatement.OTHERWISE


# Rivals, and what happens without the fences


async def _workers_at_once(desk, count: int) -> tuple[int, list[object]]:
    """Let workers work at once on one refund; return how many requests the gateway had.

    With it, what they stumbled over.
    """
    await desk.approved(await desk.paid())
    desk.gateway.orders.clear()
    desk.gateway.meanwhile = lambda: asyncio.sleep(0)
    ended = await asyncio.gather(
        *(desk.works(says="accepted") for _ in range(count)), return_exceptions=True
    )
    return len(desk.gateway.orders), [end for end in ended if isinstance(end, Exception)]


async def test_workers_at_once_hand_a_refund_over_once(desk) -> None:
    for _ in range(5):
        assert await _workers_at_once(desk, 4) == (1, [])


async def test_control_without_lock_and_state_the_refund_is_handed_over_twice(
    desk, monkeypatch
) -> None:
    take_approved, both_read = storage.take_approved, asyncio.Barrier(2)
    met = []

    async def read_together(*given):
        found = await take_approved(*given)
        if found is not None and len(met) < 2:
            met.append(found.id)
            async with asyncio.timeout(10):
                await both_read.wait()
        return found

    life = RefundRow.lifecycle
    everywhere = tuple(
        # The other may have come as far as that meanwhile.
        replace(move, sources=("approved", "submitting", "provider_pending"))
        if move.verb == "submit"
        else move
        for move in life.moves
    )
    monkeypatch.setattr(Select, "with_for_update", lambda self, **_: self)
    monkeypatch.setattr(storage, "take_approved", read_together)
    monkeypatch.setattr(RefundRow, "lifecycle", replace(life, moves=everywhere))
    handed, _ = await _workers_at_once(desk, 2)
    assert handed == 2


async def test_two_refunds_of_one_payment_are_not_handed_over_at_once(desk) -> None:
    for _ in range(4):
        paid = await desk.paid()
        for _ in range(2):
            await desk.approved(paid, 100_000)
        await asyncio.gather(*(desk.works(says="accepted") for _ in range(3)))
        rows = await desk.counter.rows(RefundRow, payment_id=paid.payment.id)
        assert sorted(row.state for row in rows) == ["approved", "provider_pending"]


# A poisoned refund beside a good one


async def test_a_refund_that_cannot_be_handed_over_holds_up_no_other(desk, poisoned) -> None:
    stuck, other = [await desk.approved(await desk.paid()) for _ in range(2)]
    async with poisoned("refund", stuck.id):
        await desk.works(says="done")
    assert [(await desk.refund(one)).state for one in (stuck, other)] == ["approved", "succeeded"]
    await desk.works(says="done")
    assert (await desk.refund(stuck)).state == "approved", "it is left alone for a while"
    desk.counter.clock.advance(FIRST_PAUSE)
    await desk.works(says="done")
    assert (await desk.refund(stuck)).state == "succeeded"


async def test_a_refund_that_cannot_be_asked_about_holds_up_no_other(desk, poisoned) -> None:
    stuck, other = [await desk.approved(await desk.paid()) for _ in range(2)]
    await desk.works(says="unknown")
    desk.counter.clock.advance(ASK_AFTER[0])
    async with poisoned("refund", stuck.id):
        await desk.works(progress="done")
    assert [(await desk.refund(one)).state for one in (stuck, other)] == ["unknown", "succeeded"]
    desk.counter.clock.advance(FIRST_PAUSE)
    await desk.works(progress="done")
    assert (await desk.refund(stuck)).state == "succeeded"


async def test_a_refund_whose_time_is_over_and_cannot_be_moved_holds_up_no_other(
    desk, poisoned
) -> None:
    refunds = [await desk.approved(await desk.paid()) for _ in range(2)]

    async def cut_off() -> None:
        raise asyncio.CancelledError

    desk.gateway.meanwhile = cut_off
    for _ in refunds:
        with pytest.raises(asyncio.CancelledError):
            await desk.works(says="done")
    desk.gateway.meanwhile = None
    desk.counter.clock.advance(timedelta(minutes=5))
    async with poisoned("refund", refunds[0].id):
        await desk.works(progress="unknown")
    states = [(await desk.refund(one)).state for one in refunds]
    assert states == ["submitting", "unknown"]
    desk.counter.clock.advance(FIRST_PAUSE)
    await desk.works(progress="unknown")
    assert (await desk.refund(refunds[0])).state == "unknown"
