"""Slips: issued signed, seen by their own firm and the staff, revoked with the booking."""

from datetime import timedelta
from typing import Any

import pytest

from border.core.actor import Actor
from border.core.ids import WrongReference, parse_reference
from border.core.refusal import Refusal
from logistics import slip_service
from logistics.slip_token import SigningKey, verify
from logistics.tables import SlipRow


async def loaded(yard: Any, actor: Actor, reference: str) -> slip_service.SlipPage:
    """Load a slip as somebody."""
    async with yard.store.reading() as connection:
        return await slip_service.load(connection, actor, reference, "vi")


async def test_a_slip_carries_a_signed_token_about_its_own_booking(yard: Any) -> None:
    row = await yard.confirmed(await yard.slot(), (await yard.lodged()).id)
    slip = (await yard.rows(SlipRow))[0]
    claims = verify(slip.token, {"k1": SigningKey.from_seed("k1", bytes(32)).verifying})
    assert claims.reference == slip.reference == row.slip_reference
    assert (claims.plate, claims.gate, claims.direction) == (row.plate, row.gate, row.direction)
    assert claims.starts_at == row.slot_starts_at
    assert claims.valid_until == slip.valid_until == row.slot_ends_at + timedelta(hours=72)


async def test_what_is_printed_is_the_booking_its_goods_and_what_was_paid(yard: Any) -> None:
    goods = await yard.lodged()
    row = await yard.confirmed(await yard.slot(), goods.id, trailer_plate="24R-006.78")
    view = (await loaded(yard, yard.trader, row.slip_reference)).view
    assert (view.plate, view.trailer_plate) == (row.plate_typed, "24R-006.78")
    assert [one.reference for one in view.declarations] == [goods.reference]
    assert view.total_minor == 800_000
    assert view.payment_reference
    assert "Static converters" in view.goods


async def test_the_slip_of_an_empty_truck_owes_nothing(yard: Any) -> None:
    row = await yard.confirmed(await yard.slot())
    view = (await loaded(yard, yard.trader, row.slip_reference)).view
    assert (view.total_minor, view.fees, view.payment_reference) == (0, (), None)


async def test_a_slip_is_seen_by_its_firm_and_the_staff_and_does_not_exist_for_others(
    yard: Any,
) -> None:
    reference = (await yard.confirmed(await yard.slot())).slip_reference
    for actor in (yard.trader, yard.guard):
        assert (await loaded(yard, actor, reference.lower())).slip.reference == reference
    with pytest.raises(Refusal, match="not_found"):
        await loaded(yard, yard.rival, reference)


async def test_what_is_no_slip_is_not_found(yard: Any) -> None:
    for text in ("", "\x00", "SLP-22222-22222", "SLP-22222-22223", "BKG-1"):
        with pytest.raises(Refusal, match="not_found"):
            await loaded(yard, yard.guard, text)


async def test_a_cancelled_booking_revokes_its_slip_once(yard: Any) -> None:
    booked = await yard.book(await yard.slot(20))
    await yard.cancel(booked)
    assert [slip.state for slip in await yard.rows(SlipRow)] == ["revoked"]
    assert len(await yard.events("slip.revoke")) == 1
    await yard.does(
        yard.guard, lambda unit: slip_service.revoke(unit, {booked.booking.id: "again"})
    )
    assert len(await yard.events("slip.revoke")) == 1


async def test_a_reference_of_a_slip_is_one_that_can_be_read_aloud(yard: Any) -> None:
    reference = (await yard.confirmed(await yard.slot())).slip_reference
    assert parse_reference(reference, "SLP") == reference
    with pytest.raises(WrongReference):
        parse_reference(reference, "BKG")
