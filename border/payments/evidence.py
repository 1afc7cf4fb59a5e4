"""What a gateway says about an attempt, in one form for all gateways, and how it is asked.

Not here: signatures and wire formats (one adapter a gateway) and what evidence leads to
(`settlement`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from border.money import Money


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


@dataclass(frozen=True)
class Evidence:
    """A verified statement about one attempt.

    `amount` is None where what was stated is no amount at all. `paid_at` is the gateway's word.
    """

    gateway: str
    txn_ref: str
    finding: Finding
    amount: Money | None
    source: Source
    provider_txn: str | None = None
    paid_at: datetime | None = None

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
    """Where the payer goes on: a page, or a code to scan."""

    redirect_url: str | None = None
    qr_payload: str | None = None


class Gateway(Protocol):
    """A gateway as the services see it: pure, since all it does is write and read signed text."""

    @property
    def code(self) -> str:
        """Its name in `open_payment`."""
        ...

    @property
    def currencies(self) -> frozenset[str]:
        """The currencies it collects."""
        ...

    def sent_at(self, at: datetime) -> str:
        """Return `at` as the gateway is told it; later questions must repeat it to the letter."""
        ...

    def checkout(self, order: Order) -> Checkout:
        """Return where the payer goes on."""
        ...

    def read_notice(self, raw: bytes) -> Evidence | Taken:
        """Return what a notice proves, or why it proves nothing."""
        ...

    def acknowledge(self, taken: Taken) -> dict[str, str]:
        """Return the answer to a notice, in the gateway's words."""
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
