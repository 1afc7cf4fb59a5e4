"""Limiting the hours on the manager's page, without a script: seen before, then put, then shown."""

from typing import Any

from tests.api.pages.test_pages_staff import desk, text_of

__all__ = ["desk"]
HERE = "/manager/slots?gate=KIM_THANH_II&direction=export"
TYPED = {
    "direction": "export",
    "kind": "lanes",
    "from": "2026-11-23T08:00:00Z",
    "until": "2026-11-23T09:00:00Z",
    "value": "0",
    "reason": "Lane X2 is being repaired.",
}


async def test_a_limit_is_seen_with_all_it_displaces_before_it_is_put(
    crossing: Any, desk: Any
) -> None:
    slot = await crossing.slot(place=2)
    booked = await crossing.does("trader", f"/slots/{slot['id']}/bookings", crossing.truck(), 201)
    manager, before = await desk("manager"), await crossing.rows()
    seen = await manager.send(await manager.see(HERE), "/manager/slots/limits", **TYPED)
    assert seen.status_code == 200
    assert await crossing.rows() == before
    words = text_of(seen.text)
    assert "15:00–16:00 40 0" in words
    assert f"1 truck loses its hour {booked['reference']}" in words
    assert "goes to" in words
    put = await manager.send(seen.text, "/manager/slots/limits", value="0", seen="yes")
    assert put.status_code == 303
    words = text_of(await manager.see(put.headers["location"]))
    assert "The limit holds from now on" in words
    assert "15:00–16:00 0 / 40 0 0 0 1 Lanes open : Lane X2 is being repaired." in words
    here, trader = f"/trader/bookings/{booked['id']}", await desk("trader")
    page = await trader.see(here)
    assert "Your hour was taken away" in text_of(page)
    assert f'href="{here}/move"' in page
    await trader.see(f"{here}/move")
    accepted = await trader.send(page, f"{here}/accept_displacement")
    assert accepted.status_code == 303
    assert "Your hour was taken away" not in text_of(await trader.see(here))
    board = text_of((await crossing.running.client.get("/?lang=en")).text)
    assert "Lanes open: Lane X2 is being repaired." in board
    hours = f"/trader/book?{HERE.partition('?')[2]}&date=2026-11-23"
    assert "15:00–16:00 Closed: Lane X2 is being repaired." in text_of(await trader.see(hours))
    no = await crossing.does("trader", f"/slots/{slot['id']}/bookings", crossing.truck(), 409)
    assert (no["code"], no["limit"], no["until"]) == (
        "slot_closed",
        "Lanes open",
        "16:00 23/11/2026",
    )
    assert "Lane X2 is being repaired." in no["detail"]


async def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(desk: Any) -> None:
    manager = await desk("manager")
    wrong = TYPED | {"value": "some", "reason": "As typed"}
    answer = await manager.send(await manager.see(HERE), "/manager/slots/limits", **wrong)
    assert answer.status_code == 400
    assert 'value="As typed"' in answer.text
    assert 'value="some"' in answer.text
    answer = await manager.send(
        await manager.see(HERE), "/manager/slots/limits", **TYPED | {"reason": " "}
    )
    assert "Say why in a sentence" in text_of(answer.text)
    for value, says in (("-3", "It must be at least 0."), ("some", "Type a number")):
        wrong = TYPED | {"value": value, "reason": "", "until": TYPED["from"]}
        answer = await manager.send(await manager.see(HERE), "/manager/slots/limits", **wrong)
        for said in (says, "Say why in a sentence", "must end after it begins"):
            assert said in text_of(answer.text), (value, said)
