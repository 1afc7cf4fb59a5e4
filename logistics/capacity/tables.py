"""The limits of the hours, and how each hour went. No row is ever changed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Identity, Index, Integer
from sqlmodel import Field, SQLModel


class SlotLimitRow(SQLModel, table=True):
    """How many trucks an hour takes within a period, who says so, and why.

    Those of one `decision_id` were decided together; a higher `number` is younger. A `value` of
    none takes back what the same source said of the kind before.
    """

    __tablename__ = "slot_limit"
    __table_args__ = (
        CheckConstraint("begins_at < ends_at", name="window"),
        CheckConstraint("value IS NULL OR value >= 0", name="value"),
        CheckConstraint("reason <> ''", name="reason"),
        Index("ix_slot_limit_window", "gate", "direction", "ends_at"),
    )

    number: int | None = Field(
        default=None, sa_column=Column(Integer, Identity(always=True), primary_key=True)
    )
    decision_id: UUID
    gate: str = Field(foreign_key="gate.code", max_length=24)
    direction: str = Field(max_length=8)
    kind: str = Field(max_length=12)
    source: str = Field(max_length=80)
    begins_at: datetime
    ends_at: datetime
    value: int | None = None
    reason: str = Field(max_length=300)
    decided_by: str = Field(max_length=80, description="who, as events name them")
    decided_at: datetime


class SlotOutcomeRow(SQLModel, table=True):
    """How many places of an hour nobody used, and which of the reasons took how many of them."""

    __tablename__ = "slot_outcome"
    __table_args__ = (CheckConstraint("unused = limited + not_come + no_demand", name="parts"),)

    slot_id: UUID = Field(primary_key=True, foreign_key="slot.id")
    unused: int
    limited: int
    not_come: int
    no_demand: int
    because: str = Field(max_length=12)
    noted_at: datetime
