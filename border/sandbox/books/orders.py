"""VNPAY's orders: the pay requests whose page has been opened."""

import json
import secrets
import sqlite3
from datetime import datetime

from border.sandbox.books.plans import Plans
from border.sandbox.books.state_file import StateFile, text_of
from border.sandbox.wire.vnpay_order import PayOrder, order_of
from border.sandbox.wire.vnpay_records import BookedOrder


class Orders:
    """VNPAY's orders in the state file."""

    def __init__(self, file: StateFile, plans: Plans) -> None:
        self._file = file
        self._plans = plans

    def open(self, order: PayOrder, at: datetime) -> BookedOrder | None:
        """Book `order`, or find it booked already with the very same parameters.

        A plan of faults that waits for the next reference becomes this one's.
        returns: None when its reference was used for something else on the same day.
        """
        params = json.dumps(order.params, sort_keys=True)
        key = (order.txn_ref, order.create_date[:8])
        with self._file.one_commit():
            added = self._file.execute(
                "INSERT INTO pay_order (token, txn_ref, created_on, params, opened_at)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (secrets.token_urlsafe(24), *key, params, text_of(at)),
            ).rowcount
            if added:
                self._plans.give_next_to(order.txn_ref)
        row = self._file.execute(
            "SELECT * FROM pay_order WHERE txn_ref = ? AND created_on = ?", key
        ).fetchone()
        return _booked(row) if row["params"] == params else None

    def by_token(self, token: str) -> BookedOrder | None:
        """Return the order whose page carries `token`."""
        row = self._file.execute("SELECT * FROM pay_order WHERE token = ?", (token,)).fetchone()
        return _booked(row) if row else None

    def by_reference(self, txn_ref: str, create_date: str | None = None) -> BookedOrder | None:
        """Return the order of `txn_ref`, made at `create_date` if given, else the newest."""
        rows = self._file.execute(
            "SELECT * FROM pay_order WHERE txn_ref = ? ORDER BY created_on DESC", (txn_ref,)
        )
        found = (_booked(row) for row in rows)
        return next((o for o in found if create_date in (None, o.order.create_date)), None)

    def newest(self, limit: int) -> list[BookedOrder]:
        """Return the last `limit` orders, newest first."""
        rows = self._file.execute("SELECT * FROM pay_order ORDER BY rowid DESC LIMIT ?", (limit,))
        return [_booked(row) for row in rows]

    def settle(self, token: str, return_query: str) -> None:
        """Close the open order of `token`; settling it twice is a mistake of the caller."""
        closed = self._file.execute(
            "UPDATE pay_order SET state = 'settled', return_query = ?"
            " WHERE token = ? AND state = 'open'",
            (return_query, token),
        ).rowcount
        if not closed:
            raise RuntimeError("the order is settled already")


def _booked(row: sqlite3.Row) -> BookedOrder:
    return BookedOrder(
        token=row["token"],
        order=order_of(json.loads(row["params"])),
        opened_at=datetime.fromisoformat(row["opened_at"]),
        return_query=row["return_query"],
    )
