"""Asking VNPAY what became of a payment (querydr): the question, the answer, the call.

An answer proves something only if it is signed, about our reference, at our terminal, and about
a payment: refunds answer with the same status of success. Everything else, a time-out and "not
found" included, is no evidence and never a failure.
source: sandbox.vnpayment.vn/apis/docs/truy-van-hoan-tien/querydr&refund.html
"""

import logging
from collections.abc import Mapping
from datetime import timedelta

import httpx

from border.payments.gateways.call import NoAnswer, post_json
from border.payments.gateways.evidence import Question, Reply, Source
from border.payments.gateways.vnpay.messages import VERSION, Vnpay, proof, sign
from border.payments.gateways.wire import as_sent, joined_by_bars, read_object

_log = logging.getLogger(__name__)

RATE_LIMIT = timedelta(minutes=5)
"""How long VNPAY answers 94 after an accepted question, whatever the reference (measured)."""
PATIENCE_S = 20
TOO_SOON = "94"
_PAYMENT = "01"

ASKED = "RequestId Version Command TmnCode TxnRef TransactionDate CreateDate IpAddr OrderInfo"
QUERIED = (
    "ResponseId Command ResponseCode Message TmnCode TxnRef Amount BankCode PayDate TransactionNo "
    "TransactionType TransactionStatus OrderInfo PromotionCode PromotionAmount"
)


def signed_text(fields: Mapping[str, str], order: str) -> str:
    """Return the values in `order` as they are signed."""
    return joined_by_bars(fields, (f"vnp_{name}" for name in order.split()))


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
    return fields | {"vnp_SecureHash": sign(vnpay.secret, signed_text(fields, ASKED))}


def read_reply(vnpay: Vnpay, question: Question, raw: bytes) -> Reply:
    """Return what the body of an answer proves about the attempt that was asked about."""
    fields = fields_of(raw)
    if fields.get("vnp_ResponseCode") == TOO_SOON:
        # Unsigned as it may be, obeying it costs nothing but time.
        return Reply(wait=RATE_LIMIT, raw=raw)
    if (
        not answers(vnpay, fields, QUERIED, "querydr", question.txn_ref)
        or fields["vnp_ResponseCode"] != "00"
        or fields.get("vnp_TransactionType") != _PAYMENT
    ):
        return Reply(raw=raw)
    return Reply(proof(fields, Source.PULL), raw=raw)


def answers(
    vnpay: Vnpay, fields: Mapping[str, str], order: str, command: str, txn_ref: str
) -> bool:
    """Say whether an answer is genuine, and about this reference at our terminal."""
    about = ("vnp_Command", "vnp_TmnCode", "vnp_TxnRef")
    return (
        vnpay.genuine(signed_text(fields, order), fields.get("vnp_SecureHash", ""))
        and tuple(fields.get(name) for name in about) == (command, vnpay.terminal, txn_ref)
        and "vnp_ResponseCode" in fields
    )


def fields_of(raw: bytes) -> dict[str, str]:
    """Return an answer's fields as text, as they were signed; none if it is no JSON object."""
    body = read_object(raw) or {}
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
        patience_s: float = PATIENCE_S,
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
            answer = await post_json(self._client, self._api_url, body, self._patience_s)
        except NoAnswer as error:
            _log.warning("VNPAY gave no answer about %s: %s", question.txn_ref, error)
            return Reply()
        return read_reply(self._vnpay, question, answer.body)
