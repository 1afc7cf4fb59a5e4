"""What a line is: every class, and what it asks for."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.core.ids import new_id
from border.core.money import Money
from border.payments.reconciliation.column_map import FeeTerms
from border.payments.reconciliation.matching import (
    AGREES,
    CLASS_SAYS,
    Act,
    AwaitedPayout,
    Before,
    LedgerMoney,
    LineClass,
    Reported,
    match,
    match_bank,
    payer_in,
    payout_of,
    words_of,
)
from border.payments.reconciliation.statement import GATEWAY_TYPES, LineType

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
HUNDRED = Money(100_000)
TERMS = FeeTerms(basis_points=110, fixed_minor=0)
COUNTS_NOT = frozenset({LineClass.DUPLICATE_LINE, LineClass.REPEATED})
"""Classes of lines that tell nothing that was not told before."""


def told(type: LineType = LineType.PAYMENT, minor: int = 100_000, fee: int = 0) -> Reported:
    """Return a line of Monday."""
    return Reported(type, Money(minor), Money(fee), MONDAY)


def booked(minor: int = 100_000, day: date = MONDAY) -> LedgerMoney:
    """Return what the books have."""
    return LedgerMoney(new_id(), Money(minor), day)


def test_a_line_that_is_booked_as_told_agrees() -> None:
    there = booked()
    verdict = match(told(), there)
    assert (verdict.line_class, verdict.journal_id) == (LineClass.MATCHED, there.journal_id)
    assert not verdict.raises
    assert verdict.act is Act.NOTHING


def test_a_line_of_the_next_day_agrees_with_a_note() -> None:
    verdict = match(told(), booked(day=TUESDAY))
    assert verdict.line_class is LineClass.DATE_SHIFT
    assert verdict.note == "2026-11-23 / 2026-11-24"
    assert not verdict.raises


def test_another_amount_or_currency_is_a_difference() -> None:
    assert match(told(), booked(99_999)).line_class is LineClass.AMOUNT_DIFF
    yuan = Reported(LineType.PAYMENT, Money(100_000, "CNY"), Money(0, "CNY"), MONDAY)
    assert match(yuan, booked()).raises


@pytest.mark.parametrize(("fee", "differs"), [(1_100, False), (1_101, True), (0, True)])
def test_the_fee_is_held_against_what_was_agreed(fee: int, differs: bool) -> None:
    verdict = match(told(fee=fee), booked(), terms=TERMS)
    assert (verdict.line_class is LineClass.FEE_DIFF) is differs
    assert verdict.raises is differs
    assert verdict.line_class in AGREES


def test_without_terms_and_beside_payments_fees_are_not_judged() -> None:
    assert match(told(fee=7), booked()).line_class is LineClass.MATCHED
    assert match(told(LineType.REFUND, fee=7), booked(), terms=TERMS).line_class is (
        LineClass.MATCHED
    )


@pytest.mark.parametrize(
    ("type", "line_class", "act"),
    [
        (LineType.PAYMENT, LineClass.MISSING_IN_LEDGER, Act.CAPTURE),
        (LineType.REFUND, LineClass.MISSING_IN_LEDGER, Act.REVERSE),
        (LineType.PAYOUT, LineClass.AWAITED, Act.PAY_OUT),
        (LineType.FEE, LineClass.MATCHED, Act.TAKE_FEE),
    ],
)
def test_what_the_books_do_not_have_is_booked(
    type: LineType, line_class: LineClass, act: Act
) -> None:
    verdict = match(told(type), None)
    assert (verdict.line_class, verdict.act) == (line_class, act)


@pytest.mark.parametrize("type", GATEWAY_TYPES)
def test_a_transaction_that_was_told_before_moves_no_money_again(type: LineType) -> None:
    twice = match(told(type), None, Before(True, HUNDRED))
    assert (twice.line_class, twice.act, twice.raises) == (
        LineClass.DUPLICATE_LINE,
        Act.NOTHING,
        True,
    )
    again = match(told(type), booked(), Before(False, HUNDRED))
    assert (again.line_class, again.act, again.raises) == (LineClass.REPEATED, Act.NOTHING, False)


def test_a_later_file_that_agrees_with_the_books_takes_the_place_of_a_wrong_one() -> None:
    wrong = Before(False, Money(99_000))
    assert match(told(), booked(), wrong).supersedes
    still = match(told(minor=98_000), booked(), wrong)
    assert (still.line_class, still.supersedes) == (LineClass.AMOUNT_DIFF, False)
    assert match(told(), None, wrong).raises


@given(
    type=st.sampled_from(GATEWAY_TYPES),
    minor=st.integers(1, 10**9),
    other=st.integers(1, 10**9),
    in_books=st.booleans(),
    before=st.sampled_from(["none", "same file", "other file"]),
)
def test_every_line_gets_a_class_and_only_one_line_of_a_transaction_moves_money(
    type: LineType, minor: int, other: int, in_books: bool, before: str
) -> None:
    there = booked(other) if in_books else None
    earlier = None if before == "none" else Before(before == "same file", Money(other))
    verdict = match(told(type, minor), there, earlier)
    assert verdict.line_class in CLASS_SAYS
    assert (verdict.act is Act.NOTHING) or (there is None and earlier is None)
    if verdict.line_class in COUNTS_NOT:
        assert earlier is not None
    if verdict.line_class is LineClass.AMOUNT_DIFF:
        assert verdict.raises


# The bank


def test_a_transfer_that_is_booked_reaches_the_bank() -> None:
    verdict = match_bank(told(LineType.CREDIT), booked())
    assert (verdict.line_class, verdict.act) == (LineClass.MATCHED, Act.BANK)
    other = match_bank(told(LineType.CREDIT), booked(1))
    assert (other.line_class, other.act, other.raises) == (
        LineClass.AMOUNT_DIFF,
        Act.NOTHING,
        True,
    )


def test_a_credit_of_nobody_is_taken_in_and_one_of_a_gateways_waits_for_its_word() -> None:
    assert match_bank(told(LineType.CREDIT), None).act is Act.CAPTURE
    waits = match_bank(told(LineType.CREDIT), None, awaited_from="vnpay")
    assert (waits.line_class, waits.act) == (LineClass.AWAITED, Act.NOTHING)


def test_money_off_the_account_that_nobody_ordered_is_for_a_person() -> None:
    verdict = match_bank(told(LineType.DEBIT), None, awaited_from="vnpay")
    assert (verdict.line_class, verdict.act, verdict.raises) == (
        LineClass.MISSING_IN_LEDGER,
        Act.NOTHING,
        True,
    )


def test_a_line_of_the_banks_that_was_told_before_moves_nothing() -> None:
    credit = told(LineType.CREDIT)
    assert match_bank(credit, None, Before(True, HUNDRED)).line_class is LineClass.DUPLICATE_LINE
    assert match_bank(credit, None, Before(False, HUNDRED)).line_class is LineClass.REPEATED
    assert match_bank(credit, None, Before(False, Money(1))).raises


def payout(number: str, minor: int, reference: str = "", gateway: str = "vnpay") -> AwaitedPayout:
    """Return a payout that waits for the bank."""
    return AwaitedPayout(new_id(), 1, gateway, number, reference, Money(minor), None)


def test_a_payout_is_known_by_its_number_whatever_the_amount() -> None:
    one, two = payout("PO-2611-77", 5), payout("PO-2611-78", 5, "FT9001")
    assert payout_of("FT1", "VNPAY quyet toan po-2611-77.", Money(9), [two, one]) is one
    assert payout_of("FT9001", "", Money(5), [one, two]) is two


def test_a_payout_is_known_by_payer_and_amount_only_where_one_fits() -> None:
    one, other = payout("A1234", 5), payout("A1235", 6)
    assert payout_of("FT1", "Công ty VNPAY chuyển tiền", Money(5), [one, other]) is one
    assert payout_of("FT1", "Công ty VNPAY", Money(5), [one, payout("A1236", 5)]) is None
    assert payout_of("FT1", "Công ty khác", Money(5), [one]) is None
    assert payout_of("FT1", "PAYGOV", Money(5), [one]) is None


def test_a_short_number_in_a_memo_is_no_name_of_a_payout() -> None:
    assert payout_of("FT1", "thanh toan 77", Money(9), [payout("77", 9)]) is None


def test_memos_are_read_without_accents() -> None:
    assert words_of("Đường số 5, quyết-toán") == ["DUONG", "SO", "5", "QUYET-TOAN"]
    assert payer_in("từ VNPAY-QR") == "vnpay"
    assert payer_in("nguoi dan") == ""
