"""The table of the exceptions."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlmodel import Field

from border.core.lifecycle import Lifecycle
from border.core.tables import Record, json_column, record_args
from border.payments.exceptions.exception import EXCEPTION, KINDS


class ExceptionRow(Record, table=True):
    """One thing to look into, raised once under `dedupe_key`; `journal_id` booked its money."""

    __tablename__ = "payment_exception"
    lifecycle: ClassVar[Lifecycle] = EXCEPTION
    prefix: ClassVar[str] = "EXC"
    __table_args__ = record_args(
        EXCEPTION,
        CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in KINDS)})", name="kind"),
        CheckConstraint("state <> 'resolved' OR resolved_at IS NOT NULL", name="resolved"),
        Index(
            "ix_payment_exception_open",
            "payment_id",
            postgresql_where=text("state <> 'resolved'"),
        ),
    )

    kind: str = Field(max_length=24)
    dedupe_key: str = Field(unique=True, max_length=200)
    gateway: str = Field(max_length=16)
    provider_txn: str | None = Field(default=None, max_length=64)
    payment_id: UUID | None = Field(default=None, foreign_key="payment.id")
    attempt_id: UUID | None = Field(default=None, foreign_key="attempt.id")
    journal_id: UUID | None = Field(default=None, foreign_key="journal.id")
    amount_minor: int | None = Field(default=None, sa_type=BigInteger)
    currency: str | None = Field(default=None, max_length=3)
    reported: dict[str, Any] = Field(
        sa_column=json_column(), description="what is known, for the desk"
    )
    taken_by: UUID | None = None
    resolution: str | None = Field(default=None, max_length=16)
    resolved_by: UUID | None = None
    resolved_at: datetime | None = None
    note: str = Field(default="", max_length=1000)
