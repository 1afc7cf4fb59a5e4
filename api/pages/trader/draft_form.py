"""The form of a draft and the draft behind it, each made from the other. Pure.

People type kilograms and whole currency; the draft holds grams and minor units. A form is a flat
mapping of field name to text; the names are the draft's own JSON paths but for what is typed in
another measure (`lines.0.gross_kg` for `lines.0.gross_mass_g`), and errors find their way back.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from api.pages.kit.form import nested
from border.core.money import MINOR_UNITS
from border.core.refusal import FieldError
from border.files.typed_numbers import WrongNumber, read_units, write_units
from customs.draft import DraftDeclaration, GoodsLine, milli

KILOGRAM_PLACES = 3
QUANTITY_PLACES = 3
CURRENCIES = ("VND", "CNY", "USD")
LINE_FIELDS = (
    "hs_code",
    "description",
    "origin",
    "quantity",
    "unit",
    "gross_kg",
    "net_kg",
    "value_amount",
    "value_currency",
)
_PARTIES = ("exporter", "importer")
_PARTY_FIELDS = ("name", "tax_code", "country")
_PLAIN = ("customs_number", "regime", "direction", "gate", "carrier_tax_code")
_LINE_NUMBER = re.compile(r"lines\.([0-9]{1,3})\.(.+)")
_FIELD_OF_LINE_PATH = {
    "gross_mass_g": "gross_kg",
    "net_mass_g": "net_kg",
    "value": "value_amount",
    "value.minor": "value_amount",
    "value.currency": "value_currency",
}

Form = dict[str, Any]
"""Field name to what was typed; boxes to tick are a list."""


# --- from the form to the draft --------------------------------------------------------------


def read_form(form: Mapping[str, Any]) -> tuple[dict[str, Any], list[FieldError]]:
    """Return the draft a form describes, as JSON would, and the numbers that cannot be read.

    What was left empty is None, so that a change clears it.
    """
    errors: list[FieldError] = []
    tree = nested(form)
    draft: dict[str, Any] = {name: tree.get(name) for name in _PLAIN}
    for party in _PARTIES:
        draft[party] = tree.get(party)
    draft["handling"] = _listed(form.get("handling"))
    draft["certificates"] = _by_line(form.get("certificates"))
    draft["containers"] = re.split(r"[\s,;]+", str(form.get("containers") or "").strip())
    draft["containers"] = [number for number in draft["containers"] if number]
    draft["lines"] = [
        _line(form, at, f"lines.{place}", errors) for place, at in enumerate(lines_shown(form))
    ]
    return draft, errors


def _line(form: Mapping[str, Any], at: int, path: str, errors: list[FieldError]) -> dict[str, Any]:
    """Return the line that stands at `at` in the form and at `path` in the draft."""

    def typed(name: str) -> str:
        return str(form.get(f"lines.{at}.{name}") or "").strip()

    def number(name: str, places: int) -> int | None:
        if not typed(name):
            return None
        try:
            return read_units(typed(name), places)
        except WrongNumber as wrong:
            errors.append(wrong.at(f"{path}.{name}"))
            return None

    currency = typed("value_currency").upper()
    line: dict[str, Any] = {
        name: typed(name) or None for name in ("hs_code", "description", "origin", "unit")
    }
    quantity = number("quantity", QUANTITY_PLACES)
    line["quantity"] = None if quantity is None else write_units(quantity, QUANTITY_PLACES)
    line["gross_mass_g"] = number("gross_kg", KILOGRAM_PLACES)
    line["net_mass_g"] = number("net_kg", KILOGRAM_PLACES)
    minor = number("value_amount", MINOR_UNITS.get(currency, 0))
    line["value"] = None if minor is None else {"minor": minor, "currency": currency}
    return line


def count_lines(form: Mapping[str, Any]) -> int:
    """Return how many goods lines a form has, at least one."""
    numbers = [int(found[1]) for name in form if (found := _LINE_NUMBER.fullmatch(name))]
    return max(numbers, default=0) + 1


def _is_blank(form: Mapping[str, Any], at: int) -> bool:
    """Say whether nothing was typed into a line; the currency is chosen beforehand."""
    names = [name for name in LINE_FIELDS if name not in ("value_currency", "unit")]
    return not any(str(form.get(f"lines.{at}.{name}") or "").strip() for name in names)


def _listed(given: Any) -> list[str]:
    if given is None or given == "":
        return []
    return [str(one) for one in given] if isinstance(given, list) else [str(given)]


def _by_line(given: Any) -> list[str]:
    return [line.strip() for line in str(given or "").splitlines() if line.strip()]


def without(draft: Mapping[str, Any], places: Iterable[Sequence[int | str]]) -> dict[str, Any]:
    """Return a draft with nothing at some places, so that the rest of it can be looked at."""
    rest = deepcopy(dict(draft))
    for *path, last in places:
        place: Any = rest
        for step in path:
            place = place[step]
        place[last] = None
    return rest


# --- from the draft to the form --------------------------------------------------------------


def write_form(draft: DraftDeclaration) -> Form:
    """Return the form that shows a draft."""
    form: Form = {name: getattr(draft, name) or "" for name in _PLAIN}
    for party in _PARTIES:
        given = getattr(draft, party)
        for name in _PARTY_FIELDS:
            form[f"{party}.{name}"] = (getattr(given, name) if given else None) or ""
    form["handling"] = list(draft.handling)
    form["certificates"] = "\n".join(
        paper if isinstance(paper, str) else paper.number for paper in draft.certificates
    )
    form["containers"] = "\n".join(draft.containers)
    for at, line in enumerate(draft.lines):
        form |= {f"lines.{at}.{name}": text for name, text in _write_line(line).items()}
    return form


def _write_line(line: GoodsLine) -> dict[str, str]:
    def number(units: int | None, places: int) -> str:
        return "" if units is None else write_units(units, places)

    currency = line.value.currency if line.value else CURRENCIES[0]
    return {
        "hs_code": line.hs_code or "",
        "description": line.description or "",
        "origin": line.origin or "",
        "quantity": number(
            None if line.quantity is None else milli(line.quantity), QUANTITY_PLACES
        ),
        "unit": line.unit or "",
        "gross_kg": number(line.gross_mass_g, KILOGRAM_PLACES),
        "net_kg": number(line.net_mass_g, KILOGRAM_PLACES),
        "value_amount": number(
            line.value.minor if line.value else None, MINOR_UNITS.get(currency, 0)
        ),
        "value_currency": currency,
    }


# --- errors, and lines without JavaScript -----------------------------------------------------


def field_of(path: str) -> str:
    """Return the field beside which an error at a JSON path of the draft is shown."""
    if path == "lines":
        return "lines.0.hs_code"
    if path in _PARTIES:
        return f"{path}.name"
    if path.startswith(("certificates.", "containers.", "handling.")):
        return path.split(".")[0]
    found = _LINE_NUMBER.fullmatch(path)
    if found is None:
        return path
    return f"lines.{found[1]}.{_FIELD_OF_LINE_PATH.get(found[2], found[2])}"


def at_fields(errors: Mapping[str, str], shown: Sequence[int] = ()) -> dict[str, str]:
    """Return errors by field; `shown` are the numbers in the form of the draft's lines."""
    placed: dict[str, str] = {}
    for path, sentence in errors.items():
        field = field_of(path)
        found = _LINE_NUMBER.fullmatch(field)
        if found and int(found[1]) < len(shown):
            field = f"lines.{shown[int(found[1])]}.{found[2]}"
        placed.setdefault(field, sentence)
    return placed


def lines_shown(form: Mapping[str, Any]) -> Sequence[int]:
    """Return the numbers in the form of the lines that are not blank, which the draft has."""
    return [at for at in range(count_lines(form)) if not _is_blank(form, at)]


def without_line(form: Mapping[str, Any], gone: int) -> Form:
    """Return the form without one line, the ones behind it moved up."""
    kept: Form = {}
    for name, typed in form.items():
        found = _LINE_NUMBER.fullmatch(name)
        if found is None:
            kept[name] = typed
        elif int(found[1]) != gone:
            at = int(found[1]) - (int(found[1]) > gone)
            kept[f"lines.{at}.{found[2]}"] = typed
    return kept


def with_line(form: Mapping[str, Any]) -> Form:
    """Return the form with one more line, empty but for the currency and unit of the last."""
    at = count_lines(form)
    last = f"lines.{at - 1}"
    copied = {name: form.get(f"{last}.{name}", "") for name in ("value_currency", "unit", "origin")}
    return {**form, **{f"lines.{at}.{name}": copied.get(name, "") for name in LINE_FIELDS}}
