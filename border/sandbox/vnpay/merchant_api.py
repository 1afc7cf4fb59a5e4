"""The merchant's two questions: how a payment stands (querydr), and give it back (refund).

Answers are signed, except to a caller who has not proved to be the merchant. Codes: 00 done,
02 unknown terminal, 03 malformed, 91 no such transaction, 94 asked before, 95 nothing was paid,
97 bad signature, 99 other. Not specified by VNPAY and decided here: a refund above what is left
is answered 99, and a query that gives a refund's vnp_TransactionNo is answered about that
refund, so that its way from 05 to 06 or 09 can be followed.

source: VNPAY PAY 2.1.0, "Truy vấn và hoàn tiền".
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from border.core.clock import Clock
from border.sandbox.books.books import Books
from border.sandbox.config import SandboxConfig
from border.sandbox.fault_plan import FaultPlan, is_code
from border.sandbox.stamps import stamp
from border.sandbox.wire.vnpay import (
    HASH_FIELD,
    QUERYDR_ANSWER,
    QUERYDR_REQUEST,
    REFUND_ANSWER,
    REFUND_REQUEST,
    fields_are_signed,
    hash_of_fields,
)
from border.sandbox.wire.vnpay_records import BookedOrder, Movement

MESSAGES = {
    "00": "Success",
    "02": "Invalid TmnCode",
    "03": "Invalid data format",
    "91": "Transaction not found",
    "94": "Request is duplicated",
    "95": "Transaction was not successful",
    "97": "Invalid signature",
    "99": "Unknown error",
}
_FIELD_ORDERS: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "querydr": (QUERYDR_REQUEST, QUERYDR_ANSWER),
    "refund": (REFUND_REQUEST, REFUND_ANSWER),
}
_FIELDS = {
    "vnp_RequestId": r"[A-Za-z0-9]{1,32}",
    "vnp_Version": r"2\.1\.0",
    "vnp_TxnRef": r"[A-Za-z0-9._:-]{1,100}",
    "vnp_OrderInfo": r"[^|]{1,255}",
    "vnp_TransactionDate": r"[0-9]{14}",
    "vnp_CreateDate": r"[0-9]{14}",
    "vnp_IpAddr": r"[0-9A-Fa-f.:]{7,45}",
}
_REFUND_FIELDS = {
    "vnp_TransactionType": r"02|03",
    "vnp_Amount": r"[1-9][0-9]{0,9}00",
    "vnp_CreateBy": r"[^|]{1,245}",
}


_TOLD_AS = {"type_02": "02", "type_03": "03"}


class MerchantApi:
    """Answers POST /merchant_webapi/api/transaction."""

    def __init__(self, books: Books, config: SandboxConfig, clock: Clock) -> None:
        self._books = books
        self._config = config
        self._clock = clock

    def answer(self, asked: Mapping[str, str]) -> tuple[dict[str, str], str | None]:
        """Return the answer to one request, and what is planned to spoil it on its way.

        writes: the refund, if it is accepted.
        """
        if asked.get("vnp_TmnCode") != self._config.terminal:
            return self._answer("02", asked), None
        orders = _FIELD_ORDERS.get(asked.get("vnp_Command", ""))
        if orders is None:
            return self._answer("03", asked), None
        request_order, answer_order = orders
        if not fields_are_signed(request_order, asked, self._config.vnpay_secret):
            return self._answer("97", asked), None
        with self._books.one_commit():
            answer, trouble = self._take(asked)
        if trouble == "other_reference":
            answer["vnp_TxnRef"] += "X"
        elif trouble in _TOLD_AS:
            answer["vnp_TransactionType"] = _TOLD_AS[trouble]
        if not (trouble == "unsigned" or self.faults_of(asked).unsigned_answers):
            answer[HASH_FIELD] = hash_of_fields(answer_order, answer, self._config.vnpay_secret)
        return answer, trouble

    def faults_of(self, asked: Mapping[str, str]) -> FaultPlan:
        """Return what is to go wrong for the reference asked about."""
        return self._books.plans.of(asked.get("vnp_TxnRef", ""))

    def _take(self, asked: Mapping[str, str]) -> tuple[dict[str, str], str | None]:
        """Return the answer to the merchant's own request, not yet signed, and its trouble."""
        at = self._clock.now()
        refund = asked["vnp_Command"] == "refund"
        shapes = _FIELDS | (_REFUND_FIELDS if refund else {})
        if any(not re.fullmatch(shape, asked.get(name, "")) for name, shape in shapes.items()):
            return self._answer("03", asked), None
        if not self._books.requests.see(asked["vnp_RequestId"], stamp(at)[:8]):
            return self._answer("94", asked), None
        planned = self._books.plans.strike(asked["vnp_TxnRef"], asked["vnp_Command"])
        if planned is not None and is_code(planned):
            return self._answer(planned, asked), None
        booked = self._books.orders.by_reference(asked["vnp_TxnRef"], asked["vnp_TransactionDate"])
        if booked is None:
            return self._answer("91", asked), planned
        take = self._refund if refund else self._query
        return take(asked, booked, at), planned

    def _query(self, asked: Mapping[str, str], booked: BookedOrder, at: datetime) -> dict[str, str]:
        order = booked.order
        movements = self._books.movements.of_order(booked.token)
        number = asked.get("vnp_TransactionNo", "")
        if number not in {"", "0"}:
            meant = next((m for m in movements if m.told_number == number), None)
            if meant is None:
                return self._answer("91", asked)
        else:
            payments = [m for m in movements if m.kind == "01"]
            meant = next((m for m in payments if m.succeeded), next(iter(payments), None))
        if meant is None:
            untouched = {
                "vnp_Amount": str(order.amount_vnd * 100),
                "vnp_OrderInfo": order.order_info,
                "vnp_TransactionNo": "0",
                "vnp_TransactionType": "01",
                "vnp_TransactionStatus": "01" if at < order.expires_at else "08",
            }
            return self._answer("00", asked, untouched)
        return self._answer("00", asked, _told(meant, at))

    def _refund(
        self, asked: Mapping[str, str], booked: BookedOrder, at: datetime
    ) -> dict[str, str]:
        movements = self._books.movements.of_order(booked.token)
        paid = [m for m in movements if m.succeeded]
        if not paid:
            return self._answer("95", asked)
        number = asked.get("vnp_TransactionNo", "")
        payment = next((m for m in paid if number in {"", "0", m.told_number}), None)
        if payment is None:
            return self._answer("91", asked)
        amount_vnd = int(asked["vnp_Amount"]) // 100
        accepted = [
            m for m in movements if m.refund_of == payment.number and m.status_at(at) != "09"
        ]
        refused = _refusal_of_refund(
            asked["vnp_TransactionType"], amount_vnd, payment, accepted, at
        )
        if refused is not None:
            return self._answer(refused, asked)
        refund = Movement(
            number=self._books.movements.next_number(),
            kind=asked["vnp_TransactionType"],
            amount_vnd=amount_vnd,
            response_code="00",
            status="05",
            bank_code=payment.bank_code,
            card_type=payment.card_type,
            pay_date=stamp(at),
            order_info=asked["vnp_OrderInfo"],
            final_status=self._books.plans.of(booked.order.txn_ref).refund_ends,
            final_at=at + self._config.refund_takes,
            refund_of=payment.number,
        )
        self._books.movements.add(booked.token, refund)
        return self._answer("00", asked, _told(refund, at))

    def _answer(
        self, code: str, asked: Mapping[str, str], more: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        answer = {
            "vnp_ResponseId": secrets.token_hex(16),
            "vnp_Command": asked.get("vnp_Command", ""),
            "vnp_ResponseCode": code,
            "vnp_Message": MESSAGES.get(code, MESSAGES["99"]),
            "vnp_TmnCode": self._config.terminal,
            "vnp_TxnRef": asked.get("vnp_TxnRef", ""),
        }
        return answer | dict(more or {})


def _refusal_of_refund(
    kind: str, amount_vnd: int, payment: Movement, accepted: list[Movement], at: datetime
) -> str | None:
    """Return the code that refuses a refund of `payment`, or None; `accepted` is what was."""
    left_vnd = payment.amount_vnd - sum(m.amount_vnd for m in accepted)
    same_under_way = any(
        (m.kind, m.amount_vnd, m.status_at(at)) == (kind, amount_vnd, "05") for m in accepted
    )
    if same_under_way or left_vnd == 0:
        return "94"
    if kind == "02" and amount_vnd != payment.amount_vnd:
        return "03"
    return "99" if amount_vnd > left_vnd else None


def _told(movement: Movement, at: datetime) -> dict[str, str]:
    return {
        "vnp_Amount": str(movement.amount_vnd * 100),
        "vnp_BankCode": movement.bank_code,
        "vnp_PayDate": movement.pay_date,
        "vnp_TransactionNo": movement.told_number,
        "vnp_TransactionType": movement.kind,
        "vnp_TransactionStatus": movement.status_at(at),
        "vnp_OrderInfo": movement.order_info,
    }
