"""Bookings by API: seen by their firm and the staff, cancelled in time or late, listed in pages."""

import asyncio
from base64 import urlsafe_b64encode
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from api.zone import timeouts_of
from border.core.clock import FixedClock
from border.core.database import insert_rows, table_of
from border.core.ids import new_id, new_reference
from customs.tables import DeclarationRow
from logistics.booking import LIVE
from logistics.tables import BookingRow, SlotRow


async def test_a_booking_is_seen_by_its_firm_and_the_staff_and_by_nobody_else(
    crossing: Any,
) -> None:
    booking = await crossing.booked()
    path = f"/bookings/{booking['id']}"
    for who in ("trader", "gate", "manager"):
        assert (await crossing.sees(who, path))["reference"] == booking["reference"]
    before = await crossing.rows()
    other = await crossing.person("carrier")
    for answer in (
        await other.get(path),
        await other.post(f"{path}/cancel"),
        await other.get(f"/slips/{booking['slip']['reference']}"),
        await other.get(f"/slips/{booking['slip']['reference']}.pdf"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await other.get("/bookings")).json() == {"next": None, "items": []}
    assert await crossing.rows() == before


async def test_the_same_vehicle_or_goods_are_not_booked_twice(crossing: Any) -> None:
    goods = await crossing.lodged()
    booked = await crossing.booked(goods["id"])
    trader, slot = await crossing.person("trader"), await crossing.slot(place=3)
    path, before = f"/slots/{slot['id']}/bookings", await crossing.rows()
    again = await trader.post(path, crossing.truck(vehicle=booked["vehicle"]))
    assert (again.status_code, again.json()["code"]) == (409, "vehicle_already_booked")
    assert booked["vehicle"]["plate"] in again.json()["detail"]
    goods_again = await trader.post(path, crossing.truck(goods["id"]))
    assert goods_again.json()["code"] == "declaration_already_booked"
    assert goods_again.json()["reference"] == goods["reference"]
    assert booked["reference"] in goods_again.json()["detail"]
    assert await crossing.rows() == before


@pytest.mark.parametrize(("place", "state"), [(1, "late_cancelled"), (6, "cancelled")])
async def test_cancelling_frees_the_place_and_revokes_the_slip(
    crossing: Any, place: int, state: str
) -> None:
    booking = await crossing.booked(place=place)
    code = booking["slip"]["reference"]
    ended = await crossing.does("trader", f"/bookings/{booking['id']}/cancel")
    assert (ended["state"], ended["slip"], ended["moves"]) == (state, None, [])
    assert (await crossing.slot(place=place))["remaining"] == 40
    assert (await crossing.sees("trader", f"/slips/{code}"))["state"] == "revoked"
    assert (await crossing.scanned(code, "arrival"))["code"] == "REVOKED"
    again = await (await crossing.person("trader")).post(f"/bookings/{booking['id']}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "move_not_open")
    assert again.json()["allowed"] == ["—"]


async def test_a_booking_moves_once_under_a_key_and_says_where_it_can_go_from_there(
    crossing: Any,
) -> None:
    booking, there = await crossing.booked(place=6), await crossing.slot(place=7)
    trader, path = await crossing.person("trader"), f"/bookings/{booking['id']}/move"
    assert path in [move["href"].removeprefix("/api/v1") for move in booking["moves"]]
    asked, stale = {"slot_id": there["id"]}, {"If-Match": '"1"'}
    assert (await trader.post(path, asked, headers=stale)).status_code == 412
    answers = [await trader.post(path, asked, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {200}
    moved = answers[0].json()
    assert answers[1].json() == moved
    assert (moved["slot_id"], moved["state"]) == (there["id"], "confirmed")
    assert moved["slip"]["reference"] != booking["slip"]["reference"]
    refused = (await trader.post(path, asked)).json()
    assert [error["code"] for error in refused["errors"]] == ["same_hour"]


async def test_a_stale_version_cancels_nothing(crossing: Any) -> None:
    booking = await crossing.booked()
    trader, path = await crossing.person("trader"), f"/bookings/{booking['id']}/cancel"
    before = await crossing.rows()
    stale = await trader.post(path, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["current"]) == (412, booking["version"])
    assert await crossing.rows() == before
    done = await trader.post(path, headers={"If-Match": f'"{booking["version"]}"'})
    assert done.status_code == 200


async def test_a_hold_that_is_not_paid_lapses(
    crossing: Any, running: Any, clock: FixedClock
) -> None:
    held = await crossing.booked((await crossing.lodged())["id"])
    assert datetime.fromisoformat(held["held_until"]) == clock.now() + timedelta(minutes=15)
    clock.advance(timedelta(minutes=18))
    await timeouts_of(running.services.store).run()
    lapsed = await crossing.sees("trader", f"/bookings/{held['id']}")
    assert (lapsed["state"], lapsed["held_until"]) == ("lapsed", None)
    assert [charge["state"] for charge in lapsed["charges"]] == ["voided"]


async def test_the_list_is_paged_and_filtered_by_state(crossing: Any) -> None:
    made = [await crossing.booked() for _ in range(3)]
    await crossing.does("trader", f"/bookings/{made[0]['id']}/cancel")
    first = await crossing.sees("trader", "/bookings?limit=2")
    rest = await crossing.sees("trader", f"/bookings?limit=2&cursor={first['next']}")
    ids = [item["id"] for page in (first, rest) for item in page["items"]]
    assert sorted(ids) == sorted(one["id"] for one in made)
    assert rest["next"] is None
    confirmed = await crossing.sees("gate", "/bookings?state=confirmed,held")
    assert len(confirmed["items"]) == 2


async def test_a_query_that_makes_no_sense_is_refused(
    crossing: Any, subtests: pytest.Subtests
) -> None:
    def cursor(at: str) -> str:
        place = f"{at} 019a0462-df54-7297-b924-a94dc688caf3"
        return f"cursor={urlsafe_b64encode(place.encode()).decode()}"

    trader = await crossing.person("trader")
    for query, field in (
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("cursor=nonsense", "cursor"),
        (cursor("2026-11-23T05:00:00"), "cursor"),
        (cursor("0001-01-01T00:00:00+14:00"), "cursor"),
        ("state=%00", "state"),
    ):
        with subtests.test(query):
            answer = await trader.get(f"/bookings?{query}")
            assert answer.status_code == 400
            assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_release_sells_each_place_once_and_answers_everybody_once(
    running: Any, crossing: Any
) -> None:
    """Takes its seconds for many requests through the whole application.

    More trucks than there are places, some without goods and every tenth with another's plate; each
    asks twice at once, and again whenever it was told to. With thousands, another process and a cut
    in the middle `tests/bench/test_release.py` does the same.
    """
    places, trucks = 200, 300
    one, slot = await crossing.lodged(), await crossing.slot()
    trader, declaration = await crossing.person("trader"), table_of(DeclarationRow)
    async with running.services.store.engine.begin() as connection:
        found = await connection.execute(
            select(declaration).where(declaration.c.id == UUID(one["id"]))
        )
        row = found.one()._mapping
        goods = [
            {
                **row,
                "id": new_id(),
                "reference": new_reference("DEC"),
                "customs_number": f"9{n:011d}",
            }
            for n in range(trucks)
        ]
        await insert_rows(connection, declaration, goods)
        hour = table_of(SlotRow)
        await connection.execute(
            update(hour)
            .where(hour.c.id == UUID(slot["id"]))
            .values(capacity=places, planned=places)
        )
    asked = [crossing.truck(*([] if n % 3 else [str(goods[n]["id"])])) for n in range(trucks)]
    for n in range(10, trucks, 10):
        asked[n]["vehicle"]["plate"] = asked[n - 1]["vehicle"]["plate"]

    async def ask(n: int) -> tuple[str, str]:
        for _ in range(300):
            answer = await trader.post(
                f"/slots/{slot['id']}/bookings", asked[n], headers={"Idempotency-Key": f"truck-{n}"}
            )
            said = answer.json()
            if said.get("code") not in ("still_running", "busy", "overloaded"):
                return said.get("code", "booked"), said.get("reference", "")
            await asyncio.sleep(float(answer.headers.get("retry-after", 0.2)) + n / trucks)
        raise AssertionError(f"truck {n} was never answered")

    once, again = await asyncio.gather(
        asyncio.gather(*map(ask, range(trucks))),
        asyncio.gather(*map(ask, range(trucks))),
    )
    assert once == again == await asyncio.gather(*map(ask, range(trucks)))
    booked = [reference for code, reference in once if code == "booked"]
    assert len(booked) == len(set(booked)) == places
    assert {code for code, _ in once} == {"booked", "slot_full", "vehicle_already_booked"}
    async with running.services.store.reading() as connection:
        there = (await connection.execute(select(table_of(BookingRow)))).all()
        assert {row.reference for row in there} == set(booked)
        live = Counter(row.slot_id for row in there if row.state in LIVE)
        for one in await connection.execute(select(hour).where(hour.c.taken > 0)):
            assert one.taken == live.pop(one.id)
            assert one.taken <= one.capacity
        assert not live
