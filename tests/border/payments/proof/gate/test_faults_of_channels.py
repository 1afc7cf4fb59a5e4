"""Faults of what gateways send and of our own side: many at once, old, foreign, changed, unkept."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from border.core.store import Store

GATEWAYS = ("vnpay", "vietqr", "portal")
NOT_KEPT = {
    "vnpay": {"RspCode": "99", "Message": "Unknown error"},
    "vietqr": {"success": False},
}


async def _paid(gate: Any, gateway: str = "vnpay", amount: int = 300_000) -> tuple[Any, Any]:
    """Return a charge and the money a payer sent for it; nobody has told of it."""
    charge = await gate.owe(amount)
    attempt = await gate.open(gateway, charge)
    return charge, gate.vaults[gateway].take(attempt.txn_ref, amount, gate.clock.at)


# At once, again, and from the past


async def test_twenty_different_notices_of_one_payment_at_once_are_one_capture(gate: Any) -> None:
    charge, coin = await _paid(gate)
    coin.told = True
    notices = [gate.vaults["vnpay"].notice(coin, BankCode=f"BANK{n}") for n in range(20)]
    answers = await asyncio.gather(*(gate.push("vnpay", raw) for raw in notices))
    assert {answer["RspCode"] for answer in answers} <= {"00", "02"}
    worked = await asyncio.gather(*(gate.work() for _ in range(4)))
    assert sum(worked) == 20
    books = await gate.books()
    assert books.captures() == {("vnpay", coin.number, 300_000)}
    assert books.exceptions == []
    assert await gate.opens(charge)


async def test_push_pull_and_statement_at_once_are_one_capture(gate: Any) -> None:
    charge, coin = await _paid(gate)
    gate.clock.advance(timedelta(minutes=3))
    coin.told = True
    await gate.tell(coin)
    await asyncio.gather(gate.work(), gate.ask("vnpay"), gate.statement(coin), gate.work())
    books = await gate.books()
    assert books.captures() == {("vnpay", coin.number, 300_000)}
    assert books.exceptions == []
    assert await gate.opens(charge)


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_a_notice_sent_again_a_year_later_changes_nothing(gate: Any, gateway: str) -> None:
    charge, coin = await _paid(gate, gateway)
    await gate.tell(coin)
    await gate.work()
    before = await gate.books()
    gate.clock.advance(timedelta(days=365))
    await gate.tell(coin)
    await gate.work()
    assert await gate.books() == before
    assert await gate.opens(charge)


# Transfers


async def test_a_webhook_about_a_foreign_account_is_answered_and_leaves_nothing(gate: Any) -> None:
    charge, coin = await _paid(gate, "vietqr")
    before = await gate.books()
    raw = gate.vaults["vietqr"].notice(coin, accountNumber="9999999999")
    assert await gate.push("vietqr", raw) == {"success": True}
    assert await gate.work() == 0
    assert await gate.books() == before
    assert not await gate.opens(charge)


@pytest.mark.parametrize(
    "written",
    [
        "{}",
        "  nop phi {}  ",
        "MBVCB.5891.NOP PHI {}.CT tu 0123 NGUYEN VAN A",
        "IBFT {} GD 123456-112326-10:00:05",
        "phi cua khau:{}",
    ],
)
@pytest.mark.parametrize("lower", [True, False])
async def test_a_memo_trimmed_upper_cased_or_prefixed_by_a_bank_still_pays_its_charge(
    gate: Any, written: str, lower: bool
) -> None:
    charge, coin = await _paid(gate, "vietqr")
    coin.told = True
    reference = coin.reference.lower() if lower else coin.reference
    raw = gate.vaults["vietqr"].notice(coin, description=written.format(reference))
    await gate.push("vietqr", raw)
    await gate.work()
    await gate.books()
    assert await gate.opens(charge)


async def test_one_code_paid_twice_pays_once_and_the_second_transfer_waits(gate: Any) -> None:
    charge, coin = await _paid(gate, "vietqr")
    second = gate.vaults["vietqr"].take(coin.reference, 300_000, gate.clock.at)
    for one in (coin, second):
        await gate.tell(one)
    await gate.work()
    books = await gate.books()
    assert books.at_gateways()["vietqr"] == 600_000
    assert books.balances()["suspense:overpaid", "VND"] == -300_000
    assert [row["kind"] for row in books.exceptions] == ["paid_twice"]
    assert await gate.opens(charge)


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_too_little_waits_opens_nothing_and_pays_when_the_rest_comes(
    gate: Any, gateway: str
) -> None:
    charge = await gate.owe(300_000)
    attempt = await gate.open(gateway, charge)
    vault = gate.vaults[gateway]
    await gate.tell(vault.take(attempt.txn_ref, 299_999, gate.clock.at))
    await gate.work()
    books = await gate.books()
    assert books.balances()["suspense:unmatched", "VND"] == -299_999
    assert [(row["kind"], row["state"]) for row in books.exceptions] == [("underpaid", "open")]
    assert not await gate.opens(charge)
    rest = await gate.rest(attempt)
    assert (rest.amount_minor, rest.txn_ref == attempt.txn_ref) == (1, False)
    assert (await gate.rest(attempt)).id == rest.id
    await gate.tell(vault.take(rest.txn_ref, 1, gate.clock.at))
    await gate.work()
    books = await gate.books()
    assert await gate.opens(charge)
    assert not [account for account, _ in books.balances() if account.startswith("suspense")]
    assert [(row["kind"], row["state"]) for row in books.exceptions] == [("underpaid", "resolved")]
    assert {row["state"] for row in books.attempts} == {"succeeded"}


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_too_much_pays_and_the_surplus_waits_with_an_exception(
    gate: Any, gateway: str
) -> None:
    charge = await gate.owe(300_000)
    attempt = await gate.open(gateway, charge)
    await gate.tell(gate.vaults[gateway].take(attempt.txn_ref, 300_001, gate.clock.at))
    await gate.work()
    books = await gate.books()
    assert await gate.opens(charge)
    assert books.balances()["suspense:overpaid", "VND"] == -1
    (raised,) = books.exceptions
    assert (raised["kind"], raised["state"], raised["amount_minor"]) == ("overpaid", "open", 1)


async def test_the_old_code_paid_again_brings_the_rest_too(gate: Any) -> None:
    charge = await gate.owe(300_000)
    attempt = await gate.open("vietqr", charge)
    vault = gate.vaults["vietqr"]
    for amount in (100_000, 50_000, 200_000):
        await gate.tell(vault.take(attempt.txn_ref, amount, gate.clock.at))
        await gate.work()
    books = await gate.books()
    assert await gate.opens(charge)
    assert books.balances()["suspense:overpaid", "VND"] == -50_000
    assert [row["kind"] for row in books.exceptions if row["state"] == "open"] == ["overpaid"]


async def test_a_rest_that_comes_too_late_is_left_to_people_and_still_pays(gate: Any) -> None:
    charge = await gate.owe(300_000)
    attempt = await gate.open("vietqr", charge)
    vault = gate.vaults["vietqr"]
    await gate.tell(vault.take(attempt.txn_ref, 100_000, gate.clock.at))
    await gate.work()
    (payment,) = (await gate.books()).payments
    # The quarter of an hour at the gateway is over; what is paid for can be paid for a week.
    assert payment["expires_at"] == charge.overdue_at
    await gate.expire(timedelta(hours=1))
    assert await gate.rest(attempt)
    await gate.expire(timedelta(days=7))
    assert await gate.rest(attempt) is None
    assert [row["state"] for row in (await gate.books()).payments] == ["needs_review"]
    await gate.tell(vault.take(attempt.txn_ref, 200_000, gate.clock.at))
    await gate.work()
    assert await gate.opens(charge)
    assert [row["state"] for row in (await gate.books()).payments] == ["paid"]


async def test_parts_and_the_rest_at_once_pay_once(gate: Any) -> None:
    charge = await gate.owe(300_000)
    attempt = await gate.open("vietqr", charge)
    parts = [
        gate.vaults["vietqr"].take(attempt.txn_ref, amount, gate.clock.at)
        for amount in (100_000, 120_000, 50_000, 30_000)
    ]
    await asyncio.gather(*(gate.tell(part) for part in parts for _ in range(2)))
    await asyncio.gather(*(gate.work() for _ in range(4)))
    while await gate.work():
        pass
    books = await gate.books()
    assert await gate.opens(charge)
    assert not [account for account, _ in books.balances() if account.startswith("suspense")]
    assert {row["state"] for row in books.exceptions} == {"resolved"}


# Our own side


@pytest.fixture
async def full_disk(gate: Any) -> AsyncIterator[None]:
    """Let no notice be stored: the server answers as it does when its disk is full."""
    async with gate.store.engine.begin() as connection:
        await connection.execute(
            text(
                "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                " RAISE EXCEPTION 'could not extend file: No space left on device'"
                " USING ERRCODE = '53100'; END $$"
            )
        )
        await connection.execute(
            text(
                "CREATE TRIGGER disk_full BEFORE INSERT ON notice"
                " FOR EACH ROW EXECUTE FUNCTION disk_full()"
            )
        )
    yield
    async with gate.store.engine.begin() as connection:
        await connection.execute(text("DROP FUNCTION IF EXISTS disk_full() CASCADE"))


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_a_notice_that_a_full_disk_cannot_keep_is_asked_for_again_and_then_taken(
    gate: Any, full_disk: None, gateway: str, caplog: pytest.LogCaptureFixture
) -> None:
    charge, coin = await _paid(gate, gateway)
    before = await gate.books()
    with caplog.at_level(logging.CRITICAL):
        answer = await gate.push(gateway, gate.vaults[gateway].notice(coin))
    assert answer == NOT_KEPT.get(gateway, answer)
    assert answer.get("MaLoi", "99") == "99"
    assert await gate.books() == before
    async with gate.store.engine.begin() as connection:
        await connection.execute(text("DROP FUNCTION disk_full() CASCADE"))
    await gate.tell(coin)
    await gate.work()
    await gate.books()
    assert await gate.opens(charge)


async def test_a_serialization_failure_while_evidence_is_applied_is_tried_again_and_booked_once(
    gate: Any,
) -> None:
    charge, coin = await _paid(gate)
    await gate.tell(coin)
    fails = [True, True]

    async def clash(unit: Any, event: Any, row: Any) -> None:
        if fails and fails.pop():
            raising = "RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001'"
            await unit.connection.execute(text(f"DO $$ BEGIN {raising}; END $$"))

    gate.store = Store(gate.store.engine, gate.clock, {"charge.settle": [clash]})
    assert await gate.work() == 1
    assert not fails
    assert (await gate.books()).captures() == {("vnpay", coin.number, 300_000)}
    assert await gate.opens(charge)


async def test_workers_and_payers_at_once_lose_nothing(gate: Any) -> None:
    many = [await _paid(gate, gateway) for gateway in GATEWAYS * 4]
    await asyncio.gather(
        *(gate.tell(coin) for _, coin in many for _ in range(2)),
        *(gate.work() for _ in range(4)),
    )
    while await gate.work():
        pass
    books = await gate.books()
    assert len(books.captures()) == 12
    assert books.exceptions == []
    assert all([await gate.opens(charge) for charge, _ in many])


# Security


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_no_log_has_a_secret_or_a_signature_whatever_is_sent(
    gate: Any, gateway: str, caplog: pytest.LogCaptureFixture
) -> None:
    vault = gate.vaults[gateway]
    _, coin = await _paid(gate, gateway)
    genuine = vault.notice(coin)
    with caplog.at_level(logging.DEBUG):
        for raw in (
            genuine,
            vault.notice(coin, secret="a secret of somebody else's"),
            genuine[:-20],
            genuine.replace(b"300000", b"900000"),
            b"",
            b"\xff" * 70_000,
        ):
            await gate.push(gateway, raw)
        await gate.work()
        gate.clock.advance(timedelta(minutes=3))
        vault.mood = "unsigned"
        await gate.ask(gateway)
    said = caplog.text + repr(vault.adapter)
    assert "A-SECRET-OF-THE-PROOFS-OWN" not in said
    assert "SecureHash" not in said
    assert "MaXacThuc" not in said


@pytest.mark.parametrize("gateway", ["vnpay", "portal"])
async def test_a_message_signed_for_one_payment_proves_nothing_about_another(
    gate: Any, gateway: str
) -> None:
    cheap, coin = await _paid(gate, gateway, 100_000)
    dear = await gate.owe(9_000_000)
    attempt = await gate.open(gateway, dear)
    before = await gate.books()
    raw = gate.vaults[gateway].notice(coin)
    for old, new in ((coin.reference, attempt.txn_ref), ("10000000", "900000000")):
        await gate.push(gateway, raw.replace(old.encode(), new.encode(), 1))
        if old.encode() in raw:
            assert await gate.books() == before
    assert not await gate.opens(dear)
    assert not await gate.opens(cheap)
