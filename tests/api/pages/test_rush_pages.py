"""A rush over the wire: 429 with the time to wait for whoever asks too fast, told to the office."""

from typing import Any
from uuid import UUID

from logistics.fairness.rush import Rush, ends_at
from tests.api.pages.test_pages_trader import words
from tests.logistics.fairness.test_rush import TERMS


async def test_who_asks_faster_than_a_person_is_told_when_and_reading_goes_on(
    crossing: Any, browse: Any, monkeypatch: Any
) -> None:
    services, at = crossing.running.services, crossing.running.clock.now()
    slot, trader = await crossing.slot(), await crossing.person("trader")
    office = await browse("manager")
    assert "ask for" not in words(await office.get("/manager"))
    monkeypatch.setattr(services.bookings, "_terms", TERMS)
    monkeypatch.setattr(
        services.bookings, "rush", Rush(frozenset({UUID(slot["id"])}), ends_at(TERMS, at))
    )
    path = f"/slots/{slot['id']}/bookings"
    answers = [await trader.post(path, crossing.truck()) for _ in range(4)]
    assert [one.status_code for one in answers] == [201, 201, 201, 429]
    assert answers[3].json()["code"] == "asked_too_often"
    assert 1 <= int(answers[3].headers["retry-after"]) <= 20
    assert (await trader.get("/slots?gate=KIM_THANH_II&direction=export")).status_code == 200
    assert "Very many ask for 1 hour at once" in words(await office.get("/manager"))
