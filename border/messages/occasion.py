"""The occasions on which people are told something, and what their texts may say of them. Pure.

An occasion is declared by the package whose records it is about. Its facts have one meaning each,
wherever they stand: a text names them in braces, and is held against what is declared here.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any


class FactKind(StrEnum):
    """How a fact is written: as it is, by language, as hours, an instant, money, a link."""

    TEXT = "text"
    NAMES = "names"
    HOUR = "hour"
    MOMENT = "moment"
    MONEY = "money"
    LINK = "link"


FACTS: Mapping[str, FactKind] = {
    "plate": FactKind.TEXT,
    "reference": FactKind.TEXT,
    "slip": FactKind.TEXT,
    "lane": FactKind.TEXT,
    "number": FactKind.TEXT,
    "code": FactKind.TEXT,
    "gate": FactKind.NAMES,
    "hour": FactKind.HOUR,
    "until": FactKind.MOMENT,
    "amount": FactKind.MONEY,
    "link": FactKind.LINK,
}
"""Every fact a text may name: a plate, the record's reference, that of the slip, the lane of a
call, the number of a draw, a code to type in, the gate, the booked hour, a deadline, an amount, and
the page where one goes on."""
_NAMED = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Occasion:
    """Something that people are told of.

    It is of no use any more `useful` after it happened. What is `urgent` comes in quiet hours too.
    """

    code: str
    label: str
    facts: tuple[str, ...]
    useful: timedelta
    urgent: bool = False

    def check(self, facts: Mapping[str, Any]) -> None:
        """Raise ValueError where facts are not those that the occasion declares: a bug."""
        if set(facts) != set(self.facts):
            raise ValueError(f"{self.code} tells {sorted(self.facts)}, not {sorted(facts)}")

    def unknown(self, text: str) -> list[str]:
        """Return what a text names in braces and the occasion does not tell."""
        return [name for name in named(text) if name not in self.facts]


OCCASIONS: dict[str, Occasion] = {}
"""Every occasion by its code, in the order in which they were declared."""


def named(text: str) -> list[str]:
    """Return what a text names in braces, in order."""
    return _NAMED.findall(text)


def filled(text: str, written: Mapping[str, str]) -> str:
    """Return a text with what it names in braces written out."""
    return _NAMED.sub(lambda found: written[found[1]], text)


def occasions(*declared: Occasion) -> tuple[Occasion, ...]:
    """Declare occasions and return them. Raises ValueError for a code taken, or an unknown fact."""
    for one in declared:
        if OCCASIONS.setdefault(one.code, one) != one:
            raise ValueError(f"the occasion {one.code} is declared twice")
        if unknown := set(one.facts) - set(FACTS):
            raise ValueError(f"{one.code} would tell {_listed(unknown)}, which has no meaning")
    return declared


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
