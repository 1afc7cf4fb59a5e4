"""Marks a sentence that people will read, so that the language catalogues pick it up.

The sentence itself stays English wherever it is defined; `api.language` turns it into
Vietnamese or Chinese at the edge.
"""

from dataclasses import dataclass
from typing import Any


def N_(text: str) -> str:  # noqa: N802  (the name every gettext tool looks for)
    """Return `text` unchanged; the call is what the extraction looks for."""
    return text


@dataclass(frozen=True)
class Sentence:
    """A sentence to be translated, with its facts."""

    says: str
    facts: dict[str, Any]

    def __str__(self) -> str:
        return self.says.format(**self.facts) if self.facts else self.says
