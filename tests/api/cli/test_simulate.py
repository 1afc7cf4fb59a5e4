"""`border simulate`: what it prints, writes, and says no to."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from api.cli.command import main
from logistics.calling.terms import CALLING_SEED, CallingTermsRow
from logistics.simulation.rules import rules_by

RULES = rules_by(CallingTermsRow.model_validate(CALLING_SEED.rows[0]))
SAMPLE = Path(__file__).parents[2] / "logistics" / "simulation" / "queue.csv"


def simulate(*words: object) -> Result:
    return CliRunner().invoke(main, ["simulate", *map(str, words)])


def answer(*words: object) -> dict[str, Any]:
    told = simulate(SAMPLE, "--json", *words)
    assert told.exit_code == 0, told.output
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def test_each_rule_is_told_with_the_waiting_of_each_class() -> None:
    told = answer()
    assert [rule["rule"] for rule in told["rules"]] == list(RULES)
    assert {rule["served"] + rule["displaced"] for rule in told["rules"]} == {
        told["recorded"]["trucks"]
    }
    for rule in told["rules"]:
        assert set(rule["waiting"]) == {"perishable", "ordinary", "empty", "all"}
        for waiting in rule["waiting"].values():
            assert 0 <= waiting["p50"] <= waiting["p90"] <= waiting["max"]
        assert 0 < rule["gini"] < 1


def test_in_the_order_of_arrival_the_waiting_is_near_what_was_recorded() -> None:
    told = answer("--rules", "first_come")
    [rule] = told["rules"]
    for name in ("p90", "max"):
        assert rule["waiting"]["all"][name] == pytest.approx(told["recorded"][name], rel=0.15)


def test_more_lanes_or_longer_hours_let_more_in() -> None:
    [one] = answer("--rules", "drawn")["rules"]
    [two] = answer("--rules", "drawn", "--lanes", 2)["rules"]
    [short] = answer("--rules", "drawn", "--hours", "07:00-12:00")["rules"]
    assert two["waiting"]["all"]["p90"] < one["waiting"]["all"]["p90"]
    assert short["displaced"] > one["displaced"]


def test_the_table_says_what_was_assumed_and_the_picture_is_one(tmp_path: Path) -> None:
    picture = tmp_path / "waiting.svg"
    told = simulate(SAMPLE, "--shares", "ordinary=1", "--chart", picture)
    assert told.exit_code == 0
    assert "assumed: classes drawn by shares: ordinary 1" in told.output
    drawn = ElementTree.fromstring(picture.read_text(encoding="utf-8"))
    assert len(drawn.findall("{*}g")) == 2 * len(RULES)


@pytest.mark.parametrize(
    "words",
    [
        ("--rules", "nobody"),
        ("--shares", "fruit=1"),
        ("--shares", "ordinary"),
        ("--shares", "ordinary=-1"),
        ("--hours", "7 to 9"),
        ("--lanes", "0"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(words: tuple[str, str]) -> None:
    told = simulate(SAMPLE, *words)
    assert told.exit_code == 2
    assert "Traceback" not in told.output


def test_a_file_that_is_no_recording_is_refused_with_every_fault(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text("arrived_at,class,admitted_at\nyesterday,fruit,\n")
    told = simulate(path)
    assert told.exit_code == 1
    for field in ("lines.2.arrived_at", "lines.2.class"):
        assert f"day.csv  {field}: " in told.output
