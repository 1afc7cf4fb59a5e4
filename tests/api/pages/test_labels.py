"""Refusals reach people without the program's codes in them."""

import re

import pytest

from api.language import LOCALES
from api.pages.kit.labels import sentences_of
from border.core.refusal import INVALID, MOVE_NOT_OPEN, NOT_ALLOWED, NOT_FOUND, FieldError, Refusal
from border.payments.tariffs.tariff import NO_TARIFF
from customs.checking import check
from customs.draft import DraftDeclaration
from logistics.booking import DECLARATION_NOT_BOOKABLE

REFUSALS = (
    MOVE_NOT_OPEN(
        subject="DEC-22222-22222", state="under_review", verb="lodge", allowed=["answer", "—"]
    ),
    MOVE_NOT_OPEN(subject="BKG-22222-22222", state="late_cancelled", verb="cancel", allowed=["—"]),
    NOT_ALLOWED(needs=["trader", "customs_officer"]),
    NOT_FOUND(what="declaration"),
    DECLARATION_NOT_BOOKABLE(reference="DEC-22222-22222", state="documents_cleared"),
    NO_TARIFF(
        kind="infrastructure_fee",
        on="2026-11-23",
        regime_group="temporary",
        vehicle_class="container_40",
    ),
)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.code)
def test_no_code_is_left_in_a_sentence(refusal: Refusal, locale: str) -> None:
    [sentence] = sentences_of(refusal, locale).values()
    assert not re.search(r"[a-z]_[a-z]", sentence), sentence
    codes = {"lodge", "answer", "cancel", "trader", "declaration"} if locale != "en" else set()
    assert not codes & set(re.findall(r"[a-z]+", sentence)), sentence


def test_the_same_state_is_said_as_its_own_record_says_it() -> None:
    def said(reference: str) -> str:
        refusal = MOVE_NOT_OPEN(subject=reference, state="held", verb="cancel", allowed=["—"])
        return sentences_of(refusal, "en")[""]

    assert "Held by customs" in said("DEC-22222-22222")
    assert "Held, waiting for payment" in said("BKG-22222-22222")


def test_facts_of_fields_are_in_words_too() -> None:
    draft = DraftDeclaration(direction="import", gate="KIM_THANH_II", regime="B11")
    errors = check(draft, gates=["KIM_THANH_II"]).errors
    sentence = sentences_of(INVALID(errors=errors), "vi")["regime"]
    assert "Xuất khẩu" in sentence
    assert "Nhập khẩu" in sentence


def test_what_people_typed_is_never_translated() -> None:
    error = FieldError("unit", "unknown_unit", "{given} is no unit", (("given", "trader"),))
    assert sentences_of(INVALID(errors=[error]), "vi") == {"unit": "trader is no unit"}
