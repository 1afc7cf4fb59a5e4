"""Checks as data: rows of conditions over plain facts, evaluated here and by a scanner alike.

A fact is what JSON can carry: text, a whole number (an instant in seconds since 1970), null, a
list of texts. A check fails when every one of its conditions holds. `api/static/gate_checks.js`
evaluates the same rows; `tests/logistics/gate_check_vectors.json` holds both to the same answers.
What is not known, a fact or an operator, is an error and never a check passed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Fact:
    """Another fact as the value of a condition."""

    name: str


@dataclass(frozen=True)
class Condition:
    """`fact` compared with `value`, which is plain or another `Fact`."""

    fact: str
    op: str
    value: Any

    def __post_init__(self) -> None:
        if self.op not in OPERATORS:
            raise ValueError(
                f"there is no operator {self.op!r}: choose from {', '.join(OPERATORS)}"
            )


@dataclass(frozen=True)
class Check:
    """One check: its code, the kinds of scan it is asked of, and the conditions it fails under.

    `label` tells the officer what is wrong and what to do, `driver` what to tell the driver;
    `override_by` are the roles that may let the truck pass all the same, none where only putting
    it right helps.
    """

    code: str
    kinds: tuple[str, ...]
    when: tuple[Condition, ...]
    label: str
    driver: str
    override_by: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """Return the row as a scanner gets it."""
        return {
            "code": str(self.code),
            "kinds": [str(kind) for kind in self.kinds],
            "when": [[one.fact, one.op, _plain(one.value)] for one in self.when],
            "label": self.label,
            "driver": self.driver,
            "override_by": [str(role) for role in self.override_by],
        }


def _plain(value: Any) -> Any:
    if isinstance(value, Fact):
        return {"fact": value.name}
    return list(value) if isinstance(value, tuple) else value


def _before(one: Any, other: Any) -> bool:
    return one is not None and other is not None and bool(one < other)


def _from(one: Any, other: Any) -> bool:
    return one is not None and other is not None and bool(one >= other)


OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: bool(one == other),
    "!=": lambda one, other: bool(one != other),
    "<": _before,
    ">=": _from,
    "in": lambda one, many: one in many,
    "not in": lambda one, many: one not in many,
    "any": lambda many, wanted: bool(many) == wanted,
}
"""Every operator. Of what is not known (null) nothing is before or from; `any` asks of a list."""


def _holds(condition: Condition, facts: Facts) -> bool:
    value = condition.value
    given = facts[value.name] if isinstance(value, Fact) else value
    return OPERATORS[condition.op](facts[condition.fact], given)


def _fails(check: Check, facts: Facts) -> bool:
    """Say whether all conditions hold; each is asked, so that one unknown is always noticed."""
    held = [_holds(one, facts) for one in check.when]
    return all(held)


def failing(checks: Sequence[Check], kind: str, facts: Facts) -> tuple[Check, ...]:
    """Return the checks that fail for a kind of scan with these facts, in their order."""
    return tuple(check for check in checks if kind in check.kinds and _fails(check, facts))
