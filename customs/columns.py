"""How a draft is written into the columns of the tables, and read back from them. Pure."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from customs.draft import DraftDeclaration, GoodsLine, Value, milli, quantity_of
from customs.tables import DeclarationRow, LineRow

GOES_FIRST = frozenset({"perishable", "live_animals"})
"""The kinds of handling that cannot wait."""


def columns_of(draft: DraftDeclaration) -> dict[str, Any]:
    """Return the columns of `declaration` that a draft fills, the gate among them."""
    totals: Counter[str] = Counter()
    for line in draft.lines:
        if line.value is not None:
            totals[line.value.currency] += line.value.minor
    return {
        "gate": draft.gate,
        "customs_number": draft.customs_number,
        "regime": draft.regime,
        "direction": draft.direction,
        "declarant": _plain(draft.declarant),
        "exporter": _plain(draft.exporter),
        "importer": _plain(draft.importer),
        "carrier_tax_code": draft.carrier_tax_code,
        "handling": list(draft.handling),
        "certificates": [_plain(certificate) for certificate in draft.certificates],
        "containers": list(draft.containers),
        "goes_first": not GOES_FIRST.isdisjoint(draft.handling),
        "gross_mass_g": sum(line.gross_mass_g or 0 for line in draft.lines),
        "line_count": len(draft.lines),
        "totals": dict(totals),
    }


def line_columns(declaration_id: UUID, draft: DraftDeclaration) -> list[dict[str, Any]]:
    """Return the rows of `declaration_line` for the lines of a draft, in their order."""
    return [
        {
            "declaration_id": declaration_id,
            "position": position,
            "hs_code": line.hs_code,
            "description": line.description,
            "origin": line.origin,
            "quantity_milli": None if line.quantity is None else milli(line.quantity),
            "unit": line.unit,
            "gross_mass_g": line.gross_mass_g,
            "net_mass_g": line.net_mass_g,
            "value_minor": line.value.minor if line.value else None,
            "value_currency": line.value.currency if line.value else None,
        }
        for position, line in enumerate(draft.lines)
    ]


def draft_of(row: DeclarationRow, lines: Sequence[LineRow]) -> DraftDeclaration:
    """Return the draft that a stored declaration was written from."""
    return DraftDeclaration(
        customs_number=row.customs_number,
        regime=row.regime,
        direction=row.direction,
        gate=row.gate,
        declarant=row.declarant,
        exporter=row.exporter,
        importer=row.importer,
        carrier_tax_code=row.carrier_tax_code,
        lines=[line_of(line) for line in lines],
        handling=row.handling,
        certificates=row.certificates,
        containers=row.containers,
    )


def line_of(row: LineRow) -> GoodsLine:
    """Return the line as it was sent, from its row."""
    value = None
    if row.value_minor is not None and row.value_currency is not None:
        value = Value(minor=row.value_minor, currency=row.value_currency)
    return GoodsLine(
        hs_code=row.hs_code,
        description=row.description,
        origin=row.origin,
        quantity=None if row.quantity_milli is None else quantity_of(row.quantity_milli),
        unit=row.unit,
        gross_mass_g=row.gross_mass_g,
        net_mass_g=row.net_mass_g,
        value=value,
    )


def _plain(part: object) -> Any:
    """Return a part of a draft as JSON holds it, without what was not given."""
    return part.model_dump(exclude_none=True) if isinstance(part, BaseModel) else part
