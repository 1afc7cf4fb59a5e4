"""Refusals in people's words: the codes among their facts said as the pages say them.

A program reads `queried` and `lodge`; a person reads "An answer is awaited" and "Lodge".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from api.http.nouns import NOUNS
from api.http.problems import spoken
from api.language import translator
from api.pages.kit.conflict import Overtaken
from api.pages.kit.timeline import ROLE_NAMES
from api.tables import RECORDS
from border.core.lifecycle import Lifecycle
from border.core.refusal import FieldError, Refusal
from border.core.words import N_
from border.payments.tariffs.rule import COMMODITY_GROUPS, REGIME_GROUPS
from border.payments.tariffs.rule import KINDS as TARIFF_KINDS
from border.regulation.rule_kind import KINDS as RULE_KINDS
from border.vocabulary import LABELS
from customs.declaration import DECLARATION

CHARGE_NAMES = {
    **TARIFF_KINDS,
    "customs_transit_fee": N_("Customs fee for goods in transit"),
}
_LIFE_OF = {kind.prefix: kind.lifecycle for kind in RECORDS}
_WORDS = {
    **ROLE_NAMES,
    **NOUNS,
    **REGIME_GROUPS,
    **LABELS,
    **COMMODITY_GROUPS,
    **CHARGE_NAMES,
}
"""Codes that mean the same wherever they stand."""
_CODED = frozenset(
    {"needs", "what", "its", "direction", "regime_group", "vehicle_class", "kind"}
    | {"commodity_group", "share_class"}
    | {"state", "verb", "allowed"}
)
"""The facts of refusals that hold such codes."""


def sentences_of(refusal: Refusal, locale: str) -> dict[str, str]:
    """Return a refusal as sentences by field, every code in words; under "" what has no field."""
    life = _life_of(refusal.facts)
    said = _spoken_by_field(
        Refusal(
            refusal.kind,
            _worded(refusal.facts, life, locale),
            [
                FieldError(
                    error.field,
                    error.code,
                    error.says,
                    tuple(_worded(dict(error.facts), life, locale).items()),
                )
                for error in refusal.errors
            ],
        ),
        locale,
    )
    if isinstance(refusal, Overtaken):
        return {name: refusal.in_words(plain) for name, plain in said.items()}
    return said


def _spoken_by_field(refusal: Refusal, locale: str) -> dict[str, str]:
    problem = spoken(refusal, locale)
    if "errors" in problem:
        return {error["field"]: error["detail"] for error in problem["errors"]}
    return {"": problem["detail"]}


def in_words(facts: Mapping[str, Any], locale: str) -> dict[str, Any]:
    """Return the facts of a sentence with the codes among them in words."""
    return _worded(facts, DECLARATION, locale)


def _life_of(facts: Mapping[str, Any]) -> Lifecycle:
    """Return the life of the record a refusal is about; its reference tells."""
    reference = str(facts.get("subject") or facts.get("reference") or "")
    return _LIFE_OF.get(reference.partition("-")[0], DECLARATION)


def _worded(facts: Mapping[str, Any], life: Lifecycle, locale: str) -> dict[str, Any]:
    return {
        name: [_word(one, life, locale) for one in fact]
        if isinstance(fact, list | tuple)
        else _word(fact, life, locale)
        if name in _CODED
        else fact
        for name, fact in facts.items()
    }


def _word(code: Any, life: Lifecycle, locale: str) -> Any:
    for says in _meanings(str(code), life):
        return translator(locale).gettext(says)
    return code


def _meanings(code: str, life: Lifecycle) -> Iterator[str]:
    """Yield what a code may mean: a state or a verb of the record, then a common word."""
    yield from (state.label for state in life.states if state.name == code)
    yield from (move.label for move in life.of(code))
    if code in _WORDS:
        yield _WORDS[code]
    if code in RULE_KINDS:
        yield RULE_KINDS[code].label
