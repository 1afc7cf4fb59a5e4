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

from border.clock import Clock
from border.sandbox.books import Books
from border.sandbox.config import SandboxConfig
from border.sandbox.fault_plan import FaultPlan
from border.sandbox.pay_order import stamp
from border.sandbox.records import BookedOrder, Movement
from border.sandbox.vnpay_wire import (
    HASH_FIELD,
    QUERYDR_ANSWER,
    QUERYDR_REQUEST,
    REFUND_ANSWER,
    REFUND_REQUEST,
    fields_are_signed,
    hash_of_fields,
)

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


class MerchantApi:
    """Answers POST /merchant_webapi/api/transaction."""

    def __init__(self, books: Books, config: SandboxConfig, clock: Clock) -> None:
        self._books = books
        self._config = config
        self._clock = clock

    def answer(self, asked: Mapping[str, str]) -> dict[str, str]:
        """Return the answer to one request; writes: the refund, if it is accepted."""
        if asked.get("vnp_TmnCode") != self._config.terminal:
            return self._unsigned("02", asked)
        orders = _FIELD_ORDERS.get(asked.get("vnp_Command", ""))
        if orders is None:
            return self._unsigned("03", asked)
        request_order, answer_order = orders
        if not fields_are_signed(request_order, asked, self._config.secret):
            return self._unsigned("97", asked)
        with self._books.one_commit():
            answer = self._take(asked)
        if not self.faults_of(asked).unsigned_answers:
            answer[HASH_FIELD] = hash_of_fields(answer_order, answer, self._config.secret)
        return answer

    def faults_of(self, asked: Mapping[str, str]) -> FaultPlan:
        """Return what is to go wrong for the reference asked about."""
        return self._books.faults_of(asked.get("vnp_TxnRef", ""))

    def _take(self, asked: Mapping[str, str]) -> dict[str, str]:
        at = self._clock.now()
        refund = asked["vnp_Command"] == "refund"
        shapes = _FIELDS | (_REFUND_FIELDS if refund else {})
        if any(not re.fullmatch(shape, asked.get(name, "")) for name, shape in shapes.items()):
            return self._answer("03", asked)
        if not self._books.see_request(asked["vnp_RequestId"], stamp(at)[:8]):
            return self._answer("94", asked)
        forced = self._next_forced_code(asked["vnp_TxnRef"], refund)
        if forced is not None:
            return self._answer(forced, asked)
        booked = self._books.order_by_reference(asked["vnp_TxnRef"], asked["vnp_TransactionDate"])
        if booked is None:
            return self._answer("91", asked)
        return self._refund(asked, booked, at) if refund else self._query(asked, booked, at)

    def _next_forced_code(self, txn_ref: str, refund: bool) -> str | None:
        """Return the next planned wrong answer, if any, and strike it off the plan."""
        faults = self._books.faults_of(txn_ref)
        taken, left = faults.strike_answer(refund)
        if taken is not None:
            self._books.plan_faults(txn_ref, left)
        return taken

    def _query(self, asked: Mapping[str, str], booked: BookedOrder, at: datetime) -> dict[str, str]:
        order = booked.order
        movements = self._books.movements(booked.token)
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
        movements = self._books.movements(booked.token)
        paid = [m for m in movements if m.succeeded]
        if not paid:
            return self._answer("95", asked)
        number = asked.get("vnp_TransactionNo", "")
        payment = next((m for m in paid if number in {"", "0", m.told_number}), None)
        if payment is None:
            return self._answer("91", asked)
        amount_vnd = int(asked["vnp_Amount"]) // 100
        standing = [
            m for m in movements if m.refund_of == payment.number and m.status_at(at) != "09"
        ]
        refused = _refusal_of_refund(
            asked["vnp_TransactionType"], amount_vnd, payment, standing, at
        )
        if refused is not None:
            return self._answer(refused, asked)
        refund = Movement(
            number=self._books.next_number(),
            kind=asked["vnp_TransactionType"],
            amount_vnd=amount_vnd,
            response_code="00",
            status="05",
            bank_code=payment.bank_code,
            card_type=payment.card_type,
            pay_date=stamp(at),
            order_info=asked["vnp_OrderInfo"],
            final_status=self._books.faults_of(booked.order.txn_ref).refund_ends,
            final_at=at + self._config.refund_takes,
            refund_of=payment.number,
        )
        self._books.add_movement(booked.token, refund)
        return self._answer("00", asked, _told(refund, at))

    def _answer(
        self, code: str, asked: Mapping[str, str], told: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        answer = {
            "vnp_ResponseId": secrets.token_hex(16),
            "vnp_Command": asked.get("vnp_Command", ""),
            "vnp_ResponseCode": code,
            "vnp_Message": MESSAGES.get(code, MESSAGES["99"]),
            "vnp_TmnCode": self._config.terminal,
            "vnp_TxnRef": asked.get("vnp_TxnRef", ""),
        }
        return answer | dict(told or {})

    def _unsigned(self, code: str, asked: Mapping[str, str]) -> dict[str, str]:
        """Answer a stranger: nothing of the books, and no signature to collect."""
        return self._answer(code, asked)


def _refusal_of_refund(
    kind: str, amount_vnd: int, payment: Movement, standing: list[Movement], at: datetime
) -> str | None:
    """Return the code that refuses a refund of `payment`, or None; `standing` were accepted."""
    left_vnd = payment.amount_vnd - sum(m.amount_vnd for m in standing)
    same_under_way = any(
        (m.kind, m.amount_vnd, m.status_at(at)) == (kind, amount_vnd, "05") for m in standing
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
