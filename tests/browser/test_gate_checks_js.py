"""The checks of the gate in the browser: the same rows, the same vectors, the same answers."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from logistics.gate_check import rules

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "api" / "static" / "gate_checks.js"
VECTORS = json.loads((ROOT / "tests/logistics/gate_check_vectors.json").read_text(encoding="utf-8"))
EVALUATE = """async ([source, checks, good, vectors]) => {
  const { failing } = await import(source);
  return vectors.map(([kind, change]) => {
    try {
      return failing(checks, kind, { ...good, ...change }).map((check) => check.code);
    } catch (error) {
      return error.message;
    }
  });
}"""

pytestmark = pytest.mark.browser


async def answered(chromium: Browser, checks: Any, vectors: list[Any]) -> list[Any]:
    """Return what the browser answers to each kind and change."""
    source = "data:text/javascript;base64," + base64.b64encode(MODULE.read_bytes()).decode()
    page = await chromium.new_page()
    try:
        found: list[Any] = await page.evaluate(EVALUATE, [source, checks, VECTORS["good"], vectors])
        return found
    finally:
        await page.close()


async def test_the_browser_answers_every_vector_as_it_must_be(chromium: Browser) -> None:
    vectors = [*VECTORS["generated"], *(vector[1:] for vector in VECTORS["by_hand"])]
    found = await answered(chromium, rules()["checks"], [vector[:2] for vector in vectors])
    assert len(found) > 800
    wrong = [(one, got) for one, got in zip(vectors, found, strict=True) if one[2] != got]
    assert wrong == []


async def test_what_the_browser_does_not_know_is_an_error_and_never_a_check_passed(
    chromium: Browser,
) -> None:
    def row(*when: list[Any]) -> dict[str, Any]:
        return {"code": "X", "kinds": ["entry"], "when": when}

    never = ["owed", "=", 99]
    for checks, says in (
        ([row(never, ["colour", "=", "red"])], "there is no fact colour"),
        ([row(["gate", "=", {"fact": "colour"}])], "there is no fact colour"),
        ([row(never, ["owed", "~", 1])], "there is no operator ~"),
        ([row(["owed", "constructor", 1])], "there is no operator constructor"),
    ):
        assert await answered(chromium, checks, [["entry", {}]]) == [says]
