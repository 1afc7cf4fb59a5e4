"""A kind of dated rules, declared once by the package whose decisions it makes.

From the declaration come the check of a draft's rows, the chain a set stands in, who may write
and approve it, its page and its routes. The rows are JSON in the database; the kind's row model
says what they may hold.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field, create_model

from border.core.lifecycle import Lifecycle
from border.core.refusal import INVALID, FieldError
from border.core.request_body import KEEPABLE, RequestBody
from border.core.words import N_
from border.identity.policy import allow, declare
from border.regulation.regulation import OFFICE, REGULATION, RULE_REFUSALS, ZONE, RuleRefusals
from border.vocabulary import DIRECTIONS

MOST_ROWS = 2_000


class RuleRow(RequestBody):
    """One rule of a set: nothing unknown, nothing guessed."""


R = TypeVar("R", bound=BaseModel)
Words = tuple[str, Mapping[str, Any]]
"""A sentence to translate and the facts it names."""


class RuleSetDraft(RuleRow):
    """A set of rules as somebody writes it: its head, and rows that its kind will check."""

    code: str = Field(min_length=1, max_length=48, pattern=r"^[A-Za-z0-9_.-]+$")
    title: str = Field(min_length=1, max_length=200, pattern=KEEPABLE)
    issued_by: str = Field(min_length=1, max_length=120, pattern=KEEPABLE)
    legal_basis: str = Field(min_length=1, max_length=160, pattern=KEEPABLE)
    effective_from: date
    effective_to: date | None = Field(default=None, description="the first day it holds no more")
    gate: str = Field(default=ZONE, max_length=24, pattern=KEEPABLE)
    example: bool = False
    note: str = Field(default="", max_length=500, pattern=KEEPABLE)
    rows: tuple[dict[str, Any], ...] = Field(min_length=1, max_length=MOST_ROWS)


def _faultless(row: BaseModel) -> None:
    """Find nothing wrong with a row as a whole."""


def _fitting(draft: RuleSetDraft, rows: Sequence[BaseModel]) -> tuple[FieldError, ...]:
    """Find nothing wrong with rows taken together."""
    return ()


def _complete(now: Sequence[BaseModel], draft: Sequence[BaseModel]) -> tuple[object, ...]:
    """Find nothing that rules in force decide and a draft does not."""
    return ()


def _whole(rows: Sequence[BaseModel]) -> tuple[str, ...]:
    """Return what most sets govern: one thing, all of their kind."""
    return ("",)


def by_direction(rows: Sequence[Any]) -> tuple[str, ...]:
    """Return what rows govern that have a direction each: the `subjects` of such a kind."""
    return tuple(dict.fromkeys(row.direction for row in rows))


def directed(row: Any) -> dict[str, Any]:
    """Return what a row that has a direction says, as the facts of its sentence."""
    return {**row.model_dump(), "direction": DIRECTIONS[row.direction].label}


@dataclass(frozen=True)
class RuleKind(Generic[R]):
    """A kind of rules.

    `per_gate` says that each gate has sets of its own. `subjects` returns what the rows govern
    where a set may govern several things (directions, prices). `writers` draft and withdraw,
    `approvers` put another person's draft in force. `words` says a row in a sentence.
    `only_one` is for kinds whose set is one row; `key` names the field no two rows share; `fault`
    returns what is wrong with a row as a whole, its field within the row, `faults` what is wrong
    with the rows of a draft together. `unique` names the field whose values no two sets share.
    `lacks` returns what is decided by rules in force and would not be by those of a draft, for a
    second person to know of. `digest` counts a set's digest where the kind had its own before.
    A kind that is not `seeded` has no set in force until an authority puts one: nothing is done.

    A kind known outside by a name of its own brings the life that carries it (of the same states),
    and the prefix of its references.
    """

    name: str
    label: str
    row: type[R]
    words: Callable[[R], Words]
    per_gate: bool = False
    only_one: bool = False
    key: str = ""
    fault: Callable[[R], FieldError | None] = _faultless
    subjects: Callable[[Sequence[R]], tuple[str, ...]] = _whole
    writers: tuple[str, ...] = OFFICE
    approvers: tuple[str, ...] = OFFICE
    refusals: RuleRefusals = RULE_REFUSALS
    life: Lifecycle = REGULATION
    prefix: str = "RUL"
    unique: str = ""
    faults: Callable[[RuleSetDraft, Sequence[R]], Collection[FieldError]] = _fitting
    lacks: Callable[[Sequence[R], Sequence[R]], Sequence[object]] = _complete
    digest: Callable[[Mapping[str, Any], Sequence[R]], bytes] | None = None
    seeded: bool = True

    def verb(self, verb: str) -> str:
        """Return how the table of permissions calls `verb` on sets of this kind."""
        own = self.life is not REGULATION
        return self.life.event(verb) if own else REGULATION.event(f"{verb}_{self.name}")

    @cached_property
    def _contents(self) -> type[BaseModel]:
        most = 1 if self.only_one else MOST_ROWS
        rows: Any = (list[self.row], Field(min_length=1, max_length=most))  # type: ignore[name-defined]
        return create_model(f"Rules_{self.name}", rows=rows)

    def read(self, rows: Collection[Mapping[str, Any]]) -> tuple[R, ...]:
        """Return rows as the kind's model, each field in error as `rows.<n>.<field>`.

        Raises ValidationError. refuses: invalid_fields.
        """
        contents: Any = self._contents.model_validate({"rows": rows})
        if errors := list(self._faults(contents.rows)):
            raise INVALID(errors=errors)
        return tuple(contents.rows)

    def _faults(self, rows: Sequence[R]) -> Iterator[FieldError]:
        seen: dict[Any, int] = {}
        for place, row in enumerate(rows):
            if fault := self.fault(row):
                yield replace(fault, field=f"rows.{place}.{fault.field}")
            said = getattr(row, self.key) if self.key else place
            if said in seen:
                field, facts = f"rows.{place}.{self.key}", (("row", str(seen[said])),)
                yield FieldError(field, "repeated", N_("This repeats row {row}."), facts)
            seen.setdefault(said, place)

    def chains(self, gate: str, rows: Sequence[R]) -> tuple[str, ...]:
        """Return the chains that a set of these rows stands in."""
        return tuple(chain_of(self.name, gate, subject) for subject in self.subjects(rows))

    def about(self, chain: str, rows: Sequence[R]) -> tuple[R, ...]:
        """Return those of a set's rows that govern a chain: what it says of others is left."""
        gate = chain.split("/")[1]
        return tuple(row for row in rows if chain in self.chains(gate, [row]))


KINDS: dict[str, RuleKind[Any]] = {}
"""Every kind of dated rules by its name."""


def rule_kind(kind: RuleKind[R]) -> RuleKind[R]:
    """Declare a kind of rules, once."""
    if kind.name in KINDS:
        raise ValueError(f"the kind of rules {kind.name!r} is declared twice")
    KINDS[kind.name] = kind
    if kind.life is REGULATION:
        declare(
            "regulation",
            allow(kind.writers, f"prepare_{kind.name}"),
            allow(kind.approvers, f"schedule_{kind.name}"),
            allow(dict.fromkeys((*kind.writers, *kind.approvers)), f"withdraw_{kind.name}"),
        )
    else:
        rows = allow(kind.writers, "prepare", "update", "read")
        declare(kind.life.name, rows, moves=kind.life)
    return kind


def chain_of(kind: str, gate: str = ZONE, subject: str = "") -> str:
    """Return the name of a chain: the sets that govern one thing, one after the other."""
    return f"{kind}/{gate}/{subject}"


def stored(rows: Sequence[BaseModel]) -> list[dict[str, Any]]:
    """Return rows as they are kept: whole, so that no later default changes what they say."""
    return [row.model_dump(mode="json") for row in rows]


def digest_of(kind: str, head: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the SHA-256 of what a set says; the order of its rows does not count."""
    said = {name: str(value) for name, value in head.items() if value not in (None, "", False)}
    ordered = sorted(_canonical(row) for row in rows)
    return sha256("\n".join([kind, _canonical(said), *ordered]).encode()).digest()


def _canonical(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def version_of(code: str, digest: bytes) -> str:
    """Return how a decision names the set it was made by."""
    return f"{code}@{digest.hex()[:12]}"
