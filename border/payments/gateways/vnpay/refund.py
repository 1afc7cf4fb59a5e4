"""Giving money back through VNPAY (refund), and asking how far it has come (querydr).

Only a signed answer about our reference at our terminal says yes or no. All else (a time-out, an
error, an answer without a signature) leaves the refund unknown: VNPAY may have taken it. That the
sandbox refuses every refund by 99 is such a case.
source: sandbox.vnpayment.vn/apis/docs/truy-van-hoan-tien/querydr&refund.html
"""

import logging
import re
from collections.abc import Mapping

import httpx

from border.payments.gateways.call import NoAnswer, post_json
from border.payments.gateways.evidence import (
    Question,
    RefundFinding,
    RefundOrder,
    RefundQuestion,
    RefundReply,
)
from border.payments.gateways.vnpay.messages import (
    VERSION,
    Vnpay,
    amount_sent,
    sign,
    transaction_read,
)
from border.payments.gateways.vnpay.query import (
    PATIENCE_S,
    QUERIED,
    RATE_LIMIT,
    TOO_SOON,
    answers,
    fields_of,
    question_body,
    signed_text,
)
from border.payments.gateways.wire import as_sent, plain

_log = logging.getLogger(__name__)

_FULL, _PARTIAL = "02", "03"
_LONGEST_NAME = 245
_REQUEST_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_CODE = re.compile(r"[0-9]{2}")

_ORDERED = (
    "RequestId Version Command TmnCode TransactionType TxnRef Amount TransactionNo "
    "TransactionDate CreateBy CreateDate IpAddr OrderInfo"
)
_ANSWERED = (
    "ResponseId Command ResponseCode Message TmnCode TxnRef Amount BankCode PayDate TransactionNo "
    "TransactionType TransactionStatus OrderInfo"
)
_DONE = "00"
_REFUSALS: Mapping[str, RefundFinding] = {
    "02": RefundFinding.REJECTED,
    "03": RefundFinding.REJECTED,
    "91": RefundFinding.REJECTED,
    "94": RefundFinding.ACCEPTED,
    "95": RefundFinding.REJECTED,
}
"""What VNPAY's codes other than 00 say of a refund; 97, 99 and unknown ones say nothing.

94: a refund of this payment is under way. As no payment has two under way at a time, it is ours,
taken in spite of what we then did not hear.
"""
_STATUSES: Mapping[str, RefundFinding] = {
    "00": RefundFinding.ACCEPTED,
    "05": RefundFinding.ACCEPTED,
    "06": RefundFinding.DONE,
    "09": RefundFinding.REJECTED,
}
"""What a refund's status says: at VNPAY (00 and 05), sent to the bank, refused by the bank."""
_UNSAID = frozenset({"", "01"})
"""Statuses beside a 00 that say no more than it does: the refund is accepted."""


def refund_body(vnpay: Vnpay, order: RefundOrder, server_ip: str) -> dict[str, str]:
    """Return the JSON body that asks for a refund, signed.

    The same refund handed over again has the same `request_id`: VNPAY then answers 94, which may
    speak of the request or of the refund. Taken for "accepted" it ties the money up until the
    statement decides; a new number could give the money back twice.
    """
    if not _REQUEST_ID.fullmatch(order.request_id):
        raise ValueError(f"{order.request_id!r} is no number of a request to VNPAY")
    fields = {
        "vnp_RequestId": order.request_id,
        "vnp_Version": VERSION,
        "vnp_Command": "refund",
        "vnp_TmnCode": vnpay.terminal,
        "vnp_TransactionType": _kind(order),
        "vnp_TxnRef": order.txn_ref,
        "vnp_Amount": amount_sent(order.amount),
        "vnp_OrderInfo": plain(order.says),
        "vnp_TransactionNo": order.provider_txn,
        "vnp_TransactionDate": order.created_as_sent,
        "vnp_CreateBy": plain(order.by)[:_LONGEST_NAME],
        "vnp_CreateDate": as_sent(order.asked_at),
        "vnp_IpAddr": server_ip,
    }
    return fields | {"vnp_SecureHash": sign(vnpay.secret, signed_text(fields, _ORDERED))}


def read_refund(vnpay: Vnpay, order: RefundOrder, raw: bytes) -> RefundReply:
    """Return what the body of an answer says about the refund that was asked for.

    An acceptance of another amount, or of the other kind, is not about this refund.
    """
    fields = fields_of(raw)
    code = _word(fields)
    if not answers(vnpay, fields, _ANSWERED, "refund", order.txn_ref):
        return RefundReply(RefundFinding.UNKNOWN, code=code, raw=raw)
    if code != _DONE:
        return RefundReply(_REFUSALS.get(code, RefundFinding.UNKNOWN), code=code, raw=raw)
    asked = (amount_sent(order.amount), _kind(order))
    if (fields.get("vnp_Amount"), fields.get("vnp_TransactionType")) != asked:
        return RefundReply(RefundFinding.UNKNOWN, code=code, raw=raw)
    status = fields.get("vnp_TransactionStatus", "")
    accepted = RefundFinding.ACCEPTED if status in _UNSAID else RefundFinding.UNKNOWN
    number = transaction_read(fields.get("vnp_TransactionNo", ""))
    return RefundReply(
        _STATUSES.get(status, accepted),
        provider_txn=None if number == order.provider_txn else number,
        code=code,
        raw=raw,
    )


def progress_body(vnpay: Vnpay, question: RefundQuestion, server_ip: str) -> dict[str, str]:
    """Return the JSON body that asks about a refund: by its number if VNPAY told us one."""
    asked = Question(
        request_id=question.request_id,
        txn_ref=question.txn_ref,
        created_as_sent=question.created_as_sent,
        asked_at=question.asked_at,
    )
    # VNPAY does not sign the number, so it may stand beside the signed question.
    number = {"vnp_TransactionNo": question.provider_txn} if question.provider_txn else {}
    return question_body(vnpay, asked, server_ip) | number


def read_progress(vnpay: Vnpay, question: RefundQuestion, raw: bytes) -> RefundReply:
    """Return what the body of an answer says about a refund.

    A row of type 01 is about the payment and says nothing; so does a row of another number than
    the one asked about. Asked without a number VNPAY tells of whichever refund it chooses: the
    caller sees by `provider_txn` whether that is one it knows as another.
    """
    fields = fields_of(raw)
    code = _word(fields)
    if code == TOO_SOON:
        # Unsigned as it may be, obeying it costs nothing but time.
        return RefundReply(RefundFinding.UNKNOWN, code=code, wait=RATE_LIMIT, raw=raw)
    number = transaction_read(fields.get("vnp_TransactionNo", ""))
    if (
        not answers(vnpay, fields, QUERIED, "querydr", question.txn_ref)
        or code != _DONE
        or fields.get("vnp_TransactionType") not in (_FULL, _PARTIAL)
        or question.provider_txn not in (None, number)
    ):
        return RefundReply(RefundFinding.UNKNOWN, code=code, raw=raw)
    found = _STATUSES.get(fields.get("vnp_TransactionStatus", ""), RefundFinding.UNKNOWN)
    return RefundReply(found, provider_txn=number, code=code, raw=raw)


def _kind(order: RefundOrder) -> str:
    return _FULL if order.full else _PARTIAL


def _word(fields: Mapping[str, str]) -> str:
    """Return VNPAY's code, fit to be kept and shown; none where it is no code."""
    code = fields.get("vnp_ResponseCode", "")
    return code if _CODE.fullmatch(code) else ""


class VnpayRefund:
    """VNPAY's refund address, which is also the one for queries, reached through `client`."""

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

    async def refund(self, order: RefundOrder) -> RefundReply:
        """Ask VNPAY to give money back; whatever goes wrong on the way leaves it unknown."""
        raw = await self._answer(refund_body(self._vnpay, order, self._server_ip), order.txn_ref)
        if raw is None:
            return RefundReply(RefundFinding.UNKNOWN)
        return self._logged(order.txn_ref, read_refund(self._vnpay, order, raw))

    async def ask_refund(self, question: RefundQuestion) -> RefundReply:
        """Ask VNPAY how a refund stands; whatever goes wrong on the way leaves it unknown."""
        body = progress_body(self._vnpay, question, self._server_ip)
        raw = await self._answer(body, question.txn_ref)
        if raw is None:
            return RefundReply(RefundFinding.UNKNOWN)
        return self._logged(question.txn_ref, read_progress(self._vnpay, question, raw))

    async def _answer(self, body: Mapping[str, str], txn_ref: str) -> bytes | None:
        try:
            answer = await post_json(self._client, self._api_url, body, self._patience_s)
        except NoAnswer as error:
            _log.warning("VNPAY gave no answer about a refund of %s: %s", txn_ref, error)
            return None
        return answer.body

    @staticmethod
    def _logged(txn_ref: str, reply: RefundReply) -> RefundReply:
        if reply.finding is RefundFinding.UNKNOWN and reply.wait is None:
            _log.warning(
                "VNPAY's answer about a refund of %s proves nothing: code %r", txn_ref, reply.code
            )
        return reply
