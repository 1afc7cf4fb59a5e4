"""Bookings that are paid together are confirmed together, as each is by itself."""

import asyncio
from typing import Any

import pytest

from border.core.actor import GATEWAY
from border.core.ids import new_id
from border.core.store import Unit
from border.payments.collection.notice_storage import WaitingNotice
from border.payments.collection.settlement_set_service import settle_together
from border.payments.collection.tables import PaymentRow
from logistics import booking_storage
from logistics.booking_service import BookingWithCharges
from logistics.tables import BookingRow, PassageRow, SlipRow
from tests.border.core.test_coalescer import counted
from tests.conftest import waiting

OWN = ("id", "reference", "token", "booking_id", "plate", "plate_typed", "slip_reference")


async def held(yard: Any, number: int) -> list[Any]:
    """Return bookings that wait for their money, each with a payment that is open."""
    slot = await yard.slot()
    booked = [await yard.book(slot, (await yard.lodged()).id) for _ in range(number)]
    return [(one.booking, await yard.open_payment(one)) for one in booked]


async def paid_together(yard: Any, *payments: PaymentRow) -> list[bool]:
    """Settle payments in one transaction; say of each whether that could be done."""
    words = [WaitingNotice(new_id(), None, yard.proof(payment).stored()) for payment in payments]

    async def work(unit: Unit) -> list[WaitingNotice]:
        return await settle_together(unit, words)

    left = await yard.store.perform(GATEWAY, work)
    return [word not in left for word in words]


async def story(yard: Any, booking: Any) -> Any:
    """Return how a booking stands and what was told of it, without what is its own."""
    (row,) = await yard.rows(BookingRow, id=booking.id)
    (slip,) = await yard.rows(SlipRow, booking_id=booking.id)
    (passage,) = await yard.rows(PassageRow, booking_id=booking.id)
    told = [
        (e.type, e.version, e.actor, {k: v for k, v in e.payload.items() if k != "booking"})
        for e in await yard.events()
        if e.key == booking.reference and e.type != "booking.hold"
    ]
    rows = [
        {name: value for name, value in one.model_dump().items() if name not in OWN}
        for one in (row, slip, passage)
    ]
    return rows, told, slip.reference[:4], slip.token.count(".")


async def test_paid_together_each_is_confirmed_as_it_is_alone(yard: Any) -> None:
    (alone, by_itself), *others = await held(yard, 4)
    await yard.pay(by_itself)
    assert await paid_together(yard, *(payment for _, payment in others)) == [True] * 3
    expected = await story(yard, alone)
    assert [type for type, *_ in expected[1]][-4:] == [
        "charge.settle",
        "booking.confirm",
        "slip.issue",
        "passage.expect",
    ]
    for booking, _ in others:
        rows, told, *more = await story(yard, booking)
        assert (told, *more) == expected[1:]
        assert {k: v for row in rows for k, v in row.items() if not k.endswith("_at")} == {
            k: v for row in expected[0] for k, v in row.items() if not k.endswith("_at")
        }
        assert rows[0]["overdue_at"] == expected[0][0]["overdue_at"]
    assert len({e.xid for e in await yard.events("booking.confirm")}) == 2


async def test_twenty_take_no_statement_more_than_one(yard: Any) -> None:
    sent = []
    for number in (1, 20):
        payments = [payment for _, payment in await held(yard, number)]
        async with counted(yard.store) as statements:
            assert await paid_together(yard, *payments) == [True] * number
        sent.append(len(statements))
    assert sent == [10, 10]


async def test_a_booking_that_ended_stays_ended_and_its_money_waits(yard: Any) -> None:
    (gone, of_it), (there, payment) = await held(yard, 2)
    await yard.cancel(BookingWithCharges(gone, []))
    assert await paid_together(yard, of_it, payment) == [False, True]
    assert (await yard.pay(of_it)).value == "nothing_owed"
    states = {row.id: row.state for row in await yard.rows(BookingRow)}
    assert states == {gone.id: "cancelled", there.id: "confirmed"}


async def while_one_is_held(yard: Any, patience_s: float) -> list[bool]:
    """Settle two payments while a rival has the booking of the first in hand."""
    (first, of_first), (second, of_second) = await held(yard, 2)

    async def rival(unit: Unit) -> list[bool]:
        await unit.fetch(BookingRow, booking_storage.booking.c.id == first.id, lock=True)
        async with asyncio.timeout(patience_s):
            done = await paid_together(yard, of_first, of_second)
        states = {row.id: row.state for row in await yard.rows(BookingRow)}
        assert states == {first.id: "held", second.id: "confirmed"}
        return done

    return await yard.does(yard.trader, rival)


async def test_a_booking_in_somebodys_hands_is_left_and_holds_up_no_other(yard: Any) -> None:
    assert await while_one_is_held(yard, patience_s=30) == [False, True]


async def test_control_a_set_that_waits_for_a_booking_is_held_up_by_it(
    yard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking_storage, "_PAID", waiting(booking_storage._PAID))
    with pytest.raises(TimeoutError):
        await while_one_is_held(yard, patience_s=0.2)
