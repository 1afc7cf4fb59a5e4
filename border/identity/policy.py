"""Who may do what to which records: one table of role, verb and scope.

A verb is `<record>.<verb>`: a move of a lifecycle, `read`, `list`, or whatever else is done to a
record (`charge.price`). Each record's rows stand beside its life (`declare`), and the moves' rows
are read from the moves themselves, which say `by` whom. From the same rows come the answer of a
route, the refusal of a service (`check`), the condition that limits a list (`reached`), the
buttons of a page (`open_moves`) and `docs/permissions.md`. What is not in the table is not allowed.
Two people for one decision is no matter of roles: that stays in the services.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, FromClause, false, or_, true

from border.core.actor import Actor, Role
from border.core.lifecycle import Lifecycle, Move
from border.core.refusal import NOT_ALLOWED, NOT_FOUND, NOT_SIGNED_IN, Refusal, RefusalKind, refuses
from border.core.statement import one_of
from border.core.words import N_

T = TypeVar("T")

ANYONE = "anyone"
"""The role of whoever asks, signed in or not."""
SIGNED_IN = "signed_in"
"""The role of whoever is signed in, whatever else they are."""
FIRMS = (Role.TRADER, Role.CARRIER)
"""Roles of those outside, who act on what is their own firm's unless a row says otherwise."""

NOT_THE_OWNER = refuses(
    "not_the_owner",
    403,
    N_("Not yours"),
    N_("{subject} belongs to somebody else. Only they may do this."),
)


class Scope(StrEnum):
    """Which records a row reaches."""

    OWN = "own"
    CARRIED = "carried"
    DELEGATED = "delegated"
    GATE = "gate"
    ZONE = "zone"


@dataclass(frozen=True)
class Grant:
    """Somebody who holds `role` may do `verb` to the records within `scope`."""

    role: str
    verb: str
    scope: Scope


@dataclass(frozen=True)
class Bounds:
    """Where a record says whose it is: names of columns, which are compared with the actor.

    `own` holds what the actor has as `own_is`, `carried` the actor's organisation, `gate` one of
    the actor's gates. What is delegated is the `own` of somebody who gave the right away.
    """

    own: str = ""
    own_is: str = "organisation_id"
    carried: str = ""
    gate: str = "gate"


@dataclass(frozen=True)
class Allowance:
    """Roles with what they may all do to a record; without `scopes` each its usual one."""

    roles: tuple[str, ...]
    verbs: tuple[str, ...]
    scopes: tuple[Scope, ...] = ()


TABLE: dict[str, dict[str, frozenset[Scope]]] = {}
"""The scopes of each role by verb; filled as the records' modules are imported."""
BOUNDS: dict[str, Bounds] = {}
"""The bounds of each record by its name."""
LIVES: dict[str, Lifecycle] = {}
"""The life of each record that has one: from some states a move is open to fewer roles."""
_ANY_RECORD = object()


def allow(roles: Iterable[str], *verbs: str, scopes: Iterable[Scope] = ()) -> Allowance:
    """Say that each of `roles` may do each of `verbs`; firms to their own, all others anywhere."""
    return Allowance(tuple(roles), verbs, tuple(scopes))


def declare(
    record: str,
    *allowances: Allowance,
    bounds: Bounds | None = None,
    moves: Lifecycle | None = None,
    moved_within: Mapping[str, Scope] | None = None,
) -> None:
    """Put a record's rows into the table, once; the moves' rows come from the moves.

    `moved_within` names roles that move another scope than usual. Raises ValueError for a row that
    stands there already, and for a scope that the record has no column for.
    """
    BOUNDS[record] = within = bounds or Bounds()
    if moves:
        LIVES[record] = moves
    rows = [
        Grant(role, verb, scope)
        for given in allowances
        for role in given.roles
        for verb in given.verbs
        for scope in given.scopes or (_usual(role),)
    ]
    for move in moves.moves if moves else ():
        for role in move.by:
            row = Grant(role, move.verb, (moved_within or {}).get(role, _usual(role)))
            if row not in rows:
                rows.append(row)
    for row in rows:
        if row.scope is not Scope.ZONE and not _column(row.scope, within):
            raise ValueError(f"{record} has no column for {row}")
        scopes = TABLE.setdefault(f"{record}.{row.verb}", {})
        before = scopes.get(row.role, frozenset())
        if row.scope in before:
            raise ValueError(f"{record}: {row} is said twice")
        scopes[row.role] = before | {row.scope}


def rows() -> Iterator[Grant]:
    """Yield the whole table, verb by verb."""
    for verb, scopes in TABLE.items():
        for role, reached in scopes.items():
            yield from (Grant(role, verb, scope) for scope in Scope if scope in reached)


def may(actor: Actor | None, verb: str, record: object = _ANY_RECORD) -> bool:
    """Say whether `actor`, or nobody in particular, may do `verb`: at all, or to `record`."""
    roles = _held(actor)
    if record is _ANY_RECORD:
        return bool(_scopes(roles, verb))
    return _covers(_acting(roles, verb, record), actor, verb, record)


def refusals(verbs: Iterable[str]) -> list[RefusalKind]:
    """Return what asking whether somebody may do `verbs` may refuse, whatever the record.

    A token that is none is refused everywhere; what stands in {braces} may be any verb.
    """
    public = all(may(None, verb) for verb in verbs if "{" not in verb)
    return [NOT_SIGNED_IN] if public else [NOT_SIGNED_IN, NOT_ALLOWED]


def check(actor: Actor | None, verb: str, record: object = _ANY_RECORD) -> None:
    """Refuse what the table does not allow: `verb` at all, or to `record` (None: there is none).

    A record one may not even read is answered as if it did not exist.
    refuses: not_signed_in, not_allowed, not_found, not_the_owner, in this order.
    """
    if not may(actor, verb):
        raise NOT_SIGNED_IN() if actor is None else not_allowed(verb)
    if record is _ANY_RECORD or (record is not None and may(actor, verb, record)):
        return
    kind = verb.partition(".")[0]
    reading = f"{kind}.read"
    if record is None or reading not in TABLE or not may(actor, reading, record):
        raise NOT_FOUND(what=kind)
    raise NOT_THE_OWNER(subject=getattr(record, "reference", kind))


def found(actor: Actor | None, verb: str, record: T | None) -> T:
    """Return what was looked up, for somebody who may do `verb` to it. refuses: as `check`."""
    check(actor, verb, record)
    assert record is not None
    return record


@dataclass(frozen=True)
class Reach:
    """Which records somebody may do a verb to: the scopes, and what is compared in each.

    `scopes` picks the statement of a list, which is made once for them (`reached`); `given` goes
    into it.
    """

    scopes: tuple[Scope, ...]
    given: Mapping[str, Collection[object]]


def reach(actor: Actor | None, verb: str) -> Reach:
    """Return which records `actor` may do `verb` to; none of them where there are no scopes."""
    scopes = _scopes(_held(actor), verb)
    if Scope.ZONE in scopes:
        return Reach((Scope.ZONE,), {})
    within = BOUNDS[verb.partition(".")[0]]
    brought = {scope: _brought(scope, within, actor, verb) for scope in Scope if scope in scopes}
    bringing = tuple(scope for scope, given in brought.items() if given)
    return Reach(bringing, {_bound(scope): brought[scope] for scope in bringing})


def reached(verb: str, scopes: tuple[Scope, ...], table: FromClause) -> ColumnElement[bool]:
    """Return the condition that a row of `table` is within `scopes`; `Reach.given` goes into it."""
    if Scope.ZONE in scopes:
        return true()
    within = BOUNDS[verb.partition(".")[0]]
    conditions = [one_of(table.c[_column(scope, within)], _bound(scope)) for scope in scopes]
    return or_(*conditions) if conditions else false()


def _bound(scope: Scope) -> str:
    return f"reach_{scope}"


def open_moves(actor: Actor, life: Lifecycle, record: Any) -> tuple[Move, ...]:
    """Return the offered moves out of a record's state that `actor` may make on it."""
    return tuple(
        move
        for move in life.open_to(record.state, actor.roles)
        if _covers(actor.roles.intersection(move.by), actor, life.event(move.verb), record)
    )


def not_allowed(verb: str) -> Refusal:
    """Return the refusal of somebody who holds no role that `verb` is open to."""
    return NOT_ALLOWED(needs=needed(verb) or ["—"])


def needed(verb: str) -> list[str]:
    """Return the roles of people that `verb` is open to."""
    return [role.value for role in Role if role in TABLE[verb]]


def holders(verb: str) -> tuple[str, ...]:
    """Return the roles that have a row for `verb`: who is told of as the one who does it."""
    return tuple(TABLE[verb])


def delegable() -> tuple[str, ...]:
    """Return the verbs that a firm can give away: those with a row for whom they are given to."""
    return tuple(sorted({row.verb for row in rows() if row.scope is Scope.DELEGATED}))


def acts_for(actor: Actor | None, verb: str) -> frozenset[object]:
    """Return the firms for which `actor` may do `verb`: their own, and those that gave it away."""
    return frozenset().union(*reach(actor, verb).given.values())


def _usual(role: str) -> Scope:
    return Scope.OWN if role in FIRMS else Scope.ZONE


def _held(actor: Actor | None) -> frozenset[str]:
    """Return the roles of whoever asks, those everybody has included."""
    return frozenset({ANYONE}) if actor is None else actor.roles | {ANYONE, SIGNED_IN}


def _scopes(roles: Iterable[str], verb: str) -> frozenset[Scope]:
    if verb not in TABLE:
        raise LookupError(f"no row says who may {verb}")
    given = TABLE[verb]
    return frozenset().union(*(given[role] for role in roles if role in given))


def _acting(roles: frozenset[str], verb: str, record: object) -> frozenset[str]:
    """Return the roles that a move out of the record's state is open to; all if none is.

    A trader cancels a draft and an officer what is registered: whoever is both must not cancel a
    stranger's draft by being an officer.
    """
    kind, _, move = verb.partition(".")
    if kind not in LIVES:
        return roles
    state = getattr(record, "state", "")
    by = {role for m in LIVES[kind].of(move) if state in m.sources for role in m.by}
    return roles & by or roles


def _covers(roles: Iterable[str], actor: Actor | None, verb: str, record: object) -> bool:
    scopes = _scopes(roles, verb)
    within = BOUNDS[verb.partition(".")[0]]
    return Scope.ZONE in scopes or any(
        getattr(record, _column(scope, within)) in _brought(scope, within, actor, verb)
        for scope in scopes
    )


def _column(scope: Scope, within: Bounds) -> str:
    """Return the column of a record that a scope looks at."""
    columns = {Scope.CARRIED: within.carried, Scope.GATE: within.gate, Scope.ZONE: ""}
    return columns.get(scope, within.own)


def _brought(scope: Scope, within: Bounds, actor: Actor | None, verb: str) -> frozenset[object]:
    """Return what `actor` has that a scope compares with the record."""
    if actor is None:
        return frozenset()
    if scope is Scope.GATE:
        return frozenset(actor.gates)
    if scope is Scope.DELEGATED:
        return frozenset(d.organisation_id for d in actor.delegations if d.verb == verb)
    whose = within.own_is if scope is Scope.OWN else "organisation_id"
    return frozenset({getattr(actor, whose)} - {None})
