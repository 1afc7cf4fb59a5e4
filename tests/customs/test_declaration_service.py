"""The moves people make: every state by every verb by every role, and what a role does not tell."""

from itertools import product
from typing import Any

import pytest
from sqlalchemy import update

from border.core.actor import Actor, Role
from border.core.clock import FixedClock
from border.core.refusal import Refusal
from border.core.store import PROGRAM
from border.payments.charges.charge_service import void
from customs.declaration import DECLARATION, OFFERED_VERBS, VALIDITY
from customs.declaration_service import exit_and_close, make_move
from customs.draft import MoveBody
from customs.storage import declaration

FULL = MoveBody(reason="Because.", outcome="conforming")


class Undone(Exception):
    """Takes the transaction back once its outcome is known."""


async def _outcome(desk: Any, actor: Actor, id: Any, state: str, verb: str) -> str:
    """Return the state that `verb` leads to from `state`, or the code of the refusal."""
    told: list[str] = []

    async def work(unit: Any) -> None:
        await unit.connection.execute(
            update(declaration).where(declaration.c.id == id).values(state=state)
        )
        try:
            told.append((await make_move(unit, id, verb, FULL)).declaration.state)
        except Refusal as refusal:
            told.append(refusal.code)
        raise Undone

    with pytest.raises(Undone):
        await desk.store.perform(actor, work)
    return told[0]


def _expected(role: Role, state: str, verb: str) -> str:
    """What the life says of `verb` by a role that may make it somewhere, release being open."""
    open_here = [m for m in DECLARATION.of(verb) if role in m.by and state in m.sources]
    if open_here:
        # Lodging runs on through registration into the lane.
        return "under_review" if verb == "lodge" else open_here[0].target
    return "release_not_open" if (verb, state) == ("release", "held") else "move_not_open"


async def test_every_state_by_every_offered_verb_by_every_role_is_as_the_life_says(
    desk: Any,
) -> None:
    made = await desk.lodge()
    await desk.decide(desk.person("border_guard"), made, "border_guard", "passed")
    id = made.declaration.id
    for role, verb in product(Role, OFFERED_VERBS):
        actor = desk.person(role, firm=desk.firm)
        if not any(role in move.by for move in DECLARATION.of(verb)):
            # Said before the declaration is even looked at, so that one state stands for all.
            assert await _outcome(desk, actor, id, "draft", verb) == "not_allowed", (role, verb)
            continue
        for state in (state.name for state in DECLARATION.states):
            found = await _outcome(desk, actor, id, state, verb)
            assert found == _expected(role, state, verb), (role, state, verb)


async def test_what_is_not_offered_cannot_be_asked_for(desk: Any) -> None:
    made = await desk.draft()
    for verb in ("register", "clear_green", "exit", "close", "expire", "fly"):
        with pytest.raises(Refusal) as refused:
            await desk.move(desk.officer, made, verb)
        assert refused.value.code == "not_found", verb


async def test_a_query_and_its_answer_are_read_by_whom_they_concern(desk: Any) -> None:
    made = await desk.lodge()
    asked = await desk.move(desk.officer, made, "query", reason="Which packing?")
    assert (asked.declaration.state, asked.declaration.reason) == ("queried", "Which packing?")
    answered = await desk.move(desk.trader, made, "answer", reason="Cartons.")
    assert (answered.declaration.state, answered.declaration.reason) == ("under_review", "Cartons.")
    events = await desk.events(made)
    assert [e.private for e in events if e.type in ("declaration.query", "declaration.answer")] == [
        {"reason": "Which packing?"},
        {"reason": "Cartons."},
    ]
    assert all("reason" not in event.payload for event in events)


async def test_a_decision_without_its_reason_is_refused(desk: Any) -> None:
    made = await desk.lodge()
    for verb in ("query", "order_inspection", "reject", "return", "cancel"):
        with pytest.raises(Refusal) as refused:
            await desk.move(desk.officer, made, verb)
        assert [(e.field, e.code) for e in refused.value.errors] == [("reason", "required")], verb


async def _inspected(desk: Any, outcome: str = "conforming") -> Any:
    made = await desk.lodge(handling=["dangerous_goods"])
    await desk.move(desk.officer, made, "order_inspection", reason="Red lane.")
    return await desk.move(
        desk.officer, made, "record_inspection", outcome=outcome, reason="Looked at ten cartons."
    )


async def test_an_inspection_needs_its_outcome_and_a_note(desk: Any) -> None:
    made = await desk.lodge(handling=["dangerous_goods"])
    await desk.move(desk.officer, made, "order_inspection", reason="Red lane.")
    with pytest.raises(Refusal) as refused:
        await desk.move(desk.officer, made, "record_inspection")
    assert [e.field for e in refused.value.errors] == ["outcome", "reason"]


async def test_the_red_lane_is_not_accepted_without_an_inspection(desk: Any) -> None:
    made = await desk.lodge(handling=["dangerous_goods"])
    with pytest.raises(Refusal) as refused:
        await desk.move(desk.officer, made, "accept")
    assert (refused.value.code, refused.value.kind.status) == ("inspection_needed", 409)


async def test_whoever_inspected_does_not_accept_and_a_second_person_does(desk: Any) -> None:
    inspected = await _inspected(desk)
    assert inspected.declaration.inspected_by == desk.officer.id
    with pytest.raises(Refusal) as refused:
        await desk.move(desk.officer, inspected, "accept")
    assert (refused.value.code, refused.value.kind.status) == ("second_person_needed", 403)
    accepted = await desk.move(desk.second_officer, inspected, "accept")
    assert accepted.declaration.state == "documents_cleared"
    assert accepted.declaration.reviewer_id == desk.second_officer.id
    assert {c.agency: c.state for c in accepted.clearances}["customs"] == "passed"


async def test_goods_found_discrepant_are_accepted_only_with_a_reason(desk: Any) -> None:
    inspected = await _inspected(desk, "discrepant")
    with pytest.raises(Refusal) as refused:
        await desk.move(desk.second_officer, inspected, "accept")
    assert [e.field for e in refused.value.errors] == ["reason"]
    accepted = await desk.move(
        desk.second_officer, inspected, "accept", reason="One carton short, fined."
    )
    assert accepted.declaration.state == "documents_cleared"


async def test_a_rejection_fails_the_clearance_of_customs(desk: Any) -> None:
    made = await desk.lodge()
    rejected = await desk.move(desk.officer, made, "reject", reason="Forbidden goods.")
    assert rejected.declaration.state == "rejected"
    [customs] = [c for c in rejected.clearances if c.agency == "customs"]
    assert (customs.state, customs.reason) == ("failed", "Forbidden goods.")


async def _cleared(desk: Any, **changes: Any) -> Any:
    made = await desk.lodge(**changes)
    await desk.decide(desk.person("border_guard"), made, "border_guard", "passed")
    return await desk.move(desk.officer, made, "accept")


async def test_customs_releases_when_everything_is_given(desk: Any) -> None:
    cleared = await _cleared(desk)
    released = await desk.store.perform(
        desk.officer, lambda unit: make_move(unit, cleared.declaration.id, "release", MoveBody())
    )
    assert released.declaration.state == "released"
    assert released.declaration.released_at == desk.store.clock.now()


async def test_release_is_refused_while_an_agency_has_not_cleared(desk: Any) -> None:
    made = await desk.lodge()
    await desk.move(desk.officer, made, "accept")
    with pytest.raises(Refusal) as refused:
        await desk.move(desk.officer, made, "release")
    assert (refused.value.code, refused.value.kind.status) == ("release_not_open", 409)
    assert refused.value.facts["failed"] == ["border_guard_clearance"]
    assert [e.code for e in refused.value.errors] == ["border_guard_clearance"]


async def test_release_is_refused_while_the_customs_fee_is_owed(desk: Any) -> None:
    cleared = await _cleared(desk, direction="transit", regime=None)
    with pytest.raises(Refusal) as refused:
        await desk.move(desk.officer, cleared, "release")
    assert refused.value.facts["failed"] == ["charges_settled"]
    reference = cleared.declaration.reference
    await desk.store.perform(PROGRAM, lambda unit: void(unit, reference))
    assert (await desk.move(desk.officer, cleared, "release")).declaration.state == "released"


async def test_held_goods_are_not_released_again_but_by_lifting_the_hold(desk: Any) -> None:
    cleared = await _cleared(desk)
    await desk.move(desk.officer, cleared, "release")
    await desk.move(desk.officer, cleared, "hold", reason="A tip.")
    with pytest.raises(Refusal) as refused:
        await desk.move(desk.officer, cleared, "release")
    assert refused.value.facts["failed"] == ["no_hold"]
    with pytest.raises(Refusal) as stopped:
        await desk.store.perform(PROGRAM, lambda unit: exit_and_close(unit, cleared.declaration.id))
    assert stopped.value.code == "move_not_open"
    assert (await desk.move(desk.officer, cleared, "lift")).declaration.state == "released"


async def test_the_exit_closes_the_declaration_in_the_name_of_the_program(desk: Any) -> None:
    cleared = await _cleared(desk)
    await desk.move(desk.officer, cleared, "release")
    gate = desk.person(Role.GATE_STAFF)
    closed = await desk.store.perform(
        gate, lambda unit: exit_and_close(unit, cleared.declaration.id)
    )
    assert (closed.state, closed.closed_at) == ("closed", desk.store.clock.now())
    assert [(e.type, e.actor) for e in (await desk.events(cleared))[-2:]] == [
        ("declaration.exit", "system"),
        ("declaration.close", "system"),
    ]


async def test_validity_runs_from_registration_whatever_happens_in_between(
    desk: Any, clock: FixedClock
) -> None:
    made = await desk.lodge()
    until = clock.now() + VALIDITY
    clock.advance(VALIDITY / 2)
    asked = await desk.move(desk.officer, made, "query", reason="Which packing?")
    assert asked.declaration.overdue_at == until


async def test_a_cancelled_declaration_owes_nothing_any_more(desk: Any) -> None:
    made = await desk.lodge(direction="transit", regime=None)
    cancelled = await desk.move(desk.officer, made, "cancel", reason="Declared twice.")
    assert [charge.state for charge in cancelled.charges] == ["voided"]


async def test_a_foreign_declaration_does_not_exist_for_another_firm(desk: Any) -> None:
    made = await desk.draft()
    stranger = desk.person(Role.TRADER, firm=desk.other_firm)
    for verb in ("lodge", "cancel"):
        with pytest.raises(Refusal) as refused:
            await desk.move(stranger, made, verb)
        assert refused.value.code == "not_found"


async def test_a_carrier_who_also_trades_does_not_act_for_the_firm_it_carries_for(
    desk: Any,
) -> None:
    made = await desk.draft(carrier_tax_code="0100233488")
    carrier = desk.person(Role.CARRIER, Role.TRADER, firm=desk.carrier_firm)
    with pytest.raises(Refusal) as refused:
        await desk.move(carrier, made, "cancel")
    assert (refused.value.code, refused.value.kind.status) == ("not_the_owner", 403)


async def test_an_officer_who_also_trades_does_not_cancel_a_strangers_draft(desk: Any) -> None:
    made = await desk.draft()
    both = desk.person(Role.CUSTOMS_OFFICER, Role.TRADER, firm=desk.other_firm)
    with pytest.raises(Refusal) as refused:
        await desk.move(both, made, "cancel", reason="x")
    assert refused.value.code == "not_the_owner"


async def test_a_stale_version_is_not_decided_on(desk: Any) -> None:
    made = await desk.lodge()
    seen = made.declaration.version
    await desk.decide(desk.person("border_guard"), made, "border_guard", "passed")
    with pytest.raises(Refusal) as refused:
        await desk.move(desk.officer, made, "accept", version=seen)
    assert (refused.value.code, refused.value.kind.status) == ("stale_version", 412)
