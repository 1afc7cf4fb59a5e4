"""The figures of a closed day, what they prove, and the chain of proofs that ties day to day.

Pure. Everything is counted by when it was booked: a fact that comes to light later is of the
day on which it was booked, however long ago it became true, and is shown there as after close.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, Protocol, TypeVar

from border.core.words import N_
from border.payments.gateways.evidence import COUNTER
from border.payments.ledger.book import CASH_VARIANCE, GATEWAY_FEE, SUSPENSE

ALL = "all"
FIRST = "0" * 64
"""What the first close of a scope hangs on."""
MOST_LISTED = 200
"""How many differences, exceptions and late facts are listed; beyond it they are counted."""

FIGURES: Mapping[str, str] = {
    "opening": N_("Held by the gateway at the beginning"),
    "captured": N_("Collected"),
    "refunded": N_("Given back to payers"),
    "reversed": N_("Taken back without us"),
    "paid_out": N_("Paid out to the bank"),
    "fees": N_("Kept as fees"),
    "variance": N_("Cash over or short"),
    "closing": N_("Held by the gateway at the end"),
    "suspense_in": N_("Money without an owner that came"),
    "suspense_out": N_("Money whose owner was found, or that went back"),
}
"""The figures of one currency, in the order in which they are printed."""
_HELD_BY_ALL: Mapping[str, str] = {
    "opening": N_("Held by gateways and in the drawers at the beginning"),
    "closing": N_("Held by gateways and in the drawers at the end"),
}
_HELD_IN_CASH: Mapping[str, str] = {
    "opening": N_("Cash in the drawers at the beginning"),
    "closing": N_("Cash in the drawers at the end"),
    "paid_out": N_("Cash brought to the bank"),
}
SHIFTS = "shifts"
"""The blocker that is not a proof: a drawer of the day that nobody has counted or approved."""
DAY_BEFORE_OPEN = N_("The day before is still open")
SHIFTS_WAIT = N_("A cash shift of the day is not counted yet, or is over or short and not approved")
PROOFS: Mapping[str, str] = {
    "trial_balance": N_("Debits and credits of all the books add up to nothing"),
    "carried_over": N_("The day began with what the close before it ended with"),
    "movements": N_("Beginning, movements and end agree"),
    "gateway_total": N_("What the statement has is on charges or in suspense"),
    "statement_total": N_("The statement and the ledger have the same total"),
    "receipts": N_("The receipts' numbers have no gap"),
}
"""What is proved, or shown not to hold, in the order in which it is printed."""
KIND_SAYS: Mapping[str, str] = {
    "assess": N_("Charged"),
    "void": N_("Charge voided"),
    "waive": N_("Charge waived"),
    "capture": N_("Money came"),
    "apply": N_("Money in suspense applied"),
    "refund_reserve": N_("Set aside for a refund"),
    "refund_release": N_("Refund not made"),
    "refund_pay": N_("Refund paid"),
    "refund_bounce": N_("Refund came back"),
    "payout": N_("Paid out to the bank"),
    "external_refund": N_("Taken back without us"),
    "cash_variance": N_("Cash over or short"),
}
"""What was booked, in words, by the kind of journal."""


def figures_said(scope: str) -> Mapping[str, str]:
    """Return what the figures of a scope are called: cash lies in drawers, not at a gateway."""
    return {**FIGURES, **{ALL: _HELD_BY_ALL, COUNTER: _HELD_IN_CASH}.get(scope, {})}


def blockers_of(figures: Mapping[str, Any], shifts_waiting: int) -> tuple[str, ...]:
    """Return what a day should not be closed with unseen: proofs that do not hold, and drawers.

    A proof without anything to prove it by is one; receipts are proved for all together only.
    """
    proofs = figures["proofs"]
    asked = [name for name in PROOFS if name != "receipts" or figures["scope"] == ALL]
    unseen = [name for name in asked if proofs[name] is not True]
    return (*unseen, SHIFTS) if shifts_waiting else tuple(unseen)


@dataclass(frozen=True)
class Moved:
    """What journals of one kind moved on one account in the day: debits and credits apart."""

    kind: str
    account: str
    currency: str
    debit: int
    credit: int

    @property
    def net(self) -> int:
        """Debits less credits."""
        return self.debit - self.credit


@dataclass(frozen=True)
class StatementSum:
    """A gateway's statement of the day beside the books, in one currency.

    `on_charges` and `in_suspense` are where the books have what the statement's lines were
    matched with; `ledger` what the books have of that day.
    """

    gateway: str
    currency: str
    statement: int
    on_charges: int
    in_suspense: int
    ledger: int


@dataclass(frozen=True)
class ReceiptRange:
    """The receipts issued in the day under one symbol: how many, the first and last number."""

    serial: str
    count: int
    first: int
    last: int


@dataclass(frozen=True)
class ListExcerpt:
    """Some rows of a list, and how many there are in all."""

    rows: Sequence[Mapping[str, Any]]
    count: int


@dataclass(frozen=True)
class CloseFacts:
    """All that a close is made of."""

    day: date
    scope: str
    opening: Mapping[str, int]
    closing: Mapping[str, int]
    closed_before: Mapping[str, int] | None
    trial_balance: Mapping[str, int]
    unbalanced: int
    moved: Sequence[Moved]
    statements: Sequence[StatementSum]
    differences: ListExcerpt
    exceptions: ListExcerpt
    after_close: ListExcerpt
    receipts: Sequence[ReceiptRange]


def figures_of(facts: CloseFacts) -> dict[str, Any]:
    """Return the figures as they are kept, printed and hashed: whole numbers, texts and lists."""
    currencies = sorted(
        {*facts.opening, *facts.closing, *(one.currency for one in facts.moved)} or {"VND"}
    )
    by_currency = {currency: _of_currency(facts, currency) for currency in currencies}
    return {
        "day": facts.day.isoformat(),
        "scope": facts.scope,
        "currencies": by_currency,
        "statements": [vars(one) for one in facts.statements],
        "differences": list(facts.differences.rows),
        "difference_count": facts.differences.count,
        "exceptions": list(facts.exceptions.rows),
        "exception_count": facts.exceptions.count,
        "after_close": list(facts.after_close.rows),
        "after_close_count": facts.after_close.count,
        "receipts": [vars(one) for one in facts.receipts],
        "proofs": _proofs(facts, by_currency),
    }


def _held(account: str) -> bool:
    return account.startswith("gateway_receivable:")


def _of_currency(facts: CloseFacts, currency: str) -> dict[str, int]:
    """Return the figures of one currency."""
    held, fees, variance = Counter[str](), 0, 0
    suspense_in = suspense_out = 0
    for one in (one for one in facts.moved if one.currency == currency):
        if _held(one.account):
            held[one.kind] += one.net
        elif one.account == GATEWAY_FEE:
            fees += one.net
        elif one.account == CASH_VARIANCE:
            variance -= one.net
        elif one.account in SUSPENSE:
            suspense_in += one.credit
            suspense_out += one.debit
    return {
        "opening": facts.opening.get(currency, 0),
        "captured": held["capture"],
        "refunded": -(held["refund_pay"] + held["refund_bounce"]),
        "reversed": -held["external_refund"],
        "paid_out": -held["payout"] - fees,
        "fees": fees,
        "variance": variance,
        "closing": facts.closing.get(currency, 0),
        "suspense_in": suspense_in,
        "suspense_out": suspense_out,
    }


def _proofs(facts: CloseFacts, figures: Mapping[str, Mapping[str, int]]) -> dict[str, bool | None]:
    """Return whether each proof holds; None where there is nothing to prove it by."""
    before = facts.closed_before
    return {
        "trial_balance": not any(facts.trial_balance.values()) and not facts.unbalanced,
        "carried_over": None
        if before is None
        else {c: n for c, n in before.items() if n}
        == {c: n for c, n in facts.opening.items() if n},
        "movements": all(
            one["opening"]
            + one["captured"]
            - one["refunded"]
            - one["reversed"]
            - one["paid_out"]
            - one["fees"]
            + one["variance"]
            == one["closing"]
            for one in figures.values()
        ),
        "gateway_total": all(
            one.statement == one.on_charges + one.in_suspense for one in facts.statements
        )
        if facts.statements
        else None,
        "statement_total": not facts.differences.count
        and all(one.statement == one.ledger for one in facts.statements)
        if facts.statements
        else None,
        "receipts": all(one.last - one.first + 1 == one.count for one in facts.receipts)
        if facts.scope == ALL and facts.receipts
        else None,
    }


def closing_of(figures: Mapping[str, Any]) -> dict[str, int]:
    """Return what each currency's day ended with."""
    return {currency: one["closing"] for currency, one in figures["currencies"].items()}


def proof_of(before: str, figures: Mapping[str, Any]) -> str:
    """Return the proof of a close: SHA-256 over the one before it and the figures, in hex."""
    written = json.dumps(figures, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(f"{before}\n{written}".encode()).hexdigest()


class Link(Protocol):
    """What of a close ties it to another."""

    before: str
    proof: str


L = TypeVar("L", bound=Link)


def in_chain(closes: Sequence[L]) -> list[L]:
    """Return the closes of one scope in the order in which they hang on each other.

    A day that was reopened hangs further on than its date. What hangs on nothing comes last.
    """
    following, last = {one.before: one for one in closes}, FIRST
    chain: list[L] = []
    while following and (one := following.pop(last, None)):
        chain.append(one)
        last = one.proof
    return [*chain, *reversed(following.values())]


def first_broken(
    closes: Iterable[tuple[str, str, Mapping[str, Any]]],
) -> int | None:
    """Return the place of the first close of a chain whose proof does not hold, None if all do.

    `closes` are one scope's (before, proof, figures), in the order of `in_chain`.
    """
    last = FIRST
    for place, (before, proof, figures) in enumerate(closes):
        if before != last or proof != proof_of(before, figures):
            return place
        last = proof
    return None
