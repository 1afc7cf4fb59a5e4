"""VietQR: a transfer to our own account, asked for by a code and reported by payOS.

No gateway stands between: the payer's bank takes the code, the money goes to the account, and
payOS, who watches the account, tells of each credit. What it was for is known by the reference in
the memo alone; an amount matches nothing. Money with no reference of ours, or with two, is still
proof of money, of nobody's (`txn_ref` is empty). Pure but for a `checkout` that calls nobody.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from border.core.clock import ZONE
from border.core.money import Money
from border.payments.gateways.emv_qr import TransferCode
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
from border.payments.gateways.transfer_reference import (
    is_transfer_reference,
    reference_in,
    transfer_reference,
)
from border.payments.gateways.vietqr import payos
from border.payments.gateways.wire import Json, as_sent, same_hash

_PURPOSE = "NOP PHI {reference}"
"""What the payer's bank puts in the memo: "paying a fee", without accents, at most 25 letters."""
_TIME = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}([+-][0-9:]{5}|Z)?")
_LARGEST_AMOUNT = 10**13
_LONGEST_TRANSACTION = 64
_LONGEST_MEMO = 500
_SUCCESS: Mapping[str, bool] = {"success": True}
_FAILURE: Mapping[str, bool] = {"success": False}
_STATUSES: Mapping[Taken, int] = {
    Taken.FORGED: 401,
    Taken.MALFORMED: 400,
    Taken.NOT_NOW: 503,
}
"""How payOS is answered where the notice was not taken; all else is 200, nothing to send again."""


@dataclass(frozen=True)
class VietQr:
    """One account, and the key payOS signs with.

    `old_secret` is still believed while a new one comes into use. `bin` names the bank.
    """

    code: ClassVar[str] = "vietqr"
    currencies: ClassVar[frozenset[str]] = frozenset({"VND"})
    refund_method: ClassVar[RefundMethod] = RefundMethod.TRANSFER
    keeps_unknown: ClassVar[bool] = True

    bin: str
    account: str
    account_name: str
    secret: str = field(repr=False)
    old_secret: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not self.secret:
            raise ValueError("VietQR needs a secret: without one anybody could sign")
        TransferCode(self.bin, self.account)  # refuses an account no bank would take

    def sent_at(self, at: datetime) -> str:
        """Return `at` in local time at the gate; nobody is told it, people may look for it."""
        return as_sent(at)

    def txn_ref(self, payment_reference: str, number: int) -> str:
        """Return the short reference for `number`; the payment's own is too long to be typed."""
        return transfer_reference(number)

    async def checkout(self, order: Order) -> Checkout:
        """Return the code to scan: this account, this amount, this reference, one payment."""
        if order.amount.currency not in self.currencies:
            raise ValueError(f"VietQR does not collect {order.amount}")
        if not is_transfer_reference(order.txn_ref):
            raise ValueError(f"money sent for {order.txn_ref!r} would never be matched")
        return Checkout(
            qr_payload=TransferCode(
                bin=self.bin,
                recipient=self.account,
                amount=order.amount.minor,
                bill=order.txn_ref,
                purpose=_PURPOSE.format(reference=order.txn_ref),
                dynamic=True,
            ).payload()
        )

    def genuine(self, data: Mapping[str, Json], given: str) -> bool:
        """Say whether `given` is our or our former signature over `data`, in constant time."""
        secrets = (self.secret, self.old_secret or self.secret)
        return same_hash([payos.sign(secret, data) for secret in secrets], given)

    def read_notice(self, raw: bytes) -> Evidence | Taken:
        """Return what a message of payOS's proves, or why nothing.

        A message that tells of no money, or says in its unsigned part otherwise than in its signed
        one, leaves the attempt pending: a code that could not be paid at noon is paid at one, and
        only the account decides. It is no failure, and it is not asked for again either.
        """
        message = payos.read_message(raw)
        if message is None:
            return Taken.MALFORMED
        if not self.genuine(message.data, message.signature):
            return Taken.FORGED
        data = message.data
        account, code, memo = data.get("accountNumber"), data.get("code"), _memo(data)
        if not isinstance(account, str) or not isinstance(code, str) or memo is None:
            return Taken.MALFORMED
        if account.strip() != self.account:
            return Taken.NOT_OURS
        reference = reference_in(memo)
        if code != payos.DONE or not message.claims_success:
            return Evidence(
                gateway=self.code,
                txn_ref=reference,
                finding=Finding.PENDING,
                amount=None,
                source=Source.PUSH,
                memo=memo,
            )
        amount, transaction = _amount(data), _transaction(data)
        if amount is None or transaction is None or "transactionDateTime" not in data:
            return Taken.MALFORMED
        return Evidence(
            gateway=self.code,
            txn_ref=reference,
            finding=Finding.PAID,
            amount=amount,
            source=Source.PUSH,
            provider_txn=transaction,
            paid_at=_instant(data),
            memo=memo,
        )

    def acknowledge(self, taken: Taken, raw: bytes, at: datetime) -> Acknowledgement:
        """Return the answer; payOS sends again what is not answered by 200.

        Money for another account is answered by 200 too: there is nothing to send again, and the
        sample that payOS sends when the address is registered is of that kind.
        """
        status = _STATUSES.get(taken, 200)
        return Acknowledgement(status, _SUCCESS if status == 200 else _FAILURE)


def _memo(data: Mapping[str, Json]) -> str | None:
    """Return what the payer wrote, fit to be kept and shown; None where the field is missing."""
    match data.get("description", False):
        case None:
            return ""
        case str(text):
            kept = (" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text)
            return "".join(kept).strip()[:_LONGEST_MEMO]
    return None


def _amount(data: Mapping[str, Json]) -> Money | None:
    """Return the amount if it is a whole and positive number of đồng, written as a number."""
    match data.get("amount"), data.get("currency"):
        case int(minor), "VND" if not isinstance(minor, bool) and 0 < minor < _LARGEST_AMOUNT:
            return Money(minor, "VND")
    return None


def _transaction(data: Mapping[str, Json]) -> str | None:
    """Return the bank's number of the money, by which it is booked once."""
    match data.get("reference"):
        case str(text) if text.isprintable() and 0 < len(text.strip()) <= _LONGEST_TRANSACTION:
            return text.strip()
    return None


def _instant(data: Mapping[str, Json]) -> datetime | None:
    """Return when the money came, which payOS writes in local time; None if it is no time."""
    match data["transactionDateTime"]:
        case str(text) if _TIME.fullmatch(text):
            try:
                at = datetime.fromisoformat(text)
            except ValueError:
                return None
            return at if at.tzinfo else at.replace(tzinfo=ZONE)
    return None
