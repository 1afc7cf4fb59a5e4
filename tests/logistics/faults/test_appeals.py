"""Appeals: by the firm, decided by the office, or by time; and what standing on a step means."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from border.core.actor import Actor, Delegation, Role
from border.core.clock import FixedClock, local_date
from border.core.ids import new_id
from border.core.refusal import Refusal
from border.core.store import Once, Unit, table_of
from border.regulation import regulation_service
from logistics import slot_service
from logistics.ballot.terms import BALLOT_TERMS
from logistics.changing import moving_service, truck_service
from logistics.changing.change import MoveRequest, SubstituteVehicle
from logistics.fairness.tables import FaultRow
from logistics.faults import appeal_service
from logistics.tables import BookingRow, SlotRow
from tests.border.core.test_coalescer import counted
from tests.logistics.conftest import GATE, SLIPS
from tests.logistics.faults.conftest import Ladder
from tests.logistics.rule_drafts import terms_draft
from tests.logistics.test_booking_set import ASKED, Rush, many_goods
from tests.logistics.waiting.conftest import Line

DAY = timedelta(days=1)


async def code_of(work: Any) -> tuple[str, str]:
    """Return how something ended, and the sentence of its refusal."""
    try:
        await work
    except Refusal as refusal:
        return refusal.code, refusal.detail()
    return "done", ""


async def tomorrow(ladder: Ladder, hour: int = 15) -> SlotRow:
    """Return an hour of the next day."""
    slot: SlotRow = await ladder.yard.slot_of(local_date(ladder.yard.clock.now()) + DAY, hour)
    return slot


async def test_the_second_fault_bars_days_ahead_and_says_until_when_and_the_way_out(
    ladder: Ladder, clock: FixedClock
) -> None:
    yard = ladder.yard
    await ladder.faults(1)
    assert await yard.tries(yard.book(await tomorrow(ladder))) == "done", "the first one warns"
    [_, second] = await _two(ladder)
    code, says = await code_of(yard.book(await tomorrow(ladder, 16)))
    assert code == "barred_ahead"
    until = second.ended_at + 14 * DAY
    assert f"{until.astimezone(clock.at.tzinfo):%d/%m/%Y}" in says
    assert "appeal" in says
    today = await yard.slot_of(local_date(clock.now()), 21)
    assert await yard.tries(yard.book(today)) == "done", "this day's hours stay open"
    rival = yard.book(await tomorrow(ladder, 16), actor=yard.rival)
    assert await yard.tries(rival) == "done", "and everybody else's"
    clock.at = until
    await slot_service.make_due(yard.store)
    assert await yard.tries(yard.book(await tomorrow(ladder, 17))) == "done"


async def _two(ladder: Ladder) -> list[FaultRow]:
    """Let one more hour be missed; return both faults."""
    slot = await ladder.yard.slot_of(local_date(ladder.yard.clock.now()), 17)
    await ladder.missed(slot)
    return await ladder.note()


async def test_waiting_and_moving_are_barred_as_booking_is(ladder: Ladder) -> None:
    yard = ladder.yard
    await ladder.faults(2)
    ahead = await tomorrow(ladder)
    table = table_of(SlotRow)
    async with yard.store.engine.begin() as connection:
        one = table.update().where(table.c.id == ahead.id).values(planned=1, capacity=1)
        await connection.execute(one)
    await yard.book(ahead, actor=yard.rival)
    assert await yard.tries(Line(yard).join(ahead)) == "barred_ahead"
    held = await yard.book(await yard.slot_of(local_date(yard.clock.now()), 21))
    wanted = MoveRequest(slot_id=(await tomorrow(ladder, 16)).id)
    moving = yard.does(
        yard.trader,
        lambda unit: moving_service.move(unit, held.booking.id, wanted, None, SLIPS),
    )
    assert await yard.tries(moving) == "barred_ahead"


async def test_an_upheld_appeal_lifts_the_step_at_once_and_a_dismissed_one_does_not(
    ladder: Ladder,
) -> None:
    yard = ladder.yard
    [first, second] = await ladder.faults(2)
    await ladder.appeal(first, words="The road was closed at Sa Pa")
    ahead = await tomorrow(ladder)
    assert await yard.tries(yard.book(ahead)) == "barred_ahead", "it counts until it is decided"
    decided = await ladder.decide(first, "dismiss")
    assert (decided.state, decided.answer) == ("dismissed", "Looked at")
    assert await yard.tries(yard.book(ahead)) == "barred_ahead"
    assert await yard.tries(ladder.appeal(first)) == "move_not_open", "once is enough"
    await ladder.appeal(second)
    upheld = await ladder.decide(second, "uphold")
    assert (upheld.state, upheld.excuse) == ("excused", "upheld")
    assert await yard.tries(yard.book(ahead)) == "done"
    told = await yard.events("booking_fault.appeal", "booking_fault.uphold")
    assert all("reason" not in event.payload and "reason" in event.private for event in told)


async def test_an_appeal_that_nobody_answers_is_won(ladder: Ladder, clock: FixedClock) -> None:
    [row] = await ladder.faults(1)
    await ladder.appeal(row)
    clock.advance(3 * DAY)
    [row] = await ladder.note()
    assert (row.state, row.excuse) == ("excused", "unanswered")
    assert row.overdue_at is None


async def test_a_fault_expires_by_its_age_dismissed_or_not(
    ladder: Ladder, clock: FixedClock
) -> None:
    [first, second] = await ladder.faults(2)
    await ladder.appeal(second)
    await ladder.decide(second, "dismiss")
    clock.at = first.expires_at - timedelta(minutes=1)
    assert {row.state for row in await ladder.note()} == {"counted", "dismissed"}
    clock.at = second.expires_at
    assert {row.state for row in await ladder.note()} == {"expired"}


async def test_only_the_firm_appeals_only_the_office_decides_and_never_the_same_person(
    ladder: Ladder,
) -> None:
    yard = ladder.yard
    [row] = await ladder.faults(1)
    both = Actor(
        new_id(), "both", frozenset({Role.TRADER, Role.MANAGER}), yard.trader.organisation_id
    )
    assert await yard.tries(ladder.appeal(row, yard.rival)) == "not_found"
    assert await yard.tries(ladder.appeal(row, ladder.manager)) == "not_allowed"
    assert await yard.tries(ladder.decide(row, "uphold")) == "move_not_open"
    await ladder.appeal(row, both)
    assert await yard.tries(ladder.decide(row, "uphold", yard.trader)) == "not_allowed"
    assert await yard.tries(ladder.decide(row, "uphold", both)) == "fault_second_person"
    assert await yard.tries(ladder.decide(row, "uphold")) == "done"


async def test_whoever_was_given_the_right_appeals_for_the_firm(ladder: Ladder) -> None:
    yard = ladder.yard
    [row] = await ladder.faults(1)
    firm = yard.trader.organisation_id
    rights = tuple(
        Delegation(f"booking_fault.{verb}", firm, "Sao Mai") for verb in ("read", "appeal")
    )
    agent = replace(yard.rival, id=new_id(), delegations=rights)
    assert (await ladder.appeal(row, agent)).state == "appealed"


async def test_of_two_who_decide_at_once_one_does(ladder: Ladder) -> None:
    yard = ladder.yard
    [row] = await ladder.faults(1)
    await ladder.appeal(row)
    ended = await asyncio.gather(
        *(yard.tries(ladder.decide(row, verb)) for verb in ("uphold", "dismiss"))
    )
    assert sorted(ended) == ["done", "move_not_open"]


async def test_a_firm_sees_its_own_and_where_it_stands(ladder: Ladder) -> None:
    yard = ladder.yard
    await ladder.faults(2)
    async with yard.store.reading() as connection:

        async def seen(actor: Actor) -> int:
            return len(await appeal_service.list_faults(connection, actor))

        assert [await seen(who) for who in (yard.trader, yard.rival, ladder.manager)] == [2, 0, 2]
        at = yard.clock.now()
        rules, stands = await appeal_service.standing_of(
            connection, yard.trader.organisation_id, at
        )
        assert rules is not None
        assert stands is not None
        assert (stands.step.faults, stands.faults) == (2, 2)
        other = await appeal_service.standing_of(connection, yard.rival.organisation_id, at)
        assert other == (rules, None)
    with pytest.raises(Refusal, match="not_found"):
        await yard.does(
            ladder.manager, lambda unit: appeal_service.get(unit.connection, unit.actor, uuid4())
        )


async def peak_tomorrow(ladder: Ladder, **terms: int) -> SlotRow:
    """Let the mornings be peaks, after their draw; return an hour of tomorrow's."""
    draft = terms_draft(GATE, "mornings", local_date(ladder.yard.clock.now()), **terms)

    async def work(unit: Unit) -> int:
        return await regulation_service.load(unit, BALLOT_TERMS, [draft])

    await ladder.yard.store.perform(ladder.manager, work)
    return await tomorrow(ladder, 8)


async def test_a_new_account_or_truck_gets_no_place_of_a_peak_that_was_left_over(
    ladder: Ladder, clock: FixedClock
) -> None:
    yard = ladder.yard
    peak, later = await peak_tomorrow(ladder), await tomorrow(ladder, 15)
    old = replace(yard.trader, id=uuid7_of(clock.now() - 4 * DAY))
    assert await yard.tries(yard.book(peak, plate="24C-000.01", actor=old)) == "cooling_off"
    known = await yard.book(later, plate="24C-000.01", actor=old)
    await yard.cancel(known)
    clock.advance(3 * DAY)
    peak = await tomorrow(ladder, 8)
    ended = [
        await yard.tries(yard.book(peak, plate=plate, actor=who))
        for plate, who in (
            ("24C-000.02", old),
            ("24C-000.01", replace(old, id=uuid7_of(clock.now()))),
            ("24C-000.01", old),
        )
    ]
    assert ended == ["cooling_off", "cooling_off", "done"]
    truck = {"plate": "24C-000.03", "country": "VN", "class": "container_40"}
    other = SubstituteVehicle.model_validate({"vehicle": {**truck, "payload_g": 28_000_000}})
    (booking,) = await yard.rows(BookingRow, state="confirmed")
    swapped = yard.does(
        old,
        lambda unit: truck_service.substitute_vehicle(unit, booking.id, other, None, SLIPS),
    )
    assert await yard.tries(swapped) == "cooling_off", "nor by another truck instead"


def uuid7_of(at: datetime) -> UUID:
    """Return an identifier that was made at an instant."""
    made = new_id().int & ((1 << 80) - 1)
    return UUID(int=(int(at.timestamp() * 1000) << 80) | made)


async def test_the_third_fault_bars_peak_hours(ladder: Ladder, clock: FixedClock) -> None:
    yard = ladder.yard
    await peak_tomorrow(ladder, cooling_hours=0)
    await ladder.faults(3)
    clock.at = (await tomorrow(ladder, 8)).starts_at - timedelta(hours=3)
    today = await yard.slot_of(local_date(clock.now()), 8)
    assert await yard.tries(yard.book(today)) == "barred_peak"
    off_peak = await yard.slot_of(local_date(clock.now()), 12)
    assert await yard.tries(yard.book(off_peak)) == "done"


async def test_with_ladder_and_peaks_in_force_booking_takes_no_statement_more(
    ladder: Ladder,
) -> None:
    yard = ladder.yard
    peak = await peak_tomorrow(ladder, cooling_hours=0)
    await ladder.faults(1)
    goods = await many_goods(yard, 2)
    await Rush(yard).all(peak, yard.request(goods[0]))
    async with counted(yard.store) as statements:
        rush = Rush(yard)
        assert await rush.ask(peak, yard.request(goods[1]), Once("k", ASKED)) == "booked"
    assert len(statements) == 9
