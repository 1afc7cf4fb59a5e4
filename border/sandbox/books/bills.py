"""The portal's bills and what was paid, or tried, on them."""

import json
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from border.sandbox.books.state_file import StateFile, text_of
from border.sandbox.wire.portal_bill import PortalBill, bill_of

_FIRST_NUMBER = 1


@dataclass(frozen=True)
class BookedBill:
    """A bill the merchant opened; `code` is how it ended (00 paid), None while it is open."""

    token: str
    bill: PortalBill
    opened_at: datetime
    code: str | None


@dataclass(frozen=True)
class BillPayment:
    """A payment of a bill (code 00), or a try that failed."""

    number: int
    amount_vnd: int
    code: str
    bank_code: str
    paid_at: datetime

    @property
    def succeeded(self) -> bool:
        """Whether money was taken from the payer."""
        return self.code == "00"


class Bills:
    """The portal's bills in the state file."""

    def __init__(self, file: StateFile) -> None:
        self._file = file

    def open(self, bill: PortalBill, at: datetime) -> BookedBill | None:
        """Book `bill`, or find it booked already.

        returns: None when its reference was used for other content.
        """
        self._file.execute(
            "INSERT INTO bill (token, reference, params, opened_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (secrets.token_urlsafe(24), bill.reference, json.dumps(bill.params), text_of(at)),
        )
        booked = self.by_reference(bill.reference)
        return booked if booked is not None and booked.bill.asks_the_same(bill) else None

    def by_token(self, token: str) -> BookedBill | None:
        """Return the bill whose page carries `token`."""
        row = self._file.execute("SELECT * FROM bill WHERE token = ?", (token,)).fetchone()
        return _booked(row) if row else None

    def by_reference(self, reference: str) -> BookedBill | None:
        """Return the bill of the merchant's `reference`."""
        row = self._file.execute("SELECT * FROM bill WHERE reference = ?", (reference,)).fetchone()
        return _booked(row) if row else None

    def newest(self, limit: int) -> list[BookedBill]:
        """Return the last `limit` bills, newest first."""
        rows = self._file.execute("SELECT * FROM bill ORDER BY rowid DESC LIMIT ?", (limit,))
        return [_booked(row) for row in rows]

    def settle(self, token: str, code: str) -> None:
        """Close the open bill of `token`; settling it twice is a mistake of the caller."""
        closed = self._file.execute(
            "UPDATE bill SET code = ? WHERE token = ? AND code IS NULL", (code, token)
        ).rowcount
        if not closed:
            raise RuntimeError("the bill is settled already")

    def next_number(self) -> int:
        """Return the number the next payment will have."""
        return self._file.next_number("bill_payment", _FIRST_NUMBER)

    def add_payment(self, token: str, payment: BillPayment) -> None:
        """Book a payment or a failed try of the bill of `token`."""
        self._file.execute(
            "INSERT INTO bill_payment VALUES (?, ?, ?, ?, ?, ?)",
            (
                payment.number,
                token,
                payment.amount_vnd,
                payment.code,
                payment.bank_code,
                text_of(payment.paid_at),
            ),
        )

    def payments(self, token: str) -> list[BillPayment]:
        """Return what was paid or tried on a bill, in order."""
        rows = self._file.execute(
            "SELECT * FROM bill_payment WHERE token = ? ORDER BY number", (token,)
        )
        return [_payment(row) for row in rows]

    def all_paid(self) -> list[tuple[PortalBill, BillPayment]]:
        """Return every payment that succeeded, with its bill, in order."""
        rows = self._file.execute(
            "SELECT bill_payment.*, params FROM bill_payment JOIN bill USING (token)"
            " WHERE bill_payment.code = '00' ORDER BY number"
        )
        return [(bill_of(json.loads(row["params"])), _payment(row)) for row in rows]


def _booked(row: sqlite3.Row) -> BookedBill:
    return BookedBill(
        token=row["token"],
        bill=bill_of(json.loads(row["params"])),
        opened_at=datetime.fromisoformat(row["opened_at"]),
        code=row["code"],
    )


def _payment(row: sqlite3.Row) -> BillPayment:
    return BillPayment(
        number=row["number"],
        amount_vnd=row["amount_vnd"],
        code=row["code"],
        bank_code=row["bank_code"],
        paid_at=datetime.fromisoformat(row["paid_at"]),
    )
