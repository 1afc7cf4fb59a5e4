"""Which commodity codes fit words or leading digits, for a field that completes while one types.

Words are found in what traders say, in the tariff and in the names of headings, in three
languages. Pure; what a whole description is probably declared under is `code_proposal`'s.
"""

from collections.abc import Iterator
from functools import cache

from border.reference.catalogue import HS, HS_SHORT_NAMES, TARIFF_LINES, trade_names
from customs.nomenclature import HsCode, digits_of, is_other, nomenclature
from customs.word_index import WordIndex

_HEADING, _SUBHEADING, _LINE = 4, 6, 8
_MOST_FOUND = 200


def search(text: str, locale: str, limit: int = 20) -> tuple[HsCode, ...]:
    """Return up to `limit` declarable codes, the best first.

    In Vietnamese they are eight-digit lines where one fits, else subheadings. Accents may be left
    out, the last word may be unfinished. `locale` says in which language the tariff comes first.
    """
    digits = digits_of(text)
    if not digits:
        return ()
    if digits.isdecimal():
        size = _LINE if locale.startswith("vi") or len(digits) > _SUBHEADING else _SUBHEADING
        return nomenclature().all_of(nomenclature().starting(digits, size)[:limit])
    found: dict[str, None] = {}
    for code in _named(text, locale):
        if len(found) >= limit:
            break
        found.setdefault(code)
    return nomenclature().all_of(found)


def _named(text: str, locale: str) -> Iterator[str]:
    """Yield declarable codes by words, the best first, some more than once."""
    codes, vietnamese = nomenclature(), locale.startswith("vi")
    lines = _lines().find(text, _MOST_FOUND)
    for said in _said_by_traders().find(text, _MOST_FOUND):
        code = said[:_SUBHEADING]
        fitting = [line for line in lines if line.startswith(code)] if vietnamese else []
        yield from fitting or [codes.as_line(code) if vietnamese else code]
    subheadings = _subheadings().find(text, _MOST_FOUND)
    yield from (*lines, *subheadings) if vietnamese else (*subheadings, *lines)
    for heading in _headings().find(text, _MOST_FOUND):
        yield from codes.starting(heading, _LINE if vietnamese else _SUBHEADING)


@cache
def _lines() -> WordIndex:
    """The words of every line that has a name of its own."""
    named = (line for line in TARIFF_LINES.values() if not is_other(line))
    return WordIndex({line.code: line.vi for line in named})


@cache
def _subheadings() -> WordIndex:
    return WordIndex({code: row.en for code, row in HS.items() if len(code) == _SUBHEADING})


@cache
def _headings() -> WordIndex:
    names = HS_SHORT_NAMES.items()
    return WordIndex({code: f"{n.vi} {n.zh}" for code, n in names if len(code) == _HEADING})


@cache
def _said_by_traders() -> WordIndex:
    """All names of goods in trade, by the code followed by a number."""
    names = ((row.code, name) for row in trade_names() for name in (*row.vi, *row.zh, *row.en))
    return WordIndex({f"{code}-{at}": name for at, (code, name) in enumerate(names)})
