"""A description of goods as traders type it, read into its words, the state and the measures.

Vietnamese and English words, Chinese characters one by one, where they stand, and in which state
the goods are said to be. Pure; which code follows from it is `code_proposal`'s.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from customs.word_index import fold, is_han, singular, words

STATES: Mapping[str, tuple[str, ...]] = {
    "fresh": ("tươi", "ướp lạnh", "鲜", "新鲜", "冷藏", "保鲜", "fresh", "chilled"),
    "dried": ("khô", "sấy", "干", "晒干", "烘干", "脱水", "dried", "dry", "dehydrated"),
    "frozen": ("đông lạnh", "cấp đông", "冻", "冷冻", "速冻", "冰冻", "frozen"),
    "live": ("sống", "活", "鲜活", "live", "alive"),
}
"""How each state of goods is said."""

_ASIDE = """
    quả trái củ loại hàng hóa sản phẩm các những mới mua đã chưa qua sử dụng dùng để cho
    và của với có bằng từ trong ngoài theo hiệu nhãn model xuất xứ việt nam trung quốc
    đóng gói bao thùng hộp kg g tấn cái chiếc bộ con kích thước dày rộng dài màu trắng đen
    đỏ xanh size số lượng tiêu chuẩn chất cao cấp nguyên liệu một hai ba the of a and for
    with new other in made brand type grade origin vietnam china pcs box bag carton
    quality goods product article
    新 全 的 用 级 牌 号 型 规 格 产 品 装 包 袋 箱 个 色 白 黑 红 绿 大 小 货
    物 国 中 越 南 等 无 籽
"""
ASIDE = frozenset(_ASIDE.split())
"""Words that hardly tell which goods are meant."""

_WITHOUT_ACCENTS = 0.85
_OLD_TONES = re.compile(r"(o)([àáảãạ])|(o)([èéẻẽẹ])|(u)([ỳýỷỹỵ])")
_NUMBER = r"(\d+(?:[.,]\d+)?)"
_UNITS = {
    "mm": ("mm", 1.0),
    "毫米": ("mm", 1.0),
    "ly": ("mm", 1.0),
    "li": ("mm", 1.0),
    "cm": ("mm", 10.0),
    "t": ("t", 1.0),
    "tấn": ("t", 1.0),
    "吨": ("t", 1.0),
    "cc": ("cc", 1.0),
    "cm3": ("cc", 1.0),
    "kw": ("kw", 1.0),
    "千瓦": ("kw", 1.0),
    "w": ("w", 1.0),
    "瓦": ("w", 1.0),
}
"""How units are written → the unit of `trade_names.csv` and how many of it one is."""
_MEASURE = re.compile(rf"{_NUMBER}\s*({'|'.join(sorted(_UNITS, key=len, reverse=True))})(?![a-z])")
_BY = re.compile(rf"{_NUMBER}\s*(?:mm)?\s*[x×*]\s*\d")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a description: as typed in lower case, and where it stands.

    Words side by side have places that follow on each other; a sign between them, or a blank
    beside Chinese, leaves a gap.
    """

    text: str
    place: int


@dataclass(frozen=True, slots=True)
class Described:
    """A description read: `measures` by unit hold the smallest number given."""

    words: tuple[Word, ...]
    states: frozenset[str]
    measures: Mapping[str, float]
    accented: bool

    def same(self, word: Word, known: str) -> float:
        """Return how surely a word is a known one.

        Where nothing was typed with accents, words are compared without them, and less surely.
        """
        if word.text == known:
            return 1.0
        return 0.0 if self.accented or word.text != fold(known) else _WITHOUT_ACCENTS


def read(description: str) -> Described:
    """Read a description; numbers and what only says how many are left out of its words."""
    plain = unicodedata.normalize("NFKC", description).casefold()
    found = tuple(_placed(plain))
    return Described(found, _states(found), _measures(plain), fold(plain) != plain)


def spelt(text: str) -> str:
    """Return a word with its tone mark where the newer spelling has it, English in the singular."""
    return singular(_OLD_TONES.sub(_newer, text))


def pieces(text: str) -> list[str]:
    """Return the words of a text, Chinese by single characters."""
    return [spelt(one) for word in words(text) for one in (list(word) if is_han(word) else [word])]


def _placed(plain: str) -> list[Word]:
    placed: list[Word] = []
    place, end, before = 0, 0, ""
    for word in words(plain):
        begin = plain.index(word, end)
        between = plain[end:begin]
        if between.strip() or (between and (is_han(word) or (before and is_han(before)))):
            place += 1
        end, before = begin + len(word), word
        for piece in list(word) if is_han(word) else [word]:
            if not any(letter.isdigit() for letter in piece) or any(map(str.isalpha, piece)):
                placed.append(Word(spelt(piece), place))
            place += 1
    return placed


def _states(found: tuple[Word, ...]) -> frozenset[str]:
    run = [word.text for word in found]
    return frozenset(
        state for state, ways in STATES.items() if any(_has(run, pieces(way)) for way in ways)
    )


def _has(run: list[str], part: list[str]) -> bool:
    return any(run[at : at + len(part)] == part for at in range(len(run) - len(part) + 1))


def _measures(plain: str) -> dict[str, float]:
    measures: dict[str, float] = {}
    by = [(number, "mm") for number in _BY.findall(plain)]
    for number, unit in [*_MEASURE.findall(plain), *by]:
        name, times = _UNITS[unit]
        value = float(number.replace(",", ".")) * times
        measures[name] = min(value, measures.get(name, value))
    return measures


def _newer(found: re.Match[str]) -> str:
    first, second = (part for part in found.groups() if part)
    bare, tone = unicodedata.normalize("NFD", second)[0], unicodedata.normalize("NFD", second)[1:]
    return unicodedata.normalize("NFC", first + tone) + bare
