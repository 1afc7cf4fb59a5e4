"""Rules as people read them: a row as a sentence, and what one set says otherwise than another."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from api.language import localise_money, translator
from api.pages.manager.rule_form import RuleField, fields_of
from border.core.money import Money
from border.gates import all_gates
from border.regulation.difference import differences
from border.regulation.rule_kind import RuleKind


def said(kind: RuleKind[Any], rows: Sequence[Mapping[str, Any]], locale: str) -> list[str]:
    """Return the rows of a set as sentences in a language."""
    return [sentence(kind, row, locale) for row in kind.read(rows)]


def sentence(kind: RuleKind[Any], row: BaseModel, locale: str) -> str:
    """Return a row as a sentence in a language."""
    say = translator(locale).gettext
    words, facts = kind.words(row)
    told = {
        name: localise_money(fact, locale)
        if isinstance(fact, Money)
        else ", ".join(_words(fact, say))
        if isinstance(fact, str | tuple)
        else fact
        for name, fact in facts.items()
    }
    return say(words, **told)


async def gate_names(connection: AsyncConnection, locale: str) -> dict[str, str]:
    """Return what each gate is called in a language, by its code."""
    return {gate.code: gate.names[locale] for gate in await all_gates(connection)}


@dataclass(frozen=True)
class ChangedField:
    """A field of a row that says something else: what it is called, and both values in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class DifferenceView:
    """What a set would change: a row new (`after` alone), dropped (`before` alone), or changed."""

    before: str
    after: str
    fields: Sequence[ChangedField] = ()


def told_differences(
    kind: RuleKind[Any], before: Sequence[BaseModel], after: Sequence[BaseModel], locale: str
) -> list[DifferenceView]:
    """Return what rows say otherwise than others, in a language."""
    fields = {one.name: one for one in fields_of(kind.name)}
    return [
        DifferenceView(
            sentence(kind, one.before, locale) if one.before else "",
            sentence(kind, one.after, locale) if one.after else "",
            [_changed(fields[name], one.before, one.after, locale) for name in one.fields],
        )
        for one in differences(kind, before, after)
    ]


def _changed(
    field: RuleField, before: BaseModel | None, after: BaseModel | None, locale: str
) -> ChangedField:
    say = translator(locale).gettext

    def value(row: BaseModel | None) -> str:
        told = field.said(getattr(row, field.name))
        return ", ".join(_words(told, say)) or "–"

    return ChangedField(field.label, value(before), value(after))


def _words(told: str | Iterable[str], say: Any) -> list[str]:
    return [say(one) for one in ([told] if isinstance(told, str) else told) if one]
