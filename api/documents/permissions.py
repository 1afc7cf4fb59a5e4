"""`docs/permissions.md`: who may do what to which records, drawn from the one table."""

from collections.abc import Iterable

from api.documents.markdown import code, page, table
from api.documents.sources import every_module
from border.core.actor import STAFF, Role
from border.core.lifecycle import SYSTEM
from border.identity import policy
from border.identity.policy import ANYONE, SIGNED_IN, Grant, Scope

_INTRODUCTION = """\
A verb is done to a record: a move of its life ([lifecycles.md](lifecycles.md)), `read`, `list`, or
another action. Whoever holds a role may do it to the records within the scope under which the role
stands; what stands nowhere is not allowed. Routes ([routes.md](routes.md)), services, lists and
buttons are all decided by this table. `system` is the program itself.

*own*: what belongs to one's organisation; of a shift at the desk, one's own. *carried*: what one's
organisation carries for another; of a right, what it was given. *delegated*: what belongs to an
organisation that gave that right to one's own or to oneself; these verbs, and no others, can be
given away. *zone*: every record. A record outside one's `read` is answered as if it did not exist
(404); one that may be read and not touched, with 403. Where two people decide together the second
one is asked for by the refusals ([errors.md](errors.md)).

Where a move is open to different roles from different states, only those roles count from there."""
_SPOKEN = {ANYONE: "anyone", SIGNED_IN: "whoever is signed in", SYSTEM: SYSTEM}


def permissions_page() -> str:
    """Return the page."""
    every_module()
    # By name, since rows come in the order in which their packages were read, which varies.
    rows = sorted(policy.rows(), key=lambda row: row.verb)
    scopes = [scope for scope in Scope if any(row.scope is scope for row in rows)]
    records = dict.fromkeys(row.verb.partition(".")[0] for row in rows)
    parts = [_section(record, rows, scopes) for record in records]
    return page("Permissions", _INTRODUCTION, *parts)


def _section(record: str, rows: list[Grant], scopes: list[Scope]) -> str:
    of_it = [row for row in rows if row.verb.startswith(f"{record}.")]
    used = [scope for scope in scopes if any(row.scope is scope for row in of_it)]
    lines = [
        (
            code(verb),
            *(
                who(row.role for row in of_it if (row.verb, row.scope) == (verb, scope))
                for scope in used
            ),
        )
        for verb in dict.fromkeys(row.verb for row in of_it)
    ]
    return f"## {record}\n\n" + table(("verb", *used), lines)


def who(roles: Iterable[str]) -> str:
    """Return roles in words, in one order; all of the staff in one."""
    left = set(roles)
    if SIGNED_IN in left:
        left = {SIGNED_IN}
    spoken = [says for role, says in _SPOKEN.items() if role in left]
    if left >= STAFF:
        left -= STAFF
        spoken.append("the zone's staff")
    return ", ".join([*spoken, *(role.value for role in Role if role in left)])
