"""The types of events, each declared once beside the lifecycle of the record it belongs to.

From a declaration come the check of every event as it is recorded, its name outside, the schema
of what it says, and its line in the documents. An event that is not declared cannot be recorded.
"""

from dataclasses import dataclass
from typing import Any

from border.core.lifecycle import Lifecycle
from border.core.payload import Nothing, Payload, Said

TYPE_PREFIX = "vn.laocai.border."


@dataclass(frozen=True)
class Key:
    """What keeps events in their order: a column of the record, or what the recorder gives."""

    says: str
    column: str | None = None


OWN_REFERENCE = Key("the record's reference", "reference")


@dataclass(frozen=True)
class EventType:
    """One type: its short name, what it tells people, who records it, and what it says.

    `version` rises when the payload changes so that a reader of before could not read it.
    """

    name: str
    label: str
    by: tuple[str, ...]
    payload: type[Payload] = Nothing
    key: Key = OWN_REFERENCE
    states: tuple[str, ...] = ()
    version: int = 1

    @property
    def outside(self) -> str:
        """The type's name outside the zone."""
        return f"{TYPE_PREFIX}{self.name}.v{self.version}"

    def split(self, given: Said, record: object | None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what an event of this type says: what may leave the zone, and what stays.

        Raises ValueError when that is not what the type declares: a bug.
        """
        said, state = dict(given), {}
        if self.states:
            state["state"] = said.pop("state", getattr(record, "state", None))
            if state["state"] not in self.states:
                raise ValueError(f"{self.name} would say the state {state['state']}")
        if self.payload is Nothing and not said:
            return state, {}
        public, private = self.payload.of(said, record).split()
        return state | public, private

    def key_of(self, record: object | None, given: str | None, subject: str) -> str:
        """Return the key of an event. Raises ValueError when it should be given and is not."""
        if self.key.column is None:
            if given is None:
                raise ValueError(f"{self.name} is ordered under {self.key.says}: give it")
            return given
        own = given or subject if record is None else str(getattr(record, self.key.column))
        if given not in (None, own):
            raise ValueError(f"{self.name} is ordered under {self.key.says}, {own}, not {given}")
        return own

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the event's `data`; what it does not list is an error."""
        fields, required = self.payload.public_schema()
        own: dict[str, Any] = {
            "version": {"description": "Version of the record.", "type": "integer", "minimum": 0}
        }
        if self.states:
            says = "State the record is in from now on."
            own["state"] = {"description": says, "enum": list(self.states)}
        return {
            "type": "object",
            "required": [*own, *required],
            "properties": own | fields,
            "additionalProperties": False,
        }


_declared: dict[str, EventType] = {}


def declare(*types: EventType) -> tuple[EventType, ...]:
    """Make types known by their names and return them. Raises ValueError for a name taken."""
    for one in types:
        if _declared.setdefault(one.name, one) != one:
            raise ValueError(f"the event {one.name} is declared twice")
    return types


def declared(name: str) -> EventType:
    """Return the type of a name. Raises LookupError when nobody declares it: a bug."""
    if name not in _declared:
        raise LookupError(f"the event {name} is declared nowhere: do so beside its lifecycle")
    return _declared[name]


def known(name: str) -> EventType | None:
    """Return the type of a name, or None: the feed may hold types that are gone."""
    return _declared.get(name)


@dataclass(frozen=True)
class Besides:
    """An event of a record that no move makes: its beginning, or a change that moves nothing."""

    verb: str
    label: str
    by: tuple[str, ...]
    payload: type[Payload] | None = None


def events_of(
    life: Lifecycle,
    payload: type[Payload] = Nothing,
    *,
    besides: tuple[Besides, ...] = (),
    key: Key = OWN_REFERENCE,
    **payloads: type[Payload],
) -> tuple[EventType, ...]:
    """Declare the events of a life: those `besides` its moves, then one for each verb.

    Each says `payload`, unless another is named: there, or under its verb among `payloads`.
    """
    payloads |= {one.verb: one.payload for one in besides if one.payload}
    said: dict[str, tuple[str, tuple[str, ...]]] = {b.verb: (b.label, b.by) for b in besides}
    for verb in life.verbs:
        by = tuple(dict.fromkeys(role for move in life.of(verb) for role in move.by))
        said[verb] = (life.of(verb)[0].label, by)
    if unknown := payloads.keys() - said.keys():
        raise ValueError(f"{life.name} has no event {', '.join(sorted(unknown))}")
    states = tuple(state.name for state in life.states)
    return declare(
        *(
            EventType(life.event(verb), label, by, payloads.get(verb, payload), key, states)
            for verb, (label, by) in said.items()
        )
    )
