"""A resolution as a file: one table of comma-separated values, read whole or not at all. Pure.

The column `record` says what a row is, and so which of the other columns it fills; a cell that
does not belong there is refused rather than passed over.

    resolution   once: code, title, issued_by, legal_basis, effective_from, effective_to?,
                 example?, note?
    terms        once for each kind: kind, mixed_load, collector_per_mille, vat
    rate         code, kind, conditions, unit, amount_minor, currency?, minimum_minor?,
                 legal_basis?, status
    coefficient  code, kind, conditions, per_mille, reason, legal_basis?, status
    exemption    code, kind, conditions, reason, legal_basis?, status

Conditions are regime_group, commodity_group, direction, vehicle_class and movement, where nothing
means `any`, and payload_below_g. Days are written 2027-01-01, an end is the first day after; money
in whole minor units, digits only. With no legal_basis of its own a rule has its resolution's.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256

from border.core.refusal import INVALID, FieldError
from border.core.words import N_
from border.files.csv_rows import CsvTable, folded
from border.files.fault import Unreadable
from border.files.text import encoding_of, lines_of, too_large
from border.payments.tariffs.resolution import Resolution
from border.payments.tariffs.row_reading import (
    COLUMNS,
    CONDITIONS,
    RateRow,
    condition_key,
    contents_of,
    header_of,
)
from border.payments.tariffs.rule import ANY_GROUP

MOST_ROWS = 2_000
MOST_BYTES = 1_000_000


def read(raw: bytes) -> Resolution:
    """Return the resolution a file holds.

    refuses: invalid_fields, with one error for every cell that is wrong, named
    `lines.<line of the file>.<column>`.
    """
    rows, errors = _rows(raw)
    resolution = header_of(rows, errors) if not errors else None
    if resolution is not None:
        resolution = contents_of(resolution, rows, errors)
        errors += repeated(rows)
    if errors or resolution is None:
        raise INVALID(errors=sorted(errors, key=_place))
    return resolution


def _place(error: FieldError) -> tuple[int, str]:
    """Return where in the file an error stands."""
    line = error.field.split(".")[1] if error.field.startswith("lines.") else "0"
    return int(line), error.field


def _rows(raw: bytes) -> tuple[list[RateRow], list[FieldError]]:
    """Return the rows of a file by column name, and what is wrong with the file as a whole."""
    if len(raw) > MOST_BYTES:
        return [], [too_large(1, MOST_BYTES).problem.error]
    try:
        encoding = encoding_of(lambda: io.BytesIO(raw))
        table = CsvTable(
            lines_of(io.BytesIO(raw), encoding, MOST_BYTES), COLUMNS, most_rows=MOST_ROWS
        )
        return _named(table)
    except Unreadable as fault:
        return [], [fault.problem.error]


def _named(table: CsvTable) -> tuple[list[RateRow], list[FieldError]]:
    names = [folded(heading) for heading in table.headings]
    field = f"lines.{table.line}"
    if wrong := [name for name in names if name not in COLUMNS]:
        says = N_("There is no column {names}.")
        return [], [FieldError(field, "unknown_column", says, (("names", ", ".join(wrong)),))]
    places, problems = table.places(dict.fromkeys(names))
    if problems:
        return [], [problem.error for problem in problems]
    if "record" not in places:
        says = N_("The first line names each column once, the column record among them.")
        return [], [FieldError(field, "columns", says)]
    rows: list[RateRow] = []
    errors: list[FieldError] = []
    for row in table:
        short = len(row.cells) < len(table.headings)
        if row.wrong and not short:
            errors.append(row.wrong)
            continue
        # What a short row leaves out is empty: each cell that is needed is then asked for by name.
        given = dict(enumerate(row.cells))
        cells = {name: cell for name, at in places.items() if (cell := given.get(at))}
        rows.append(RateRow(row.line, cells))
    if not rows and not errors:
        errors.append(_of_file("empty", N_("The file holds no rows.")))
    return rows, errors


def _of_file(code: str, says: str) -> FieldError:
    return FieldError("file", code, says)


def repeated(rows: Sequence[RateRow]) -> list[FieldError]:
    """Return an error for every row that says again, or otherwise, what an earlier one said."""
    seen: dict[tuple[str, ...], int] = {}
    errors = []
    for row in rows:
        for column, key in (("code", ("code", row.text("code"))), ("", condition_key(row))):
            if not key[-1]:
                continue
            if key in seen:
                says = N_("This repeats line {line}.")
                field = f"lines.{row.line}" + (f".{column}" if column else "")
                errors.append(FieldError(field, "repeated", says, (("line", str(seen[key])),)))
            seen.setdefault(key, row.line)
    return errors


def written(resolution: Resolution) -> str:
    """Return a resolution as the text of a file; reading it gives the same resolution back."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n", restval="")
    writer.writeheader()
    ends = resolution.effective_to
    writer.writerow(
        {
            "record": "resolution",
            "code": resolution.code,
            "title": resolution.title,
            "issued_by": resolution.issued_by,
            "legal_basis": resolution.legal_basis,
            "effective_from": resolution.effective_from.isoformat(),
            "effective_to": ends.isoformat() if ends else "",
            "example": "yes" if resolution.example else "",
            "note": resolution.note,
        }
    )
    for row in rows_of(resolution):
        writer.writerow(row)
    return out.getvalue()


def rows_of(resolution: Resolution) -> Iterator[dict[str, str | int]]:
    """Yield the rows of a resolution below its head: the cells that hold something."""
    for kind, terms in sorted(resolution.terms, key=lambda pair: pair[0]):
        yield {
            "record": "terms",
            "kind": kind,
            "mixed_load": terms.mixed_load,
            "collector_per_mille": terms.collector_per_mille,
            "vat": terms.vat,
        }
    for rule in resolution.rules:
        conditions = {
            name: value for name in CONDITIONS if (value := getattr(rule, name)) != ANY_GROUP
        }
        row: dict[str, str | int] = {"record": rule.effect, "code": rule.code, "kind": rule.kind}
        row |= conditions | {"legal_basis": rule.legal_basis, "status": rule.status}
        row |= {} if rule.payload_below_g is None else {"payload_below_g": rule.payload_below_g}
        if rule.effect == "rate":
            row |= {"unit": rule.unit, "amount_minor": rule.rate.minor}
            row |= {"minimum_minor": rule.minimum.minor} if rule.minimum else {}
        else:
            row |= {"reason": rule.reason}
        row |= {"per_mille": rule.per_mille} if rule.effect == "coefficient" else {}
        yield {**row, "currency": rule.rate.currency}


def digest(resolution: Resolution) -> bytes:
    """Return the SHA-256 of what a resolution says; the order and form of its file do not count."""
    ordered = replace(resolution, rules=tuple(sorted(resolution.rules, key=lambda r: r.code)))
    return sha256(written(ordered).encode()).digest()
