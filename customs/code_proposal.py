"""Which commodity codes a description of goods is probably declared under, and why.

A sum of plain weights, no model: what traders say (by words, the state of the goods and their
measures), what the tariff says, and what the firm declared before. Each proposal says what it
rests on; where nothing explains enough of the description there is none. How good it is is
measured by a test. Pure: whose past declarations are looked at is the service's.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from border.reference.catalogue import HS, HS_SHORT_NAMES, TARIFF_LINES, trade_names
from border.reference.rows import TradeName
from customs.goods_words import ASIDE, STATES, Described, Word, pieces, read
from customs.nomenclature import nomenclature
from customs.word_index import fold, is_han

MOST_PROPOSED = 5
KNOWN_FROM = 0.5
"""Below this score of the best code nothing is proposed; found by the test that measures it."""
_WORTH_SHOWING = 0.3
"""Codes with less than this part of the best score are left out."""
_SUBHEADING = 6

# What the weights are: a term must be met by this part of its words to count at all, scattered
# words count less than words side by side, and a word beside the term that says what the goods
# really are (`vỏ` before `điện thoại`, `壳` after `手机`) makes it less likely.
_LEAST_COVER = 0.6
_SCATTERED = 0.75
_UNEXPLAINED, _UNEXPLAINED_BY_ONE = 0.45, 0.25
_BESIDE_THE_POINT = {"vi": 0.8, "zh": 0.6, "en": 0.75}
_SAID_OTHERWISE, _SAID_SO, _UNSAID = 0.3, 1.1, 0.9
_UNKNOWN_WORD = 3.0
_TARIFF_ALONE, _TARIFF_BESIDE = 0.55, 0.1
_ALIKE_BEFORE = 0.5

Kind = Literal["heading", "synonym", "past_declaration"]


class PastLine(NamedTuple):
    """A line the firm itself declared: its code and what it said the goods were."""

    code: str
    description: str


class ProposalReason(NamedTuple):
    """What a proposal rests on."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class CodeProposal:
    """A code with how well it fits, 0 to 1, and why."""

    code: str
    score: float
    because: tuple[ProposalReason, ...]


class _Term(NamedTuple):
    """One name of goods in one language, and the row it stands in."""

    row: TradeName
    locale: str
    said: str
    words: tuple[str, ...]


@dataclass(slots=True)
class _Found:
    """What speaks for one code: the best term of each script, the tariff, the firm's own lines."""

    by_script: dict[bool, tuple[float, str]] = field(default_factory=dict)
    tariff: float = 0.0
    before: tuple[float, PastLine] | None = None

    def score(self) -> float:
        """Return how likely it all makes the code: each part takes of the doubt that is left."""
        doubt = math.prod(1 - score for score, _ in self.by_script.values())
        doubt *= 1 - (_TARIFF_BESIDE if self.by_script else _TARIFF_ALONE) * self.tariff
        return 1 - doubt * (1 - (self.before[0] if self.before else 0.0))


def propose(text: str, locale: str, past: Iterable[PastLine] = ()) -> tuple[CodeProposal, ...]:
    """Return up to five codes for a description, the likeliest first; none where it is not known.

    `past` are lines of the firm that asks, the newest first. Codes have six digits, but for those
    the firm declared with eight.
    """
    described = read(text)
    found: dict[str, _Found] = defaultdict(_Found)
    if not any(_tells(word) for word in described.words):
        return ()
    _traders().find(described, found)
    _tariff().find(described, found)
    _before(described, past, found)
    ranked = sorted(((one.score(), code) for code, one in found.items()), key=_best_first)
    if not ranked or ranked[0][0] < KNOWN_FROM:
        return ()
    shown = [one for one in ranked[:MOST_PROPOSED] if one[0] >= _WORTH_SHOWING * ranked[0][0]]
    return tuple(_proposal(code, score, found[code], locale) for score, code in shown)


def _best_first(ranked: tuple[float, str]) -> tuple[float, str]:
    return -ranked[0], ranked[1]


def _tells(word: Word) -> bool:
    """Say whether a word tells anything of the goods; one Latin letter does not."""
    return word.text not in ASIDE and (is_han(word.text) or len(word.text) > 1)


def _proposal(code: str, score: float, found: _Found, locale: str) -> CodeProposal:
    reasons = [ProposalReason("synonym", said) for _, said in found.by_script.values()]
    if found.before:
        code = found.before[1].code
        reasons.insert(0, ProposalReason("past_declaration", found.before[1].description))
    hs = nomenclature().validate(code)
    path = hs.path(locale)[1:]
    reasons.append(ProposalReason("heading", " › ".join(step.name for step in path)))
    return CodeProposal(code, round(score, 2), tuple(reasons))


# --- what traders say ------------------------------------------------------------------------


class _Traders:
    """The trade names by their words."""

    def __init__(self, rows: Sequence[TradeName]) -> None:
        self._terms = [
            _Term(row, locale, said, tuple(pieces(said)))
            for row in rows
            for locale in ("vi", "zh", "en")
            for said in row.words(locale)
        ]
        codes: dict[str, set[str]] = defaultdict(set)
        for term in self._terms:
            for word in term.words:
                codes[word].add(term.row.code)
        self._weight = {word: math.log(1 + len(rows) / len(of)) for word, of in codes.items()}
        self._whole = [sum(self._weight[w] for w in set(term.words)) for term in self._terms]
        self._by_word: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for at, term in enumerate(self._terms):
            for word in set(term.words):
                self._by_word[fold(word)].append((at, self._weight[word] / self._whole[at]))

    def find(self, described: Described, found: dict[str, _Found]) -> None:
        """Put the best term of each script into what is found for its code."""
        covered: dict[int, float] = defaultdict(float)
        for word in {fold(word.text) for word in described.words}:
            for at, part in self._by_word.get(word, ()):
                covered[at] += part
        for at, cover in covered.items():
            if cover < _LEAST_COVER:
                continue
            term = self._terms[at]
            score = self._score(term, self._whole[at], described)
            if score > 0:
                best = found[term.row.code].by_script
                script = term.locale == "zh"
                best[script] = max(best.get(script, (0.0, "")), (score, term.said))

    def _score(self, term: _Term, whole: float, described: Described) -> float:
        met, together = _met(term.words, described)
        cover = sum(self._weight[word] * how for word, (how, _) in met.items()) / whole
        if cover < _LEAST_COVER:
            return 0.0
        places = [place for _, place in met.values()]
        if not together and len(set(term.words)) < len(term.words):
            return 0.0  # `su su` is not met by one `su`
        explained = self._explained(met, term, described)
        without = _UNEXPLAINED if len(term.words) > 1 else _UNEXPLAINED_BY_ONE
        score = cover**2 * (1.0 if together else _SCATTERED) * (without + (1 - without) * explained)
        if _beside(term, described, min(places), max(places)):
            score *= _BESIDE_THE_POINT[term.locale]
        return min(score * _state(term.row, described) * _measure(term.row, described), 0.97)

    def _explained(
        self, met: Mapping[str, tuple[float, int]], term: _Term, described: Described
    ) -> float:
        """Return which part of the telling words, in the script of the term, the term has."""
        own = sum(self._weight[word] for word in met)
        taken = {place for _, place in met.values()}
        others = sum(
            self._weight.get(word.text, _UNKNOWN_WORD)
            for word in described.words
            if word.place not in taken
            and is_han(word.text) == (term.locale == "zh")
            and _tells(word)
            and word.text not in met
            and word.text not in _STATE_WORDS
        )
        return own / (own + others)


_STATE_WORDS = {piece for ways in STATES.values() for way in ways for piece in pieces(way)}


def _met(term: Sequence[str], described: Described) -> tuple[dict[str, tuple[float, int]], bool]:
    """Return the words of a term that a description has: how surely, and at which place.

    And whether they stand side by side in their order, as in the term.
    """
    for at in range(len(described.words) - len(term) + 1):
        run = described.words[at : at + len(term)]
        hows = [described.same(word, known) for word, known in zip(run, term, strict=True)]
        if all(hows) and run[-1].place - run[0].place == len(term) - 1:
            return {k: (h, w.place) for k, h, w in zip(term, hows, run, strict=True)}, True
    best: dict[str, tuple[float, int]] = {}
    for word in described.words:
        for known in term:
            how = described.same(word, known)
            if how > best.get(known, (0.0, 0))[0]:
                best[known] = (how, word.place)
    return best, False


def _beside(term: _Term, described: Described, first: int, last: int) -> bool:
    """Say whether another telling word stands where the term's language has the main one."""
    if term.locale == "vi":
        before = [word for word in described.words if word.place < first]
        return any(_tells(w) and not is_han(w.text) and w.text not in _STATE_WORDS for w in before)
    after = next((word for word in described.words if word.place == last + 1), None)
    return after is not None and _tells(after) and after.text not in _STATE_WORDS


def _state(row: TradeName, described: Described) -> float:
    """Return how the state of the goods that is said fits that of the row."""
    if not row.state:
        return 1.0
    if not described.states:
        return 1.0 if row.state == "fresh" else _UNSAID
    if row.state in described.states:
        return _SAID_SO
    return _SAID_OTHERWISE


_CONDITION = re.compile(r"(?:([0-9.]+)(<=?))?([a-z]+)(?:(<=?|>=?)([0-9.]+))?")


def _measure(row: TradeName, described: Described) -> float:
    """Return how a measure that is said fits the condition of the row."""
    if not row.measure:
        return 1.0
    low, below, unit, than, high = _condition(row.measure)
    if unit not in described.measures:
        return _UNSAID
    value = described.measures[unit]
    fits = (not low or _holds(float(low), below, value)) and (
        not high or _holds(value, than, float(high))
    )
    return _SAID_SO if fits else _SAID_OTHERWISE


@cache
def _condition(measure: str) -> tuple[str, ...]:
    found = _CONDITION.fullmatch(measure)
    if found is None:
        raise ValueError(f"{measure!r} is no condition")
    return found.groups(default="")


def _holds(one: float, sign: str, other: float) -> bool:
    return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[sign]


@cache
def _traders() -> _Traders:
    return _Traders(trade_names())


# --- what the tariff says --------------------------------------------------------------------

_LEFT_OUT = re.compile(
    r"\([^)]*(?:other than|excluding|not )[^)]*\)|\bother than [^,;]*|n\.e\.c\..*"
)


class _Tariff:
    """The words of each subheading, in the three languages."""

    def __init__(self) -> None:
        said = {c: _LEFT_OUT.sub(" ", row.en) for c, row in HS.items() if len(c) == _SUBHEADING}
        for line in TARIFF_LINES.values():
            if line.hs6 in said:
                said[line.hs6] += f" ; {line.vi}"
        for code in said:
            short = HS_SHORT_NAMES[code[:4]]
            said[code] += f" ; {short.vi} ; {short.zh}"
        held = {code: _side_by_side(pieces(text)) for code, text in said.items()}
        self._codes: dict[str, set[str]] = defaultdict(set)
        for code, words in held.items():
            for word in words:
                self._codes[word].add(code)
        self._weight = {w: math.log(1 + len(held) / len(of)) for w, of in self._codes.items()}

    def find(self, described: Described, found: dict[str, _Found]) -> None:
        """Put into what is found which part of the telling words a subheading has."""
        telling = _side_by_side([word.text for word in described.words if _tells(word)])
        whole = sum(self._weight.get(word, _UNKNOWN_WORD) for word in telling)
        sums: Counter[str] = Counter()
        for word in telling:
            for code in self._codes.get(word, ()):
                sums[code] += self._weight[word]  # type: ignore[assignment]
        fitting = {code: of_it / whole for code, of_it in sums.items() if of_it > whole / 2}
        # What fits many subheadings alike tells none of them.
        shared = Counter(round(part, 3) for part in fitting.values())
        for code, part in fitting.items():
            found[code].tariff = part * min(1.0, MOST_PROPOSED / shared[round(part, 3)] / 2)


def _side_by_side(said: Sequence[str]) -> set[str]:
    """Return words, of Chinese each two characters side by side."""
    both = (a + b for a, b in pairwise(said) if is_han(a) and is_han(b))
    return {word for word in said if not is_han(word)}.union(both)


@cache
def _tariff() -> _Tariff:
    return _Tariff()


# --- what the firm declared before -----------------------------------------------------------


def _before(described: Described, past: Iterable[PastLine], found: dict[str, _Found]) -> None:
    asked = _telling(described)
    for line in past:
        said = _told_by(line.description)
        alike = 2 * len(asked & said) / (len(asked) + len(said)) if said else 0.0
        code = line.code[:_SUBHEADING]
        if alike > _ALIKE_BEFORE and nomenclature().find(line.code):
            best = found[code].before
            if best is None or alike * 0.95 > best[0]:
                found[code].before = (alike * 0.95, line)


def _telling(described: Described) -> frozenset[str]:
    return frozenset(fold(word.text) for word in described.words if _tells(word))


@lru_cache(4096)
def _told_by(description: str) -> frozenset[str]:
    return _telling(read(description))
