"""Templates of the week: closures and holidays end as limits, longer days as hours."""

from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import Any

import pytest

from border.core.actor import Actor, Role
from border.core.clock import ZONE, FixedClock, local_date
from border.core.ids import new_id
from border.core.refusal import Refusal
from border.regulation import regulation_service
from border.regulation.rule_kind import RuleSetDraft
from logistics.capacity import template_service
from logistics.capacity.template import (
    HOUR_TEMPLATES,
    HourTemplate,
    HourTemplateRow,
    holiday,
    hours_on,
    opened_longer,
)
from logistics.tables import BookingRow, SlotRow
from tests.logistics.conftest import GATE, SLIPS
from tests.logistics.test_slot import RULE

MONDAY = date(2026, 11, 23)
LUNCH = {
    "name": "lunch",
    "direction": "export",
    "days": ["wed", "thu"],
    "opens": "12:00",
    "closes": "13:00",
    "places": 0,
    "reason": "Customs has its meal.",
}


def draft(*rows: dict[str, Any], gate: str = GATE, code: str = "week") -> RuleSetDraft:
    """Return templates of a gate from tomorrow on."""
    return RuleSetDraft.model_validate(
        {
            "code": code,
            "title": "The week",
            "issued_by": "the management board",
            "legal_basis": "a decision",
            "effective_from": MONDAY + timedelta(days=1),
            "gate": gate,
            "rows": rows,
        }
    )


def template(**changes: Any) -> HourTemplate:
    """Return a template that has been in force for long."""
    row = HourTemplateRow.model_validate(LUNCH | changes)
    return HourTemplate(GATE, row, date(2026, 1, 1), None, "week@1")


@pytest.mark.parametrize(
    ("rows", "field", "code"),
    [
        ([{}, {"name": "again", "opens": "12:30", "closes": "14:00"}], "rows.1.opens", "overlaps"),
        ([{"opens": "14:00"}], "rows.0.closes", "not_after_opens"),
        ([{}, {"days": ["mon"]}], "rows.1.name", "repeated"),
    ],
)
async def test_templates_that_contradict_each_other_are_refused(
    yard: Any, rows: Sequence[dict[str, Any]], field: str, code: str
) -> None:
    wrong = draft(*(LUNCH | one for one in rows))
    with pytest.raises(Refusal) as refused:
        await yard.enacts(HOUR_TEMPLATES, wrong)
    assert [(error.field, error.code) for error in refused.value.errors] == [(field, code)]


def test_a_holiday_is_named_in_the_language_of_its_country_and_beats_the_day_of_the_week() -> None:
    tet = date(2026, 2, 17)  # A Tuesday.
    assert holiday("holiday_vn", tet) == "Tết Nguyên Đán (Lunar New Year)"
    assert (holiday("holiday_cn", tet) or "").startswith("春节")
    week = template(days=["tue"])
    closed = template(name="holiday", days=["holiday_vn"], opens="00:00", closes="23:59")
    [hours] = hours_on([week, closed], GATE, "export", tet)
    assert hours.reason == "Customs has its meal. · Tết Nguyên Đán (Lunar New Year)"
    [hours] = hours_on([week, closed], GATE, "export", tet + timedelta(days=28))
    assert hours.begins.astimezone(ZONE).time() == time(12)


def test_a_day_is_cut_longer_where_a_template_reaches_beyond_its_rule() -> None:
    longer = template(days=["sat"], opens="21:00", closes="23:30", places=20)
    found = opened_longer([RULE], [longer], MONDAY)
    assert [(one.effective_from, one.opens, one.closes) for one in found] == [
        (MONDAY + timedelta(days=5), time(7), time(23, 30))
    ]
    assert opened_longer([RULE], [template(days=["sat"], closes="23:30")], MONDAY) == []


async def limits_of(yard: Any, on: date, gate: str = GATE) -> dict[int, tuple[int, str | None]]:
    """Return what the exports of a day offer by their local hour, and the reason."""
    return {
        slot.starts_at.astimezone(ZONE).hour: (slot.capacity, slot.bound_reason)
        for slot in await yard.rows(SlotRow, gate=gate, direction="export")
        if local_date(slot.starts_at) == on
    }


async def test_a_closure_of_the_week_limits_its_hours_displaces_and_ends_with_its_rules(
    yard: Any, clock: FixedClock
) -> None:
    wednesday = MONDAY + timedelta(days=2)
    booking = await yard.confirmed(await yard.slot_of(wednesday, 12))
    rules = await yard.enacts(HOUR_TEMPLATES, draft(LUNCH))
    assert await template_service.apply_due(yard.store, SLIPS) == 2
    assert await template_service.apply_due(yard.store, SLIPS) == 0
    hours = await limits_of(yard, wednesday)
    assert hours[12] == (0, "Customs has its meal.")
    assert {offered for hour, (offered, _) in hours.items() if hour != 12} == {40}
    [moved] = await yard.rows(BookingRow, id=booking.id)
    assert moved.slot_starts_at.astimezone(ZONE).hour == 13
    somebody = Actor(new_id(), "", frozenset({Role.MANAGER}))
    await yard.does(
        somebody,
        lambda unit: regulation_service.withdraw(unit, HOUR_TEMPLATES, rules.code, "A mistake."),
    )
    assert await template_service.apply_due(yard.store, SLIPS) == 2
    assert (await limits_of(yard, wednesday))[12] == (40, None)


async def test_a_gate_is_open_until_ten_on_the_days_that_say_so(yard: Any) -> None:
    late = LUNCH | {"days": ["fri"], "opens": "19:00", "closes": "22:00", "places": 5}
    await yard.enacts(HOUR_TEMPLATES, draft(late, gate="BAN_VUOC"))
    await template_service.apply_due(yard.store, SLIPS)
    friday = await limits_of(yard, MONDAY + timedelta(days=4), "BAN_VUOC")
    saturday = await limits_of(yard, MONDAY + timedelta(days=5), "BAN_VUOC")
    assert [hour for hour in friday if hour >= 19] == [19, 20, 21]
    assert (friday[18], friday[20]) == ((8, None), (5, "Customs has its meal."))
    assert max(saturday) == 18
