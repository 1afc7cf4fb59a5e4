"""Lodging: lanes, agencies, charges, refusals, and one live declaration for each number."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from border.core.clock import FixedClock
from border.core.refusal import Refusal
from border.core.store import Store, Unit
from customs import storage
from customs.columns import draft_of
from customs.declaration import VALIDITY
from customs.dossier_service import get
from customs.draft_service import LockedDraft, checked_now
from customs.lodging_service import lodge, lodge_many
from customs.tables import CUSTOMS_NUMBER_FENCE, DeclarationRow
from customs.turn import held_for_move, moved_by_program


async def test_plain_goods_of_a_known_trader_are_cleared_at_once(desk: Any) -> None:
    await desk.known()
    lodged = await desk.lodge()
    row = lodged.declaration
    assert (row.state, row.lane) == ("documents_cleared", "green")
    assert row.lodged_at == row.registered_at == desk.store.clock.now()
    assert row.overdue_at == row.registered_at + VALIDITY
    assert {c.agency: c.state for c in lodged.clearances} == {
        "customs": "passed",
        "border_guard": "pending",
        "plant_quarantine": "not_required",
        "animal_quarantine": "not_required",
        "health_quarantine": "not_required",
    }
    assert lodged.charges == []
    assert [event.type for event in await desk.events(lodged)] == [
        "declaration.draft",
        "declaration.lodge",
        "declaration.register",
        "declaration.clear_green",
        "clearance.pass",
    ]


async def test_the_event_of_lodging_tells_the_goods_and_keeps_the_rules_inside(desk: Any) -> None:
    lodged = await desk.lodge()
    event = next(e for e in await desk.events(lodged) if e.type == "declaration.lodge")
    assert event.payload == {
        "state": "lodged",
        "goods_lane": "yellow",
        "direction": "export",
        "regime": "B11",
        "line_count": 1,
        "gross_mass_g": 1_200_000,
        "agencies": ["border_guard", "customs"],
    }
    assert event.private == {"lane_rules": ["first_declaration"]}
    assert lodged.declaration.lane_rules["codes"] == ["first_declaration"]


async def test_a_traders_first_declaration_is_reviewed(desk: Any) -> None:
    lodged = await desk.lodge()
    assert (lodged.declaration.state, lodged.declaration.lane) == ("under_review", "yellow")
    assert {c.agency: c.state for c in lodged.clearances}["customs"] == "pending"


async def test_live_animals_take_the_red_lane_and_call_in_the_veterinary(
    desk: Any, line: Callable[..., Any]
) -> None:
    lodged = await desk.lodge(handling=["live_animals"], lines=[line(hs_code="010121")])
    assert lodged.declaration.lane == "red"
    assert {c.agency for c in lodged.clearances if c.state == "pending"} == {
        "customs",
        "border_guard",
        "animal_quarantine",
    }


async def test_fruit_calls_in_plant_quarantine_and_its_certificate_keeps_it_green(
    desk: Any, line: Callable[..., Any]
) -> None:
    await desk.known()
    fruit = [line(hs_code="081060")]
    without = await desk.lodge(lines=fruit)
    certified = await desk.lodge(lines=fruit, certificates=["KD-1"])
    assert (without.declaration.lane, certified.declaration.lane) == ("yellow", "green")
    assert {c.agency: c.state for c in certified.clearances}["plant_quarantine"] == "pending"


async def test_goods_in_transit_owe_the_customs_fee_on_lodging(desk: Any) -> None:
    lodged = await desk.lodge(direction="transit", regime=None)
    [charge] = lodged.charges
    assert (charge.kind, charge.amount_minor, charge.currency) == (
        "customs_transit_fee",
        200_000,
        "VND",
    )
    assert charge.payer_organisation_id == desk.firm
    assert charge.subject == lodged.declaration.reference


async def test_a_set_is_lodged_item_by_item_and_a_bad_one_spoils_no_other(desk: Any) -> None:
    good, stale, unfinished, twice, transit = [
        await desk.draft(customs_number="300000000700"),
        await desk.draft(),
        await desk.draft(lines=[]),
        await desk.draft(customs_number="300000000700"),
        await desk.draft(direction="transit", regime=None),
    ]
    await desk.lodge(customs_number="300000000701")
    taken = await desk.draft(customs_number="300000000701")

    async def lodge_all(unit: Unit) -> list[DeclarationRow | Refusal]:
        held = []
        for dossier in (good, stale, unfinished, twice, taken, transit):
            row = await held_for_move(unit, dossier.declaration.id, "lodge")
            body = draft_of(row, dossier.lines)
            goods, _, errors = await checked_now(unit.connection, body, complete=True)
            held.append(LockedDraft(row, goods, errors, version=9 if dossier is stale else None))
        return await lodge_many(unit, held)

    outcomes = await desk.store.perform(desk.trader, lodge_all)
    assert [getattr(each, "code", None) or each.state for each in outcomes] == [
        "documents_cleared",
        "stale_version",
        "invalid_fields",
        "customs_number_in_use",
        "customs_number_in_use",
        "documents_cleared",
    ]
    told = [len(await desk.events(each)) for each in (good, stale, unfinished, twice, taken)]
    assert told == [5, 1, 1, 1, 1]
    async with desk.store.reading() as connection:
        [charge] = (await get(connection, desk.trader, transit.declaration.id)).charges
        after = await get(connection, desk.trader, twice.declaration.id)
    assert (charge.state, charge.amount_minor) == ("owed", 200_000)
    assert (after.declaration.state, after.declaration.version) == ("draft", 1)
    assert after.clearances == []


async def test_an_incomplete_draft_is_not_lodged_and_stays_a_draft(desk: Any) -> None:
    made = await desk.draft(lines=[], importer=None)
    with pytest.raises(Refusal) as refused:
        await desk.move(desk.trader, made, "lodge")
    assert {(e.field, e.code) for e in refused.value.errors} == {
        ("lines", "required"),
        ("importer", "required"),
    }
    assert [event.type for event in await desk.events(made)] == ["declaration.draft"]


async def test_a_declaration_is_lodged_once(desk: Any) -> None:
    lodged = await desk.lodge()
    with pytest.raises(Refusal) as refused:
        await desk.move(desk.trader, lodged, "lodge")
    assert refused.value.code == "move_not_open"


async def test_a_stale_version_is_not_lodged(desk: Any) -> None:
    made = await desk.draft()
    with pytest.raises(Refusal) as refused:
        await desk.move(desk.trader, made, "lodge", version=2)
    assert refused.value.code == "stale_version"


async def test_a_returned_declaration_is_corrected_and_lodged_again(
    desk: Any, clock: FixedClock
) -> None:
    lodged = await desk.lodge(direction="transit", regime=None)
    guard = desk.person("border_guard")
    await desk.decide(guard, lodged, "border_guard", "passed")
    returned = await desk.move(desk.officer, lodged, "return", reason="Wrong consignee.")
    assert (returned.declaration.state, returned.declaration.reason) == (
        "returned",
        "Wrong consignee.",
    )
    again_at = clock.advance(VALIDITY / 3)
    again = await desk.move(desk.trader, returned, "lodge")
    assert again.declaration.state == "under_review"
    assert again.declaration.reason is None
    assert again.declaration.overdue_at == again_at + VALIDITY
    assert {c.agency: c.state for c in again.clearances}["border_guard"] == "pending"
    assert [charge.state for charge in again.charges] == ["owed"]


async def test_a_customs_number_in_use_is_refused_at_lodging(desk: Any) -> None:
    await desk.lodge(customs_number="300000000777")
    second = await desk.draft(customs_number="300000000777")
    with pytest.raises(Refusal) as refused:
        await desk.move(desk.trader, second, "lodge")
    assert (refused.value.code, refused.value.kind.status) == ("customs_number_in_use", 409)
    assert refused.value.facts == {"number": "300000000777"}


async def test_the_number_of_a_cancelled_declaration_is_free_again(desk: Any) -> None:
    first = await desk.lodge(customs_number="300000000777")
    await desk.move(desk.officer, first, "cancel", reason="Declared twice.")
    second = await desk.lodge(customs_number="300000000777")
    assert second.declaration.registered_at is not None


async def test_a_declaration_lodged_a_moment_ago_moves_on_in_the_same_transaction(
    desk: Any,
) -> None:
    made = await desk.draft()

    async def work(unit: Unit) -> DeclarationRow:
        row = (await lodge(unit, made.declaration.id)).declaration
        return await moved_by_program(unit, row, "expire")

    assert (await desk.store.perform(desk.trader, work)).state == "expired"


async def _race(desk: Any, rivals: int) -> list[object]:
    """Lodge several drafts of one customs number at the same moment."""
    drafts = [await desk.draft(customs_number="300000000778") for _ in range(rivals)]
    return await asyncio.gather(
        *(
            desk.store.perform(desk.trader, lambda unit, id=made.declaration.id: lodge(unit, id))
            for made in drafts
        ),
        return_exceptions=True,
    )


async def test_of_rivals_with_one_customs_number_exactly_one_is_lodged(desk: Any) -> None:
    outcomes = await _race(desk, 5)
    refused = [o.code for o in outcomes if isinstance(o, Refusal)]
    assert refused == ["customs_number_in_use"] * 4


async def test_without_the_fence_every_rival_would_be_lodged(
    desk: Any, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, rivals = storage.known, asyncio.Barrier(5)

    async def together(connection: Any, **asked: Any) -> Any:
        """Look, and go on only when every rival has looked."""
        found = await looking(connection, **asked)
        if asked.get("owners"):
            await rivals.wait()
        return found

    async with store.engine.begin() as connection:
        fence = await connection.scalar(
            text("SELECT indexdef FROM pg_indexes WHERE indexname = :name"),
            {"name": CUSTOMS_NUMBER_FENCE},
        )
        await connection.execute(text(f"DROP INDEX {CUSTOMS_NUMBER_FENCE}"))
    try:
        monkeypatch.setattr(storage, "known", together)
        outcomes = await _race(desk, 5)
        assert [o for o in outcomes if isinstance(o, BaseException)] == []
    finally:
        async with store.engine.begin() as connection:
            await connection.execute(text("TRUNCATE declaration CASCADE"))
            await connection.execute(text(fence))
