"""What was not found is named in the reader's language."""

import ast
from pathlib import Path

import pytest

from api.http.nouns import NOUNS
from api.http.problems import spoken
from api.language import translator
from border.core.refusal import NOT_FOUND

PROJECT = Path(__file__).parents[3]


def named() -> set[str]:
    """Return every name that the sources say was not found."""
    found = set()
    for package in ("border", "customs", "logistics", "api"):
        for path in (PROJECT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "NOT_FOUND":
                    value = {word.arg: word.value for word in node.keywords}["what"]
                    if isinstance(value, ast.Constant):
                        found.add(value.value)
    return found


def test_every_thing_that_is_not_found_has_a_noun() -> None:
    assert len(named()) > 15
    assert named() <= set(NOUNS)


@pytest.mark.parametrize("locale", ["vi", "zh"])
def test_no_english_noun_stands_in_another_language(locale: str) -> None:
    say = translator(locale).gettext
    for name, noun in NOUNS.items():
        problem = spoken(NOT_FOUND(what=name), locale)
        assert say(noun) != noun, noun
        assert say(noun).lower() in problem["detail"].lower()
        assert name not in problem["detail"]
        assert problem["what"] == name
