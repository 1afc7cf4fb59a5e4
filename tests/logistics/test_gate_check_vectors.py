"""The vectors that hold the gate's evaluators, here and in the browser, to the same answers.

`gate_check_vectors.json` holds the facts of a good scan, what each vector changes of them, and the
codes that must come out: `by_hand` was written and thought through by people, `generated` is drawn
below, exhaustively and by chance, and judged by `expected`, which knows nothing of the rows. After
a change of the gate: `python tests/logistics/test_gate_check_vectors.py`.
"""

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest

from logistics.check import Check, Condition, Fact, failing
from logistics.gate_check import CHECKS, ScanKind, rules
from logistics.passage import PASSAGE

FILE = Path(__file__).with_name("gate_check_vectors.json")
VECTORS = json.loads(FILE.read_text(encoding="utf-8"))
STARTS = 1_795_417_200
"""23 November 2026, 07:00 UTC."""
HOUR, MINUTE = 3600, 60
GOOD = {
    "at": STARTS + 5 * MINUTE,
    "gate": "KIM_THANH_II",
    "plate_seen": "24C12345",
    "slip_state": "active",
    "slip_gate": "KIM_THANH_II",
    "plates": ["24C12345", "24R00678"],
    "arrival_from": STARTS - 3 * HOUR,
    "entry_from": STARTS - 30 * MINUTE,
    "late_from": STARTS + 90 * MINUTE,
    "valid_until": STARTS + 73 * HOUR,
    "passage_state": "expected",
    "arrived_at": None,
    "owed": 0,
    "not_released": [],
    "held": [],
    "waiting_for": [],
}
OPEN = {
    "arrival": ["expected"],
    "entry": ["expected", "arrived"],
    "exit": ["in_zone"],
    "inspection_in": ["in_zone"],
    "inspection_out": ["inspecting"],
    "return": ["exited"],
}
MADE = {
    "arrival": ["arrived", "in_zone", "inspecting", "exited", "returned", "closed"],
    "entry": ["in_zone", "inspecting", "exited", "returned", "closed"],
    "exit": ["exited", "returned", "closed"],
    "inspection_in": ["inspecting", "exited", "returned", "closed"],
    "inspection_out": ["exited", "returned", "closed"],
    "return": ["returned", "closed"],
}
WRONG: dict[str, list[Any]] = {
    "slip_state": ["used", "closed", "revoked"],
    "gate": ["BAN_VUOC"],
    "plate_seen": [None, "24R00678", "24C99999", "云G12345"],
    "owed": [1, 3],
    "not_released": [["DEC-1"], ["DEC-1", "DEC-2"]],
    "held": [["DEC-1"]],
    "waiting_for": [["border_guard"], ["border_guard", "plant_quarantine"]],
}


def expected(kind: str, facts: dict[str, Any]) -> Iterator[str]:
    """Yield the codes of a scan in their order: the rules of the gate, said a second time."""
    coming, barrier = kind in ("arrival", "entry"), kind in ("entry", "exit")
    arrived_at = facts["arrived_at"]
    if facts["slip_state"] == "revoked":
        yield "REVOKED"
    if facts["gate"] != facts["slip_gate"]:
        yield "WRONG_GATE"
    if facts["plate_seen"] and facts["plate_seen"] not in facts["plates"]:
        yield "WRONG_VEHICLE"
    if facts["passage_state"] in MADE[kind]:
        yield "DUPLICATE"
    elif facts["passage_state"] not in OPEN[kind]:
        yield "TOO_EARLY"
    if coming and arrived_at is None and facts["at"] >= facts["valid_until"]:
        yield "EXPIRED"
    if coming and facts["at"] < facts["arrival_from" if kind == "arrival" else "entry_from"]:
        yield "TOO_EARLY"
    if coming and (facts["at"] if arrived_at is None else arrived_at) >= facts["late_from"]:
        yield "TOO_LATE"
    if barrier and facts["owed"]:
        yield "UNPAID"
    if barrier and facts["not_released"]:
        yield "NOT_RELEASED"
    if barrier and facts["held"]:
        yield "HOLD"
    if barrier and facts["waiting_for"]:
        yield "CLEARANCE_MISSING"


def drawn() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield kinds and changes: every state, every wrong, every bound, and then by chance."""
    kinds, states = list(OPEN), [state.name for state in PASSAGE.states]
    bounds = [GOOD[name] for name in ("arrival_from", "entry_from", "late_from", "valid_until")]
    instants = [bound + tick for bound in bounds for tick in (-1, 0, 1)]
    arrivals = [None, STARTS, GOOD["late_from"] - 1, GOOD["late_from"]]
    for kind, state in product(kinds, states):
        yield kind, {"passage_state": state}
    for kind in kinds:
        here = {"passage_state": OPEN[kind][-1]}
        for name, values in WRONG.items():
            yield from ((kind, {**here, name: value}) for value in values)
        for at, arrived_at in product(instants, arrivals):
            yield kind, {**here, "at": at, "arrived_at": arrived_at}
    chance = Random(20261127)
    for _ in range(400):
        change: dict[str, Any] = {
            "passage_state": chance.choice(states),
            "at": chance.choice(instants),
            "arrived_at": chance.choice(arrivals),
        }
        for name in chance.sample(sorted(WRONG), chance.randrange(len(WRONG) + 1)):
            change[name] = chance.choice(WRONG[name])
        yield chance.choice(kinds), change


def generated() -> list[list[Any]]:
    """Return the generated vectors: kind, change, codes."""
    return [[kind, change, list(expected(kind, GOOD | change))] for kind, change in drawn()]


def written(by_hand: list[Any]) -> str:
    """Return the text of the file: a vector a line."""

    def lines(vectors: list[Any]) -> str:
        return ",\n    ".join(json.dumps(one, ensure_ascii=False) for one in vectors)

    return (
        f'{{\n  "good": {json.dumps(GOOD, ensure_ascii=False)},\n'
        f'  "by_hand": [\n    {lines(by_hand)}\n  ],\n'
        f'  "generated": [\n    {lines(generated())}\n  ]\n}}\n'
    )


def test_the_file_is_what_the_generator_writes() -> None:
    assert FILE.read_text(encoding="utf-8") == written(VECTORS["by_hand"])


def codes(kind: str, change: dict[str, Any]) -> list[str]:
    """Return the codes that the rows give."""
    return [str(check.code) for check in failing(CHECKS, kind, VECTORS["good"] | change)]


def test_the_rows_answer_every_vector_as_it_must_be() -> None:
    for kind, change, failed in VECTORS["generated"]:
        assert codes(kind, change) == failed, (kind, change)
    for says, kind, change, failed in VECTORS["by_hand"]:
        assert codes(kind, change) == failed, says


def test_the_vectors_meet_every_row_failing_and_holding() -> None:
    failed, held = set(), set()
    for kind, change, _ in VECTORS["generated"]:
        fails = failing(CHECKS, kind, GOOD | change)
        failed |= set(fails)
        held |= {check for check in CHECKS if kind in check.kinds} - set(fails)
    assert failed == held == set(CHECKS)


def test_the_rules_survive_the_way_to_a_scanner_and_back() -> None:
    sent = json.loads(json.dumps(rules()))["checks"]

    def back(value: Any) -> Any:
        return Fact(value["fact"]) if isinstance(value, dict) else value

    rows = [
        Check(
            row["code"],
            tuple(row["kinds"]),
            tuple(Condition(fact, op, back(value)) for fact, op, value in row["when"]),
            row["label"],
            row["driver"],
            tuple(row["override_by"]),
        )
        for row in sent
    ]
    for kind, change, failed in VECTORS["generated"]:
        assert [row.code for row in failing(rows, kind, GOOD | change)] == failed


def test_what_is_not_known_is_an_error_and_never_a_check_passed() -> None:
    def row(*when: Condition) -> Check:
        return Check("X", tuple(ScanKind), when, "says", "driver")

    never = Condition("owed", "=", 99)
    with pytest.raises(KeyError):
        failing([row(never, Condition("colour", "=", "red"))], "entry", GOOD)
    with pytest.raises(KeyError):
        failing([row(Condition("gate", "=", Fact("colour")))], "entry", GOOD)
    with pytest.raises(ValueError, match="no operator"):
        Condition("owed", "~", 1)


if __name__ == "__main__":
    FILE.write_text(written(VECTORS["by_hand"]), encoding="utf-8")
