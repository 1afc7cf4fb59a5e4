"""The documents against the code: generated pages, dependencies, and the list of events.

That real events keep to the list is shown in `tests/api/documents/test_promised_events.py`.
"""

import ast
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from statistics import median

import pytest
from jsonschema import Draft7Validator

import border
import customs
import logistics
from api.documents import asyncapi_document, openapi_document
from api.documents.pages import DOCS, PAGES
from api.documents.sources import every_event, every_module
from api.tables import KINDS, LIVES
from border.core.lifecycle import Lifecycle
from border.regulation.rule_kind import KINDS as RULE_KINDS

PROJECT = Path(__file__).parents[1]
PRODUCT = ("border", "customs", "logistics", "api")
ASYNCAPI_SCHEMA = PROJECT / "tests" / "api" / "schemas" / "asyncapi-3.0.0.schema.json"


# The generated pages


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_as_the_code_draws_it(name: str) -> None:
    on_disk = (DOCS / name).read_text(encoding="utf-8")
    assert on_disk == PAGES[name](), f"docs/{name} is out of date: run make docs"


def test_the_openapi_document_names_every_operation_once() -> None:
    document = openapi_document()
    names = [
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
    ]
    assert document["openapi"].startswith("3.1")
    assert len(names) == len(set(names))


# Dependencies


def _pins(path: str) -> dict[str, str]:
    lines = (PROJECT / path).read_text().splitlines()
    pairs = (line.split("==") for line in lines if not line.startswith("-r "))
    return {_canonical(name): version for name, version in pairs}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _direct(*groups: str) -> dict[str, str]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    for group in groups:
        wanted += project["optional-dependencies"][group]
    return {_canonical(name): version for name, version in (pin.split("==") for pin in wanted)}


def _imported(*folders: str) -> set[str]:
    """Return the top-level modules from elsewhere that the sources in these folders import."""
    found: set[str] = set()
    for folder in folders:
        for path in (PROJECT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module.partition(".")[0])
    own = {*PRODUCT, "tests", "bench"}
    return {name for name in found if name not in sys.stdlib_module_names and name not in own}


def test_every_direct_dependency_has_its_reason_and_no_other_has() -> None:
    listed = re.findall(r"^\| `([^`]+)` \|", (DOCS / "dependencies.md").read_text(), re.MULTILINE)
    assert sorted(map(_canonical, listed)) == sorted(_direct("dev"))


def test_every_direct_dependency_is_pinned_to_the_same_version_where_it_is_installed_from() -> None:
    runtime, development = _pins("requirements.txt"), _pins("requirements-dev.txt")
    assert _direct().items() <= runtime.items()
    assert _direct("dev").items() <= (runtime | development).items()
    assert runtime.keys().isdisjoint(development), "a package is pinned twice"


@pytest.mark.parametrize(
    ("folders", "groups"), [(PRODUCT, ()), (("tests", "bench"), ("dev",))], ids=["product", "tests"]
)
def test_what_is_imported_is_a_direct_dependency(
    folders: tuple[str, ...], groups: tuple[str, ...]
) -> None:
    homes = packages_distributions()
    local = {path.stem for path in (PROJECT / "tests").rglob("*.py")}
    direct = _direct(*groups)
    missing = {
        name
        for name in _imported(*folders) - local
        if direct.keys().isdisjoint(map(_canonical, homes.get(name, ())))
    }
    assert not missing


# The events


def test_the_asyncapi_document_follows_its_specification() -> None:
    schema = json.loads(ASYNCAPI_SCHEMA.read_text())
    document = asyncapi_document()
    assert not [error.message for error in Draft7Validator(schema).iter_errors(document)]
    broken = document | {"operations": {"stream": {"action": "shout"}}}
    assert list(Draft7Validator(schema).iter_errors(broken)), "the schema would accept anything"


NAMES = {kind.__name__: kind.lifecycle.name for kind in KINDS}


def test_every_lifecycle_is_lived_by_one_kind_of_record_and_so_is_in_every_list() -> None:
    declared = {
        value.name: value
        for module in every_module(border, customs, logistics)
        for value in vars(module).values()
        if isinstance(value, Lifecycle)
    }
    assert declared == LIVES | other_names()
    assert len(KINDS) == len(LIVES)


def test_a_life_under_another_name_goes_the_same_way() -> None:
    for life in other_names().values():
        assert life.mermaid() == LIVES["regulation"].mermaid()


def _created() -> Iterator[str]:
    """Yield the last words of `unit.create(Model, "state", "verb")` all over the product.

    Of `unit.begin`, which does the same at the end of a transaction, and of
    `begin_set(unit, Model, "verb", …)`, which creates many.
    """
    for folder in PRODUCT:
        for path in (PROJECT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case (
                        ast.Call(func=ast.Attribute(attr="create" | "begin"), args=[model, _, said])
                        | ast.Call(func=ast.Name(id="begin_set"), args=[_, model, said, *_])
                    ):
                        assert isinstance(model, ast.Name)
                        for verb in ast.walk(said):
                            if isinstance(verb, ast.Constant):
                                yield f"{NAMES[model.id]}.{verb.value}"


def test_every_record_that_is_created_is_among_the_events() -> None:
    changed = {"declaration.update", "tariff_resolution.update", "desk_shift.update"}
    changed |= {"regulation.update", "tariff_resolution.prepare", "ballot.update"}
    moved = {life.event(verb) for life in _lives() for verb in life.verbs}
    of_no_record = {"scan.refuse", "slot_limit.put", "throughput.window"}
    assert {*_created(), *changed} == set(every_event()) - moved - of_no_record


def other_names() -> dict[str, Lifecycle]:
    """Return the lives that kinds of rules bring because their events have names of their own.

    A kind is known once its module is imported, so all of them are.
    """
    every_module(border, customs, logistics)
    lives = [kind.life for kind in RULE_KINDS.values()]
    return {life.name: life for life in lives if life not in LIVES.values()}


def _lives() -> list[Lifecycle]:
    """Return every life under each name that its events carry."""
    return [*LIVES.values(), *other_names().values()]


def test_every_move_of_every_record_is_among_the_events() -> None:
    moved = {life.event(verb) for life in _lives() for verb in life.verbs}
    assert moved <= set(every_event())


def test_what_leaves_the_zone_never_bears_the_name_of_what_stays() -> None:
    types = every_event().values()
    meanings = {name: said for one in types for name, said in one.payload.meanings().items()}
    older = {said.older for said in meanings.values() if said.older}
    private = {name for name, said in meanings.items() if said.private}
    assert not private & older
    assert {"plate", "reason", "note", "device", "account", "scanned_code"} <= private
    for one in types:
        assert private.isdisjoint(one.schema()["properties"]), one.name


# Figures


def test_what_scaling_says_of_a_longer_past_is_what_was_measured() -> None:
    said = " ".join((DOCS / "scaling.md").read_text(encoding="utf-8").split())
    named = re.findall(r"results/([\w-]+-flat\.json)", said)
    told = json.loads((PROJECT / "bench" / "results" / named[0]).read_text())
    grown = [row["grown"] for row in told["rows"]]
    flat = sum(times < 1.5 for times in grown)
    assert (
        f"Of {len(grown)} lists, pages, figures, feed queries, scans and bookings, {flat}" in said
    )
    assert f"by {median(grown):.2f} × in the median" in said
    assert f"{told['trucks'][0]:,} trucks beside one of {told['trucks'][1]:,}" in said
    size = sum(table["table_mb"] + table["indexes_mb"] for table in told["tables"])
    assert f"in {size / 1000:.1f} GB" in said


def test_what_is_said_of_two_work_trees_is_what_was_measured() -> None:
    scaling, readme = (
        " ".join(path.read_text(encoding="utf-8").split())
        for path in (DOCS / "scaling.md", PROJECT / "bench" / "README.md")
    )
    (name,) = set(re.findall(r"results/([\w-]+-beside\.json)", scaling + readme))
    told = json.loads((PROJECT / "bench" / "results" / name).read_text())
    rows = [row for row in told["beside"] if row["callers"] == 32 and "beside" in row]
    ours, theirs = (
        [row[tree]["cpu_ms"] + row[tree]["database_cpu_ms"] for row in rows]
        for tree in ("here", "beside")
    )
    scan, one, fifty = (f"{then / now:.1f}" for now, then in zip(ours, theirs, strict=True))
    assert f"{scan} for a scan, {one} for a booking into one hour, {fifty} into fifty" in readme
    spent = [f"{row['here'][of]:.2f}" for of in ("cpu_ms", "database_cpu_ms") for row in rows]
    assert (
        f"{spent[0]} ms of the program and {spent[3]} of PostgreSQL a scan at 32 callers,"
        f" {spent[1]} to {spent[2]} and {spent[4]} to {spent[5]} a booking"
    ) in scaling
    busy = f"at a load average of {told['machine']['load_average']:.1f} before the run"
    assert busy in readme
    assert busy in scaling
