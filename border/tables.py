"""The tables every package stands on: what a record is, the events, and what was answered before.

Tables are definitions, never requests or answers. Statements that carry an invariant are written
out in `border.store` and in the storage files.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType
from sqlmodel import Field, SQLModel

from border.ids import new_id
from border.lifecycle import Lifecycle

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
    """Return a JSONB column; each table needs one of its own."""
    return Column(JSONB, nullable=nullable)


class Record(SQLModel):
    """What every record with a life carries. `due_at` is when its present state is overdue."""

    lifecycle: ClassVar[Lifecycle]
    prefix: ClassVar[str]

    id: UUID = Field(default_factory=new_id, primary_key=True)
    reference: str = Field(unique=True, max_length=24)
    state: str = Field(max_length=24)
    version: int = Field(default=1)
    gate: str = Field(max_length=24)
    created_at: datetime
    changed_at: datetime
    due_at: datetime | None = None


def record_args(lifecycle: Lifecycle, *more: Any) -> tuple[Any, ...]:
    """Return the table arguments of a record: its states checked, its overdue rows indexed."""
    return (
        CheckConstraint(lifecycle.check_sql(), name="state"),
        CheckConstraint("version > 0", name="version"),
        Index(f"ix_{lifecycle.name}_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        *more,
    )


class EventRow(SQLModel, table=True):
    """One fact, written in the transaction that made it true; never changed, never deleted.

    `xid` is that transaction's number: readers stay below the oldest one still running, so a
    late commit is never passed over. `facts` may leave the zone; `inside` holds what may not
    (plates, people) and stays.
    """

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_feed", "xid", "seq"), Index("ix_event_key", "key", "seq"))

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
    facts: dict[str, Any] = Field(sa_column=json_column())
    inside: dict[str, Any] = Field(sa_column=json_column())


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


class LaneRow(SQLModel, table=True):
    """A lane of a gate: the barrier a truck is sent to."""

    __tablename__ = "lane"

    gate: str = Field(primary_key=True, foreign_key="gate.code", max_length=24)
    code: str = Field(primary_key=True, max_length=16)
    direction: str = Field(max_length=8)
    active: bool = True
