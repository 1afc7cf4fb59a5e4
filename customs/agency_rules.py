"""Which agencies must clear a declaration, as dated rules.

A row is by the beginning of the commodity code or by a kind of handling, with its legal basis and
whether that has been confirmed. Customs and the border guard clear everything that crosses.
Pure: the clearances themselves are records.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from border.core.refusal import FieldError
from border.core.request_body import KEEPABLE
from border.core.words import N_
from border.reference.catalogue import rows_of
from border.regulation.rule_kind import RuleKind, RuleRow, RuleSetDraft, Words, rule_kind
from border.regulation.rulebook import RuleSet, made_once
from border.vocabulary import AGENCIES, DIRECTIONS, HANDLING, Handling
from customs.selectivity_rules import CUSTOMS_APPROVERS, CUSTOMS_WRITERS

ALWAYS = frozenset(code for code, agency in AGENCIES.items() if agency.always)
"""The agencies that clear every declaration."""
_ANY = "any"


class AgencyRow(RuleRow):
    """One reason why an agency must clear.

    For codes that begin with `hs_prefix` and, where `handling` is given, only for goods so
    handled. `status` is `unconfirmed` until an officer of the agency has confirmed the row.
    """

    agency: str = Field(
        title=N_("Agency"),
        max_length=24,
        pattern=KEEPABLE,
        json_schema_extra={"enum": [code for code in AGENCIES if code not in ALWAYS]},
    )
    hs_prefix: Annotated[str, StringConstraints(pattern=r"^\d{0,10}$")] = Field(
        default="", title=N_("Beginning of the commodity code")
    )
    direction: Literal["any", "export", "import", "transit"] = Field(
        default="any", title=N_("Direction")
    )
    handling: Handling | Literal[""] = Field(default="", title=N_("Special handling"))
    legal_basis: str = Field(
        title=N_("Legal basis"), min_length=1, max_length=160, pattern=KEEPABLE
    )
    status: Literal["confirmed", "unconfirmed"] = Field(default="unconfirmed", title=N_("Status"))


def _fault(row: AgencyRow) -> FieldError | None:
    if row.agency not in AGENCIES or row.agency in ALWAYS:
        says = N_("Choose one of: {expected}.")
        expected = ", ".join(code for code in AGENCIES if code not in ALWAYS)
        return FieldError("agency", "literal_error", says, (("expected", expected),))
    if row.hs_prefix or row.handling:
        return None
    return FieldError("hs_prefix", "no_condition", N_("Say what the rule is about."))


def _words(row: AgencyRow) -> Words:
    facts = {
        "agency": AGENCIES[row.agency].label,
        "hs_prefix": row.hs_prefix,
        "direction": N_("every direction")
        if row.direction == _ANY
        else DIRECTIONS[row.direction].label,
        "legal_basis": row.legal_basis,
    }
    if row.handling == "live_animals" and not row.hs_prefix:
        return N_("{agency}: live animals, {direction} ({legal_basis})"), facts
    if row.handling:
        facts["handling"] = HANDLING[row.handling]
        return N_("{agency}: goods {hs_prefix} handled as {handling}, {direction}"), facts
    return N_("{agency}: goods whose code begins with {hs_prefix}, {direction}"), facts


AGENCY_RULES = rule_kind(
    RuleKind(
        name="agency_rules",
        label=N_("Which agencies must clear which goods"),
        row=AgencyRow,
        words=_words,
        fault=_fault,
        writers=CUSTOMS_WRITERS,
        approvers=CUSTOMS_APPROVERS,
    )
)


@dataclass(frozen=True, slots=True)
class AgencyRule:
    """One reason why `agency` must clear, with its days: `effective_until` is exclusive."""

    agency: str
    hs_prefix: str
    direction: str
    handling: str
    effective_from: date
    effective_until: date | None
    legal_basis: str
    status: str

    def in_force(self, on: date) -> bool:
        """Whether the rule applies on the day `on`."""
        until = self.effective_until
        return self.effective_from <= on and (until is None or on < until)

    def covers(self, hs_code: str, direction: str, handling: Collection[str]) -> bool:
        """Whether the rule is about this code, direction and handling."""
        return (
            hs_code.startswith(self.hs_prefix)
            and self.direction in (_ANY, direction)
            and (not self.handling or self.handling in handling)
        )


@made_once
def agency_rules(found: RuleSet[AgencyRow]) -> tuple[AgencyRule, ...]:
    """Return the rules of a set."""
    days = found.effective_from, found.effective_to
    return tuple(_rule(row, *days) for row in found.rows)


def _rule(row: AgencyRow, begins: date, ends: date | None) -> AgencyRule:
    return AgencyRule(
        agency=row.agency,
        hs_prefix=row.hs_prefix,
        direction=row.direction,
        handling=row.handling,
        effective_from=begins,
        effective_until=ends,
        legal_basis=row.legal_basis,
        status=row.status,
    )


@cache
def seed() -> RuleSetDraft:
    """Return the set the program begins with; it holds from the day on which all of it is law."""
    rows = list(rows_of("agency_rules.csv"))
    kept = ("agency", "hs_prefix", "direction", "handling", "legal_basis", "status")
    return RuleSetDraft(
        code="agencies-2018",
        title=N_("Subjects of the agencies' laws, by heading"),
        issued_by=N_("seed of the program"),
        legal_basis="Law 41/2013/QH13, Law 79/2015/QH13, Decree 15/2018/NĐ-CP; unconfirmed",
        effective_from=max(date.fromisoformat(cells["effective_from"]) for cells in rows),
        rows=tuple({name: cells[name] for name in kept} for cells in rows),
    )


def agencies_for(
    hs_codes: Iterable[str],
    direction: str,
    handling: Collection[str],
    on_date: date,
    rules: Iterable[AgencyRule],
) -> frozenset[str]:
    """Return the agencies that must clear goods with these codes on the day `on_date`.

    `hs_codes` are digits only; `direction` is export, import or transit; `handling` holds words
    such as `live_animals`.
    """
    codes = tuple(hs_codes) or ("",)  # a rule by handling alone also holds without a code
    in_force = [rule for rule in rules if rule.in_force(on_date)]
    return ALWAYS | {
        rule.agency for code in codes for rule in in_force if rule.covers(code, direction, handling)
    }
