"""The table of the gate, exhausted: each check on and off, their order, and what `decide` says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logistics.gate_check import (
    CHECKS,
    SAID,
    ScanCode,
    ScanFacts,
    ScanKind,
    decide,
)
from logistics.passage import PASSAGE

STARTS = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
ENDS = STARTS + timedelta(hours=1)
EARLY, GRACE, TICK = timedelta(hours=3), timedelta(minutes=30), timedelta(microseconds=1)
ENTRY_EARLY = timedelta(minutes=20)
STATE_BEFORE = {
    ScanKind.ARRIVAL: "expected",
    ScanKind.ENTRY: "arrived",
    ScanKind.EXIT: "in_zone",
    ScanKind.INSPECTION_IN: "in_zone",
    ScanKind.INSPECTION_OUT: "inspecting",
    ScanKind.RETURN: "exited",
}


def good(kind: ScanKind) -> ScanFacts:
    """Return the facts of a scan at which nothing is wrong."""
    return ScanFacts(
        kind=kind,
        at=STARTS + timedelta(minutes=5),
        gate="KIM_THANH_II",
        plate_seen="24C12345",
        slip_state="active",
        slip_gate="KIM_THANH_II",
        plates=frozenset({"24C12345", "24R00678"}),
        slot_starts_at=STARTS,
        slot_ends_at=ENDS,
        valid_until=ENDS + timedelta(hours=72),
        early=EARLY,
        entry_early=ENTRY_EARLY,
        grace=GRACE,
        passage_state=STATE_BEFORE[kind],
        arrived_at=None,
        owed=0,
        not_released=(),
        held=(),
        waiting_for=(),
    )


def codes(facts: ScanFacts) -> list[str]:
    """Return the codes of the checks that fail."""
    return [check.code for check in decide(facts)]


@pytest.mark.parametrize("kind", ScanKind)
def test_with_nothing_wrong_every_kind_of_scan_goes_on(kind: ScanKind) -> None:
    assert codes(good(kind)) == []


COMING = {ScanKind.ARRIVAL, ScanKind.ENTRY}
BARRIERS = {ScanKind.ENTRY, ScanKind.EXIT}
ONE_WRONG = [
    (ScanCode.REVOKED, {"slip_state": "revoked"}, set(ScanKind)),
    (ScanCode.WRONG_GATE, {"gate": "BAN_VUOC"}, set(ScanKind)),
    (ScanCode.WRONG_VEHICLE, {"plate_seen": "24C99999"}, set(ScanKind)),
    (ScanCode.TOO_EARLY, {"at": STARTS - EARLY - TICK}, COMING),
    (ScanCode.UNPAID, {"owed": 1}, BARRIERS),
    (ScanCode.NOT_RELEASED, {"not_released": ("DEC-1",)}, BARRIERS),
    (ScanCode.HOLD, {"held": ("DEC-1",)}, BARRIERS),
    (ScanCode.CLEARANCE_MISSING, {"waiting_for": ("border_guard",)}, BARRIERS),
]


@pytest.mark.parametrize(
    ("code", "kind"), [(code, kind) for code, _, _ in ONE_WRONG for kind in ScanKind]
)
def test_one_thing_wrong_fails_its_own_check_where_it_is_asked_and_no_other(
    code: ScanCode, kind: ScanKind
) -> None:
    change, kinds = next((change, kinds) for name, change, kinds in ONE_WRONG if name is code)
    assert codes(replace(good(kind), **change)) == ([code] if kind in kinds else [])


def test_an_expired_slip_is_also_too_late() -> None:
    for kind in ScanKind:
        late = replace(good(kind), at=ENDS + timedelta(hours=72))
        assert codes(late) == (["EXPIRED", "TOO_LATE"] if kind in COMING else [])


@pytest.mark.parametrize("kinds", [frozenset(range(n)) for n in (0, 3, 8)])
def test_the_codes_come_in_the_order_of_the_table(kinds: frozenset[int]) -> None:
    wrong = {name: value for n in kinds for name, value in ONE_WRONG[n][1].items()}
    assert codes(replace(good(ScanKind.ENTRY), **wrong)) == [ONE_WRONG[n][0] for n in sorted(kinds)]


@pytest.mark.parametrize("wrong", list(product([False, True], repeat=len(ONE_WRONG))))
def test_every_combination_fails_exactly_what_is_wrong(wrong: tuple[bool, ...]) -> None:
    picked = [one for one, is_wrong in zip(ONE_WRONG, wrong, strict=True) if is_wrong]
    change = {name: value for _, more, _ in picked for name, value in more.items()}
    assert codes(replace(good(ScanKind.ENTRY), **change)) == [code for code, _, _ in picked]


WAY = ("expected", "arrived", "in_zone", "inspecting", "exited", "returned", "closed")
STEP = {
    ScanKind.ARRIVAL: {"expected"},
    ScanKind.ENTRY: {"expected", "arrived"},
    ScanKind.EXIT: {"in_zone"},
    ScanKind.INSPECTION_IN: {"in_zone"},
    ScanKind.INSPECTION_OUT: {"inspecting"},
    ScanKind.RETURN: {"exited"},
}


@pytest.mark.parametrize(("kind", "state"), list(product(ScanKind, WAY)))
def test_a_step_already_made_is_a_duplicate_and_one_not_yet_open_too_early(
    kind: ScanKind, state: str
) -> None:
    found = codes(replace(good(kind), passage_state=state))
    if state in STEP[kind]:
        assert found == []
    elif (kind, state) == (ScanKind.EXIT, "inspecting"):
        assert found == ["TOO_EARLY"]  # it has not come out of the inspection: nothing came twice
    elif all(WAY.index(state) > WAY.index(source) for source in STEP[kind]):
        assert found == ["DUPLICATE"]
    else:
        assert found == ["TOO_EARLY"]


@pytest.mark.parametrize("kind", ScanKind)
def test_nothing_goes_on_once_the_passage_is_called_off(kind: ScanKind) -> None:
    assert codes(replace(good(kind), passage_state="called_off"))


def test_every_state_of_a_passage_is_on_the_way_or_called_off() -> None:
    assert {state.name for state in PASSAGE.states} == {*WAY, "called_off"}


@pytest.mark.parametrize(
    ("kind", "at", "arrived_at", "expected"),
    [
        (ScanKind.ARRIVAL, STARTS - EARLY - TICK, None, ["TOO_EARLY"]),
        (ScanKind.ARRIVAL, STARTS - EARLY, None, []),
        (ScanKind.ENTRY, STARTS - ENTRY_EARLY - TICK, None, ["TOO_EARLY"]),
        (ScanKind.ENTRY, STARTS - ENTRY_EARLY, None, []),
        (ScanKind.ENTRY, ENDS + GRACE - TICK, None, []),
        (ScanKind.ENTRY, ENDS + GRACE, None, ["TOO_LATE"]),
        (ScanKind.ARRIVAL, ENDS + GRACE, None, ["TOO_LATE"]),
        (ScanKind.ENTRY, ENDS + timedelta(hours=9), ENDS + GRACE - TICK, []),
        (ScanKind.ENTRY, ENDS + timedelta(hours=99), ENDS, []),
        (ScanKind.EXIT, ENDS + timedelta(hours=99), STARTS, []),
    ],
)
def test_the_hour_is_half_open_and_a_truck_in_the_yard_is_never_late(
    kind: ScanKind, at: datetime, arrived_at: datetime | None, expected: list[str]
) -> None:
    assert codes(replace(good(kind), at=at, arrived_at=arrived_at)) == expected


@pytest.mark.parametrize("seen", [None, "24C12345", "24R00678"])
def test_no_plate_the_tractors_or_the_trailers_will_do(seen: str | None) -> None:
    assert codes(replace(good(ScanKind.ENTRY), plate_seen=seen)) == []


ANY_FACTS = st.builds(
    ScanFacts,
    kind=st.sampled_from(ScanKind),
    at=st.integers(-72, 120).map(lambda hours: STARTS + timedelta(hours=hours)),
    gate=st.sampled_from(["KIM_THANH_II", "BAN_VUOC"]),
    plate_seen=st.sampled_from([None, "24C12345", "24C99999"]),
    slip_state=st.sampled_from(["active", "used", "closed", "revoked"]),
    slip_gate=st.just("KIM_THANH_II"),
    plates=st.just(frozenset({"24C12345"})),
    slot_starts_at=st.just(STARTS),
    slot_ends_at=st.just(ENDS),
    valid_until=st.just(ENDS + timedelta(hours=72)),
    early=st.just(EARLY),
    entry_early=st.just(ENTRY_EARLY),
    grace=st.just(GRACE),
    passage_state=st.sampled_from([*WAY, "called_off"]),
    arrived_at=st.none() | st.just(STARTS),
    owed=st.integers(0, 2),
    not_released=st.sampled_from([(), ("DEC-1",)]),
    held=st.sampled_from([(), ("DEC-1",)]),
    waiting_for=st.sampled_from([(), ("border_guard", "plant_quarantine")]),
)


@given(ANY_FACTS)
def test_what_fails_is_asked_for_this_kind_and_stands_in_the_order_of_the_table(
    facts: ScanFacts,
) -> None:
    failed = decide(facts)
    assert list(failed) == [check for check in CHECKS if check in failed]
    assert all(facts.kind in check.kinds for check in failed)


@given(ANY_FACTS)
def test_the_barrier_never_opens_for_money_owed_or_goods_not_free(facts: ScanFacts) -> None:
    stopped = facts.owed or facts.not_released or facts.held or facts.waiting_for
    if facts.kind in BARRIERS and stopped:
        assert decide(facts)
    if facts.slip_state == "revoked":
        assert decide(facts)[0].code is ScanCode.REVOKED


@given(ANY_FACTS)
def test_putting_one_thing_right_never_makes_another_fail(facts: ScanFacts) -> None:
    before = set(codes(facts))
    for change in (
        {"owed": 0},
        {"held": ()},
        {"not_released": ()},
        {"waiting_for": ()},
        {"gate": facts.slip_gate},
        {"plate_seen": None},
    ):
        assert set(codes(replace(facts, **change))) <= before


def test_every_code_a_scan_answers_has_a_sentence() -> None:
    said = {check.code for check in CHECKS} | set(SAID)
    assert said == set(ScanCode)
    assert all(check.label.strip() and check.driver.strip() for check in CHECKS)
    assert all(said.label.strip() for said in SAID.values())
    refused = (ScanCode.BAD_SIGNATURE, ScanCode.UNKNOWN)
    assert all(SAID[code].driver for code in refused)


def test_nobody_at_the_gate_overrules_customs_or_an_agency() -> None:
    fixed = {check.code for check in CHECKS if not check.override_by}
    assert fixed == {"WRONG_GATE", "NOT_RELEASED", "HOLD", "CLEARANCE_MISSING"}
