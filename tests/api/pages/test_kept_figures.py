"""The board and the wall are computed once for everybody, and never behind what is known."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from border.core import kept
from border.core.actor import PROGRAM
from border.core.event import Event
from border.core.store import Store, Unit, table_of
from logistics import board, figures
from logistics.tables import SlotRow

VIEWERS = 60
LANGUAGES = ("vi", "zh", "en")


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every computation of the board, the one on the wall included; none for its age alone."""
    made: list[str] = []
    compute = board.board

    async def noted(*given: Any) -> Any:
        made.append("board")
        return await compute(*given)

    monkeypatch.setattr(board, "board", noted)
    monkeypatch.setattr(kept, "LONGEST", timedelta(minutes=5))
    return made


async def places(running: Any) -> int:
    """Return the places left in the first hours of the board, as programs read it."""
    gates = (await running.client.get("/api/v1/board")).json()["gates"]
    return sum(
        slot["remaining"]
        for gate in gates
        for way in gate["directions"]
        for slot in way["next_slots"]
    )


async def close_an_hour(running: Any, perform: Callable[..., Awaitable[Any]]) -> None:
    """Take the places of the next hours away, with an event that shows on the board."""
    slot = table_of(SlotRow)

    async def work(unit: Unit) -> None:
        await unit.connection.execute(update(slot).values(capacity=slot.c.taken + 1))
        await unit.record(
            Event(
                type="throughput.window",
                gate="KIM_THANH_II",
                subject="KIM_THANH_II/export/X1",
                key="KIM_THANH_II/export/X1",
                version=1,
                happened_at=unit.at,
                recorded_at=unit.at,
                actor="system",
                actor_kind="program",
                request_id="test",
                payload={},
                private={},
            )
        )

    await perform(PROGRAM, work)


async def test_many_viewers_in_every_language_are_one_computation(
    running: Any, computed: list[str]
) -> None:
    def look(number: int) -> Awaitable[Any]:
        path = ("/", "/?fragment=true", "/api/v1/board")[number % 3]
        headers = {"accept": "text/html", "accept-language": LANGUAGES[number // 3 % 3]}
        return running.client.get(path, headers=headers)  # type: ignore[no-any-return]

    answers = await asyncio.gather(*(look(number) for number in range(VIEWERS)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(computed) == 1
    drawn = (await running.services.figures.board.now()).drawn
    assert {locale for _, locale in drawn} == set(LANGUAGES)


async def test_the_part_that_is_kept_is_the_same_for_everybody_and_in_the_page(
    running: Any, crossing: Any
) -> None:
    def of(text: str) -> str:
        return " ".join(text.split())

    trader = await crossing.person("trader")
    parts = {}
    for locale in LANGUAGES:
        headers = {"accept": "text/html", "accept-language": locale}
        part = (await running.client.get("/?fragment=true", headers=headers)).text
        assert (await trader.client.get("/?fragment=true", headers=headers)).text == part
        assert of(part) in of((await running.client.get("/", headers=headers)).text)
        parts[part] = locale
    assert len(parts) == len(LANGUAGES)


async def test_a_change_of_this_process_is_seen_by_the_next_who_looks(
    running: Any, computed: list[str]
) -> None:
    before = await places(running)
    await close_an_hour(running, running.services.store.perform)
    assert await places(running) < before
    assert len(computed) == 2


@pytest.mark.parametrize("pages_open", [False, True])
async def test_a_change_of_another_process_is_seen_within_two_seconds(
    running: Any, *, pages_open: bool
) -> None:
    """Takes the second that a value is kept for, where no page is open that hears of it."""
    services = running.services
    other = Store(services.store.engine, services.store.clock)

    async def watch() -> None:
        async for _ in services.hub.watch(None):
            pass

    watching = asyncio.create_task(watch() if pages_open else asyncio.sleep(0))
    before = await places(running)
    await close_an_hour(running, other.perform)
    async with asyncio.timeout(2):
        while await places(running) == before:  # noqa: ASYNC110  (nobody rings for this one)
            await asyncio.sleep(0.02)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching


async def test_who_shows_figures_is_told_when_they_are_counted(running: Any) -> None:
    store = running.services.store
    await figures.catch_up(store)
    heard = store.committed.listener((figures.COUNTED_ANEW,))
    await figures.catch_up(store)
    assert not heard.is_rung, "there was nothing new"
    await close_an_hour(running, store.perform)
    async with asyncio.timeout(10):
        while not heard.is_rung:
            await figures.catch_up(store)


async def test_one_gate_is_shown_alone_and_an_unknown_one_is_refused(
    running: Any, computed: list[str]
) -> None:
    whole = (await running.client.get("/api/v1/board")).json()["gates"]
    alone = (await running.client.get("/api/v1/board?gate=KIM_THANH_II")).json()["gates"]
    assert alone == [gate for gate in whole if gate["code"] == "KIM_THANH_II"]
    assert len(computed) == 1
    assert (await running.client.get("/api/v1/board?gate=NOWHERE")).status_code == 404


async def test_where_nobody_waits_no_figures_are_shown(running: Any) -> None:
    page = (await running.client.get("/", headers={"accept-language": "en"})).text
    assert "Nobody is waiting to be called." in page
    assert "wait less than" not in page
