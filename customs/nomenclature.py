"""Commodity codes: what a code means, which code was probably meant, and which code fits a word.

Two tables make it: the Harmonized System 2022 (2, 4 and 6 digits, English) and the Vietnamese
tariff (8 digits). The Vietnamese table has its lines only, without the headings above them, so a
path is English down to the subheading and Vietnamese at the line; a line that reads "Loại khác"
is told by what stands beside it. Pure: duty rates and goods policy are not here.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import NamedTuple

from border.reference.catalogue import HS, TARIFF_LINES
from border.reference.rows import HsRow, TariffLine
from customs.word_index import WordIndex

_HEADING, _SUBHEADING, _LINE = 4, 6, 8
_DECLARABLE = (_SUBHEADING, _LINE)
_NAMED_EXCEPTIONS = 5
_REMEMBERED = 4096
# "(SEN)" points to the supplementary notes and "(1)" to a footnote: neither names the goods.
_NOTE_MARK = re.compile(r"\s*\((?:SEN|[0-9]+)\)|\.$")
_OTHER = "Loại khác"


class HsLevel(NamedTuple):
    """One level on the way down to a code."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class HsCode:
    """A known code of 4, 6 or 8 digits, with its names and the levels above it.

    `en` is the subheading's text also for an eight-digit line; it is empty in chapter 98, which
    is Vietnam's own. `vi` is empty where the Vietnamese tariff has no line of that level.
    """

    code: str
    en: str
    vi: str
    above: tuple[HsLevel, ...]

    @property
    def chapter(self) -> str:
        """The first two digits."""
        return self.code[:2]

    @property
    def hs6(self) -> str:
        """The first six digits: what two countries' declarations have in common."""
        return self.code[:_SUBHEADING]

    @property
    def declarable(self) -> bool:
        """Whether a declaration line may carry it: 6 or 8 digits."""
        return len(self.code) in _DECLARABLE

    def name(self, locale: str) -> str:
        """Return the name in Vietnamese or, for any other language, in English."""
        first, second = (self.vi, self.en) if locale.startswith("vi") else (self.en, self.vi)
        return first or second

    def path(self, locale: str) -> tuple[HsLevel, ...]:
        """Return the levels from the chapter down to this code itself."""
        return (*self.above, HsLevel(self.code, self.name(locale)))


class UnknownHsCode(LookupError):
    """No declarable code reads like this; `near` are those that may have been meant."""

    def __init__(self, code: str, near: tuple[HsCode, ...]) -> None:
        super().__init__(f"{code!r} is no declarable code; near: {[hs.code for hs in near]}")
        self.code = code
        self.near = near


class Nomenclature:
    """The codes of both tables, for looking up, correcting and searching."""

    def __init__(self, hs: Mapping[str, HsRow], lines: Mapping[str, TariffLine]) -> None:
        self._hs = hs
        self._lines = lines
        self._by_heading: dict[str, list[TariffLine]] = defaultdict(list)
        for line in lines.values():
            self._by_heading[line.code[:_HEADING]].append(line)
        self._declarable = {
            _SUBHEADING: sorted(code for code in hs if len(code) == _SUBHEADING),
            _LINE: sorted(lines),
        }
        self._known = {code for codes in self._declarable.values() for code in codes}

        self.find = lru_cache(_REMEMBERED)(self._find)
        """Return the heading, subheading or line of a code (dots and blanks ignored), or None."""

    def _find(self, code: str) -> HsCode | None:
        digits = _digits(code)
        row, line = self._hs.get(digits[:_SUBHEADING]), self._lines.get(digits)
        if line is not None:
            return HsCode(digits, row.en if row else "", self._name_vi(line), self._above(digits))
        if row is None or len(digits) not in (_HEADING, _SUBHEADING):
            return None
        undivided = self._lines.get(digits.ljust(_LINE, "0"))
        # Where 0810.60.00 is the only line under 0810.60, its text is that of the subheading.
        vi = self._name_vi(undivided) if undivided and self._stands_for(undivided, digits) else ""
        return HsCode(digits, row.en, vi, self._above(digits))

    def validate(self, code: str) -> HsCode:
        """Return the declarable code `code`. Raises `UnknownHsCode`, with near matches."""
        found = self.find(code)
        if found is None or not found.declarable:
            raise UnknownHsCode(code, self.near(code))
        return found

    def lines(self, code: str) -> tuple[HsCode, ...]:
        """Return the eight-digit lines under a heading or subheading, in their order."""
        digits = _digits(code)
        under = self._by_heading.get(digits[:_HEADING], ())
        return self._all(line.code for line in under if line.code.startswith(digits))

    def near(self, code: str, limit: int = 5) -> tuple[HsCode, ...]:
        """Return up to `limit` declarable codes that may have been meant, the likeliest first.

        A zero lost in front comes first, then two digits changed about, then one digit wrong,
        missing or too many (the later the slip the likelier), then whatever begins alike.
        """
        digits = _digits(code)
        rank: dict[str, tuple[int, int, str]] = {}
        for likelihood, variant in _slips(digits):
            if variant in self._known and variant != digits:
                key = (likelihood, -_alike(digits, variant), variant)
                rank[variant] = min(key, rank.get(variant, key))
        best = sorted(rank, key=rank.__getitem__)[:limit]
        for other in self._beginning_alike(digits):
            if len(best) >= limit:
                break
            if other not in rank and other != digits:
                best.append(other)
        return self._all(best)

    def search(self, text: str, locale: str, limit: int = 20) -> tuple[HsCode, ...]:
        """Return up to `limit` codes for words or leading digits, the best first.

        Vietnamese words find lines and English ones subheadings; `locale` says which come first.
        Accents may be left out, the last word may be unfinished.
        """
        digits = _digits(text)
        if digits.isdecimal():
            size = _LINE if locale.startswith("vi") or len(digits) > _SUBHEADING else _SUBHEADING
            return self._all(_starting(self._declarable[size], digits)[:limit])
        indexes = [self._vietnamese, self._english]
        if not locale.startswith("vi"):
            indexes.reverse()
        found: list[str] = []
        for index in indexes:
            if len(found) < limit:
                found += index.find(text, limit - len(found))
        return self._all(found)

    def _beginning_alike(self, digits: str) -> Iterator[str]:
        """Yield declarable codes that share a beginning with `digits`, the longest first."""
        codes = self._declarable[_SUBHEADING if len(digits) <= _SUBHEADING else _LINE]
        seen: set[str] = set()
        for size in range(min(len(digits), _LINE), 1, -1):
            for code in _starting(codes, digits[:size]):
                if code not in seen:
                    seen.add(code)
                    yield code

    @cached_property
    def _vietnamese(self) -> WordIndex:
        """The words of every line that has a name of its own."""
        return WordIndex(
            {line.code: line.vi for line in self._lines.values() if not _is_other(line)}
        )

    @cached_property
    def _english(self) -> WordIndex:
        return WordIndex({code: self._hs[code].en for code in self._declarable[_SUBHEADING]})

    def _all(self, codes: Iterable[str]) -> tuple[HsCode, ...]:
        return tuple(hs for hs in map(self.find, codes) if hs is not None)

    def _above(self, digits: str) -> tuple[HsLevel, ...]:
        """Return the levels above a code, in English: the only language both tables share."""
        levels = [digits[:size] for size in (2, _HEADING, _SUBHEADING) if size < len(digits)]
        line = self._lines.get(digits)
        if line and not _is_other(line) and self._stands_for(line, line.hs6):
            levels.pop()  # the line is the subheading, said in Vietnamese
        return tuple(HsLevel(level, self._hs[level].en) for level in levels if level in self._hs)

    def _stands_for(self, line: TariffLine, code: str) -> bool:
        """Whether `line` is all there is under `code`, so that its text is that of `code`."""
        under = [x for x in self._by_heading[line.code[:_HEADING]] if x.code.startswith(code)]
        return under == [line]

    def _name_vi(self, line: TariffLine) -> str:
        """Return the line's Vietnamese text; of a "Loại khác" also what it leaves out."""
        name = _own_name(line)
        if not _is_other(line):
            return name
        beside = self._beside(line)
        alike = [x for x in beside if x.depth == line.depth]
        if alike:
            left_out = [_dotted(x.code) if _is_other(x) else _own_name(x) for x in alike]
        else:
            # Only parts of the goods beside it are in the table, and a part must not stand for
            # the whole: the codes say it rightly.
            left_out = [_dotted(x.code) for x in beside]
        shown = left_out[:_NAMED_EXCEPTIONS] + ["…"] * (len(left_out) > _NAMED_EXCEPTIONS)
        return f"{name} (trừ: {'; '.join(shown)})" if shown else name

    def _beside(self, line: TariffLine) -> list[TariffLine]:
        """Return the other lines under the same parent, as the digits tell it.

        The code is a tree: a trailing zero says that the level of that digit is not used, so the
        parent of 1006.30.99 is 1006.30.9, of 1006.30.70 it is 1006.30, of 0303.29.00 0303.2.
        """
        used = line.code.rstrip("0")
        parent = used[: max(len(used) - 1, _HEADING)]
        under = self._by_heading[line.code[:_HEADING]]
        return [x for x in under if x is not line and x.code.startswith(parent)]


@cache
def nomenclature() -> Nomenclature:
    """Return the nomenclature of the tables that ship with the product."""
    return Nomenclature(HS, TARIFF_LINES)


def _digits(code: str) -> str:
    """Return a code without the dots and blanks people write in it."""
    plain = unicodedata.normalize("NFKC", code)
    return "".join(letter for letter in plain if letter not in ".-" and not letter.isspace())


def _own_name(line: TariffLine) -> str:
    """Return a line's text without the marks that point to notes."""
    return _NOTE_MARK.sub("", line.vi).strip()


def _is_other(line: TariffLine) -> bool:
    """Whether a line's text says only that it is the rest."""
    return _own_name(line) == _OTHER


def _dotted(code: str) -> str:
    """Return an eight-digit code as printed in the tariff."""
    return f"{code[:4]}.{code[4:6]}.{code[6:]}"


def _slips(digits: str) -> Iterator[tuple[int, str]]:
    """Yield what `digits` may have been before one slip of the hand, with 0 the likeliest."""
    if not _SUBHEADING - 1 <= len(digits) <= _LINE + 1:
        return
    yield 0, "0" + digits
    for at in range(len(digits)):
        before, after = digits[:at], digits[at + 1 :]
        if after:
            yield 1, before + after[0] + digits[at] + after[1:]
        yield 2, before + after
        for digit in "0123456789":
            yield 2, before + digit + after
            yield 2, before + digit + digits[at:]
    for digit in "0123456789":
        yield 2, digits + digit


def _alike(one: str, other: str) -> int:
    """Return how many leading digits two codes share."""
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return at
    return min(len(one), len(other))


def _starting(codes: list[str], prefix: str) -> list[str]:
    """Return those of the sorted `codes` that begin with `prefix`."""
    return codes[bisect_left(codes, prefix) : bisect_left(codes, prefix + ":")]
