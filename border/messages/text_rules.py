"""The texts of messages as dated rules: one row for each occasion and language. Pure.

A set may give the texts of one occasion or of many; it replaces those before it for the occasions
it names, so one text is changed without a word about the others.
"""

import csv
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from border.core.refusal import FieldError
from border.core.request_body import KEEPABLE
from border.core.words import N_
from border.messages.occasion import OCCASIONS, Occasion
from border.regulation.rule_kind import RuleKind, RuleRow, RuleSetDraft, Words, rule_kind

_FROM = date(2026, 1, 1)
LOCALES = ("vi", "zh", "en")
OWN_TEXTS = Path(__file__).with_name("texts.csv")
"""The texts of what a person asked for: a code, a message to try."""


class MessageTextRow(RuleRow):
    """What is said on an occasion in a language; facts stand in braces.

    The numbers are those under which Zalo and WeChat know the text: each approves it by itself, and
    carries no other.
    """

    occasion: str = Field(title=N_("Occasion"), max_length=32)
    locale: Literal["vi", "zh", "en"] = Field(title=N_("Language"))
    title: str = Field(title=N_("Title"), min_length=1, max_length=100, pattern=KEEPABLE)
    text: str = Field(title=N_("Text"), min_length=1, max_length=400, pattern=KEEPABLE)
    zalo_template: str = Field(
        default="", title=N_("Zalo's number of it"), pattern=r"^[\w-]{0,64}$"
    )
    wechat_template: str = Field(
        default="", title=N_("WeChat's number of it"), pattern=r"^[\w-]{0,64}$"
    )


def _words(row: MessageTextRow) -> Words:
    says = N_("{occasion}, {locale}: {title} – {text}")
    known = OCCASIONS.get(row.occasion)
    return says, {**row.model_dump(), "occasion": known.label if known else row.occasion}


def _fault(row: MessageTextRow) -> FieldError | None:
    known = OCCASIONS.get(row.occasion)
    if known is None:
        says = N_("There is no such occasion. The occasions are: {known}.")
        return FieldError("occasion", "unknown", says, (("known", ", ".join(OCCASIONS)),))
    for field in ("title", "text"):
        if unknown := known.unknown(getattr(row, field)):
            says = N_("{unknown} is not known on this occasion. What can be named is: {known}.")
            facts = (("unknown", ", ".join(unknown)), ("known", ", ".join(known.facts)))
            return FieldError(field, "unknown_fact", says, facts)
    return None


def _faults(draft: RuleSetDraft, rows: Sequence[MessageTextRow]) -> Collection[FieldError]:
    """Find an occasion that is not told in each language once."""
    said: dict[str, list[str]] = {}
    for row in rows:
        said.setdefault(row.occasion, []).append(row.locale)
    wrong = sorted(code for code, told in said.items() if sorted(told) != sorted(LOCALES))
    says = N_("Each occasion needs one text in each of vi, zh and en. Look at: {occasions}.")
    facts = (("occasions", ", ".join(wrong)),)
    return (FieldError("rows", "languages", says, facts),) if wrong else ()


def _subjects(rows: Sequence[MessageTextRow]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.occasion for row in rows))


MESSAGE_TEXTS = rule_kind(
    RuleKind(
        name="message_texts",
        label=N_("Texts of messages"),
        row=MessageTextRow,
        words=_words,
        fault=_fault,
        faults=_faults,
        subjects=_subjects,
    )
)


def seed(code: str, rows: Iterable[dict[str, Any]], title: str = N_("Texts to begin with")) -> Any:
    """Return a set of texts that the program comes with."""
    return RuleSetDraft(
        code=code,
        title=title,
        issued_by=N_("seed of the program"),
        legal_basis="Lào Cai border gate",
        effective_from=_FROM,
        rows=tuple(rows),
    )


def read_texts(path: Path, of: Iterable[Occasion]) -> list[dict[str, Any]]:
    """Return the rows of a table of texts. Raises ValueError unless it is `of` these and all."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if wrong := {row["occasion"] for row in rows} ^ {one.code for one in of}:
        raise ValueError(f"{path.name} has no text, or one too many, on {', '.join(sorted(wrong))}")
    return rows
