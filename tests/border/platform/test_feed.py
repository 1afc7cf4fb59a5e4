"""Cursors, filters and the outside form of the feed."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.core.event import BEGINNING, Cursor, Event
from border.core.refusal import Refusal
from border.core.store import Unit
from border.platform.feed import newest, parse_cursor, read

NUMBERS = st.integers(min_value=0, max_value=2**63 - 1)
CURSORS = st.builds(Cursor, NUMBERS, NUMBERS)


async def tell(yard: Any, *types: str, key: str = "DEC-1") -> None:
    """Record one event of each type, all in one transaction."""

    async def work(unit: Unit) -> None:
        for type in types:
            await unit.record(
                Event(
                    type=type,
                    gate="KIM_THANH_II",
                    subject="DEC-1",
                    key=key,
                    version=1,
                    happened_at=unit.at,
                    recorded_at=unit.at,
                    actor="system",
                    actor_kind="program",
                    request_id="test",
                    payload={"state": "lodged"},
                    private={"plate": "24C-123.45"},
                )
            )

    await yard.store.perform(yard.carrier, work)


@given(CURSORS, CURSORS)
def test_the_text_of_a_cursor_sorts_as_the_place_does(one: Cursor, other: Cursor) -> None:
    assert (one < other) == (str(one) < str(other))
    assert (one == other) == (str(one) == str(other))


@given(CURSORS)
def test_a_cursor_is_read_back_as_the_place_it_names(place: Cursor) -> None:
    assert parse_cursor(str(place)) == place
    assert parse_cursor(f"{place.xid}-{place.seq}") == place


@pytest.mark.parametrize("text", [None, ""])
def test_no_cursor_is_the_beginning(text: str | None) -> None:
    assert parse_cursor(text) == BEGINNING == Cursor(0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "-",
        "1-",
        "-1",
        "1-2-3",
        "a-b",
        "1 - 2",
        "+1-2",
        "1.0-2",
        "٣-٤",
        "²-1",
        "0" * 40 + "1-1",
        f"{2**63}-0",
        f"0-{2**63}",
        "99999999999999999999-99999999999999999999",
    ],
)
def test_what_is_no_cursor_of_ours_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse_cursor(text, "Last-Event-ID")
    assert caught.value.code == "invalid_fields"
    assert [(e.field, e.code) for e in caught.value.errors] == [("Last-Event-ID", "not_a_cursor")]


@given(st.text(max_size=50))
def test_no_text_at_all_upsets_the_reading_of_a_cursor(text: str) -> None:
    try:
        place = parse_cursor(text)
    except Refusal:
        return
    assert max(place.xid, place.seq) < 2**63


async def test_the_farthest_cursor_that_is_accepted_can_be_asked_for(yard: Any) -> None:
    farthest = parse_cursor(f"{2**63 - 1}-{2**63 - 1}")
    async with yard.store.reading() as connection:
        assert await read(connection, farthest) == []


async def test_reading_on_page_by_page_gives_everything_once_in_order(
    yard: Any, settled: Any
) -> None:
    for turn in range(3):
        await tell(yard, *(f"declaration.step_{turn}_{step}" for step in range(3)))
    await settled()
    whole = await yard.feed()
    assert [event.type[-3:] for event in whole] == [f"{t}_{s}" for t in range(3) for s in range(3)]
    assert [event.cursor for event in whole] == sorted(event.cursor for event in whole)
    place, pages = BEGINNING, []
    async with yard.store.reading() as connection:
        while page := await read(connection, place, limit=2):
            pages.append(page)
            place = page[-1].cursor
        assert await newest(connection) == place
    assert [len(page) for page in pages] == [2, 2, 2, 2, 1]
    assert [event for page in pages for event in page] == whole


async def test_an_empty_feed_has_its_newest_place_at_the_beginning(yard: Any) -> None:
    async with yard.store.reading() as connection:
        assert await newest(connection) == BEGINNING


@pytest.mark.parametrize(
    ("types", "found"),
    [
        ((), ["declaration.lodge", "declaration_line.add", "declarationXline.add", "slip.issue"]),
        (("slip.issue",), ["slip.issue"]),
        (("declaration.*",), ["declaration.lodge"]),
        (("declaration_line.*",), ["declaration_line.add"]),
        (("declaration.*", "slip.issue"), ["declaration.lodge", "slip.issue"]),
        (("declaration.lodge", "declaration.*"), ["declaration.lodge"]),
        (("%.*",), []),
        (("*",), []),
        ((".*",), []),
        (("declaration.",), []),
        (("declaration_line.%",), []),
        (("slip.issue'--",), []),
    ],
    ids=str,
)
async def test_types_are_named_whole_or_by_their_life(
    yard: Any, settled: Any, types: tuple[str, ...], found: list[str]
) -> None:
    await tell(
        yard, "declaration.lodge", "declaration_line.add", "declarationXline.add", "slip.issue"
    )
    await settled()
    assert [event.type for event in await yard.feed(types=types)] == found


async def test_the_feed_of_one_key_holds_nothing_else(yard: Any, settled: Any) -> None:
    await tell(yard, "declaration.lodge", key="DEC-1")
    await tell(yard, "declaration.lodge", "slip.issue", key="DEC-2")
    await settled()
    assert {event.key for event in await yard.feed(key="DEC-2")} == {"DEC-2"}
    assert len(await yard.feed(key="DEC-2", types=["slip.issue"])) == 1
    assert await yard.feed(key="DEC-3") == []


def test_the_outside_form_carries_the_facts_and_nothing_from_inside() -> None:
    event = Event(
        cursor=Cursor(7, 42),
        id=UUID(int=5),
        type="declaration.lodge",
        gate="KIM_THANH_II",
        subject="DEC-7K3M2-Q2XA9",
        key="DEC-7K3M2-Q2XA9",
        version=3,
        happened_at=datetime(2026, 11, 23, 5, 0, 0, 250_000, tzinfo=UTC),
        recorded_at=datetime(2026, 11, 23, 7, 30, tzinfo=UTC),
        actor="00000000-0000-0000-0000-000000000001",
        actor_kind="device",
        request_id="0193584e-1",
        payload={"state": "lodged"},
        private={"plate": "24C-123.45", "driver": "somebody"},
    )
    outside = event.cloud_event()
    assert outside["type"] == "vn.laocai.border.declaration.lodge.v1"
    assert outside["source"] == "/zones/lao-cai/gates/KIM_THANH_II"
    assert outside["time"] == "2026-11-23T05:00:00.250000Z"
    assert outside["recordedat"] == "2026-11-23T07:30:00Z"
    assert (outside["requestid"], outside["actorkind"]) == ("0193584e-1", "device")
    assert outside["sequence"] == str(event.cursor)
    assert outside["data"] == {"version": 3, "state": "lodged"}
    sent = json.dumps(outside)
    assert not any(kept in sent for kept in ("24C", "somebody", event.actor))
