"""What was sent to people, as it reached them."""

from dataclasses import dataclass
from datetime import datetime

from border.sandbox.books.state_file import StateFile, text_of


@dataclass(frozen=True)
class Letter:
    """A message that came through a channel; `given` is what the sender calls it."""

    channel: str
    address: str
    title: str
    text: str
    came_at: datetime
    given: str = ""


class Letters:
    """Everything that came, the newest first."""

    def __init__(self, file: StateFile) -> None:
        self._file = file

    def keep(self, letter: Letter) -> int:
        """Keep a message, once under what its sender calls it, and return its number."""
        found = self._file.execute(
            "SELECT number FROM letter WHERE channel = ? AND given = ? AND given <> ''",
            (letter.channel, letter.given),
        ).fetchone()
        if found is not None:
            return int(found["number"])
        written = self._file.execute(
            "INSERT INTO letter (channel, address, title, text, came_at, given)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                *(letter.channel, letter.address, letter.title, letter.text),
                *(text_of(letter.came_at), letter.given),
            ),
        )
        return int(written.lastrowid or 0)

    def newest(self, limit: int, address: str = "") -> list[Letter]:
        """Return the messages that came last, to all or to one address."""
        found = self._file.execute(
            "SELECT * FROM letter WHERE ? IN ('', address) ORDER BY number DESC LIMIT ?",
            (address, limit),
        )
        return [
            Letter(
                *(row["channel"], row["address"], row["title"], row["text"]),
                datetime.fromisoformat(row["came_at"]),
                row["given"],
            )
            for row in found
        ]
