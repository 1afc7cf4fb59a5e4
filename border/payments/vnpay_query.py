"""Asking VNPAY what became of a payment (querydr): the question, the answer, the call.

An answer proves something only if it is signed, about our reference, at our terminal, and about
a payment: refunds answer with the same status of success. Everything else, a time-out and "not
found" included, is no evidence and never a failure.
source: sandbox.vnpayment.vn/apis/docs/truy-van-hoan-tien/querydr&refund.html
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from datetime import timedelta

import httpx

from border.payments.evidence import Evidence, Question, Reply, Source
from border.payments.vnpay import (
    VERSION,
    Vnpay,
    amount_read,
    as_read,
    as_sent,
    finding,
    sign,
    transaction_read,
)

_log = logging.getLogger(__name__)

RATE_LIMIT = timedelta(minutes=5)
"""How long VNPAY answers 94 after an accepted question, whatever the reference (measured)."""
_PATIENCE_S = 20
_LARGEST = 65_536
_TOO_SOON = "94"
_PAYMENT = "01"

_ASKED = "RequestId Version Command TmnCode TxnRef TransactionDate CreateDate IpAddr OrderInfo"
_ANSWERED = (
    "ResponseId Command ResponseCode Message TmnCode TxnRef Amount BankCode PayDate TransactionNo "
    "TransactionType TransactionStatus OrderInfo PromotionCode PromotionAmount"
)


def signed_text(fields: Mapping[str, str], order: str) -> str:
    """Return the values in `order` with bars between, empty where absent; nothing is encoded."""
    return "|".join(fields.get(f"vnp_{name}", "") for name in order.split())


def question_body(vnpay: Vnpay, question: Question, server_ip: str) -> dict[str, str]:
    """Return the JSON body of a question, signed."""
    fields = {
        "vnp_RequestId": question.request_id,
        "vnp_Version": VERSION,
        "vnp_Command": "querydr",
        "vnp_TmnCode": vnpay.terminal,
        "vnp_TxnRef": question.txn_ref,
        "vnp_TransactionDate": question.created_as_sent,
        "vnp_CreateDate": as_sent(question.asked_at),
        "vnp_IpAddr": server_ip,
        "vnp_OrderInfo": f"Truy van {question.txn_ref}",
    }
    return fields | {"vnp_SecureHash": sign(vnpay.secret, signed_text(fields, _ASKED))}


def read_reply(vnpay: Vnpay, question: Question, raw: bytes) -> Reply:
    """Return what the body of an answer proves about the attempt that was asked about."""
    fields = _fields(raw)
    code = fields.get("vnp_ResponseCode")
    if code == _TOO_SOON:
        # Unsigned as it may be, obeying it costs nothing but time.
        return Reply(wait=RATE_LIMIT, raw=raw)
    genuine = vnpay.genuine(signed_text(fields, _ANSWERED), fields.get("vnp_SecureHash", ""))
    about = fields.get("vnp_TmnCode"), fields.get("vnp_TxnRef"), fields.get("vnp_Command")
    if (
        not genuine
        or about != (vnpay.terminal, question.txn_ref, "querydr")
        or code != "00"
        or fields.get("vnp_TransactionType") != _PAYMENT
    ):
        return Reply(raw=raw)
    return Reply(
        Evidence(
            gateway=vnpay.code,
            txn_ref=question.txn_ref,
            finding=finding(code, fields.get("vnp_TransactionStatus", "")),
            amount=amount_read(fields.get("vnp_Amount", "")),
            source=Source.PULL,
            provider_txn=transaction_read(fields.get("vnp_TransactionNo", "")),
            paid_at=as_read(fields.get("vnp_PayDate", "")),
        ),
        raw=raw,
    )


def _fields(raw: bytes) -> dict[str, str]:
    """Return the answer's fields as text, as they were signed; none if it is no JSON object."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(body, dict):
        return {}
    return {name: "" if value is None else str(value) for name, value in body.items()}


class VnpayQuery:
    """VNPAY's query address, reached through `client`."""

    code = Vnpay.code

    def __init__(
        self,
        vnpay: Vnpay,
        api_url: str,
        client: httpx.AsyncClient,
        server_ip: str = "127.0.0.1",
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._vnpay = vnpay
        self._api_url = api_url
        self._client = client
        self._server_ip = server_ip
        self._patience_s = patience_s

    async def ask(self, question: Question) -> Reply:
        """Ask VNPAY about one attempt; whatever goes wrong on the way is no evidence."""
        body = question_body(self._vnpay, question, self._server_ip)
        try:
            async with asyncio.timeout(self._patience_s):
                raw = await self._answer(body)
        except (httpx.HTTPError, TimeoutError) as error:
            _log.warning("VNPAY gave no answer about %s: %r", question.txn_ref, error)
            return Reply()
        return read_reply(self._vnpay, question, raw)

    async def _answer(self, body: dict[str, str]) -> bytes:
        """Return the body of the answer, cut off where it is longer than any genuine one."""
        async with self._client.stream("POST", self._api_url, json=body) as response:
            response.raise_for_status()
            received = b""
            async for chunk in response.aiter_bytes():
                received += chunk
                if len(received) > _LARGEST:
                    break
            return received
