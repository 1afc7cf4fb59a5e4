"""The slip on the driver's telephone: sent, followed by each that replaces it, and no further."""

from typing import Any

import pytest

from border.core.refusal import Refusal
from border.messages.tables import MessageRow
from logistics.changing import moving_service, truck_service
from logistics.changing.change import ChangeDriver, MoveRequest
from logistics.tables import SlipRow
from logistics.telling import driver_service, telling_service
from logistics.telling.occasions import link_key
from tests.logistics.conftest import SLIPS

PHONE = "0912 345 678"
BY = ("zalo", "sms")


async def send(yard: Any, booking: Any, by: tuple[str, ...] = BY, **changes: Any) -> str:
    """Send the slip of a booking to a telephone."""
    asked = {"number": PHONE, "locale": "zh", "actor": yard.trader} | changes
    number, locale, actor = asked["number"], asked["locale"], asked["actor"]
    return await yard.does(
        actor, lambda unit: driver_service.send_slip(unit, booking.id, number, locale, by)
    )


async def messages(yard: Any) -> list[MessageRow]:
    return sorted(await yard.rows(MessageRow), key=lambda row: row.id)


async def test_a_driver_is_sent_the_slip_by_zalo_and_else_by_sms(yard: Any) -> None:
    booked = await yard.confirmed(await yard.slot())
    assert await send(yard, booked) == "+84912345678"
    (row,) = await messages(yard)
    assert (row.channel, row.address, row.ways) == (
        "zalo",
        "+84912345678",
        [["sms", "+84912345678"]],
    )
    assert (row.occasion, row.locale, row.account_id) == ("slip_to_driver", "zh", None)
    (slip,) = await yard.rows(SlipRow)
    link = f"/slip/{slip.reference}/{link_key(slip.token)}"
    assert row.facts["link"] == link
    async with yard.store.reading() as connection:
        page = await driver_service.slip_page(connection, *link.split("/")[2:], "zh")
        assert page.slip.id == slip.id
        with pytest.raises(Refusal):
            await driver_service.slip_page(connection, slip.reference, "0" * 24, "zh")


async def test_each_slip_that_replaces_it_goes_to_the_same_driver(yard: Any) -> None:
    booked = await yard.confirmed(await yard.slot(18))
    reader = telling_service.reader(BY)
    await yard.quiet()
    await reader.catch_up(yard.store)
    await send(yard, booked)
    later = await yard.slot(19)
    await yard.does(
        yard.trader,
        lambda unit: moving_service.move(
            unit, booked.id, MoveRequest(slot_id=later.id), None, SLIPS
        ),
    )
    await yard.quiet()
    await reader.catch_up(yard.store)
    first, second = await messages(yard)
    assert first.facts["slip"] != second.facts["slip"]
    assert second.recipient == "driver:+84912345678"
    other = ChangeDriver.model_validate(
        {"driver": {"name": "Lý Văn Khác", "document_number": "010203004006"}}
    )
    await yard.does(
        yard.trader,
        lambda unit: truck_service.change_driver(unit, booked.id, other, None, SLIPS),
    )
    await yard.quiet()
    await reader.catch_up(yard.store)
    assert len(await messages(yard)) == 2  # whoever drives no more is told no more


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"by": ("email",)}, "no_telephone"),
        ({"number": "12"}, "invalid_fields"),
        ({"locale": "fr"}, "invalid_fields"),
    ],
)
async def test_what_cannot_be_sent_says_why(yard: Any, changes: Any, code: str) -> None:
    booked = await yard.confirmed(await yard.slot())
    with pytest.raises(Refusal) as refused:
        await send(yard, booked, **changes)
    assert refused.value.code == code


async def test_a_stranger_sends_no_slip_and_nobody_one_that_is_not_there(yard: Any) -> None:
    booked = await yard.confirmed(await yard.slot())
    with pytest.raises(Refusal) as refused:
        await send(yard, booked, actor=yard.rival)
    assert refused.value.code == "not_found"
    held = await yard.book(await yard.slot(), (await yard.released()).id)
    with pytest.raises(Refusal) as refused:
        await send(yard, held.booking)
    assert refused.value.code == "no_slip"
