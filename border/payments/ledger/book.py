"""The books: the accounts, and the entries that money and debts make in them.

Pure. An entry's postings add up to nothing in each currency; a debit is positive, a credit
negative. Who posts them, once and for ever, is `ledger_service`.
source: double entry, with the accounts that a collector of state fees needs: what payers owe,
what gateways hold for us, what belongs to the budget, and money whose owner is not known yet.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from border.core.money import Money
from border.core.shares import shared_out

PAYER = "payer_receivable"
UNMATCHED = "suspense:unmatched"
OVERPAID = "suspense:overpaid"
REFUND_PAYABLE = "refund_payable"
COLLECTOR = "retained_by_collector"
VAT = "due_to_budget:vat"
GATEWAY_FEE = "gateway_fee"
CASH = "gateway_receivable:desk"
CASH_VARIANCE = "cash_over_short"
SUSPENSE = (UNMATCHED, OVERPAID)
"""Money that came and belongs to no charge: a debt to whoever sent it, until somebody decides."""

_FIXED = (PAYER, REFUND_PAYABLE, COLLECTOR, GATEWAY_FEE, CASH_VARIANCE)
_FAMILIES = ("suspense", "due_to_budget", "gateway_receivable", "bank")
ACCOUNT_PATTERN = rf"^({'|'.join(_FIXED)}|({'|'.join(_FAMILIES)}):[a-z0-9_]+)$"
"""What an account may be called; the database checks it too."""

KINDS = (
    "assess",
    "void",
    "waive",
    "capture",
    "apply",
    "refund_reserve",
    "refund_release",
    "refund_pay",
    "refund_bounce",
    "payout",
    "external_refund",
    "cash_variance",
)
"""What can be booked."""


def gateway_receivable(gateway: str) -> str:
    """Return the account of what a gateway collected and still holds for us."""
    return f"gateway_receivable:{gateway}"


def bank(account: str) -> str:
    """Return the account of our money at a bank."""
    return f"bank:{account}"


def due(kind: str) -> str:
    """Return the account of what is owed on to the budget of one kind of fee."""
    return f"due_to_budget:{kind}"


@dataclass(frozen=True)
class Posting:
    """One line of an entry; `charge_id` says whose receivable it is."""

    account: str
    amount: Money
    charge_id: UUID | None = None


@dataclass(frozen=True)
class Entry:
    """A fact about money, booked once under `key`.

    `effective_at` is when it became true outside, `gateway` and `provider_txn` by what it is known
    there.
    """

    kind: str
    key: str
    postings: tuple[Posting, ...]
    effective_at: datetime
    gateway: str | None = None
    provider_txn: str | None = None
    payment_id: UUID | None = None
    attempt_id: UUID | None = None
    charge_id: UUID | None = None
    refund_id: UUID | None = None
    source: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind} is no kind of entry")
        if any(not posting.amount.minor for posting in self.postings):
            raise ValueError(f"{self.key} has a posting of nothing")
        if not self.postings or any(added_up(self.postings).values()):
            raise ValueError(f"{self.key} does not balance")


def added_up(postings: Iterable[Posting]) -> Mapping[str, int]:
    """Return the sum of postings by currency."""
    sums: Counter[str] = Counter()
    for posting in postings:
        sums[posting.amount.currency] += posting.amount.minor
    return sums


def reversed_postings(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """Return the postings that undo these."""
    return tuple(
        Posting(p.account, Money(-p.amount.minor, p.amount.currency), p.charge_id) for p in postings
    )


def assessed(
    charge_id: UUID, amount: Money, parts: Sequence[tuple[str, Money]]
) -> tuple[Posting, ...]:
    """Return the postings of a charge: the payer owes it, and `parts` say whom we owe it on."""
    owed_on = (
        Posting(account, Money(-part.minor, part.currency), charge_id) for account, part in parts
    )
    return (Posting(PAYER, amount, charge_id), *owed_on)


def shares_of(amount: Money, parts: Sequence[tuple[str, Money]]) -> list[tuple[str, Money]]:
    """Return the parts of less than the whole, in the proportion of the whole's."""
    shares = shared_out(amount.minor, [part.minor for _, part in parts])
    named = zip(parts, shares, strict=True)
    return [(account, Money(share, amount.currency)) for (account, _), share in named if share]


def received(
    gateway: str, amount: Money, owed: Sequence[tuple[UUID, Money]], rest_to: str
) -> tuple[Posting, ...]:
    """Return the postings of money that came: charges are paid off, what is left over waits.

    `owed` must not exceed `amount`.
    """
    paid = [Posting(PAYER, Money(-part.minor, part.currency), id) for id, part in owed]
    rest = amount.minor - sum(part.minor for _, part in owed)
    left = [Posting(rest_to, Money(-rest, amount.currency))] if rest else []
    return (Posting(gateway_receivable(gateway), amount), *paid, *left)
