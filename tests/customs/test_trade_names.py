"""What traders call goods is held against the nomenclature, row by row."""

import re
from collections import Counter
from functools import cache

import pytest

from border.reference.catalogue import HS, HS_SHORT_NAMES, TARIFF_LINES, trade_names
from border.reference.rows import TradeName
from customs.word_index import is_han, pairs, stem, words

ROWS = trade_names()
_STATES = {"", "fresh", "dried", "frozen", "live"}
_MEASURE = re.compile(r"(?:[0-9.]+<=?)?[a-z]+(?:(?:<=?|>=?)[0-9.]+)?")


def test_every_chapter_and_heading_has_a_short_name_in_vietnamese_and_chinese() -> None:
    assert set(HS_SHORT_NAMES) == {code for code in HS if len(code) <= 4}
    assert all(name.vi and name.zh for name in HS_SHORT_NAMES.values())


def test_every_row_names_goods_of_a_real_subheading_in_three_languages() -> None:
    for row in ROWS:
        assert len(row.code) == 6
        assert row.code in HS
        assert row.state in _STATES
        assert not row.measure or _MEASURE.fullmatch(row.measure)
        for locale in ("vi", "zh", "en"):
            assert row.words(locale), row.code
        assert any(is_han(word) for word in words(" ".join(row.zh))), row.code


def test_no_row_stands_twice() -> None:
    keys = [(row.code, row.state, row.measure, row.vi[0]) for row in ROWS]
    assert len(keys) == len(set(keys))


def _pieces(text: str) -> set[str]:
    """Return the words of a text as they are compared; of Chinese each two characters."""
    return {
        piece
        for word in words(text)
        for piece in ((pairs(word) or [word]) if is_han(word) else [stem(word)])
    }


@cache
def _said_by_the_tariff() -> dict[str, set[str]]:
    """Return the words of all that the tables say of each subheading and what it stands under.

    Without those that more than one subheading in twenty has: `khác`, `other`, `machine`.
    """
    said = {code: [HS[code].en] for code in HS if len(code) == 6}
    for code, texts in said.items():
        for level in (code[:2], code[:4]):
            texts += [HS[level].en, HS_SHORT_NAMES[level].vi, HS_SHORT_NAMES[level].zh]
    for line in TARIFF_LINES.values():
        if line.hs6 in said:
            said[line.hs6].append(line.vi)
    pieces = {code: _pieces(" ".join(texts)) for code, texts in said.items()}
    held = Counter(word for words_of in pieces.values() for word in words_of)
    common = {word for word, times in held.items() if times > len(pieces) / 20}
    return {code: words_of - common for code, words_of in pieces.items()}


def test_every_row_shares_a_telling_word_with_what_the_tariff_says_of_its_code() -> None:
    strangers = [row.code for row in ROWS if not _shared(row)]
    assert strangers == []


def _shared(row: TradeName) -> set[str]:
    said = _pieces(" ".join((*row.vi, *row.zh, *row.en)))
    return said & _said_by_the_tariff()[row.code]


@pytest.mark.parametrize(
    ("code", "alien"), [("080810", "dép nhựa 拖鞋 slippers"), ("270400", "sầu riêng 榴莲 durian")]
)
def test_a_name_under_the_wrong_code_would_be_seen(code: str, alien: str) -> None:
    row = TradeName(code=code, state="", measure="", vi=(alien,), zh=(alien,), en=(alien,))
    assert not _shared(row)
