"""`docs/events.md`: every event, who records it, and what it says."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from api.documents.markdown import code, page, table
from api.documents.sources import every_event
from border.core.event_type import TYPE_PREFIX, EventType
from border.core.payload import Meaning

_INTRODUCTION = f"""\
Every change is recorded as an event in the transaction that makes it. An event leaves the zone as
CloudEvents 1.0 JSON: `type` is `{TYPE_PREFIX}<name>.v<version>`, `source` the gate, `subject` the
record's reference, `sequence` its cursor in the feed (sorts as text), `partitionkey` what keeps its
order, `data` the fields below with the record's `version` and, for a record with a life, its new
`state`. No event carries a plate or a person.

`time` is when it happened: what an offline shift brings carries the instant of each scan, whenever
the batch arrived, and a counted window its end. Moves of money carry the instant at which they were
booked. `recordedat` is when the zone learnt of it, so it is never earlier than the clock that saw
it was wrong; order is the feed's, not that of `time`. `requestid` is the same in all that one
request (or one run of a job) recorded: the caller's `X-Request-Id` where it sent one. `actorkind`
says what set it off: `person`, `device`, `gateway`, or `program`.

Delivery is at least once, in order within a `partitionkey`: keep the last `sequence`, drop what
comes twice by `id`. Three ways lead to it: `GET /api/v1/events?after=` in batches,
`GET /api/v1/events/stream` live (resumed by `Last-Event-ID`), and a Redis Stream. The same in
machine-read form is served under `/schema/asyncapi.json` and printed by `border asyncapi`.
`system` is the program itself.

A field always stands in the events that name it, unless it is in brackets. Where a field has an
older name, it leaves under both: the older ones had several meanings, and are kept for readers of
before."""


def events_page() -> str:
    """Return the page."""
    types = every_event()
    leaving, staying = _fields(types.values())
    return page(
        "Events",
        _INTRODUCTION,
        *_sections(types),
        "## The fields",
        table(
            ("field", "what it says", "JSON type", "older name"),
            (
                (code(name), meaning.says, _type(schema), code(meaning.older))
                for name, (meaning, schema) in sorted(leaving.items())
            ),
        ),
        "## Private fields",
        "They are stored with the event and stay in the zone.",
        table(
            ("field", "what it says"),
            ((code(name), meaning.says) for name, meaning in sorted(staying.items())),
        ),
    )


def _sections(types: dict[str, EventType]) -> Iterator[str]:
    for life, found in groupby(types.values(), key=lambda one: one.name.partition(".")[0]):
        of_life = list(found)
        keys = dict.fromkeys(one.key.says for one in of_life)
        yield f"## {life}\n\nOrdered under {', '.join(keys)}."
        yield table(
            ("event", "label", "version", "recorded by", "fields"),
            (
                (code(one.name), one.label, str(one.version), ", ".join(one.by), _said(one))
                for one in of_life
            ),
        )


def _said(one: EventType) -> str:
    """Return the fields that leave the zone with an event, those not always said in brackets."""
    required = set(one.schema()["required"])
    names = [name for name, meaning in one.payload.meanings().items() if not meaning.private]
    return ", ".join(code(name) if name in required else f"({code(name)})" for name in names)


def _fields(
    types: Iterable[EventType],
) -> tuple[dict[str, tuple[Meaning, dict[str, Any]]], dict[str, Meaning]]:
    """Return the fields that leave the zone, with their schemas, and those that stay."""
    leaving: dict[str, tuple[Meaning, dict[str, Any]]] = {}
    staying: dict[str, Meaning] = {}
    for one in types:
        schemas = one.schema()["properties"]
        for name, meaning in one.payload.meanings().items():
            if meaning.private:
                staying[name] = meaning
            else:
                leaving.setdefault(name, (meaning, schemas[name]))
    return leaving, staying


def _type(schema: dict[str, Any]) -> str:
    """Return a schema's JSON type in words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    return str(schema.get("type", "string"))
