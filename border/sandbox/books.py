"""The sandbox's own books: orders, payments, refunds, callbacks and every call made.

An outside company keeps its own books, so these are an SQLite file of their own and no table
of the service. A restart finds in them which callbacks are still to be sent. Statements only;
what to write is decided in `settlement`, `merchant_api` and `ipn_caller`. All calls come from
the one event loop.
"""

import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from border.sandbox.fault_plan import FaultPlan
from border.sandbox.pay_order import PayOrder, order_of
from border.sandbox.records import BookedOrder, Call, Callback, Movement, NewCallback

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pay_order (
    token TEXT PRIMARY KEY,
    txn_ref TEXT NOT NULL,
    created_on TEXT NOT NULL,
    params TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'settled')),
    return_query TEXT,
    UNIQUE (txn_ref, created_on),
    CHECK ((state = 'settled') = (return_query IS NOT NULL))
);
CREATE TABLE IF NOT EXISTS movement (
    number INTEGER PRIMARY KEY,
    token TEXT NOT NULL REFERENCES pay_order,
    kind TEXT NOT NULL CHECK (kind IN ('01', '02', '03')),
    amount_vnd INTEGER NOT NULL CHECK (amount_vnd > 0),
    response_code TEXT NOT NULL,
    status TEXT NOT NULL,
    bank_code TEXT NOT NULL,
    card_type TEXT NOT NULL,
    pay_date TEXT NOT NULL,
    order_info TEXT NOT NULL,
    final_status TEXT,
    final_at TEXT,
    refund_of INTEGER REFERENCES movement,
    CHECK ((kind = '01') = (refund_of IS NULL))
);
CREATE TABLE IF NOT EXISTS callback (
    id INTEGER PRIMARY KEY,
    token TEXT NOT NULL REFERENCES pay_order,
    params TEXT NOT NULL,
    well_signed INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'confirmed', 'given_up', 'withheld')),
    calls_made INTEGER NOT NULL DEFAULT 0,
    calls_allowed INTEGER NOT NULL,
    next_call_at TEXT,
    CHECK ((state = 'waiting') = (next_call_at IS NOT NULL))
);
CREATE TABLE IF NOT EXISTS call (
    id INTEGER PRIMARY KEY,
    callback_id INTEGER NOT NULL REFERENCES callback,
    called_at TEXT NOT NULL,
    http_status INTEGER,
    rsp_code TEXT,
    message TEXT
);
CREATE TABLE IF NOT EXISTS request_seen (
    request_id TEXT NOT NULL,
    on_day TEXT NOT NULL,
    PRIMARY KEY (request_id, on_day)
);
CREATE TABLE IF NOT EXISTS fault (txn_ref TEXT PRIMARY KEY, plan TEXT NOT NULL);
"""
_FIRST_NUMBER = 15_000_001
_NEXT_ORDER = ""


class Books:
    """The open state file; one process at a time."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA foreign_keys=ON")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file; nothing is pending in memory."""
        self._db.close()

    @contextmanager
    def one_commit(self) -> Iterator[None]:
        """Make the writes inside one transaction: all of them, or none."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def open_order(self, order: PayOrder, at: datetime) -> BookedOrder | None:
        """Book `order`, or find it booked already with the very same parameters.

        A plan of faults that waits for the next order becomes this one's.
        returns: None when its reference was used for something else on the same day.
        """
        params = json.dumps(order.params, sort_keys=True)
        key = (order.txn_ref, order.create_date[:8])
        with self.one_commit():
            added = self._db.execute(
                "INSERT INTO pay_order (token, txn_ref, created_on, params, opened_at)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (secrets.token_urlsafe(24), *key, params, _text(at)),
            ).rowcount
            if added:
                self._db.execute(
                    "UPDATE OR REPLACE fault SET txn_ref = ? WHERE txn_ref = ?",
                    (order.txn_ref, _NEXT_ORDER),
                )
        row = self._db.execute(
            "SELECT * FROM pay_order WHERE txn_ref = ? AND created_on = ?", key
        ).fetchone()
        return _booked(row) if row["params"] == params else None

    def order_by_token(self, token: str) -> BookedOrder | None:
        """Return the order whose page carries `token`."""
        row = self._db.execute("SELECT * FROM pay_order WHERE token = ?", (token,)).fetchone()
        return _booked(row) if row else None

    def order_by_reference(
        self, txn_ref: str, create_date: str | None = None
    ) -> BookedOrder | None:
        """Return the order of `txn_ref`, made at `create_date` if given, else the newest."""
        rows = self._db.execute(
            "SELECT * FROM pay_order WHERE txn_ref = ? ORDER BY created_on DESC", (txn_ref,)
        )
        found = (_booked(row) for row in rows)
        return next((o for o in found if create_date in (None, o.order.create_date)), None)

    def newest_orders(self, limit: int) -> list[BookedOrder]:
        """Return the last `limit` orders, newest first."""
        rows = self._db.execute("SELECT * FROM pay_order ORDER BY rowid DESC LIMIT ?", (limit,))
        return [_booked(row) for row in rows]

    def settle(self, token: str, return_query: str) -> None:
        """Close the open order of `token`; settling it twice is a mistake of the caller."""
        closed = self._db.execute(
            "UPDATE pay_order SET state = 'settled', return_query = ?"
            " WHERE token = ? AND state = 'open'",
            (return_query, token),
        ).rowcount
        if not closed:
            raise RuntimeError("the order is settled already")

    def next_number(self) -> int:
        """Return the transaction number the next movement will have."""
        row = self._db.execute("SELECT max(number) AS last FROM movement").fetchone()
        return int(row["last"]) + 1 if row["last"] else _FIRST_NUMBER

    def add_movement(self, token: str, movement: Movement) -> None:
        """Book a payment, a failed try or a refund."""
        self._db.execute(
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
                _text(movement.final_at) if movement.final_at else None,
                movement.refund_of,
            ),
        )

    def movements(self, token: str) -> list[Movement]:
        """Return what was paid and refunded on an order, in order."""
        rows = self._db.execute("SELECT * FROM movement WHERE token = ? ORDER BY number", (token,))
        return [
            Movement(
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
                final_at=_instant(row["final_at"]),
                refund_of=row["refund_of"],
            )
            for row in rows
        ]

    def add_callbacks(self, token: str, planned: Sequence[NewCallback], allowed: int) -> list[int]:
        """Book callbacks to be sent, each at most `allowed` times; returns their ids."""
        ids: list[int] = []
        for callback in planned:
            added = self._db.execute(
                "INSERT INTO callback (token, params, well_signed, state, calls_allowed,"
                " next_call_at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    token,
                    json.dumps(callback.params),
                    callback.well_signed,
                    "waiting" if callback.send_at else "withheld",
                    allowed,
                    _text(callback.send_at) if callback.send_at else None,
                ),
            )
            ids.append(int(added.fetchone()["id"]))
        return ids

    def claim_due(
        self, at: datetime, lease: timedelta, only: Sequence[int] | None = None
    ) -> list[Callback]:
        """Take the callbacks due at `at` and count a call for each.

        A claimed callback falls due again after `lease`, so one whose call was cut short by a
        stop of the program is not forgotten.
        """
        with self.one_commit():
            self._db.execute(
                "UPDATE callback SET state = 'given_up', next_call_at = NULL WHERE state ="
                " 'waiting' AND calls_made >= calls_allowed AND next_call_at <= ?",
                (_text(at),),
            )
            rows = self._db.execute(
                "UPDATE callback SET calls_made = calls_made + 1, next_call_at = ?1 WHERE state ="
                " 'waiting' AND next_call_at <= ?2 AND (?3 IS NULL OR id IN"
                " (SELECT value FROM json_each(?3))) RETURNING *",
                (_text(at + lease), _text(at), None if only is None else json.dumps(list(only))),
            ).fetchall()
        return [_callback(row) for row in rows]

    def record_call(
        self, callback: Callback, call: Call, confirmed: bool, retry_at: datetime
    ) -> None:
        """Book the answer to one call and what follows: done, another call, or given up."""
        if confirmed:
            state = "confirmed"
        else:
            state = "waiting" if callback.calls_made < callback.calls_allowed else "given_up"
        with self.one_commit():
            self._db.execute(
                "INSERT INTO call (callback_id, called_at, http_status, rsp_code, message)"
                " VALUES (?, ?, ?, ?, ?)",
                (
                    callback.id,
                    _text(call.called_at),
                    call.http_status,
                    call.rsp_code,
                    call.message,
                ),
            )
            self._db.execute(
                "UPDATE callback SET state = ?, next_call_at = ? WHERE id = ?",
                (state, _text(retry_at) if state == "waiting" else None, callback.id),
            )

    def send_again(self, callback_id: int, at: datetime) -> bool:
        """Make a callback due at `at`, with one call more if it had none left."""
        return bool(
            self._db.execute(
                "UPDATE callback SET state = 'waiting', next_call_at = ?,"
                " calls_allowed = max(calls_allowed, calls_made + 1) WHERE id = ?",
                (_text(at), callback_id),
            ).rowcount
        )

    def callbacks(self, token: str) -> list[Callback]:
        """Return the callbacks of an order, oldest first."""
        rows = self._db.execute("SELECT * FROM callback WHERE token = ? ORDER BY id", (token,))
        return [_callback(row) for row in rows]

    def calls(self, callback_id: int) -> list[Call]:
        """Return every call made for a callback, oldest first."""
        rows = self._db.execute(
            "SELECT * FROM call WHERE callback_id = ? ORDER BY id", (callback_id,)
        )
        return [
            Call(
                called_at=datetime.fromisoformat(row["called_at"]),
                http_status=row["http_status"],
                rsp_code=row["rsp_code"],
                message=row["message"],
            )
            for row in rows
        ]

    def see_request(self, request_id: str, on_day: str) -> bool:
        """Remember a query's or refund's RequestId; False when the day has seen it before."""
        return bool(
            self._db.execute(
                "INSERT INTO request_seen VALUES (?, ?) ON CONFLICT DO NOTHING",
                (request_id, on_day),
            ).rowcount
        )

    def plan_faults(self, txn_ref: str | None, plan: FaultPlan) -> None:
        """Keep `plan` for an order (None: the next to open), in place of what it had."""
        self._db.execute(
            "INSERT INTO fault VALUES (?, ?) ON CONFLICT DO UPDATE SET plan = excluded.plan",
            (_NEXT_ORDER if txn_ref is None else txn_ref, msgspec.json.encode(plan).decode()),
        )

    def faults_of(self, txn_ref: str) -> FaultPlan:
        """Return the plan of an order; without one, the plan that breaks nothing."""
        row = self._db.execute("SELECT plan FROM fault WHERE txn_ref = ?", (txn_ref,)).fetchone()
        return msgspec.json.decode(row["plan"], type=FaultPlan) if row else FaultPlan()


def _booked(row: sqlite3.Row) -> BookedOrder:
    return BookedOrder(
        token=row["token"],
        order=order_of(json.loads(row["params"])),
        opened_at=datetime.fromisoformat(row["opened_at"]),
        return_query=row["return_query"],
    )


def _callback(row: sqlite3.Row) -> Callback:
    return Callback(
        id=row["id"],
        params=json.loads(row["params"]),
        well_signed=bool(row["well_signed"]),
        state=row["state"],
        calls_made=row["calls_made"],
        calls_allowed=row["calls_allowed"],
        next_call_at=_instant(row["next_call_at"]),
    )


def _text(at: datetime) -> str:
    """Return `at` so that text order is time order."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
