"""Whatever anybody sends to any address, the answer is one that the OpenAPI document describes.

The application answers in this process, on its real database. The stream of events has no end and
is tested where it is served.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from random import Random
from typing import Any

import pytest
from schemathesis import Case
from schemathesis.core.failures import FailureGroup

from api.documents.openapi import openapi_document
from api.routes.declarations import shape_of
from border.core.refusal import REFUSALS
from tests.api.documents.document_client import CHECKS, TRIED, Listener, made_up, sent

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def requests_made() -> dict[str, list[Case]]:
    """The requests to every operation that ends, by its name; made once for all roles."""
    return made_up(openapi_document())


@pytest.mark.parametrize("role", ["nobody", "trader", "officer", "manager"])
async def test_no_answer_is_outside_the_document(
    running: Any, requests_made: dict[str, list[Case]], role: str, subtests: pytest.Subtests
) -> None:
    client = running.client if role == "nobody" else (await running.sign_in(role)).client
    for name, made in requests_made.items():
        with subtests.test(name):
            for case in made:
                case.validate_response(await sent(client, case), checks=CHECKS)
    assert sum(map(len, requests_made.values())) > 250


TURNS = (
    *("trader", "gate", "officer", "trader", "carrier", "quarantine", "guard", "trader"),
    *("gate", "officer2", "accountant", "manager", "platform"),
)
"""Everybody of the demonstration, and those oftener without whom nothing is there to act upon."""
ROUNDS = 14
STEPS = ("read", "create", "move", "create", "move", "anything")
"""What each does when it is their turn."""
BETWEEN = timedelta(seconds=10)
"""How far the clock goes on with each request."""


@dataclass
class Walk:
    """What came of a walk: how often each kind of step succeeded where, and what was wrong."""

    succeeded: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def of(self, kind: str) -> dict[str, int]:
        """Return by operation how many steps of a kind succeeded."""
        return {label: n for (known, label), n in sorted(self.succeeded.items()) if known == kind}


async def walked(
    running: Any, made: dict[str, list[Case]], seed: int, *, to_the_first_fault: bool = False
) -> Walk:
    """Walk through an empty zone as everybody in turn, each going on from what was answered."""
    walk = Walk()
    listener = Listener(made, lambda: running.clock.now().isoformat(), Random(seed))
    clients = {name: (await running.sign_in(name)).client for name in dict.fromkeys(TURNS)}
    for turn, who, kind in product(range(ROUNDS), TURNS, STEPS):
        running.clock.at += BETWEEN
        step = listener.next(who, kind)
        answer = await sent(clients[who], step.case)
        try:
            step.case.validate_response(answer, checks=CHECKS)
        except FailureGroup as fault:  # it is told with its step, and the walk goes on
            place = f"seed {seed}, round {turn}, {who}: {step.label}"
            walk.wrong.append(f"{place}: {answer.status_code}: {fault}")
            if to_the_first_fault:
                break
        listener.came_of[who, step.label, TRIED] += 1
        listener.came_of[who, step.label, answer.status_code] += 1
        if answer.is_success:
            walk.succeeded[step.kind, step.label] += 1
            if "json" in answer.headers.get("content-type", ""):
                listener.hears(who, step.label, answer.json())
    return walk


SPINE = {
    "POST /api/v1/declarations",
    "POST /api/v1/declarations/{declaration_id}/lodge",
    "POST /api/v1/declarations/{declaration_id}/{verb}",
    "POST /api/v1/desk/shifts",
    "POST /api/v1/desk/shifts/{shift_id}/count",
    "POST /api/v1/payments",
    "POST /api/v1/scans",
    "POST /api/v1/slots/{slot_id}/bookings",
}
"""What the day of a gate is made of. Which of the rarer ones a walk of one seed comes to may change
with any change of the program, so most of them must have succeeded, not each."""


async def test_what_was_made_is_read_and_moved_within_the_document(
    running: Any, requests_made: dict[str, list[Case]]
) -> None:
    """A thousand requests, some fourteen seconds: until then money was taken and given back."""
    walk = await walked(running, requests_made, seed=1)
    assert not walk.wrong, "\n\n".join(walk.wrong)
    made, moved = walk.of("create"), walk.of("move")
    assert len(SPINE & (made.keys() | moved.keys())) >= len(SPINE) - 2, (made, moved)
    assert (len(made) >= 8, sum(made.values()) > 100) == (True, True), made
    assert (len(moved) >= 4, sum(moved.values()) > 30) == (True, True), moved


async def a_bug(*given: Any) -> Any:
    """Fail as a program does."""
    raise RuntimeError(given)


async def an_unnamed_refusal(*given: Any) -> Any:
    """Refuse with what the route does not name."""
    raise REFUSALS["slot_full"](capacity=1)


def another_shape(dossier: Any, actor: Any) -> Any:
    """Answer a declaration that has a lane with what is none."""
    return {} if dossier.declaration.lane else shape_of(dossier, actor)


@pytest.mark.parametrize(
    ("place", "fault", "found"),
    [
        ("declaration_service.make_move", a_bug, "Server error"),
        ("declaration_service.make_move", an_unnamed_refusal, '"slot_full" is not one of'),
        ("shape_of", another_shape, "is a required property"),
    ],
)
async def test_control_a_fault_behind_a_draft_is_found(
    running: Any,
    requests_made: dict[str, list[Case]],
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    fault: Any,
    found: str,
) -> None:
    """What is planted is met only by who lodges a draft that is there and is their own."""
    monkeypatch.setattr(f"api.routes.declarations.{place}", fault)
    walk = await walked(running, requests_made, seed=1, to_the_first_fault=True)
    [wrong] = walk.wrong
    assert wrong.startswith("seed 1, round "), wrong
    assert found in wrong
    assert "curl -X POST" in wrong
