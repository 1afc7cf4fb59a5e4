"""An event: what happened, when, by whom, and where it stands in the feed.

Recorded in the transaction that makes it true and never changed after. What leaves the zone is
`cloud_event`: it carries the payload and nothing private.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from border.core.event_type import TYPE_PREFIX, known
from border.core.ids import new_id

_ENCODER = msgspec.json.Encoder()
SOURCE = "/zones/lao-cai/gates/"

current_request: ContextVar[str | None] = ContextVar("current_request", default=None)
"""The request, or the run of a job, that is being worked on; whoever begins one sets it."""


class Cursor(NamedTuple):
    """A place in the feed, after one event and before the next. Its text sorts as it does."""

    xid: int = 0
    seq: int = 0

    def __str__(self) -> str:
        return f"{self.xid:020d}-{self.seq:020d}"


BEGINNING = Cursor()


class Event(msgspec.Struct, frozen=True, dict=True):
    """One thing that happened.

    `happened_at` is when it happened, by the clock of whoever saw it; `recorded_at` is when we
    learnt of it. `actor` made it, `actor_kind` says what set it off: a person, a device, a
    gateway, or the program by itself. `cursor` is known once the event is read from the feed.
    """

    type: str
    gate: str
    subject: str
    key: str
    version: int
    happened_at: datetime
    recorded_at: datetime
    actor: str
    actor_kind: str
    request_id: str
    payload: Mapping[str, Any]
    private: Mapping[str, Any]
    id: UUID = msgspec.field(default_factory=new_id)
    cursor: Cursor = BEGINNING

    def cloud_event(self) -> dict[str, Any]:
        """Return the event as CloudEvents 1.0 structured JSON; nothing in it is personal."""
        told: dict[str, Any] = msgspec.to_builtins(self._told())
        return told

    @cached_property
    def encoded(self) -> bytes:
        """The same as it is sent, to however many."""
        return _ENCODER.encode(self._told())

    def _told(self) -> dict[str, Any]:
        declared = known(self.type)
        data = declared.payload.with_older(self.payload) if declared else self.payload
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": SOURCE + self.gate,
            "type": declared.outside if declared else f"{TYPE_PREFIX}{self.type}.v1",
            "subject": self.subject,
            "time": self.happened_at,
            "datacontenttype": "application/json",
            "dataschema": f"/schema/asyncapi.json#/components/schemas/{self.type}",
            "sequence": str(self.cursor),
            "partitionkey": self.key,
            "recordedat": self.recorded_at,
            "requestid": self.request_id,
            "actorkind": self.actor_kind,
            "data": {"version": self.version, **data},
        }


WRITTEN = tuple(name for name in Event.__struct_fields__ if name != "cursor")
"""What is written of an event: its cursor is the database's to give."""
