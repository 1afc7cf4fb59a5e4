"""A recorded day run again: every truck is there, and only the rule, lanes and hours differ."""

from collections import Counter
from datetime import UTC, datetime, time
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.core.refusal import Refusal
from border.vocabulary import Priority
from logistics.calling.terms import CALLING_SEED, CallingTermsRow
from logistics.simulation import rules
from logistics.simulation.measures import gini, quantile, waits
from logistics.simulation.recording import HOUR, Arrival, Pace, Recording, read_recording
from logistics.simulation.replay import Change, Run, compared, replay
from logistics.simulation.rules import MOST_PASSED_OVER, CallLine, Rule, rules_by

RULES = rules_by(CallingTermsRow.model_validate(CALLING_SEED.rows[0]))
SAMPLE = Path(__file__).with_name("queue.csv")
SEVEN = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
"""Seven in the morning at the gate."""
CLASSES = list(Priority)
SHARES = dict.fromkeys(CLASSES, 1.0)


def silent(done: float) -> None:
    """Tell nobody how far a run is."""


def recorded(*arrivals: tuple[float, Priority], per_hour: float = 60, hours: float = 10):
    came = sorted(Arrival(at, priority) for at, priority in arrivals)
    return Recording(SEVEN, hours * HOUR, came, [Pace(0, per_hour)], [], [])


def run(recording: Recording, rule: str = "first_come", change: Change | None = None) -> Run:
    return replay(recording, RULES[rule], change or Change(), 1, silent)


def read(text: str) -> Recording:
    return read_recording(text.splitlines(keepends=True), SHARES, Random(1))


trucks = st.lists(
    st.tuples(st.floats(-3600, 5 * HOUR), st.sampled_from(CLASSES)), min_size=1, max_size=40
)


@given(trucks, st.sampled_from(sorted(RULES)), st.integers(1, 3))
def test_every_truck_is_let_in_once_or_still_there(came, rule: str, lanes: int) -> None:
    recording = recorded(*came, hours=6)
    told = run(recording, rule, Change(lanes=lanes))
    assert Counter([one.arrival for one in told.served] + told.left) == Counter(recording.arrivals)
    assert all(one.waited >= 0 for one in told.served)


def test_a_lane_takes_a_truck_at_the_recorded_pace_and_two_take_two() -> None:
    recording = recorded(*[(0, Priority.ORDINARY)] * 4)
    assert [one.at for one in run(recording).served] == [0, 60, 120, 180]
    assert [one.at for one in run(recording, change=Change(lanes=2)).served] == [0, 0, 60, 60]


def test_of_two_recorded_lanes_each_is_half_as_fast() -> None:
    recording = recorded(*[(0, Priority.ORDINARY)] * 3)
    told = run(recording, change=Change(lanes=1, recorded_lanes=2))
    assert [one.at for one in told.served] == [0, 120, 240]


def test_while_the_gate_is_closed_nobody_is_let_in() -> None:
    recording = recorded((0, Priority.ORDINARY), (60, Priority.ORDINARY))
    told = run(recording, change=Change(opens=time(8), closes=time(22)))
    assert [one.at for one in told.served] == [HOUR, HOUR + 60]
    told = run(recording, change=Change(opens=time(22), closes=time(8)))
    assert [one.at for one in told.served] == [0, 60]


def test_who_still_waits_at_the_end_is_displaced() -> None:
    recording = recorded(*[(0, Priority.EMPTY)] * 5, per_hour=2, hours=1)
    [empty, everybody] = waits(run(recording))
    assert (empty.name, empty.served, empty.displaced) == ("empty", 2, 3)
    assert everybody.displaced == 3


def test_by_class_the_perishable_go_first_and_each_as_they_came() -> None:
    came = [(0, Priority.EMPTY), (1, Priority.EMPTY), (2, Priority.ORDINARY), (3, "perishable")]
    told = run(recorded(*[(at, Priority(name)) for at, name in came]), "by_class")
    assert [one.arrival.at for one in told.served] == [0, 3, 2, 1]


line = st.lists(st.sampled_from(CLASSES), min_size=2, max_size=60)


def most_passed_over(came: list[Priority], rule: Rule) -> int:
    """Return how often one was passed over, where some are always there to be drawn."""
    queue, most = CallLine(rule, Random(3)), 0
    for at, priority in enumerate(came):
        queue.join(Arrival(at, priority))
        if len(queue) > 8:
            most = max(most, queue.call().passed_over)
    while queue:
        most = max(most, queue.call().passed_over)
    return most


@given(line)
def test_whoever_is_drawn_nobody_is_passed_over_more_than_the_bound(came) -> None:
    assert most_passed_over(came, RULES["drawn"]) <= MOST_PASSED_OVER + 1


def test_control_without_the_bound_somebody_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_PASSED_OVER", 10_000)
    assert most_passed_over([Priority.ORDINARY] * 400, RULES["drawn"]) > MOST_PASSED_OVER + 1


def test_the_same_seed_gives_the_same_and_another_does_not() -> None:
    recording = recorded(*[(at, Priority.ORDINARY) for at in range(50)])
    told = [replay(recording, RULES["drawn"], Change(), seed, silent) for seed in (1, 1, 2)]
    assert told[0] == told[1] != told[2]


def test_progress_goes_from_nothing_to_the_end() -> None:
    told = list[float]()
    recording = recorded((0, Priority.ORDINARY))
    assert len(list(compared(recording, list(RULES.values()), Change(), 1, told.append))) == len(
        RULES
    )
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_gini_is_nothing_among_equals_and_rises_with_what_one_has() -> None:
    assert gini([5, 5, 5]) == 0
    assert gini([0, 0, 0, 1]) == 0.75
    assert gini([0, 0]) == 0
    assert gini([]) is None


def test_a_quantile_is_a_value_that_was_there() -> None:
    assert [quantile(list(range(1, 11)), part) for part in (0.5, 0.9, 1.0)] == [5, 9, 10]
    assert quantile([], 0.5) is None


def test_what_came_to_a_queue_is_what_it_grew_by_and_what_was_let_in() -> None:
    recording = read(SAMPLE.read_text())
    looks = [row.split(",") for row in SAMPLE.read_text().splitlines()[1:]]
    came = sum(arrival.at >= 0 for arrival in recording.arrivals)
    assert len(recording.arrivals) - came == int(looks[0][2])
    ends = [pace.since for pace in recording.paces[1:]]
    let_in = sum(
        pace.per_hour * (until - pace.since) / HOUR
        for pace, until in zip(recording.paces, ends, strict=False)
    )
    assert came == pytest.approx(let_in + int(looks[-1][2]) - int(looks[0][2]), rel=0.02)
    assert {arrival.priority for arrival in recording.arrivals} == set(CLASSES)


def test_trucks_one_by_one_are_run_again_as_fast_as_they_were_let_in() -> None:
    rows = [
        f"2026-11-23 0{h}:{m:02}:00,ordinary,2026-11-23 0{h + 1}:{m:02}:00"
        for h in (0, 1, 2)
        for m in range(0, 60, 10)
    ]
    recording = read("\n".join(["arrived_at,class,admitted_at", *rows]))
    assert [pace.per_hour for pace in recording.paces] == [6, 6, 6, 6]
    assert set(recording.waited) == {3600}


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("arrived_at,class\nx,fruit", {"lines.2.arrived_at", "lines.2.class"}),
        ("arrived_at,class\n2026-11-23 07:00,ordinary", {"lines.1.admitted_at"}),
        (
            "arrived_at,class,admitted_at\n2026-11-23 07:00,empty,2026-11-23 06:00",
            {"lines.2.admitted_at"},
        ),
        ("a,b\n1,2", {"lines.1.arrived_at", "lines.1.class"}),
        (
            "checkpoint_time,wait_time,vehicles_in_queue\n2026-11-23 07:00,-1,many",
            {"lines.2.wait_time", "lines.2.vehicles_in_queue"},
        ),
        (
            "checkpoint_time,wait_time,vehicles_in_queue\n"
            "2026-11-23 07:00,1,1\n2026-11-23 06:00,1,1",
            {"lines.3.checkpoint_time"},
        ),
        (
            "checkpoint_time,wait_time,vehicles_in_queue\n2026-11-23 07:00,1,1",
            {"lines.1.checkpoint_time"},
        ),
    ],
)
def test_what_is_wrong_with_a_recording_is_told_by_line_and_column(text, fields) -> None:
    with pytest.raises(Refusal, match="invalid_fields") as refused:
        read(text)
    assert {error.field for error in refused.value.errors} == fields
