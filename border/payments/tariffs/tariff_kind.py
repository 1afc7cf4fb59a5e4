"""Resolutions as dated sets of rules: what a row may say, and the rates that rows come to.

A row is a line of the file that resolutions are loaded from, and is read by the same reading
(`row_reading`), whichever way it comes. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Literal

from pydantic import Field

from border.core.money import Money
from border.core.refusal import FieldError
from border.core.request_body import KEEPABLE, Integer
from border.core.words import N_
from border.payments.tariffs import draft_file
from border.payments.tariffs.resolution import (
    PREPARERS,
    TARIFF_REFUSALS,
    TARIFF_RESOLUTION,
    Gap,
    Resolution,
    gaps,
)
from border.payments.tariffs.row_reading import RateRow, contents_of
from border.payments.tariffs.rule import KINDS, UNITS, TariffRule
from border.payments.tariffs.tariff import in_percent
from border.regulation.rule_kind import RuleKind, RuleRow, RuleSetDraft, Words, rule_kind
from border.regulation.rulebook import RuleSet, made_once

_HEAD = ("code", "title", "issued_by", "legal_basis", "effective_from", "effective_to", "example")


def _text(most: int) -> Any:
    return Field(default="", max_length=most, pattern=KEEPABLE)


class TariffRow(RuleRow):
    """What a resolution says of a kind of price as a whole (`terms`), or one of its rules.

    Which fields a record fills is said in `draft_file`; those of another record stay empty, and
    so does a condition that always holds.
    """

    record: Literal["terms", "rate", "coefficient", "exemption"]
    kind: str = Field(max_length=32, pattern=KEEPABLE)
    code: str = _text(64)
    regime_group: str = _text(16)
    commodity_group: str = _text(24)
    direction: str = _text(8)
    vehicle_class: str = _text(16)
    movement: str = _text(16)
    payload_below_g: Integer | None = None
    unit: str = _text(16)
    amount_minor: Integer | None = None
    minimum_minor: Integer | None = None
    currency: str = _text(3)
    per_mille: Integer | None = None
    reason: str = _text(200)
    legal_basis: str = _text(120)
    status: str = _text(16)
    mixed_load: str = _text(24)
    collector_per_mille: Integer | None = None
    vat: str = _text(16)


def _as_cells(rows: Iterable[TariffRow]) -> list[RateRow]:
    """Return rows as the lines of a file, counted from 0."""
    return [
        RateRow(place, {n: str(v) for n, v in row.model_dump().items() if v not in (None, "")})
        for place, row in enumerate(rows)
    ]


def resolution_of(head: Mapping[str, Any], rows: Sequence[TariffRow]) -> Resolution:
    """Return a resolution of its head (by the names of a draft) and its rows."""
    said = {name: head[name] for name in (*_HEAD, "note")}
    return contents_of(Resolution(**said), _as_cells(rows), [])


def as_draft(resolution: Resolution) -> RuleSetDraft:
    """Return a resolution as a draft of dated rules."""
    head = {name: getattr(resolution, name) for name in (*_HEAD, "note")}
    return RuleSetDraft(**head, rows=tuple(draft_file.rows_of(resolution)))


def _faults(draft: RuleSetDraft, rows: Sequence[TariffRow]) -> list[FieldError]:
    """Return what is wrong with the rows of a draft, each error named as in a set of rules."""
    errors: list[FieldError] = []
    cells = _as_cells(rows)
    contents_of(Resolution(**{name: getattr(draft, name) for name in _HEAD}), cells, errors)
    errors += draft_file.repeated(cells)
    return [replace(error, field=_in_rows(error.field)) for error in errors]


def _in_rows(field: str) -> str:
    """Return the field of a set of rules that a field of a file is."""
    return "rows" if field == "file" else field.replace("lines.", "rows.", 1)


def _subjects(rows: Sequence[TariffRow]) -> tuple[str, ...]:
    return tuple(sorted({row.kind for row in rows}))


def _lacks(now: Sequence[TariffRow], draft: Sequence[TariffRow]) -> list[Gap]:
    """Return the trips that are priced now and would not be by a draft for the same prices."""
    prices = {row.kind for row in draft}
    return gaps(_rules([row for row in now if row.kind in prices]), _rules(draft))


def _rules(rows: Sequence[TariffRow]) -> Sequence[TariffRule]:
    return contents_of(Resolution("", "", "", "", date.min), _as_cells(rows), []).rules


def _words(row: TariffRow) -> Words:
    facts: dict[str, Any] = {"code": row.code, "reason": row.reason}
    if row.record == "terms":
        share = in_percent(row.collector_per_mille or 0)
        return N_("{kind}: {percent} % of it to the collector"), {
            "kind": KINDS.get(row.kind, row.kind),
            "percent": share,
        }
    if row.record == "rate":
        facts["amount"] = Money(row.amount_minor or 0, row.currency or "VND")
        facts["unit"] = UNITS.get(row.unit, row.unit)
        return N_("{code}: {amount} {unit}"), facts
    if row.record == "coefficient":
        facts["percent"] = in_percent(row.per_mille or 0)
        return N_("{code}: {percent} % of the rate, {reason}"), facts
    return N_("{code}: nothing to pay, {reason}"), facts


TARIFF = rule_kind(
    RuleKind(
        name="tariff",
        label=N_("What a crossing costs"),
        row=TariffRow,
        words=_words,
        subjects=_subjects,
        unique="code",
        faults=_faults,
        lacks=_lacks,
        digest=lambda head, rows: draft_file.digest(resolution_of(head, rows)),
        writers=PREPARERS,
        approvers=PREPARERS,
        refusals=TARIFF_REFUSALS,
        life=TARIFF_RESOLUTION,
        prefix="TRF",
    )
)


@made_once
def rules_in(found: RuleSet[TariffRow]) -> tuple[TariffRule, ...]:
    """Return the rules of a set for the kind of price whose chain it stands in, with its days."""
    days = found.effective_from, found.effective_to
    whole = Resolution(found.code, "", "", found.legal_basis, *days)
    return tuple(
        replace(rule, terms=replace(rule.terms, version=found.version))
        for rule in contents_of(whole, _as_cells(found.rows), []).rules
    )
