"""The tables of the ledger. Migration 0003 adds what a table cannot say: nothing is ever changed
or deleted, and each journal adds up to nothing when its transaction commits."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, text
from sqlmodel import Field, SQLModel

from border.core.ids import new_id
from border.payments.ledger.book import ACCOUNT_PATTERN, KINDS


class JournalRow(SQLModel, table=True):
    """One entry: what happened, when, known outside by what number, and on whose word."""

    __tablename__ = "journal"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in KINDS)})", name="kind"),
        CheckConstraint("kind <> 'capture' OR provider_txn IS NOT NULL", name="capture"),
        Index(
            "uq_journal_capture",
            "gateway",
            "provider_txn",
            unique=True,
            postgresql_where=text("kind = 'capture'"),
        ),
        # What else is booked on a gateway's transaction: its use out of suspense, its reversals.
        Index(
            "ix_journal_applied",
            "gateway",
            "provider_txn",
            postgresql_where=text("kind = 'apply'"),
        ),
        Index(
            "ix_journal_taken_back",
            "gateway",
            "note",
            postgresql_where=text("kind = 'external_refund'"),
        ),
        Index("ix_journal_created_at", "created_at"),
        Index("ix_journal_effective_at", "effective_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    number: int | None = Field(
        default=None,
        sa_column=Column(BigInteger, Identity(always=True), nullable=False, unique=True),
        description="in the order of booking; numbers of undone transactions are missing",
    )
    kind: str = Field(max_length=24)
    idempotency_key: str = Field(unique=True, max_length=200)
    effective_at: datetime
    created_at: datetime
    gateway: str | None = Field(default=None, max_length=16)
    provider_txn: str | None = Field(default=None, max_length=64)
    payment_id: UUID | None = Field(default=None, foreign_key="payment.id", index=True)
    attempt_id: UUID | None = Field(default=None, foreign_key="attempt.id")
    charge_id: UUID | None = Field(default=None, foreign_key="charge.id")
    refund_id: UUID | None = Field(default=None, index=True)
    source: str = Field(default="", max_length=16)
    booked_by: str = Field(max_length=80)
    note: str = Field(default="", max_length=500)


class PostingRow(SQLModel, table=True):
    """One line of an entry: a debit is positive, a credit negative."""

    __tablename__ = "posting"
    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="amount"),
        CheckConstraint(f"account ~ '{ACCOUNT_PATTERN}'", name="account"),
        CheckConstraint("account <> 'payer_receivable' OR charge_id IS NOT NULL", name="payer"),
        Index("ix_posting_account", "account", "currency"),
    )

    journal_id: UUID = Field(primary_key=True, foreign_key="journal.id")
    line: int = Field(primary_key=True)
    account: str = Field(max_length=64)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)
    charge_id: UUID | None = Field(default=None, foreign_key="charge.id", index=True)
