"""What the gateways have paid out to the merchant's bank account."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from border.sandbox.books.state_file import StateFile, text_of

_FIRST_NUMBER = 1


@dataclass(frozen=True)
class Payout:
    """One payout of a gateway: `amount_vnd` reached the bank, `fee_vnd` was kept back."""

    number: int
    gateway: str
    amount_vnd: int
    fee_vnd: int
    paid_at: datetime

    @property
    def reference(self) -> str:
        """The number of the payout as the gateway and the bank write it."""
        return f"PO{self.gateway.upper()}{self.number:06d}"


class Payouts:
    """The payouts in the state file."""

    def __init__(self, file: StateFile) -> None:
        self._file = file

    def add(self, gateway: str, amount_vnd: int, fee_vnd: int, paid_at: datetime) -> None:
        """Book a payout of `gateway`."""
        self._file.execute(
            "INSERT INTO payout VALUES (?, ?, ?, ?, ?)",
            (
                self._file.next_number("payout", _FIRST_NUMBER),
                gateway,
                amount_vnd,
                fee_vnd,
                text_of(paid_at),
            ),
        )

    def of_gateway(self, gateway: str) -> list[Payout]:
        """Return the payouts of `gateway`, oldest first."""
        rows = self._file.execute(
            "SELECT * FROM payout WHERE gateway = ? ORDER BY paid_at, number", (gateway,)
        )
        return [_payout(row) for row in rows]


def _payout(row: sqlite3.Row) -> Payout:
    return Payout(
        number=row["number"],
        gateway=row["gateway"],
        amount_vnd=row["amount_vnd"],
        fee_vnd=row["fee_vnd"],
        paid_at=datetime.fromisoformat(row["paid_at"]),
    )
