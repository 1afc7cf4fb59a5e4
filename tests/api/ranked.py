"""A declaration that was ranked, as the ranking job leaves it."""

from typing import Any
from uuid import UUID

from border.core.actor import PROGRAM
from border.core.store import Unit
from customs.risk import storage
from customs.risk.rank import FOUND_OF_SEEN


async def ranked(crossing: Any, id: str, chance: float) -> None:
    """Write down that a declaration was ranked among the likely ones, by a ranker of its own."""
    store = crossing.running.services.store

    async def work(unit: Unit) -> None:
        number = await storage.add_ranker(
            unit.connection,
            learned_at=unit.at,
            learned_from=["inspections.csv"],
            cases=4_000,
            found=800,
            worth={"5": {"precision": 0.91, "recall": 0.22}},
            calibration_error=0.018,
            high=0.7,
            content=b"",
            drift={"Importer ID": 0.4, "Net Mass": 0.01},
            drift_at=unit.at,
        )
        facts = {"column": "Seller", "value": "0100112437", "found": "4", "seen": "5"}
        score = {
            "declaration_id": UUID(id),
            "ranker": number,
            "lodged_at": unit.at,
            "line": 0,
            "chance": chance,
            "is_high": True,
            "reasons": [{"says": FOUND_OF_SEEN, "facts": facts}],
            "ranked_at": unit.at,
        }
        await storage.keep_scores(unit.connection, [score])

    await store.perform(PROGRAM, work)
