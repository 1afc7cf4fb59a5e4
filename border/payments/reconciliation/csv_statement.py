"""A gateway's statement out of a CSV file, through the map of its columns.

Pure. Line by line: a wrong line is told with its field and its reason, and reading goes on, so
that whoever sent the file hears everything at once. A total at the end, if there is one, must
agree; nothing may follow it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from border.core.money import MINOR_UNITS, Money
from border.core.words import N_
from border.files.csv_rows import CsvTable
from border.files.fault import Problem, wrong
from border.files.spoiled import SPREADSHEET_NUMBER, SPREADSHEET_SAYS, is_shortened
from border.payments.reconciliation.column_map import ColumnMap
from border.payments.reconciliation.numbers import NotSo, instant, minor_units, whole_number
from border.payments.reconciliation.statement import (
    LONGEST_MEMO,
    LONGEST_NUMBER,
    LONGEST_REFERENCE,
    Heading,
    LineType,
    Part,
    StatementLine,
)


def read_csv(lines: Iterable[str], using: ColumnMap) -> Iterator[Part]:
    """Yield the lines of a CSV statement, and what is wrong, in order.

    refuses: Unreadable, where the rest cannot be read as CSV.
    """
    wanted = using.headings
    table = CsvTable(lines, wanted.values(), separator=using.delimiter, skip=using.skip_lines)
    yield Heading()
    places, problems = table.places(wanted.values())
    yield from problems
    if not problems:
        yield from _read(table, {name: places[each] for name, each in wanted.items()}, using)


def _read(table: CsvTable, places: Mapping[str, int], using: ColumnMap) -> Iterator[Part]:
    written = count = 0
    currency = ""
    ended = False
    for each in table:
        if ended:
            yield wrong(each.line, "line", "after_total", N_("Nothing may follow the total."))
            return
        if each.cells[0] == using.total_sign:
            ended = True
            yield from _check_total(each.cells, each.line, count, written, currency, using)
            continue
        count += 1
        if each.wrong:
            yield Problem(each.line, each.wrong)
            continue
        cells = {name: each.cells[at] for name, at in places.items()}
        row = _Row(cells, each.line, each.text, using)
        line = row.line()
        if currency and row.currency != currency:
            row.tell(
                "currency", "mixed", N_("A statement is in one currency: {was}."), was=currency
            )
        currency = currency or row.currency
        written += row.written
        yield from row.problems
        if line and not row.problems:
            yield line
    if using.needs_total and not ended:
        yield wrong(0, "file", "cut_off", N_("The total at the end is missing: is it cut off?"))


def _check_total(
    cells: Sequence[str], line: int, count: int, written: int, currency: str, using: ColumnMap
) -> Iterator[Problem]:
    """Yield what the total says otherwise than the lines."""
    try:
        stated_count = whole_number(cells[1])
        stated_sum = _amount(cells[2], currency or using.currency, using)
    except (NotSo, IndexError):
        says = N_("The total needs the number of lines and their sum.")
        yield wrong(line, "total", "not_a_total", says)
        return
    if stated_count != count:
        says = N_("The file says {stated} lines and has {found}.")
        yield wrong(line, "total", "wrong_count", says, stated=stated_count, found=count)
    if stated_sum != written:
        says = N_("The file says a sum of {stated}; its lines add up to {found}.")
        yield wrong(line, "total", "wrong_total", says, stated=stated_sum, found=written)


def _amount(text: str, currency: str, using: ColumnMap) -> int:
    return minor_units(text, currency, using.decimal_mark, using.thousand_mark, using.amount_factor)


class _Row:
    """One row being read, with the problems found so far."""

    def __init__(self, cells: Mapping[str, str], number: int, raw: str, using: ColumnMap) -> None:
        self._cells, self._number, self._raw, self._using = cells, number, raw, using
        self.problems: list[Problem] = []
        self.written = 0
        self.currency = (cells.get("currency") or using.currency).upper()

    def tell(self, field: str, code: str, says: str, **facts: object) -> None:
        """Note a problem under the heading of the column it is in."""
        heading = self._using.headings.get(field, field)
        self.problems.append(wrong(self._number, heading, code, says, **facts))

    def line(self) -> StatementLine | None:
        """Return the row as a line, or None with its problems noted."""
        if self.currency not in MINOR_UNITS:
            self.tell("currency", "unknown_currency", N_("This is no currency we know."))
            self.currency = self._using.currency
        type = self._type()
        amount, fee = self._money(type)
        number = self._text("transaction_no", LONGEST_NUMBER, needed=True)
        reference = self._text("reference", LONGEST_REFERENCE)
        try:
            at = instant(self._cells["happened_at"], self._using.date_format, self._using.timezone)
        except NotSo:
            self.tell("happened_at", "not_a_time", N_("This is no date with a time as expected."))
            return None
        if type is None:
            return None
        return StatementLine(
            number=self._number,
            type=type,
            transaction_no=number,
            reference=reference,
            amount=Money(amount, self.currency),
            fee=Money(fee, self.currency),
            happened_at=at,
            memo=self._cells.get("memo", "")[:LONGEST_MEMO],
            raw=self._raw,
        )

    def _type(self) -> LineType | None:
        if self._using.only:
            return self._using.only
        type = self._using.type_of(self._cells["type"])
        if type is None:
            says = N_("“{given}” is no type of line that the mapping knows.")
            self.tell("type", "unknown_type", says, given=self._cells["type"][:40])
        return type

    def _money(self, type: LineType | None) -> tuple[int, int]:
        """Return the amount and the fee in minor units, without their signs."""
        amount = self._minor("amount", self._cells["amount"])
        fee = self._minor("fee", self._cells.get("fee", "") or "0") or 0
        self.written = amount or 0
        may_be_negative = self._using.signed and type is not LineType.PAYMENT
        if amount == 0 or (self.written < 0 and not may_be_negative):
            self.tell("amount", "not_positive", N_("An amount is more than nothing."))
        if fee < 0 and not self._using.signed:
            self.tell("fee", "negative", N_("A fee is not less than nothing."))
        return abs(self.written), abs(fee)

    def _minor(self, field: str, text: str) -> int | None:
        try:
            return _amount(text, self.currency, self._using)
        except NotSo:
            says = N_("“{given}” is no amount as the mapping says they are written.")
            self.tell(field, "not_an_amount", says, given=text[:40])
            return None

    def _text(self, field: str, longest: int, *, needed: bool = False) -> str:
        text = self._cells.get(field, "")
        if needed and not text:
            self.tell(field, "missing", N_("This must be given."))
        if is_shortened(text):
            self.tell(field, SPREADSHEET_NUMBER, SPREADSHEET_SAYS, given=text)
        if len(text) > longest:
            self.tell(field, "too_long", N_("At most {most} characters."), most=longest)
        return text
