"""Faults: places that were booked and not used."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlmodel import Field

from border.core.lifecycle import Lifecycle
from border.core.tables import Record, record_args, versions_column
from logistics.fairness.fault import COUNTING, FAULT

COUNTS_SQL = text("state IN (" + ", ".join(f"'{state}'" for state in COUNTING) + ")")
"""The condition that a fault counts, as its index has it."""


class FaultRow(Record, table=True):
    """A fault of the firm that a place was booked for. One that does not count says why (`excuse`).

    `ended_at` is when its booking ended; after `expires_at` it can lead to no step of the ladder
    it was noted by.
    """

    __tablename__ = "booking_fault"
    __table_args__ = record_args(
        FAULT,
        CheckConstraint("(excuse IS NOT NULL) = (state = 'excused')", name="excuse"),
        CheckConstraint("decided_by <> appealed_by", name="second_person"),
        CheckConstraint("decided_by IS NULL OR answer IS NOT NULL", name="answer_given"),
        Index("ix_booking_fault_counts", "owner_organisation_id", postgresql_where=COUNTS_SQL),
        Index("ix_booking_fault_owner", "owner_organisation_id", "created_at", "id"),
        Index("ix_booking_fault_newest", "created_at", "id"),
    )
    lifecycle: ClassVar[Lifecycle] = FAULT
    prefix: ClassVar[str] = "FLT"

    owner_organisation_id: UUID = Field(foreign_key="organisation.id")
    booking_id: UUID = Field(foreign_key="booking.id", unique=True)
    direction: str = Field(max_length=8)
    fault_kind: str = Field(max_length=16)
    ended_at: datetime
    expires_at: datetime
    excuse: str | None = Field(default=None, max_length=16)
    appeal: str | None = Field(default=None, sa_type=Text)
    appealed_by: UUID | None = None
    answer: str | None = Field(default=None, sa_type=Text)
    decided_by: UUID | None = None
    rule_versions: dict[str, str] = Field(default_factory=dict, sa_column=versions_column())
