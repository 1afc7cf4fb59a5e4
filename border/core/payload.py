"""What an event says: one class per kind of event, every field with one meaning said once.

A field's name means the same wherever it stands; a second meaning under one name is a bug that
shows when the module is imported. A private field stays in the zone: people, plates, devices,
what somebody wrote. `older` is the name under which a field left the zone before it had one of
its own; it goes on leaving under both.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class Meaning:
    """What a field says, in a sentence; put beside its type by `Annotated`."""

    says: str
    older: str | None = None
    private: bool = False


_meanings: dict[str, Meaning] = {}
_ABSENT = object()
Said: TypeAlias = Mapping[str, Any]
"""What is said by name, before it is held against a payload."""


class Payload(BaseModel):
    """What one kind of event says, besides its record's state and version.

    A required field is always said: it is given, or read from the record. A field with a default
    is said only when it is given and is not None. `columns` names the record's column where it is
    called otherwise there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    columns: ClassVar[Mapping[str, str]] = {}
    required: ClassVar[frozenset[str]] = frozenset()
    private: ClassVar[frozenset[str]] = frozenset()
    """The fields that stay in the zone."""
    older: ClassVar[Mapping[str, str]] = {}
    """Each field that had another name before, and that name."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Refuse a field without a meaning, or with another one than its name has elsewhere."""
        for name, field in cls.model_fields.items():
            meaning = _meaning(field)
            if meaning is None:
                raise TypeError(f"{cls.__name__}.{name} does not say what it means")
            if _meanings.setdefault(name, meaning) != meaning:
                raise TypeError(f"{name} would have two meanings, the second in {cls.__name__}")
        cls.required = frozenset(n for n, field in cls.model_fields.items() if field.is_required())
        cls.private = frozenset(n for n, said in cls.meanings().items() if said.private)
        cls.older = {name: said.older for name, said in cls.meanings().items() if said.older}

    @classmethod
    def meanings(cls) -> dict[str, Meaning]:
        """Return what each field means."""
        return {name: _meanings[name] for name in cls.model_fields}

    @classmethod
    def of(cls, given: Said, record: object | None = None) -> "Payload":
        """Return the payload of what is given, the rest read from the record.

        Raises ValueError when something is missing, unknown or of a wrong type: a bug.
        """
        read = {
            name: value
            for name in cls.required.difference(given)
            if (value := getattr(record, cls.columns.get(name, name), _ABSENT)) is not _ABSENT
        }
        return cls.model_validate({**read, **given})

    def split(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the fields that leave the zone and those that do not, as JSON knows them."""
        public: dict[str, Any] = {}
        private: dict[str, Any] = {}
        for name, value in self.model_dump(mode="json").items():
            if value is not None or name in self.required:
                (private if name in self.private else public)[name] = value
        return public, private

    @classmethod
    def with_older(cls, public: Said) -> Said:
        """Return what leaves the zone: each field also under its older name, if it has one."""
        if not cls.older:
            return public
        before = {old: public[name] for name, old in cls.older.items() if name in public}
        return {**before, **public}

    @classmethod
    def renewed(cls, stored: Said) -> Said:
        """Return a payload stored under older names under the names of today."""
        if not cls.older or not any(old in stored for old in cls.older.values()):
            return stored
        today = {old: name for name, old in cls.older.items() if name not in stored}
        return {today.get(name, name): value for name, value in stored.items()}

    @classmethod
    def public_schema(cls) -> tuple[dict[str, Any], list[str]]:
        """Return the JSON Schemas of what leaves the zone, and which of it always does."""
        whole = cls.model_json_schema(mode="serialization")
        definitions = whole.get("$defs", {})
        fields: dict[str, Any] = {}
        required: list[str] = []
        for name, meaning in cls.meanings().items():
            if meaning.private:
                continue
            schema = _plain(whole["properties"][name], definitions)
            named = {name: meaning.says}
            if meaning.older:
                named[meaning.older] = f"Older name of `{name}`."
            fields |= {called: {"description": says, **schema} for called, says in named.items()}
            if meaning.older:
                fields[meaning.older]["deprecated"] = True
            if name in cls.required:
                required += named
        return fields, required


class Nothing(Payload):
    """An event that says nothing more: its type, its subject and its state are enough."""


def _meaning(field: FieldInfo) -> Meaning | None:
    found = [one for one in field.metadata if isinstance(one, Meaning)]
    return found[0] if found else next(_within(field.annotation), None)


def _within(annotation: Any) -> Iterator[Meaning]:
    """Yield the meanings inside `Annotated[...] | None`."""
    yield from (one for one in getattr(annotation, "__metadata__", ()) if isinstance(one, Meaning))
    for part in get_args(annotation):
        yield from _within(part)


def _plain(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a schema without titles and with what it refers to written out."""
    if isinstance(schema, list):
        return [_plain(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    unwanted = ("title", "default", "description")
    return {k: _plain(v, definitions) for k, v in schema.items() if k not in unwanted}
