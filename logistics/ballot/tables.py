"""Ballots, and what was entered in them."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from border.core.lifecycle import Lifecycle
from border.core.tables import Record, json_column, record_args, versions_column
from logistics.ballot.ballot import BALLOT, BALLOT_ENTRY


class BallotRow(Record, table=True):
    """The ballot of one day's peak. The beacons and their rounds were named when it was announced.

    `spoke` names the beacon that was heard, with what it said.
    """

    __tablename__ = "ballot"
    __table_args__ = record_args(
        BALLOT,
        UniqueConstraint("gate", "direction", "held_on"),
        CheckConstraint("beacon_value IS NULL OR entries_root IS NOT NULL", name="closed_first"),
    )
    lifecycle: ClassVar[Lifecycle] = BALLOT
    prefix: ClassVar[str] = "BLT"

    direction: str = Field(max_length=8)
    held_on: date
    begins_at: datetime
    ends_at: datetime
    opens_at: datetime
    closes_at: datetime
    draw_at: datetime
    offer_minutes: int
    cooling_hours: int
    beacons: list[dict[str, Any]] = Field(sa_column=json_column())
    entries_root: str | None = Field(default=None, max_length=64)
    spoke: str | None = Field(default=None, max_length=40)
    beacon_value: str | None = Field(default=None, max_length=64)
    beacon_signature: str | None = Field(default=None, max_length=400)
    places: dict[str, int] = Field(default_factory=dict, sa_column=json_column())
    rule_versions: dict[str, str] = Field(default_factory=dict, sa_column=versions_column())


class BallotEntryRow(Record, table=True):
    """A truck in a ballot: one number for all its hours. `code` is all that is published of it."""

    __tablename__ = "ballot_entry"
    __table_args__ = record_args(
        BALLOT_ENTRY,
        UniqueConstraint("ballot_id", "plate"),
        UniqueConstraint("ballot_id", "number"),
    )
    lifecycle: ClassVar[Lifecycle] = BALLOT_ENTRY
    prefix: ClassVar[str] = "ENT"

    owner_organisation_id: UUID = Field(foreign_key="organisation.id")
    ballot_id: UUID = Field(foreign_key="ballot.id")
    plate: str = Field(max_length=20)
    plate_typed: str = Field(max_length=20)
    priority: str = Field(max_length=16)
    share_class: str = Field(max_length=16)
    request: dict[str, Any] = Field(sa_column=json_column())
    preferences: list[str] = Field(sa_column=json_column())
    number: int | None = None
    got: UUID | None = Field(default=None, foreign_key="slot.id")
    waiting_id: UUID | None = Field(default=None, foreign_key="waiting_entry.id")
