"""How a dated rule becomes the slots of a day, and when one can be booked."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.core.clock import ZONE, local_date
from border.core.refusal import Refusal
from logistics.slot import (
    SlotRule,
    check_bookable,
    plan,
    remaining,
    rule_on,
    slots_of_day,
)

LAST_BOOKING = timedelta(minutes=15)
MONDAY = date(2026, 11, 23)
RULE = SlotRule(
    code="kim-thanh",
    gate="KIM_THANH_II",
    direction="export",
    opens=time(7),
    closes=time(22),
    minutes=60,
    capacity=40,
    days_ahead=7,
    early_minutes=180,
    entry_early_minutes=30,
    last_booking_minutes=15,
    grace_minutes=30,
    hold_minutes=15,
    effective_from=date(2026, 1, 1),
    effective_to=None,
    legal_basis="a test",
)


def test_a_day_is_cut_into_hours_from_opening_to_closing_in_local_time() -> None:
    plans = list(slots_of_day(RULE, MONDAY))
    assert len(plans) == 15
    assert plans[0].starts_at == datetime(2026, 11, 23, 0, 0, tzinfo=UTC)  # 07:00 at the gate
    assert plans[-1].ends_at == datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # 22:00 at the gate
    assert all(a.ends_at == b.starts_at for a, b in pairwise(plans))


def test_every_slot_of_a_day_opens_together_so_many_days_ahead() -> None:
    opens = {one.opens_at for one in slots_of_day(RULE, MONDAY)}
    assert opens == {datetime(2026, 11, 16, 0, 0, tzinfo=UTC)}


def test_a_last_stretch_shorter_than_a_slot_is_left() -> None:
    plans = list(slots_of_day(replace(RULE, opens=time(7), closes=time(9, 30)), MONDAY))
    assert [one.ends_at.astimezone(ZONE).time() for one in plans] == [time(8), time(9)]


def test_a_rule_that_closes_after_midnight_belongs_to_the_day_it_opens() -> None:
    night = list(slots_of_day(replace(RULE, opens=time(22), closes=time(2)), MONDAY))
    assert [one.starts_at.astimezone(ZONE).hour for one in night] == [22, 23, 0, 1]
    assert local_date(night[-1].starts_at) == date(2026, 11, 24)


def test_a_rule_that_opens_and_closes_at_the_same_hour_lasts_the_whole_day() -> None:
    assert len(list(slots_of_day(replace(RULE, opens=time(0), closes=time(0)), MONDAY))) == 24


@given(
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.integers(5, 240),
)
def test_slots_never_overlap_and_stay_within_the_hours(
    opens: time, closes: time, minutes: int
) -> None:
    plans = list(slots_of_day(replace(RULE, opens=opens, closes=closes, minutes=minutes), MONDAY))
    length = timedelta(minutes=minutes)
    assert all(one.ends_at - one.starts_at == length for one in plans)
    assert all(a.ends_at == b.starts_at for a, b in pairwise(plans))
    if plans:
        begin = datetime.combine(MONDAY, opens, ZONE)
        assert plans[0].starts_at == begin
        assert plans[-1].ends_at <= begin + timedelta(days=1)


@pytest.mark.parametrize(
    ("on", "code"),
    [
        (date(2025, 12, 31), None),
        (date(2026, 1, 1), "old"),
        (date(2026, 11, 30), "old"),
        (date(2026, 12, 1), "new"),
        (date(2027, 6, 30), "new"),
        (date(2027, 7, 1), "old"),
    ],
)
def test_the_youngest_rule_in_force_on_the_day_wins(on: date, code: str | None) -> None:
    old = replace(RULE, code="old")
    new = replace(RULE, code="new", effective_from=date(2026, 12, 1), effective_to=date(2027, 7, 1))
    for rules in ([old, new], [new, old]):
        found = rule_on(rules, "KIM_THANH_II", "export", on)
        assert (found and found.code) == code


@pytest.mark.parametrize(
    ("gate", "direction"), [("BAN_VUOC", "export"), ("KIM_THANH_II", "import")]
)
def test_a_rule_is_for_its_own_gate_and_direction(gate: str, direction: str) -> None:
    assert rule_on([RULE], gate, direction, MONDAY) is None


def test_a_change_of_rule_takes_effect_on_its_day_and_leaves_the_days_before() -> None:
    sooner = replace(RULE, effective_to=date(2026, 11, 25))
    later = replace(RULE, code="half", minutes=30, effective_from=date(2026, 11, 25))
    days: dict[date, set[str]] = {}
    for one in plan([sooner, later], MONDAY):
        days.setdefault(local_date(one.starts_at), set()).add(one.rule.code)
    assert days[date(2026, 11, 24)] == {"kim-thanh"}
    assert days[date(2026, 11, 25)] == {"half"}


def test_the_plan_reaches_as_far_as_the_rule_of_each_day_says() -> None:
    days = {local_date(one.starts_at) for one in plan([RULE], MONDAY)}
    assert days == {MONDAY + timedelta(days=n) for n in range(8)}
    short = replace(RULE, days_ahead=0)
    assert {local_date(one.starts_at) for one in plan([short], MONDAY)} == {MONDAY}


ENDS = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
OPENS = ENDS - timedelta(days=7)
CLOSES = next(one.closes_at for one in slots_of_day(RULE, MONDAY) if one.ends_at == ENDS)
TICK = timedelta(microseconds=1)


def hour(mode: str = "first_come") -> SimpleNamespace:
    """Return an hour as it stands in the database."""
    return SimpleNamespace(ends_at=ENDS, opens_at=OPENS, closes_at=CLOSES, mode=mode)


def test_an_hour_that_is_still_to_be_drawn_is_not_booked() -> None:
    with pytest.raises(Refusal) as refused:
        check_bookable(hour("ballot"), OPENS)
    assert refused.value.code == "slot_is_drawn"


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (OPENS - TICK, "slot_not_open_yet"),
        (OPENS, None),
        (ENDS - LAST_BOOKING - TICK, None),
        (ENDS - LAST_BOOKING, "slot_over"),
        (ENDS + timedelta(days=1), "slot_over"),
    ],
)
def test_a_slot_is_bookable_from_its_opening_until_shortly_before_it_ends(
    at: datetime, code: str | None
) -> None:
    if code is None:
        check_bookable(hour(), at)
        return
    with pytest.raises(Refusal) as refused:
        check_bookable(hour(), at)
    assert refused.value.code == code
    assert "14:00 23/11/2026" in refused.value.detail() or "14:00 16/11" in refused.value.detail()


@pytest.mark.parametrize(
    ("at", "left"), [(ENDS - LAST_BOOKING - TICK, 3), (ENDS - LAST_BOOKING, 0), (ENDS, 0)]
)
def test_no_place_remains_once_booking_has_closed(at: datetime, left: int) -> None:
    assert ENDS - timedelta(minutes=15) == CLOSES
    assert remaining(10, 7, CLOSES, at) == left
    sooner = replace(RULE, last_booking_minutes=45)
    first = next(slots_of_day(sooner, MONDAY))
    assert first.ends_at - first.closes_at == timedelta(minutes=45)
