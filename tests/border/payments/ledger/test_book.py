"""Entries balance or do not exist."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from border.core.money import Money
from border.payments.ledger.book import (
    CASH,
    COLLECTOR,
    OVERPAID,
    PAYER,
    UNMATCHED,
    Entry,
    Posting,
    added_up,
    assessed,
    bank,
    due,
    gateway_receivable,
    received,
    reversed_postings,
)

AT = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
ONE, TWO = UUID(int=1), UUID(int=2)


def vnd(amount: int) -> Money:
    return Money(amount, "VND")


def test_a_charge_is_owed_by_the_payer_and_owed_on_in_its_parts() -> None:
    lines = assessed(ONE, vnd(800), [(due("yard_service"), vnd(720)), (COLLECTOR, vnd(80))])
    assert lines == (
        Posting(PAYER, vnd(800), ONE),
        Posting("due_to_budget:yard_service", vnd(-720), ONE),
        Posting("retained_by_collector", vnd(-80), ONE),
    )
    assert added_up(lines) == {"VND": 0}
    assert added_up((*lines, *reversed_postings(lines))) == {"VND": 0}


def test_money_pays_off_what_it_was_for_and_the_rest_waits() -> None:
    lines = received("vnpay", vnd(1_000), [(ONE, vnd(300)), (TWO, vnd(500))], OVERPAID)
    assert [(line.account, line.amount.minor, line.charge_id) for line in lines] == [
        ("gateway_receivable:vnpay", 1_000, None),
        (PAYER, -300, ONE),
        (PAYER, -500, TWO),
        (OVERPAID, -200, None),
    ]
    assert received("vietqr", vnd(5), [], UNMATCHED)[-1] == Posting(UNMATCHED, vnd(-5))


@pytest.mark.parametrize(
    "postings",
    [
        (),
        (Posting(CASH, vnd(1)),),
        (Posting(CASH, vnd(1)), Posting(bank("main"), vnd(-2))),
        (Posting(CASH, vnd(1)), Posting(bank("main"), Money(-1, "CNY"))),
        (Posting(CASH, vnd(0)), Posting(bank("main"), vnd(0))),
    ],
)
def test_what_does_not_balance_is_no_entry(postings: tuple[Posting, ...]) -> None:
    with pytest.raises(ValueError, match=r"balance|nothing"):
        Entry("payout", "payout:1", postings, AT)


def test_an_unknown_kind_is_no_entry() -> None:
    balanced = (Posting(CASH, vnd(1)), Posting(bank("main"), vnd(-1)))
    with pytest.raises(ValueError, match="no kind"):
        Entry("gift", "gift:1", balanced, AT)


def test_the_accounts_have_their_names() -> None:
    assert (gateway_receivable("vnpay"), bank("main"), due("vat")) == (
        "gateway_receivable:vnpay",
        "bank:main",
        "due_to_budget:vat",
    )
