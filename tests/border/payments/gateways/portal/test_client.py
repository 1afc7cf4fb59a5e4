"""Calling the portal over a real line: opening payments, asking about them, and every trouble."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from border.core.money import Money
from border.payments.gateways.evidence import (
    Finding,
    Gateway,
    GatewayQuery,
    GatewayUnavailable,
    Order,
    Question,
    Reply,
    Source,
)
from border.payments.gateways.portal.client import PortalClient

KEY = "DVC-TEST-KEY"
OLD_KEY = "DVC-KEY-BEFORE"
BILL = {
    "LoaiBanTin": "CONFIRM",
    "MaLoi": "00",
    "MaDoiTac": "GATE",
    "MaThamChieu": "LC2026000123A1",
    "SoTien": "2000000",
    "MaTienTe": "VND",
    "MaGiaoDich": "DVC2611220001",
    "MaNganHang": "NCB",
    "ThoiGianGD": "20261122093212",
    "ThongTinGiaoDich": "Phi ha tang cua khau LC-2026-000123",
    "MaXacThuc": "d4d4eb677746f695f2228f075efc7de62f877d9d8962696436dff9983de323a6",
}
PROOF = json.dumps(BILL).encode()
ORDER = Order(
    txn_ref="LC2026000123A1",
    amount=Money(2_000_000),
    says="Phí hạ tầng cửa khẩu LC-2026-000123",
    created_at=datetime(2026, 11, 22, 2, 30, tzinfo=UTC),
    expires_at=datetime(2026, 11, 22, 2, 45, tzinfo=UTC),
    client_ip="203.0.113.7",
    base_url="https://gate.example.vn",
)
QUESTION = Question(
    request_id="0f1c2d3e4b5a69788796a5b4c3d2e1f0",
    txn_ref="LC2026000123A1",
    created_as_sent="20261122093000",
    asked_at=datetime(2026, 11, 22, 3, 0, tzinfo=UTC),
)


def portal_at(url: str, client: httpx.AsyncClient, **more: Any) -> PortalClient:
    return PortalClient(
        partner="GATE", secret=KEY, old_secret=OLD_KEY, init_url=url, client=client, **more
    )


@pytest.fixture
async def portal(line: Any) -> AsyncIterator[PortalClient]:
    async with httpx.AsyncClient() as client:
        yield portal_at(line.url, client, opening_patience_s=30, asking_patience_s=30)


def opened(line: Any, path: str = "/pay?id=1") -> bytes:
    url = str(httpx.URL(line.url).join(path))
    return json.dumps({"MaLoi": "00", "UrlThanhToan": url}).encode()


def test_it_is_both_a_gateway_and_how_that_is_asked(portal: PortalClient) -> None:
    gateway: Gateway = portal
    query: GatewayQuery = portal
    assert gateway.code == query.code == "portal"


async def test_a_payment_is_announced_and_the_payer_sent_to_the_page_named(
    line: Any, portal: PortalClient
) -> None:
    line.answers(opened(line), media_type="application/json; charset=utf-8")
    checkout = await portal.checkout(ORDER)
    assert checkout.redirect_url == str(httpx.URL(line.url).join("/pay?id=1"))
    assert checkout.qr_payload is None
    assert line.asked == [portal.init_body(ORDER)]
    assert line.asked[0]["MaXacThuc"] == (
        "6f586006a2aa415fac72d721ee0a51a2c774d2d8f9ef1db276212c243592c163"
    )


async def test_an_answer_in_the_envelope_of_the_provinces_bus_is_understood(
    line: Any, portal: PortalClient
) -> None:
    line.answers(json.dumps({"error_code": "0", "message": opened(line).decode()}).encode())
    assert (await portal.checkout(ORDER)).redirect_url
    line.answers(json.dumps({"error_code": "0", "message": PROOF.decode()}).encode())
    assert (await portal.ask(QUESTION)).evidence


async def test_the_payer_is_not_sent_to_another_host(line: Any, portal: PortalClient) -> None:
    line.answers(opened(line, "http://evil.example.vn/pay"))
    with pytest.raises(GatewayUnavailable, match="not its own"):
        await portal.checkout(ORDER)


async def test_a_page_in_place_of_an_answer_opens_nothing(line: Any, portal: PortalClient) -> None:
    line.answers(opened(line), media_type="text/html")
    with pytest.raises(GatewayUnavailable, match="text/html"):
        await portal.checkout(ORDER)


async def test_a_line_that_misbehaves_opens_nothing_and_says_so_without_the_secret(
    line: Any, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    line.troubles(trouble, opened(line))
    async with asyncio.timeout(60), httpx.AsyncClient() as client:
        portal = portal_at(line.url, client, opening_patience_s=line.patience_s(trouble))
        with pytest.raises(GatewayUnavailable, match="the portal did not answer") as told:
            await portal.checkout(ORDER)
    assert len(line.asked) == 1
    for secret in (KEY, OLD_KEY):
        assert secret not in caplog.text
        assert secret not in str(told.value) + repr(told.value) + repr(portal)


async def test_nobody_there_opens_nothing_and_proves_nothing() -> None:
    async with httpx.AsyncClient() as client:
        portal = portal_at("http://127.0.0.1:9/init", client)
        with pytest.raises(GatewayUnavailable):
            await portal.checkout(ORDER)
        assert await portal.ask(QUESTION) == Reply()


async def test_a_question_goes_over_the_line_and_its_proof_comes_back(
    line: Any, portal: PortalClient
) -> None:
    line.answers(PROOF)
    reply = await portal.ask(QUESTION)
    assert reply.evidence is not None
    assert (reply.evidence.finding, reply.evidence.source) == (Finding.PAID, Source.PULL)
    assert (reply.evidence.amount, reply.evidence.provider_txn) == (
        Money(2_000_000),
        "DVC2611220001",
    )
    assert reply.raw == PROOF
    assert line.asked == [
        {
            "LoaiBanTin": "GET_BILL",
            "PhienBan": "1.0.6",
            "MaDoiTac": "GATE",
            "MaThamChieu": "LC2026000123A1",
            "ThoiGianGD": "20261122093000",
            "MaXacThuc": "bc82c4808e67749fc9b6975cbc7930abca5d6aa5834885f82725393229f2a079",
        }
    ]


async def test_questions_go_to_an_address_of_their_own_where_there_is_one(line: Any) -> None:
    line.answers(PROOF)
    async with httpx.AsyncClient() as client:
        portal = portal_at("http://127.0.0.1:9/init", client, bill_url=line.url)
        assert (await portal.ask(QUESTION)).evidence
    assert len(line.asked) == 1


@pytest.mark.parametrize("media_type", ["text/html", "text/plain", "application/octet-stream", ""])
async def test_a_proof_that_is_not_said_to_be_json_is_no_evidence(
    line: Any, portal: PortalClient, media_type: str
) -> None:
    line.answers(PROOF, media_type=media_type)
    assert await portal.ask(QUESTION) == Reply()


@pytest.mark.parametrize(
    "body",
    [
        b"<html>maintenance</html>",
        PROOF[:-20],
        json.dumps(BILL | {"MaXacThuc": ""}).encode(),
        json.dumps(BILL | {"SoTien": "100"}).encode(),
        b"",
    ],
    ids=["html", "truncated", "unsigned", "altered", "nothing"],
)
async def test_an_answer_that_proves_nothing_is_kept_but_is_no_evidence(
    line: Any, portal: PortalClient, body: bytes
) -> None:
    line.answers(body)
    assert await portal.ask(QUESTION) == Reply(raw=body)


async def test_a_line_that_misbehaves_is_no_evidence(
    line: Any, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    line.troubles(trouble, PROOF)
    async with asyncio.timeout(60), httpx.AsyncClient() as client:
        portal = portal_at(line.url, client, asking_patience_s=line.patience_s(trouble))
        assert await portal.ask(QUESTION) == Reply()
    assert len(line.asked) == 1
    assert "the portal gave no answer about LC2026000123A1" in caplog.text
    assert KEY not in caplog.text
