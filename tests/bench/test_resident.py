"""What the served program costs by being there is measured of the program itself."""

import asyncio
import os

import pytest

from bench.ground import opened_ground
from bench.resident import Watch, measure_resident, memory_mb, told

pytestmark = pytest.mark.slow


def test_memory_grows_by_what_is_held() -> None:
    before = memory_mb(os.getpid())
    held = b"x" * 50_000_000
    assert 45 < memory_mb(os.getpid()) - before < 60
    assert len(held) == 50_000_000


def test_start_idleness_and_memory_are_those_of_a_program_that_serves() -> None:
    with opened_ground() as ground:
        found = asyncio.run(measure_resident(ground, Watch(idle_s=1, trucks=20), lambda _: None))
    assert found["start"]["seconds"] >= found["start"]["cpu_seconds"] / 2 > 0
    assert 0 <= found["idle_percent_of_a_core"] < 100
    assert 50 < found["pss_mb"]["before"] <= found["pss_mb"]["under_load"] < 1000
    assert found["answers_a_second"] > 0
    assert told(found).count("\n") == 3
