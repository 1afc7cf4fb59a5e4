"""What is wrong with a file, always with its line, so that somebody can go and look."""

from dataclasses import dataclass

from border.core.refusal import FieldError, refuses
from border.core.words import N_

FILE_NOT_READABLE = refuses(
    "file_not_readable",
    400,
    N_("The file cannot be read"),
    N_("The file cannot be read from line {line} on; the errors say why, and the way out."),
)


@dataclass(frozen=True)
class Problem:
    """A place of a file that is wrong: its line, 0 being the file as a whole, and why."""

    line: int
    error: FieldError


def wrong(line: int, field: str, code: str, says: str, **facts: object) -> Problem:
    """Return a problem with a column of a line; `says` may name its `facts`."""
    values = tuple((name, str(fact)) for name, fact in facts.items())
    return Problem(line, FieldError(f"lines.{line}.{field}" if line else field, code, says, values))


class Unreadable(Exception):
    """The file cannot be read on from here; what was read of it counts for nothing."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.error.detail())
        self.problem = problem
