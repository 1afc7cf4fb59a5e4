"""The AsyncAPI 3.0 document: the events of the zone and the ways to receive them.

source: AsyncAPI specification 3.0.0; CloudEvents 1.0.2, structured JSON.
"""

from typing import Any

from api.documents.sources import every_event
from border.core.actor import ActorKind
from border.core.event import SOURCE
from border.core.event_type import EventType
from border.settings import Settings

_STREAM = Settings.model_fields["relay_stream"].default
_ORDER = (
    "Each event is delivered at least once; events of one `partitionkey` come in their order. Drop "
    "what comes twice by `id`, and keep `sequence` to go on from there."
)
_ENVELOPE: dict[str, Any] = {
    "type": "object",
    "description": "What every event carries. There is no plate and no person in it.",
    "required": [
        *("specversion", "id", "source", "type", "subject", "time", "datacontenttype"),
        *("dataschema", "sequence", "partitionkey", "recordedat", "requestid", "actorkind", "data"),
    ],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid", "description": "The same on every delivery."},
        "source": {"type": "string", "pattern": f"^{SOURCE}", "description": "The gate."},
        "type": {"type": "string"},
        "subject": {"type": "string", "description": "Reference of the record."},
        "time": {"type": "string", "format": "date-time", "description": "When it happened."},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"type": "string", "format": "uri-reference"},
        "sequence": {"type": "string", "description": "Place in the feed; sorts as text."},
        "partitionkey": {"type": "string", "description": "Keeps its events in their order."},
        "recordedat": {
            "type": "string",
            "format": "date-time",
            "description": "When the zone learnt of it.",
        },
        "requestid": {
            "type": "string",
            "description": "The same in all that one request recorded.",
        },
        "actorkind": {"enum": [*ActorKind], "description": "What set it off."},
        "data": {"type": "object"},
    },
}


def asyncapi_document() -> dict[str, Any]:
    """Return the document, as it is served under `/schema/asyncapi.json`."""
    events = every_event()
    messages = {name: {"$ref": f"#/components/messages/{name}"} for name in events}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Lào Cai border gate: events",
            "version": "1",
            "description": _ORDER,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": {
            "service": _server("https", "gate.example", "The service itself; needs a token."),
            "stream": _server("redis", "redis.example:6379", "Redis or Valkey, as configured."),
        },
        "channels": {
            "stream": {
                "address": _STREAM,
                "description": "A Redis Stream; the field `event` holds the event as JSON.",
                "servers": [{"$ref": "#/servers/stream"}],
                "messages": messages,
            },
            "live": {
                "address": "/api/v1/events/stream",
                "description": "Server-Sent Events; `Last-Event-ID` resumes without loss.",
                "servers": [{"$ref": "#/servers/service"}],
                "messages": messages,
            },
            "batch": {
                "address": "/api/v1/events",
                "description": "Batches by HTTP GET from a cursor, `?after=&types=&limit=`.",
                "servers": [{"$ref": "#/servers/service"}],
                "messages": messages,
            },
        },
        "operations": {
            "hand_on": _sends("stream", "Hand every event on to the stream."),
            "stream_events": _sends("live", "Stream events as they happen."),
            "list_events": _sends("batch", "Answer events after a cursor."),
        },
        "components": {
            "messages": {name: _message(one) for name, one in events.items()},
            "schemas": {"event": _ENVELOPE} | {n: one.schema() for n, one in events.items()},
        },
    }


def _server(protocol: str, host: str, says: str) -> dict[str, Any]:
    return {
        "host": "{host}",
        "protocol": protocol,
        "description": says,
        "variables": {"host": {"default": host}},
    }


def _sends(channel: str, says: str) -> dict[str, Any]:
    return {"action": "send", "channel": {"$ref": f"#/channels/{channel}"}, "summary": says}


def _message(one: EventType) -> dict[str, Any]:
    own = {
        "type": {"const": one.outside},
        "data": {"$ref": f"#/components/schemas/{one.name}"},
    }
    return {
        "name": one.name,
        "title": one.label,
        "contentType": "application/cloudevents+json",
        "payload": {"allOf": [{"$ref": "#/components/schemas/event"}, {"properties": own}]},
    }
