"""Clearances: by the right agency only, until release, each told in the feed."""

import asyncio
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from border.core.actor import Role
from border.core.refusal import Refusal
from border.vocabulary import AGENCIES
from customs.clearance import DECIDED_BY, OTHER_AGENCIES


@pytest.fixture
def everything(line: Callable[..., Any]) -> dict[str, Any]:
    """An import that every agency must clear."""
    codes = ("081060", "020110", "220300")
    return {
        "direction": "import",
        "regime": "A11",
        "customs_number": None,
        "exporter": {"name": "Hekou Trading", "country": "CN"},
        "importer": {"name": "Sao Mai", "tax_code": "0100112437", "country": "VN"},
        "lines": [line(hs_code=code) for code in codes],
    }


def states(dossier: Any) -> dict[str, str]:
    return {clearance.agency: clearance.state for clearance in dossier.clearances}


async def test_every_agency_is_called_in_where_its_goods_are(
    desk: Any, everything: dict[str, Any]
) -> None:
    assert states(await desk.lodge(**everything)) == dict.fromkeys(AGENCIES, "pending")


async def test_only_the_agencys_own_role_decides(desk: Any, everything: dict[str, Any]) -> None:
    made = await desk.lodge(**everything)
    for role, agency in product(Role, AGENCIES):
        actor = desk.person(role, firm=desk.firm)
        if DECIDED_BY[agency] is role:
            decided = await desk.decide(actor, made, agency, "passed")
            assert states(decided)[agency] == "passed"
        else:
            with pytest.raises(Refusal) as refused:
                await desk.decide(actor, made, agency, "passed")
            assert refused.value.code == "not_allowed", (role, agency)


async def test_one_account_may_hold_the_roles_of_several_agencies(
    desk: Any, everything: dict[str, Any]
) -> None:
    made = await desk.lodge(**everything)
    both = desk.person(Role.PLANT_QUARANTINE, Role.ANIMAL_QUARANTINE)
    for agency in ("plant_quarantine", "animal_quarantine"):
        made = await desk.decide(both, made, agency, "passed")
    assert [a for a, state in states(made).items() if state == "passed"] == [
        "animal_quarantine",
        "plant_quarantine",
    ]


async def test_a_failed_clearance_is_decided_again_and_a_passed_one_is_not(desk: Any) -> None:
    made = await desk.lodge()
    guard = desk.person("border_guard")
    failed = await desk.decide(guard, made, "border_guard", "failed", "No passport.")
    [clearance] = [c for c in failed.clearances if c.agency == "border_guard"]
    assert (clearance.state, clearance.reason, clearance.decided_by) == (
        "failed",
        "No passport.",
        guard.id,
    )
    assert states(await desk.decide(guard, made, "border_guard", "passed"))["border_guard"] == (
        "passed"
    )
    for decision in ("passed", "failed", "waived"):
        with pytest.raises(Refusal) as refused:
            await desk.decide(guard, made, "border_guard", decision, "x")
        assert refused.value.code == "clearance_not_open"


async def test_a_refusal_and_a_waiver_need_their_reason(desk: Any) -> None:
    made = await desk.lodge()
    for decision in ("failed", "waived"):
        with pytest.raises(Refusal) as refused:
            await desk.decide(desk.person("border_guard"), made, "border_guard", decision)
        assert [(e.field, e.code) for e in refused.value.errors] == [("reason", "required")]


async def test_a_waived_clearance_does_not_stop_the_release(desk: Any) -> None:
    made = await desk.lodge()
    await desk.decide(desk.person("border_guard"), made, "border_guard", "waived", "Empty cab.")
    await desk.move(desk.officer, made, "accept")
    assert (await desk.move(desk.officer, made, "release")).declaration.state == "released"


async def test_what_is_not_required_cannot_be_decided(desk: Any) -> None:
    made = await desk.lodge()
    with pytest.raises(Refusal) as refused:
        await desk.decide(desk.person("plant_quarantine"), made, "plant_quarantine", "passed")
    assert refused.value.facts["state"] == "not_required"


@pytest.mark.parametrize("lodged", [True, False])
async def test_nothing_is_decided_before_registration_or_after_release(
    desk: Any, lodged: bool
) -> None:
    if lodged:
        made = await desk.lodge()
        await desk.decide(desk.person("border_guard"), made, "border_guard", "passed")
        await desk.move(desk.officer, made, "accept")
        await desk.move(desk.officer, made, "release")
    else:
        made = await desk.draft()
    with pytest.raises(Refusal) as refused:
        await desk.decide(desk.person("border_guard"), made, "border_guard", "failed", "x")
    assert refused.value.code == "move_not_open"


async def test_an_agency_that_does_not_exist_is_not_found(desk: Any) -> None:
    made = await desk.lodge()
    with pytest.raises(Refusal) as refused:
        await desk.decide(desk.officer, made, "fire_brigade", "passed")
    assert refused.value.code == "not_found"


async def test_each_decision_raises_the_version_and_is_told_in_order(
    desk: Any, everything: dict[str, Any]
) -> None:
    made = await desk.lodge(**everything)
    version = made.declaration.version
    for agency in OTHER_AGENCIES:
        made = await desk.decide(desk.person(agency), made, agency, "failed", "Seen.")
    assert made.declaration.version == version + len(OTHER_AGENCIES)
    told = [event for event in await desk.events(made) if event.type == "clearance.fail"]
    assert [(e.payload["agency"], e.version) for e in told] == [
        (agency, version + n) for n, agency in enumerate(OTHER_AGENCIES, 1)
    ]
    assert {event.subject for event in told} == {made.declaration.reference}
    assert all(e.private == {"reason": "Seen."} and "reason" not in e.payload for e in told)


async def test_customs_says_it_once_to_pass_is_to_accept_and_to_fail_is_to_reject(
    desk: Any,
) -> None:
    first, second = await desk.lodge(), await desk.lodge(handling=["dangerous_goods"])
    accepted = await desk.decide(desk.officer, first, "customs", "passed")
    assert accepted.declaration.state == "documents_cleared"
    assert states(accepted)["customs"] == "passed"
    with pytest.raises(Refusal) as refused:
        await desk.decide(desk.officer, second, "customs", "passed")
    assert refused.value.code == "inspection_needed"
    rejected = await desk.decide(desk.officer, second, "customs", "failed", "Forbidden.")
    assert rejected.declaration.state == "rejected"
    with pytest.raises(Refusal) as waived:
        await desk.decide(desk.officer, first, "customs", "waived", "x")
    assert waived.value.code == "customs_never_waives"


async def test_agencies_that_decide_at_the_same_moment_all_count_and_are_told_in_order(
    desk: Any, everything: dict[str, Any]
) -> None:
    made = await desk.lodge(**everything)
    await asyncio.gather(
        *(desk.decide(desk.person(agency), made, agency, "passed") for agency in OTHER_AGENCIES),
        desk.move(desk.officer, made, "accept"),
    )
    released = await desk.move(desk.officer, made, "release")
    assert states(released) == dict.fromkeys(AGENCIES, "passed")
    told = await desk.events(made)
    versions = [event.version for event in told if event.payload.get("agency") != "customs"]
    assert versions == list(range(1, released.declaration.version + 1))
