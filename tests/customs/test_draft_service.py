"""Drafts: begun, changed field by field, and refused with everything that is wrong."""

from collections.abc import Callable
from typing import Any

import pytest

from border.core.actor import Role
from border.core.refusal import Refusal
from customs.columns import draft_of
from customs.draft import DraftChange
from customs.draft_service import change


async def changed(desk: Any, dossier: Any, version: int | None = None, **fields: Any) -> Any:
    return await desk.store.perform(
        desk.trader,
        lambda unit: change(
            unit, dossier.declaration.id, DraftChange.model_validate(fields), version
        ),
    )


async def test_a_draft_is_kept_as_it_was_sent(desk: Any, line: Callable[..., Any]) -> None:
    sent = desk.body(
        lines=[
            line(),
            line(hs_code="081060", quantity="0.125", value={"minor": 7, "currency": "VND"}),
        ],
        handling=["perishable"],
        certificates=["KD-1", {"number": "KD-2", "kind": "plant"}],
        containers=["CSQU3054383"],
    )
    made = await desk.draft(**sent.model_dump())
    assert draft_of(made.declaration, made.lines) == sent
    kept = made.declaration
    assert (kept.state, kept.version, kept.line_count) == ("draft", 1, 2)
    assert kept.reference.startswith("DEC-")
    assert kept.gross_mass_g == 2_400_000
    assert kept.totals == {"USD": 250_000, "VND": 7}
    assert kept.goes_first
    assert made.clearances == []
    assert [event.type for event in await desk.events(made)] == ["declaration.draft"]


async def test_an_unfinished_draft_is_kept_too(desk: Any) -> None:
    made = await desk.draft(regime=None, exporter=None, importer=None, lines=[], declarant=None)
    assert made.declaration.state == "draft"
    assert made.declaration.line_count == 0


async def test_one_field_is_changed_and_the_rest_stays(desk: Any) -> None:
    made = await desk.draft()
    after = await changed(desk, made, version=1, customs_number="300000009999")
    assert after.declaration.version == 2
    before = draft_of(made.declaration, made.lines)
    assert draft_of(after.declaration, after.lines) == before.model_copy(
        update={"customs_number": "300000009999"}
    )


async def test_lines_are_replaced_as_a_whole(desk: Any, line: Callable[..., Any]) -> None:
    made = await desk.draft(lines=[line(), line()])
    after = await changed(desk, made, lines=[line(gross_mass_g=2_000_000)])
    assert [kept.gross_mass_g for kept in after.lines] == [2_000_000]
    assert (after.declaration.line_count, after.declaration.gross_mass_g) == (1, 2_000_000)


async def test_a_stale_version_is_refused_and_nothing_is_changed(desk: Any) -> None:
    made = await desk.draft()
    await changed(desk, made, version=1, regime="B12")
    with pytest.raises(Refusal) as refused:
        await changed(desk, made, version=1, regime="B13")
    assert (refused.value.code, refused.value.kind.status) == ("stale_version", 412)


async def test_what_is_lodged_is_not_edited_any_more(desk: Any) -> None:
    made = await desk.lodge()
    with pytest.raises(Refusal) as refused:
        await changed(desk, made, regime="B12")
    assert refused.value.code == "move_not_open"


async def test_a_wrong_draft_is_not_kept(desk: Any, line: Callable[..., Any]) -> None:
    with pytest.raises(Refusal) as refused:
        await desk.draft(gate="NOWHERE", lines=[line(hs_code="999999")])
    assert refused.value.kind.status == 400
    assert [e.field for e in refused.value.errors] == ["gate", "lines.0.hs_code"]


async def test_a_carrier_is_found_by_its_tax_code_or_named_as_unknown(desk: Any) -> None:
    made = await desk.draft(carrier_tax_code="0100233488")
    assert made.declaration.carrier_organisation_id == desk.carrier_firm
    with pytest.raises(Refusal) as refused:
        await desk.draft(carrier_tax_code="0314409058")
    assert [(e.field, e.code) for e in refused.value.errors] == [
        ("carrier_tax_code", "unknown_carrier")
    ]


async def test_only_a_trader_declares(desk: Any) -> None:
    for role in set(Role) - {Role.TRADER}:
        with pytest.raises(Refusal) as refused:
            await desk.draft(desk.person(role, firm=desk.firm))
        assert refused.value.code == "not_allowed", role


async def test_a_trader_without_a_firm_has_nobody_to_declare_for(desk: Any) -> None:
    with pytest.raises(Refusal) as refused:
        await desk.draft(desk.person(Role.TRADER))
    assert refused.value.code == "no_firm"


async def test_another_firm_cannot_change_it_nor_learn_that_it_exists(desk: Any) -> None:
    made = await desk.draft()
    stranger = desk.person(Role.TRADER, firm=desk.other_firm)
    with pytest.raises(Refusal) as refused:
        await desk.store.perform(
            stranger, lambda unit: change(unit, made.declaration.id, DraftChange(), None)
        )
    assert refused.value.code == "not_found"
