"""What every paper says in three languages: Vietnamese first, the other two beside it."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

Locale = Literal["vi", "zh", "en"]
LANGUAGE_TAGS: dict[Locale, str] = {"vi": "vi-VN", "zh": "zh-CN", "en": "en"}
"""What a document's language is called in its metadata. source: BCP 47."""


class InThree(NamedTuple):
    """The same words in Vietnamese, Chinese and English."""

    vi: str
    zh: str
    en: str

    def beside_vietnamese(self, locale: Locale) -> str:
        """Return the other two languages on one line, the reader's own first."""
        return " · ".join((self.en, self.zh) if locale == "en" else (self.zh, self.en))


def chinese(words: Iterable[InThree]) -> str:
    """Return the Chinese characters of a paper's own words, which its `Sheet` knows beforehand."""
    return "".join(sorted({character for each in words for character in each.zh}))


def dong(minor: int) -> str:
    """Return an amount in whole đồng as Vietnamese write it: 1.234.000 ₫."""
    return f"{minor:,} ₫".replace(",", ".").replace("-", "−")
