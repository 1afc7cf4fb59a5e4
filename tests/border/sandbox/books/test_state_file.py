"""An older state file opens, and what it held goes on."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from border.sandbox.books.books import Books
from border.sandbox.books.callbacks import Call

AT = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
WITH_VNPAY_ONLY = """
CREATE TABLE pay_order (
    token TEXT PRIMARY KEY, txn_ref TEXT NOT NULL, created_on TEXT NOT NULL, params TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'settled')),
    return_query TEXT, UNIQUE (txn_ref, created_on)
);
CREATE TABLE callback (
    id INTEGER PRIMARY KEY, token TEXT NOT NULL REFERENCES pay_order, params TEXT NOT NULL,
    well_signed INTEGER NOT NULL, state TEXT NOT NULL, calls_made INTEGER NOT NULL DEFAULT 0,
    calls_allowed INTEGER NOT NULL, next_call_at TEXT
);
CREATE TABLE call (
    id INTEGER PRIMARY KEY, callback_id INTEGER NOT NULL REFERENCES callback,
    called_at TEXT NOT NULL, http_status INTEGER, rsp_code TEXT, message TEXT
);
CREATE TABLE fault (txn_ref TEXT PRIMARY KEY, plan TEXT NOT NULL);
INSERT INTO pay_order VALUES ('tok', 'LC1', '20261122', '{}', '2026-11-22', 'open', NULL);
INSERT INTO callback VALUES
    (7, 'tok', '{"vnp_TxnRef": "LC1"}', 1, 'waiting', 1, 10, '2026-11-22T02:30:00.000000+00:00');
INSERT INTO call VALUES (1, 7, '2026-11-22T02:25:00.000000+00:00', 200, '99', 'noted');
INSERT INTO fault VALUES ('LC1', '{"drop_ipn":true,"querydr_answers":["94"]}');
"""


@pytest.fixture
def older(tmp_path: Path) -> Path:
    path = tmp_path / "sandbox.sqlite3"
    with closing(sqlite3.connect(path)) as file:
        file.executescript(WITH_VNPAY_ONLY)
    return path


@pytest.mark.parametrize("times_opened", [1, 2])
def test_a_callback_of_an_older_file_is_vnpays_and_is_still_sent(
    older: Path, times_opened: int
) -> None:
    for _ in range(times_opened):
        books = Books(older)
        books.close()
    books = Books(older)
    ((callback, calls),) = books.callbacks.about("vnpay", "tok")
    assert (callback.id, callback.params, callback.calls_made) == (7, {"vnp_TxnRef": "LC1"}, 1)
    assert [call.rsp_code for call in calls] == ["99"]
    (claimed,) = books.callbacks.claim_due(AT, timedelta(minutes=5))
    books.callbacks.record_call(claimed, Call(AT, 200, "00", "noted"), True, AT)
    ((callback, calls),) = books.callbacks.about("vnpay", "tok")
    assert (callback.state, len(calls)) == ("confirmed", 2)
    assert books.plans.of("LC1").drop_ipn
    assert books.plans.strike("LC1", "querydr") == "94"
    books.close()
    with closing(sqlite3.connect(older)) as file:
        assert file.execute("PRAGMA foreign_key_check").fetchall() == []
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
