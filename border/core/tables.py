"""The tables every package stands on: what a record is, the events, and what was answered before.

Tables are definitions, never requests or answers. Statements that carry an invariant are written
out in `border.core.store` and in the storage files.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType
from sqlmodel import Field, SQLModel

from border.core.ids import new_id
from border.core.lifecycle import Lifecycle

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Xid8(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction number; it travels as text."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return the type's name in DDL."""
        return "xid8"


def json_column(*, nullable: bool = False) -> Any:
    """Return a JSONB column; each table needs one of its own. None is SQL's NULL."""
    return Column(JSONB(none_as_null=nullable), nullable=nullable)


def versions_column() -> Any:
    """Return the column in which a decision keeps the sets of rules it was made by, by kind."""
    return Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))


class Lived(SQLModel):
    """What has a life: its state, and when that has lasted too long.

    To define a class of it with a table is to register the kind, once and for all: `every_kind`.
    """

    lifecycle: ClassVar[Lifecycle]

    state: str = Field(max_length=24)
    overdue_at: datetime | None = None


class Record(Lived):
    """What stands for itself: known by its reference, its every move an event of its own."""

    prefix: ClassVar[str]

    id: UUID = Field(default_factory=new_id, primary_key=True)
    reference: str = Field(unique=True, max_length=24)
    version: int = Field(default=1)
    gate: str = Field(max_length=24)
    created_at: datetime
    changed_at: datetime

    @property
    def life(self) -> Lifecycle:
        """The life under whose name the record's events are told: the one it has, unless records
        of one table are known outside by several names."""
        return self.lifecycle


class Part(Lived):
    """What lives beside a record, under the record's reference, and has none of its own.

    The column `whole_id` names the record; only while that is in one of `counts_while` does the
    part's time run.
    """

    whole: ClassVar[type[Record]]
    whole_id: ClassVar[str]
    counts_while: ClassVar[Collection[str]]


def every_kind() -> tuple[type[Lived], ...]:
    """Return every class of the product that has a life, from the ground floor up.

    Known is what was imported; `api.tables` imports it all.
    """
    found, below = [], list(Lived.__subclasses__())
    while below:
        kind = below.pop(0)
        below += kind.__subclasses__()
        table = getattr(kind, "__table__", None)
        if table is not None and table.metadata is SQLModel.metadata:
            found.append(kind)
    return tuple(sorted(found, key=lambda kind: kind.__module__))


def overdue_index(lifecycle: Lifecycle) -> Index:
    """Return the index on the rows of a kind whose time may run out."""
    name = f"ix_{lifecycle.name}_overdue"
    return Index(name, "overdue_at", postgresql_where=text("overdue_at IS NOT NULL"))


def record_args(lifecycle: Lifecycle, *more: Any) -> tuple[Any, ...]:
    """Return the table arguments of a record: its states checked, its overdue rows indexed."""
    return (
        CheckConstraint(lifecycle.check_sql(), name="state"),
        CheckConstraint("version > 0", name="version"),
        overdue_index(lifecycle),
        *more,
    )


class PostponedRow(SQLModel, table=True):
    """Work on one row that went wrong, and when it is tried again.

    It is kept here so that every process, and the next start of the program, respects the pause.
    `work` names what was tried; `error` is for whoever looks into it.
    """

    __tablename__ = "postponed"

    work: str = Field(primary_key=True, max_length=48)
    row_id: UUID = Field(primary_key=True)
    failures: int
    failed_at: datetime
    again_at: datetime
    error: str = Field(max_length=500)


class EventRow(SQLModel, table=True):
    """One event, written in the transaction that made it true; never changed, never deleted.

    `xid` is that transaction's number: readers stay below the oldest one still running, so a
    late commit is never passed over. `payload` may leave the zone; `private` holds what may not
    (plates, people, devices) and stays. Events older than the last three columns have no
    `request_id` and an unknown `actor_kind`, and were recorded when they happened.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_feed", "xid", "seq"),
        Index("ix_event_key", "key", "seq"),
        Index("ix_event_type", "type", "xid", "seq"),
    )

    seq: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    xid: str | None = Field(
        default=None,
        sa_column=Column(Xid8(), nullable=False, server_default=text("pg_current_xact_id()")),
    )
    id: UUID = Field(default_factory=new_id, unique=True)
    type: str = Field(max_length=64)
    gate: str = Field(max_length=24)
    subject: str = Field(max_length=40)
    key: str = Field(max_length=40)
    version: int
    happened_at: datetime
    actor: str = Field(max_length=80)
    payload: dict[str, Any] = Field(sa_column=json_column())
    private: dict[str, Any] = Field(sa_column=json_column())
    recorded_at: datetime
    request_id: str = Field(max_length=80)
    actor_kind: str = Field(max_length=16)


class AnsweredRow(SQLModel, table=True):
    """An answer already given to an Idempotency-Key, stored with the effect it reports."""

    __tablename__ = "answered"

    caller: str = Field(primary_key=True, max_length=80)
    key: str = Field(primary_key=True, max_length=255)
    fingerprint: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    status: int
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    kept_at: datetime = Field(index=True)


class ReaderRow(SQLModel, table=True):
    """How far a reader of the feed has come."""

    __tablename__ = "reader"

    name: str = Field(primary_key=True, max_length=64)
    xid: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    seq: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    moved_at: datetime | None = None


class GateRow(SQLModel, table=True):
    """A border gate: where, its names, its usual hours (local, half-open)."""

    __tablename__ = "gate"

    code: str = Field(primary_key=True, max_length=24)
    name_vi: str
    name_zh: str
    name_en: str
    locode: str = Field(max_length=5)
    opens: str = Field(max_length=5, description="local HH:MM")
    closes: str = Field(max_length=5)
    source: str
    active: bool = True

    @property
    def names(self) -> dict[str, str]:
        """What it is called, by language."""
        return {"vi": self.name_vi, "zh": self.name_zh, "en": self.name_en}


class LaneRow(SQLModel, table=True):
    """A lane of a gate: the barrier a truck is sent to."""

    __tablename__ = "lane"

    gate: str = Field(primary_key=True, foreign_key="gate.code", max_length=24)
    code: str = Field(primary_key=True, max_length=16)
    direction: str = Field(max_length=8)
    active: bool = True
