"""Hekou's doors: what it announces stands until it thinks otherwise or the time is over."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from border.core.clock import FixedClock
from border.sandbox.app import create_sandbox
from border.sandbox.config import SandboxConfig
from tests.border.sandbox.conftest import NOW

DOOR = "http://hekou.test/hekou/intake"
SAID = {
    "gate": "KIM_THANH_II",
    "direction": "export",
    "from": "2026-11-22T03:00:00Z",
    "until": "2026-11-22T05:00:00Z",
    "trucks": 10,
    "reason": "查验通道检修",
}


def door(folder: Path, clock: FixedClock) -> httpx.AsyncClient:
    """Return somebody at Hekou's door."""
    config = SandboxConfig(folder / "sandbox.sqlite3", "a", "b", "c", "", "", "")
    transport: Any = httpx.ASGITransport(create_sandbox(config, clock))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport)


async def test_the_last_word_stands_also_after_a_restart_until_its_time_is_over(
    tmp_path: Path,
) -> None:
    clock = FixedClock(NOW)
    async with door(tmp_path, clock) as hekou:
        assert (await hekou.get(DOOR)).json()["intake"] == []
        for trucks in (10, 4):
            await hekou.post(DOOR, json=SAID | {"trucks": trucks})
    async with door(tmp_path, clock) as hekou:
        [standing] = (await hekou.get(DOOR)).json()["intake"]
        assert (standing["trucks"], standing["reason"]) == (4, "查验通道检修")
        clock.advance(timedelta(hours=3))
        assert (await hekou.get(DOOR)).json()["intake"] == []


async def test_what_it_takes_back_is_gone_and_nonsense_is_refused(tmp_path: Path) -> None:
    async with door(tmp_path, FixedClock(NOW)) as hekou:
        await hekou.post(DOOR, json=SAID)
        for wrong in ({"until": SAID["from"]}, {"trucks": -1}, {"direction": "up"}):
            assert (await hekou.post(DOOR, json=SAID | wrong)).status_code == 400
        back = {name: SAID[name] for name in ("gate", "direction", "from", "until")}
        assert (await hekou.post(DOOR, json=back)).json() == {"standing": 0}
