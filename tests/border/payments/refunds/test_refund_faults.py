"""Refunds through the adapter and a real line to a small VNPAY that does what VNPAYs do."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from border.payments.gateways.vnpay.refund import VnpayRefund
from border.payments.ledger.book import REFUND_PAYABLE
from border.payments.refunds.outcome_service import resubmit
from border.payments.refunds.refund import ASK_AFTER
from border.payments.refunds.refund_worker import process_refunds

SECRET = "GATE-EMULATOR-TEST-SECRET-0001"


class SmallVnpay:
    """A small VNPAY on a real port, of one payment: knows its refund and signs its answers."""

    def __init__(self) -> None:
        self.refuses_by = ""
        self.hears_but_hangs_up = False
        self.taken: dict[str, Any] | None = None
        self.status = "05"
        self.requests: list[str] = []
        self.url = ""

    def answer(self, asked: dict[str, str]) -> dict[str, str]:
        """Return the answer to one request."""
        if asked["vnp_Command"] == "refund":
            self.requests.append(asked["vnp_RequestId"])
            return self._refund(asked)
        if self.taken is None:
            return self._signed(asked, "91", "", "", "", promotion=True)
        taken = self.taken
        return self._signed(
            asked, "00", taken["vnp_TransactionType"], self.status, "R1", promotion=True
        )

    def _refund(self, asked: dict[str, str]) -> dict[str, str]:
        kind = asked["vnp_TransactionType"]
        if self.refuses_by == "99":
            return {"vnp_ResponseCode": "99", "vnp_Message": "Unknown error"}
        if self.refuses_by:
            return self._signed(asked, self.refuses_by, kind, "", "")
        if self.taken is not None:
            return self._signed(asked, "94", kind, "", "")
        self.taken = asked
        return self._signed(asked, "00", kind, "05", "15000002")

    def _signed(
        self,
        asked: dict[str, str],
        code: str,
        kind: str,
        status: str,
        number: str,
        *,
        promotion: bool = False,
    ) -> dict[str, str]:
        values = {
            "ResponseId": asked["vnp_RequestId"],
            "Command": asked["vnp_Command"],
            "ResponseCode": code,
            "Message": "Message",
            "TmnCode": asked["vnp_TmnCode"],
            "TxnRef": asked["vnp_TxnRef"],
            "Amount": asked.get("vnp_Amount", (self.taken or {}).get("vnp_Amount", "")),
            "BankCode": "NCB",
            "PayDate": "20261123120212",
            "TransactionNo": "15000002" if number else "",
            "TransactionType": kind,
            "TransactionStatus": status,
            "OrderInfo": "Hoan tien",
        }
        if promotion:
            values |= {"PromotionCode": "", "PromotionAmount": ""}
        text = "|".join(values.values())
        signature = hmac.new(SECRET.encode(), text.encode(), "sha512").hexdigest()
        return {f"vnp_{name}": value for name, value in values.items()} | {
            "vnp_SecureHash": signature
        }

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, or hear it and hang up."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(head.split("content-length:")[1].split("\r\n")[0])
        body = json.dumps(self.answer(json.loads(await reader.readexactly(size)))).encode()
        if self.hears_but_hangs_up:
            writer.transport.abort()
            return
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()


@pytest.fixture
async def far() -> AsyncIterator[SmallVnpay]:
    far = SmallVnpay()
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
    far.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/transaction"
    async with server:
        yield far


@pytest.fixture
async def works(desk: Any, far: SmallVnpay, vnpay: Any) -> AsyncIterator[Any]:
    """Let a worker work over the real line."""
    async with httpx.AsyncClient() as client:
        refunder = VnpayRefund(vnpay, far.url, client, patience_s=30)

        async def work() -> int:
            return await process_refunds(desk.store, {"vnpay": refunder})

        yield work


async def test_accepted_then_with_the_bank_then_sent_back(desk, far, works) -> None:
    paid = await desk.paid()
    refund = await desk.approved(paid)
    await works()
    row = await desk.refund(refund)
    assert (row.state, row.provider_txn) == ("provider_pending", "15000002")
    for status, state in (("05", "provider_pending"), ("06", "succeeded"), ("09", "rejected")):
        far.status = status
        desk.counter.clock.at = (await desk.refund(refund)).next_ask_at
        await works()
        assert (await desk.refund(refund)).state == state
    assert REFUND_PAYABLE not in await desk.balances()


async def test_a_line_cut_after_the_acceptance_is_found_again_by_the_94(desk, far, works) -> None:
    refund = await desk.approved(await desk.paid())
    far.hears_but_hangs_up = True
    await works()
    assert (await desk.refund(refund)).state == "unknown"
    far.hears_but_hangs_up = False
    far.taken, taken = None, far.taken  # it does not tell of it yet: 91
    desk.counter.clock.advance(ASK_AFTER[0])
    await works()
    row = await desk.refund(refund)
    assert (row.state, row.provider_code, row.asked) == ("unknown", "91", 1)
    far.taken = taken
    await desk.does(desk.accountant, resubmit, refund.id)
    await works()
    assert (await desk.refund(refund)).state == "provider_pending"
    assert len(far.requests) == 2
    assert len(set(far.requests)) == 1
    far.status = "06"
    desk.counter.clock.at = (await desk.refund(refund)).next_ask_at
    await works()
    assert (await desk.refund(refund)).state == "succeeded"
    assert await desk.balances() == {}


async def test_a_95_is_a_no(desk, far, works) -> None:
    refund = await desk.approved(await desk.paid())
    far.refuses_by = "95"
    await works()
    row = await desk.refund(refund)
    assert (row.state, row.provider_code) == ("rejected", "95")
    assert REFUND_PAYABLE not in await desk.balances()


async def test_a_sandbox_that_always_says_99_leaves_the_refund_unknown(desk, far, works) -> None:
    refund = await desk.approved(await desk.paid())
    far.refuses_by = "99"
    await works()
    for after in ASK_AFTER:
        desk.counter.clock.advance(after)
        await works()
    row = await desk.refund(refund)
    assert (row.state, row.submissions) == ("unknown", 1)
    assert (await desk.balances())[REFUND_PAYABLE] == -800_000
