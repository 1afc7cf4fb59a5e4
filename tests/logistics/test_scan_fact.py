"""A scan placed in time: what its clock and its coming tell, and steps that run backwards."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from logistics.gate_check import ScanKind
from logistics.scan_fact import (
    AGAINST,
    BELIEVED,
    FLAG_LABELS,
    KEPT_BY_DEVICES,
    ScanFlag,
    out_of_order,
    placed,
)

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
ISSUED = NOW - timedelta(days=2)
TICK = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("scanned_at", "happened_at", "flags", "off"),
    [
        (NOW, NOW, [], None),
        (NOW - BELIEVED, NOW - BELIEVED, [], None),
        (NOW - BELIEVED - TICK, NOW - BELIEVED - TICK, ["late"], None),
        (NOW + BELIEVED, NOW, [], None),
        (NOW + BELIEVED + TICK, NOW, ["clock_ahead"], 61),
        (NOW + timedelta(minutes=11), NOW, ["clock_ahead"], 660),
        (NOW + timedelta(days=20_000), NOW, ["clock_ahead"], 20_000 * 86_400),
        (ISSUED, ISSUED, ["late"], None),
        (ISSUED - BELIEVED, ISSUED, ["late"], None),
        (ISSUED - timedelta(hours=3), NOW, ["clock_behind"], -10_800),
        (datetime(1970, 1, 1, tzinfo=UTC), NOW, ["clock_behind"], -1_795_244_400),
    ],
)
def test_a_clock_is_believed_where_it_can_be_right(
    scanned_at: datetime, happened_at: datetime, flags: list[str], off: int | None
) -> None:
    found = placed(scanned_at, NOW, ISSUED)
    assert (found.happened_at, list(found.flags)) == (happened_at, flags)
    assert found.clock_off_seconds == off


def test_a_code_without_a_slip_is_as_old_as_devices_keep_scans() -> None:
    assert placed(NOW - KEPT_BY_DEVICES, NOW).flags == (ScanFlag.LATE,)
    older = placed(NOW - KEPT_BY_DEVICES - timedelta(hours=1), NOW)
    assert (older.flags, older.clock_off_seconds) == ((ScanFlag.CLOCK_BEHIND,), -3600)


@pytest.mark.parametrize(
    ("kind", "minutes", "wrong"),
    [
        ("arrival", -5, []),
        ("arrival", 15, ["entry"]),
        ("arrival", 45, ["entry", "exit"]),
        ("entry", -8, ["arrival"]),
        ("entry", 5, []),
        ("entry", 45, ["exit"]),
        ("inspection_in", 5, ["entry"]),
        ("inspection_in", 15, []),
        ("inspection_out", 45, ["exit"]),
        ("exit", -12, ["arrival", "entry"]),
        ("exit", 5, ["entry"]),
        ("return", 5, ["entry", "exit"]),
        ("return", 60, []),
    ],
)
def test_steps_that_run_backwards_are_named(kind: str, minutes: int, wrong: list[str]) -> None:
    instants = SimpleNamespace(
        arrived_at=NOW,
        admitted_at=NOW + timedelta(minutes=10),
        exited_at=NOW + timedelta(minutes=30),
        returned_at=None,
    )
    found = out_of_order(ScanKind(kind), NOW + timedelta(minutes=minutes), instants)
    assert list(found) == wrong


def test_every_step_has_its_flag_and_every_flag_its_words() -> None:
    assert set(AGAINST) == set(ScanKind)
    assert set(FLAG_LABELS) == set(ScanFlag)
