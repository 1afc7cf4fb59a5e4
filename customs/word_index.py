"""Finds texts by the beginnings of their words, for a field that completes while one types.

Accents do not matter for finding (`sau rieng` finds `Sầu riêng`), but typed ones decide the
order; `apples` finds `apple`. Chinese, which has no blanks, is found by its characters side by
side. It knows nothing of goods: texts in, keys out.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping
from heapq import nsmallest
from itertools import takewhile

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_HAN}]+|[^\W{_HAN}]+")
_SHORTEST_PLURAL = 4
_PLURALS = (("ies", "y"), ("atoes", "ato"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"))
_NOWHERE: frozenset[int] = frozenset()
# One word with the right accents outweighs any number of words without them.
_ACCENTS_COUNT = 100


def fold(text: str) -> str:
    """Return `text` in lower case without Vietnamese accents."""
    apart = unicodedata.normalize("NFD", text.casefold())
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return bare.replace("đ", "d")


def singular(word: str) -> str:
    """Return an English word in the singular; any other as it is."""
    if len(word) < _SHORTEST_PLURAL or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    for ending, instead in _PLURALS:
        if word.endswith(ending):
            return word.removesuffix(ending) + instead
    return word[:-1]


def stem(word: str) -> str:
    """Return a word as it is compared: without accents, in the singular."""
    return singular(fold(word))


def words(text: str) -> list[str]:
    """Return the words of a text, in lower case; what is Chinese between two signs is one."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def is_han(word: str) -> bool:
    """Say whether a word of `words` is Chinese."""
    return bool(re.match(f"[{_HAN}]", word))


def _asked(text: str) -> list[str]:
    """Return what to look for: words, and of Chinese each two characters side by side."""
    return [
        piece
        for word in words(text)
        for piece in (pairs(word) if is_han(word) and len(word) > 1 else [word])
    ]


def pairs(word: str) -> list[str]:
    """Return each two characters that stand side by side."""
    return [word[at : at + 2] for at in range(len(word) - 1)]


def _held(text: str) -> list[str]:
    """Return all by which a text is found: what may be asked, and single Chinese characters."""
    return [*_asked(text), *(letter for word in words(text) if is_han(word) for letter in word)]


class WordIndex:
    """Texts by key, found by words; equal matches come by length, then in the order of keys."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        words_of = {key: _held(text) for key, text in texts.items()}
        # Texts are known by their place in this order, so that the smaller number is the better.
        self._keys = sorted(words_of, key=lambda key: (len(words_of[key]), key))
        self._as_written: dict[str, set[int]] = defaultdict(set)
        self._folded: dict[str, set[int]] = defaultdict(set)
        for place, key in enumerate(self._keys):
            for word in words_of[key]:
                self._as_written[singular(word)].add(place)
                self._folded[stem(word)].add(place)
        self._vocabulary = sorted(self._folded)

    def find(self, query: str, limit: int) -> list[str]:
        """Return up to `limit` keys of texts in which every word of `query` begins a word.

        First come texts that hold the words as typed, whole and accented; then those that hold
        them whole; then the shorter text.
        """
        typed = _asked(query)
        if not typed:
            return []
        found = set.intersection(*(self._beginning_with(stem(word)) for word in set(typed)))
        score: Counter[int] = Counter()
        for word in typed:
            score.update(self._folded.get(stem(word), _NOWHERE) & found)
            for place in self._as_written.get(singular(word), _NOWHERE) & found:
                score[place] += _ACCENTS_COUNT
        best = nsmallest(limit, score, key=lambda place: (-score[place], place))
        best += nsmallest(limit - len(best), found - score.keys())
        return [self._keys[place] for place in best]

    def _beginning_with(self, prefix: str) -> set[int]:
        """Return the places of texts with a word that begins with `prefix`."""
        first = bisect_left(self._vocabulary, prefix)
        words = takewhile(lambda word: word.startswith(prefix), self._vocabulary[first:])
        return set().union(*(self._folded[word] for word in words))
