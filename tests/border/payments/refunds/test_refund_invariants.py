"""Whatever is asked, approved, declined and answered in whatever order: the books stay true."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from border.core.refusal import Refusal
from border.core.store import PROGRAM
from border.payments.gateways.evidence import Finding
from border.payments.ledger.book import REFUND_PAYABLE
from border.payments.ledger.tables import JournalRow
from border.payments.refunds import money_storage
from border.payments.refunds.outcome_service import record, resubmit
from border.payments.refunds.refund import ENDED
from border.payments.refunds.refund_service import approve, decline
from border.payments.refunds.request_service import refund_for_subject
from border.payments.refunds.tables import RefundRow

STEPS = st.one_of(
    st.tuples(st.just("ask"), st.integers(1, 1200)),
    st.tuples(st.sampled_from(["all", "approve", "decline", "rule", "again", "twice"]), st.just(0)),
    st.tuples(
        st.sampled_from(["submit", "progress"]),
        st.integers(0, 3),
    ),
    st.tuples(st.just("record"), st.integers(0, 1)),
)
ANSWERS = ("accepted", "done", "rejected", "unknown")


async def _one(desk: Any, *states: str) -> RefundRow | None:
    rows = [r for r in await desk.counter.rows(RefundRow) if r.state in states]
    return min(rows, key=lambda r: r.reference) if rows else None


async def _step(desk: Any, paid: Any, step: str, number: int) -> None:
    if step in ("ask", "all"):
        await desk.asks(paid, number or None)
    elif step == "approve" and (row := await _one(desk, "requested", "half_approved")):
        await desk.does(desk.manager, approve, row.id, crossed=row.amount_minor % 2 == 0)
        await desk.does(desk.accountant2, approve, row.id)
    elif step == "decline" and (row := await _one(desk, "requested", "half_approved", "approved")):
        await desk.does(desk.manager, decline, row.id, "No.")
    elif step == "rule":
        subject = paid.charges[0].subject
        await desk.does(PROGRAM, refund_for_subject, subject, "Cancelled.", "cancelled")
    elif step == "submit":
        await desk.works(says=ANSWERS[number], progress="unknown")
    elif step == "progress":
        desk.counter.clock.advance(timedelta(days=7))
        await desk.works(says="unknown", progress=ANSWERS[number])
    elif step == "record" and (row := await _one(desk, "unknown", "provider_pending")):
        outcome = ("succeeded", "rejected")[number]
        await desk.does(desk.manager, record, row.id, outcome, "By telephone.")
    elif step == "again" and (row := await _one(desk, "unknown")):
        await desk.does(desk.manager, resubmit, row.id)
    elif step == "twice":
        await desk.counter.apply(paid.opened, Finding.PAID, provider_txn=f"T{number}")


async def _hold(desk: Any, paid: Any) -> None:
    """Check what must be true after every step."""
    refunds = await desk.counter.rows(RefundRow)
    live = [r for r in refunds if r.state not in ENDED]
    in_flight = sum(r.amount_minor for r in live if r.state != "succeeded")
    balances = await desk.balances()  # every journal balances, and all together
    assert -balances.get(REFUND_PAYABLE, 0) == in_flight
    of_charges = sum(r.amount_minor for r in live if not r.exception_id)
    assert 0 <= of_charges <= paid.payment.amount_minor
    gone = sum(r.amount_minor for r in live if r.state == "succeeded")
    async with desk.store.reading() as connection:
        held = await money_storage.collected(connection, "vnpay", paid.payment.id)
    captures = await desk.counter.rows(JournalRow, kind="capture", payment_id=paid.payment.id)
    captured = len(captures) * paid.payment.amount_minor
    assert held == captured - gone
    assert 0 <= sum(r.amount_minor for r in live) <= captured
    assert all(minor <= 0 for name, minor in balances.items() if name.startswith("due_to"))


@settings(max_examples=25)
@given(steps=st.lists(STEPS, min_size=3, max_size=14))
async def test_no_sequence_of_steps_gives_back_more_than_came(
    desk: Any, steps: list[tuple[str, int]]
) -> None:
    await desk.forget()
    paid = await desk.paid(800, 400)
    for step, number in steps:
        with suppress(Refusal):
            await _step(desk, paid, step, number)
        await _hold(desk, paid)
