"""Calls, calls out of turn, and the seed of each day's lots."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from border.core.lifecycle import Lifecycle
from border.core.tables import Record, record_args, versions_column
from logistics.calling.call import CALL, OVERRIDE


class OverrideRow(Record, table=True):
    """A wish that a truck be called out of turn."""

    __tablename__ = "call_override"
    __table_args__ = record_args(
        OVERRIDE,
        Index(
            "uq_call_override_asked",
            "booking_id",
            unique=True,
            postgresql_where=text("state = 'asked'"),
        ),
        Index("ix_call_override_line", "gate", "direction", "created_at"),
        CheckConstraint("decided_by <> asked_by", name="second_person"),
    )
    lifecycle: ClassVar[Lifecycle] = OVERRIDE
    prefix: ClassVar[str] = "OVR"

    booking_id: UUID = Field(foreign_key="booking.id")
    direction: str = Field(max_length=8)
    priority: str = Field(max_length=16)
    reason: str = Field(max_length=500)
    asked_by: UUID
    decided_by: UUID | None = None


class CallRow(Record, table=True):
    """A call of one truck. `since` is from when it stood in line, `until` by when it must come.

    From the calls it is counted how often others were passed over, so nothing else keeps that.
    """

    __tablename__ = "call"
    __table_args__ = record_args(
        CALL,
        # The fence beside the lock of the line: a truck is called by one lane.
        Index("uq_call_live", "booking_id", unique=True, postgresql_where=text("state = 'called'")),
        Index("ix_call_booking", "booking_id"),
        Index("ix_call_line", "gate", "direction", "created_at"),
    )
    lifecycle: ClassVar[Lifecycle] = CALL
    prefix: ClassVar[str] = "CLL"

    booking_id: UUID = Field(foreign_key="booking.id")
    direction: str = Field(max_length=8)
    priority: str = Field(max_length=16)
    lane: str | None = Field(default=None, max_length=16)
    since: datetime
    until: datetime
    override_id: UUID | None = Field(default=None, foreign_key="call_override.id")
    rule_versions: dict[str, str] = Field(default_factory=dict, sa_column=versions_column())


class CallingDayRow(SQLModel, table=True):
    """The seed of a day's lots in one line, chosen before the day; whoever calls locks it."""

    __tablename__ = "calling_day"

    gate: str = Field(primary_key=True, max_length=24)
    direction: str = Field(primary_key=True, max_length=8)
    day: date = Field(primary_key=True)
    seed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class ToldRangeRow(SQLModel, table=True):
    """What the driver of a slip was told: from when until when a call was expected."""

    __tablename__ = "told_range"
    __table_args__ = (Index("ix_told_range_told_at", "told_at"),)

    slip: str = Field(primary_key=True, max_length=24)
    told_at: datetime = Field(primary_key=True)
    gate: str = Field(max_length=24)
    direction: str = Field(max_length=8)
    begins_at: datetime
    ends_at: datetime


class RangeAccuracyRow(SQLModel, table=True):
    """How good the ranges of a day were in a line, when the day was over."""

    __tablename__ = "range_accuracy"

    gate: str = Field(primary_key=True, max_length=24)
    direction: str = Field(primary_key=True, max_length=8)
    day: date = Field(primary_key=True)
    told: int
    inside: int
    kept: int
    error_percent: int | None = None
