"""The page that names the tests of the proof cannot lie: each is there, and none is left out."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[3]
PAGE = (TESTS.parent / "docs" / "payments-proof.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([^`\s]+\.py)::(\w+)`", PAGE)))


def names_in(path: Path) -> set[str]:
    """Return the names of a file's tests."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return {function.name for function in functions if function.name.startswith("test_")}


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_the_page_names_exists(file: str, name: str) -> None:
    assert name in names_in(TESTS / file)


def test_every_test_of_the_proof_is_named() -> None:
    here = Path(__file__).parent
    there = {
        (path.relative_to(TESTS).as_posix(), name)
        for path in here.rglob("test_*.py")
        if path != Path(__file__)
        for name in names_in(path)
    }
    assert not there - set(NAMED)


def test_all_sixteen_invariants_are_on_the_page_in_order_each_with_a_test() -> None:
    parts = re.split(r"^- \*\*I(\d+)\*\*", PAGE.partition("## What depends")[0], flags=re.MULTILINE)
    assert [int(number) for number in parts[1::2]] == list(range(1, 17))
    assert all("::test_" in part for part in parts[2::2])


def test_a_name_that_is_nowhere_would_be_found_out() -> None:
    assert "test_this_is_nowhere" not in names_in(Path(__file__).parent / "test_the_page.py")
    assert len(NAMED) > 80
