"""Who waits for which hours, and every draw as it was made."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Column, Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from border.core.lifecycle import Lifecycle
from border.core.tables import Record, json_column, record_args, versions_column
from logistics.waiting.waiting import WAITING


class WaitingRow(Record, table=True):
    """A truck that waits. `request` is what is booked when it accepts; it stays inside.

    With a `number` from a ballot it comes before all without one, the lowest first.
    """

    __tablename__ = "waiting_entry"
    __table_args__ = record_args(
        WAITING,
        Index("ix_waiting_entry_owner", "owner_organisation_id", "created_at", "id"),
        Index("ix_waiting_entry_newest", "created_at", "id"),
        # Of a firm too: those that wait are few, those that waited many.
        Index("ix_waiting_entry_state", "state", "created_at", "id"),
    )
    lifecycle: ClassVar[Lifecycle] = WAITING
    prefix: ClassVar[str] = "WTG"

    owner_organisation_id: UUID = Field(foreign_key="organisation.id")
    direction: str = Field(max_length=8)
    plate: str = Field(max_length=20)
    plate_typed: str = Field(max_length=20)
    priority: str = Field(max_length=16)
    share_class: str = Field(max_length=16)
    request: dict[str, Any] = Field(sa_column=json_column())
    number: int | None = None
    offers: int = 0
    offered_slot_id: UUID | None = Field(default=None, foreign_key="slot.id")
    offer_until: datetime | None = None
    booking_id: UUID | None = Field(default=None, foreign_key="booking.id")
    rule_versions: dict[str, str] = Field(default_factory=dict, sa_column=versions_column())


class WaitingHourRow(SQLModel, table=True):
    """An hour that would do for a truck that waits: `live` while it waits or is offered a place.

    `passed_over` counts those who came later and were drawn before it.
    """

    __tablename__ = "waiting_hour"
    __table_args__ = (
        Index(
            "uq_waiting_hour_live_plate",
            "slot_id",
            "plate",
            unique=True,
            postgresql_where=text("live"),
        ),
    )

    entry_id: UUID = Field(primary_key=True, foreign_key="waiting_entry.id")
    slot_id: UUID = Field(primary_key=True, foreign_key="slot.id")
    plate: str = Field(max_length=20)
    rank: int
    passed_over: int = 0
    live: bool = True


class WaitingListRow(SQLModel, table=True):
    """The list of one hour. Its secret is chosen before anybody knows which places come back.

    The SHA-256 of the secret is told to whoever waits, so that it cannot be another one later.
    """

    __tablename__ = "waiting_list"

    slot_id: UUID = Field(primary_key=True, foreign_key="slot.id")
    secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    draws: int = 0


class WaitingDrawRow(SQLModel, table=True):
    """One draw of places of an hour: all it was made from, so that it can be made again."""

    __tablename__ = "waiting_draw"

    slot_id: UUID = Field(primary_key=True, foreign_key="waiting_list.slot_id")
    number: int = Field(primary_key=True)
    drawn_at: datetime
    bound: int
    places: list[str | None] = Field(sa_column=json_column())
    waiting: list[dict[str, Any]] = Field(sa_column=json_column())
    winners: list[str] = Field(sa_column=json_column())
