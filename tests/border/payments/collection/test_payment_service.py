"""Opening payments: who may, for what, once; the desk; expiry; giving up."""

import asyncio
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID, uuid4

import pytest

from border.core.actor import PROGRAM, Actor
from border.core.money import Money
from border.core.refusal import Refusal
from border.core.store import Unit
from border.core.tables import EventRow
from border.payments.charges.charge_service import payment_blocked, void
from border.payments.collection.payment_service import (
    SeenPayment,
    cancel_payment,
    get_payment,
)
from border.payments.collection.reversal_service import apply_reversal
from border.payments.collection.settlement import Outcome
from border.payments.collection.tables import AttemptRow, PaymentRow
from border.payments.exceptions import exception_service
from border.payments.exceptions.tables import ExceptionRow
from border.payments.gateways.evidence import Finding
from border.payments.gateways.vnpay.messages import as_sent


def _asked(opened) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(opened.checkout.redirect_url).query))


async def _get(counter, actor: Actor, id: UUID) -> SeenPayment:
    async with counter.store.reading() as connection:
        return await get_payment(connection, actor, id)


async def _cancel(counter, opened, actor: Actor | None = None) -> PaymentRow:
    async def work(unit: Unit) -> PaymentRow:
        return await cancel_payment(unit, opened.payment.id)

    return await counter.store.perform(actor or counter.trader, work)


async def test_an_opened_payment_sends_the_payer_to_the_gateway(counter) -> None:
    first, second = await counter.charge(800_000), await counter.charge(500_000)
    opened = await counter.open([first, second])
    payment, attempt = opened.payment, await counter.attempt(opened)
    assert (payment.state, payment.amount_minor, payment.currency) == ("pending", 1_300_000, "VND")
    assert payment.expires_at == payment.overdue_at == counter.clock.at + timedelta(minutes=15)
    assert payment.opened_by == counter.trader.id
    asked = _asked(opened)
    assert asked["vnp_Amount"] == "130000000"
    assert asked["vnp_TxnRef"] == attempt.txn_ref == payment.reference.replace("-", "")
    assert asked["vnp_CreateDate"] == attempt.created_as_sent == "20261123120000"
    assert asked["vnp_ExpireDate"] == as_sent(payment.expires_at) == "20261123121500"
    assert asked["vnp_ReturnUrl"] == "https://gate.example.vn/api/v1/payments/vnpay/return"
    assert attempt.next_ask_at == counter.clock.at + timedelta(minutes=2)


async def test_a_double_click_is_one_payment_and_the_same_address(counter) -> None:
    charges = [await counter.charge(1), await counter.charge(2)]
    first = await counter.open(charges)
    counter.clock.advance(timedelta(minutes=3))
    again = await counter.open(list(reversed(charges)))
    assert again.payment.id == first.payment.id
    assert again.checkout == first.checkout
    assert await counter.events("payment.open") == 1


async def test_many_clicks_at_once_are_one_payment(counter) -> None:
    charge = await counter.charge()
    opened = await asyncio.gather(*(counter.open([charge]) for _ in range(8)))
    assert len({one.payment.id for one in opened}) == 1
    assert await counter.events("attempt.open") == 1


async def test_other_charges_a_failed_attempt_or_time_open_another_payment(counter) -> None:
    one, two = await counter.charge(1), await counter.charge(2)
    first = await counter.open([one])
    ids = {first.payment.id, (await counter.open([one, two])).payment.id}
    await counter.apply(first, Finding.FAILED)
    ids.add((await counter.open([one])).payment.id)
    counter.clock.advance(timedelta(minutes=15))
    ids.add((await counter.open([one])).payment.id)
    assert len(ids) == 4


async def test_the_desk_is_open_while_a_gateways_payment_runs(counter) -> None:
    charge = await counter.charge()
    online = await counter.open([charge])
    await counter.open([charge], counter.cashier, "desk")
    assert (await counter.charge_now(charge)).state == "settled"
    # The payer pays online all the same: the money is kept and somebody looks into it.
    assert await counter.apply(online, Finding.PAID, provider_txn="1") is Outcome.NOTHING_OWED
    assert (await counter.payment(online)).state == "needs_review"
    assert (await counter.attempt(online)).provider_txn == "1"
    assert await counter.events("charge.settle") == 1


async def test_the_desk_is_paid_at_once(counter) -> None:
    charge = await counter.charge(800_000, "BKG-1")
    opened = await counter.open([charge], counter.cashier, "desk")
    assert opened.checkout.redirect_url is None
    assert (opened.payment.state, opened.payment.late) == ("paid", False)
    assert opened.payment.paid_at == counter.clock.at
    assert (await counter.attempt(opened)).next_ask_at is None
    event = (await counter.rows(EventRow, type="charge.settle"))[0]
    assert (event.subject, event.key) == (charge.reference, "BKG-1")
    assert event.payload == {
        "state": "settled",
        "charge_kind": "infrastructure_fee",
        "amount_minor": 800_000,
        "currency": "VND",
        "gateway": "desk",
    }
    assert event.private == {}


async def test_a_trader_may_not_take_money_at_the_desk(counter) -> None:
    charge = await counter.charge()
    with pytest.raises(Refusal, match="not_allowed") as refused:
        await counter.open([charge], gateway="desk")
    assert refused.value.facts == {"needs": ["cashier", "manager"]}
    assert (await counter.charge_now(charge)).state == "owed"


async def test_an_unknown_gateway_is_told_which_there_are(counter) -> None:
    charge = await counter.charge()
    with pytest.raises(Refusal, match="invalid_fields") as refused:
        await counter.open([charge], gateway="vietqr")
    (error,) = refused.value.errors
    assert error.field == "gateway"
    assert error.detail() == "Pay through one of: vnpay, desk."


async def test_nothing_to_pay_is_an_error_of_shape(counter) -> None:
    with pytest.raises(Refusal, match="invalid_fields"):
        await counter.open([])


async def test_a_foreign_or_missing_charge_is_not_found(counter) -> None:
    mine, foreign = (
        await counter.charge(1),
        await counter.charge(2, payer=counter.rival.organisation_id),
    )
    for charges in ([foreign], [mine, foreign], [mine, uuid4()]):
        with pytest.raises(Refusal, match="not_found"):
            await counter.open(charges)
    assert await counter.rows(PaymentRow) == []


async def test_what_is_not_owed_cannot_be_paid_again(counter) -> None:
    charge = await counter.charge()
    await counter.open([charge], counter.cashier, "desk")
    with pytest.raises(Refusal, match="charge_not_owed") as refused:
        await counter.open([charge])
    assert charge.reference in refused.value.detail()


async def test_only_one_payers_charges_in_one_currency_go_together(counter) -> None:
    dong, yuan = await counter.charge(1), await counter.charge(2, currency="CNY")
    foreign = await counter.charge(3, payer=counter.rival.organisation_id)
    with pytest.raises(Refusal, match="charges_apart"):
        await counter.open([dong, yuan])
    with pytest.raises(Refusal, match="charges_apart"):
        await counter.open([dong, foreign], counter.cashier, "desk")
    with pytest.raises(Refusal, match="invalid_fields") as refused:
        await counter.open([yuan])
    assert refused.value.errors[0].code == "currency_not_taken"
    assert (await counter.open([yuan], counter.cashier, "desk")).payment.currency == "CNY"


async def test_a_payment_is_seen_by_its_payer_and_the_zone_and_nobody_else(counter) -> None:
    charge = await counter.charge()
    opened = await counter.open([charge])
    for actor in (counter.trader, counter.cashier):
        seen = await _get(counter, actor, opened.payment.id)
        assert [c.id for c in seen.charges] == [charge.id]
    for id, actor in ((opened.payment.id, counter.rival), (uuid4(), counter.trader)):
        with pytest.raises(Refusal, match="not_found"):
            await _get(counter, actor, id)


async def test_a_payer_gives_up_and_nobody_elses_payment(counter) -> None:
    opened = await counter.open([await counter.charge()])
    with pytest.raises(Refusal, match="not_found"):
        await _cancel(counter, opened, counter.rival)
    with pytest.raises(Refusal, match="not_allowed"):
        await _cancel(counter, opened, counter.cashier)
    assert (await _cancel(counter, opened)).state == "cancelled"
    with pytest.raises(Refusal, match="move_not_open"):
        await _cancel(counter, opened)


async def test_money_for_a_payment_given_up_settles_what_is_owed_still(counter) -> None:
    charge = await counter.charge()
    opened = await counter.open([charge])
    await _cancel(counter, opened)
    assert await counter.apply(opened, Finding.PAID, provider_txn="1") is Outcome.SETTLED
    payment = await counter.payment(opened)
    assert (payment.state, payment.late) == ("paid", True)
    assert (await counter.charge_now(charge)).state == "settled"


async def test_only_what_is_due_expires_and_only_once(counter) -> None:
    early = await counter.open([await counter.charge()])
    counter.clock.advance(timedelta(minutes=14, seconds=59))
    later = await counter.open([await counter.charge()])
    assert await counter.expire() == 0
    counter.clock.advance(timedelta(seconds=1))
    assert await counter.expire() == 1
    assert await counter.expire() == 0
    assert (await counter.payment(early)).state == "expired"
    attempt = await counter.attempt(early)
    assert attempt.state == "expired"
    assert attempt.next_ask_at is not None
    assert (await counter.payment(later)).state == "pending"


async def test_money_of_another_amount_counts_and_of_another_currency_is_set_aside(
    counter,
) -> None:
    cases = (
        (Money(799_999), Outcome.UNDERPAID, "part_paid", "review", "owed"),
        (Money(800_001), Outcome.OVERPAID, "paid", "succeeded", "settled"),
        (Money(800_000, "CNY"), Outcome.WRONG_AMOUNT, "needs_review", "review", "owed"),
        (None, Outcome.REVIEW, "needs_review", "review", "owed"),
    )
    for number, (amount, said, *states) in enumerate(cases):
        charge = await counter.charge()
        opened = await counter.open([charge])
        outcome = await counter.apply(
            opened, Finding.PAID, amount=amount, provider_txn=str(number + 1)
        )
        assert outcome is said
        now = (
            await counter.payment(opened),
            await counter.attempt(opened),
            await counter.charge_now(charge),
        )
        assert [row.state for row in now] == states


async def test_one_transaction_proves_one_payment(counter) -> None:
    first, second = [await counter.open([await counter.charge()]) for _ in range(2)]
    assert await counter.apply(first, Finding.PAID, provider_txn="1") is Outcome.SETTLED
    assert await counter.apply(second, Finding.PAID, provider_txn="1") is Outcome.CONFLICT
    assert (await counter.payment(second)).state == "needs_review"
    assert await counter.apply(first, Finding.PAID, provider_txn="1") is Outcome.NOTHING_NEW
    assert await counter.apply(first, Finding.PAID, provider_txn="2") is Outcome.PAID_TWICE
    assert await counter.events("charge.settle") == 1


async def test_a_charge_that_fell_away_is_not_revived_by_money(counter) -> None:
    one, two = await counter.charge(1, "BKG-1"), await counter.charge(2, "BKG-2")
    opened = await counter.open([one, two])

    async def work(unit: Unit) -> None:
        await void(unit, "BKG-1")

    await counter.store.perform(PROGRAM, work)
    assert await counter.apply(opened, Finding.PAID, provider_txn="1") is Outcome.PAID_TWICE
    assert (await counter.payment(opened)).state == "paid"
    assert (await counter.charge_now(one)).state == "voided"
    assert (await counter.charge_now(two)).state == "settled"
    assert await counter.money() == {"gateway_receivable:vnpay": 3, "suspense:overpaid": -1}


async def test_trouble_at_the_gateway_is_set_aside_and_left_to_people(counter) -> None:
    charge = await counter.charge(subject="BKG-1")
    opened = await counter.open([charge])
    assert await counter.apply(opened, Finding.REVIEW) is Outcome.REVIEW
    assert (await counter.payment(opened)).state == "needs_review"
    assert (await counter.charge_now(charge)).state == "owed"
    assert await counter.money() == {}


async def test_what_blocks_a_subject_is_told_of_any_instant(counter) -> None:
    clock, minute = counter.store.clock, timedelta(minutes=1)
    blocked: list[tuple[datetime, bool]] = [(clock.now(), False)]
    clock.advance(minute)
    charge = await counter.charge(subject="BKG-1")
    opened = await counter.open([charge])
    blocked.append((clock.now(), True))
    clock.advance(minute)
    await counter.apply(opened, Finding.PAID)
    blocked.append((clock.now(), False))
    clock.advance(minute)
    await counter.apply(opened, Finding.REVIEW)
    blocked.append((clock.now(), True))
    clock.advance(minute)
    (raised,) = await counter.rows(ExceptionRow)

    async def resolve(unit: Unit) -> None:
        await exception_service.act_on(unit, raised.id, "resolve", "The bank says it is in order")

    await counter.store.perform(counter.manager, resolve)
    blocked.append((clock.now(), False))
    clock.advance(minute)
    async with counter.store.reading() as connection:
        for at, expected in blocked:
            assert bool(await payment_blocked(connection, ["BKG-1"], at)) == expected, at


@pytest.mark.parametrize("suspected_first", [True, False])
async def test_money_under_suspicion_is_booked_and_keeps_the_gate_closed(
    counter, suspected_first: bool
) -> None:
    opened = await counter.open([await counter.charge(subject="BKG-1")])
    words = [Finding.REVIEW, Finding.PAID]
    for finding in words if suspected_first else reversed(words):
        await counter.apply(opened, finding)
    assert (await counter.payment(opened)).state == "paid"
    assert await counter.money() == {"gateway_receivable:vnpay": 800_000}
    async with counter.store.reading() as connection:
        assert await payment_blocked(connection, ["BKG-1"])
    (raised,) = await counter.rows(ExceptionRow)

    async def resolve(unit: Unit) -> None:
        await exception_service.act_on(unit, raised.id, "resolve", "The bank says it is in order")

    await counter.store.perform(counter.manager, resolve)
    async with counter.store.reading() as connection:
        assert not await payment_blocked(connection, ["BKG-1"])


async def test_what_is_too_much_by_now_is_somebodys_work(counter) -> None:
    charge = await counter.charge(800_000, "BKG-1")
    slow = await counter.open([charge])
    await counter.open([charge], counter.cashier, "desk")
    paid = (await counter.rows(PaymentRow, gateway="desk"))[0]
    number = (await counter.rows(AttemptRow, payment_id=paid.id))[0].provider_txn

    async def taken_back(unit: Unit) -> None:
        await apply_reversal(unit, "desk", number, "BACK-1", Money(300_000), unit.at)

    await counter.store.perform(PROGRAM, taken_back)
    assert await counter.apply(slow, Finding.PAID) is Outcome.PAID_TWICE
    assert (await counter.charge_now(charge)).state == "settled"
    assert (await counter.money())["suspense:overpaid"] == -500_000
    kinds = sorted(row.kind for row in await counter.rows(ExceptionRow))
    assert kinds == ["paid_twice", "reversed"]


async def test_money_that_names_nothing_of_ours_waits_in_suspense_once(counter) -> None:
    opened = await counter.open([await counter.charge()])
    for outcome in (Outcome.UNMATCHED, Outcome.NOTHING_NEW):
        assert await counter.apply(opened, Finding.PAID, txn_ref="PAYUNKNOWN1") is outcome
    assert await counter.money() == {
        "gateway_receivable:vnpay": 800_000,
        "suspense:unmatched": -800_000,
    }
    assert [row.kind for row in await counter.rows(ExceptionRow)] == ["unmatched"]
    assert await counter.apply(opened, Finding.FAILED, txn_ref="X") is Outcome.NOTHING_NEW


async def test_whoever_listens_to_a_settlement_sees_all_that_is_settled_with_it(counter) -> None:
    heard: list[tuple[str, bool]] = []

    async def listen(unit: Unit, event, row) -> None:
        heard.append((event.key, not await payment_blocked(unit.connection, [row.subject])))

    counter.store.reactions = {"charge.settle": [listen]}
    one, two = await counter.charge(1, "BKG-1"), await counter.charge(2, "BKG-1", kind="parking")
    await counter.open([one, two], counter.cashier, "desk")
    assert heard == [("BKG-1", True), ("BKG-1", True)]


async def test_no_event_of_a_payment_names_the_payer(counter) -> None:
    opened = await counter.open([await counter.charge()])
    await counter.apply(opened, Finding.PAID, provider_txn="15000001")
    known = {"state", "charge_kind", "amount_minor", "currency", "gateway", "late"}
    known |= {"source", "payment_outcome"}
    for event in await counter.rows(EventRow):
        assert set(event.payload) <= known
        assert event.private == {}
        assert "203.0.113.7" not in str(event.payload)
