"""The tape: the SQL statements of one answer, recorded once and played for other trucks.

Recorded from the program itself, so it cannot fall behind it: every statement that one request
sends, with where its transactions begin and end. Played, the words of the recorded truck are
replaced by those of another, and ids and references that the program had made up by fresh ones;
instants, the printed answer and a new slip's signature stay as recorded. What is left out when a
tape is played is everything but the statements: HTTP, shapes, rules, SQLAlchemy.
"""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from border.core.ids import new_id, new_reference

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
_REFERENCE = r"\b[A-Z]{3}-[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}\b"
_LOCK_NUMBER_FROM = 1 << 40
"""An integer from here on, either way, is the number of an advisory lock, made from a word."""
TRANSACTION = ("BEGIN", "COMMIT", "ROLLBACK")


class Words:
    """The words of the truck a tape is played for; what is asked for anew is made up once."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = words
        self._fresh: dict[str | int, Any] = {}

    def word(self, name: str) -> str:
        """Return the truck's word of this name."""
        return self._words[name]

    def fresh(self, recorded: str | int, make: Callable[[], Any]) -> Any:
        """Return what stands, for this truck, in the place of something the program made up."""
        if recorded not in self._fresh:
            self._fresh[recorded] = make()
        return self._fresh[recorded]


Cell = Callable[[Words], Any]
"""One parameter of a statement, told for a truck."""


@dataclass(frozen=True)
class Statement:
    """One statement as it goes over the wire, with a row of cells for each of its executions."""

    sql: str
    rows: tuple[tuple[Cell, ...], ...] = ((),)
    many: bool = False


@dataclass
class Tape:
    """The statements of one answer in their order."""

    statements: list[Statement] = field(default_factory=list)

    @property
    def round_trips(self) -> int:
        """How often the program waits for the database; BEGIN and COMMIT are waited for too."""
        return len(self.statements)

    async def play(self, connection: asyncpg.Connection, words: Mapping[str, str]) -> None:
        """Send the statements on a connection for the truck that has these words."""
        said = Words(words)
        for statement in self.statements:
            rows = [tuple(cell(said) for cell in row) for row in statement.rows]
            if statement.many:
                await connection.executemany(statement.sql, rows)
            elif statement.sql in TRANSACTION:
                await connection.execute(statement.sql)
            else:
                await connection.fetch(statement.sql, *rows[0])


@contextmanager
def recording(engine: AsyncEngine, words: Mapping[str, str], begun_at: datetime) -> Iterator[Tape]:
    """Record what the engine sends while the context is open, said for the truck of `words`.

    An id is one the program made up if it is a UUIDv7 from `begun_at` or later.
    """
    tape, sync = Tape(), engine.sync_engine
    reader = _Reader(words, int(begun_at.timestamp() * 1000))

    def heard(
        _: Any, __: Any, statement: str, parameters: Any, ___: Any, executemany: bool
    ) -> None:
        given: Sequence[Sequence[Any]] = parameters if executemany else [parameters]
        rows = tuple(tuple(reader.cell(value) for value in row) for row in given)
        tape.statements.append(Statement(statement, rows, executemany))

    marks = {
        name.lower(): lambda _, sql=name: tape.statements.append(Statement(sql))
        for name in TRANSACTION
    }
    event.listen(sync, "before_cursor_execute", heard)
    for name, mark in marks.items():
        event.listen(sync, name, mark)
    try:
        yield tape
    finally:
        event.remove(sync, "before_cursor_execute", heard)
        for name, mark in marks.items():
            event.remove(sync, name, mark)


class _Reader:
    """Reads a recorded parameter as a cell."""

    def __init__(self, words: Mapping[str, str], begun_ms: int) -> None:
        self._names = {word: name for name, word in words.items()}
        self._begun_ms = begun_ms
        known = sorted(map(re.escape, self._names), key=len, reverse=True)
        self._parts = re.compile("(" + "|".join([*known, _UUID, _REFERENCE]) + ")")

    def cell(self, value: Any) -> Cell:
        """Return the cell of a recorded value."""
        if isinstance(value, UUID):
            told = self._part(str(value))
            return (lambda _: value) if isinstance(told, str) else lambda words: UUID(told(words))
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, bytes):
            return self._bytes(value)
        if isinstance(value, int) and abs(value) >= _LOCK_NUMBER_FROM:
            return lambda words: words.fresh(value, lambda: secrets.randbits(62))
        return lambda _: value

    def _bytes(self, value: bytes) -> Cell:
        """Return the cell of bytes: a word as it came, or a digest that is a word in hex."""
        as_came = self._names.get(value.decode("latin-1"))
        if as_came:
            return lambda words: words.word(as_came).encode("latin-1")
        in_hex = self._names.get(value.hex())
        if in_hex:
            return lambda words: bytes.fromhex(words.word(in_hex))
        return lambda _: value

    def _text(self, value: str) -> Cell:
        parts = [self._part(part) for part in self._parts.split(value)]
        if all(isinstance(part, str) for part in parts):
            return lambda _: value
        return lambda words: "".join(p if isinstance(p, str) else p(words) for p in parts)

    def _part(self, text: str) -> str | Callable[[Words], str]:
        """Return a text that stays, or how it is told for another truck."""
        if name := self._names.get(text):
            return lambda words: words.word(name)
        if re.fullmatch(_UUID, text) and UUID(text).int >> 80 >= self._begun_ms:
            return lambda words: str(words.fresh(text, new_id))
        if re.fullmatch(_REFERENCE, text):
            return lambda words: str(words.fresh(text, lambda: new_reference(text[:3])))
        return text
