"""Callbacks to the merchant, of every gateway, and each call made for one."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from border.sandbox.books.state_file import StateFile, instant_of, text_of


@dataclass(frozen=True)
class NewCallback:
    """A callback to book: its fields, and when to send it (None: never)."""

    params: dict[str, str]
    send_at: datetime | None
    well_signed: bool = True


@dataclass(frozen=True)
class Callback:
    """A callback as booked; `subject` is what it tells of, in its gateway's own books."""

    id: int
    gateway: str
    subject: str
    params: dict[str, str]
    well_signed: bool
    state: str
    calls_made: int
    calls_allowed: int
    next_call_at: datetime | None


@dataclass(frozen=True)
class Call:
    """One call of the merchant's address and what came back; no answer leaves the codes None."""

    called_at: datetime
    http_status: int | None
    rsp_code: str | None
    message: str


class Callbacks:
    """The callbacks in the state file."""

    def __init__(self, file: StateFile) -> None:
        self._file = file

    def add(
        self, gateway: str, subject: str, planned: Sequence[NewCallback], allowed: int
    ) -> list[int]:
        """Book callbacks to be sent, each at most `allowed` times; returns their ids."""
        ids: list[int] = []
        for callback in planned:
            added = self._file.execute(
                "INSERT INTO callback (gateway, subject, params, well_signed, state,"
                " calls_allowed, next_call_at) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    gateway,
                    subject,
                    json.dumps(callback.params),
                    callback.well_signed,
                    "waiting" if callback.send_at else "withheld",
                    allowed,
                    text_of(callback.send_at) if callback.send_at else None,
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
        with self._file.one_commit():
            self._file.execute(
                "UPDATE callback SET state = 'given_up', next_call_at = NULL WHERE state ="
                " 'waiting' AND calls_made >= calls_allowed AND next_call_at <= ?",
                (text_of(at),),
            )
            rows = self._file.execute(
                "UPDATE callback SET calls_made = calls_made + 1, next_call_at = ?1 WHERE state ="
                " 'waiting' AND next_call_at <= ?2 AND (?3 IS NULL OR id IN"
                " (SELECT value FROM json_each(?3))) RETURNING *",
                (text_of(at + lease), text_of(at), None if only is None else json.dumps([*only])),
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
        with self._file.one_commit():
            self._file.execute(
                "INSERT INTO call (callback_id, called_at, http_status, rsp_code, message)"
                " VALUES (?, ?, ?, ?, ?)",
                (
                    callback.id,
                    text_of(call.called_at),
                    call.http_status,
                    call.rsp_code,
                    call.message,
                ),
            )
            self._file.execute(
                "UPDATE callback SET state = ?, next_call_at = ? WHERE id = ?",
                (state, text_of(retry_at) if state == "waiting" else None, callback.id),
            )

    def send_again(self, callback_id: int, at: datetime) -> bool:
        """Make a callback due at `at`, with one call more if it had none left."""
        return bool(
            self._file.execute(
                "UPDATE callback SET state = 'waiting', next_call_at = ?,"
                " calls_allowed = max(calls_allowed, calls_made + 1) WHERE id = ?",
                (text_of(at), callback_id),
            ).rowcount
        )

    def about(self, gateway: str, subject: str) -> list[tuple[Callback, list[Call]]]:
        """Return the callbacks about a subject, oldest first, each with every call made."""
        rows = self._file.execute(
            "SELECT * FROM callback WHERE gateway = ? AND subject = ? ORDER BY id",
            (gateway, subject),
        ).fetchall()
        return [(_callback(row), self._calls(row["id"])) for row in rows]

    def _calls(self, callback_id: int) -> list[Call]:
        rows = self._file.execute(
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


def _callback(row: sqlite3.Row) -> Callback:
    return Callback(
        id=row["id"],
        gateway=row["gateway"],
        subject=row["subject"],
        params=json.loads(row["params"]),
        well_signed=bool(row["well_signed"]),
        state=row["state"],
        calls_made=row["calls_made"],
        calls_allowed=row["calls_allowed"],
        next_call_at=instant_of(row["next_call_at"]),
    )
