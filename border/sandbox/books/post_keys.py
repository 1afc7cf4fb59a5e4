"""What the carriers remember besides the messages: tokens given out, and faults planned."""

import secrets
from datetime import datetime, timedelta

from border.sandbox.books.state_file import StateFile, instant_of, text_of


class PostKeys:
    """Tokens by name, each until an instant, and what is to go wrong next by channel."""

    def __init__(self, file: StateFile) -> None:
        self._file = file

    def given(self, name: str, at: datetime) -> str | None:
        """Return the token that holds under a name, or None."""
        row = self._file.execute("SELECT * FROM post_token WHERE name = ?", (name,)).fetchone()
        until = instant_of(row["expires_at"]) if row else None
        return str(row["token"]) if row and until and at < until else None

    def give(self, name: str, at: datetime, lasts: timedelta) -> str:
        """Give out a fresh token under a name, in place of the one before."""
        token = secrets.token_urlsafe(24)
        self._file.execute(
            "INSERT OR REPLACE INTO post_token (name, token, expires_at) VALUES (?, ?, ?)",
            (name, token, text_of(at + lasts)),
        )
        return token

    def forget(self, name: str) -> None:
        """Let the token of a name end."""
        self._file.execute("DELETE FROM post_token WHERE name = ?", (name,))

    def plan(self, channel: str, code: str, times: int) -> None:
        """Let the next messages of a channel be answered with a code; 0 times takes it away."""
        self._file.execute("DELETE FROM post_fault WHERE channel = ?", (channel,))
        if times > 0:
            self._file.execute(
                "INSERT INTO post_fault (channel, code, times) VALUES (?, ?, ?)",
                (channel, code, times),
            )

    def strike(self, channel: str) -> str | None:
        """Return the code a message is to be answered with, and count it; None for the truth."""
        row = self._file.execute(
            "SELECT * FROM post_fault WHERE channel = ?", (channel,)
        ).fetchone()
        if row is None:
            return None
        self.plan(channel, row["code"], int(row["times"]) - 1)
        return str(row["code"])
