"""Commodity codes: what a code means, and which code was probably meant.

The Harmonized System 2022 (2, 4 and 6 digits, English) and the Vietnamese tariff (8 digits) make
it. Chapters and headings have short names in Vietnamese and Chinese beside them, and goods of this
corridor what traders call them. A subheading without a name in a language is told in English; a
line that reads "Loại khác" by what stands beside it. Pure: duty rates and goods policy are not
here.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from border.reference.catalogue import HS, HS_SHORT_NAMES, TARIFF_LINES, trade_names
from border.reference.rows import HsRow, HsShortName, TariffLine, TradeName

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
    """A known code of 2, 4, 6 or 8 digits, with its names and the levels above it.

    `en` and `zh` are the subheading's also for an eight-digit line; `en` is empty in chapter 98,
    which is Vietnam's own. `vi` and `zh` are empty where the code has no name of its own in that
    language.
    """

    code: str
    en: str
    vi: str
    zh: str
    above: tuple["HsCode", ...]

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
        """Return the name in a language, else in English, else in Vietnamese."""
        return self.own_name(locale) or self.en or self.vi

    def own_name(self, locale: str) -> str:
        """Return the name in a language; empty where there is none in it."""
        return {"vi": self.vi, "zh": self.zh}.get(locale[:2].lower(), self.en)

    def nearest_name(self, locale: str) -> str:
        """Return the name in a language, else that of the nearest level above that has one."""
        named = (level.own_name(locale) for level in (self, *reversed(self.above)))
        return next(filter(None, named), "")

    def path(self, locale: str) -> tuple[HsLevel, ...]:
        """Return the levels from the chapter down to this code itself."""
        return tuple(HsLevel(level.code, level.name(locale)) for level in (*self.above, self))


class UnknownHsCode(LookupError):
    """No declarable code reads like this; `near` are those that may have been meant."""

    def __init__(self, code: str, near: tuple[HsCode, ...]) -> None:
        super().__init__(f"{code!r} is no declarable code; near: {[hs.code for hs in near]}")
        self.code = code
        self.near = near


class Nomenclature:
    """The codes of both tables, for looking up and correcting."""

    def __init__(
        self,
        hs: Mapping[str, HsRow],
        lines: Mapping[str, TariffLine],
        short_names: Mapping[str, HsShortName],
        spoken: Iterable[TradeName],
    ) -> None:
        self._hs = hs
        self._lines = lines
        self._short_names = short_names
        self._spoken: dict[str, list[TradeName]] = defaultdict(list)
        for names in spoken:
            self._spoken[names.code].append(names)
        self._by_heading: dict[str, list[TariffLine]] = defaultdict(list)
        for line in lines.values():
            self._by_heading[line.code[:_HEADING]].append(line)
        self._declarable = {
            _SUBHEADING: sorted(code for code in hs if len(code) == _SUBHEADING),
            _LINE: sorted(lines),
        }
        self._known = {code for codes in self._declarable.values() for code in codes}

        self._level = cache(self._made_level)
        self.find = lru_cache(_REMEMBERED)(self._find)
        """Return the heading, subheading or line of a code (dots and blanks ignored), or None."""

    def _find(self, code: str) -> HsCode | None:
        digits = digits_of(code)
        if digits in self._lines:
            return self._line(self._lines[digits])
        if digits in self._hs and len(digits) in (_HEADING, _SUBHEADING):
            return self._level(digits)
        return None

    def _line(self, line: TariffLine) -> HsCode:
        subheading = self._level(line.hs6) if line.hs6 in self._hs else None
        return HsCode(
            line.code,
            subheading.en if subheading else "",
            self._name_vi(line),
            subheading.zh if subheading else "",
            self._above(line.code),
        )

    def _made_level(self, code: str) -> HsCode:
        """Return a chapter, heading or subheading."""
        short, spoken = self._short_names.get(code), self._spoken.get(code)
        vi, zh = (short.vi, short.zh) if short else ("", "")
        undivided = self._lines.get(code.ljust(_LINE, "0"))
        if len(code) > 2 and undivided and self._stands_for(undivided, code):
            # Where 0810.60.00 is the only line under 0810.60, its text is that of the subheading.
            vi = vi or self._name_vi(undivided)
        if spoken:
            more = "; …" * ("n.e.c." in self._hs[code].en)
            vi, zh = vi or _called(spoken, "vi") + more, _called(spoken, "zh") + more
        return HsCode(code, self._hs[code].en, vi, zh, self._above(code))

    def validate(self, code: str) -> HsCode:
        """Return the declarable code `code`. Raises `UnknownHsCode`, with near matches."""
        found = self.find(code)
        if found is None or not found.declarable:
            raise UnknownHsCode(code, self.near(code))
        return found

    def lines(self, code: str) -> tuple[HsCode, ...]:
        """Return the eight-digit lines under a heading or subheading, in their order."""
        digits = digits_of(code)
        under = self._by_heading.get(digits[:_HEADING], ())
        return self.all_of(line.code for line in under if line.code.startswith(digits))

    def near(self, code: str, limit: int = 5) -> tuple[HsCode, ...]:
        """Return up to `limit` declarable codes that may have been meant, the likeliest first.

        A zero lost in front comes first, then two digits changed about, then one digit wrong,
        missing or too many (the later the slip the likelier), then whatever begins alike.
        """
        digits = digits_of(code)
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
        return self.all_of(best)

    def starting(self, prefix: str, size: int) -> list[str]:
        """Return the declarable codes of `size` digits (6 or 8) that begin with `prefix`."""
        return _starting(self._declarable[size], prefix)

    def as_line(self, code: str) -> str:
        """Return the only line under a subheading, else the subheading."""
        line = self._lines.get(code.ljust(_LINE, "0"))
        return line.code if line and self._stands_for(line, code) else code

    def _beginning_alike(self, digits: str) -> Iterator[str]:
        """Yield declarable codes that share a beginning with `digits`, the longest first."""
        codes = self._declarable[_SUBHEADING if len(digits) <= _SUBHEADING else _LINE]
        seen: set[str] = set()
        for size in range(min(len(digits), _LINE), 1, -1):
            for code in _starting(codes, digits[:size]):
                if code not in seen:
                    seen.add(code)
                    yield code

    def all_of(self, codes: Iterable[str]) -> tuple[HsCode, ...]:
        """Return those of `codes` that are known, in the order given."""
        return tuple(hs for hs in map(self.find, codes) if hs is not None)

    def _above(self, digits: str) -> tuple[HsCode, ...]:
        """Return the levels above a code, the chapter first."""
        levels = [digits[:size] for size in (2, _HEADING, _SUBHEADING) if size < len(digits)]
        line = self._lines.get(digits)
        if line and not is_other(line) and self._stands_for(line, line.hs6):
            levels.pop()  # the line is the subheading
        return tuple(self._level(level) for level in levels if level in self._hs)

    def _stands_for(self, line: TariffLine, code: str) -> bool:
        """Whether `line` is all there is under `code`, so that its text is that of `code`."""
        under = [x for x in self._by_heading[line.code[:_HEADING]] if x.code.startswith(code)]
        return under == [line]

    def _name_vi(self, line: TariffLine) -> str:
        """Return the line's Vietnamese text; of a "Loại khác" also what it leaves out."""
        name = _own_name(line)
        if not is_other(line):
            return name
        beside = self._beside(line)
        alike = [x for x in beside if x.depth == line.depth]
        if alike:
            left_out = [_dotted(x.code) if is_other(x) else _own_name(x) for x in alike]
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
    return Nomenclature(HS, TARIFF_LINES, HS_SHORT_NAMES, trade_names())


def digits_of(code: str) -> str:
    """Return a code without the dots and blanks people write in it."""
    plain = unicodedata.normalize("NFKC", code)
    return "".join(letter for letter in plain if letter not in ".-" and not letter.isspace())


def _called(spoken: Iterable[TradeName], locale: str) -> str:
    """Return what traders call goods first, each state of them by its own name."""
    return "; ".join(dict.fromkeys(names.words(locale)[0] for names in spoken))


def _own_name(line: TariffLine) -> str:
    """Return a line's text without the marks that point to notes."""
    return _NOTE_MARK.sub("", line.vi).strip()


def is_other(line: TariffLine) -> bool:
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
