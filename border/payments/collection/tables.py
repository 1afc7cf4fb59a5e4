"""The tables of payments, attempts and the inbox. What may be in them is also said in SQL."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    Sequence,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from border.core.ids import new_id
from border.core.lifecycle import Lifecycle
from border.core.tables import Record, record_args
from border.payments.collection.payment import ATTEMPT, PAYMENT

REFERENCES = Sequence("attempt_reference", metadata=SQLModel.metadata, maxvalue=999_999_999)
"""Numbers for the short references that payers type; nine digits are all a memo has room for."""


WAITING = ("pending", "part_paid", "needs_review")
"""States of a payment in which somebody waits for something: few, of however many there are."""
WAITING_SQL = text(f"state IN ({', '.join(map(repr, WAITING))})")


class PaymentRow(Record, table=True):
    """A promise to collect. `late` says that the money came after the payment had ended."""

    __tablename__ = "payment"
    lifecycle: ClassVar[Lifecycle] = PAYMENT
    prefix: ClassVar[str] = "PAY"
    __table_args__ = record_args(
        PAYMENT,
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("state <> 'paid' OR paid_at IS NOT NULL", name="paid"),
        Index("ix_payment_waiting", "state", "changed_at", postgresql_where=WAITING_SQL),
    )

    gateway: str = Field(max_length=16)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)
    payer_organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    opened_by: UUID | None = None
    expires_at: datetime
    paid_at: datetime | None = None
    late: bool = False


class AttemptRow(Record, table=True):
    """One reference at one gateway. A transaction of the gateway's proves one attempt only."""

    __tablename__ = "attempt"
    lifecycle: ClassVar[Lifecycle] = ATTEMPT
    prefix: ClassVar[str] = "ATT"
    __table_args__ = record_args(
        ATTEMPT,
        CheckConstraint("amount_minor > 0", name="amount"),
        UniqueConstraint("gateway", "txn_ref"),
        Index(
            "uq_attempt_provider_txn",
            "gateway",
            "provider_txn",
            unique=True,
            postgresql_where=text("provider_txn IS NOT NULL"),
        ),
        Index(
            "ix_attempt_ask",
            "gateway",
            "next_ask_at",
            postgresql_where=text("next_ask_at IS NOT NULL"),
        ),
    )

    payment_id: UUID = Field(foreign_key="payment.id", index=True)
    gateway: str = Field(max_length=16)
    txn_ref: str = Field(max_length=100)
    created_as_sent: str = Field(max_length=32, description="to be repeated when asking")
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)
    provider_txn: str | None = Field(default=None, max_length=64)
    next_ask_at: datetime | None = None
    checkout_url: str | None = Field(
        default=None, max_length=2000, description="the gateway's page, if it makes one only once"
    )


class NoticeRow(SQLModel, table=True):
    """A gateway's word as it came in, kept for ever; taken out once, by one worker.

    `evidence` is what was read from it when its signature was checked. With no `taken_at` it
    waits to be processed.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("gateway", "dedupe_key"),
        Index("ix_notice_waiting", "received_at", postgresql_where=text("taken_at IS NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    gateway: str = Field(max_length=16)
    source: str = Field(max_length=8)
    dedupe_key: bytes = Field(
        sa_column=Column(LargeBinary(32), nullable=False), description="SHA-256 of `raw`"
    )
    raw: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    attempt_id: UUID | None = Field(
        default=None, foreign_key="attempt.id", index=True, description="none: money without a name"
    )
    evidence: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    verified: bool
    received_at: datetime
    taken_at: datetime | None = None
    outcome: str | None = Field(default=None, max_length=32)
