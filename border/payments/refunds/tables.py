"""The table of the refunds. What may be in it is also said in SQL."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, LargeBinary, text
from sqlmodel import Field

from border.core.lifecycle import Lifecycle
from border.core.tables import Record, json_column, record_args
from border.payments.refunds.refund import AT_GATEWAY, ENDED, REFUND


def _listed(states: tuple[str, ...]) -> str:
    return ", ".join(f"'{state}'" for state in states)


_SAID_YES = "'approved', 'payout_due', 'submitting', 'provider_pending', 'unknown', 'succeeded'"


class RefundRow(Record, table=True):
    """One refund, of the money that one capture brought.

    It is taken from charges (`allocations`) or, with none, from the suspense money of an
    exception. `refund_method` is how it goes back and `pays_from` the account it leaves. `rule`
    names why no person was needed, or why the program proposed it.
    """

    __tablename__ = "refund"
    lifecycle: ClassVar[Lifecycle] = REFUND
    prefix: ClassVar[str] = "RFD"
    __table_args__ = record_args(
        REFUND,
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("refund_method IN ('api', 'transfer', 'cash')", name="refund_method"),
        CheckConstraint("refund_method <> 'api' OR attempt_id IS NOT NULL", name="attempt"),
        CheckConstraint(
            "(exception_id IS NULL) = (jsonb_array_length(allocations) > 0)", name="taken_from"
        ),
        CheckConstraint("exception_id IS NOT NULL OR payment_id IS NOT NULL", name="payment"),
        CheckConstraint("NOT automatic OR rule <> ''", name="rule"),
        CheckConstraint("approved_by <> requested_by", name="second_person"),
        CheckConstraint(
            "approved_too_by <> approved_by AND approved_too_by <> requested_by",
            name="third_person",
        ),
        CheckConstraint(
            f"state NOT IN ({_SAID_YES}) OR automatic OR approved_by IS NOT NULL"
            " AND (NOT needs_two OR approved_too_by IS NOT NULL)",
            name="approved",
        ),
        CheckConstraint(
            f"state NOT IN ({_listed(AT_GATEWAY)}) OR request_id IS NOT NULL", name="request"
        ),
        CheckConstraint("state <> 'succeeded' OR succeeded_at IS NOT NULL", name="succeeded"),
        Index("uq_refund_request_id", "request_id", unique=True),
        Index("uq_refund_operation_key", "operation_key", unique=True),
        Index(
            "uq_refund_provider_txn",
            "gateway",
            "provider_txn",
            unique=True,
            postgresql_where=text("provider_txn IS NOT NULL"),
        ),
        Index(
            "uq_refund_paid_out",
            "refund_method",
            "paid_out_reference",
            unique=True,
            postgresql_where=text("paid_out_reference IS NOT NULL"),
        ),
        Index(
            "uq_refund_waiting",
            "payment_id",
            unique=True,
            postgresql_where=text(
                "state IN ('requested', 'half_approved') AND exception_id IS NULL"
            ),
        ),
        Index(
            "uq_refund_at_gateway",
            "payment_id",
            unique=True,
            postgresql_where=text(
                f"state IN ({_listed(AT_GATEWAY)}) OR state = 'approved' AND request_id IS NOT NULL"
            ),
        ),
        Index(
            "uq_refund_exception",
            "exception_id",
            unique=True,
            postgresql_where=text(f"state NOT IN ({_listed(ENDED)})"),
        ),
        Index(
            "ix_refund_ask",
            "gateway",
            "next_ask_at",
            postgresql_where=text("next_ask_at IS NOT NULL"),
        ),
    )

    payment_id: UUID | None = Field(default=None, foreign_key="payment.id", index=True)
    attempt_id: UUID | None = Field(default=None, foreign_key="attempt.id")
    capture_id: UUID = Field(foreign_key="journal.id", index=True)
    exception_id: UUID | None = Field(default=None, foreign_key="payment_exception.id")
    payer_organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    gateway: str = Field(max_length=16)
    refund_method: str = Field(max_length=8)
    pays_from: str = Field(max_length=64)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)
    full: bool = Field(description="all that the gateway's transaction brought")
    allocations: list[dict[str, Any]] = Field(
        sa_column=json_column(), description="charge_id, amount_minor; empty: from suspense"
    )
    reason: str = Field(max_length=500)
    note: str = Field(default="", max_length=1000, description="why it ended as it did")
    operation_key: str | None = Field(default=None, max_length=200)
    requested_by: UUID | None = None
    approved_by: UUID | None = None
    approved_too_by: UUID | None = None
    needs_two: bool = False
    automatic: bool = False
    rule: str = Field(default="", max_length=32)
    request_id: str | None = Field(default=None, max_length=32)
    digest: bytes | None = Field(default=None, sa_column=Column(LargeBinary(32), nullable=True))
    submitted_at: datetime | None = None
    submissions: int = 0
    asked: int = Field(default=0, description="answers heard since it was last handed over")
    provider_txn: str | None = Field(default=None, max_length=64)
    provider_code: str = Field(default="", max_length=32)
    next_ask_at: datetime | None = None
    succeeded_at: datetime | None = None
    paid_out_reference: str | None = Field(default=None, max_length=64)
    paid_out_by: UUID | None = None
