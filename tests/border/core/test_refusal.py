"""Refusals: declared once, documented, and always able to say what they say."""

import re
from string import Formatter

import pytest

from border.core.refusal import (
    INVALID,
    MOVE_NOT_OPEN,
    REFUSALS,
    STALE_VERSION,
    FieldError,
    Refusal,
    RefusalKind,
    refuses,
)

EVERY_KIND = pytest.mark.parametrize("kind", list(REFUSALS.values()), ids=list(REFUSALS))


def test_a_code_is_declared_once() -> None:
    before = dict(REFUSALS)
    with pytest.raises(ValueError, match="'invalid_fields' is declared twice"):
        refuses("invalid_fields", 400, "Again", "Again.")
    assert before == REFUSALS


def test_a_declared_kind_is_found_by_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    own: dict[str, RefusalKind] = {}
    monkeypatch.setattr("border.core.refusal.REFUSALS", own)
    kind = refuses("crate_is_empty", 409, "Empty", "The crate {crate} is empty.", retry=True)
    assert own == {"crate_is_empty": kind}
    assert kind == RefusalKind("crate_is_empty", 409, "Empty", "The crate {crate} is empty.", True)
    refusal = kind(crate="CRT-1")
    assert (refusal.code, refusal.detail()) == ("crate_is_empty", "The crate CRT-1 is empty.")
    assert str(refusal) == "crate_is_empty: The crate CRT-1 is empty."


@EVERY_KIND
def test_every_kind_has_a_stable_code_a_status_and_two_sentences(kind: RefusalKind) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", kind.code)
    assert 400 <= kind.status < 600
    assert kind.status != 500 or kind.code == "internal_error"
    assert kind.title
    assert kind.says.rstrip()[-1] in ".!?"


@EVERY_KIND
def test_every_kind_says_its_sentence_when_given_the_facts_it_names(kind: RefusalKind) -> None:
    names = [name for _, name, _, _ in Formatter().parse(kind.says) if name is not None]
    assert all(name.isidentifier() for name in names)
    said = kind(**{name: f"<{name}>" for name in names}).detail()
    assert all(f"<{name}>" in said for name in names)


def test_a_list_of_facts_reads_as_a_list() -> None:
    refusal = MOVE_NOT_OPEN(
        subject="DEC-1", state="draft", verb="release", allowed=["lodge", "cancel"]
    )
    assert "Open to you now: lodge, cancel." in refusal.detail()


def test_facts_are_not_read_as_sentences() -> None:
    assert "{given}" in STALE_VERSION(given="{given}", current=2).detail()


def test_the_fields_in_error_travel_with_the_refusal() -> None:
    error = FieldError("lines.0.hs_code", "too_short", "Give {digits} digits.", (("digits", "8"),))
    with pytest.raises(Refusal) as caught:
        raise INVALID(errors=[error])
    assert caught.value.errors == (error,)
    assert error.detail() == "Give 8 digits."
    assert caught.value.kind is INVALID
