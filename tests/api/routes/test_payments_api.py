"""Payments by API: VNPAY's notices, true and forged, the desk, and money that comes late."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from api.zone import timeouts_of
from border.core.clock import FixedClock
from border.core.store import table_of
from border.payments.collection import notice_service
from border.payments.refunds.tables import RefundRow


async def held(crossing: Any) -> dict[str, Any]:
    """Return a booking that waits for its payment."""
    booking: dict[str, Any] = await crossing.booked((await crossing.lodged())["id"])
    return booking


async def test_a_payment_opened_again_while_it_runs_is_the_same_payment(crossing: Any) -> None:
    booking = await held(crossing)
    first, second = await crossing.opened(booking), await crossing.opened(booking)
    assert first["id"] == second["id"]
    assert (first["state"], first["amount"]) == ("pending", {"minor": 800_000, "currency": "VND"})
    asked = parse_qs(urlsplit(first["checkout"]["redirect_url"]).query)
    assert asked["vnp_Amount"] == ["80000000"]
    assert asked["vnp_ReturnUrl"] == ["http://gate.test/api/v1/payments/vnpay/return"]
    assert (await crossing.sees("trader", f"/payments/{first['id']}"))["charge_ids"] == [
        booking["charges"][0]["id"]
    ]


async def test_forged_strange_and_repeated_notices_change_nothing(
    crossing: Any, running: Any
) -> None:
    payment = await crossing.opened(await held(crossing))
    true = crossing.notice(payment)
    before = await crossing.rows()
    assert await crossing.told(crossing.notice(payment, secret="another secret")) == "97"
    assert await crossing.told(true.replace("vnp_Amount=8", "vnp_Amount=1")) == "97"
    assert await crossing.told(true[:-1] + ("0" if true[-1] != "0" else "1")) == "97"
    assert await crossing.told("") == "99"
    assert await crossing.told("vnp_TxnRef=%00&vnp_SecureHash=00") in ("97", "99")
    assert await crossing.told(crossing.notice(payment, TxnRef="PAYXXXXXXXXXX")) == "01"
    assert await crossing.rows() == before

    assert await crossing.told(crossing.notice(payment, Amount="100", TransactionNo="9")) == "04"
    await notice_service.process_inbox(running.services.store)
    seen = await crossing.sees("trader", f"/payments/{payment['id']}")
    assert seen["state"] == "part_paid"
    assert (seen["received"]["minor"], seen["missing"]["minor"]) == (1, 799_999)

    assert await crossing.told(true) == "00"
    assert await crossing.told(true) == "02"
    await notice_service.process_inbox(running.services.store)
    assert await crossing.told(true) == "02"
    events = await crossing.events()
    await notice_service.process_inbox(running.services.store)
    assert await crossing.events() == events
    assert (await crossing.sees("trader", f"/payments/{payment['id']}"))["state"] == "paid"


async def test_of_too_little_the_payment_says_what_is_missing_and_where_to_pay_it(
    crossing: Any, running: Any
) -> None:
    booking = await held(crossing)
    payment = await crossing.opened(booking)
    assert (payment["received"]["minor"], payment["missing"]["minor"]) == (0, 800_000)
    short = crossing.notice(payment, Amount="30000000")
    assert await crossing.told(short) == "04"
    await notice_service.process_inbox(running.services.store)
    path = f"/payments/{payment['id']}"
    seen = await crossing.sees("trader", path)
    assert (seen["state"], seen["received"]["minor"], seen["missing"]["minor"]) == (
        "part_paid",
        300_000,
        500_000,
    )
    # The place is kept as long as it was: a part buys no time.
    assert seen["expires_at"] == booking["held_until"]
    asked = parse_qs(urlsplit(seen["checkout"]["redirect_url"]).query)
    assert asked["vnp_Amount"] == ["50000000"]
    assert asked["vnp_TxnRef"] == [f"{payment['reference'].replace('-', '')}2"]
    # Opened again, and looked at by others, it is the same: one reference for one rest.
    again = await crossing.opened(booking)
    assert (again["id"], again["missing"]) == (payment["id"], seen["missing"])
    assert again["checkout"] == seen["checkout"]
    assert (await crossing.sees("accountant", path))["checkout"] == seen["checkout"]
    rest = crossing.notice(
        payment, Amount="50000000", TxnRef=asked["vnp_TxnRef"][0], TransactionNo="15000002"
    )
    assert await crossing.told(rest) == "00"
    await notice_service.process_inbox(running.services.store)
    paid = await crossing.sees("trader", path)
    assert (paid["state"], paid["missing"]["minor"], paid["checkout"]) == ("paid", 0, {})
    now = await crossing.sees("trader", f"/bookings/{booking['id']}")
    assert now["state"] == "confirmed"


async def test_of_too_much_the_truck_has_its_hour_and_the_accountant_the_surplus(
    crossing: Any, running: Any
) -> None:
    booking = await held(crossing)
    payment = await crossing.opened(booking)
    assert await crossing.told(crossing.notice(payment, Amount="80000100")) == "04"
    await notice_service.process_inbox(running.services.store)
    assert (await crossing.sees("trader", f"/payments/{payment['id']}"))["state"] == "paid"
    now = await crossing.sees("trader", f"/bookings/{booking['id']}")
    assert now["state"] == "confirmed"
    (waits,) = (await crossing.sees("accountant", "/payment-exceptions"))["items"]
    assert (waits["kind"], waits["amount"]["minor"]) == ("overpaid", 1)


async def test_a_part_of_an_hour_that_lapses_is_proposed_back(
    crossing: Any, running: Any, clock: FixedClock
) -> None:
    booking = await held(crossing)
    payment = await crossing.opened(booking)
    assert await crossing.told(crossing.notice(payment, Amount="30000000")) == "04"
    await notice_service.process_inbox(running.services.store)
    clock.advance(timedelta(minutes=16))
    await timeouts_of(running.services.store).run()
    path = f"/payments/{payment['id']}"
    seen = await crossing.sees("trader", path)
    # Within the grace the rest would still find the place.
    assert (seen["state"], seen["received"]["minor"]) == ("needs_review", 300_000)
    assert (await crossing.sees("trader", f"/bookings/{booking['id']}"))["state"] == "held"
    clock.advance(timedelta(minutes=3))
    await timeouts_of(running.services.store).run()
    assert (await crossing.sees("trader", f"/bookings/{booking['id']}"))["state"] == "lapsed"
    async with running.services.store.reading() as connection:
        (refund,) = await connection.execute(select(table_of(RefundRow)))
    assert (refund.state, refund.amount_minor, refund.rule) == (
        "requested",
        300_000,
        "nothing_owed",
    )


async def test_the_browser_that_comes_back_changes_nothing_and_is_sent_to_its_payment(
    crossing: Any, running: Any
) -> None:
    payment = await crossing.opened(await held(crossing))
    before = await crossing.rows()
    back = await running.client.get(f"/api/v1/payments/vnpay/return?{crossing.notice(payment)}")
    assert back.status_code == 303
    assert back.headers["location"] == f"/trader/payments/{payment['id']}"
    forged = await running.client.get("/api/v1/payments/vnpay/return?vnp_TxnRef=1&vnp_SecureHash=0")
    assert (forged.status_code, forged.headers["location"]) == (303, "/trader")
    assert await crossing.rows() == before


async def test_money_that_comes_after_the_lapse_is_kept_for_review(
    crossing: Any, running: Any, clock: FixedClock
) -> None:
    booking = await held(crossing)
    payment = await crossing.opened(booking)
    clock.advance(timedelta(minutes=20))
    await timeouts_of(running.services.store).run()
    assert await crossing.told(crossing.notice(payment)) == "00"
    await notice_service.process_inbox(running.services.store)
    found = await crossing.sees("trader", f"/payments/{payment['id']}")
    assert found["state"] == "needs_review"
    assert (await crossing.sees("trader", f"/bookings/{booking['id']}"))["state"] == "lapsed"


async def test_the_desk_is_for_cashiers_and_collects_at_once(crossing: Any) -> None:
    booking = await held(crossing)
    body = {"charge_ids": [booking["charges"][0]["id"]], "gateway": "desk"}
    before = await crossing.rows()
    for who in ("trader", "officer", "guard"):
        answer = await (await crossing.person(who)).post("/payments", body)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert await crossing.rows() == before
    assert (await crossing.does("manager", "/payments", body, 201))["state"] == "paid"
    twice = await (await crossing.person("gate")).post("/payments", body)
    assert (twice.status_code, twice.json()["code"]) == (409, "charge_not_owed")
    now = await crossing.sees("trader", f"/bookings/{booking['id']}")
    assert now["state"] == "confirmed"


async def test_a_payment_given_up_is_still_taken_when_its_money_comes(
    crossing: Any, running: Any
) -> None:
    payment = await crossing.opened(await held(crossing))
    given_up = await crossing.does("trader", f"/payments/{payment['id']}/cancel")
    assert given_up["state"] == "cancelled"
    again = await (await crossing.person("trader")).post(f"/payments/{payment['id']}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "move_not_open")
    assert await crossing.told(crossing.notice(payment)) == "00"
    await notice_service.process_inbox(running.services.store)
    assert (await crossing.sees("trader", f"/payments/{payment['id']}"))["state"] == "paid"


async def test_another_firms_payment_and_charge_do_not_exist(crossing: Any) -> None:
    booking = await held(crossing)
    payment = await crossing.opened(booking)
    other, before = await crossing.person("carrier"), await crossing.rows()
    assert (await other.get(f"/payments/{payment['id']}")).status_code == 404
    assert (await other.post(f"/payments/{payment['id']}/cancel")).status_code == 404
    body = {"charge_ids": [booking["charges"][0]["id"]], "gateway": "vnpay"}
    assert (await other.post("/payments", body)).status_code == 404
    assert await crossing.rows() == before


async def test_a_payment_with_a_wrong_value_names_it(
    crossing: Any, subtests: pytest.Subtests
) -> None:
    trader, before = await crossing.person("trader"), await crossing.rows()
    right = {"charge_ids": ["01a20463-df54-7297-b924-a94dc688caf3"], "gateway": "vnpay"}
    for change, field in (
        ({"charge_ids": []}, "charge_ids"),
        ({"charge_ids": ["x"]}, "charge_ids.0"),
        ({"gateway": "paypal"}, "gateway"),
        ({"gateway": "x" * 17}, "gateway"),
        ({"gateway": 5}, "gateway"),
        ({"amount": 1}, "amount"),
    ):
        with subtests.test(str(change)):
            answer = await trader.post("/payments", right | change)
            assert answer.status_code == 400
            assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert await crossing.rows() == before
