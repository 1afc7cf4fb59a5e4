"""Notices: answered in VNPAY's words, worked once, in any order, through any crash."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Select, text

from border.core.lifecycle import SYSTEM
from border.core.postponed import FIRST_PAUSE, pause_after
from border.core.store import Store, open_engine
from border.core.tables import EventRow, PostponedRow
from border.payments.charges import storage as charge_storage
from border.payments.charges.charge_service import payment_blocked
from border.payments.charges.tables import ChargeRow
from border.payments.collection import payment_storage
from border.payments.collection.notice_service import Inbox, process_inbox, read_return
from border.payments.collection.tables import AttemptRow, NoticeRow, PaymentRow
from border.payments.exceptions.tables import ExceptionRow
from border.payments.gateways.evidence import Finding
from tests.conftest import unlocked


async def test_the_whole_way_from_charge_to_settlement(counter) -> None:
    charge = await counter.charge(800_000, "BKG-1")
    opened = await counter.open([charge])
    assert await counter.take(counter.notice(opened)) == "00"
    assert (await counter.payment(opened)).state == "pending"
    assert await process_inbox(counter.store) == 1
    payment, attempt = await counter.payment(opened), await counter.attempt(opened)
    assert (payment.state, payment.late, attempt.state) == ("paid", False, "succeeded")
    assert payment.paid_at == counter.clock.at + timedelta(minutes=2, seconds=12)
    assert (attempt.provider_txn, attempt.next_ask_at) == ("15000001", None)
    settled = await counter.charge_now(charge)
    assert (settled.state, settled.settled_at) == ("settled", counter.clock.at)
    async with counter.store.reading() as connection:
        assert not await payment_blocked(connection, ["BKG-1"])
    assert await counter.events("charge.settle", key="BKG-1") == 1
    by_word = [*await counter.rows(EventRow, type="payment.pay")]
    by_word += await counter.rows(EventRow, type="charge.settle")
    assert {event.actor_kind for event in by_word} == {"gateway"}
    assert len({event.request_id for event in by_word}) == 1
    assert await process_inbox(counter.store) == 0


async def test_a_forged_notice_changes_nothing_and_is_not_kept(counter) -> None:
    opened = await counter.open([await counter.charge()])
    genuine = counter.notice(opened)
    for forged in (genuine[:-1] + b"0", genuine.replace(b"vnp_Amount=8", b"vnp_Amount=9")):
        if forged != genuine:
            assert await counter.take(forged) == "97"
    assert await counter.rows(NoticeRow) == []
    assert await process_inbox(counter.store) == 0
    assert (await counter.payment(opened)).state == "pending"


async def test_an_unknown_reference_is_told_so_that_it_comes_again(counter) -> None:
    opened = await counter.open([await counter.charge()])
    assert await counter.take(counter.notice(opened, TxnRef="PAYUNKNOWN1")) == "01"
    assert await counter.rows(NoticeRow) == []


@pytest.mark.parametrize(
    ("amount", "booked", "outcome"),
    [
        ("79999900", 799_999, "underpaid"),
        ("800000", 8_000, "underpaid"),
        ("80000050", 0, "review"),
        ("1" * 13, 0, "review"),
    ],
)
async def test_too_little_is_booked_in_suspense_and_opens_nothing(
    counter, amount: str, booked: int, outcome: str
) -> None:
    charge = await counter.charge(800_000)
    opened = await counter.open([charge])
    notice = counter.notice(opened, Amount=amount)
    assert [await counter.take(notice) for _ in range(2)] == ["04", "04"]
    assert await process_inbox(counter.store) == 1
    (kept,) = await counter.rows(NoticeRow)
    assert (kept.outcome, kept.raw) == (outcome, notice)
    assert (await counter.payment(opened)).state == ("part_paid" if booked else "needs_review")
    assert (await counter.charge_now(charge)).state == "owed"
    held = {"gateway_receivable:vnpay": booked, "suspense:unmatched": -booked} if booked else {}
    assert await counter.money() == held
    (raised,) = await counter.rows(ExceptionRow)
    assert (raised.kind, raised.state) == (kept.outcome, "open")


async def test_too_much_pays_and_the_surplus_waits_though_the_protocol_says_04(counter) -> None:
    charge = await counter.charge(800_000)
    opened = await counter.open([charge])
    notice = counter.notice(opened, Amount="80000100")
    assert [await counter.take(notice) for _ in range(2)] == ["04", "04"]
    assert await process_inbox(counter.store) == 1
    assert await counter.outcomes() == ["overpaid"]
    assert (await counter.payment(opened)).state == "paid"
    assert (await counter.charge_now(charge)).state == "settled"
    assert await counter.money() == {"gateway_receivable:vnpay": 800_001, "suspense:overpaid": -1}
    (raised,) = await counter.rows(ExceptionRow)
    assert (raised.kind, raised.state, raised.amount_minor) == ("overpaid", "open", 1)


async def test_another_terminals_notice_is_not_ours(counter) -> None:
    opened = await counter.open([await counter.charge()])
    assert await counter.take(counter.notice(opened, TmnCode="GATE0002")) == "99"
    assert await counter.take(b"") == "99"
    assert await counter.rows(NoticeRow) == []


async def test_a_replay_is_confirmed_already_before_and_after_it_is_worked(counter) -> None:
    opened = await counter.open([await counter.charge()])
    notice = counter.notice(opened)
    assert [await counter.take(notice) for _ in range(2)] == ["00", "02"]
    await process_inbox(counter.store)
    assert await counter.take(notice) == "02"
    # The same success in other bytes is a replay too: it is kept, and settles nothing.
    assert await counter.take(counter.notice(opened, BankCode="VCB")) == "02"
    assert await process_inbox(counter.store) == 1
    assert await counter.outcomes() == ["settled", "nothing_new"]
    assert await counter.events("charge.settle") == 1


async def test_a_notice_that_cannot_be_kept_is_asked_for_again(counter, caplog) -> None:
    opened = await counter.open([await counter.charge()])
    nobody = open_engine("postgresql://nobody@127.0.0.1:1/none")
    unreachable = Store(nobody, counter.clock)
    with caplog.at_level(logging.CRITICAL):
        answer = await Inbox(unreachable).take(counter.vnpay, counter.notice(opened))
    await nobody.dispose()
    assert answer.body == {"RspCode": "99", "Message": "Unknown error"}


async def test_a_crash_after_the_answer_loses_nothing(counter) -> None:
    charge = await counter.charge()
    opened = await counter.open([charge])
    assert await counter.take(counter.notice(opened)) == "00"
    # The program stops here; another one starts on the same database.
    risen = Store(counter.store.engine, counter.clock)
    assert await process_inbox(risen) == 1
    assert (await counter.charge_now(charge)).state == "settled"


async def test_a_crash_while_working_leaves_all_or_nothing(counter, caplog) -> None:
    opened = await counter.open([await counter.charge()])
    other = await counter.open([await counter.charge(500_000)])
    await counter.take(counter.notice(opened))
    await counter.take(counter.notice(other, TransactionNo="15000002"))
    broken = {opened.payment.id}

    async def fall_over(unit, event, row: PaymentRow) -> None:
        if row.id in broken:
            raise RuntimeError("the plug was pulled")

    counter.store.reactions = {"payment.pay": [fall_over]}
    with caplog.at_level(logging.CRITICAL):
        assert await process_inbox(counter.store) == 1
    assert (await counter.payment(opened)).state == "pending"
    assert (await counter.attempt(opened)).state == "pending"
    assert (await counter.payment(other)).state == "paid"
    broken.clear()
    counter.clock.advance(FIRST_PAUSE)
    assert await process_inbox(counter.store) == 1
    assert (await counter.payment(opened)).state == "paid"


async def test_late_money_for_an_expired_payment_settles_what_is_owed_still(counter) -> None:
    charge = await counter.charge()
    opened = await counter.open([charge])
    counter.clock.advance(timedelta(minutes=15, seconds=1))
    await counter.expire()
    assert await counter.take(counter.notice(opened)) == "00"
    await process_inbox(counter.store)
    payment = await counter.payment(opened)
    assert (payment.state, payment.late) == ("paid", True)
    assert (await counter.charge_now(charge)).state == "settled"


async def test_late_money_for_what_was_paid_otherwise_goes_to_review(counter) -> None:
    charge = await counter.charge()
    opened = await counter.open([charge])
    counter.clock.advance(timedelta(minutes=16))
    await counter.expire()
    second = await counter.open([charge])
    await counter.take(counter.notice(second, TransactionNo="15000002"))
    assert await counter.take(counter.notice(opened)) == "00"
    assert await process_inbox(counter.store) == 2
    assert (await counter.payment(second)).state == "paid"
    assert (await counter.payment(opened)).state == "needs_review"
    assert (await counter.attempt(opened)).provider_txn == "15000001"
    assert await counter.outcomes() == ["settled", "nothing_owed"]
    assert await counter.events("charge.settle") == 1


async def test_a_cancellation_at_the_gateway_then_success_is_paid(counter) -> None:
    charge = await counter.charge()
    opened = await counter.open([charge])
    assert await counter.take(counter.notice(opened, "24")) == "00"
    await process_inbox(counter.store)
    assert (await counter.attempt(opened)).state == "failed"
    assert await counter.take(counter.notice(opened)) == "00"
    await process_inbox(counter.store)
    assert (await counter.payment(opened)).state == "paid"
    assert (await counter.charge_now(charge)).state == "settled"


async def test_a_failure_after_success_is_noted_and_takes_nothing_back(counter) -> None:
    opened = await counter.open([await counter.charge()])
    await counter.take(counter.notice(opened))
    await process_inbox(counter.store)
    assert await counter.take(counter.notice(opened, "51")) == "02"
    assert await process_inbox(counter.store) == 1
    assert await counter.outcomes() == ["settled", "noted"]
    assert (await counter.payment(opened)).state == "paid"


async def test_suspicion_sets_the_payment_aside(counter) -> None:
    opened = await counter.open([await counter.charge()])
    assert await counter.take(counter.notice(opened, "07", "07")) == "00"
    await process_inbox(counter.store)
    assert (await counter.payment(opened)).state == "needs_review"


async def test_a_notice_that_leaves_it_open_has_the_gateway_asked_next(counter) -> None:
    opened = await counter.open([await counter.charge()])
    assert await counter.take(counter.notice(opened, "00", "01")) == "00"
    await process_inbox(counter.store)
    attempt = await counter.attempt(opened)
    assert (attempt.state, attempt.next_ask_at) == ("pending", counter.clock.at)


async def test_the_return_page_shows_and_changes_nothing(counter) -> None:
    opened = await counter.open([await counter.charge()])
    async with counter.store.reading() as connection:
        view = await read_return(connection, counter.vnpay, counter.notice(opened))
        forged = await read_return(connection, counter.vnpay, counter.notice(opened)[:-2])
    assert (view.genuine, view.claimed) == (True, Finding.PAID)
    assert view.payment is not None
    assert view.payment.state == "pending"
    assert (forged.genuine, forged.claimed, forged.payment) == (False, None, None)
    assert await counter.rows(NoticeRow) == []
    assert await process_inbox(counter.store) == 0


# Rivals, and what happens without the fences


async def _twenty_at_once(counter) -> tuple[list[str], int, ChargeRow]:
    charge = await counter.charge()
    notice = counter.notice(await counter.open([charge]))
    answers = await asyncio.gather(*(counter.take(notice) for _ in range(20)))
    worked = sum(await asyncio.gather(*(process_inbox(counter.store) for _ in range(6))))
    return sorted(answers), worked, charge


async def test_twenty_identical_notices_at_once_are_one_settlement(counter) -> None:
    answers, worked, charge = await _twenty_at_once(counter)
    assert answers == ["00"] + ["02"] * 19
    assert worked == len(await counter.rows(NoticeRow)) == 1
    assert await counter.events("charge.settle", key=charge.subject) == 1


async def test_control_without_the_inbox_key_the_twenty_are_not_one(counter) -> None:
    key = "uq_notice_gateway_dedupe_key"
    async with counter.store.engine.begin() as connection:
        await connection.execute(text(f"ALTER TABLE notice DROP CONSTRAINT {key}"))
    try:
        answers, worked, charge = await _twenty_at_once(counter)
    finally:
        async with counter.store.engine.begin() as connection:
            await connection.execute(text("DELETE FROM notice"))
            await connection.execute(
                text(f"ALTER TABLE notice ADD CONSTRAINT {key} UNIQUE (gateway, dedupe_key)")
            )
    assert answers.count("00") > 1
    assert worked > 1
    # The second fence, the lock and the conditional move, still lets one of them settle.
    assert await counter.events("charge.settle", key=charge.subject) == 1


async def _race(counter, rivals: int) -> tuple[list[str], int]:
    """Apply one proof from several connections at once, past the inbox."""
    charge = await counter.charge()
    opened = await counter.open([charge])
    results = await asyncio.gather(
        *(counter.apply(opened, Finding.PAID, provider_txn=charge.subject) for _ in range(rivals)),
        return_exceptions=True,
    )
    said = sorted(str(getattr(result, "code", result)) for result in results)
    return said, await counter.events("charge.settle", key=charge.subject)


async def test_rivals_with_one_proof_settle_once_and_the_others_hear_so(counter) -> None:
    assert await _race(counter, 6) == (["nothing_new"] * 5 + ["settled"], 1)


@pytest.fixture
def without_locks(monkeypatch) -> None:
    """Take the row locks away, and let two rivals read before either writes."""
    lock_payment, both_read = payment_storage.lock_payment, asyncio.Barrier(2)

    async def read_together(connection, id):
        payment = await lock_payment(connection, id)
        with suppress(TimeoutError):  # whoever is run again reads alone
            async with asyncio.timeout(0.2):
                await both_read.wait()
        return payment

    monkeypatch.setattr(Select, "with_for_update", lambda self, **_: self)
    for name in ("_LOCKED", "_OWED_LOCKED"):
        monkeypatch.setattr(charge_storage, name, unlocked(getattr(charge_storage, name)))
    monkeypatch.setattr(payment_storage, "lock_payment", read_together)


@pytest.fixture
def without_states(monkeypatch) -> None:
    """Let every move leave every state."""
    for model in (ChargeRow, PaymentRow, AttemptRow):
        life = model.lifecycle
        everywhere = tuple(state.name for state in life.states)
        loose = replace(
            life,
            states=tuple(replace(s, owner=SYSTEM, timeout=timedelta(days=1)) for s in life.states),
            moves=tuple(replace(move, sources=everywhere) for move in life.moves),
        )
        monkeypatch.setattr(model, "lifecycle", loose)


async def test_control_without_the_locks_a_rival_runs_into_the_move(counter, without_locks) -> None:
    said, settled = await _race(counter, 2)
    assert said != ["nothing_new", "settled"]
    assert settled == 1


async def test_control_without_locks_and_states_one_proof_settles_twice(
    counter, without_locks, without_states
) -> None:
    # Whoever drew the lower number but wrote second is run again and sees the other's work, so
    # that not every race shows it.
    assert any([(await _race(counter, 2))[1] == 2 for _ in range(10)])


SAID = st.lists(st.sampled_from(["success", "failure", "work"]), min_size=1, max_size=7)


@given(said=SAID)
@settings(max_examples=25)
async def test_notices_in_any_order_and_number_end_the_same(counter, said: list[str]) -> None:
    charge = await counter.charge()
    opened = await counter.open([charge])
    notices = {
        "success": counter.notice(opened, TransactionNo=f"{charge.id.int % 10**14 + 1}"),
        "failure": counter.notice(opened, "51"),
    }
    for word in [*said, "success"]:
        if word == "work":
            await process_inbox(counter.store)
        else:
            assert await counter.take(notices[word]) in ("00", "02")
    await process_inbox(counter.store)
    assert (await counter.payment(opened)).state == "paid"
    assert (await counter.attempt(opened)).state == "succeeded"
    assert (await counter.charge_now(charge)).state == "settled"
    assert await counter.events("charge.settle", key=charge.subject) == 1


async def test_a_notice_that_cannot_be_applied_holds_up_no_other_and_waits_its_pause(
    counter, poisoned
) -> None:
    stuck, other = [await counter.open([await counter.charge()]) for _ in range(2)]
    await counter.take(counter.notice(stuck))
    (first,) = await counter.rows(NoticeRow)
    await counter.take(counter.notice(other, TransactionNo="15000002"))
    async with poisoned("notice", first.id):
        assert await process_inbox(counter.store) == 1
        assert (await counter.payment(other)).state == "paid"
        assert (await counter.payment(stuck)).state == "pending"
        (row,) = await counter.rows(PostponedRow)
        assert (row.work, row.row_id, row.failures) == ("notice", first.id, 1)
        assert await process_inbox(counter.store) == 0
        assert await counter.rows(PostponedRow) == [row], "it is left alone for a while"
        counter.clock.advance(FIRST_PAUSE)
        assert await process_inbox(counter.store) == 0
        (row,) = await counter.rows(PostponedRow)
        assert row.failures == 2
    counter.clock.advance(FIRST_PAUSE)
    assert await process_inbox(counter.store) == 0, "the pauses grow"
    counter.clock.advance(pause_after(2) - FIRST_PAUSE)
    assert await process_inbox(counter.store) == 1
    assert (await counter.payment(stuck)).state == "paid"
