"""The release of an hour: thousands of clients at once for a few hundred places, and a cut in it.

Every fifth client asks twice at once under one key, every tenth has the truck of
the one before it. While places go the management board
cuts the hour. Afterwards no place may be sold twice and no answer lost, or `WrongAnswer` is raised.
Beside it the bare handler that coalesces is asked for as much.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg

from api.demo import accounts as demo_accounts
from bench import coalesced, machine
from bench.clients import Outcome, ask_apart, opened
from bench.crossing import booking_asked
from bench.gate import served_gate
from bench.ground import Ground
from bench.load import Server, request
from bench.measure import Say, WrongAnswer, opened_yard
from bench.serve import served
from bench.trucks import GATE, BenchHour, Truck, Yard


@dataclass(frozen=True)
class Release:
    """How many places are released to how many clients, and how many a cut leaves."""

    places: int = 500
    clients: int = 5000
    cut: int | None = 300


async def measure_release(ground: Ground, size: Release, say: Say) -> dict[str, Any]:
    """Return how a release went and how long the bare handler takes for as much."""
    asked = [*range(size.clients)]
    twice = asked[::5]
    async with opened_yard(ground) as (_, yard, connection):
        hot, *later = await yard.hours(3, yard.now + timedelta(hours=3))
        await connection.execute(
            "UPDATE slot SET capacity = $2, planned = $2 WHERE id = $1", hot.id, size.places
        )
        texts = await _bodies(yard, size.clients, hot)
        say(f"{size.places} places to {size.clients} clients")
        async with served_gate(ground) as gate:
            cutting = asyncio.create_task(_cut(gate, connection, hot, size))
            outcomes = await ask_apart(gate, texts, twice)
            processor = gate.cpu_seconds()
            cut = await cutting
            say("the same once more: each has its answer again")
            again = await ask_apart(gate, texts, [])
        sold = await _checked(connection, outcomes, again, hot, later, size)
    await _tables(ground)
    say("the bare handler")
    async with served("bench.coalesced", ground.database_url) as bare:
        written = await ask_apart(bare, [request("POST", "/coalesced", "{}")] * size.clients, twice)
    own, reference = _last(outcomes), _last(written)
    return {
        "measured_at": yard.now.isoformat(),
        "places": size.places,
        "clients": size.clients,
        "asked": len(asked) + len(twice),
        "answers": dict(Counter(one.code for one in outcomes)),
        "sold": sold,
        "tries": sum(one.tries for one in outcomes),
        "seconds_to_the_last_answer": own,
        "bare_seconds_to_the_last": reference,
        "times_bare": round(own / reference, 2),
        "cut": cut,
        "cpu_seconds": round(processor, 1),
        "load_after": machine.load_average(),
    }


def _last(outcomes: Sequence[Outcome]) -> float:
    return round(max(one.seconds for one in outcomes), 2)


async def _bodies(yard: Yard, number: int, hour: BenchHour) -> list[str]:
    """Return what each client asks: a third for goods, every tenth for another's truck."""
    loaded = await yard.to_book(-(-number // 3), [hour], loaded=True)
    empty = await yard.to_book(number - len(loaded), [hour], loaded=False)
    trucks: list[Truck] = [
        loaded[n // 3] if n % 3 == 0 else empty[n - n // 3 - 1] for n in range(number)
    ]
    texts = [booking_asked(truck, yard.people).request for truck in trucks]
    for n in range(10, number, 10):
        mine, other = trucks[n].plate_typed, trucks[n - 1].plate_typed
        texts[n] = texts[n].replace(mine, other)
    return texts


async def _cut(
    gate: Server, connection: asyncpg.Connection, hour: BenchHour, size: Release
) -> dict[str, Any] | None:
    """Cut the hour when most places are gone; return how long that took. Raises WrongAnswer."""
    if size.cut is None:
        return None
    caller = await opened(gate.port)
    account = {"email": "manager@demo.test", "password": demo_accounts.PASSWORD}
    _, body = await caller.send(request("POST", "/api/v1/login", json.dumps(account)).encode())
    taken = "SELECT taken FROM slot WHERE id = $1"
    # The places are counted by the database, which rings no bell here.
    while await connection.fetchval(taken, hour.id) < size.places * 4 // 5:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    caller.hang_up()
    caller = await opened(gate.port)
    wanted = {
        "gate": GATE,
        "direction": "export",
        "from": hour.starts_at.isoformat(),
        "until": (hour.starts_at + timedelta(minutes=1)).isoformat(),
        "kind": "yard",
        "value": size.cut,
        "reason": "Half of the yard is under water.",
    }
    headers = {"Authorization": f"Bearer {json.loads(body)['token']}"}
    begun = time.perf_counter()
    text = request("POST", "/api/v1/slot-limits", json.dumps(wanted), headers)
    status, body = await caller.send(text.encode())
    caller.hang_up()
    if status != 200:
        raise WrongAnswer(f"the cut was answered {status}: {body[:300].decode(errors='replace')}")
    return {"to": size.cut, "seconds": round(time.perf_counter() - begun, 2)}


async def _checked(
    connection: asyncpg.Connection,
    outcomes: Sequence[Outcome],
    again: Sequence[Outcome],
    hot: BenchHour,
    later: Sequence[BenchHour],
    size: Release,
) -> int:
    """Return how many places were sold. Raises WrongAnswer where one was sold twice, or lost."""
    told: dict[int, set[tuple[str, str]]] = {}
    for one in (*outcomes, *again):
        told.setdefault(one.client, set()).add((one.code, one.reference))
    many = [client for client, answers in told.items() if len(answers) > 1]
    booked = {answer for [answer] in told.values() if answer[0] == "done"} if not many else set()
    rows = await connection.fetch("SELECT reference, slot_id, state FROM booking")
    slots = await connection.fetch("SELECT id, taken, capacity, kept FROM slot WHERE taken > 0")
    live = Counter(row["slot_id"] for row in rows if row["state"] in ("held", "confirmed"))
    wrong = {
        "clients with two answers": many,
        "clients without one": [n for n in range(size.clients) if n not in told],
        "bookings nobody was told of": {row["reference"] for row in rows} ^ {b[1] for b in booked},
        "hours that count otherwise": [s["id"] for s in slots if s["taken"] != live[s["id"]]],
        "hours with more than they take": [s["id"] for s in slots if s["taken"] > s["capacity"]],
        "places sold beyond what there were": range(size.places, len(booked)),
    }
    for says, found in wrong.items():
        if found:
            raise WrongAnswer(f"{says}: {len(found)}, the first {next(iter(found))}")
    if size.cut is not None and live[hot.id] != size.cut:
        raise WrongAnswer(f"the hour has {live[hot.id]} trucks after it was cut to {size.cut}")
    if not size.places * 4 // 5 <= len(booked):
        raise WrongAnswer(f"only {len(booked)} of {size.places} places were sold")
    return len(booked)


async def _tables(ground: Ground) -> None:
    connection = await asyncpg.connect(ground.database_url)
    try:
        await connection.execute(coalesced.TABLES)
    finally:
        await connection.close()


def told(results: dict[str, Any]) -> str:
    """Return the figures of a release as a table."""
    return "\n".join(f"{name:28} {value}" for name, value in results.items())
