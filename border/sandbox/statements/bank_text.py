"""The merchant's bank account on one day, as the bank writes it: fields between `|`.

`H|account|yyyyMMdd|lines|credits|debits`, a `D|seq|yyyyMMddHHmmss|C or D|amount|reference|memo`
for each line, `T|lines`. A `|` in a memo becomes a space: the form knows no escape.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from border.core.clock import local_date
from border.sandbox.books.books import Books
from border.sandbox.stamps import stamp
from border.sandbox.statements.line import PAID_OUT, Statements


@dataclass(frozen=True)
class BankLine:
    """One line of the bank account: C into it, D out of it."""

    happened_at: datetime
    direction: str
    amount_vnd: int
    reference: str
    memo: str


def bank_lines(books: Books, statements: Statements, day: date, now: datetime) -> list[BankLine]:
    """Return what has moved on the account on `day` by `now`: transfers and payouts."""
    lines = [
        BankLine(one.happened_at, one.direction, one.amount_vnd, one.reference, one.memo)
        for one in books.transfers.on_account()
    ]
    lines += [
        BankLine(one.happened_at, "C", one.amount_vnd, one.transaction_no, one.transaction_no)
        for gateway in PAID_OUT
        for one in statements.of_gateway(gateway)
        if one.kind == "payout"
    ]
    of_day = [one for one in lines if local_date(one.happened_at) == day and one.happened_at <= now]
    return sorted(of_day, key=lambda line: (line.happened_at, line.reference))


def bank_text(account: str, day: date, lines: Sequence[BankLine]) -> str:
    """Return the file of `lines`."""
    credits_vnd = sum(one.amount_vnd for one in lines if one.direction == "C")
    debits_vnd = sum(one.amount_vnd for one in lines if one.direction == "D")
    rows = [f"H|{account}|{day:%Y%m%d}|{len(lines)}|{credits_vnd}|{debits_vnd}"]
    rows += [
        f"D|{place}|{stamp(one.happened_at)}|{one.direction}|{one.amount_vnd}|{one.reference}"
        f"|{_plain(one.memo)}"
        for place, one in enumerate(lines, start=1)
    ]
    rows.append(f"T|{len(lines)}")
    return "".join(f"{row}\n" for row in rows)


def _plain(memo: str) -> str:
    return re.sub(r"[|\s]+", " ", memo).strip()
