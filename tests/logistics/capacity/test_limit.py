"""What limits an hour: the smallest of all that is said, and which of it binds."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logistics.capacity.limit import (
    OFFICE,
    RULES,
    Limit,
    LimitDecision,
    LimitKind,
    binding,
    bounds,
    faults,
)

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
GATES = ("KIM_THANH_II", "BAN_VUOC")
limits = st.lists(
    st.builds(
        lambda kind, source, begins, hours, value: Limit(
            kind.value,
            source,
            NOON + begins * HOUR,
            NOON + (begins + hours) * HOUR,
            value,
            "why",
            NOON - HOUR,
        ),
        st.sampled_from(LimitKind),
        st.sampled_from([OFFICE, "hekou"]),
        st.integers(-2, 2),
        st.integers(1, 3),
        st.none() | st.integers(0, 60),
    ),
    max_size=12,
)


@given(st.integers(0, 60), limits)
def test_an_hour_offers_the_least_that_is_said_of_it_and_names_who_says_so(
    planned: int, said: list[Limit]
) -> None:
    found = bounds(planned, said, NOON, NOON + HOUR)
    # By hand: of each kind and source the last one made that touches the hour.
    last = {}
    for one in said:
        if one.begins < NOON + HOUR and one.ends > NOON:
            last[one.kind, one.source] = one.value
    values = [value for value in last.values() if value is not None]
    least = min([planned, *values])
    assert sorted(one.value for one in found) == sorted([planned, *values])
    assert {one.value for one in found if one.binding} == {least}
    assert [one for one in found if one.value == least] == [one for one in found if one.binding]
    assert binding(found).value == least
    assert (binding(found).source == RULES) == (planned == least)


@given(limits)
def test_what_is_lifted_leaves_what_others_say(said: list[Limit]) -> None:
    day = (NOON - 12 * HOUR, NOON + 12 * HOUR)
    lifted = [Limit(kind.value, OFFICE, *day, None, "over", NOON - HOUR) for kind in LimitKind]
    found = bounds(40, [*said, *lifted], NOON, NOON + HOUR)
    others = [one for one in said if one.source != OFFICE]
    assert found == bounds(40, others, NOON, NOON + HOUR)


def test_a_limit_decided_when_the_hour_was_over_says_nothing_of_it() -> None:
    late = Limit("lanes", OFFICE, NOON, NOON + HOUR, 1, "why", NOON + HOUR)
    assert [one.value for one in bounds(40, [late], NOON, NOON + HOUR)] == [40]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"reason": "  "}, "reason", "required"),
        ({"gate": "NOWHERE"}, "gate", "enum"),
        ({"until": NOON}, "until", "not_after_from"),
        ({"until": NOON + timedelta(days=400)}, "until", "too_long"),
        ({"from": NOON - HOUR, "until": NOON + HOUR}, "from", "past"),
        ({"also": [{}]}, "also.0.from", "overlaps"),
        ({"also": [{"kind": "yard", "reason": ""}]}, "also.0.reason", "required"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(
    changes: dict[str, object], field: str, code: str
) -> None:
    asked = {
        "gate": "KIM_THANH_II",
        "direction": "export",
        "from": NOON,
        "until": NOON + 2 * HOUR,
        "kind": "lanes",
        "value": 5,
        "reason": "A lane is closed.",
    }
    further = [asked | one for one in changes.pop("also", [])]  # type: ignore[attr-defined]
    decision = LimitDecision.model_validate(asked | changes | {"also": further})
    assert [(e.field, e.code) for e in faults(decision.every(), GATES, NOON)] == [(field, code)]


def test_the_hour_that_runs_can_still_be_limited() -> None:
    asked = LimitDecision.model_validate(
        {
            "gate": "BAN_VUOC",
            "direction": "import",
            "from": NOON - timedelta(minutes=40),
            "until": NOON + HOUR,
            "kind": "drivers",
            "value": 0,
            "reason": "All are on the other side.",
        }
    )
    assert not faults(asked.every(), GATES, NOON)
