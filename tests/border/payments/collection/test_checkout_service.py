"""Where a payer goes on: asked of the gateway with no connection held, kept if made only once."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

import httpx
import pytest
from sqlalchemy.pool import QueuePool

from border.core.actor import Actor
from border.core.ids import new_id
from border.core.refusal import Refusal
from border.core.store import Store, Unit, open_engine, table_of
from border.payments.collection.checkout_service import checkout, order_of
from border.payments.collection.notice_service import Inbox
from border.payments.collection.payment import PAYMENT_LASTS
from border.payments.collection.payment_service import cancel_payment, open_payment
from border.payments.collection.tables import AttemptRow, NoticeRow, PaymentRow
from border.payments.gateways.evidence import Checkout, Finding, Gateway, Order
from border.payments.gateways.portal.client import PortalClient
from border.payments.gateways.vnpay.messages import Vnpay


class SlowPortal:
    """A real server in the portal's place, which answers nobody until it is let."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.may_answer = asyncio.Event()
        self.status = "200 OK"
        self._came = asyncio.Condition()

    async def until_asked(self, times: int) -> None:
        """Wait until it has been asked so often."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.asked) >= times)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one INIT; name a page to pay on once answers are let go."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            size = int(head.split("content-length:")[1].split("\r\n")[0])
            async with self._came:
                self.asked.append(json.loads(await reader.readexactly(size)))
                self._came.notify_all()
            await self.may_answer.wait()
            page = f"{self.url}?page={len(self.asked)}"
            body = json.dumps({"MaLoi": "00", "UrlThanhToan": page}).encode()
            writer.write(
                f"HTTP/1.1 {self.status}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                + body
            )
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@dataclass
class OnlyOnce:
    """A gateway that makes a page for an attempt once and `keep`s to it."""

    code: ClassVar[str] = "vnpay"
    keep: bool = True
    orders: list[Order] = field(default_factory=list)

    async def checkout(self, order: Order) -> Checkout:
        """Make a page, another one each time."""
        self.orders.append(order)
        url = f"https://pay.example.vn/{len(self.orders)}"
        return Checkout(redirect_url=url, keep=self.keep)


@pytest.fixture
async def slow() -> AsyncIterator[SlowPortal]:
    """A portal that is being asked and says nothing yet."""
    portal = SlowPortal()
    server = await asyncio.start_server(portal.serve, "127.0.0.1", 0)
    portal.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/pay"
    async with server:
        yield portal
        portal.may_answer.set()


@pytest.fixture
async def portal(slow: SlowPortal) -> AsyncIterator[PortalClient]:
    """The gateway that asks it."""
    async with httpx.AsyncClient() as client:
        yield PortalClient(
            partner="GATE",
            secret="DVC-TEST-KEY",
            init_url=slow.url,
            client=client,
            opening_patience_s=60,
        )


async def _open(counter: Any, gateway: Gateway, actor: Actor | None = None) -> PaymentRow:
    charge = await counter.charge()

    async def work(unit: Unit) -> PaymentRow:
        return await open_payment(unit, [charge.id], gateway.code, {gateway.code: gateway})

    payment: PaymentRow = await counter.store.perform(actor or counter.trader, work)
    return payment


async def _go_on(
    counter: Any, payment: PaymentRow, gateway: Any, actor: Actor | None = None
) -> Checkout:
    return await checkout(
        counter.store,
        actor or counter.trader,
        payment.id,
        "203.0.113.7",
        "https://gate.example.vn",
        {gateway.code: gateway},
    )


def _pool(store: Store) -> QueuePool:
    pool = store.engine.sync_engine.pool
    assert isinstance(pool, QueuePool)
    return pool


async def test_no_connection_is_out_while_the_gateway_thinks(counter, portal, slow) -> None:
    payments = [await _open(counter, portal) for _ in range(3)]
    asking = [asyncio.create_task(_go_on(counter, each, portal)) for each in payments]
    await slow.until_asked(3)
    assert _pool(counter.store).checkedout() == 0
    slow.may_answer.set()
    pages = await asyncio.gather(*asking)
    assert {page.redirect_url for page in pages} <= {f"{slow.url}?page={n}" for n in (1, 2, 3)}
    assert _pool(counter.store).checkedout() == 0


async def test_asked_inside_a_transaction_it_would_hold_one(counter, portal, slow) -> None:
    payment = await _open(counter, portal)
    (attempt,) = await counter.rows(AttemptRow, payment_id=payment.id)

    async def work(unit: Unit) -> Checkout:
        await unit.fetch(PaymentRow, table_of(PaymentRow).c.id == payment.id)
        return await portal.checkout(order_of(payment, attempt, "203.0.113.7", ""))

    asking = asyncio.create_task(counter.store.perform(counter.trader, work))
    await slow.until_asked(1)
    assert _pool(counter.store).checkedout() == 1
    slow.may_answer.set()
    await asking


async def test_a_notice_is_taken_in_while_more_payers_wait_than_there_are_connections(
    counter, portal, slow, servers
) -> None:
    """With one connection in all, a single checkout that held it would keep the notice out."""
    told = await counter.open([await counter.charge()])
    payments = [await _open(counter, portal) for _ in range(5)]
    engine = open_engine(servers.database_url, 1)
    narrow = Store(engine, counter.clock)
    by_code = {"portal": portal}
    asking = [
        asyncio.create_task(checkout(narrow, counter.trader, each.id, "203.0.113.7", "", by_code))
        for each in payments
    ]
    try:
        await slow.until_asked(5)
        answer = await Inbox(narrow).take(counter.vnpay, counter.notice(told))
        assert answer.body["RspCode"] == "00"
        assert len(await counter.rows(NoticeRow)) == 1
        assert not any(each.done() for each in asking)
        slow.may_answer.set()
        assert all(page.redirect_url for page in await asyncio.gather(*asking))
    finally:
        slow.may_answer.set()
        await asyncio.gather(*asking, return_exceptions=True)
        await engine.dispose()


async def test_the_gateway_is_asked_for_exactly_what_was_promised(counter, portal, slow) -> None:
    slow.may_answer.set()
    payment = await _open(counter, portal)
    await _go_on(counter, payment, portal)
    (order,) = slow.asked
    assert order["SoTien"] == str(payment.amount_minor)
    assert order["MaThamChieu"] == payment.reference.replace("-", "")
    assert payment.reference.split("-")[1] in order["ThongTinGiaoDich"]
    assert order["Ip"] == "203.0.113.7"


async def test_a_gateway_that_is_away_is_said_to_be_and_the_payment_stays_open(
    counter, portal, slow
) -> None:
    slow.may_answer.set()
    payment = await _open(counter, portal)
    slow.status = "502 Bad Gateway"
    with pytest.raises(Refusal, match="gateway_away") as refused:
        await _go_on(counter, payment, portal)
    assert (refused.value.kind.status, refused.value.kind.retry) == (503, True)
    assert payment.reference in refused.value.detail()
    (now,) = await counter.rows(PaymentRow, id=payment.id)
    (attempt,) = await counter.rows(AttemptRow, payment_id=payment.id)
    assert (now, attempt.state, attempt.checkout_url) == (payment, "pending", None)
    slow.status = "200 OK"
    assert (await _go_on(counter, payment, portal)).redirect_url == f"{slow.url}?page=2"


async def test_a_gateway_that_nobody_answers_for_is_away_too(counter) -> None:
    async with httpx.AsyncClient() as client:
        gone = PortalClient(
            partner="GATE", secret="DVC-TEST-KEY", init_url="http://127.0.0.1:9/pay", client=client
        )
        payment = await _open(counter, gone)
        with pytest.raises(Refusal, match="gateway_away"):
            await _go_on(counter, payment, gone)
    (now,) = await counter.rows(PaymentRow, id=payment.id)
    assert now.state == "pending"


async def test_a_page_made_only_once_is_kept_and_nobody_is_asked_again(counter) -> None:
    payment, once = await _open(counter, counter.vnpay), OnlyOnce()
    first = await _go_on(counter, payment, once)
    again = await _go_on(counter, payment, once)
    assert first.redirect_url == again.redirect_url == "https://pay.example.vn/1"
    assert len(once.orders) == 1
    (attempt,) = await counter.rows(AttemptRow, payment_id=payment.id)
    assert attempt.checkout_url == first.redirect_url


async def test_a_page_made_each_time_is_not_kept(counter) -> None:
    payment, each_time = await _open(counter, counter.vnpay), OnlyOnce(keep=False)
    pages = [(await _go_on(counter, payment, each_time)).redirect_url for _ in range(2)]
    assert pages == ["https://pay.example.vn/1", "https://pay.example.vn/2"]
    (attempt,) = await counter.rows(AttemptRow, payment_id=payment.id)
    assert attempt.checkout_url is None


@pytest.mark.parametrize("end", ["paid", "cancelled", "time_is_up"])
async def test_nobody_is_asked_about_a_payment_that_is_over(counter, end: str) -> None:
    opened = await counter.open([await counter.charge()])
    gateway = OnlyOnce()
    if end == "paid":
        await counter.apply(opened, Finding.PAID)
    elif end == "cancelled":

        async def cancel(unit: Unit) -> PaymentRow:
            return await cancel_payment(unit, opened.payment.id)

        await counter.store.perform(counter.trader, cancel)
    else:
        counter.clock.at += PAYMENT_LASTS  # to the second: the end is exclusive, and unswept
    assert await _go_on(counter, opened.payment, gateway) == Checkout()
    assert gateway.orders == []


async def test_until_its_last_second_a_payment_goes_on(counter) -> None:
    payment = await _open(counter, counter.vnpay)
    counter.clock.at += PAYMENT_LASTS - timedelta(seconds=1)
    assert (await _go_on(counter, payment, counter.vnpay)).redirect_url


async def test_a_kept_page_is_not_shown_for_a_payment_that_is_over(counter) -> None:
    payment, once = await _open(counter, counter.vnpay), OnlyOnce()
    assert (await _go_on(counter, payment, once)).redirect_url
    counter.clock.at += PAYMENT_LASTS
    assert await _go_on(counter, payment, once) == Checkout()


async def test_through_a_gateway_no_longer_set_up_nobody_goes_on(counter, portal) -> None:
    payment = await _open(counter, portal)
    assert await _go_on(counter, payment, counter.vnpay) == Checkout()


async def test_anothers_payment_is_not_found_and_the_zones_people_see_every_one(
    counter,
) -> None:
    payment, gateway = await _open(counter, counter.vnpay), OnlyOnce()
    with pytest.raises(Refusal, match="not_found"):
        await _go_on(counter, payment, gateway, counter.rival)
    assert gateway.orders == []
    assert (await _go_on(counter, payment, gateway, counter.cashier)).redirect_url


async def test_a_payment_that_never_was_is_not_found(counter) -> None:
    nowhere = (await _open(counter, counter.vnpay)).model_copy(update={"id": new_id()})
    with pytest.raises(Refusal, match="not_found"):
        await _go_on(counter, nowhere, counter.vnpay)


async def test_vnpays_page_is_an_address_we_sign_and_nobody_is_called(counter) -> None:
    payment = await _open(counter, counter.vnpay)
    there = await _go_on(counter, payment, counter.vnpay)
    vnpay: Vnpay = counter.vnpay
    assert str(there.redirect_url).startswith(f"{vnpay.pay_url}?vnp_Amount=")
    assert not there.keep
