"""Hekou changes its mind: its intake becomes limits, and a line that is down changes nothing."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from border.sandbox.app import create_sandbox
from border.sandbox.config import SandboxConfig
from logistics.capacity.neighbour_service import Neighbour, follow_neighbour
from logistics.capacity.tables import SlotLimitRow
from logistics.tables import BookingRow, SlotRow
from tests.logistics.capacity.test_limit_service import offered
from tests.logistics.conftest import GATE, SLIPS

URL = "http://hekou.test/hekou/intake"


@pytest.fixture
async def hekou(yard: Any, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Hekou's doors, as the sandbox has them, at the yard's hour."""
    config = SandboxConfig(tmp_path / "sandbox.sqlite3", "a", "b", "c", "", "", "")
    transport = httpx.ASGITransport(create_sandbox(config, yard.clock))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport) as client:
        yield client


async def says(hekou: httpx.AsyncClient, slot: SlotRow, trucks: int | None, why: str = "") -> None:
    """Let Hekou say what it takes in within an hour."""
    said = {
        "gate": GATE,
        "direction": "export",
        "from": slot.starts_at.isoformat(),
        "until": slot.ends_at.isoformat(),
        "trucks": trucks,
        "reason": why,
    }
    answer = await hekou.post(URL, json=said)
    assert answer.status_code == 200, answer.text


async def test_what_hekou_takes_in_limits_the_hour_until_it_thinks_otherwise(
    yard: Any, hekou: httpx.AsyncClient
) -> None:
    slot, neighbour = await yard.slot(15), Neighbour(URL, hekou)
    booking = await yard.confirmed(slot)
    assert await follow_neighbour(yard.store, neighbour, SLIPS) == 0
    seen = []
    for trucks in (12, 20, 0, None):
        await says(hekou, slot, trucks, "查验通道检修")
        assert await follow_neighbour(yard.store, neighbour, SLIPS) == 1
        assert await follow_neighbour(yard.store, neighbour, SLIPS) == 0, "nothing is new"
        seen.append(await offered(yard, slot))
    assert seen == [(12, "neighbour"), (20, "neighbour"), (0, "neighbour"), (40, None)]
    [moved] = await yard.rows(BookingRow, id=booking.id)
    assert (moved.displaced_from, moved.displaced_reason) == (slot.starts_at, "查验通道检修")
    limits = await yard.rows(SlotLimitRow)
    assert {(one.source, one.kind, one.decided_by) for one in limits} == {
        ("hekou", "neighbour", "system")
    }


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, b""),
        (200, b"<html>"),
        (200, b'{"intake": [{"gate": "KIM_THANH_II", "trucks": -1}]}'),
        (200, b"{}"),
        (302, b""),
    ],
)
async def test_what_cannot_be_understood_leaves_what_was_said_last(
    yard: Any, hekou: httpx.AsyncClient, status: int, body: bytes
) -> None:
    slot = await yard.slot(15)
    await says(hekou, slot, 7)
    await follow_neighbour(yard.store, Neighbour(URL, hekou), SLIPS)

    async def spoiled(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})

    async with httpx.AsyncClient(transport=httpx.ASGITransport(spoiled)) as client:
        assert await follow_neighbour(yard.store, Neighbour(URL, client), SLIPS) == 0
    assert await offered(yard, slot) == (7, "neighbour")


async def test_a_line_that_is_down_changes_nothing_and_an_unknown_gate_is_passed_by(
    yard: Any, hekou: httpx.AsyncClient
) -> None:
    slot = await yard.slot(15)
    async with httpx.AsyncClient() as client:
        nobody = Neighbour("http://127.0.0.1:9/hekou/intake", client)
        assert await follow_neighbour(yard.store, nobody, SLIPS) == 0
        assert await follow_neighbour(yard.store, Neighbour("", client), SLIPS) == 0
    said = {"gate": "NOWHERE", "direction": "export", "trucks": 1}
    said |= {"from": slot.starts_at.isoformat(), "until": slot.ends_at.isoformat()}
    assert (await hekou.post(URL, json=said)).status_code == 200
    assert await follow_neighbour(yard.store, Neighbour(URL, hekou), SLIPS) == 0
