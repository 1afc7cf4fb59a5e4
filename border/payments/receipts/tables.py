"""The tables of receipts: the series their numbers come from, and the receipts.

What a table cannot say is in migration 0004: nothing but the state of a receipt ever changes, and
none is deleted.
"""

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
    String,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from border.core.lifecycle import Lifecycle
from border.core.tables import Record, json_column, record_args
from border.payments.receipts.receipt import RECEIPT, ReceiptKind


class ReceiptSeriesRow(SQLModel, table=True):
    """A year's numbers under one symbol. Whoever takes one holds the row until the receipt is in.

    `law_version` is the law under which the series was opened; each receipt names its own.
    """

    __tablename__ = "receipt_series"
    __table_args__ = (
        CheckConstraint("next_number BETWEEN 1 AND last_number + 1", name="next_number"),
        CheckConstraint("last_number BETWEEN 1 AND 99999999", name="last_number"),
    )

    serial: str = Field(primary_key=True, max_length=16)
    year: int = Field(primary_key=True)
    template: str = Field(max_length=16)
    next_number: int = Field(default=1)
    last_number: int
    law_version: str = Field(max_length=16)
    opened_at: datetime


_KINDS = ", ".join(f"'{kind.value}'" for kind in ReceiptKind)


class ReceiptRow(Record, table=True):
    """A receipt as it was issued and signed. Nothing but its state is ever written again.

    `issue_key` is what it was issued for, one receipt each: the payment, the refund, the booking
    that paid further charges, the receipt it replaces or whose refund came back. The names of
    collector and payer are as they were on that day.
    """

    __tablename__ = "receipt"
    lifecycle: ClassVar[Lifecycle] = RECEIPT
    prefix: ClassVar[str] = "RCP"
    __table_args__ = record_args(
        RECEIPT,
        UniqueConstraint("serial", "year", "number"),
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("total_minor > 0 OR kind = 'adjustment'", name="total_minor"),
        CheckConstraint("total_minor <> 0", name="total_not_zero"),
        CheckConstraint("(kind = 'adjustment') = (adjusts_id IS NOT NULL)", name="adjusts_id"),
        CheckConstraint("refund_id IS NULL OR kind = 'adjustment'", name="refund_id"),
        CheckConstraint("(kind = 'replacement') = (replaces_id IS NOT NULL)", name="replaces_id"),
        Index(
            "uq_receipt_in_force",
            "payment_id",
            unique=True,
            postgresql_where=text("kind <> 'adjustment' AND state <> 'replaced'"),
        ),
        Index("ix_receipt_listed", "payer_organisation_id", "issued_at", "id"),
    )

    kind: str = Field(max_length=16)
    template: str = Field(max_length=16)
    serial: str = Field(max_length=16)
    year: int
    number: int
    issue_key: UUID = Field(unique=True)
    payment_id: UUID = Field(foreign_key="payment.id", index=True)
    refund_id: UUID | None = None
    replaces_id: UUID | None = Field(default=None, foreign_key="receipt.id", unique=True)
    adjusts_id: UUID | None = Field(default=None, foreign_key="receipt.id", index=True)
    reason: str = Field(default="", max_length=500, description="why it adjusts or replaces")
    collector_name: str = Field(max_length=200)
    collector_tax_code: str = Field(max_length=20)
    collector_address: str = Field(max_length=300)
    payer_organisation_id: UUID = Field(foreign_key="organisation.id")
    payer_name: str = Field(max_length=200)
    payer_tax_code: str | None = Field(default=None, max_length=20)
    payer_address: str | None = Field(default=None, max_length=300)
    vehicle_plate: str | None = Field(default=None, max_length=40)
    subjects: list[str] = Field(
        sa_column=Column(ARRAY(String(40)), nullable=False),
        description="the references of what was paid for",
    )
    lines: list[dict[str, Any]] = Field(sa_column=json_column())
    total_minor: int = Field(sa_type=BigInteger)
    total_in_words: str = Field(max_length=400, description="in Vietnamese")
    currency: str = Field(max_length=3)
    payment_method: str = Field(max_length=8, description="TM in cash, CK by transfer")
    payment_reference: str = Field(max_length=24)
    gateway: str = Field(max_length=16)
    gateway_txn: str | None = Field(default=None, max_length=64)
    paid_at: datetime
    issued_at: datetime = Field(index=True)
    lookup_code: str = Field(unique=True, max_length=16)
    qr_payload: str = Field(max_length=300)
    law_version: str = Field(max_length=16)
    renderer: str = Field(max_length=24, description="how its paper is drawn, for ever")
    xml: bytes = Field(sa_column=Column(LargeBinary, nullable=False), repr=False)
    xml_sha256: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    cert_serial: str = Field(max_length=64)
