"""The tables of the payments package. What may be in them is also said in SQL."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    Sequence,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from border.ids import new_id
from border.lifecycle import Lifecycle
from border.payments.charge import ATTEMPT, CHARGE, PAYMENT
from border.tables import Record, json_column, record_args

REFERENCES = Sequence("attempt_reference", metadata=SQLModel.metadata, maxvalue=999_999_999)
"""Numbers for the short references that payers type; nine digits are all a memo has room for."""


class ChargeRow(Record, table=True):
    """What one organisation owes on one subject. The amount never changes: void, then owe anew."""

    __tablename__ = "charge"
    lifecycle: ClassVar[Lifecycle] = CHARGE
    prefix: ClassVar[str] = "CHG"
    __table_args__ = record_args(
        CHARGE,
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("state <> 'settled' OR settled_at IS NOT NULL", name="settled"),
        Index(
            "uq_charge_live",
            "subject",
            "kind",
            unique=True,
            postgresql_where=text("state <> 'voided'"),
        ),
    )

    subject: str = Field(max_length=40, index=True, description="the reference it is owed on")
    kind: str = Field(max_length=32)
    payer_organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)
    explanation: list[dict[str, Any]] = Field(sa_column=json_column())
    rule_codes: list[str] = Field(sa_column=Column(ARRAY(String(64)), nullable=False))
    parts: list[dict[str, Any]] = Field(
        sa_column=json_column(), description="whom it is owed on to: account, amount_minor"
    )
    inputs: dict[str, Any] = Field(
        sa_column=json_column(), description="what it was assessed from, to assess it again"
    )
    settled_at: datetime | None = None


class PaymentRow(Record, table=True):
    """A promise to collect. `late` says that the money came after the payment had ended."""

    __tablename__ = "payment"
    lifecycle: ClassVar[Lifecycle] = PAYMENT
    prefix: ClassVar[str] = "PAY"
    __table_args__ = record_args(
        PAYMENT,
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("state <> 'paid' OR paid_at IS NOT NULL", name="paid"),
    )

    gateway: str = Field(max_length=16)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)
    payer_organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    opened_by: UUID | None = None
    expires_at: datetime
    paid_at: datetime | None = None
    late: bool = False


class PaymentChargeRow(SQLModel, table=True):
    """Which charges a payment is to settle."""

    __tablename__ = "payment_charge"

    payment_id: UUID = Field(primary_key=True, foreign_key="payment.id")
    charge_id: UUID = Field(primary_key=True, foreign_key="charge.id", index=True)


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
    waits to be worked.
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
