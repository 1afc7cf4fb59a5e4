"""Faults over the wire: what a firm sees, appeals, decisions, and what is refused."""

from datetime import timedelta
from typing import Any

from border.core.actor import PROGRAM
from border.core.clock import FixedClock, local_date
from border.core.store import Unit
from border.regulation import regulation_service
from border.timeouts import Timeouts
from logistics.fairness.ladder import FAULT_LADDER
from logistics.faults import noting_service
from logistics.jobs import ON_TIMEOUT
from logistics.tables import BookingRow
from tests.logistics.rule_drafts import ladder_draft


async def missed(crossing: Any, clock: FixedClock) -> dict[str, Any]:
    """Put a ladder in force, let the trader's empty truck miss its hour, return the booking."""
    store = crossing.running.services.store
    draft = ladder_draft(local_date(clock.now()))

    async def work(unit: Unit) -> int:
        return await regulation_service.load(unit, FAULT_LADDER, [draft])

    await store.perform(PROGRAM, work)
    booked: dict[str, Any] = await crossing.booked()
    clock.advance(timedelta(hours=4))
    await Timeouts(store, ON_TIMEOUT, kinds=[BookingRow]).run()
    await crossing.quiet()
    await noting_service.catch_up(store)
    return booked


async def test_a_firm_sees_its_fault_and_where_it_stands_and_an_appeal_is_decided(
    crossing: Any, clock: FixedClock
) -> None:
    booked = await missed(crossing, clock)
    page = await crossing.sees("trader", "/faults")
    (fault,) = page["items"]
    assert (fault["kind"], fault["state"], fault["booking"]) == (
        "not_come",
        "counted",
        booked["reference"],
    )
    standing = page["standing"]
    assert (standing["faults"], standing["days_ahead"], standing["peaks"]) == (1, 60, True)
    assert "a warning" in standing["meaning"]["text"]
    assert [(move["verb"], move["needs"]) for move in fault["moves"]] == [("appeal", ["reason"])]
    path = f"/faults/{fault['id']}"
    empty = await crossing.does("trader", f"{path}/appeal", {"reason": ""}, 400)
    assert [error["field"] for error in empty["errors"]] == ["reason"]
    other = await crossing.does("carrier", f"{path}/appeal", {"reason": "x"}, 404)
    assert other["code"] == "not_found"
    early = await crossing.does("manager", f"{path}/uphold", {"reason": "x"}, 409)
    assert early["code"] == "move_not_open"
    appealed = await crossing.does("trader", f"{path}/appeal", {"reason": "The bridge was shut"})
    assert (appealed["state"], appealed["moves"]) == ("appealed", [])
    waiting = await crossing.sees("manager", "/faults?state=appealed")
    assert [one["appeal"] for one in waiting["items"]] == ["The bridge was shut"]
    assert {move["verb"] for move in waiting["items"][0]["moves"]} == {"uphold", "dismiss"}
    assert waiting["standing"] is None
    upheld = await crossing.does("manager", f"{path}/uphold", {"reason": "It was"})
    assert (upheld["state"], upheld["excuse"]) == ("excused", "upheld")
    assert (await crossing.sees("trader", "/faults"))["standing"] is None
    told = await crossing.sees("trader", path)
    assert (told["answer"], told["excuse_says"]) == ("It was", "The office excused it")
    wrong = await (await crossing.person("trader")).get("/faults?state=nowhere")
    assert wrong.json()["errors"][0]["field"] == "state"


async def test_an_appeal_that_is_turned_down_counts_on(crossing: Any, clock: FixedClock) -> None:
    await missed(crossing, clock)
    (fault,) = (await crossing.sees("trader", "/faults"))["items"]
    path = f"/faults/{fault['id']}"
    await crossing.does("trader", f"{path}/appeal", {"reason": "No driver"})
    done = await crossing.does("manager", f"{path}/dismiss", {"reason": "His own affair"})
    assert (done["state"], done["excuse"], done["moves"]) == ("dismissed", None, [])
    assert (await crossing.sees("trader", "/faults"))["standing"]["faults"] == 1
