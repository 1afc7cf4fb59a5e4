"""The state file: its tables, how an older one is brought up to date, and one commit.

A restart finds here which callbacks are still to be sent. All calls come from the one event
loop; one process at a time.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

_CALLBACK = """(
    id INTEGER PRIMARY KEY,
    gateway TEXT NOT NULL CHECK (gateway IN ('vnpay', 'vietqr', 'portal')),
    subject TEXT NOT NULL,
    params TEXT NOT NULL,
    well_signed INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'confirmed', 'given_up', 'withheld')),
    calls_made INTEGER NOT NULL DEFAULT 0,
    calls_allowed INTEGER NOT NULL,
    next_call_at TEXT,
    CHECK ((state = 'waiting') = (next_call_at IS NOT NULL))
)"""
_SCHEMA = f"""
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
CREATE TABLE IF NOT EXISTS transfer (
    number INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    form TEXT NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('C', 'D')),
    bank TEXT NOT NULL,
    account TEXT NOT NULL,
    ours INTEGER NOT NULL,
    amount_vnd INTEGER NOT NULL CHECK (amount_vnd > 0),
    memo TEXT NOT NULL,
    happened_at TEXT NOT NULL,
    returns INTEGER REFERENCES transfer,
    CHECK (returns IS NULL OR direction = 'D')
);
CREATE INDEX IF NOT EXISTS transfer_form ON transfer (form);
CREATE TABLE IF NOT EXISTS bill (
    token TEXT PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    params TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    code TEXT
);
CREATE TABLE IF NOT EXISTS bill_payment (
    number INTEGER PRIMARY KEY,
    token TEXT NOT NULL REFERENCES bill,
    amount_vnd INTEGER NOT NULL CHECK (amount_vnd > 0),
    code TEXT NOT NULL,
    bank_code TEXT NOT NULL,
    paid_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS payout (
    number INTEGER PRIMARY KEY,
    gateway TEXT NOT NULL CHECK (gateway IN ('vnpay', 'portal')),
    amount_vnd INTEGER NOT NULL CHECK (amount_vnd > 0),
    fee_vnd INTEGER NOT NULL CHECK (fee_vnd >= 0),
    paid_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS callback {_CALLBACK};
CREATE INDEX IF NOT EXISTS callback_subject ON callback (gateway, subject);
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
CREATE TABLE IF NOT EXISTS intake (
    number INTEGER PRIMARY KEY,
    gate TEXT NOT NULL,
    direction TEXT NOT NULL,
    begins_at TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    trucks INTEGER NOT NULL CHECK (trucks >= 0),
    reason TEXT NOT NULL,
    CHECK (begins_at < ends_at)
);
CREATE TABLE IF NOT EXISTS letter (
    number INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    came_at TEXT NOT NULL,
    given TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS post_token (
    name TEXT PRIMARY KEY, token TEXT NOT NULL, expires_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS post_fault (
    channel TEXT PRIMARY KEY, code TEXT NOT NULL, times INTEGER NOT NULL CHECK (times > 0)
);
CREATE INDEX IF NOT EXISTS letter_given ON letter (channel, given);
CREATE TABLE IF NOT EXISTS fault (txn_ref TEXT PRIMARY KEY, plan TEXT NOT NULL);
"""


class StateFile:
    """The open state file."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA foreign_keys=OFF")
        self._bring_up_to_date()
        self._db.executescript(_SCHEMA)
        self._db.execute("PRAGMA foreign_keys=ON")

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

    def execute(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self._db.execute(statement, values)

    def next_number(self, table: str, first: int) -> int:
        """Return the number the next row of `table` (a name of the schema) will have."""
        row = self._db.execute(f"SELECT max(number) AS last FROM {table}").fetchone()
        return int(row["last"]) + 1 if row["last"] else first

    def _bring_up_to_date(self) -> None:
        """Give the callbacks of an older file the gateway they belong to.

        The table is made anew beside the old one and takes its name, as SQLite advises, because
        its reference to VNPAY's orders cannot be taken off in place. `call` refers to it by name.
        """
        columns = {row["name"] for row in self._db.execute("PRAGMA table_info(callback)")}
        if "token" not in columns:
            return
        kept = "id, params, well_signed, state, calls_made, calls_allowed, next_call_at"
        with self.one_commit():
            self._db.execute(f"CREATE TABLE callback_anew {_CALLBACK}")
            self._db.execute(
                f"INSERT INTO callback_anew (gateway, subject, {kept})"
                f" SELECT 'vnpay', token, {kept} FROM callback"
            )
            self._db.execute("DROP TABLE callback")
            self._db.execute("ALTER TABLE callback_anew RENAME TO callback")


def text_of(at: datetime) -> str:
    """Return `at` so that text order is time order."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def instant_of(text: str | None) -> datetime | None:
    """Return the instant written by `text_of`, or None where none was."""
    return datetime.fromisoformat(text) if text else None
