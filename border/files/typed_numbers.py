"""Numbers as people type them: `12500`, `12.500,5`, `12,500.5`, `12 500`. Exact, never a float.

The comma and the point both mean decimals somewhere and thousands elsewhere. What can only be
read in one way is read; `1.500`, which could be both, is asked about, because a load that is
wrong by a thousand is worse than a question.
"""

import re
from decimal import Decimal

from border.core.refusal import FieldError
from border.core.words import N_

_THOUSANDS = 3
_MOST_DIGITS = 15
_SHAPE = re.compile(r"-?[0-9]+(?:[.,][0-9]+)*")


class WrongNumber(ValueError):
    """A text that is no number of ours: a stable code, a sentence, and its facts."""

    def __init__(self, code: str, says: str, **facts: str) -> None:
        super().__init__(code)
        self.code = code
        self.says = says
        self.facts = tuple(facts.items())

    def at(self, field: str) -> FieldError:
        """Return this as the error of a field."""
        return FieldError(field, self.code, self.says, self.facts)


def read_units(text: str, places: int) -> int:
    """Return a typed number in whole units of ten to the minus `places`: "1,5" at 3 is 1500.

    Raises `WrongNumber` for what is no number, has more decimals than `places`, or could be read
    in two ways.
    """
    plain = "".join(text.split())
    if not _SHAPE.fullmatch(plain) or len(plain) > 2 * _MOST_DIGITS:
        raise WrongNumber("not_a_number", N_("Type a number, such as 1250.5."))
    whole, mark, rest = _halves(plain, places)
    digits = re.sub("[.,]", "", whole)  # with its sign, which is no digit
    if len(rest.rstrip("0")) > places:
        if places == 0:
            raise WrongNumber("too_many_decimals", N_("Type a whole number, without decimals."))
        says = N_("At most {places} decimals are possible here.")
        raise WrongNumber("too_many_decimals", says, places=str(places))
    if len(digits.lstrip("+-")) > _MOST_DIGITS:
        raise WrongNumber("too_large", N_("This number is too large."))
    return int(Decimal(f"{digits}.{rest or 0}" if mark else digits).scaleb(places))


def _halves(plain: str, places: int) -> tuple[str, str, str]:
    """Return the text before the decimal mark, the mark or nothing, and the decimals."""
    at = max(plain.rfind("."), plain.rfind(","))
    if at < 0:
        return plain, "", ""
    before, mark, after = plain[:at], plain[at], plain[at + 1 :]
    if mark in before:
        _check_grouped(plain)
        return plain, "", ""  # 1.234.567: the mark repeats, so it parts thousands
    if re.search("[.,]", before):
        _check_grouped(before)
        return before, mark, after  # 1.234,5: two marks, the last one is the decimal mark
    if len(after) == _THOUSANDS and before.lstrip("-") != "0" and len(before.lstrip("-")) <= 3:
        if places < _THOUSANDS:
            return plain, "", ""
        says = N_(
            "Is it {large} or {small}? Type {large} without a mark, or {small}0 for the other."
        )
        raise WrongNumber("ambiguous", says, large=before + after, small=f"{before}{mark}{after}")
    return before, mark, after


def _check_grouped(text: str) -> None:
    """Refuse thousands that are not in groups of three."""
    first, *groups = re.split("[.,]", text.lstrip("-"))
    marks = set(re.findall("[.,]", text))
    if len(first) > _THOUSANDS or len(marks) > 1 or any(len(g) != _THOUSANDS for g in groups):
        raise WrongNumber("not_a_number", N_("Type a number, such as 1250.5."))


def write_units(units: int, places: int) -> str:
    """Return whole units of ten to the minus `places` as a text that `read_units` reads back.

    Three decimals get a zero behind them: 12.345 alone could be twelve thousand.
    """
    sign, digits = "-" * (units < 0), str(abs(units)).rjust(places + 1, "0")
    whole, rest = (digits[:-places], digits[-places:].rstrip("0")) if places else (digits, "")
    if len(rest) == _THOUSANDS:
        rest += "0"
    return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"
