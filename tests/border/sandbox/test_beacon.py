"""The sandbox's beacons: nothing before its time, and the same for everybody afterwards."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

from border.core.clock import FixedClock


async def test_a_round_is_told_when_it_is_there_and_never_otherwise(
    running: Any, config: Any, clock: FixedClock
) -> None:
    at = int(clock.now().timestamp())
    number = (at - 1692803367) // 3 + 2  # the one to come
    async with running(config) as gateway:
        path = f"/beacon/a/public/{number}"
        assert (await gateway.http.get(path)).status_code == 425
        clock.advance(timedelta(seconds=3))
        said = (await gateway.http.get(path)).json()
        other = (await gateway.http.get(f"/beacon/a/public/{number - 1}")).json()
        assert (await gateway.http.get("/beacon/c/public/1")).status_code == 404
    assert said["round"] == number
    assert said["randomness"] == sha256(bytes.fromhex(said["signature"])).hexdigest()
    assert other["randomness"] != said["randomness"]
    async with running(config) as again:
        assert (await again.http.get(path)).json() == said
