"""The tables of the cash desk: the shifts, and what went into and out of each drawer."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field, SQLModel

from border.core.lifecycle import Lifecycle
from border.core.tables import Record, record_args
from border.payments.desk.shift import NOTES, SHIFT

_CURRENCIES = ", ".join(repr(currency) for currency in NOTES)


class DeskShiftRow(Record, table=True):
    """One drawer in one cashier's hands.

    What should be in it stands here only once it is counted: before, nobody may know it from here.
    """

    __tablename__ = "desk_shift"
    lifecycle: ClassVar[Lifecycle] = SHIFT
    prefix: ClassVar[str] = "SHF"
    __table_args__ = record_args(
        SHIFT,
        CheckConstraint("float_minor >= 0", name="float"),
        CheckConstraint("counted_minor >= 0", name="counted"),
        CheckConstraint(f"currency IN ({_CURRENCIES})", name="currency"),
        CheckConstraint(
            "CASE state WHEN 'open' THEN num_nonnulls(expected_minor, counted_minor, "
            "variance_minor, denominations, counted_at, counted_by) = 0 "
            "ELSE num_nulls(expected_minor, counted_minor, variance_minor, denominations, "
            "counted_at, counted_by) = 0 AND variance_minor = counted_minor - expected_minor END",
            name="count",
        ),
        CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL) AND (state <> 'closed' OR "
            "variance_minor = 0 OR (approved_by IS NOT NULL AND variance_reason IS NOT NULL))",
            name="closed",
        ),
        CheckConstraint(
            "approved_by IS NULL OR (approved_by <> cashier_id AND approved_by <> counted_by)",
            name="second_person",
        ),
        CheckConstraint(
            "num_nulls(deposited_at, deposit_reference, deposited_by) IN (0, 3) "
            "AND (deposited_at IS NULL OR state = 'closed')",
            name="deposit",
        ),
        Index(
            "uq_desk_shift_open",
            "cashier_id",
            "currency",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_desk_shift_cashier", "cashier_id", "opened_at"),
        Index("ix_desk_shift_opened", "opened_at"),
    )

    cashier_id: UUID
    opened_at: datetime
    currency: str = Field(max_length=3)
    float_minor: int = Field(sa_type=BigInteger, description="cash put in at the start")
    expected_minor: int | None = Field(default=None, sa_type=BigInteger)
    counted_minor: int | None = Field(default=None, sa_type=BigInteger)
    variance_minor: int | None = Field(
        default=None, sa_type=BigInteger, description="counted less expected"
    )
    denominations: list[dict[str, Any]] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True)
    )
    counted_at: datetime | None = None
    counted_by: UUID | None = None
    variance_reason: str | None = Field(default=None, max_length=1000)
    approved_by: UUID | None = None
    closed_at: datetime | None = None
    deposited_at: datetime | None = None
    deposit_reference: str | None = Field(
        default=None, max_length=64, description="the bank's number of the deposit"
    )
    deposited_by: UUID | None = None


class DeskTakingRow(SQLModel, table=True):
    """Cash that went into a drawer for a payment, or out of it for a refund, once each."""

    __tablename__ = "desk_taking"
    __table_args__ = (
        CheckConstraint("kind IN ('taking', 'payout')", name="kind"),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("(kind = 'taking') = (payment_id IS NOT NULL)", name="payment"),
        Index("ix_desk_taking_shift", "shift_id", "at"),
    )

    reference: str = Field(
        primary_key=True, max_length=24, description="of the payment or the refund"
    )
    kind: str = Field(max_length=8)
    shift_id: UUID = Field(foreign_key="desk_shift.id")
    payment_id: UUID | None = Field(default=None, foreign_key="payment.id", unique=True)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)
    at: datetime
