"""The draw of a ballot: fair, the same for everybody, and nothing left to choose once it closed."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from api.cli.command import main
from logistics.ballot.drawing import Entered, drawn, faults_of, root_of

DOCUMENT = Path(__file__).parents[3] / "docs" / "ballot.md"


def spoken(number: int) -> tuple[str, str]:
    """Return what a beacon says in a round: value and signature."""
    signature = sha256(f"round {number}".encode()).hexdigest()
    return sha256(bytes.fromhex(signature)).hexdigest(), signature


def codes(random: Random, number: int) -> list[str]:
    """Return so many codes, in the order their entries arrived."""
    return [f"ENT-{random.getrandbits(48):012x}" for _ in range(number)]


def published(number: int = 30, seed: int = 1) -> dict[str, Any]:
    """Return a drawn ballot as anybody gets it: two hours, too few places."""
    random = Random(seed)
    hours = ["hour-a", "hour-b"]
    entries = [
        Entered(code, tuple(random.sample(hours, random.choice((1, 2)))))
        for code in codes(random, number)
    ]
    value, signature = spoken(seed)
    places = {"hour-a": number // 3, "hour-b": number // 4}
    return {
        "beacon": {"name": "test", "round": seed, "value": value, "signature": signature},
        "entries_root": root_of(entries),
        "entries": [{"entry": o.code, "preferences": list(o.preferences)} for o in entries],
        "places": [{"slot_id": id, "places": n} for id, n in places.items()],
        "order": [
            {"entry": o.code, "number": o.number, "got": o.got}
            for o in drawn(entries, value, places)
        ],
    }


def test_each_gets_the_best_hour_that_those_before_it_left() -> None:
    ballot = published()
    left = {one["slot_id"]: one["places"] for one in ballot["places"]}
    wanted = {one["entry"]: one["preferences"] for one in ballot["entries"]}
    assert [one["number"] for one in ballot["order"]] == list(range(1, 31))
    for one in ballot["order"]:
        best = next((hour for hour in wanted[one["entry"]] if left[hour]), None)
        assert one["got"] == best
        if best:
            left[best] -= 1
    assert faults_of(ballot) == []


def test_the_order_of_arrival_has_no_weight() -> None:
    """Kolmogorov and Smirnov: the numbers of the first tenth to arrive are spread like all."""
    ranks: list[float] = []
    for seed in range(60):
        random = Random(seed)
        arrived = [Entered(code, ("h",)) for code in codes(random, 100)]
        places = {one.code: one.number for one in drawn(arrived, spoken(seed)[0], {"h": 10})}
        ranks += [(places[one.code] - 0.5) / 100 for one in arrived[:10]]
    ranks.sort()
    most = max(abs((n + 0.5) / len(ranks) - rank) for n, rank in enumerate(ranks))
    assert most < 1.36 / len(ranks) ** 0.5, "beyond the bound of one in twenty"
    first_come = [0.05 + n / 6000 for n in range(600)]  # The control: as the race gives them.
    assert max(abs((n + 0.5) / 600 - r) for n, r in enumerate(first_come)) > 1.36 / 600**0.5


def tampered(ballot: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what an operator might try who knows the beacon's value, each drawn anew to fit."""

    def again(entries: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        listed = [Entered(one["entry"], tuple(one["preferences"])) for one in entries]
        places = {one["slot_id"]: one["places"] for one in ballot["places"]}
        value = more.get("beacon", ballot["beacon"])["value"]
        order = [
            {"entry": o.code, "number": o.number, "got": o.got}
            for o in drawn(listed, value, places)
        ]
        return {**ballot, "entries": entries, "order": order, **more}

    entries = ballot["entries"]
    yield "one more", again([*entries, {"entry": "ENT-friend", "preferences": ["hour-a"]}])
    yield "one less", again(entries[1:])
    other = [entries[0] | {"preferences": ["hour-b", "hour-a"]}, *entries[1:]]
    yield "other wishes", again(other if other != entries else entries[1:])
    yield "another code", again([entries[0] | {"entry": "ENT-other"}, *entries[1:]])
    value, _ = spoken(99)
    yield "another value", again(entries, beacon=ballot["beacon"] | {"value": value})
    order = [dict(one) for one in ballot["order"]]
    order[0]["entry"], order[-1]["entry"] = order[-1]["entry"], order[0]["entry"]
    yield "another order", {**ballot, "order": order}
    yield "a place for nobody's number", {**ballot, "order": ballot["order"][:-1]}


def test_after_the_beacon_spoke_no_better_list_is_found_that_passes() -> None:
    ballot = published()
    found = {name: bool(faults_of(tried)) for name, tried in tampered(ballot)}
    assert len(found) == 7
    assert all(found.values()), found
    moved = {**ballot, "entries": ballot["entries"][::-1]}
    assert faults_of(moved) == [], "in whatever order they are told, they are the same entries"


def test_scalpers_get_no_more_than_the_share_of_their_trucks() -> None:
    """A hundred accounts with a twentieth of the trucks, whatever they resell for: each truck has
    one entry, and an account none. In the race they are a hundred times as quick, and have all."""
    trucks, theirs, places, won = 1000, 50, 100, 0
    for seed in range(40):
        random = Random(seed)
        arrived = [Entered(code, ("h",)) for code in codes(random, trucks)]
        quick = {one.code for one in arrived[:theirs]}  # They are first, every time.
        draws = drawn(arrived, spoken(seed)[0], {"h": places})
        won += sum(one.code in quick for one in draws if one.got)
    share = won / (40 * places)
    assert abs(share - theirs / trucks) < 0.012, "three deviations of 4,000 places"
    assert min(theirs, places) / places == 0.5, "what the race gives them: ten times their share"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The script that stands in the document."""
    (found,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.S)
    path = tmp_path / "draw_again.py"
    path.write_text(found, encoding="utf-8")
    return path


def test_a_stranger_makes_the_draw_again_with_the_script_of_the_document(
    script: Path, tmp_path: Path
) -> None:
    """Two starts of Python: it knows nothing of the program."""
    assert "logistics" not in script.read_text(encoding="utf-8")
    ballot, codes_ = published(60), []
    for one in (
        ballot,
        {**ballot, "order": [*ballot["order"][1:], ballot["order"][0] | {"got": 1}]},
    ):
        file = tmp_path / "ballot.json"
        file.write_text(json.dumps(one), encoding="utf-8")
        ended = subprocess.run([sys.executable, script, file], capture_output=True, check=False)
        codes_.append(ended.returncode)
    assert codes_ == [0, 1]


def test_the_command_says_whether_a_downloaded_draw_is_right(tmp_path: Path) -> None:
    file, ballot = tmp_path / "ballot.json", published()
    ended: Counter[int] = Counter()
    for what in (ballot, next(iter(tampered(ballot)))[1], {**ballot, "order": None}, "none"):
        file.write_text(json.dumps(what), encoding="utf-8")
        answer = CliRunner().invoke(main, ["ballot", "verify", str(file)])
        ended[answer.exit_code] += 1
    assert ended == {0: 1, 1: 1, 2: 2}
    file.write_text(json.dumps(ballot), encoding="utf-8")
    told = CliRunner().invoke(main, ["ballot", "verify", "--json", str(file)])
    assert json.loads(told.output) == {"verified": True, "faults": []}
