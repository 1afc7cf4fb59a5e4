"""Asking about silent attempts: when, once, without a transaction held, and obeying 94."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from border.core.postponed import FIRST_PAUSE, forget_old
from border.core.tables import PostponedRow
from border.payments.collection.notice_service import process_inbox
from border.payments.collection.query_service import ASK_AFTER, ask_overdue, next_question
from border.payments.collection.tables import NoticeRow
from border.payments.gateways.vnpay.query import VnpayQuery

SECRET = "GATE-EMULATOR-TEST-SECRET-0001"


class SmallVnpay:
    """A small VNPAY on a real port: knows its transactions, signs its answers."""

    def __init__(self) -> None:
        self.status: dict[str, str] = {}
        self.amount: dict[str, int] = {}
        self.asked: list[str] = []
        self.too_soon_after: int | None = None
        self.silent = False
        self.url = ""
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    def answer(self, question: dict[str, str]) -> dict[str, str]:
        """Return the answer to one question."""
        ref = question["vnp_TxnRef"]
        self.asked.append(ref)
        if self.too_soon_after is not None and len(self.asked) > self.too_soon_after:
            return {"vnp_ResponseCode": "94", "vnp_Message": "Request is duplicate"}
        if ref not in self.status:
            return {"vnp_ResponseCode": "91", "vnp_Message": "Transaction not found"}
        number = str(9_000_000 + len(self.asked))
        values = {
            "ResponseId": question["vnp_RequestId"],
            "Command": "querydr",
            "ResponseCode": "00",
            "Message": "Success",
            "TmnCode": question["vnp_TmnCode"],
            "TxnRef": ref,
            "Amount": str(self.amount[ref] * 100),
            "BankCode": "NCB",
            "PayDate": "20261123120212",
            "TransactionNo": number,
            "TransactionType": "01",
            "TransactionStatus": self.status[ref],
            "OrderInfo": "Phi cua khau",
            "PromotionCode": "",
            "PromotionAmount": "",
        }
        signed = hmac.new(SECRET.encode(), "|".join(values.values()).encode(), "sha512").hexdigest()
        return {f"vnp_{name}": value for name, value in values.items()} | {"vnp_SecureHash": signed}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(head.split("content-length:")[1].split("\r\n")[0])
        question = json.loads(await reader.readexactly(size))
        body = json.dumps(self.answer(question)).encode()
        if self.meanwhile is not None:
            await self.meanwhile()
        if not self.silent:
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
        writer.close()

    def knows(self, opened, status: str = "00", amount: int | None = None) -> None:
        """Have it know a payment."""
        ref = opened.payment.reference.replace("-", "")
        self.status[ref] = status
        self.amount[ref] = opened.payment.amount_minor if amount is None else amount


@pytest.fixture
async def gateway() -> AsyncIterator[SmallVnpay]:
    gateway = SmallVnpay()
    server = await asyncio.start_server(gateway.serve, "127.0.0.1", 0)
    gateway.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/transaction"
    async with server:
        yield gateway


@pytest.fixture
async def query(gateway: SmallVnpay, vnpay) -> AsyncIterator[VnpayQuery]:
    async with httpx.AsyncClient() as client:
        yield VnpayQuery(vnpay, gateway.url, client, patience_s=2)


def test_an_attempt_is_asked_about_at_the_fixed_minutes_and_then_daily(clock) -> None:
    opened_at, at = clock.at, clock.at
    minutes = []
    while (following := next_question(opened_at, at)) is not None:
        minutes.append((following - opened_at) / timedelta(minutes=1))
        at = following
    assert minutes == [2, 7, 15, 30, 60, 1440, 2880, 4320]
    assert next_question(opened_at, opened_at + ASK_AFTER[-1]) is None


async def test_a_payment_whose_notice_was_lost_is_found_by_asking(counter, gateway, query) -> None:
    charge = await counter.charge()
    opened = await counter.open([charge])
    gateway.knows(opened)
    counter.clock.advance(timedelta(minutes=1, seconds=59))
    assert await ask_overdue(counter.store, query) == 0
    counter.clock.advance(timedelta(seconds=1))
    assert await ask_overdue(counter.store, query) == 1
    assert (await counter.payment(opened)).state == "paid"
    assert (await counter.charge_now(charge)).state == "settled"
    (kept,) = await counter.rows(NoticeRow)
    assert (kept.source, kept.outcome) == ("pull", "settled")
    assert b"vnp_SecureHash" in kept.raw
    # The notice comes after all: it is confirmed already.
    raw = counter.notice(opened, TransactionNo="9000001")
    assert await counter.take(raw) == "02"
    await process_inbox(counter.store)
    assert await counter.events("charge.settle") == 1


async def test_money_found_after_expiry_is_accepted(counter, gateway, query) -> None:
    opened = await counter.open([await counter.charge()])
    counter.clock.advance(timedelta(minutes=15))
    await counter.expire()
    assert await ask_overdue(counter.store, query) == 1
    assert (await counter.payment(opened)).state == "expired"
    gateway.knows(opened)
    counter.clock.advance(timedelta(minutes=15))
    assert await ask_overdue(counter.store, query) == 1
    payment = await counter.payment(opened)
    assert (payment.state, payment.late) == ("paid", True)


@pytest.mark.parametrize("silent", [True, False], ids=["no_answer", "not_found"])
async def test_no_answer_and_not_found_are_unknown_and_asked_again(
    counter, gateway, query, silent: bool
) -> None:
    opened = await counter.open([await counter.charge()])
    gateway.silent = silent
    for minute in (2, 7, 15, 30, 60):
        counter.clock.at = opened.payment.created_at + timedelta(minutes=minute)
        assert await ask_overdue(counter.store, query) == 1
        assert await ask_overdue(counter.store, query) == 0
        assert (await counter.payment(opened)).state == "pending"
        assert (await counter.attempt(opened)).state == "pending"
    assert len(gateway.asked) == 5


async def test_a_failure_found_by_asking_ends_the_questions(counter, gateway, query) -> None:
    opened = await counter.open([await counter.charge()])
    gateway.knows(opened, "02")
    counter.clock.advance(timedelta(minutes=2))
    await ask_overdue(counter.store, query)
    attempt = await counter.attempt(opened)
    assert (attempt.state, attempt.next_ask_at) == ("failed", None)


async def test_too_little_found_by_asking_waits_for_its_rest(counter, gateway, query) -> None:
    opened = await counter.open([await counter.charge(800_000)])
    gateway.knows(opened, amount=799_999)
    counter.clock.advance(timedelta(minutes=2))
    await ask_overdue(counter.store, query)
    assert (await counter.payment(opened)).state == "part_paid"
    assert await counter.outcomes() == ["underpaid"]


async def test_too_soon_puts_off_every_question_and_loses_none(counter, gateway, query) -> None:
    opened = [await counter.open([await counter.charge()]) for _ in range(4)]
    for one in opened:
        gateway.knows(one)
    gateway.too_soon_after = 1
    counter.clock.advance(timedelta(minutes=2))
    assert await ask_overdue(counter.store, query) == 2
    assert await ask_overdue(counter.store, query) == 0
    assert [(await counter.payment(one)).state for one in opened] == ["paid"] + ["pending"] * 3
    counter.clock.advance(timedelta(minutes=4, seconds=59))
    assert await ask_overdue(counter.store, query) == 0
    gateway.too_soon_after = None
    counter.clock.advance(timedelta(seconds=1))
    assert await ask_overdue(counter.store, query) == 3
    assert {(await counter.payment(one)).state for one in opened} == {"paid"}


async def test_two_workers_never_ask_the_same(counter, gateway, query) -> None:
    for _ in range(6):
        gateway.knows(await counter.open([await counter.charge()]))
    counter.clock.advance(timedelta(minutes=2))
    assert sum(await asyncio.gather(*(ask_overdue(counter.store, query) for _ in range(3)))) == 6
    assert len(set(gateway.asked)) == len(gateway.asked) == 6


async def test_no_transaction_is_held_while_the_gateway_thinks(counter, gateway, query) -> None:
    opened = await counter.open([await counter.charge()])
    gateway.knows(opened)
    seen: list[int] = []

    async def count_open_transactions() -> None:
        async with counter.store.engine.connect() as connection:
            held = await connection.execute(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND pid <> pg_backend_pid() AND xact_start IS NOT NULL "
                    "AND backend_type = 'client backend'"
                )
            )
            seen.append(held.scalar_one())
            await connection.rollback()

    gateway.meanwhile = count_open_transactions
    counter.clock.advance(timedelta(minutes=2))
    await ask_overdue(counter.store, query)
    assert seen == [0]
    assert (await counter.payment(opened)).state == "paid"


async def test_working_the_inbox_asks_at_once_where_a_notice_left_it_open(
    counter, gateway, query
) -> None:
    opened = await counter.open([await counter.charge()])
    gateway.knows(opened)
    await counter.take(counter.notice(opened, "00", "01"))
    assert await process_inbox(counter.store, query) == 1
    assert (await counter.payment(opened)).state == "paid"


async def test_an_attempt_that_cannot_be_asked_about_holds_up_no_other_and_waits_its_pause(
    counter, gateway, query, poisoned
) -> None:
    stuck, other = [await counter.open([await counter.charge()]) for _ in range(2)]
    for opened in (stuck, other):
        gateway.knows(opened)
    counter.clock.advance(ASK_AFTER[0])
    async with poisoned("attempt", (await counter.attempt(stuck)).id):
        await ask_overdue(counter.store, query)
        assert (await counter.payment(other)).state == "paid"
        assert (await counter.payment(stuck)).state == "pending"
        (row,) = await counter.rows(PostponedRow)
        await ask_overdue(counter.store, query)
        assert await counter.rows(PostponedRow) == [row], "it is left alone for a while"
    counter.clock.advance(FIRST_PAUSE)
    await ask_overdue(counter.store, query)
    assert (await counter.payment(stuck)).state == "paid"


async def test_what_was_put_off_and_never_failed_again_is_forgotten_after_a_day(
    counter, gateway, query, poisoned
) -> None:
    stuck = await counter.open([await counter.charge()])
    gateway.knows(stuck)
    counter.clock.advance(ASK_AFTER[0])
    async with poisoned("attempt", (await counter.attempt(stuck)).id):
        await ask_overdue(counter.store, query)
    counter.clock.advance(timedelta(days=1))
    await forget_old(counter.store)
    assert len(await counter.rows(PostponedRow)) == 1
    counter.clock.advance(FIRST_PAUSE)
    await forget_old(counter.store)
    assert await counter.rows(PostponedRow) == []
