"""Refunds by API: who asks, who approves, what traders see, and the accountant's queue."""

from typing import Any

import pytest
from sqlalchemy import select

from border.core.store import table_of
from border.payments.charges.tables import PaymentChargeRow
from border.payments.collection import notice_service
from border.payments.gateways.evidence import (
    RefundFinding,
    RefundOrder,
    RefundQuestion,
    RefundReply,
)
from border.payments.refunds.refund_worker import process_refunds
from border.payments.refunds.request_service import on_cancelled
from border.payments.refunds.suspense_service import propose_for_exception
from logistics.booking import BOOKING


class Obliging:
    """A gateway that gives back whatever it is asked for."""

    code = "vnpay"

    async def refund(self, order: RefundOrder) -> RefundReply:
        """Give it back."""
        return RefundReply(RefundFinding.DONE, provider_txn=f"R{order.request_id[-8:]}", code="00")

    async def ask_refund(self, question: RefundQuestion) -> RefundReply:
        """Say that it was given back."""
        return RefundReply(RefundFinding.DONE, code="00")


@pytest.fixture
def services(running: Any) -> Any:
    """The zone with those who listen to what refunds are made of."""
    store = running.services.store
    store.reactions = dict(store.reactions) | {
        "booking.cancel": (on_cancelled,),
        "payment_exception.raise": (propose_for_exception,),
    }
    return running.services


async def worked(services: Any) -> None:
    """Let the worker hand over what is approved."""
    await process_refunds(services.store, {"vnpay": Obliging()})


async def paid(crossing: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a booking that was paid through VNPAY, and its payment."""
    booking = await crossing.booked((await crossing.lodged())["id"])
    payment = await crossing.opened(booking)
    assert await crossing.told(crossing.notice(payment)) == "00"
    await notice_service.process_inbox(crossing.running.services.store)
    return booking, await crossing.sees("trader", f"/payments/{payment['id']}")


WHY = {"reason": "The goods stay at home."}


async def test_a_refund_is_asked_for_approved_by_another_and_given_back(
    crossing: Any, services: Any
) -> None:
    booking, payment = await paid(crossing)
    asked = await crossing.does("trader", f"/payments/{payment['id']}/refunds", WHY, 201)
    assert (asked["state"], asked["amount"]) == ("requested", {"minor": 800_000, "currency": "VND"})
    assert [move["verb"] for move in asked["moves"]] == ["withdraw"]
    assert asked["moves"][0]["href"] == f"/api/v1/refunds/{asked['id']}/withdraw"
    shown = await crossing.sees("accountant", f"/refunds/{asked['id']}")
    assert [move["verb"] for move in shown["moves"]] == ["approve", "decline"]
    alone = await (await crossing.person("trader")).post(f"/refunds/{asked['id']}/approve")
    assert (alone.status_code, alone.json()["code"]) == (403, "not_allowed")
    approved = await crossing.does("accountant", f"/refunds/{asked['id']}/approve")
    assert approved["state"] == "approved"
    await worked(services)
    (done,) = (await crossing.sees("trader", f"/payments/{payment['id']}/refunds"))["items"]
    assert (done["state"], done["approved_by"], done["provider_code"]) == ("succeeded", None, None)
    assert (await crossing.sees("trader", f"/payments/{payment['id']}"))["state"] == "refunded"
    now = await crossing.sees("trader", f"/bookings/{booking['id']}")
    assert [charge["state"] for charge in now["charges"]] == ["refunded"]


async def test_a_double_click_is_one_refund(crossing: Any, services: Any) -> None:
    _, payment = await paid(crossing)
    trader, path = await crossing.person("trader"), f"/payments/{payment['id']}/refunds"
    part = WHY | {"amount": {"minor": 100_000, "currency": "VND"}}
    key = {"headers": {"Idempotency-Key": "click"}}
    first, again = [await trader.post(path, part, **key) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    without = await trader.post(path, part)
    assert (without.status_code, without.json()["code"]) == (409, "refund_waits")
    other = await trader.post(path, WHY, **key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_whoever_asked_does_not_approve(crossing: Any, services: Any) -> None:
    _, payment = await paid(crossing)
    asked = await crossing.does("accountant", f"/payments/{payment['id']}/refunds", WHY, 201)
    assert [move["verb"] for move in asked["moves"]] == ["decline", "withdraw"]
    own = await (await crossing.person("accountant")).post(f"/refunds/{asked['id']}/approve")
    assert own.status_code == 403
    version = {"headers": {"If-Match": '"7"'}}
    stale = await (await crossing.person("manager")).post(
        f"/refunds/{asked['id']}/approve", **version
    )
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    declined = await crossing.does("manager", f"/refunds/{asked['id']}/decline", WHY)
    assert (declined["state"], declined["note"]) == ("declined", WHY["reason"])


async def test_a_truck_that_has_crossed_needs_two(crossing: Any, services: Any) -> None:
    booking = await crossing.paid(await crossing.booked((await crossing.released())["id"]))
    store = services.store
    await crossing.crossed(booking)
    payments = await crossing.sees("trader", f"/bookings/{booking['id']}")
    charge_ids = {charge["id"] for charge in payments["charges"]}
    payment_id = await payment_of(store, charge_ids)
    asked = await crossing.does("accountant", f"/payments/{payment_id}/refunds", WHY, 201)
    assert asked["needs_two"] is True
    half = await crossing.does("manager", f"/refunds/{asked['id']}/approve")
    assert half["state"] == "half_approved"
    again = await (await crossing.person("manager")).post(f"/refunds/{asked['id']}/approve")
    assert again.status_code == 403


async def payment_of(store: Any, charge_ids: set[str]) -> str:
    """Return the payment of some charges."""
    table = table_of(PaymentChargeRow)
    async with store.reading() as connection:
        found = await connection.scalars(
            select(table.c.payment_id).where(table.c.charge_id.in_(charge_ids))
        )
    return str(found.first())


async def test_a_booking_cancelled_in_time_is_refunded_without_anybody_asking(
    crossing: Any, services: Any
) -> None:
    booking = await crossing.booked((await crossing.lodged())["id"], place=5)
    payment = await crossing.opened(booking)
    await crossing.told(crossing.notice(payment))
    await notice_service.process_inbox(services.store)
    cancelled = await crossing.does("trader", f"/bookings/{booking['id']}/cancel")
    assert cancelled["state"] == "cancelled"
    (refund,) = (await crossing.sees("trader", f"/payments/{payment['id']}/refunds"))["items"]
    assert (refund["state"], refund["automatic"]) == ("approved", True)
    await worked(services)
    assert (await crossing.sees("trader", f"/payments/{payment['id']}"))["state"] == "refunded"


async def test_a_booking_cancelled_late_is_refunded_only_when_asked(
    crossing: Any, services: Any
) -> None:
    booking = await crossing.booked((await crossing.lodged())["id"], place=0)
    payment = await crossing.opened(booking)
    await crossing.told(crossing.notice(payment))
    await notice_service.process_inbox(services.store)
    assert (await crossing.does("trader", f"/bookings/{booking['id']}/cancel"))["state"] == (
        "late_cancelled"
    )
    path = f"/payments/{payment['id']}/refunds"
    assert (await crossing.sees("trader", path))["items"] == []
    assert (await crossing.does("trader", path, WHY, 201))["state"] == "requested"


async def test_another_firms_refund_does_not_exist(crossing: Any, services: Any) -> None:
    _, payment = await paid(crossing)
    path = f"/payments/{payment['id']}/refunds"
    asked = await crossing.does("trader", path, WHY, 201)
    before = await crossing.rows()
    for who in ("carrier", "platform"):
        other = await crossing.person(who)
        answers = [
            await other.get(path),
            await other.get(f"/refunds/{asked['id']}"),
            await other.post(f"/refunds/{asked['id']}/withdraw"),
        ]
        # Who is no party to refunds at all is told so before what does not exist for them.
        withdrawn = 403 if who == "platform" else 404
        assert [answer.status_code for answer in answers] == [404, 404, withdrawn]
        assert (await other.post(path, WHY)).status_code in (403, 404)
        assert (await other.get("/payment-exceptions")).status_code == 403
    assert await crossing.rows() == before


async def test_a_refund_with_a_wrong_value_names_it(
    crossing: Any, services: Any, subtests: pytest.Subtests
) -> None:
    _, payment = await paid(crossing)
    staff, path = await crossing.person("accountant"), f"/payments/{payment['id']}/refunds"
    before = await crossing.rows()
    for body, field in (
        ({}, "reason"),
        ({"reason": " "}, "reason"),
        ({"reason": "a\x00b"}, "reason"),
        (WHY | {"amount": {"minor": 0}}, "amount.minor"),
        (WHY | {"amount": {"minor": -5}}, "amount.minor"),
        (WHY | {"amount": {"minor": 1.5}}, "amount.minor"),
        (WHY | {"amount": {"minor": 10**30}}, "amount.minor"),
        (WHY | {"amount": {"minor": 1, "currency": "XXX"}}, "amount.currency"),
        (WHY | {"way": "cash"}, "way"),
        (WHY | {"payment": "x"}, "payment"),
    ):
        with subtests.test(str(body)):
            answer = await staff.post(path, body)
            assert answer.status_code == 400, answer.text
            assert [error["field"] for error in answer.json()["errors"]] == [field]
    much = await staff.post(path, WHY | {"amount": {"minor": 800_001}})
    assert (much.status_code, much.json()["code"]) == (409, "not_refundable")
    yuan = await staff.post(path, WHY | {"amount": {"minor": 1, "currency": "CNY"}})
    assert (yuan.status_code, yuan.json()["code"]) == (409, "not_refundable")
    assert await crossing.rows() == before
    asked = await crossing.does("accountant", path, WHY, 201)
    for verb, body, status in (
        ("vanish", {}, 404),
        ("submit", {}, 404),
        ("decline", {}, 400),
        ("decline", [], 400),
        ("decline", {"reason": 5}, 400),
        ("pay_out", {"reference": "x"}, 409),
        ("record", {"outcome": "maybe", "note": "x"}, 400),
        ("resubmit", {}, 409),
    ):
        with subtests.test(verb):
            answer = await staff.post(f"/refunds/{asked['id']}/{verb}", body)
            assert answer.status_code == status, answer.text


async def test_cash_is_given_back_at_the_desk(crossing: Any, services: Any) -> None:
    booking = await crossing.booked((await crossing.lodged())["id"])
    payment = await crossing.opened(booking, "desk")
    asked = await crossing.does("accountant", f"/payments/{payment['id']}/refunds", WHY, 201)
    approved = await crossing.does("manager", f"/refunds/{asked['id']}/approve")
    assert (approved["state"], approved["way"]) == ("payout_due", "cash")
    done = await crossing.does("gate", f"/refunds/{asked['id']}/pay_out", {"reference": "R-1"})
    assert (done["state"], done["paid_out_reference"]) == ("succeeded", "R-1")
    again = await (await crossing.person("gate")).post(
        f"/refunds/{asked['id']}/pay_out", {"reference": "R-2"}
    )
    assert (again.status_code, again.json()["code"]) == (409, "paid_out_already")


async def test_the_accountant_works_the_queue(crossing: Any, services: Any) -> None:
    _, payment = await paid(crossing)
    opened = await crossing.booked((await crossing.lodged())["id"])
    # The same payment is paid again under another number of the gateway's.
    again = crossing.notice(await reopened(crossing, payment), TransactionNo="777001")
    await crossing.told(again)
    await notice_service.process_inbox(services.store)
    (raised,) = (await crossing.sees("accountant", "/payment-exceptions"))["items"]
    assert (raised["kind"], raised["amount"]["minor"]) == ("paid_twice", 800_000)
    assert [m["verb"] for m in raised["moves"]] == ["take", "apply", "refund"]
    base = f"/payment-exceptions/{raised['id']}"
    taken = await crossing.does("accountant", f"{base}/take")
    assert [m["verb"] for m in taken["moves"]] == ["put_back", "apply", "refund"]
    assert (await crossing.does("accountant", f"{base}/put_back"))["state"] == "open"
    staff = await crossing.person("accountant")
    for verb, body, status, code in (
        ("resolve", {"reason": "Seen."}, 409, "money_waits"),
        ("resolve", {}, 400, "invalid_fields"),
        ("apply", {}, 400, "invalid_fields"),
        ("refund", {}, 400, "invalid_fields"),
        ("heal", {}, 404, "not_found"),
    ):
        answer = await staff.post(f"{base}/{verb}", body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    owed = [charge["id"] for charge in opened["charges"]]
    applied = await crossing.does("accountant", f"{base}/apply", {"charge_ids": owed})
    assert (applied["state"], applied["resolution"]) == ("resolved", "applied")
    assert (await crossing.sees("trader", f"/bookings/{opened['id']}"))["state"] == "confirmed"
    assert (await crossing.sees("accountant", "/payment-exceptions"))["items"] == []
    (ended,) = (await crossing.sees("accountant", "/payment-exceptions?resolved=true"))["items"]
    assert ended["id"] == raised["id"]


async def reopened(crossing: Any, payment: dict[str, Any]) -> dict[str, Any]:
    """Return a payment with the address its payer was sent to, though it was paid since."""
    fields = {
        "vnp_TmnCode": crossing.running.services.settings.vnpay.terminal,
        "vnp_Amount": str(payment["amount"]["minor"] * 100),
        "vnp_OrderInfo": "Phi cua khau",
        "vnp_TxnRef": payment["reference"].replace("-", ""),
    }
    query = "&".join(f"{name}={value.replace(' ', '+')}" for name, value in fields.items())
    return payment | {"checkout": {"redirect_url": f"http://sandbox.test/pay?{query}"}}


def test_the_events_of_a_booking_are_named_as_listened_to() -> None:
    assert BOOKING.event("cancel") == "booking.cancel"
