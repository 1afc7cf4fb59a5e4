"""A form that was refused, on the page it comes back on: what is told, and what is kept.

What was typed stands in the form itself. Where that is gone, because the record moved on, or is
drawn empty, it is kept beside the refusal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.language import translator
from api.pages.kit.drawn import DrawnField, DrawnPage
from border.core.words import N_

TYPED_FIELDS: Mapping[str, str] = {
    "reason": N_("Reason"),
    "note": N_("How that is known"),
    "reference": N_("Number of the transfer, or of the receipt signed at the desk"),
    "amount": N_("Amount"),
    "amount_minor": N_("Amount paid in"),
    "bank_reference": N_("Number on the bank's slip"),
    "float_minor": N_("Cash in the drawer now"),
    "code": N_("Code on the slip"),
    "plate_seen": N_("Plate you see"),
}
"""What people type into forms that may be gone when they are refused, and what it is called."""


@dataclass(frozen=True)
class RefusedForm:
    """What was sent to `path` and refused: sentences by field, and what was typed.

    Under "" stands what belongs to no field; `code` and `facts` are the refusal's.
    """

    path: str = ""
    status: int = 200
    code: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, Any] = field(default_factory=dict)

    def came_from(self, action: str, carries: Mapping[str, str]) -> bool:
        """Say whether a form that goes to `action` and carries some fields is the one refused."""
        return self.path == action and all(
            self.typed[name] == text for name, text in carries.items() if name in self.typed
        )

    def of(self, action: str, **carries: str) -> "RefusedForm":
        """Return this if it came from a form of the page, else a form without faults."""
        return self if self.came_from(action, carries) else NOTHING_REFUSED

    def places(self, *fields: str) -> list[tuple[str, str, str]]:
        """Return what is wrong in a file: its line and column as far as told, and the sentence.

        What is wrong with one of the form's own `fields`, or with all of it, is none of that.
        """
        return [
            (*_place(path), says) for path, says in self.errors.items() if path not in ("", *fields)
        ]


def _place(path: str) -> tuple[str, str]:
    before, found, rest = path.partition("lines.")
    if before or not found:
        return "", path
    line, _, column = rest.partition(".")
    return line, column


NOTHING_REFUSED = RefusedForm()


@dataclass(frozen=True)
class SummaryLine:
    """A sentence of the summary; the field it is about, and what the page calls that."""

    says: str
    id: str
    called: str


@dataclass(frozen=True)
class ErrorSummary:
    """What stands above a page: what is wrong, and by name what was typed and is not on it."""

    told: Sequence[SummaryLine]
    kept: Sequence[tuple[str, str]]


def summary_of(
    refused: RefusedForm, called: Mapping[str, str], locale: str, marks: str = ""
) -> ErrorSummary | None:
    """Return what to say above a page drawn as `marks`, or None where nothing was refused.

    `called` names further fields that may be gone from it, in words.
    """
    if not refused.errors:
        return None
    say = translator(locale).gettext
    names = {name: say(label) for name, label in TYPED_FIELDS.items()} | dict(called)
    controls = DrawnPage(marks).controls
    told = []
    for name, says in refused.errors.items():
        found = _named(controls, name, refused) if name else None
        called_so = found.called if found else ""
        told.append(SummaryLine(says, found.id if found else "", called_so or names.get(name, "")))
    drawn = {(one.name, _plain(one.value)) for one in controls}
    kept = [
        (names[name], str(text))
        for name, text in refused.typed.items()
        if name in names and _plain(text) and (name, _plain(text)) not in drawn
    ]
    return ErrorSummary(told, kept)


def _named(controls: Sequence[DrawnField], name: str, refused: RefusedForm) -> DrawnField | None:
    """Return the field of a name, first of all in the form that was sent."""
    ours = [one for one in controls if name in (one.name, one.id)]
    sent = (one for one in ours if refused.came_from(one.form.action, one.form.carries))
    return next(sent, ours[0] if ours else None)


def _plain(text: Any) -> str:
    return " ".join(str(text).split())
