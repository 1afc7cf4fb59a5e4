"""Ranking what was lodged, and keeping what was learned: for officers, and never a decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM
from border.core.money import MINOR_UNITS
from border.core.refusal import NOT_FOUND
from border.core.store import AnyRow, Store, Unit
from border.paper.press import Press
from customs.declaration import CLEARABLE
from customs.risk import apart, storage
from customs.risk.case import Case, plain
from customs.risk.rank import Learned, Rank, as_kept, likeliest

TOGETHER = 50
"""How many declarations are ranked at once, and written in one transaction."""
LATELY = timedelta(days=30)
MOST_LATELY = 5_000
"""Lines of the last month that drift is told from."""
DRIFT_EVERY = timedelta(hours=12)
_FOUND = "discrepant"


@dataclass(frozen=True)
class RankedGoods:
    """The lines of a declaration as cases, with the row that says which declaration it is."""

    row: AnyRow
    positions: tuple[int, ...]
    cases: tuple[Case, ...]


async def inspected_cases(connection: AsyncConnection) -> list[Case]:
    """Return the zone's own inspections, a case for each line of goods, the earliest first.

    What was found in a declaration counts for all of its lines.
    """
    return [
        case
        for goods in _goods(await storage.inspected(connection))
        for case in goods.cases
        if case.values
    ]


async def keep(
    store: Store, learned: Learned, learned_from: Sequence[str], cases: Sequence[Case]
) -> int:
    """Keep a ranker, which is the one asked from now on; return its number. writes: ranker."""

    async def work(unit: Unit) -> int:
        return await storage.add_ranker(
            unit.connection,
            learned_at=unit.at,
            learned_from=list(learned_from),
            cases=len(cases),
            found=sum(bool(case.found) for case in cases),
            worth=learned.judged.at,
            calibration_error=learned.judged.calibration_error,
            high=learned.high,
            content=learned.content,
            drift={},
        )

    return await store.perform(PROGRAM, work)


async def goods_of(connection: AsyncConnection, reference: str) -> RankedGoods:
    """Return the goods of a declaration. refuses: not_found, where it has no lines either."""
    found = _goods(await storage.goods_of(connection, reference))
    if not found:
        raise NOT_FOUND(what="declaration")
    return found[0]


async def rank_due(store: Store, press: Press) -> int:
    """Rank what waits and was not ranked, a few together; return how many. writes: risk_score."""
    async with store.reading() as connection:
        ranker = await storage.newest(connection)
        if ranker is None:
            return 0
        waiting = _goods(await storage.unranked(connection, CLEARABLE, ranker.number, TOGETHER))
        if not waiting:
            return 0
        content = await storage.content_of(connection, ranker.number)
    values = [dict(case.values) for goods in waiting for case in goods.cases]
    said = await press.draw(apart.explain, content, values)
    ranks = iter(msgspec.json.decode(said, type=list[Rank]))
    at = store.clock.now()
    scores = [_score(goods, [next(ranks) for _ in goods.cases], ranker.high) for goods in waiting]
    columns = {"ranker": ranker.number, "ranked_at": at}

    async def work(unit: Unit) -> None:
        await storage.keep_scores(unit.connection, [{**score, **columns} for score in scores])

    await store.perform(PROGRAM, work)
    return len(scores)


async def run(store: Store, press: Press) -> int:
    """Rank all that is due; now and then tell how far goods have moved. Return how many ranked."""
    ranked = 0
    while now := await rank_due(store, press):
        ranked += now
    await note_drift(store, press)
    return ranked


async def note_drift(store: Store, press: Press) -> bool:
    """Tell how far the last month moved away from what was learned, twice a day. writes: ranker."""
    at = store.clock.now()
    async with store.reading() as connection:
        ranker = await storage.newest(connection)
        if ranker is None or (ranker.drift_at and at < ranker.drift_at + DRIFT_EVERY):
            return False
        rows = await storage.lodged_since(connection, at - LATELY, MOST_LATELY)
        if not rows:
            return False
        content = await storage.content_of(connection, ranker.number)
    said = await press.draw(apart.moved, content, [_values(row) for row in rows])
    drift = msgspec.json.decode(said, type=dict[str, float])

    async def work(unit: Unit) -> None:
        await storage.note_drift(unit.connection, ranker.number, drift, at)

    await store.perform(PROGRAM, work)
    return True


def _score(goods: RankedGoods, ranks: Sequence[Rank], high: float) -> dict[str, Any]:
    place = likeliest(ranks)
    return {
        "declaration_id": goods.row.id,
        "lodged_at": goods.row.lodged_at,
        "line": goods.positions[place],
        "chance": ranks[place].chance,
        "is_high": ranks[place].chance >= high,
        "reasons": [as_kept(reason) for reason in ranks[place].reasons],
    }


def _goods(rows: Sequence[AnyRow]) -> list[RankedGoods]:
    """Return rows of lines by their declarations, in the order in which they come."""
    found = list[RankedGoods]()
    for _, lines in groupby(rows, key=lambda row: row.id):
        each = list(lines)
        cases = (
            Case(
                _values(row),
                None if row.inspection_outcome is None else row.inspection_outcome == _FOUND,
                row.lodged_at.isoformat() if row.lodged_at else "",
            )
            for row in each
        )
        found.append(RankedGoods(each[0], tuple(row.position for row in each), tuple(cases)))
    return found


def _values(row: AnyRow) -> dict[str, str]:
    """Return what a ranker knows of a line of goods, by the names of `case.COLUMNS`.

    Firms are told apart by tax code, those of abroad by name.
    """
    digits = MINOR_UNITS.get(row.value_currency or "", 0)
    importer, exporter = row.importer or {}, row.exporter or {}
    declarant = row.declarant
    return plain(
        {
            "Office ID": row.gate,
            "Import Type": row.regime or "",
            "Declarant ID": _firm(declarant) if isinstance(declarant, Mapping) else declarant or "",
            "Importer ID": _firm(importer),
            "Seller ID": _firm(exporter),
            "Courier ID": row.carrier_tax_code or "",
            "HS6 Code": row.hs_code or "",
            "Country of Departure": exporter.get("country") or "",
            "Country of Origin": row.origin or "",
            "Direction": row.direction,
            "Currency": row.value_currency or "",
            "Net Mass": "" if row.net_mass_g is None else str(row.net_mass_g / 1000),
            "Item Price": "" if row.value_minor is None else str(row.value_minor / 10**digits),
        }
    )


def _firm(party: Mapping[str, Any]) -> str:
    return party.get("tax_code") or " ".join((party.get("name") or "").casefold().split())
