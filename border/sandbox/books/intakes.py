"""What Hekou has announced of its intake, until it thinks otherwise."""

from dataclasses import dataclass
from datetime import datetime

from border.sandbox.books.state_file import StateFile, text_of


@dataclass(frozen=True)
class Announcement:
    """So many trucks an hour are taken in at a gate within a stretch of time."""

    gate: str
    direction: str
    begins: datetime
    ends: datetime
    trucks: int
    reason: str


class Intakes:
    """The announcements that stand."""

    def __init__(self, file: StateFile) -> None:
        self._file = file

    def standing(self, at: datetime) -> list[Announcement]:
        """Return what is announced of the time from `at` on."""
        found = self._file.execute(
            "SELECT * FROM intake WHERE ends_at > ? ORDER BY number", (text_of(at),)
        )
        return [
            Announcement(
                row["gate"],
                row["direction"],
                datetime.fromisoformat(row["begins_at"]),
                datetime.fromisoformat(row["ends_at"]),
                row["trucks"],
                row["reason"],
            )
            for row in found
        ]

    def announce(self, one: Announcement) -> None:
        """Announce an intake in place of those before it that touch its time."""
        with self._file.one_commit():
            self.withdraw(one.gate, one.direction, one.begins, one.ends)
            self._file.execute(
                "INSERT INTO intake (gate, direction, begins_at, ends_at, trucks, reason)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    *(one.gate, one.direction, text_of(one.begins), text_of(one.ends)),
                    *(one.trucks, one.reason),
                ),
            )

    def withdraw(self, gate: str, direction: str, begins: datetime, ends: datetime) -> None:
        """Take back what is announced of a stretch of time."""
        self._file.execute(
            "DELETE FROM intake WHERE gate = ? AND direction = ? AND begins_at < ? AND ends_at > ?",
            (gate, direction, text_of(ends), text_of(begins)),
        )
