"""The rows of a resolution's file, cell by cell: what each may hold, and what is wrong. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from border.core.money import MINOR_UNITS, Money
from border.core.refusal import FieldError
from border.core.words import N_
from border.payments.tariffs.resolution import Resolution
from border.payments.tariffs.rule import (
    ANY_GROUP,
    COMMODITY_GROUPS,
    DIRECTIONS,
    EFFECTS,
    KINDS,
    MIXED_LOADS,
    MOVEMENTS,
    REGIME_GROUPS,
    STATUSES,
    UNITS,
    VAT_CATEGORIES,
    TariffRule,
    Terms,
)
from border.vocabulary import VEHICLE_CLASSES

CONDITIONS: Mapping[str, Collection[str]] = {
    "regime_group": REGIME_GROUPS,
    "commodity_group": COMMODITY_GROUPS,
    "direction": DIRECTIONS,
    "vehicle_class": VEHICLE_CLASSES,
    "movement": MOVEMENTS,
}
_RULE = {"code", "kind", *CONDITIONS, "payload_below_g", "currency", "legal_basis", "status"}
FILLED: Mapping[str, Collection[str]] = {
    "resolution": {
        "code",
        "title",
        "issued_by",
        "legal_basis",
        "effective_from",
        "effective_to",
        "example",
        "note",
    },
    "terms": {"kind", "mixed_load", "collector_per_mille", "vat"},
    "rate": {*_RULE, "unit", "amount_minor", "minimum_minor"},
    "coefficient": {*_RULE, "per_mille", "reason"},
    "exemption": {*_RULE, "reason"},
}
"""Which columns a record may fill."""
COLUMNS = (
    "record",
    "code",
    "kind",
    *CONDITIONS,
    "payload_below_g",
    "unit",
    "amount_minor",
    "minimum_minor",
    "currency",
    "per_mille",
    "reason",
    "legal_basis",
    "status",
    "title",
    "issued_by",
    "effective_from",
    "effective_to",
    "mixed_load",
    "collector_per_mille",
    "vat",
    "example",
    "note",
)
_CODE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
_LONGEST_CODE, _LONGEST_RULE_CODE = 48, 64
_MOST = 10**12
_LONGEST = {"title": 200, "issued_by": 120, "legal_basis": 120, "reason": 200, "note": 500}
_RUN_BY_SPREADSHEETS = "=+-@"


@dataclass(frozen=True)
class RateRow:
    """One line of the file: its cells that hold something, by column."""

    line: int
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """Return a cell, empty if nothing is in it."""
        return self.cells.get(column, "")


class _Cells:
    """The cells of one row as values; what is wrong with them is added to `errors`."""

    def __init__(self, row: RateRow, errors: list[FieldError]) -> None:
        self.row = row
        self.errors = errors

    def wrong(self, column: str, code: str, says: str, **facts: str) -> None:
        """Note what is wrong with a cell."""
        field = f"lines.{self.row.line}.{column}"
        self.errors.append(FieldError(field, code, says, tuple(facts.items())))

    def fitting(self, record: str) -> None:
        """Note the cells that a record of this sort does not fill."""
        for column in self.row.cells:
            if column != "record" and column not in FILLED[record]:
                self.wrong(column, "not_here", N_("Nothing may stand here in such a row."))

    def words(self, column: str, *, required: bool = True) -> str:
        """Return a text."""
        text = self.row.text(column)
        if not text and required:
            self.wrong(column, "missing", N_("This cell is needed."))
        elif len(text) > _LONGEST[column]:
            says = N_("At most {most} characters.")
            self.wrong(column, "too_long", says, most=str(_LONGEST[column]))
        elif text[:1] in _RUN_BY_SPREADSHEETS and text:
            self.wrong(column, "formula", N_("A text may not begin with =, +, - or @."))
        elif not text.isprintable():
            self.wrong(column, "unprintable", N_("This text holds a character that is none."))
        return text

    def code(self, prefix: str = "") -> str:
        """Return a code: small letters, digits and underscores, beginning with `prefix`."""
        text, most = self.row.text("code"), _LONGEST_RULE_CODE if prefix else _LONGEST_CODE
        if not _CODE.fullmatch(text) or len(text) > most:
            says = N_("A code of at most {most} small letters, digits and underscores is needed.")
            self.wrong("code", "not_a_code", says, most=str(most))
        elif prefix and not text.startswith(f"{prefix}_"):
            says = N_("The code of a rule begins with its resolution's: {prefix}_")
            self.wrong("code", "prefix", says, prefix=prefix)
        return text

    def choice(self, column: str, of: Collection[str], otherwise: str = "") -> str:
        """Return one of some words; `otherwise` where nothing is given."""
        text = self.row.text(column) or otherwise
        if text not in of and text != otherwise:
            says = N_("{given} is none of: {choices}.")
            self.wrong(column, "unknown", says, given=text, choices=", ".join(of))
        elif not text:
            says = N_("One of these is needed: {choices}.")
            self.wrong(column, "missing", says, choices=", ".join(of))
        return text

    def whole(
        self, column: str, least: int, most: int = _MOST, *, required: bool = True
    ) -> int | None:
        """Return a whole number written in digits only, or None."""
        text = self.row.text(column)
        if not text and not required:
            return None
        digits = text.isascii() and text.isdigit() and len(text) <= len(str(most))
        if not digits or not least <= int(text) <= most:
            says = N_("A whole number from {least} to {most}, in digits only, is needed.")
            self.wrong(column, "not_whole", says, least=str(least), most=str(most))
            return least if required else None
        return int(text)

    def day(self, column: str, *, required: bool = True) -> date | None:
        """Return a day, or None."""
        text = self.row.text(column)
        if not text and not required:
            return None
        try:
            if len(text) != len("2027-01-01"):
                raise ValueError(text)
            return date.fromisoformat(text)
        except ValueError:
            self.wrong(column, "not_a_day", N_("A day written as 2027-01-01 is needed."))
            return None


def condition_key(row: RateRow) -> tuple[str, ...]:
    """Return what a row is about: of rows about the same there can be one only."""
    record = row.text("record")
    if record == "terms":
        return ("terms", row.text("kind"))
    if record not in ("rate", "exemption"):
        return ("",)  # several coefficients may apply to the same goods
    about = [row.text(column) or ANY_GROUP for column in CONDITIONS]
    return (record, row.text("payload_below_g"), *about, row.text("kind"))


def header_of(rows: Sequence[RateRow], errors: list[FieldError]) -> Resolution | None:
    """Return the resolution without its contents, or None with what is wrong added."""
    for row in rows:
        if row.text("record") not in FILLED:
            _Cells(row, errors).choice("record", FILLED)
    headers = [row for row in rows if row.text("record") == "resolution"]
    if len(headers) != 1:
        says = N_("The file needs exactly one row whose record is “resolution”.")
        errors.append(FieldError("file", "resolution", says))
        return None
    cells = _Cells(headers[0], errors)
    cells.fitting("resolution")
    begins, ends = cells.day("effective_from"), cells.day("effective_to", required=False)
    if begins and ends and ends <= begins:
        cells.wrong("effective_to", "too_early", N_("The end comes after the first day."))
    return Resolution(
        code=cells.code(),
        title=cells.words("title"),
        issued_by=cells.words("issued_by"),
        legal_basis=cells.words("legal_basis"),
        effective_from=begins or date.min,
        effective_to=ends,
        example=cells.choice("example", ("yes", "no"), "no") == "yes",
        note=cells.words("note", required=False),
    )


def contents_of(
    resolution: Resolution, rows: Sequence[RateRow], errors: list[FieldError]
) -> Resolution:
    """Return the resolution with its terms and rules; what is wrong is added to `errors`."""
    terms: dict[str, Terms] = {}
    for row in rows:
        if row.text("record") == "terms":
            cells = _Cells(row, errors)
            cells.fitting("terms")
            terms[cells.choice("kind", KINDS)] = Terms(
                resolution.code,
                cells.choice("mixed_load", MIXED_LOADS),
                cells.whole("collector_per_mille", 0, 1000) or 0,
                cells.choice("vat", VAT_CATEGORIES),
            )
    rules = [_rule(row, resolution, terms, errors) for row in rows if row.text("record") in EFFECTS]
    for kind in sorted(set(terms) - {rule.kind for rule in rules if rule.effect == "rate"}):
        says = N_("There are terms for {kind} but no rate.")
        errors.append(FieldError("file", "no_rates", says, (("kind", kind),)))
    if not terms:
        errors.append(FieldError("file", "no_terms", N_("The file has no row of terms.")))
    return replace(resolution, terms=tuple(sorted(terms.items())), rules=tuple(rules))


def _rule(
    row: RateRow, resolution: Resolution, terms: Mapping[str, Terms], errors: list[FieldError]
) -> TariffRule:
    effect, cells = row.text("record"), _Cells(row, errors)
    cells.fitting(effect)
    kind = cells.choice("kind", KINDS)
    if kind in KINDS and kind not in terms:
        cells.wrong("kind", "no_terms", N_("The file has no row of terms for this kind."))
    is_rate = effect == "rate"
    currency = cells.choice("currency", MINOR_UNITS, "VND")
    currency = currency if currency in MINOR_UNITS else "VND"
    amount = cells.whole("amount_minor", 1) if is_rate else 0
    minimum = cells.whole("minimum_minor", 1, required=False) if is_rate else None
    factor = cells.whole("per_mille", 1, 100_000) if effect == "coefficient" else 1000
    return TariffRule(
        code=cells.code(resolution.code),
        kind=kind,
        rate=Money(amount or 0, currency),
        unit=cells.choice("unit", UNITS) if is_rate else "per_trip",
        effective_from=resolution.effective_from,
        effective_to=resolution.effective_to,
        legal_basis=cells.words("legal_basis", required=False) or resolution.legal_basis,
        status=cells.choice("status", STATUSES),
        **{name: cells.choice(name, of, ANY_GROUP) for name, of in CONDITIONS.items()},
        payload_below_g=cells.whole("payload_below_g", 1, required=False),
        minimum=None if minimum is None else Money(minimum, currency),
        effect=effect,
        per_mille=factor or 1000,
        reason="" if is_rate else cells.words("reason"),
        terms=terms.get(kind, Terms(resolution.code)),
    )
