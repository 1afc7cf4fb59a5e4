"""VNPAY's movements of money: payments, failed tries and refunds of its orders."""

import sqlite3

from border.sandbox.books.state_file import StateFile, instant_of, text_of
from border.sandbox.wire.vnpay_records import Movement

_FIRST_NUMBER = 15_000_001


class Movements:
    """VNPAY's movements in the state file."""

    def __init__(self, file: StateFile) -> None:
        self._file = file

    def next_number(self) -> int:
        """Return the transaction number the next movement will have."""
        return self._file.next_number("movement", _FIRST_NUMBER)

    def add(self, token: str, movement: Movement) -> None:
        """Book a payment, a failed try or a refund of the order of `token`."""
        self._file.execute(
            "INSERT INTO movement VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                movement.number,
                token,
                movement.kind,
                movement.amount_vnd,
                movement.response_code,
                movement.status,
                movement.bank_code,
                movement.card_type,
                movement.pay_date,
                movement.order_info,
                movement.final_status,
                text_of(movement.final_at) if movement.final_at else None,
                movement.refund_of,
            ),
        )

    def of_order(self, token: str) -> list[Movement]:
        """Return what was paid and refunded on an order, in order."""
        rows = self._file.execute(
            "SELECT * FROM movement WHERE token = ? ORDER BY number", (token,)
        )
        return [_movement(row) for row in rows]

    def order_of(self, number: int) -> str | None:
        """Return the token of the order a movement belongs to."""
        row = self._file.execute(
            "SELECT token FROM movement WHERE number = ?", (number,)
        ).fetchone()
        return str(row["token"]) if row else None

    def all_with_reference(self) -> list[tuple[str, Movement]]:
        """Return every movement with the reference of its order, in order."""
        rows = self._file.execute(
            "SELECT movement.*, txn_ref FROM movement JOIN pay_order USING (token) ORDER BY number"
        )
        return [(row["txn_ref"], _movement(row)) for row in rows]


def _movement(row: sqlite3.Row) -> Movement:
    return Movement(
        number=row["number"],
        kind=row["kind"],
        amount_vnd=row["amount_vnd"],
        response_code=row["response_code"],
        status=row["status"],
        bank_code=row["bank_code"],
        card_type=row["card_type"],
        pay_date=row["pay_date"],
        order_info=row["order_info"],
        final_status=row["final_status"],
        final_at=instant_of(row["final_at"]),
        refund_of=row["refund_of"],
    )
