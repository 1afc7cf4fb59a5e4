"""The tables of what is owed. What may be in them is also said in SQL."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    String,
    text,
)
from sqlmodel import Field, SQLModel

from border.core.lifecycle import Lifecycle
from border.core.tables import Record, json_column, record_args, versions_column
from border.payments.charges.charge import CHARGE


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
        Index("ix_charge_settled_at", "settled_at"),
    )

    subject: str = Field(max_length=40, index=True, description="the reference it is owed on")
    kind: str = Field(max_length=32)
    payer_organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)
    explanation: list[dict[str, Any]] = Field(sa_column=json_column())
    rule_codes: list[str] = Field(sa_column=Column(ARRAY(String(64)), nullable=False))
    rule_versions: dict[str, str] = Field(default_factory=dict, sa_column=versions_column())
    parts: list[dict[str, Any]] = Field(
        sa_column=json_column(), description="whom it is owed on to: account, amount_minor"
    )
    inputs: dict[str, Any] = Field(
        sa_column=json_column(), description="what it was assessed from, to assess it again"
    )
    settled_at: datetime | None = None


class PaymentChargeRow(SQLModel, table=True):
    """Which charges a payment is to settle."""

    __tablename__ = "payment_charge"

    payment_id: UUID = Field(primary_key=True, foreign_key="payment.id")
    charge_id: UUID = Field(primary_key=True, foreign_key="charge.id", index=True)
