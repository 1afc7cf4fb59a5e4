"""Who stands in the live queue."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from border.core.lifecycle import Lifecycle
from border.core.tables import Record, json_column, record_args
from logistics.standby.standby import STANDBY, WAITS

_WAITS = text("state IN (" + ", ".join(f"'{state}'" for state in WAITS) + ")")


class StandbyRow(Record, table=True):
    """A truck that came without a booking. `request` is what is booked; it stays inside.

    `came_at` is when it was seen at the yard, `placed_at` when it got an hour. `held_up` says why
    it could not be booked when it was its turn.
    """

    __tablename__ = "standby_entry"
    __table_args__ = record_args(
        STANDBY,
        Index("uq_standby_entry_plate", "plate", unique=True, postgresql_where=_WAITS),
        Index("ix_standby_entry_owner", "owner_organisation_id", "created_at", "id"),
        Index("ix_standby_entry_line", "gate", "direction", "came_at", postgresql_where=_WAITS),
        Index("ix_standby_entry_placed", "gate", "direction", "placed_at"),
        CheckConstraint("state <> 'standing' OR came_at IS NOT NULL", name="came"),
        CheckConstraint(
            "(state = 'placed') = (booking_id IS NOT NULL AND placed_at IS NOT NULL)", name="placed"
        ),
    )
    lifecycle: ClassVar[Lifecycle] = STANDBY
    prefix: ClassVar[str] = "STB"

    owner_organisation_id: UUID = Field(foreign_key="organisation.id")
    direction: str = Field(max_length=8)
    plate: str = Field(max_length=20)
    plate_typed: str = Field(max_length=20)
    priority: str = Field(max_length=16)
    share_class: str = Field(max_length=16)
    request: dict[str, Any] = Field(sa_column=json_column())
    came_at: datetime | None = None
    placed_at: datetime | None = None
    booking_id: UUID | None = Field(default=None, foreign_key="booking.id", unique=True)
    held_up: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
