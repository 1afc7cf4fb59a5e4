"""What a statement's line is, beside what the books have and what was told of it before.

Pure. Three ways meet here: our ledger, the gateway's statement, the bank's. What a verdict
leads to (money booked, an exception raised) is done by the services.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from border.core.money import Money
from border.core.words import N_
from border.payments.gateways.evidence import COUNTER
from border.payments.gateways.registry import GATEWAY_KINDS
from border.payments.reconciliation.column_map import FeeTerms
from border.payments.reconciliation.statement import LineType


class LineClass(StrEnum):
    """What became of a line, or, with `missing_at_gateway`, of money that has no line."""

    MATCHED = "matched"
    DATE_SHIFT = "date_shift"
    AMOUNT_DIFF = "amount_diff"
    FEE_DIFF = "fee_diff"
    MISSING_IN_LEDGER = "missing_in_ledger"
    MISSING_AT_GATEWAY = "missing_at_gateway"
    DUPLICATE_LINE = "duplicate_line"
    REPEATED = "repeated"
    AWAITED = "awaited"


CLASS_SAYS: Mapping[LineClass, str] = {
    LineClass.MATCHED: N_("Agrees"),
    LineClass.DATE_SHIFT: N_("Agrees, on another day"),
    LineClass.AMOUNT_DIFF: N_("Another amount"),
    LineClass.FEE_DIFF: N_("Another fee than agreed"),
    LineClass.MISSING_IN_LEDGER: N_("Was missing in the ledger"),
    LineClass.MISSING_AT_GATEWAY: N_("Is missing in every statement"),
    LineClass.DUPLICATE_LINE: N_("Twice in one file"),
    LineClass.REPEATED: N_("Told by an earlier file"),
    LineClass.AWAITED: N_("Waits for the other side's statement"),
}
"""Each class in words."""
AGREES = frozenset({LineClass.MATCHED, LineClass.DATE_SHIFT, LineClass.FEE_DIFF})
"""Classes in which the money agrees with the books."""


class Act(StrEnum):
    """What a verdict asks to be done with the money."""

    NOTHING = "nothing"
    CAPTURE = "capture"
    REVERSE = "reverse"
    PAY_OUT = "pay_out"
    TAKE_FEE = "take_fee"
    BANK = "bank"


@dataclass(frozen=True)
class Reported:
    """A line, as much of it as matters here."""

    type: LineType
    amount: Money
    fee: Money
    day: date


@dataclass(frozen=True)
class LedgerMoney:
    """What the books have under the line's transaction: how much, and on what day it was true."""

    journal_id: UUID
    amount: Money
    day: date


@dataclass(frozen=True)
class Before:
    """An earlier line of the same transaction."""

    same_file: bool
    amount: Money


@dataclass(frozen=True)
class Verdict:
    """The class of a line, with what booked it, what to do, and whether a person must look.

    `supersedes`: an earlier line of the same transaction was wrong and counts no longer.
    """

    line_class: LineClass
    journal_id: UUID | None = None
    act: Act = Act.NOTHING
    raises: bool = False
    supersedes: bool = False
    note: str = ""


_UNBOOKED: Mapping[LineType, Verdict] = {
    LineType.PAYMENT: Verdict(LineClass.MISSING_IN_LEDGER, act=Act.CAPTURE),
    LineType.REFUND: Verdict(LineClass.MISSING_IN_LEDGER, act=Act.REVERSE),
    LineType.PAYOUT: Verdict(LineClass.AWAITED, act=Act.PAY_OUT),
    LineType.FEE: Verdict(LineClass.MATCHED, act=Act.TAKE_FEE),
}
"""What a gateway's line is that the books know nothing of."""


def match(
    reported: Reported,
    booked: LedgerMoney | None,
    before: Before | None = None,
    terms: FeeTerms | None = None,
) -> Verdict:
    """Return what a gateway's line is."""
    if before and before.same_file:
        return Verdict(LineClass.DUPLICATE_LINE, raises=True)
    if before and before.amount == reported.amount:
        return Verdict(LineClass.REPEATED)
    if booked is None:
        if before:
            return Verdict(LineClass.AMOUNT_DIFF, raises=True)
        return _UNBOOKED[reported.type]
    verdict = _beside_booked(reported, booked, terms)
    if before and verdict.line_class in AGREES:
        return replace(verdict, supersedes=True)
    return verdict


def _beside_booked(reported: Reported, booked: LedgerMoney, terms: FeeTerms | None) -> Verdict:
    """Return what a line is whose transaction is in the books."""
    if reported.amount != booked.amount:
        note = f"{reported.amount.minor} {reported.amount.currency} / {booked.amount.minor}"
        return Verdict(LineClass.AMOUNT_DIFF, booked.journal_id, raises=True, note=note)
    shift = "" if reported.day == booked.day else f"{reported.day} / {booked.day}"
    if terms and reported.type is LineType.PAYMENT:
        agreed = terms.fee_of(reported.amount.minor)
        if reported.fee.minor != agreed:
            note = " ".join(filter(None, (f"{reported.fee.minor} / {agreed}", shift)))
            return Verdict(LineClass.FEE_DIFF, booked.journal_id, raises=True, note=note)
    if shift:
        return Verdict(LineClass.DATE_SHIFT, booked.journal_id, note=shift)
    return Verdict(LineClass.MATCHED, booked.journal_id)


def match_bank(
    reported: Reported,
    booked: LedgerMoney | None,
    before: Before | None = None,
    awaited_from: str = "",
) -> Verdict:
    """Return what a line of the bank's is that is no payout a gateway has told of.

    `booked` is a transfer to us, or a refund of ours by transfer, that the line can be;
    `awaited_from` the gateway whose payout it seems to be, but which has not told of it yet.
    """
    if before:
        same = before.amount == reported.amount
        if before.same_file:
            return Verdict(LineClass.DUPLICATE_LINE, raises=True)
        return Verdict(LineClass.REPEATED if same else LineClass.AMOUNT_DIFF, raises=not same)
    if booked:
        verdict = _beside_booked(reported, booked, None)
        agrees = verdict.line_class in AGREES
        return replace(verdict, act=Act.BANK if agrees else Act.NOTHING)
    if reported.type is LineType.DEBIT:
        return Verdict(LineClass.MISSING_IN_LEDGER, raises=True)
    if awaited_from:
        return Verdict(LineClass.AWAITED, note=awaited_from)
    return Verdict(LineClass.MISSING_IN_LEDGER, act=Act.CAPTURE)


# Payouts: told by a gateway, seen by the bank

PAYERS: Mapping[str, tuple[str, ...]] = {
    **{code: kind.memo_signs for code, kind in GATEWAY_KINDS.items() if kind.memo_signs},
    COUNTER: ("NOP TIEN MAT",),
}
"""How those who pay in one sum what they collected are named in the memo of the bank's line."""
_SHORTEST_NUMBER = 4


@dataclass(frozen=True)
class AwaitedPayout:
    """A payout that a gateway told of and the bank has not shown yet."""

    file_id: UUID
    number: int
    gateway: str
    transaction_no: str
    reference: str
    amount: Money
    journal_id: UUID | None


def words_of(memo: str) -> list[str]:
    """Return the words of a memo in capital letters without accents, as banks mangle them."""
    plain = unicodedata.normalize("NFKD", memo.replace("đ", "d").replace("Đ", "D")).upper()
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return re.findall(r"[A-Z0-9]+(?:[-_.][A-Z0-9]+)*", letters)


def payer_in(memo: str) -> str:
    """Return the gateway that a memo names as the payer, "" if it names none."""
    words = " ".join(words_of(memo))
    return next((g for g, signs in PAYERS.items() if any(sign in words for sign in signs)), "")


def payout_of(
    transaction_no: str, memo: str, amount: Money, payouts: Iterable[AwaitedPayout]
) -> AwaitedPayout | None:
    """Return the payout that a credit of the bank's is: by its number, else by payer and amount.

    One named by number is returned also where the amount differs; by amount alone only where the
    memo names the payer and a single payout fits.
    """
    payouts = list(payouts)
    named = {transaction_no.upper(), *words_of(memo)}
    for payout in payouts:
        numbers = {payout.transaction_no.upper(), payout.reference.upper()}
        if named & {number for number in numbers if len(number) >= _SHORTEST_NUMBER}:
            return payout
    payer = payer_in(memo)
    fitting = [p for p in payouts if payer and p.gateway == payer and p.amount == amount]
    return fitting[0] if len(fitting) == 1 else None
