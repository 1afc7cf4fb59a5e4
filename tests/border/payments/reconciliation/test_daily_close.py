"""The figures of a day, their proofs, the chain from day to day, and the printed sheet."""

from datetime import date
from typing import Any

import pytest

from border.payments.reconciliation.close_text import WIDTH, amount, close_text
from border.payments.reconciliation.daily_close import (
    ALL,
    FIRST,
    CloseFacts,
    ListExcerpt,
    Moved,
    ReceiptRange,
    StatementSum,
    closing_of,
    figures_of,
    first_broken,
    proof_of,
)

NOTHING = ListExcerpt([], 0)
HELD = "gateway_receivable:vnpay"


def facts(**more: Any) -> CloseFacts:
    """Return the facts of a day on which a million came in and 300,000 was paid out."""
    known: dict[str, Any] = {
        "day": date(2026, 11, 23),
        "scope": ALL,
        "opening": {"VND": 50_000},
        "closing": {"VND": 640_000},
        "closed_before": {"VND": 50_000},
        "trial_balance": {"VND": 0},
        "unbalanced": 0,
        "moved": [
            Moved("capture", HELD, "VND", 1_000_000, 0),
            Moved("capture", "suspense:unmatched", "VND", 0, 200_000),
            Moved("apply", "suspense:unmatched", "VND", 150_000, 0),
            Moved("refund_pay", HELD, "VND", 0, 120_000),
            Moved("refund_bounce", HELD, "VND", 20_000, 0),
            Moved("external_refund", HELD, "VND", 0, 10_000),
            Moved("payout", HELD, "VND", 0, 300_000),
            Moved("payout", "gateway_fee", "VND", 11_000, 0),
            Moved("payout", "bank:main", "VND", 289_000, 0),
        ],
        "statements": [StatementSum("vnpay", "VND", 1_000_000, 800_000, 200_000, 1_000_000)],
        "differences": NOTHING,
        "exceptions": NOTHING,
        "after_close": NOTHING,
        "receipts": [ReceiptRange("LC-26E/2026", 3, 7, 9)],
    }
    return CloseFacts(**(known | more))


def test_the_figures_of_a_day_add_up() -> None:
    assert figures_of(facts())["currencies"]["VND"] == {
        "opening": 50_000,
        "captured": 1_000_000,
        "refunded": 100_000,
        "reversed": 10_000,
        "paid_out": 289_000,
        "fees": 11_000,
        "variance": 0,
        "closing": 640_000,
        "suspense_in": 200_000,
        "suspense_out": 150_000,
    }
    assert set(figures_of(facts())["proofs"].values()) == {True}


@pytest.mark.parametrize(
    ("proof", "change"),
    [
        ("trial_balance", {"trial_balance": {"VND": 1}}),
        ("trial_balance", {"unbalanced": 1}),
        ("carried_over", {"closed_before": {"VND": 49_999}}),
        ("carried_over", {"closed_before": {"VND": 50_000, "CNY": 1}}),
        ("movements", {"closing": {"VND": 640_001}}),
        (
            "gateway_total",
            {"statements": [StatementSum("vnpay", "VND", 1_000_000, 800_000, 199_999, 1_000_000)]},
        ),
        (
            "statement_total",
            {"statements": [StatementSum("vnpay", "VND", 1_000_000, 800_000, 200_000, 1)]},
        ),
        ("statement_total", {"differences": ListExcerpt([{"number": "1"}], 1)}),
        ("receipts", {"receipts": [ReceiptRange("LC-26E/2026", 3, 7, 10)]}),
    ],
)
def test_a_proof_that_does_not_hold_says_so(proof: str, change: dict[str, Any]) -> None:
    proofs = figures_of(facts(**change))["proofs"]
    assert [name for name, holds in proofs.items() if holds is False] == [proof]


def test_what_there_is_nothing_to_prove_by_is_left_open() -> None:
    bare = facts(closed_before=None, statements=[], receipts=[])
    proofs = figures_of(bare)["proofs"]
    assert [name for name, holds in proofs.items() if holds is None] == [
        "carried_over",
        "gateway_total",
        "statement_total",
        "receipts",
    ]


def test_a_cash_desk_that_was_short_still_adds_up() -> None:
    desk = facts(
        opening={},
        closing={"VND": 95},
        closed_before={},
        moved=[
            Moved("capture", "gateway_receivable:desk", "VND", 100, 0),
            Moved("cash_variance", "gateway_receivable:desk", "VND", 0, 5),
            Moved("cash_variance", "cash_over_short", "VND", 5, 0),
        ],
    )
    figures = figures_of(desk)
    assert figures["currencies"]["VND"]["variance"] == -5
    assert figures["proofs"]["movements"]


def chain(length: int) -> list[tuple[str, str, dict[str, Any]]]:
    """Return closes, each hanging on the one before."""
    closes, before = [], FIRST
    for day in range(1, length + 1):
        figures = figures_of(facts(day=date(2026, 11, day)))
        closes.append((before, proof_of(before, figures), figures))
        before = closes[-1][1]
    return closes


def test_the_chain_holds_and_any_change_breaks_it_where_it_was_made() -> None:
    closes = chain(4)
    assert first_broken(closes) is None
    before, proof, figures = closes[2]
    changed = {**figures, "exception_count": 1}
    assert first_broken([*closes[:2], (before, proof, changed), closes[3]]) == 2
    rehashed = (before, proof_of(before, changed), changed)
    assert first_broken([*closes[:2], rehashed, closes[3]]) == 3
    assert first_broken([closes[0], *closes[2:]]) == 1
    assert first_broken(closes[1:]) == 0


def test_the_sheet_fits_the_printer_and_says_what_counts() -> None:
    listed = [{"gateway": "vnpay", "number": "9" * 90, "statement": 1, "ledger": None}]
    figures = figures_of(facts(differences=ListExcerpt(listed, 3)))
    sheet = close_text(figures, "a" * 64, FIRST, "2026-11-24 08:00")
    assert max(map(len, sheet.splitlines())) <= WIDTH
    for part in (
        "2026-11-23  all",
        "1,000,000 VND",
        "7..9 (3)",
        "Differences: 3",
        "… and 2 more",
        "DOES NOT HOLD",
        "proof  " + "a" * 64,
    ):
        assert part in sheet
    assert "NOT CLOSED" in close_text(figures)


def test_amounts_are_printed_with_groups_and_the_currencys_decimals() -> None:
    assert amount(1_234_567, "VND") == "1,234,567 VND"
    assert amount(-123_405, "CNY") == "-1,234.05 CNY"


def test_what_a_day_ended_with_is_read_back_from_its_figures() -> None:
    assert closing_of(figures_of(facts())) == {"VND": 640_000}
