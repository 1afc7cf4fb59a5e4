"""`docs/events.md`: every event, who records it, and what it says."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from api.documents.facts import FACTS, every_event, facts_of
from api.documents.markdown import code, codes, page, table
from border.feed import TYPE_PREFIX, TYPE_SUFFIX

_INTRODUCTION = f"""\
Every change is recorded as an event in the transaction that makes it. An event leaves the zone as
CloudEvents 1.0 JSON: `type` is `{TYPE_PREFIX}<name>{TYPE_SUFFIX}`, `source` the gate, `subject` the
record's reference, `time` when it happened, `sequence` its place in the feed (sorts as text),
`partitionkey` what keeps its order, `data` the facts below with the record's `version` and, for a
record with a life, its new `state`. No event carries a plate or a person.

Delivery is at least once, in order within a `partitionkey`: keep the last `sequence`, drop what
comes twice by `id`. Three ways lead to it: `GET /api/v1/events?after=` in batches,
`GET /api/v1/events/stream` live (resumed by `Last-Event-ID`), and a Redis Stream. The same in
machine-read form is served under `/schema/asyncapi.json` and printed by `border asyncapi`.
`system` is the program itself."""


def events_page() -> str:
    """Return the page."""
    facts = table(
        ("fact", "what it says", "JSON type"),
        (
            (code(name), schema["description"], _type(schema))
            for name, schema in sorted(FACTS.items())
        ),
    )
    return page("Events", _INTRODUCTION, *_sections(), "## The facts", facts)


def _sections() -> Iterator[str]:
    found = every_event()
    for life, names in groupby(found, key=lambda name: name.partition(".")[0]):
        yield f"## {life}"
        yield table(
            ("event", "says", "recorded by", "facts"),
            (
                (code(name), found[name][0], ", ".join(found[name][1]), codes(facts_of(name)))
                for name in names
            ),
        )


def _type(schema: dict[str, Any]) -> str:
    kinds = schema.get("type", "string")
    if None in schema.get("enum", ()):
        kinds = ["string", "null"]
    return " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
