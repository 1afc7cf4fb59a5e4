"""What a gateway says about an attempt, in one form for all gateways, and how it is asked.

Not here: signatures and wire formats (one adapter a gateway) and what evidence leads to
(`settlement`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from border.core.money import Money

COUNTER = "desk"
"""The channel of money taken at the zone's own counter; it stands where a gateway's name does."""


class Finding(StrEnum):
    """What the gateway's answer amounts to. A time-out or an unsigned answer is none of these."""

    PAID = "paid"
    FAILED = "failed"
    PENDING = "pending"
    REVIEW = "review"


class Source(StrEnum):
    """How we came to know."""

    PUSH = "push"
    PULL = "pull"
    DESK = "desk"
    STATEMENT = "statement"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Evidence:
    """A verified statement about one attempt, or about money that names none of ours.

    `txn_ref` is empty where the money came without a reference. `amount` is None where what was
    stated is no amount at all. `paid_at` is the gateway's word; `memo` the payer's. Proof of
    payment always has the gateway's number of the money: by it, one payment is booked once.
    """

    gateway: str
    txn_ref: str
    finding: Finding
    amount: Money | None
    source: Source
    provider_txn: str | None = None
    paid_at: datetime | None = None
    memo: str = ""

    def __post_init__(self) -> None:
        if self.finding is Finding.PAID and not self.provider_txn:
            raise ValueError("proof of payment needs the gateway's number of the transaction")

    def stored(self) -> dict[str, Any]:
        """Return the form kept in the inbox."""
        return {
            "gateway": self.gateway,
            "txn_ref": self.txn_ref,
            "finding": self.finding.value,
            "amount_minor": self.amount.minor if self.amount else None,
            "currency": self.amount.currency if self.amount else None,
            "source": self.source.value,
            "provider_txn": self.provider_txn,
            "paid_at": self.paid_at.isoformat() if self.paid_at else None,
            "memo": self.memo,
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Evidence":
        """Return the evidence that `stored` was made from."""
        minor, paid_at = stored["amount_minor"], stored["paid_at"]
        return cls(
            gateway=stored["gateway"],
            txn_ref=stored["txn_ref"],
            finding=Finding(stored["finding"]),
            amount=None if minor is None else Money(minor, stored["currency"]),
            source=Source(stored["source"]),
            provider_txn=stored["provider_txn"],
            paid_at=datetime.fromisoformat(paid_at) if paid_at else None,
            memo=stored.get("memo", ""),
        )


class Taken(StrEnum):
    """What became of a notice; each gateway has its own words for these."""

    RECORDED = "recorded"
    REPEATED = "repeated"
    UNKNOWN = "unknown"
    WRONG_AMOUNT = "wrong_amount"
    FORGED = "forged"
    MALFORMED = "malformed"
    NOT_OURS = "not_ours"
    NOT_NOW = "not_now"


@dataclass(frozen=True)
class Acknowledgement:
    """The answer to a notice, in the gateway's words."""

    status: int
    body: Mapping[str, str | bool]


@dataclass(frozen=True)
class Order:
    """What a gateway is asked to collect. `client_ip` is passed on and kept nowhere."""

    txn_ref: str
    amount: Money
    says: str
    created_at: datetime
    expires_at: datetime
    client_ip: str
    base_url: str


@dataclass(frozen=True)
class Checkout:
    """Where the payer goes on: a page, or a code to scan.

    `keep` says that the gateway made it for this attempt and would not make another.
    """

    redirect_url: str | None = None
    qr_payload: str | None = None
    keep: bool = False


class GatewayUnavailable(Exception):
    """A gateway could not be reached, or answered nonsense, when asked where the payer goes on."""


class RefundMethod(StrEnum):
    """How money goes back to the payer."""

    API = "api"
    TRANSFER = "transfer"
    CASH = "cash"


class Gateway(Protocol):
    """A gateway as the services see it. Reading and answering a notice is pure."""

    @property
    def code(self) -> str:
        """Its name in `open_payment`."""
        ...

    @property
    def currencies(self) -> frozenset[str]:
        """The currencies it collects."""
        ...

    @property
    def refund_method(self) -> RefundMethod:
        """How money goes back through it."""
        ...

    @property
    def keeps_unknown(self) -> bool:
        """True if a notice proves money on our own account, whatever reference it has or lacks."""
        ...

    def sent_at(self, at: datetime) -> str:
        """Return `at` as the gateway is told it; later questions must repeat it to the letter."""
        ...

    def txn_ref(self, payment_reference: str, number: int) -> str:
        """Return the reference under which it will know an attempt.

        `number` is given to no other attempt; gateways whose payers type the reference use it.
        """
        ...

    async def checkout(self, order: Order) -> Checkout:
        """Return where the payer goes on; called with no transaction open, since it may call out.

        refuses: GatewayUnavailable.
        """
        ...

    def read_notice(self, raw: bytes) -> Evidence | Taken:
        """Return what a notice proves, or why it proves nothing."""
        ...

    def acknowledge(self, taken: Taken, raw: bytes, at: datetime) -> Acknowledgement:
        """Return the answer to the notice `raw`."""
        ...


@dataclass(frozen=True)
class Question:
    """A question to a gateway about one attempt."""

    request_id: str
    txn_ref: str
    created_as_sent: str
    asked_at: datetime


@dataclass(frozen=True)
class Reply:
    """The answer to a question. Without `evidence` it proves nothing, neither yes nor no.

    `wait` is how long the gateway wants to be left alone.
    """

    evidence: Evidence | None = None
    wait: timedelta | None = None
    raw: bytes = field(default=b"", repr=False)


class GatewayQuery(Protocol):
    """A gateway that can be asked what became of an attempt."""

    @property
    def code(self) -> str:
        """The gateway's name."""
        ...

    async def ask(self, question: Question) -> Reply:
        """Ask, and never raise for what the network or the gateway does."""
        ...


class RefundFinding(StrEnum):
    """What a gateway's answer about a refund amounts to; `unknown` is neither yes nor no."""

    ACCEPTED = "accepted"
    DONE = "done"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class RefundOrder:
    """What a gateway is asked to give back, of the payment it knows as `provider_txn`."""

    request_id: str
    txn_ref: str
    provider_txn: str
    amount: Money
    full: bool
    created_as_sent: str
    asked_at: datetime
    by: str
    says: str


@dataclass(frozen=True)
class RefundQuestion:
    """A question about a refund; `provider_txn` is the gateway's number of it, where known."""

    request_id: str
    txn_ref: str
    created_as_sent: str
    asked_at: datetime
    provider_txn: str | None = None


@dataclass(frozen=True)
class RefundReply:
    """The answer about a refund; `code` is the gateway's own word, kept for people."""

    finding: RefundFinding
    provider_txn: str | None = None
    code: str = ""
    wait: timedelta | None = None
    raw: bytes = field(default=b"", repr=False)


class GatewayRefund(Protocol):
    """A gateway that gives money back when asked by its interface."""

    @property
    def code(self) -> str:
        """The gateway's name."""
        ...

    async def refund(self, order: RefundOrder) -> RefundReply:
        """Ask for a refund, and never raise for what the network or the gateway does."""
        ...

    async def ask_refund(self, question: RefundQuestion) -> RefundReply:
        """Ask what became of a refund, and never raise for what the network or gateway does."""
        ...
