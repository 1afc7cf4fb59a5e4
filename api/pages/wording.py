"""Refusals in people's words: the codes among their facts said as the pages say them.

A program reads `queried` and `lodge`; a person reads "An answer is awaited" and "Lodge".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from api.language import translator
from api.pages.frame import errors_of
from api.pages.happenings import LIVES, ROLE_NAMES
from border.lifecycle import Lifecycle
from border.payments.desk.tables import DeskShiftRow
from border.payments.exceptions.tables import ExceptionRow
from border.payments.receipts.tables import ReceiptRow
from border.payments.refunds.tables import RefundRow
from border.payments.tables import ChargeRow, PaymentRow
from border.payments.tariffs.rule import COMMODITY_GROUPS, KINDS, REGIME_GROUPS, VEHICLE_CLASSES
from border.payments.tariffs.tables import TariffResolutionRow
from border.refusal import FieldError, Refusal
from border.words import N_
from customs.declaration import DECLARATION
from customs.tables import DeclarationRow
from logistics.tables import BookingRow, SlipRow

DIRECTION_NAMES = {
    "export": N_("Export"),
    "import": N_("Import"),
    "transit": N_("Transit"),
}
CHARGE_NAMES = {
    **KINDS,
    "customs_transit_fee": N_("Customs fee for goods in transit"),
}
_LIFE_OF = {
    model.prefix: model.lifecycle
    for model in (
        DeclarationRow,
        BookingRow,
        SlipRow,
        ChargeRow,
        PaymentRow,
        TariffResolutionRow,
        RefundRow,
        ReceiptRow,
        DeskShiftRow,
        ExceptionRow,
    )
}
_WORDS = {
    **ROLE_NAMES,
    **{life.name: noun for life, noun in LIVES.values()},
    **REGIME_GROUPS,
    **DIRECTION_NAMES,
    **VEHICLE_CLASSES,
    **COMMODITY_GROUPS,
    **CHARGE_NAMES,
}
"""Codes that mean the same wherever they stand."""
_CODED = frozenset(
    {"needs", "what", "its", "direction", "regime_group", "vehicle_class", "kind"}
    | {"commodity_group"}
    | {"state", "verb", "allowed"}
)
"""The facts of refusals that hold such codes."""


def sentences_of(refusal: Refusal, locale: str) -> dict[str, str]:
    """Return a refusal as sentences by field, every code in words; under "" what has no field."""
    life = _life_of(refusal.facts)
    return errors_of(
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
    yield from (state.says for state in life.states if state.name == code)
    yield from (move.says for move in life.of(code))
    if code in _WORDS:
        yield _WORDS[code]
