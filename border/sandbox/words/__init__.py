"""What the sandbox's pages say, in Vietnamese, English and Chinese.

An outside company's words: they are not in the service's own catalogues.
"""

from collections.abc import Callable

from border.sandbox.words import bank, common, operator, portal, post, vnpay

LANGUAGES = ("vi", "en", "zh")
LANGUAGE_NAMES = {"vi": "Tiếng Việt", "en": "English", "zh": "中文"}
_OF_LOCALE = {"vn": "vi", "en": "en", "vi": "vi", "zh": "zh"}

_WORDS = common.WORDS | vnpay.WORDS | bank.WORDS | portal.WORDS | operator.WORDS | post.WORDS


def language_of(wanted: str | None, locale: str = "vn") -> str:
    """Return the language asked for, else that of the order's vnp_Locale."""
    return wanted if wanted in LANGUAGES else _OF_LOCALE.get(locale, "vi")


def speaker(language: str) -> Callable[[str], str]:
    """Return what looks up a sentence in `language`; an unknown key is a mistake (KeyError)."""
    place = LANGUAGES.index(language)
    return lambda key: _WORDS[key][place]


def written_amount(language: str, amount_vnd: int) -> str:
    """Return the amount as people write it in `language`."""
    grouped = f"{amount_vnd:,}"
    if language == "vi":
        return grouped.replace(",", ".") + " ₫"
    return grouped + (" 越南盾" if language == "zh" else " VND")
