"""The day list of a booth: whom it has, what it says of each, and the paper."""

from dataclasses import replace
from datetime import date
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
import zxingcpp

from border.core.actor import Actor
from border.paper.fonts import FontSet
from logistics.booth import day_list_service
from logistics.booth.day_list_drawing import draw_day_list, pages_of
from logistics.booth.day_list_service import DayList, ListedHour

TODAY = date(2026, 11, 23)
GATE = "KIM_THANH_II"


async def listed(yard: Any, actor: Actor, direction: str = "export") -> DayList:
    """Return today's list as somebody sees it."""
    async with yard.store.reading() as connection:
        return await day_list_service.load(
            connection, actor, GATE, direction, TODAY, yard.clock.now(), "vi"
        )


async def test_the_list_has_who_is_expected_by_hour_with_slip_lane_and_fee(yard: Any) -> None:
    released, lodged = await yard.released(), await yard.lodged()
    first = await yard.confirmed(await yard.slot(15), released.id)
    second = await yard.booking(await yard.book(await yard.slot(16), lodged.id))
    third = await yard.confirmed(await yard.slot(16))
    gone = await yard.book(await yard.slot(16), (await yard.released()).id)
    await yard.cancel(gone)
    found = await listed(yard, yard.guard)
    assert [len(hour.trucks) for hour in found.hours] == [1, 2]
    (paid,) = found.hours[0].trucks
    assert (paid.booking, paid.slip) == (first.reference, first.slip_reference)
    assert (paid.goods_lane, paid.released, paid.paid) == (released.lane, True, True)
    assert paid.fee_minor > 0
    by_booking = {truck.booking: truck for truck in found.hours[1].trucks}
    held, empty = by_booking[second.reference], by_booking[third.reference]
    assert (held.slip, held.released, held.paid, held.state) == (None, False, False, "held")
    assert empty.goods_lane is None
    assert found.count == 3
    assert (await listed(yard, yard.guard, "import")).count == 0


async def test_a_firm_sees_its_own_trucks_alone(yard: Any) -> None:
    await yard.confirmed(await yard.slot())
    assert (await listed(yard, yard.trader)).count == 1
    assert (await listed(yard, yard.rival)).count == 0


async def test_the_paper_has_every_truck_once_and_bar_codes_that_can_be_read(
    yard: Any, fonts: FontSet
) -> None:
    booked = [await yard.confirmed(await yard.slot(15)) for _ in range(2)]
    found = await listed(yard, yard.guard)
    (hour,) = found.hours
    many = ListedHour(hour.starts_at, hour.ends_at, hour.trucks * 20)
    view = replace(found, hours=(hour, many))
    pages = list(pages_of(view.hours))
    assert sum(not isinstance(line, ListedHour) for page in pages for line in page) == 42
    assert all(isinstance(page[0], ListedHour) for page in pages)
    assert not any(isinstance(page[-1], ListedHour) for page in pages)
    drawn = draw_day_list(view, fonts)
    assert drawn == draw_day_list(view, fonts)
    paper = pypdfium2.PdfDocument(BytesIO(drawn))
    assert len(paper) == len(pages) == 3
    picture = paper[0].render(scale=200 / 72).to_pil()
    codes = [code.text for code in zxingcpp.read_barcodes(picture)]
    assert set(codes) == {one.slip_reference for one in booked}
    text = paper[2].get_textpage().get_text_bounded()
    assert "Trang 3/3" in text


@pytest.mark.parametrize("locale", ["vi", "zh", "en"])
async def test_a_day_without_trucks_says_so(yard: Any, fonts: FontSet, locale: Any) -> None:
    view = replace(await listed(yard, yard.guard), locale=locale)
    paper = pypdfium2.PdfDocument(BytesIO(draw_day_list(view, fonts)))
    assert "Không có xe nào" in paper[0].get_textpage().get_text_bounded()
