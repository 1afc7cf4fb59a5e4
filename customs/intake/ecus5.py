"""Declarations out of the XML that ECUS5 exports; what is not read is kept by its name. Pure.

One file may hold several declarations. The order of fields is free, `NULL` and nothing are the
same, the wrappers around the elements may be missing, goods stand in an element each or together.
source: field map of ECUS5VNACCS exports (docs/files.md).
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from border.core.money import MINOR_UNITS
from border.core.refusal import FieldError
from border.core.words import N_
from border.files.fault import Unreadable, wrong
from border.files.safe_xml import Element
from border.files.typed_numbers import WrongNumber, read_units
from border.reference.catalogue import REGIMES
from customs.draft import MOST_LINES, quantity_of
from customs.intake.drafted import drafted
from customs.intake.row import FilePlace, KeptOfFile, Restored, SourceRow
from customs.intake.wco_schema import local

FORMAT = "ecus5"
_HEAD, _GOODS, _ROW = "DToKhaiMD", "DHangMDDK", "Data"
_KEY = "_DToKhaiMDID"
_DIRECTIONS = {"X": "export", "N": "import"}
_PREFIX = {"10": "import", "30": "export"}
_EXACT = re.compile(r"[0-9]+(?:\.[0-9]+)?")
"""A number as a database writes it: its point is never a mark of thousands."""
_NET_SAYS = N_("The net mass is the quantity, which is counted by its mass.")
_GROSS_SAYS = N_("The only line has the gross mass of the whole.")
_TOLD_SAYS = N_("Told by the customs number or the declaration type.")
_IN_KILOGRAMS = {"KGM": 1, "TNE": 1000}


def read_ecus5(root: Element, gate: str) -> Iterator[SourceRow]:
    """Yield the declarations of a file. refuses: Unreadable, where there is none."""
    heads = _rows(root, _HEAD)
    if not heads:
        says = N_("There is no declaration of ECUS5 in the file.")
        raise Unreadable(wrong(1, "line", "no_declaration", says))
    goods = _rows(root, _GOODS)
    by_key: dict[str | None, list[_Fields]] = defaultdict(list)
    for one in goods:
        by_key[one.get(_KEY)].append(one)
    for head in heads:
        mine = goods if len(heads) == 1 else by_key[head.get(_KEY)]
        yield _Reading(head, mine, gate).row()


@dataclass(frozen=True)
class _Fields:
    """The fields of an element that say something, each with the element it stands in."""

    element: Element
    elements: Mapping[str, Element]

    def get(self, name: str) -> str | None:
        """Return what a field says."""
        found = self.elements.get(name)
        return None if found is None else found.text.strip()


def _rows(root: Element, name: str) -> list[_Fields]:
    """Return the `Data` of every element of a name, each with the fields that are not empty."""
    found = []
    for holder in root.iter():
        if local(holder) == name:
            for row in holder:
                if local(row) == _ROW:
                    said = {
                        local(one): one
                        for one in row
                        if local(one) and (one.text or "").strip() not in ("", "NULL")
                    }
                    found.append(_Fields(row, said))
    return found


@dataclass
class _Reading:
    """One declaration being read: what is found, where it stood, which fields were taken."""

    head: _Fields
    goods: list[_Fields]
    gate: str
    stood: dict[str, FilePlace] = field(default_factory=dict)
    errors: list[FieldError] = field(default_factory=list)
    restored: list[Restored] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def row(self) -> SourceRow:
        """Return the declaration."""
        tree = self._tree()
        draft, misfits = drafted(tree)
        number = self.head.get("SOTK") or self.head.get(_KEY) or ""
        return SourceRow(
            self.head.element.sourceline or 1,
            number,
            draft,
            (*self.errors, *(one for one in misfits if draft is not None)),
            self.stood,
            tuple(self.restored),
            (),
            KeptOfFile(
                FORMAT, "", self._left(self.head), tuple(self._left(one) for one in self.goods)
            ),
        )

    def _left(self, fields: _Fields) -> dict[str, str]:
        return {
            name: one.text.strip()
            for name, one in fields.elements.items()
            if name not in self.taken
        }

    def said(self, fields: _Fields, name: str, path: str) -> str | None:
        """Return what a field says, its place noted under the path of ours."""
        self.taken.add(name)
        found = fields.elements.get(name)
        if found is None:
            return None
        at = path.split(".")[1] if fields is not self.head else ""
        where = f"{_GOODS}[{int(at) + 1}]/{name}" if at else f"{_HEAD}/{name}"
        self.stood[path] = FilePlace(f"{where} ({found.sourceline})", found.text.strip())
        return str(found.text.strip())

    def _tree(self) -> dict[str, Any]:
        head = self.head
        number = self.said(head, "SOTK", "customs_number")
        regime = self.said(head, "MA_LH", "regime")
        direction = self._direction(number, regime)
        tree: dict[str, Any] = {"gate": self.gate, "customs_number": number, "regime": regime}
        if direction:
            tree["direction"] = direction
        ours, theirs = (
            ("importer", "exporter") if direction == "import" else ("exporter", "importer")
        )
        tree[ours] = {
            "name": self.said(head, "_Ten_DV_L1", f"{ours}.name"),
            "tax_code": self.said(head, "MA_DV", f"{ours}.tax_code"),
            "country": "VN",
        }
        country = "NUOC_XK" if direction == "import" else "NUOC_NK"
        tree[theirs] = {
            "name": self.said(head, "DV_DT", f"{theirs}.name"),
            "country": self.said(head, country, f"{theirs}.country"),
        }
        if len(self.goods) > MOST_LINES:
            says = N_("A declaration has at most {most} lines.")
            facts = (("most", str(MOST_LINES)),)
            self.errors.append(FieldError("lines", "too_many", says, facts))
        currency = self.said(head, "MA_NT", "lines.0.value.currency")
        tree["lines"] = [
            self._line(one, at, currency) for at, one in enumerate(self.goods[:MOST_LINES])
        ]
        if len(self.goods) == 1:
            gross = self._units(head, "TR_LUONG", "lines.0.gross_mass_g", 3)
            tree["lines"][0]["gross_mass_g"] = gross
            if gross is not None:
                self._tell("lines.0.gross_mass_g", _GROSS_SAYS)
        return tree

    def _direction(self, number: str | None, regime: str | None) -> str | None:
        given = self.said(self.head, "_XorN", "direction")
        if given is not None and given in _DIRECTIONS:
            return _DIRECTIONS[given]
        known = REGIMES.get((regime or "").upper())
        told = _PREFIX.get((number or "")[:2]) or (known.direction if known else None)
        if told is None:
            says = N_("Nothing tells whether this is an import (N) or an export (X).")
            self.errors.append(FieldError("direction", "required", says))
        elif "customs_number" in self.stood or "regime" in self.stood:
            stood = self.stood.get("customs_number") or self.stood["regime"]
            self.restored.append(Restored("direction", stood.cell, "", told, _TOLD_SAYS))
        return told

    def _line(self, fields: _Fields, at: int, currency: str | None) -> dict[str, Any]:
        path = f"lines.{at}"
        quantity = self._units(fields, "LUONG", f"{path}.quantity", 3)
        unit = self.said(fields, "MA_DVT", f"{path}.unit")
        line: dict[str, Any] = {
            "hs_code": self.said(fields, "MA_HANGKB", f"{path}.hs_code"),
            "description": self.said(fields, "TEN_HANG", f"{path}.description"),
            "origin": self.said(fields, "NUOC_XX", f"{path}.origin"),
            "quantity": None if quantity is None else quantity_of(quantity),
            "unit": unit,
        }
        times = _IN_KILOGRAMS.get(unit or "")
        if quantity is not None and times:
            line["net_mass_g"] = quantity * times
            self.stood[f"{path}.net_mass_g"] = self.stood[f"{path}.quantity"]
            self._tell(f"{path}.net_mass_g", _NET_SAYS)
        minor = None
        if currency:
            places = MINOR_UNITS.get(currency.upper(), 0)
            minor = self._units(fields, "TRIGIA_KB", f"{path}.value.minor", places)
        elif "TGKB_VND" in fields.elements:
            currency, minor = "VND", self._units(fields, "TGKB_VND", f"{path}.value.minor", 0)
        if minor is not None:
            line["value"] = {"minor": minor, "currency": currency}
        return line

    def _tell(self, path: str, why: str) -> None:
        stood = self.stood[path]
        self.restored.append(Restored(path, stood.cell, stood.text, stood.text, why))

    def _units(self, fields: _Fields, name: str, path: str, places: int) -> int | None:
        text = self.said(fields, name, path)
        if text is None:
            return None
        try:
            if _EXACT.fullmatch(text) and len(text) < 24:
                text = format(Decimal(text), "f")
                whole, _, rest = text.partition(".")
                text = f"{whole}.{rest.rstrip('0')}0" if rest.strip("0") else whole
            return read_units(text, places)
        except WrongNumber as fault:
            self.errors.append(fault.at(path))
            return None
