"""Faults of time: late by a second or a day, clocks that differ, days that end, names reused."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from border.core.clock import local_date
from border.core.store import table_of
from border.payments.collection.checkout_service import checkout
from border.payments.collection.payment_service import open_payment
from border.payments.collection.tables import AttemptRow

LASTS = timedelta(minutes=15)


async def _opened(gate: Any, gateway: str = "vnpay") -> tuple[Any, Any, Any]:
    charge = await gate.owe(300_000)
    attempt = await gate.open(gateway, charge)
    return charge, attempt, gate.vaults[gateway]


@pytest.mark.parametrize(
    ("after", "late"),
    [
        (LASTS - timedelta(seconds=1), False),
        (LASTS, True),
        (LASTS + timedelta(seconds=1), True),
        (LASTS + timedelta(days=1), True),
        (timedelta(days=400), True),
    ],
)
@pytest.mark.parametrize("swept_first", [True, False])
async def test_money_that_comes_around_or_after_the_end_of_its_payment_settles_what_is_owed(
    gate: Any, after: timedelta, late: bool, swept_first: bool
) -> None:
    charge, attempt, vault = await _opened(gate)
    gate.clock.advance(after)
    coin = vault.take(attempt.txn_ref, 300_000, gate.clock.at)
    if swept_first:
        await gate.expire(timedelta(0))
    await gate.tell(coin)
    await gate.work()
    if not swept_first:
        await gate.expire(timedelta(0))
    books = await gate.books()
    (payment,) = books.payments
    assert (payment["state"], payment["late"]) == ("paid", late)
    assert await gate.opens(charge)


async def test_of_a_sweep_and_a_proof_in_the_same_second_the_proof_always_wins(gate: Any) -> None:
    charge, attempt, vault = await _opened(gate)
    await gate.tell(vault.take(attempt.txn_ref, 300_000, gate.clock.at))
    gate.clock.advance(LASTS)

    async def sweep() -> int:
        return int(await gate.expire(timedelta(0)))

    await asyncio.gather(sweep(), gate.work(), sweep(), gate.work())
    await gate.work()  # should the sweep have held the payment
    assert (await gate.books()).payments[0]["state"] == "paid"
    assert await gate.opens(charge)


@pytest.mark.parametrize("off", [timedelta(minutes=-10), timedelta(minutes=10)])
async def test_a_gateway_whose_clock_is_ten_minutes_off_is_believed_about_money_not_about_time(
    gate: Any, off: timedelta
) -> None:
    charge, attempt, vault = await _opened(gate)
    gate.clock.advance(timedelta(minutes=2))
    coin = vault.take(attempt.txn_ref, 300_000, gate.clock.at + off)
    await gate.tell(coin)
    await gate.work()
    books = await gate.books()
    capture = books.journals[-1]
    assert (capture["effective_at"], capture["created_at"]) == (coin.paid_at, gate.clock.at)
    assert books.payments[0]["late"] is False
    assert books.charges[0]["settled_at"] == gate.clock.at
    assert await gate.opens(charge)


async def test_a_reference_that_a_gateway_uses_again_next_day_is_money_that_came_twice(
    gate: Any,
) -> None:
    charge, attempt, vault = await _opened(gate)
    first = vault.take(attempt.txn_ref, 300_000, gate.clock.at)
    await gate.tell(first)
    await gate.work()
    gate.clock.advance(timedelta(days=1))
    again = vault.take(attempt.txn_ref, 300_000, gate.clock.at)
    await gate.tell(again)
    await gate.work()
    books = await gate.books()
    assert books.balances()["suspense:overpaid", "VND"] == -300_000
    assert [row["kind"] for row in books.exceptions] == ["paid_twice"]
    assert await gate.opens(charge)


async def test_no_reference_of_ours_is_given_twice_at_whatever_gateway_and_day(gate: Any) -> None:
    given = []
    for gateway in ("vnpay", "vietqr", "portal") * 3:
        given.append((await _opened(gate, gateway))[1].txn_ref)
        gate.clock.advance(timedelta(days=1))
    assert len(set(given)) == len(given)


@pytest.mark.parametrize(
    "last_second",
    [
        datetime(2026, 11, 23, 16, 59, 59, tzinfo=UTC),
        datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC),
    ],
    ids=["of a day", "of a year"],
)
@pytest.mark.parametrize("gateway", ["vnpay", "vietqr", "portal"])
async def test_money_of_the_last_second_of_a_day_is_booked_on_that_day_though_heard_on_the_next(
    gate: Any, gateway: str, last_second: datetime
) -> None:
    gate.clock.at = last_second - timedelta(minutes=5)
    charge, attempt, vault = await _opened(gate, gateway)
    coin = vault.take(attempt.txn_ref, 300_000, last_second)
    gate.clock.at = last_second + timedelta(seconds=2)
    await gate.tell(coin)
    await gate.work()
    books = await gate.books()
    capture = books.journals[-1]
    assert capture["effective_at"] == last_second
    assert local_date(capture["effective_at"]) < local_date(capture["created_at"])
    # The price is that of the day on which it was assessed.
    assert books.charges[0]["amount_minor"] == 300_000
    assert await gate.opens(charge)
    gate.clock.advance(timedelta(days=5))
    await gate.statement(coin)
    assert (await gate.books()).exceptions == [], "its line is found on the gateway's day"


async def test_a_payment_paid_before_its_page_was_asked_for_has_no_page_to_pay_again(
    gate: Any,
) -> None:
    charge, attempt, vault = await _opened(gate)
    await gate.tell(vault.take(attempt.txn_ref, 300_000, gate.clock.at))
    await gate.work()
    page = await checkout(
        gate.store,
        gate.trader,
        attempt.payment_id,
        "203.0.113.7",
        "https://gate.example.vn",
        gate.vaults.gateways,
    )
    assert (page.redirect_url, page.qr_payload) == (None, None)
    assert await gate.opens(charge)


async def test_a_notice_faster_than_the_commit_of_its_payment_is_told_to_come_again(
    gate: Any,
) -> None:
    charge = await gate.owe(300_000)
    vault, answers = gate.vaults["vnpay"], []
    table = table_of(AttemptRow)

    async def open_slowly(unit: Any) -> Any:
        payment = await open_payment(unit, [charge.id], "vnpay", gate.vaults.gateways)
        found = await unit.connection.execute(select(table).where(table.c.payment_id == payment.id))
        coin = vault.take(found.one().txn_ref, 300_000, gate.clock.at)
        answers.append((await gate.push("vnpay", vault.notice(coin)))["RspCode"])
        return coin

    coin = await gate.does(gate.trader, open_slowly)
    answers.append((await gate.tell(coin))["RspCode"])
    await gate.work()
    assert answers == ["01", "00"]
    assert await gate.opens(charge)
