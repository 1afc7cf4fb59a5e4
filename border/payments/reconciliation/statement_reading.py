"""A statement's file read from end to end, first to judge the whole of it, then for its lines.

A file is judged before anything of it is stored, and no more than a line of it is held at a time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from hashlib import sha256
from typing import BinaryIO

from border.core.refusal import Refusal
from border.core.words import N_
from border.files.fault import Problem, Unreadable, wrong
from border.files.text import encoding_of, lines_of
from border.payments.reconciliation.bank_statement import read_bank
from border.payments.reconciliation.column_map import ColumnMap
from border.payments.reconciliation.csv_statement import read_csv
from border.payments.reconciliation.statement import (
    MOST_PROBLEMS,
    STATEMENT_REFUSED,
    Heading,
    Part,
    StatementLine,
)
from border.payments.reconciliation.statement_packing import beginning, bytes_of

CSV = "csv"
BANK = "bank"
_PIECE = 1 << 16
OnLine = Callable[[int], None]
"""Told how many lines were read."""


def _nobody(_: int) -> None:
    """Listen to nothing."""


@dataclass(frozen=True)
class Layout:
    """How the bytes of a file are to be read: its form, whether in Base64, its encoding."""

    form: str
    packed: bool
    encoding: str


@dataclass
class Examined:
    """What a whole file says: its digest, its lines counted and added up, and what is wrong."""

    digest: bytes
    layout: Layout | None = None
    heading: Heading = field(default_factory=Heading)
    lines: int = 0
    total_minor: int = 0
    currency: str = ""
    first_day: date | None = None
    last_day: date | None = None
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)

    def tell(self, problem: Problem) -> None:
        """Count a problem, and keep it unless there are too many."""
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)

    def refusal(self, name: str) -> Refusal:
        """Return the refusal of the whole file."""
        first = min((p.line for p in self.problems if p.line), default=0)
        return STATEMENT_REFUSED(
            name=name,
            count=self.problem_count,
            line=first or "—",
            errors=[problem.error for problem in self.problems],
        )


def digest_of(file: BinaryIO) -> bytes:
    """Return the SHA-256 of the file as it is."""
    file.seek(0)
    digest = sha256()
    while piece := file.read(_PIECE):
        digest.update(piece)
    return digest.digest()


def layout_of(file: BinaryIO, encoding: str | None) -> Layout:
    """Return how the file is to be read; `encoding` if it was named. refuses: Unreadable."""
    first, packed = beginning(file)
    form = BANK if first.startswith(b"H|") else CSV
    return Layout(form, packed, encoding or encoding_of(partial(bytes_of, file, packed)))


def parts_of(file: BinaryIO, layout: Layout, using: ColumnMap) -> Iterator[Part]:
    """Yield what the file says, in its order. refuses: Unreadable."""
    lines = lines_of(bytes_of(file, layout.packed), layout.encoding)
    return read_bank(lines) if layout.form == BANK else read_csv(lines, using)


def examine(
    file: BinaryIO, using: ColumnMap, day: date | None = None, on_line: OnLine = _nobody
) -> Examined:
    """Read the whole file and return what it says and what is wrong with it; refuses nothing.

    `day` is the day the file was asked for, where it does not say one itself.
    """
    found = Examined(digest_of(file))
    try:
        found.layout = layout_of(file, using.encoding)
        for part in parts_of(file, found.layout, using):
            match part:
                case Heading():
                    found.heading = part
                case Problem():
                    found.tell(part)
                case StatementLine():
                    _count(found, part)
                    on_line(found.lines)
    except Unreadable as fault:
        found.tell(fault.problem)
    found.heading = Heading(found.heading.account, found.heading.day or day)
    if not found.lines and not found.problem_count and found.heading.day is None:
        says = N_("The file has no line, and no day is said in it.")
        found.tell(wrong(0, "file", "empty", says))
    return found


def _count(found: Examined, line: StatementLine) -> None:
    found.lines += 1
    found.total_minor += line.amount.minor
    found.currency = line.amount.currency
    found.first_day = min(found.first_day or line.day, line.day)
    found.last_day = max(found.last_day or line.day, line.day)
