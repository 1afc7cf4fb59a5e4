"""The selectivity rules as dated rules: what a row may say, and those the program begins with.

The seeds are no law: none of them is published by customs, and each is to be confirmed or
replaced by the customs branch at the gate. A set is never edited: the next one ends it on a day.
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from border.core.actor import Role
from border.core.money import MINOR_UNITS, Money
from border.core.refusal import FieldError
from border.core.request_body import KEEPABLE, Integer
from border.core.words import N_
from border.regulation.rule_kind import RuleKind, RuleRow, RuleSetDraft, Words, rule_kind
from border.regulation.rulebook import RuleSet, made_once
from border.vocabulary import Direction, Handling
from customs.selectivity import LANE_NAMES, SelectivityRule

_FROM = date(2020, 1, 1)
_BASIS = "Circular 39/2018/TT-BTC (lanes); criteria unconfirmed"
CUSTOMS_WRITERS = (Role.CUSTOMS_OFFICER, Role.MANAGER)
CUSTOMS_APPROVERS = (Role.CUSTOMS_OFFICER,)
"""The board may propose what customs goes by; only customs puts it in force."""

_Code = Annotated[str, StringConstraints(min_length=1, max_length=48, pattern=r"^[a-z0-9_]+$")]
_Prefix = Annotated[str, StringConstraints(pattern=r"^\d{2,10}$")]
_Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class SelectivityRow(RuleRow):
    """One reason to look closer. Every condition that is given must hold.

    `value_above_minor` is in minor units of `value_above_currency`; `per_mille` picks that share
    of declarations at random.
    """

    code: _Code = Field(title=N_("Code"))
    says: str = Field(
        title=N_("Reason, as officers read it"), min_length=1, max_length=200, pattern=KEEPABLE
    )
    lane: Literal["yellow", "red"] = Field(title=N_("Lane"))
    legal_basis: str = Field(title=N_("Legal basis"), default="", max_length=160, pattern=KEEPABLE)
    directions: tuple[Direction, ...] = Field(default=(), title=N_("Directions"))
    hs_prefixes: tuple[_Prefix, ...] = Field(default=(), title=N_("Beginnings of commodity codes"))
    origins: tuple[_Country, ...] = Field(default=(), title=N_("Countries of origin"))
    handling: tuple[Handling, ...] = Field(default=(), title=N_("Special handling"))
    quarantine_uncertified: bool = Field(
        default=False, title=N_("Under quarantine, without a certificate")
    )
    unnumbered: bool = Field(default=False, title=N_("Without a customs number"))
    first_declaration: bool = Field(default=False, title=N_("The trader's first declaration"))
    value_above_minor: Integer | None = Field(
        title=N_("Value above, in minor units"), default=None, ge=0, le=10**15
    )
    value_above_currency: str | None = Field(default=None, title=N_("Currency of that value"))
    per_mille: Integer | None = Field(
        title=N_("Share picked at random, per mille"), default=None, ge=0, le=1000
    )


def _fault(row: SelectivityRow) -> FieldError | None:
    known = row.value_above_currency in MINOR_UNITS
    if (row.value_above_minor is None) != (row.value_above_currency is None) or (
        row.value_above_minor is not None and not known
    ):
        says = N_("A value has an amount in minor units and a currency that is known.")
        return FieldError("value_above_currency", "value_not_whole", says)
    given = (
        *(row.directions, row.hs_prefixes, row.origins, row.handling),
        *(row.quarantine_uncertified, row.unnumbered, row.first_declaration),
    )
    if not any(given) and row.value_above_minor is None and row.per_mille is None:
        return FieldError("code", "no_condition", N_("Say what the rule is about."))
    return None


def _words(row: SelectivityRow) -> Words:
    return N_("{lane}: {says}"), {"lane": LANE_NAMES[row.lane], "says": row.says}


SELECTIVITY = rule_kind(
    RuleKind(
        name="selectivity",
        label=N_("Which declarations are looked at more closely"),
        row=SelectivityRow,
        words=_words,
        key="code",
        fault=_fault,
        writers=CUSTOMS_WRITERS,
        approvers=CUSTOMS_APPROVERS,
    )
)


@made_once
def selectivity_rules(found: RuleSet[SelectivityRow]) -> tuple[SelectivityRule, ...]:
    """Return the rules of a set."""
    return tuple(
        _rule(row, found.effective_from, found.legal_basis, found.effective_to)
        for row in found.rows
    )


def _rule(
    row: SelectivityRow, begins: date, legal_basis: str, ends: date | None
) -> SelectivityRule:
    above = None
    if row.value_above_minor is not None and row.value_above_currency is not None:
        above = Money(row.value_above_minor, row.value_above_currency)
    return SelectivityRule(
        code=row.code,
        says=row.says,
        lane=row.lane,
        effective_from=begins,
        effective_until=ends,
        legal_basis=row.legal_basis or legal_basis,
        directions=frozenset(row.directions),
        hs_prefixes=row.hs_prefixes,
        origins=frozenset(row.origins),
        handling=frozenset(row.handling),
        quarantine_uncertified=row.quarantine_uncertified,
        unnumbered=row.unnumbered,
        first_declaration=row.first_declaration,
        value_above=above,
        per_mille=row.per_mille,
    )


_SEED_ROWS: Sequence[SelectivityRow] = (
    SelectivityRow(
        code="dangerous_goods",
        says=N_("Dangerous goods are inspected."),
        lane="red",
        handling=("dangerous_goods",),
    ),
    SelectivityRow(
        code="live_animals",
        says=N_("Live animals are inspected."),
        lane="red",
        handling=("live_animals",),
    ),
    SelectivityRow(
        code="quarantine_uncertified",
        says=N_("Goods under quarantine come without a certificate."),
        lane="yellow",
        quarantine_uncertified=True,
    ),
    SelectivityRow(
        code="unnumbered",
        says=N_("The number of the customs declaration is missing."),
        lane="yellow",
        unnumbered=True,
    ),
    SelectivityRow(
        code="first_declaration",
        says=N_("It is the trader's first declaration here."),
        lane="yellow",
        first_declaration=True,
    ),
    SelectivityRow(
        code="random_share",
        says=N_("Picked at random, three in a hundred."),
        lane="yellow",
        per_mille=30,
    ),
)
SEED = RuleSetDraft(
    code="selectivity-2020",
    title=N_("Criteria until the customs branch sets its own"),
    issued_by=N_("seed of the program"),
    legal_basis=_BASIS,
    effective_from=_FROM,
    rows=tuple(row.model_dump(mode="json") for row in _SEED_ROWS),
)
"""The set the program begins with."""
