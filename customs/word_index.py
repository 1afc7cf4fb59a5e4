"""Finds texts by the beginnings of their words, for a field that completes while one types.

Accents do not matter for finding (`sau rieng` finds `Sầu riêng`), but typed ones decide the
order. It knows nothing of goods: texts in, keys out.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping
from heapq import nsmallest
from itertools import takewhile

_WORD = re.compile(r"\w+")
_NOWHERE: frozenset[int] = frozenset()
# One word with the right accents outweighs any number of words without them.
_ACCENTS_COUNT = 100


def fold(text: str) -> str:
    """Return `text` in lower case without Vietnamese accents."""
    apart = unicodedata.normalize("NFD", text.casefold())
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return bare.replace("đ", "d")


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFC", text.casefold()))


class WordIndex:
    """Texts by key, found by words; equal matches come by length, then in the order of keys."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        words_of = {key: _words(text) for key, text in texts.items()}
        # Texts are known by their place in this order, so that the smaller number is the better.
        self._keys = sorted(words_of, key=lambda key: (len(words_of[key]), key))
        self._as_written: dict[str, set[int]] = defaultdict(set)
        self._folded: dict[str, set[int]] = defaultdict(set)
        for place, key in enumerate(self._keys):
            for word in words_of[key]:
                self._as_written[word].add(place)
                self._folded[fold(word)].add(place)
        self._vocabulary = sorted(self._folded)

    def find(self, query: str, limit: int) -> list[str]:
        """Return up to `limit` keys of texts in which every word of `query` begins a word.

        First come texts that hold the words as typed, whole and accented; then those that hold
        them whole; then the shorter text.
        """
        typed = _words(query)
        if not typed:
            return []
        found = set.intersection(*(self._beginning_with(fold(word)) for word in set(typed)))
        score: Counter[int] = Counter()
        for word in typed:
            score.update(self._folded.get(fold(word), _NOWHERE) & found)
            for place in self._as_written.get(word, _NOWHERE) & found:
                score[place] += _ACCENTS_COUNT
        best = nsmallest(limit, score, key=lambda place: (-score[place], place))
        best += nsmallest(limit - len(best), found - score.keys())
        return [self._keys[place] for place in best]

    def _beginning_with(self, prefix: str) -> set[int]:
        """Return the places of texts with a word that begins with `prefix`."""
        first = bisect_left(self._vocabulary, prefix)
        words = takewhile(lambda word: word.startswith(prefix), self._vocabulary[first:])
        return set().union(*(self._folded[word] for word in words))
