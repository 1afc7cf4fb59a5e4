"""The bank's statement of our account: lines of fields between upright strokes.

    H|account|yyyyMMdd|number of lines|sum of credits|sum of debits
    D|1, 2, 3 …|yyyyMMddHHmmss|C or D|amount|the bank's reference|memo
    T|number of lines

Pure. Amounts are whole đồng, times the gate's. The header, the numbering and the trailer must
agree with the lines. source: the form in which the public service portal's bank side exchanges
reconciliation files (pipe-delimited, in Base64 on the wire).
"""

from collections.abc import Iterable, Iterator
from datetime import date

from border.core.clock import ZONE
from border.core.money import Money
from border.core.words import N_
from border.files.fault import Problem, wrong
from border.files.spoiled import SPREADSHEET_NUMBER, SPREADSHEET_SAYS, is_shortened
from border.payments.reconciliation.numbers import NotSo, instant, minor_units, whole_number
from border.payments.reconciliation.statement import (
    LONGEST_MEMO,
    LONGEST_NUMBER,
    Heading,
    LineType,
    Part,
    StatementLine,
)

_HEADER, _LINE, _TRAILER = 6, 7, 2
_LONGEST_ACCOUNT = 34
_CURRENCY = "VND"
_TYPES = {"C": LineType.CREDIT, "D": LineType.DEBIT}


def read_bank(lines: Iterable[str]) -> Iterator[Part]:
    """Yield the heading and the lines of a bank's statement, and what is wrong, in order."""
    reading = _Reading()
    for number, text in enumerate(lines, 1):
        raw = text.rstrip("\r\n")
        if raw:
            yield from reading.take(number, raw)
    yield from reading.end()


class _Reading:
    """How far a file was read, and what it has said of itself."""

    def __init__(self) -> None:
        self._begun = self._ended = False
        self._stated: tuple[int, int, int] | None = None
        self._count = 0
        self._sums = {LineType.CREDIT: 0, LineType.DEBIT: 0}

    def take(self, number: int, raw: str) -> Iterator[Part]:
        """Yield what a line says."""
        # Of a line, the memo comes last, and what stands in it is the payer's, strokes included.
        fields = [field.strip() for field in raw.split("|", _LINE - 1)]
        if not self._begun:
            self._begun = True
            yield from self._header(number, fields)
        elif self._ended:
            yield wrong(number, "line", "after_trailer", N_("Nothing may follow the trailer."))
        elif fields[0] == "T":
            self._ended = True
            yield from self._trailer(number, fields)
        else:
            self._count += 1
            yield from self._line(number, fields, raw)

    def _header(self, number: int, fields: list[str]) -> Iterator[Part]:
        try:
            if fields[0] != "H" or len(fields) != _HEADER:
                raise NotSo("header")
            _, account, day, count, credit, debit = fields
            if not 0 < len(account) <= _LONGEST_ACCOUNT:
                raise NotSo("account")
            if is_shortened(account):
                yield wrong(number, "account", SPREADSHEET_NUMBER, SPREADSHEET_SAYS, given=account)
            self._stated = whole_number(count), _dong(credit), _dong(debit)
            yield Heading(account, _day(day))
        except NotSo:
            says = N_("The first line must be H|account|day|lines|credits|debits.")
            yield wrong(number, "header", "bad_header", says)

    def _line(self, number: int, fields: list[str], raw: str) -> Iterator[StatementLine | Problem]:
        if fields[0] != "D" or len(fields) != _LINE:
            says = N_("A line must be D|number|time|C or D|amount|reference|memo.")
            yield wrong(number, "line", "bad_line", says)
            return
        _, sequence, at, way, amount, reference, memo = fields
        problems = []
        if sequence != str(self._count):
            says = N_("Line number {expected} is expected here, not “{given}”.")
            given = sequence[:20]
            problems.append(wrong(number, "seq", "gap", says, expected=self._count, given=given))
        minor, when = 0, None
        try:
            minor = _dong(amount)
        except NotSo:
            says = N_("An amount is a whole number of đồng.")
            problems.append(wrong(number, "amount", "not_an_amount", says))
        try:
            when = instant(at, "%Y%m%d%H%M%S", ZONE) if len(at) == 14 else None
        except NotSo:
            when = None
        if when is None:
            says = N_("A time is written yyyyMMddHHmmss.")
            problems.append(wrong(number, "time", "not_a_time", says))
        if way not in _TYPES:
            says = N_("C is money in, D is money out.")
            problems.append(wrong(number, "type", "unknown_type", says))
        if not 0 < len(reference) <= LONGEST_NUMBER:
            says = N_("The bank's reference is missing or too long.")
            problems.append(wrong(number, "reference", "missing", says))
        if is_shortened(reference):
            given = reference
            problems.append(
                wrong(number, "reference", SPREADSHEET_NUMBER, SPREADSHEET_SAYS, given=given)
            )
        if minor == 0 and not any(p.error.field.endswith("amount") for p in problems):
            says = N_("An amount is more than nothing.")
            problems.append(wrong(number, "amount", "not_positive", says))
        if way in _TYPES:
            self._sums[_TYPES[way]] += minor
        yield from problems
        if when is not None and not problems:
            yield StatementLine(
                number=number,
                type=_TYPES[way],
                transaction_no=reference,
                reference=reference,
                amount=Money(minor, _CURRENCY),
                fee=Money(0, _CURRENCY),
                happened_at=when,
                memo=memo[:LONGEST_MEMO],
                raw=raw,
            )

    def _trailer(self, number: int, fields: list[str]) -> Iterator[Problem]:
        says = N_("The file says {stated} lines and has {found}.")
        if len(fields) != _TRAILER or fields[1] != str(self._count):
            trailer = fields[1][:20] if len(fields) > 1 else "?"
            yield wrong(number, "trailer", "wrong_count", says, stated=trailer, found=self._count)
        if self._stated is None:
            return
        count, *sums = self._stated
        if count != self._count:
            yield wrong(1, "header", "wrong_count", says, stated=count, found=self._count)
        says = N_("The file says a sum of {stated}; its lines add up to {found}.")
        found = self._sums.values()
        for name, stated, summed in zip(("credits", "debits"), sums, found, strict=True):
            if stated != summed:
                yield wrong(1, name, "wrong_total", says, stated=stated, found=summed)

    def end(self) -> Iterator[Problem]:
        """Yield what is missing now that the file is over."""
        if not self._begun:
            yield wrong(0, "file", "empty", N_("The file is empty."))
        elif not self._ended:
            says = N_("The trailer at the end is missing: the file is cut off.")
            yield wrong(0, "file", "cut_off", says)


def _dong(text: str) -> int:
    if not text.isdecimal():
        raise NotSo("digits")
    return minor_units(text, _CURRENCY, ".", "", 1)


def _day(text: str) -> date:
    if len(text) != 8:
        raise NotSo("day")
    return instant(text, "%Y%m%d", ZONE).astimezone(ZONE).date()
