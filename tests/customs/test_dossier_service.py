"""Reading: who sees what, lists in pages, the work that waits, what the barrier asks."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from border.core.actor import STAFF, Actor, Role
from border.core.clock import FixedClock
from border.core.refusal import Refusal
from customs.dossier_service import gate_view, get, list_declarations
from customs.work_service import GOES_FIRST_SAYS, IN_TURN_SAYS, work_list


async def listed(desk: Any, actor: Actor, **wanted: Any) -> list[UUID]:
    async with desk.store.reading() as connection:
        page = await list_declarations(connection, actor, **wanted)
        return [row.id for row in page.items]


async def seen(desk: Any, actor: Actor, id: UUID) -> bool:
    async with desk.store.reading() as connection:
        try:
            return (await get(connection, actor, id)).declaration.id == id
        except Refusal as refusal:
            return refusal.code != "not_found"


async def test_the_firm_its_carrier_and_the_staff_see_it_and_nobody_else(desk: Any) -> None:
    id = (await desk.draft(carrier_tax_code="0100233488")).declaration.id
    other = (await desk.draft()).declaration.id
    people = {
        "own": desk.trader,
        "carrier": desk.person(Role.CARRIER, firm=desk.carrier_firm),
        "stranger": desk.person(Role.TRADER, firm=desk.other_firm),
        "nowhere": desk.person(Role.TRADER),
        "platform": desk.person(Role.PLATFORM),
        **{role: desk.person(role) for role in STAFF},
    }
    expected = {
        "own": {id, other},
        "carrier": {id},
        "stranger": set(),
        "nowhere": set(),
        "platform": set(),
        **{role: {id, other} for role in STAFF},
    }
    for who, actor in people.items():
        assert set(await listed(desk, actor)) == expected[who], who
        assert {i for i in (id, other) if await seen(desk, actor, i)} == expected[who], who


async def test_a_list_is_narrowed_by_what_one_looks_for(
    desk: Any, line: Callable[..., Any]
) -> None:
    draft = await desk.draft(customs_number="300000000555")
    fruit = await desk.lodge(lines=[line(hs_code="081060")])
    red = await desk.lodge(handling=["dangerous_goods"], gate="BAN_VUOC")
    transit = await desk.lodge(direction="transit", regime=None)
    for wanted, expected in (
        ({"states": ["draft"]}, [draft]),
        ({"states": ["draft", "documents_cleared"]}, [transit, draft]),
        ({"lane": "red"}, [red]),
        ({"direction": "transit"}, [transit]),
        ({"gate": "BAN_VUOC"}, [red]),
        ({"pending_agency": "plant_quarantine"}, [fruit]),
        ({"pending_agency": "border_guard", "lane": "red"}, [red]),
        ({"q": draft.declaration.reference.lower().replace("-", " ")}, [draft]),
        ({"q": " 300000000555"}, [draft]),
        ({"q": "300000000556"}, []),
        ({"q": "  "}, [transit, red, fruit, draft]),
    ):
        found = await listed(desk, desk.officer, **wanted)
        assert found == [dossier.declaration.id for dossier in expected], wanted


async def test_pages_follow_one_another_without_a_gap_or_a_repeat(
    desk: Any, clock: FixedClock
) -> None:
    made = []
    for n in range(7):
        clock.advance(timedelta(seconds=n % 2))  # several share an instant
        made.append((await desk.draft()).declaration.id)
    found: list[UUID] = []
    cursor = None
    async with desk.store.reading() as connection:
        while True:
            page = await list_declarations(connection, desk.trader, cursor=cursor, limit=3)
            assert len(page.items) <= 3
            found += [row.id for row in page.items]
            cursor = page.next
            if cursor is None:
                break
    assert sorted(found) == sorted(made)
    assert len(found) == 7


async def test_a_cursor_that_is_none_is_refused(desk: Any) -> None:
    for cursor in ("x", "bm90IGEgY3Vyc29y", "é", "MjAyNi0xMS0yM1QxMjowMDowMCB4"):
        with pytest.raises(Refusal) as refused:
            await listed(desk, desk.trader, cursor=cursor)
        assert [(e.field, e.code) for e in refused.value.errors] == [("cursor", "not_a_cursor")]


async def test_what_spoils_goes_first_then_what_waits_longest_each_with_its_reason(
    desk: Any, clock: FixedClock
) -> None:
    first = await desk.lodge(customs_number=None)
    clock.advance(timedelta(minutes=1))
    second = await desk.lodge(customs_number=None, handling=["oversize"])
    clock.advance(timedelta(minutes=1))
    fruit = await desk.lodge(customs_number=None, handling=["perishable"])
    async with desk.store.reading() as connection:
        work = await work_list(connection, desk.officer)
    assert [(item.declaration.id, item.says) for item in work] == [
        (fruit.declaration.id, GOES_FIRST_SAYS),
        (first.declaration.id, IN_TURN_SAYS),
        (second.declaration.id, IN_TURN_SAYS),
    ]


async def test_customs_is_not_shown_what_waits_for_others(desk: Any) -> None:
    made = await desk.lodge()
    guard = desk.person(Role.BORDER_GUARD)

    async def waiting(actor: Actor) -> int:
        async with desk.store.reading() as connection:
            return len(await work_list(connection, actor))

    assert (await waiting(desk.officer), await waiting(guard)) == (1, 1)
    await desk.move(desk.officer, made, "accept")
    assert (await waiting(desk.officer), await waiting(guard)) == (0, 1)
    await desk.decide(guard, made, "border_guard", "passed")
    assert (await waiting(desk.officer), await waiting(guard)) == (1, 0)
    await desk.move(desk.officer, made, "release")
    assert (await waiting(desk.officer), await waiting(guard)) == (0, 0)


async def test_somebody_who_decides_nothing_has_no_work_list(desk: Any) -> None:
    async with desk.store.reading() as connection:
        with pytest.raises(Refusal) as refused:
            await work_list(connection, desk.trader)
    assert refused.value.code == "not_allowed"


async def test_the_barrier_learns_all_it_asks_in_one_statement(
    desk: Any, line: Callable[..., Any]
) -> None:
    made = await desk.lodge(
        lines=[line(hs_code="850440"), line(hs_code="081060"), line(hs_code="850440")],
        handling=["oversize"],
        containers=["CSQU3054383"],
    )
    draft = await desk.draft(lines=[])
    async with desk.store.reading() as connection:
        views = await gate_view(connection, [made.declaration.id, draft.declaration.id, desk.firm])
        assert await gate_view(connection, []) == {}
    assert set(views) == {made.declaration.id, draft.declaration.id}
    view = views[made.declaration.id]
    assert view.reference == made.declaration.reference
    assert (view.state, view.lane, view.released, view.held) == (
        "under_review",
        "yellow",
        False,
        False,
    )
    assert view.clearances["plant_quarantine"] == "pending"
    assert sorted(view.hs_codes) == ["081060", "850440"]
    assert (view.description, view.line_count, view.gross_mass_g) == (
        "Static converters",
        3,
        3_600_000,
    )
    assert (view.handling, view.containers) == (("oversize",), ("CSQU3054383",))
    assert views[draft.declaration.id].clearances == {}


async def test_the_barrier_sees_a_release_and_a_hold(desk: Any) -> None:
    made = await desk.lodge()
    await desk.decide(desk.person("border_guard"), made, "border_guard", "passed")
    await desk.move(desk.officer, made, "accept")
    seen_by_barrier = []
    for verb, body in (("release", {}), ("hold", {"reason": "A tip."}), ("lift", {})):
        await desk.move(desk.officer, made, verb, **body)
        async with desk.store.reading() as connection:
            [view] = (await gate_view(connection, [made.declaration.id])).values()
        seen_by_barrier.append((view.released, view.held))
    assert seen_by_barrier == [(True, False), (False, True), (True, False)]
