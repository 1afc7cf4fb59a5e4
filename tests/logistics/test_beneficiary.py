"""For whom a truck is booked: the firm whose goods are on it, or that gave the right."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from border.core.actor import Actor, Delegation, Role
from border.core.ids import new_id
from border.core.refusal import Refusal
from border.core.store import table_of
from border.core.tables import EventRow
from logistics import booking_service
from logistics.booking import BookingRequest
from logistics.tables import BookingRow
from logistics.waiting import waiting_service
from logistics.waiting.storage import entry
from logistics.waiting.waiting import WaitingRequest

RIGHTS = ("declaration.read", "declaration.book", "booking.hold", "booking.read", "booking.cancel")


def agent_of(yard: Any, *verbs: str) -> Actor:
    """Return somebody of the rival firm, to whom ours gave rights."""
    firm = yard.trader.organisation_id
    rights = tuple(Delegation(verb, firm, "Sao Mai") for verb in verbs)
    return replace(yard.rival, id=new_id(), delegations=rights)


def for_firm(yard: Any, firm: UUID | None, *ids: UUID) -> BookingRequest:
    """Return a request that names for whom it is."""
    body = yard.request(*ids).model_dump(by_alias=True)
    return BookingRequest.model_validate(body | {"on_behalf_of": firm})


async def test_whose_goods_are_booked_has_the_booking_and_who_booked_is_told(yard: Any) -> None:
    agent, slot = agent_of(yard, *RIGHTS), await yard.slot()
    goods = await yard.lodged()
    booked = (await yard.book(slot, goods.id, actor=agent)).booking
    assert booked.owner_organisation_id == yard.trader.organisation_id
    events = table_of(EventRow)
    async with yard.store.reading() as connection:
        who = select(events.c.actor).where(
            events.c.type == "booking.hold", events.c.subject == booked.reference
        )
        assert (await connection.execute(who)).scalar_one() == str(agent.id)
        charges = (await booking_service.get(connection, yard.trader, booked.id)).charges
        assert {one.payer_organisation_id for one in charges} == {yard.trader.organisation_id}
    gone = await yard.does(agent, lambda unit: booking_service.cancel(unit, booked.id, None))
    assert gone.booking.state == "cancelled"


async def test_an_empty_truck_is_booked_for_whom_one_names_with_the_right_alone(yard: Any) -> None:
    slot, firm = await yard.slot(), yard.trader.organisation_id
    wanted = for_firm(yard, firm)
    assert await yard.tries(yard.booking_of(slot, wanted, yard.rival)) == "right_missing"
    looking = agent_of(yard, "booking.read", "declaration.book")
    assert await yard.tries(yard.booking_of(slot, wanted, looking)) == "right_missing"
    done = await yard.booking_of(slot, wanted, agent_of(yard, "booking.hold"))
    assert done.booking.owner_organisation_id == firm
    own = await yard.booking_of(slot, for_firm(yard, firm), yard.trader)
    assert own.booking.owner_organisation_id == firm
    assert len(await yard.rows(BookingRow, owner_organisation_id=firm)) == 2


@pytest.mark.parametrize(
    ("verbs", "code"),
    [
        ((), "not_found"),
        (("declaration.book", "declaration.read"), "right_missing"),
        (("booking.hold",), "not_found"),
        (("declaration.read", "booking.hold"), "not_the_owner"),
        (("declaration.book", "booking.hold"), "done"),
    ],
)
async def test_goods_of_another_take_both_rights(
    yard: Any, verbs: tuple[str, ...], code: str
) -> None:
    slot, goods = await yard.slot(), await yard.lodged()
    wanted = yard.booking_of(slot, yard.request(goods.id), agent_of(yard, *verbs))
    assert await yard.tries(wanted) == code


async def test_a_truck_is_booked_for_one_firm(yard: Any) -> None:
    slot, ours = await yard.slot(), await yard.lodged()
    agent = replace(agent_of(yard, *RIGHTS), roles=frozenset({Role.TRADER}))
    theirs = await yard.lodged(actor=agent)
    for wanted in (
        yard.request(ours.id, theirs.id),
        for_firm(yard, yard.trader.organisation_id, theirs.id),
        for_firm(yard, agent.organisation_id, ours.id),
    ):
        with pytest.raises(Refusal) as refused:
            await yard.booking_of(slot, wanted, agent)
        assert [error.code for error in refused.value.errors] == ["of_several_firms"]


async def test_who_waits_counts_for_the_firm_whoever_asks(yard: Any) -> None:
    slot, firm = await yard.slot(places=1), yard.trader.organisation_id
    await yard.book(slot)
    agent, ended = agent_of(yard, "waiting_entry.join", "waiting_entry.read"), []
    for number in range(13):
        body = for_firm(yard, firm).model_dump(by_alias=True)
        wanted = WaitingRequest.model_validate(body)
        actor = agent if number % 2 else yard.trader
        work = yard.does(actor, lambda unit, w=wanted: waiting_service.join(unit, slot.id, w))
        ended.append(await yard.tries(work))
        if ended[-1] != "done":
            break
    assert ended[-1] == "too_many_waiting"
    assert len(ended) > 2
    async with yard.store.reading() as connection:
        owners = (await connection.execute(select(entry.c.owner_organisation_id))).scalars().all()
    assert set(owners) == {firm}
