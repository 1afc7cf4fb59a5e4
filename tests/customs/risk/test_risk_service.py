"""Ranking what is lodged: once, by the newest ranker, again when it is lodged anew."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from border.core.actor import Role
from border.core.store import table_of
from border.paper.press import Press
from customs import work_service
from customs.dossier_service import Dossier
from customs.risk import risk_service, storage
from customs.risk.case import Case
from customs.risk.rank import Learned
from customs.risk.tables import RiskScoreRow
from tests.customs.conftest import Desk

score = table_of(RiskScoreRow)


@pytest.fixture
async def press() -> AsyncIterator[Press]:
    """A press of one process, which has ended when the test has."""
    press = Press(1)
    yield press
    ending = list(press._idle)
    press.close()
    for process in ending:
        await process.wait()


async def kept(desk: Desk, learned: Learned) -> int:
    cases = [Case({}, found) for found in (True, False, False)]
    return await risk_service.keep(desk.store, learned, ["declarations.csv"], cases)


async def scores(desk: Desk) -> dict[Any, Any]:
    async with desk.store.reading() as connection:
        found = await connection.execute(select(score))
        return {row.declaration_id: row for row in found}


def id_of(dossier: Dossier) -> Any:
    return dossier.declaration.id


async def test_without_a_ranker_nothing_is_ranked(desk: Desk, press: Press) -> None:
    await desk.lodge()
    assert await risk_service.run(desk.store, press) == 0
    assert await scores(desk) == {}


async def test_what_was_lodged_is_ranked_once_with_its_reasons(
    desk: Desk, press: Press, learned: Learned
) -> None:
    number = await kept(desk, learned)
    lodged, draft = await desk.lodge(), await desk.draft()
    assert await risk_service.rank_due(desk.store, press) == 1
    assert await risk_service.rank_due(desk.store, press) == 0
    found = await scores(desk)
    assert id_of(draft) not in found
    said = found[id_of(lodged)]
    assert said.ranker == number
    assert said.line == 0
    assert said.is_high == (said.chance >= learned.high)
    assert said.reasons
    assert {"says", "facts"} == set(said.reasons[0])


async def test_a_newer_ranker_ranks_anew(desk: Desk, press: Press, learned: Learned) -> None:
    first = await kept(desk, learned)
    lodged = await desk.lodge()
    await risk_service.run(desk.store, press)
    second = await kept(desk, learned)
    assert await risk_service.run(desk.store, press) == 1
    assert (await scores(desk))[id_of(lodged)].ranker == second > first


async def test_of_several_lines_the_likeliest_counts(
    desk: Desk, press: Press, learned: Learned, line: Any
) -> None:
    await kept(desk, learned)
    lines = [line(origin="VN"), line(origin="VN", hs_code="030487", net_mass_g=1_000)]
    there = await desk.lodge(lines=lines)
    turned = await desk.lodge(lines=lines[::-1])
    await risk_service.run(desk.store, press)
    found = await scores(desk)
    one, other = found[id_of(there)], found[id_of(turned)]
    assert one.chance == other.chance
    async with desk.store.reading() as connection:
        goods = await risk_service.goods_of(connection, there.declaration.reference)
    said = await press.draw(_chances, learned.content, [dict(c.values) for c in goods.cases])
    each = [float(chance) for chance in said.decode().split()]
    assert one.chance == pytest.approx(max(each))


async def test_the_zones_own_inspections_are_cases(desk: Desk) -> None:
    await desk.lodge()
    red = await desk.lodge(handling=["dangerous_goods"])
    red = await desk.move(desk.officer, red, "order_inspection", reason="Look")
    await desk.move(
        desk.officer, red, "record_inspection", outcome="discrepant", reason="Other goods"
    )
    async with desk.store.reading() as connection:
        cases = await risk_service.inspected_cases(connection)
    assert [case.found for case in cases] == [True] * len(red.lines)
    assert cases[0].values["Importer ID"] == "hekou trading"
    assert cases[0].values["Seller ID"] == "0100112437"
    assert cases[0].values["Item Price"] == "2500.0"


async def test_drift_is_told_twice_a_day_and_not_more(
    desk: Desk, press: Press, learned: Learned
) -> None:
    await kept(desk, learned)
    await desk.lodge()
    assert await risk_service.note_drift(desk.store, press)
    assert not await risk_service.note_drift(desk.store, press)
    async with desk.store.reading() as connection:
        ranker = await storage.newest(connection)
    assert ranker is not None
    assert ranker.drift["Importer ID"] > 0.25


def _chances(content: bytes, values: list[dict[str, str]]) -> bytes:
    from customs.risk.case import Case
    from customs.risk.ranker import ranker_of

    return " ".join(map(str, ranker_of(content).chances([Case(v) for v in values]))).encode()


async def test_what_is_likely_to_differ_is_taken_first_by_customs_alone(
    desk: Desk, press: Press, learned: Learned
) -> None:
    """The oldest would be next; a likely one goes before it, and what cannot wait before both."""
    # Without a customs number nothing is green, so all three wait for an officer.
    oldest, likely = [await desk.lodge(customs_number=None) for _ in range(2)]
    waits_not = await desk.lodge(customs_number=None, handling=["perishable"])
    await kept(desk, learned)
    await risk_service.run(desk.store, press)
    async with desk.store.engine.begin() as connection:
        for dossier, is_high in ((oldest, False), (likely, True), (waits_not, False)):
            changed = {"is_high": is_high, "chance": 0.9 if is_high else 0.1}
            where = score.c.declaration_id == id_of(dossier)
            await connection.execute(score.update().where(where).values(changed))
    async with desk.store.reading() as connection:
        work = await work_service.work_list(connection, desk.officer)
        pages = list[Any]()
        while page := await work_service.work_list(
            connection, desk.officer, after=pages[-1].place if pages else None, limit=1
        ):
            pages += page
        hidden = await work_service.rank_of(connection, desk.trader, id_of(likely))
        guard = await work_service.work_list(connection, desk.person(Role.BORDER_GUARD))
    asked = [id_of(waits_not), id_of(likely), id_of(oldest)]
    assert [item.declaration.id for item in work] == asked
    assert [item.declaration.id for item in pages] == asked
    assert (work[1].says, work[1].facts) == (work_service.LIKELY_SAYS, {"chance": "90"})
    assert hidden is None
    assert all(item.rank is None for item in guard)
