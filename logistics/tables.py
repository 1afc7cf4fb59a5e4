"""Slots, bookings, slips, passages, scans, and the figures drawn from events."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from border.core.ids import new_id
from border.core.lifecycle import Lifecycle
from border.core.tables import Record, json_column, record_args, versions_column
from border.vocabulary import ShareClass
from logistics.booking import BOOKING, LIVE
from logistics.passage import PASSAGE, SLIP
from logistics.scan_clash import SCAN_CLASH
from logistics.slot import FIRST_COME

LIVE_SQL = text("state IN (" + ", ".join(f"'{state}'" for state in sorted(LIVE)) + ")")
"""The condition that a booking is live, as its unique indexes have it: so they are found."""

_EACH = range(1, len(ShareClass) + 1)


def _of_all(words: str, joined: str) -> str:
    """Return what a constraint says of each class, joined."""
    return joined.join(words.format(place) for place in _EACH)


def _by_class() -> Any:
    """Return a column that counts by class."""
    zeros = "{" + ",".join("0" for _ in _EACH) + "}"
    return Column(ARRAY(Integer), nullable=False, server_default=zeros)


def _zeros() -> list[int]:
    return [0 for _ in _EACH]


class SlotRow(SQLModel, table=True):
    """One crossing hour of a gate and direction. `taken` counts every live booking and open offer.

    While somebody is `waiting`, every place that comes back is theirs and none can be booked.

    The minutes are those of the rules it was made by, which `rule_versions` name; `planned` are
    the places those rules give it. `capacity` is the smallest of that and of every limit in force,
    and `bound_by` the kind of that limit, with its reason; none where the rules say it. `kept` are
    places that were taken before capacity fell and stay: each that is given back is gone.
    `displaced` counts the trucks that were moved out of it.

    `class_taken` and `class_waiting` count the same by class (`share.CLASSES`). Where dated rules
    give classes their `percents` of an hour, `share` is how many places each may take, and
    `class_kept` what it has beyond that; from `shares_open_at` on all take from all places.
    """

    __tablename__ = "slot"
    __table_args__ = (
        UniqueConstraint("gate", "direction", "starts_at"),
        CheckConstraint(
            "taken >= 0 AND taken <= capacity + kept AND capacity >= 0 AND kept >= 0",
            name="capacity",
        ),
        CheckConstraint("starts_at < ends_at", name="window"),
        CheckConstraint("waiting >= 0", name="waiting"),
        CheckConstraint(
            f"{_of_all('class_taken[{0}] >= 0', ' AND ')} "
            f"AND taken = {_of_all('class_taken[{0}]', ' + ')}",
            name="class_taken",
        ),
        CheckConstraint(
            f"{_of_all('class_waiting[{0}] >= 0', ' AND ')} "
            f"AND waiting = {_of_all('class_waiting[{0}]', ' + ')}",
            name="class_waiting",
        ),
        CheckConstraint(
            f"share IS NULL OR ({_of_all('class_kept[{0}] >= 0', ' AND ')} AND "
            f"{_of_all('class_taken[{0}] <= share[{0}] + class_kept[{0}]', ' AND ')} "
            f"AND capacity = {_of_all('share[{0}]', ' + ')})",
            name="share",
        ),
        Index("ix_slot_starts_at", "starts_at"),
        Index("ix_slot_shares_open", "shares_open_at", postgresql_where=text("share IS NOT NULL")),
        Index("ix_slot_waiting", "closes_at", postgresql_where=text("waiting > 0")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    gate: str = Field(foreign_key="gate.code", max_length=24)
    direction: str = Field(max_length=8)
    starts_at: datetime
    ends_at: datetime
    opens_at: datetime
    closes_at: datetime
    planned: int
    capacity: int
    taken: int = 0
    waiting: int = 0
    kept: int = 0
    class_taken: list[int] = Field(default_factory=_zeros, sa_column=_by_class())
    class_waiting: list[int] = Field(default_factory=_zeros, sa_column=_by_class())
    class_kept: list[int] = Field(default_factory=_zeros, sa_column=_by_class())
    percents: list[int] | None = Field(default=None, sa_column=Column(ARRAY(Integer)))
    share: list[int] | None = Field(default=None, sa_column=Column(ARRAY(Integer)))
    shares_open_at: datetime | None = None
    displaced: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    bound_by: str | None = Field(default=None, max_length=12)
    bound_reason: str | None = Field(default=None, max_length=300)
    mode: str = Field(default=FIRST_COME, max_length=16)
    early_minutes: int
    entry_early_minutes: int
    grace_minutes: int
    hold_minutes: int
    rule_versions: dict[str, str] = Field(default_factory=dict, sa_column=versions_column())


class BookingRow(Record, table=True):
    """One truck in one hour. Plates are normalised; `plate_typed` is how the tractor's is printed,
    in its own form (as it was typed, in bookings from before). The driver, whom all have but
    those that are driverless, stays inside.

    Until when it is cancelled in time and how long its slip is valid was decided when it took its
    hour, by the rules that `rule_versions` name. `moved` counts how often its firm moved it,
    `substituted` how often another truck came instead. One that was displaced says from which hour
    and why, until its firm accepts another. One that came without a booking says when it came.
    `hold_number` tells its firm's unpaid places apart, where rules limit them.
    """

    __tablename__ = "booking"
    __table_args__ = record_args(
        BOOKING,
        Index("uq_booking_live_plate", "plate", unique=True, postgresql_where=LIVE_SQL),
        Index(
            "uq_booking_live_trailer",
            "trailer_plate",
            unique=True,
            postgresql_where=text(f"trailer_plate IS NOT NULL AND {LIVE_SQL.text}"),
        ),
        CheckConstraint("driverless = (driver IS NULL)", name="driver"),
        # The fence of a firm's unpaid places: each has a number of its own.
        Index(
            "uq_booking_hold",
            "owner_organisation_id",
            "hold_number",
            unique=True,
            postgresql_where=text("state = 'held'"),
        ),
        Index("ix_booking_owner", "owner_organisation_id", "created_at", "id"),
        Index("ix_booking_newest", "created_at", "id"),
        Index("ix_booking_state", "state", "created_at", "id"),
        Index("ix_booking_hour", "slot_starts_at"),
        # Those of every state, for the counter: the fences above know the live ones alone.
        Index("ix_booking_plate", "plate"),
        Index(
            "ix_booking_trailer_plate",
            "trailer_plate",
            postgresql_where=text("trailer_plate IS NOT NULL"),
        ),
    )
    lifecycle: ClassVar[Lifecycle] = BOOKING
    prefix: ClassVar[str] = "BKG"

    owner_organisation_id: UUID = Field(foreign_key="organisation.id")
    slot_id: UUID = Field(foreign_key="slot.id")
    direction: str = Field(max_length=8)
    slot_starts_at: datetime
    slot_ends_at: datetime
    held_until: datetime
    hold_number: int | None = None
    free_cancel_until: datetime
    slip_valid_until: datetime
    rule_versions: dict[str, str] = Field(default_factory=dict, sa_column=versions_column())
    plate: str = Field(max_length=20)
    plate_typed: str = Field(max_length=20)
    trailer_plate: str | None = Field(default=None, max_length=20)
    country: str = Field(max_length=2)
    vehicle_class: str = Field(max_length=16)
    payload_g: int
    empty: bool
    priority: str = Field(max_length=16)
    share_class: str = Field(max_length=16)
    driverless: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    driver: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    moved: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    substituted: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    came_at: datetime | None = None
    displaced_from: datetime | None = None
    displaced_reason: str | None = Field(default=None, max_length=300)


class BookingDeclarationRow(SQLModel, table=True):
    """A declaration on a booking; it can be on one live booking at a time."""

    __tablename__ = "booking_declaration"
    __table_args__ = (
        Index(
            "uq_booking_declaration_live",
            "declaration_id",
            unique=True,
            postgresql_where=text("live"),
        ),
        # Of ended bookings too: an officer sees every truck that came for a declaration.
        Index("ix_booking_declaration_declaration_id", "declaration_id"),
    )

    booking_id: UUID = Field(primary_key=True, foreign_key="booking.id")
    declaration_id: UUID = Field(primary_key=True, foreign_key="declaration.id")
    live: bool = True


class SlipRow(Record, table=True):
    """The paper that opens the barrier: a reference and a signed token for the same booking."""

    __tablename__ = "slip"
    __table_args__ = record_args(
        SLIP,
        # The fence beside the booking's lock: who issues a slip anew has revoked the one before.
        Index(
            "uq_slip_live",
            "booking_id",
            unique=True,
            postgresql_where=text("state IN ('active', 'used')"),
        ),
    )
    lifecycle: ClassVar[Lifecycle] = SLIP
    prefix: ClassVar[str] = "SLP"

    booking_id: UUID = Field(foreign_key="booking.id", index=True)
    token: str
    valid_until: datetime
    rule_versions: dict[str, str] = Field(default_factory=dict, sa_column=versions_column())


class PassageRow(Record, table=True):
    """One visit of a truck to the gate, with the instants of its steps."""

    __tablename__ = "passage"
    __table_args__ = record_args(
        PASSAGE,
        # Who stands in the yard: few of very many.
        Index("ix_passage_in_yard", "booking_id", postgresql_where=text("state = 'arrived'")),
    )
    lifecycle: ClassVar[Lifecycle] = PASSAGE
    prefix: ClassVar[str] = "PSG"

    booking_id: UUID = Field(foreign_key="booking.id", unique=True)
    arrived_at: datetime | None = None
    admitted_at: datetime | None = None
    exited_at: datetime | None = None
    returned_at: datetime | None = None


class ScanRow(SQLModel, table=True):
    """One scan as a device made it, with what is true of it now; refused ones too.

    `happened_at` is the instant it is judged at, `received_at` when it came in. One that `waits` is
    judged again when a step before it comes in.
    """

    __tablename__ = "scan"
    __table_args__ = (
        UniqueConstraint("device", "scan_id"),
        Index("ix_scan_slip", "slip_id", "scanned_at"),
        Index("ix_scan_recent", "gate", "received_at"),
        Index("ix_scan_refused", "received_at", postgresql_where=text("verdict = 'refused'")),
        Index("ix_scan_waits", "slip_id", postgresql_where=text("waits")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    device: str = Field(max_length=64)
    scan_id: str = Field(max_length=64)
    request: dict[str, Any] = Field(sa_column=json_column())
    gate: str = Field(max_length=24)
    lane: str = Field(max_length=16)
    kind: str = Field(max_length=16)
    scanned_at: datetime
    received_at: datetime
    happened_at: datetime
    account: str = Field(max_length=80)
    verdict: str = Field(max_length=10)
    code: str = Field(max_length=20)
    slip_id: UUID | None = Field(default=None, foreign_key="slip.id")
    flags: list[str] = Field(default_factory=list, sa_column=json_column())
    waits: bool = False
    answer: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class ScanClashRow(Record, table=True):
    """A scan that contradicts what is known, for a supervisor. `kind` is the flag of the scan.

    `other` is the record it does not go together with: its type, reference, state, instants.
    """

    __tablename__ = "scan_clash"
    __table_args__ = record_args(
        SCAN_CLASH,
        UniqueConstraint("scan_id", "kind"),
        CheckConstraint("resolved_by IS NULL OR reason IS NOT NULL", name="reason_given"),
        Index("ix_scan_clash_newest", "gate", "created_at", "id"),
    )
    lifecycle: ClassVar[Lifecycle] = SCAN_CLASH
    prefix: ClassVar[str] = "CLH"

    kind: str = Field(max_length=32)
    scan_id: UUID = Field(foreign_key="scan.id")
    booking_id: UUID | None = Field(default=None, foreign_key="booking.id", index=True)
    other: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    reason: str | None = Field(default=None, sa_type=Text)
    resolved_by: UUID | None = None


class VisitRow(SQLModel, table=True):
    """A passage as the events told it: the source of every waiting and turn time."""

    __tablename__ = "visit"
    __table_args__ = (
        Index("ix_visit_admitted", "admitted_at"),
        Index(
            "ix_visit_waiting",
            "arrived_at",
            postgresql_where=text("admitted_at IS NULL AND gone_at IS NULL"),
        ),
    )

    subject: str = Field(primary_key=True, max_length=40)
    gate: str = Field(max_length=24)
    direction: str = Field(max_length=8)
    vehicle_class: str = Field(max_length=16)
    priority: str = Field(max_length=16)
    arrived_at: datetime | None = None
    admitted_at: datetime | None = None
    exited_at: datetime | None = None
    gone_at: datetime | None = None


class WindowRow(SQLModel, table=True):
    """Counts of one five-minute window of a lane; `revision` rises with every late event."""

    __tablename__ = "throughput_window"
    __table_args__ = (
        Index(
            "ix_throughput_unpublished",
            "window_start",
            postgresql_where=text("published_revision < revision"),
        ),
        Index("ix_throughput_window_start", "window_start"),
    )

    gate: str = Field(primary_key=True, max_length=24)
    direction: str = Field(primary_key=True, max_length=8)
    lane: str = Field(primary_key=True, max_length=16)
    window_start: datetime = Field(primary_key=True)
    arrivals: int = 0
    entries: int = 0
    exits: int = 0
    refusals: int = 0
    revision: int = 0
    published_revision: int = 0


class HourRow(SQLModel, table=True):
    """Counts of one hour over all lanes: what is asked of many days is added up from these."""

    __tablename__ = "throughput_hour"
    __table_args__ = (Index("ix_throughput_hour_start", "hour_start"),)

    gate: str = Field(primary_key=True, max_length=24)
    direction: str = Field(primary_key=True, max_length=8)
    hour_start: datetime = Field(primary_key=True)
    arrivals: int = 0
    entries: int = 0
    exits: int = 0
    refusals: int = 0
