"""A statement: what a gateway, or the bank, says it moved, line by line; and what is wrong in it.

Pure. How the lines are read from a file is said in `csv_statement` and `bank_statement`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from border.core.clock import local_date
from border.core.lifecycle import SYSTEM
from border.core.money import Money
from border.core.refusal import refuses
from border.core.words import N_
from border.files.fault import Problem
from border.identity.policy import allow, declare
from border.payments.exceptions.exception import DESK

declare("reconciliation", allow((*DESK, SYSTEM), "load", "read", "close"))

STATEMENT_REFUSED = refuses(
    "statement_refused",
    400,
    N_("The statement cannot be taken"),
    N_(
        "Nothing of {name} was taken: {count} places are wrong, the first in line {line}. Have "
        "the file sent again, or correct the mapping of its columns."
    ),
)
MOST_PROBLEMS = 200
"""How many places are named; the rest is counted, so that a wrong file fits in memory too."""
LONGEST_NUMBER = 64
LONGEST_REFERENCE = 100
LONGEST_MEMO = 500
MOST_MINOR = 10**15
"""More than any single amount at a border gate; beyond it a column was mistaken for another."""


class LineType(StrEnum):
    """What a line moved. The last two are the bank's: money onto our account, money off it."""

    PAYMENT = "payment"
    REFUND = "refund"
    FEE = "fee"
    PAYOUT = "payout"
    CREDIT = "credit"
    DEBIT = "debit"


GATEWAY_TYPES = (LineType.PAYMENT, LineType.REFUND, LineType.FEE, LineType.PAYOUT)
"""What a gateway's statement is about."""


@dataclass(frozen=True)
class StatementLine:
    """One line. `number` is its place in the file, `transaction_no` the sender's number of it.

    `amount` is what the payer paid or got back; of a payout, what reached the bank. `fee` is
    what the gateway says it takes for a payment; of a payout, what it kept back from it.
    """

    number: int
    type: LineType
    transaction_no: str
    reference: str
    amount: Money
    fee: Money
    happened_at: datetime
    memo: str
    raw: str

    @property
    def day(self) -> date:
        """The day at the gate on which it happened: days end at 24:00 GMT+7."""
        return local_date(self.happened_at)


@dataclass(frozen=True)
class Heading:
    """What the file says of itself before its first line."""

    account: str = ""
    day: date | None = None


Part = Heading | StatementLine | Problem
"""What a reader yields, in the order of the file."""
