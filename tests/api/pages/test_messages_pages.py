"""The manager's list of what was told to whom, and telling in another way."""

from typing import Any
from uuid import UUID

from border.core.ids import new_id
from border.core.store import PROGRAM, Unit, table_of
from border.identity.tables import AccountRow
from border.messages import queue_service
from border.messages.outbox_worker import undeliver
from border.messages.queue_service import Telling
from border.messages.tables import MessageRow
from logistics.telling.occasions import RELEASED

HERE = "/manager/messages"


async def _firm_of(unit: Unit, account: str) -> UUID:
    """Return the firm that somebody signs in for."""
    found = await unit.fetch(AccountRow, table_of(AccountRow).c.id == UUID(account))
    assert found is not None
    return found.organisation_id


async def _told(running: Any, trader: Any, about: str, *, delivered: bool = True) -> None:
    """Tell the trader that goods were released."""
    facts = {"reference": about, "link": "/trader"}
    at = running.clock.now()

    async def work(unit: Unit) -> None:
        firm = await _firm_of(unit, trader.actor["id"])
        telling = Telling(RELEASED, new_id(), at, "KIM_THANH_II", about, firm, facts)
        await queue_service.queue(unit, [telling], ["email"])
        await unit.write_rows()
        row = await unit.fetch(MessageRow, table_of(MessageRow).c.about == about)
        if row is not None and not delivered:
            await undeliver(unit, row, "The mail server answered {answer}.", "550")

    await running.services.store.perform(PROGRAM, work)


async def test_what_reached_nobody_is_found_and_told_otherwise(running: Any, browse: Any) -> None:
    trader = await running.sign_in("trader")
    await _told(running, trader, "DEC-ONE")
    await _told(running, trader, "DEC-TWO", delivered=False)
    manager = await browse("manager")
    everything = (await manager.get(HERE)).text
    assert "DEC-ONE" in everything
    assert "DEC-TWO" in everything
    only = (await manager.get(HERE, about="dec-one")).text
    assert "DEC-ONE" in only
    assert "DEC-TWO" not in only
    lost = await manager.get(HERE, undelivered="true")
    assert "DEC-ONE" not in lost.text
    assert "The mail server answered 550." in lost.text
    action = lost.text.partition('action="/manager/messages/')[2].partition('"')[0]
    refused = await manager.send(lost, f"{HERE}/{action}", reason="")
    assert refused.status_code == 400
    assert "Say how the person was told." in refused.text
    settled = await manager.send(lost, f"{HERE}/{action}", reason="Called by telephone.")
    assert settled.status_code == 303
    assert "DEC-TWO" not in (await manager.get(HERE, undelivered="true")).text
    assert "Called by telephone." in (await manager.get(HERE)).text


async def test_a_trader_does_not_see_the_zones_list(running: Any, browse: Any) -> None:
    trader = await browse("trader")
    assert (await trader.get(HERE)).status_code == 403
