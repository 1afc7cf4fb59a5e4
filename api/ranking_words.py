"""What the ranking of declarations says, in a language: for the API and for pages."""

from api.language import translator
from customs.risk.rank import RankReason


def said(reason: RankReason, locale: str) -> str:
    """Return a reason of the ranking; what it calls a column is a sentence of its own."""
    say = translator(locale).gettext
    return say(reason.says, **{**reason.facts, "column": say(reason.facts["column"])})
