"""The bank's transfers: into the merchant's account, out of it, and to somebody else's."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from border.core.clock import ZONE
from border.sandbox.books.state_file import StateFile, text_of

_FIRST_NUMBER = 100_001


@dataclass(frozen=True)
class BankTransfer:
    """One transfer; `account` is the one the money went to.

    `direction` is the bank's: C into the merchant's account, D out of it. `ours` is false for
    money a payer sent to another account: it stands on no statement of the merchant's.
    """

    number: int
    reference: str
    form: str
    direction: str
    bank: str
    account: str
    ours: bool
    amount_vnd: int
    memo: str
    happened_at: datetime
    returns: int | None = None
    """The number of the transfer that is sent back, for a D that sends one back."""


class Transfers:
    """The transfers in the state file."""

    def __init__(self, file: StateFile) -> None:
        self._file = file

    def next_number(self) -> int:
        """Return the number the next transfer will have."""
        return self._file.next_number("transfer", _FIRST_NUMBER)

    def add(self, transfer: BankTransfer) -> None:
        """Book a transfer."""
        self._file.execute(
            "INSERT INTO transfer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                transfer.number,
                transfer.reference,
                transfer.form,
                transfer.direction,
                transfer.bank,
                transfer.account,
                transfer.ours,
                transfer.amount_vnd,
                transfer.memo,
                text_of(transfer.happened_at),
                transfer.returns,
            ),
        )

    def of_form(self, form: str) -> list[BankTransfer]:
        """Return the transfers ordered by one page of the bank app, in order."""
        rows = self._file.execute("SELECT * FROM transfer WHERE form = ? ORDER BY number", (form,))
        return [_transfer(row) for row in rows]

    def by_reference(self, reference: str) -> BankTransfer | None:
        """Return the transfer with the bank's `reference`."""
        row = self._file.execute(
            "SELECT * FROM transfer WHERE reference = ?", (reference,)
        ).fetchone()
        return _transfer(row) if row else None

    def sent_back_vnd(self, number: int) -> int:
        """Return how much of a transfer has been sent back."""
        row = self._file.execute(
            "SELECT coalesce(sum(amount_vnd), 0) AS total FROM transfer WHERE returns = ?",
            (number,),
        ).fetchone()
        return int(row["total"])

    def on_account(self) -> list[BankTransfer]:
        """Return every transfer into or out of the merchant's account, oldest first."""
        rows = self._file.execute("SELECT * FROM transfer WHERE ours ORDER BY happened_at, number")
        return [_transfer(row) for row in rows]

    def newest(self, limit: int) -> list[BankTransfer]:
        """Return the last `limit` transfers, newest first."""
        rows = self._file.execute("SELECT * FROM transfer ORDER BY number DESC LIMIT ?", (limit,))
        return [_transfer(row) for row in rows]


def bank_reference(number: int, at: datetime) -> str:
    """Return the bank's reference of transfer `number`: FT, year, day of the year, number."""
    return f"FT{at.astimezone(ZONE):%y%j}{number:07d}"


def _transfer(row: sqlite3.Row) -> BankTransfer:
    return BankTransfer(
        number=row["number"],
        reference=row["reference"],
        form=row["form"],
        direction=row["direction"],
        bank=row["bank"],
        account=row["account"],
        ours=bool(row["ours"]),
        amount_vnd=row["amount_vnd"],
        memo=row["memo"],
        happened_at=datetime.fromisoformat(row["happened_at"]),
        returns=row["returns"],
    )
