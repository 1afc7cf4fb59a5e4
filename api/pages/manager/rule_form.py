"""The form of a set of rules, drawn from what its kind says of a row. Pure.

No kind has a form of its own: which fields there are, of which sort, within which bounds and with
which choices is read from the JSON Schema of the row model, and what a field is called from its
title. People type texts; a row holds what JSON would.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import ValidationError

from api.http.problems import shape_errors
from border.core.refusal import INVALID, FieldError, Refusal
from border.core.words import N_
from border.files.typed_numbers import WrongNumber, read_units
from border.regulation.regulation import ZONE
from border.regulation.regulation_service import faults_of
from border.regulation.rule_kind import KINDS, RuleKind, RuleSetDraft
from border.regulation.tables import RegulationRow
from border.vocabulary import LABELS
from customs.selectivity import LANE_NAMES
from logistics.capacity.template import TEMPLATE_DAYS

HEAD = ("code", "title", "issued_by", "legal_basis", "effective_from", "effective_to", "note")
"""What a set says beside its gate and its rows, in the order in which it is asked."""
YES_OR_NO = (("false", N_("No")), ("true", N_("Yes")))
CODES: Mapping[str, str] = {
    **LABELS,
    **LANE_NAMES,
    **TEMPLATE_DAYS,
    "any": N_("every direction"),
    "confirmed": N_("confirmed"),
    "unconfirmed": N_("unconfirmed"),
}
"""What the codes of rows mean to people."""
_ROW = re.compile(r"rows\.([0-9]{1,4})\.([a-z_]+)(?:\..*)?")

Typed = dict[str, Any]
"""A field's name to what was typed; boxes to tick are a list."""


@dataclass(frozen=True)
class RuleField:
    """One field of a row: `sort` is text, number, yes_or_no, choice, choices or list."""

    name: str
    label: str
    sort: str
    required: bool
    default: Any = None
    options: Sequence[tuple[str, str]] = ()

    def shown(self, value: Any) -> Any:
        """Return a value of a row as the form shows it."""
        if self.sort == "yes_or_no":
            return "true" if value else "false"
        if self.sort == "choices":
            return [str(one) for one in value or ()]
        if self.sort == "list":
            return ", ".join(value or ())
        return "" if value is None else str(value)

    def said(self, value: Any) -> str | list[str]:
        """Return a value of a row as sentences to translate, for whoever compares two."""
        if self.sort == "yes_or_no":
            return dict(YES_OR_NO)[self.shown(value)]
        if self.sort in ("choices", "list"):
            return [CODES.get(str(one), str(one)) for one in value or ()]
        shown = str(self.shown(value))
        return CODES.get(shown, shown) if self.options else shown

    def read(self, typed: Any) -> Any:
        """Return what a row holds of what was typed; None where nothing was."""
        if self.sort == "choices":
            return typed if isinstance(typed, list) else [typed] if typed else []
        text = str(typed or "").strip()
        if self.sort == "yes_or_no":
            return text == "true"
        if self.sort == "list":
            return [one for one in re.split(r"[\s,;]+", text) if one]
        if self.sort == "number" and text:
            try:
                return read_units(text, 0)
            except WrongNumber:
                return text  # the row's model says that it is none
        return text or None


@cache
def fields_of(kind: str) -> tuple[RuleField, ...]:
    """Return the fields of a row of a kind, in the order its model names them."""
    model = KINDS[kind].row
    schema = model.model_json_schema()
    known, required = schema.get("$defs", {}), schema.get("required", ())
    return tuple(
        _field(name, model.model_fields[name].title or name, said, known, name in required)
        for name, said in schema["properties"].items()
    )


def _field(
    name: str, label: str, said: Mapping[str, Any], known: Mapping[str, Any], required: bool
) -> RuleField:
    """Return the field that a property of a schema is drawn as."""
    forms = _forms(said, known)
    values = [value for form in forms for value in form.get("enum", [form.get("const")])]
    choices = tuple((str(v), CODES.get(str(v), str(v))) for v in values if v not in (None, ""))
    sort = {"integer": "number", "boolean": "yes_or_no", "array": "list"}.get(
        forms[0].get("type", ""), "text"
    )
    if sort == "list":
        inner = _forms(forms[0].get("items", {}), known)
        choices = tuple((v, CODES.get(v, v)) for one in inner for v in one.get("enum", ()))
        sort = "choices" if choices else sort
    elif choices:
        sort = "choice"
    return RuleField(name, label, sort, required, said.get("default"), choices)


def _forms(said: Mapping[str, Any], known: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the schemas of what a value may be, but for null, each written out."""
    either = [one for one in said.get("anyOf", [said]) if one.get("type") != "null"]
    return [known[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in either]


def empty_row(kind: RuleKind[Any]) -> Typed:
    """Return a row that nothing was typed into: what its model takes where nothing is said."""
    return {one.name: one.shown(one.default) for one in fields_of(kind.name)}


def shown_rows(kind: RuleKind[Any], rows: Iterable[Mapping[str, Any]]) -> list[Typed]:
    """Return the rows of a set as the form shows them."""
    fields = fields_of(kind.name)
    return [{one.name: one.shown(row.get(one.name, one.default)) for one in fields} for row in rows]


def shown_head(row: RegulationRow) -> Typed:
    """Return the head of a set as the form shows it; one that follows has its own code and day."""
    head = {name: str(getattr(row, name) or "") for name in (*HEAD, "gate")}
    own = () if row.state == "draft" else ("code", "effective_from", "effective_to", "note")
    return head | dict.fromkeys(own, "")


def typed_rows(form: Mapping[str, Any]) -> list[Typed]:
    """Return the rows of a form in their order, without gaps."""
    rows: dict[int, Typed] = {}
    for name, typed in form.items():
        if found := _ROW.fullmatch(name):
            rows.setdefault(int(found[1]), {})[found[2]] = typed
    return [rows[number] for number in sorted(rows)]


def read_draft(kind: RuleKind[Any], form: Mapping[str, Any]) -> RuleSetDraft:
    """Return the draft a form describes; all that is wrong with it is told at once.

    refuses: invalid_fields.
    """
    given = {name: text for name in (*HEAD, "gate") if (text := str(form.get(name, "")).strip())}
    rows = [_row(kind, typed) for typed in typed_rows(form)]
    errors: list[FieldError] = []
    draft = None
    try:
        draft = RuleSetDraft.model_validate({"gate": ZONE, **given, "rows": rows})
    except ValidationError as wrong:
        errors += shape_errors(dict(one) for one in wrong.errors())
    try:
        kind.read(rows)
    except ValidationError as wrong:
        errors += shape_errors(dict(one) for one in wrong.errors() if rows)
    except Refusal as refusal:
        errors += refusal.errors
    errors += faults_of(kind, draft) if draft and not errors else ()
    if errors or draft is None:
        raise INVALID(errors=errors)
    return draft


def _row(kind: RuleKind[Any], typed: Typed) -> dict[str, Any]:
    """Return a row as JSON would carry it; what was left empty is left to its model."""
    read = {one.name: one.read(typed.get(one.name)) for one in fields_of(kind.name)}
    return {name: value for name, value in read.items() if value is not None}


def at_fields(errors: Mapping[str, str]) -> dict[str, str]:
    """Return sentences by field of the form: what is wrong in a list, beside the list."""
    placed: dict[str, str] = {}
    for path, sentence in errors.items():
        found = _ROW.fullmatch(path)
        field = f"rows.{found[1]}.{found[2]}" if found else "" if path == "rows" else path
        placed.setdefault(field, sentence)
    return placed
