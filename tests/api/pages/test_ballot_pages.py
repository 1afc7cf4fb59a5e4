"""A ballot on the pages: found beside its hours, entered, and drawn for everybody to see."""

import re
from typing import Any

from sqlalchemy import update

from border.core.actor import PROGRAM
from border.core.store import Unit
from logistics.ballot import draw_service, storage
from logistics.ballot.beacon import Spoken
from tests.api.http.test_permissions import an_open_ballot
from tests.api.pages.test_pages_trader import TRUCK, words


async def test_a_truck_is_entered_and_finds_its_number(
    running: Any, browse: Any, clock: Any
) -> None:
    store = running.services.store
    ballot = await store.perform(PROGRAM, an_open_ballot)

    async def drawn_hours(unit: Unit) -> None:
        hours = await storage.hours_of(unit.connection, ballot)
        await storage.set_mode(unit.connection, [one.id for one in hours], "ballot")

    await store.perform(PROGRAM, drawn_hours)
    trader = await browse("trader")
    on = {"gate": "KIM_THANH_II", "date": ballot.held_on.isoformat(), "empty": "true"}
    book = await trader.get("/trader/book", **on)
    assert "Drawn by ballot" in words(book)
    here = f"/trader/ballots/{ballot.id}"
    assert f'href="{here}"' in book.text
    page = await trader.get(here)
    hours = re.findall(r'<option value="([0-9a-f-]{36})"', page.text)
    nothing = await trader.send(page, here, **TRUCK, empty="yes")
    assert nothing.status_code == 400
    assert "Choose a crossing hour." in words(nothing)
    wanted = {"preferences.0": hours[1], "preferences.1": hours[0]}
    sent = await trader.send(page, here, **TRUCK, **wanted, empty="yes")
    assert (sent.status_code, sent.headers["location"]) == (303, here)
    mine = await trader.get(here)
    (code,) = set(re.findall(r"ENT-\w{5}-\w{5}", words(mine)))
    twice = await trader.send(mine, here, **TRUCK, **wanted, empty="yes")
    assert twice.status_code == 409
    assert "has its entry already" in words(twice)
    public = await running.client.get(f"/ballots/{ballot.id}", headers={"accept": "text/html"})
    assert code not in public.text, "nobody sees an entry before the ballot has closed"

    clock.at = ballot.closes_at
    await store.perform(PROGRAM, lambda unit: draw_service.close(unit, ballot.id))
    said = Spoken("00" * 32, "11")
    await store.perform(PROGRAM, lambda unit: draw_service.draw(unit, ballot.id, "sandbox-a", said))
    drawn = await running.client.get(
        f"/ballots/{ballot.id}", headers={"accept": "text/html", "accept-language": "zh"}
    )
    assert code in drawn.text
    assert "24C" not in drawn.text, "no plate"
    assert "已抽签" in words(drawn)
    trader = await browse("trader")  # The session of two days ago is over.
    numbered = await trader.get(here)
    assert "Number 1 · 13:00–14:00" in words(numbered)
    where = re.findall(r'href="(/trader/waiting/[0-9a-f-]{36})"', numbered.text)[0]
    assert "Time left to accept" in words(await trader.get(where))


async def test_who_got_no_place_reads_its_number_and_what_it_means(
    running: Any, browse: Any, clock: Any
) -> None:
    store = running.services.store
    ballot = await store.perform(PROGRAM, an_open_ballot)
    async with store.engine.begin() as connection:
        none = update(storage.slot).values(capacity=0)
        await connection.execute(none.where(storage.slot.c.starts_at >= ballot.begins_at))
    trader = await browse("trader")
    here = f"/trader/ballots/{ballot.id}"
    page = await trader.get(here)
    hours = re.findall(r'<option value="([0-9a-f-]{36})"', page.text)
    await trader.send(page, here, **TRUCK, **{"preferences.0": hours[0]}, empty="yes")
    clock.at = ballot.closes_at
    await store.perform(PROGRAM, lambda unit: draw_service.close(unit, ballot.id))
    said = Spoken("00" * 32, "11")
    await store.perform(PROGRAM, lambda unit: draw_service.draw(unit, ballot.id, "sandbox-a", said))
    trader = await browse("trader")  # The session of two days ago is over.
    numbered = await trader.get(here)
    where = re.findall(r'href="(/trader/waiting/[0-9a-f-]{36})"', numbered.text)[0]
    assert "your number from the ballot is 1" in words(await trader.get(where))
