"""The tables of reconciliation: files, their lines, and the days that were closed.

A file's lines are evidence: what was sent is kept as it was, and only what became of a line is
written into it later. Migration 0004 sees to that in the database.
"""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    Text,
    text,
)
from sqlmodel import Field, SQLModel

from border.core.ids import new_id
from border.core.lifecycle import Lifecycle
from border.core.tables import Record, json_column, record_args
from border.payments.reconciliation.matching import LineClass
from border.payments.reconciliation.reopening import REOPENING
from border.payments.reconciliation.statement import LineType

_TYPES = ", ".join(repr(one.value) for one in LineType)
_CLASSES = ", ".join(
    repr(one.value) for one in LineClass if one is not LineClass.MISSING_AT_GATEWAY
)
BANK_GATEWAY = "bank"
"""Under this name stand the statements of our own account."""


class StatementFileRow(SQLModel, table=True):
    """A statement as it came in: whose, of which days, and what it says it holds."""

    __tablename__ = "statement_file"
    __table_args__ = (
        CheckConstraint("line_count >= 0", name="line_count"),
        CheckConstraint("first_day <= last_day", name="days"),
        CheckConstraint("octet_length(digest) = 32", name="digest"),
        Index("ix_statement_file_gateway", "gateway", "last_day"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    digest: bytes = Field(
        sa_column=Column(LargeBinary(32), nullable=False, unique=True),
        description="SHA-256 of the file: the same file is taken once",
    )
    gateway: str = Field(max_length=16)
    account: str = Field(default="", max_length=34, description="of the bank's statements")
    name: str = Field(max_length=200)
    form: str = Field(max_length=8)
    encoding: str = Field(max_length=16)
    first_day: date
    last_day: date
    line_count: int
    total_minor: int = Field(sa_type=BigInteger, description="its amounts added up")
    currency: str = Field(max_length=3)
    columns: dict[str, Any] = Field(sa_column=json_column(), description="the map it was read by")
    imported_by: str = Field(max_length=80)
    imported_at: datetime


class StatementLineRow(SQLModel, table=True):
    """One line. `counts` is true for one line of each transaction; with no class it waits."""

    __tablename__ = "statement_line"
    __table_args__ = (
        CheckConstraint(f"type IN ({_TYPES})", name="type"),
        CheckConstraint(f"line_class IN ({_CLASSES})", name="line_class"),
        CheckConstraint("amount_minor > 0 AND fee_minor >= 0", name="amount"),
        Index(
            "uq_statement_line_transaction",
            "gateway",
            "account",
            "transaction_no",
            "type",
            unique=True,
            postgresql_where=text("counts"),
        ),
        Index("ix_statement_line_day", "gateway", "day"),
        Index(
            "ix_statement_line_waiting",
            "gateway",
            "file_id",
            "number",
            postgresql_where=text("line_class IS NULL"),
        ),
        Index(
            "ix_statement_line_awaited",
            "gateway",
            "day",
            postgresql_where=text("line_class = 'awaited'"),
        ),
        Index(
            "ix_statement_line_unordered",
            "gateway",
            postgresql_where=text("line_class = 'missing_in_ledger' AND journal_id IS NULL"),
        ),
        Index(
            "ix_statement_line_journal_id",
            "journal_id",
            postgresql_where=text("journal_id IS NOT NULL"),
        ),
    )

    file_id: UUID = Field(primary_key=True, foreign_key="statement_file.id")
    number: int = Field(primary_key=True, description="the line of the file on which it ends")
    gateway: str = Field(max_length=16)
    account: str = Field(default="", max_length=34)
    type: str = Field(max_length=8)
    transaction_no: str = Field(max_length=64)
    reference: str = Field(max_length=100)
    amount_minor: int = Field(sa_type=BigInteger)
    fee_minor: int = Field(default=0, sa_type=BigInteger)
    currency: str = Field(max_length=3)
    happened_at: datetime
    day: date = Field(description="at the gate")
    memo: str = Field(default="", max_length=500)
    raw: str = Field(sa_column=Column(Text, nullable=False))
    counts: bool = True
    line_class: str | None = Field(default=None, max_length=24)
    journal_id: UUID | None = Field(default=None, foreign_key="journal.id")
    exception_id: UUID | None = Field(default=None, foreign_key="payment_exception.id")
    note: str = Field(default="", max_length=200)
    processed_at: datetime | None = None


class DailyCloseRow(SQLModel, table=True):
    """A day that was closed for a gateway, for the bank or for all; its proof hangs on the last.

    `proof` is the SHA-256 of `before`, the proof of the close before it, and the figures. A day
    that was reopened is closed under the next `attempt`; the one before stays as it is.
    """

    __tablename__ = "daily_close"
    __table_args__ = (
        CheckConstraint("proof ~ '^[0-9a-f]{64}$'", name="proof"),
        CheckConstraint("before ~ '^[0-9a-f]{64}$'", name="before"),
        CheckConstraint("attempt > 0", name="attempt"),
        Index("uq_daily_close_before", "scope", "before", unique=True),
    )

    day: date = Field(primary_key=True)
    scope: str = Field(primary_key=True, max_length=16)
    figures: dict[str, Any] = Field(sa_column=json_column())
    before: str = Field(max_length=64)
    proof: str = Field(max_length=64)
    closed_by: str = Field(max_length=80)
    closed_at: datetime
    attempt: int = Field(default=1, primary_key=True)


class ReopeningRow(Record, table=True):
    """A closed day that somebody asked to open again, and what became of it."""

    __tablename__ = "close_reopening"
    lifecycle: ClassVar[Lifecycle] = REOPENING
    prefix: ClassVar[str] = "ROP"
    __table_args__ = record_args(
        REOPENING,
        CheckConstraint("attempt > 0", name="attempt"),
        CheckConstraint("decided_by <> requested_by", name="second_person"),
        CheckConstraint(
            "state NOT IN ('reopened', 'closed_again', 'declined') OR decided_by IS NOT NULL",
            name="decided",
        ),
        Index(
            "uq_close_reopening_live",
            "close_scope",
            "closed_day",
            "attempt",
            unique=True,
            postgresql_where=text("state IN ('requested', 'reopened', 'closed_again')"),
        ),
    )

    closed_day: date
    close_scope: str = Field(max_length=16)
    attempt: int = Field(description="which close of the day is reopened")
    reason: str = Field(max_length=500)
    requested_by: UUID
    decided_by: UUID | None = None
    decided_at: datetime | None = None
    note: str = Field(default="", max_length=500, description="why it was declined")
