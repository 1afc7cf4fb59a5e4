"""The rows of a table of separated values, by the headings of its first line.

One reader for every such file: the separator is found where it was not said, quotation marks
are strict, rows of nothing but separators are passed over, and whatever is wrong names its line.
"""

import csv
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from border.core.refusal import FieldError
from border.core.words import N_
from border.files.fault import Problem, Unreadable, wrong
from border.files.text import LONGEST_LINE

SEPARATORS = (",", ";", "\t", "|")
"""What stands between cells; spreadsheets of many countries write semicolons."""
MOST_ROWS = 2_000_000
MOST_COLUMNS = 200
LONGEST_CELL = 10_000
_NAMES_TOLD = 30


@dataclass(frozen=True)
class CsvRow:
    """A row: its last line, its cells without blanks around them, its text as it stood.

    `wrong` says why its cells cannot be told apart, if they cannot.
    """

    line: int
    cells: tuple[str, ...]
    text: str
    wrong: FieldError | None = None


class CsvTable:
    """A table being read: its headings first, then its rows one by one, each only when asked.

    `wanted` are the headings that somebody looks for; the separator under which most of them
    are found is taken. `skip` lines stand above the headings.
    refuses: Unreadable, from the line on that cannot be told into cells.
    """

    def __init__(
        self,
        lines: Iterable[str],
        wanted: Collection[str],
        *,
        separator: str | None = None,
        skip: int = 0,
        most_rows: int = MOST_ROWS,
    ) -> None:
        self._lines = _Lines(iter(lines))
        self._most_rows = most_rows
        for _ in islice(self._lines, skip):
            pass
        self._lines.begin_row()
        self.separator = separator or separator_of(self._lines.peek(), wanted)
        self._reader = csv.reader(self._lines, delimiter=self.separator, strict=True)
        cells = self._next() or ()
        self.headings = _trimmed(cells, 0)
        self._widths = range(len(self.headings), len(cells) + 1)
        self.line = max(self._lines.number, 1)
        if len(cells) > MOST_COLUMNS:
            says = N_("The first line has more than {most} columns.")
            raise Unreadable(wrong(self.line, "line", "too_many_columns", says, most=MOST_COLUMNS))

    def places(self, wanted: Iterable[str]) -> tuple[dict[str, int], list[Problem]]:
        """Return in which place of a row each heading stands; what is missing or twice is told.

        Letter case, blanks around and ways of writing an accent do not count.
        """
        there = [folded(heading) for heading in self.headings]
        found, problems = dict[str, int](), list[Problem]()
        names = tuple(wanted)
        for name in names:
            match there.count(folded(name)):
                case 1:
                    found[name] = there.index(folded(name))
                case 0:
                    says = N_(
                        "The file has no column “{name}”. It needs: {needed}. Its first line has: "
                        "{there}."
                    )
                    facts = {"needed": _listed(names), "there": _listed(self.headings)}
                    problems.append(
                        wrong(self.line, name, "missing_column", says, name=name, **facts)
                    )
                case _:
                    says = N_("The column “{name}” stands twice in the first line. Remove one.")
                    problems.append(wrong(self.line, name, "column_twice", says, name=name))
        return found, problems

    def __iter__(self) -> Iterator[CsvRow]:
        count = 0
        while (cells := self._next()) is not None:
            if not any(cells):
                continue
            count += 1
            line = self._lines.number
            if count > self._most_rows:
                says = N_("The file has more than {most} rows. Send it in parts.")
                raise Unreadable(wrong(line, "line", "too_many", says, most=self._most_rows))
            # A spreadsheet may write more separators than there are columns.
            cells = _trimmed(cells, len(self.headings))
            misfit = _misfit(cells, self._widths, line)
            yield CsvRow(line, cells, self._lines.text.rstrip("\r\n"), misfit)

    def _next(self) -> tuple[str, ...] | None:
        """Return the cells of the next row, None at the end. refuses: Unreadable."""
        self._lines.begin_row()
        try:
            cells = next(self._reader, None)
        except csv.Error as error:
            raise self._lines.not_csv() from error
        return None if cells is None else tuple(cell.strip() for cell in cells)


def _listed(names: Sequence[str]) -> str:
    """Return names in a sentence, cut short where a file has very many or very long ones."""
    shown = [name[:40] or "–" for name in names[:_NAMES_TOLD]]
    return ", ".join(shown) + (" …" if len(names) > _NAMES_TOLD else "")


def _trimmed(cells: tuple[str, ...], least: int) -> tuple[str, ...]:
    """Return cells without empty ones at the end, as long as there are more than `least`."""
    while len(cells) > least and not cells[-1]:
        cells = cells[:-1]
    return cells


def _misfit(cells: Sequence[str], widths: range, line: int) -> FieldError | None:
    """Return what is wrong with the number or the length of cells."""
    if len(cells) not in widths:
        says = N_("The row has {found} cells, the first line {expected} columns.")
        facts = (("found", str(len(cells))), ("expected", str(widths[0])))
        return FieldError(f"lines.{line}.line", "wrong_number_of_cells", says, facts)
    if any(len(cell) > LONGEST_CELL for cell in cells):
        says = N_("A cell holds more than {most} characters.")
        return FieldError(f"lines.{line}.line", "too_long", says, (("most", str(LONGEST_CELL)),))
    return None


class _Lines:
    """The lines of a file as the reader takes them, and the text of the row they make up."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._ahead: str | None = None
        self._taken: list[str] = []
        self.number = 0
        self._begins = 1

    @property
    def text(self) -> str:
        """The text of the row being read, as it stood."""
        return "".join(self._taken)

    def begin_row(self) -> None:
        """Forget the row before."""
        self._taken.clear()
        self._begins = self.number + 1

    def peek(self) -> str:
        """Return the next line and leave it."""
        if self._ahead is None:
            self._ahead = next(self._lines, "")
        return self._ahead

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line, self._ahead = self.peek(), None
        if not line:
            raise StopIteration
        self.number += 1
        self._taken.append(line)
        if len(self._taken) > 1 and sum(map(len, self._taken)) > LONGEST_LINE:
            raise self.not_csv()
        return line

    def not_csv(self) -> Unreadable:
        """Return what keeps the row from being told into cells: one quotation mark, always."""
        if self.text.count('"') % 2:
            says = N_(
                "In the row that begins in this line a quotation mark is opened and never closed. "
                "Close it, or write it twice if it belongs to the text."
            )
            return Unreadable(wrong(self._begins, "line", "not_csv", says))
        says = N_(
            "In this line a text goes on after its closing quotation mark. A mark that belongs to "
            "the text is written twice."
        )
        return Unreadable(wrong(self.number, "line", "not_csv", says))


def folded(heading: str) -> str:
    """Return a heading as headings are compared."""
    return " ".join(unicodedata.normalize("NFC", heading).split()).casefold()


def separator_of(line: str, wanted: Collection[str]) -> str:
    """Return what separates the headings in a line.

    The separator under which most of the headings `wanted` are found; failing any, the one
    that makes the most cells; a comma where nothing tells.
    """
    names = {folded(name) for name in wanted}

    def found(separator: str) -> tuple[int, int]:
        try:
            cells = next(csv.reader([line], delimiter=separator), [])
        except csv.Error:
            cells = []
        return sum(folded(cell) in names for cell in cells), len(cells)

    return max(SEPARATORS, key=found)
