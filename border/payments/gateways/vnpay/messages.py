"""VNPAY PAY 2.1.0: the pay address we write and the notices we read.

Pure: no HTTP, no clock, no database; `checkout` is only called as if it waited. Amounts are x100
on VNPAY's wire and nowhere else. Asking VNPAY (querydr) is in `query`, giving money back in
`refund`.
source: sandbox.vnpayment.vn/apis/docs/thanh-toan-pay/pay.html, read 2026-03-09.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from urllib.parse import quote_plus, unquote_plus

from border.core.money import Money
from border.payments.gateways.evidence import (
    Acknowledgement,
    Checkout,
    Evidence,
    Finding,
    Order,
    RefundMethod,
    Source,
    Taken,
)
from border.payments.gateways.wire import address, as_read, as_sent, plain, same_hash

VERSION = "2.1.0"
_HASH = "vnp_SecureHash"
_UNSIGNED = frozenset({_HASH, "vnp_SecureHashType"})
_FACTOR = 100
_AMOUNT = re.compile(r"[0-9]{1,12}")
_TRANSACTION = re.compile(r"[0-9]{1,15}")
_LARGEST = 8192
"""Bytes of a notice; a genuine one is under 1,000."""

_AGREED = re.compile(r"[A-Za-z0-9 ._:/-]*")
"""The characters on which every form encoder in use agrees; nothing else is sent."""

_REPLIES: Mapping[Taken, tuple[str, str]] = {
    Taken.RECORDED: ("00", "Confirm Success"),
    Taken.UNKNOWN: ("01", "Order not found"),
    Taken.REPEATED: ("02", "Order already confirmed"),
    Taken.WRONG_AMOUNT: ("04", "Invalid amount"),
    Taken.FORGED: ("97", "Invalid signature"),
    Taken.MALFORMED: ("99", "Input data required"),
    Taken.NOT_OURS: ("99", "Unknown error"),
    Taken.NOT_NOW: ("99", "Unknown error"),
}
_DONE = "00"
_REVIEW_RESPONSES = frozenset({"04", "07"})
_FAILED_RESPONSES = frozenset({"09", "10", "11", "12", "13", "24", "51", "65", "75", "79", "99"})
_REVIEW_STATUSES = frozenset({"04", "05", "06", "07", "09"})
"""Reversed, suspected of fraud, or on its way back: money moved, but not simply to us."""
_FAILED_STATUSES = frozenset({"02", "08", "11"})


def finding(response_code: str, status: str) -> Finding:
    """Return what the two result codes of a notice amount to.

    Paid only if both say so: one demonstration of VNPAY's takes either, which opens the gate for
    a failed payment. Codes not in the tables, and a refusal beside a status of success, prove
    nothing: they stay pending until VNPAY is asked.
    """
    if response_code == _DONE and status == _DONE:
        return Finding.PAID
    if response_code in _REVIEW_RESPONSES or status in _REVIEW_STATUSES:
        return Finding.REVIEW
    if response_code in _FAILED_RESPONSES | {_DONE} and status in _FAILED_STATUSES:
        return Finding.FAILED
    return Finding.PENDING


def canonical(fields: Mapping[str, str]) -> str:
    """Return the text that is signed: sorted, form-encoded, without empty values and hashes."""
    return "&".join(
        f"{quote_plus(name)}={quote_plus(value)}"
        for name, value in sorted(fields.items())
        if value and name not in _UNSIGNED
    )


def sign(secret: str, text: str | bytes) -> str:
    """Return the HMAC-SHA512 of `text` in lower-case hex."""
    message = text if isinstance(text, bytes) else text.encode(errors="replace")
    return hmac.digest(secret.encode(), message, "sha512").hex()


def amount_sent(amount: Money) -> str:
    """Return an amount of đồng as VNPAY has it, x100."""
    if amount.currency != "VND" or not 0 < amount.minor < 10**10:
        raise ValueError(f"VNPAY does not deal in {amount}")
    return str(amount.minor * _FACTOR)


def amount_read(text: str) -> Money | None:
    """Return the amount VNPAY wrote x100, or None if that is no whole amount of đồng."""
    if not _AMOUNT.fullmatch(text) or int(text) % _FACTOR:
        return None
    return Money(int(text) // _FACTOR, "VND")


def transaction_read(text: str) -> str | None:
    """Return VNPAY's number of a transaction; it writes 0 where there was none."""
    return text if _TRANSACTION.fullmatch(text) and text.strip("0") else None


def proof(fields: Mapping[str, str], source: Source) -> Evidence:
    """Return what a genuine message about a payment proves.

    Without VNPAY's number of it a payment cannot be booked once and no more, so a success that
    lacks it is left pending: VNPAY is asked.
    """
    found = finding(fields["vnp_ResponseCode"], fields.get("vnp_TransactionStatus", ""))
    number = transaction_read(fields.get("vnp_TransactionNo", ""))
    return Evidence(
        gateway=Vnpay.code,
        txn_ref=fields["vnp_TxnRef"],
        finding=Finding.PENDING if found is Finding.PAID and number is None else found,
        amount=amount_read(fields.get("vnp_Amount", "")),
        source=source,
        provider_txn=number,
        paid_at=as_read(fields.get("vnp_PayDate", "")),
    )


@dataclass(frozen=True)
class Vnpay:
    """One terminal at VNPAY. `old_secret` is still believed while a new one comes into use."""

    code: ClassVar[str] = "vnpay"
    currencies: ClassVar[frozenset[str]] = frozenset({"VND"})
    refund_method: ClassVar[RefundMethod] = RefundMethod.API
    keeps_unknown: ClassVar[bool] = False

    terminal: str
    secret: str = field(repr=False)
    pay_url: str
    old_secret: str = field(default="", repr=False)
    return_path: str = "/api/v1/payments/vnpay/return"

    def __post_init__(self) -> None:
        if not self.secret:
            raise ValueError("VNPAY needs a secret: without one anybody could sign")

    def sent_at(self, at: datetime) -> str:
        """Return `at` as vnp_CreateDate has it; a query must repeat it to the letter."""
        return as_sent(at)

    def txn_ref(self, payment_reference: str, number: int) -> str:
        """Return the payment's own reference without its dashes."""
        return payment_reference.replace("-", "")

    async def checkout(self, order: Order) -> Checkout:
        """Return the address of VNPAY's page for `order`, signed; nobody is called."""
        fields = {
            "vnp_Version": VERSION,
            "vnp_Command": "pay",
            "vnp_TmnCode": self.terminal,
            "vnp_Amount": amount_sent(order.amount),
            "vnp_CreateDate": as_sent(order.created_at),
            "vnp_CurrCode": order.amount.currency,
            "vnp_IpAddr": address(order.client_ip),
            "vnp_Locale": "vn",
            "vnp_OrderInfo": plain(order.says),
            "vnp_OrderType": "other",
            "vnp_ReturnUrl": _agreed(order.base_url + self.return_path),
            "vnp_ExpireDate": as_sent(order.expires_at),
            "vnp_TxnRef": _agreed(order.txn_ref),
        }
        query = canonical(fields)
        return Checkout(redirect_url=f"{self.pay_url}?{query}&{_HASH}={sign(self.secret, query)}")

    def genuine(self, text: str | bytes, given: str) -> bool:
        """Say whether `given` is our or our former signature over `text`, in constant time."""
        believed = (self.secret, self.old_secret or self.secret)
        return same_hash((sign(secret, text) for secret in believed), given)

    def read_notice(self, raw: bytes) -> Evidence | Taken:
        """Return what the query string of a notice or of a return proves, or why nothing.

        The bytes as received are tried first, then the values encoded anew: senders differ in
        how they encode, and either form needs the secret. A name given twice could be read two
        ways, so such a message counts as forged.
        """
        if not raw or len(raw) > _LARGEST:
            return Taken.MALFORMED
        pairs = _pairs(raw)
        fields = {name: value for name, value, _ in pairs}
        if len(fields) < len(pairs):
            return Taken.FORGED
        given, received = fields.get(_HASH, ""), _as_received(pairs)
        known = {name: value for name, value in fields.items() if name.startswith("vnp_")}
        if not (self.genuine(received, given) or self.genuine(canonical(known), given)):
            return Taken.FORGED
        if fields.get("vnp_TmnCode") != self.terminal:
            return Taken.NOT_OURS
        needed = ("vnp_TxnRef", "vnp_Amount", "vnp_ResponseCode", "vnp_TransactionStatus")
        if not all(fields.get(name) for name in needed):
            return Taken.MALFORMED
        return proof(fields, Source.PUSH)

    def acknowledge(self, taken: Taken, raw: bytes, at: datetime) -> Acknowledgement:
        """Return the answer VNPAY expects; after 01, 04, 97 and 99 it sends the notice again."""
        code, message = _REPLIES[taken]
        return Acknowledgement(200, {"RspCode": code, "Message": message})


def _pairs(raw: bytes) -> list[tuple[str, str, bytes]]:
    """Split a query string into names, values, and the pair as received."""
    found = []
    for pair in raw.split(b"&"):
        if pair:
            name, _, value = pair.decode("latin-1").partition("=")
            if b"%" in pair or b"+" in pair:
                name, value = unquote_plus(name), unquote_plus(value)
            found.append((name, value, pair))
    return found


def _as_received(pairs: list[tuple[str, str, bytes]]) -> bytes:
    """Return the signed text made of the pairs as received, without decoding anything."""
    return b"&".join(
        pair
        for name, value, pair in sorted(pairs)
        if value and name.startswith("vnp_") and name not in _UNSIGNED
    )


def _agreed(text: str) -> str:
    if not _AGREED.fullmatch(text):
        raise ValueError(f"{text!r} has characters that encoders disagree on")
    return text
