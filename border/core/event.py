"""An event: what happened, when, by whom, and where it stands in the feed.

Recorded in the transaction that makes it true and never changed after. What leaves the zone is
`cloud_event`: it carries the payload and nothing private.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from border.core.event_type import TYPE_PREFIX, known
from border.core.ids import new_id

SOURCE = "/zones/lao-cai/gates/"

current_request: ContextVar[str | None] = ContextVar("current_request", default=None)
"""The request, or the run of a job, that is being worked on; whoever begins one sets it."""


@dataclass(frozen=True, order=True)
class Cursor:
    """A place in the feed, after one event and before the next. Its text sorts as it does."""

    xid: int = 0
    seq: int = 0

    def __str__(self) -> str:
        return f"{self.xid:020d}-{self.seq:020d}"


BEGINNING = Cursor()


@dataclass(frozen=True)
class Event:
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
    id: UUID = field(default_factory=new_id)
    cursor: Cursor = BEGINNING

    def columns(self) -> dict[str, Any]:
        """Return what is written of the event; its cursor is the database's to give."""
        return {name: value for name, value in vars(self).items() if name != "cursor"}

    def cloud_event(self) -> dict[str, Any]:
        """Return the event as CloudEvents 1.0 structured JSON; nothing in it is personal."""
        declared = known(self.type)
        data = declared.payload.with_older(self.payload) if declared else self.payload
        return {
            "specversion": "1.0",
            "id": str(self.id),
            "source": SOURCE + self.gate,
            "type": declared.outside if declared else f"{TYPE_PREFIX}{self.type}.v1",
            "subject": self.subject,
            "time": _text(self.happened_at),
            "datacontenttype": "application/json",
            "dataschema": f"/schema/asyncapi.json#/components/schemas/{self.type}",
            "sequence": str(self.cursor),
            "partitionkey": self.key,
            "recordedat": _text(self.recorded_at),
            "requestid": self.request_id,
            "actorkind": self.actor_kind,
            "data": {"version": self.version, **data},
        }


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
