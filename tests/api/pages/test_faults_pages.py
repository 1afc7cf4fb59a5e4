"""Faults on the pages: the firm appeals in place, the office decides from its list."""

import re
from typing import Any

from border.core.clock import FixedClock
from tests.api.pages.test_pages_trader import words
from tests.api.routes.test_faults_api import missed

OURS, OFFICE = "/trader/faults", "/manager/faults"


async def test_a_firm_reads_its_fault_appeals_and_reads_the_answer(
    browse: Any, crossing: Any, clock: FixedClock
) -> None:
    trader, manager = await browse("trader"), await browse("manager")
    assert "No rules on faults are in force" in words(await trader.get(OURS))
    booked = await missed(crossing, clock)
    page = await trader.get(OURS)
    said = words(page)
    assert "The truck did not come" in said
    assert booked["reference"] in said
    assert "Warned until" in said
    assert "Your firm stands here" in said
    assert OURS in (await trader.get("/trader")).text
    (action,) = re.findall(rf'action="({OURS}/[0-9a-f-]+/appeal)"', page.text)
    refused = await trader.send(page, action, reason=" ")
    assert refused.status_code == 400
    sent = await trader.send(page, action, reason="Landslide at Sa Pa")
    assert sent.status_code == 303
    assert "The office answers until" in words(await trader.get(OURS))

    assert OFFICE in (await manager.get("/manager")).text
    lists = await manager.get(OFFICE)
    assert "Landslide at Sa Pa" in words(lists)
    (action,) = re.findall(rf'action="({OFFICE}/[0-9a-f-]+/dismiss)"', lists.text)
    assert (await trader.client.post(action)).status_code in (400, 403)
    done = await manager.send(lists, action, reason="The road was open")
    assert done.status_code == 303
    assert "No appeals wait" in words(await manager.get(OFFICE))
    assert "The road was open" in words(await manager.get(OFFICE, all="true"))
    answered = words(await trader.get(OURS))
    assert "The office answered: The road was open" in answered
    assert "Warned until" in answered


async def test_the_office_excuses_and_the_firm_stands_nowhere(
    browse: Any, crossing: Any, clock: FixedClock
) -> None:
    await missed(crossing, clock)
    trader, manager = await browse("trader"), await browse("manager")
    (fault,) = (await crossing.sees("trader", "/faults"))["items"]
    await crossing.does("trader", f"/faults/{fault['id']}/appeal", {"reason": "Ice"})
    page = await manager.get(OFFICE)
    done = await manager.send(page, f"{OFFICE}/{fault['id']}/uphold", reason="It was icy")
    assert done.status_code == 303
    said = words(await trader.get(OURS))
    assert "Nothing is limited." in said
    assert "Why it does not count: The office excused it" in said
