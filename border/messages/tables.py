"""The outbox, and where and how people want to be told."""

from datetime import datetime, time
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
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
from border.core.tables import Record, json_column, record_args, versions_column
from border.messages.contact import CONTACT
from border.messages.message import MESSAGE


class MessageRow(Record, table=True):
    """One person told of one event at one address, once however often the event is read.

    `recipient` says who: an account, or a driver by the telephone. `about` is the record's
    reference, `facts` what the text names, `ways` the channels and addresses left to try, the next
    one first. While it is queued it is tried at `next_try_at`, and not after `useful_until`. `why`
    is the sentence for what the channel said last, which may name its `answer`.
    """

    __tablename__ = "message"
    __table_args__ = record_args(
        MESSAGE,
        UniqueConstraint("event_id", "recipient", "channel", "address"),
        CheckConstraint("state <> 'queued' OR next_try_at IS NOT NULL", name="tried"),
        CheckConstraint("state <> 'settled' OR reason IS NOT NULL", name="reason_given"),
        Index("ix_message_due", "next_try_at", postgresql_where=text("state = 'queued'")),
        Index("ix_message_newest", "created_at", "id"),
        Index("ix_message_owner", "owner_organisation_id", "created_at", "id"),
        Index("ix_message_about", "about"),
        Index(
            "ix_message_provider",
            "channel",
            "provider_id",
            postgresql_where=text("state = 'sent' AND provider_id IS NOT NULL"),
        ),
    )
    lifecycle: ClassVar[Lifecycle] = MESSAGE
    prefix: ClassVar[str] = "MSG"

    owner_organisation_id: UUID = Field(foreign_key="organisation.id")
    account_id: UUID | None = Field(default=None, foreign_key="account.id")
    event_id: UUID
    occasion: str = Field(max_length=32)
    about: str = Field(max_length=40)
    recipient: str = Field(max_length=80)
    channel: str = Field(max_length=16)
    address: str = Field(max_length=1000)
    locale: str = Field(max_length=2)
    facts: dict[str, Any] = Field(sa_column=json_column())
    ways: list[list[str]] = Field(default_factory=list, sa_column=json_column())
    useful_until: datetime
    next_try_at: datetime | None = None
    tries: int = 0
    why: str = Field(default="", max_length=300)
    answer: str = Field(default="", max_length=60)
    provider_id: str | None = Field(default=None, max_length=120)
    reason: str | None = Field(default=None, max_length=500)
    rule_versions: dict[str, str] = Field(default_factory=dict, sa_column=versions_column())


class ContactRow(Record, table=True):
    """An address of somebody who can sign in; only the digest of the code that confirms it is kept.

    Whoever has several is told by the one of the lowest `place`, by the others where that fails.
    """

    __tablename__ = "contact"
    __table_args__ = record_args(
        CONTACT,
        Index(
            "uq_contact_live",
            "account_id",
            "channel",
            "address",
            unique=True,
            postgresql_where=text("state IN ('unconfirmed', 'confirmed')"),
        ),
    )
    lifecycle: ClassVar[Lifecycle] = CONTACT
    prefix: ClassVar[str] = "ADR"

    account_id: UUID = Field(foreign_key="account.id")
    channel: str = Field(max_length=16)
    address: str = Field(max_length=1000)
    place: int = 0
    code_digest: bytes | None = Field(
        default=None, sa_column=Column(LargeBinary(32), nullable=True)
    )
    guesses: int = 0
    confirmed_at: datetime | None = None


class WishesRow(SQLModel, table=True):
    """How somebody wants to be told: the language, the quiet hours, and of what not at all."""

    __tablename__ = "telling_wishes"

    account_id: UUID = Field(primary_key=True, foreign_key="account.id")
    locale: str = Field(default="vi", max_length=2)
    quiet_begins: time | None = None
    quiet_ends: time | None = None
    muted: list[str] = Field(sa_column=Column(ARRAY(String(32)), nullable=False))
