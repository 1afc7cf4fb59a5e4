"""Declarations out of WCO Data Model 3.6 XML; the document is kept whole beside what is read. Pure.

A document for another country's customs is read for what holds everywhere: of its commodity code
the six digits of the Harmonized System, no procedure, no currency that is not taken here. Whatever
is not read stays in the document, and is told.
"""

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from border.core.money import MINOR_UNITS
from border.core.refusal import FieldError
from border.core.words import N_
from border.files.fault import Unreadable, wrong
from border.files.safe_xml import Element
from border.identifiers import IdentifierError, container_number, customs_number, tax_code
from border.reference.catalogue import COUNTRIES, REGIMES
from customs.checking import ACCEPTED_CURRENCIES
from customs.intake import wco_parts as parts
from customs.intake.drafted import drafted
from customs.intake.row import FilePlace, KeptOfFile, Restored, SourceRow
from customs.intake.wco_parts import WcoText
from customs.intake.wco_schema import all_at, faults, first_at, local, tag
from customs.nomenclature import nomenclature

FORMAT = "wco"
_EORI = re.compile(r"([A-Z]{2})[0-9A-Z]{4,15}")
"""source: Implementing Regulation (EU) 2015/2447, annex 12-01: a country, then its own number."""
_ELSEWHERE_SAYS = N_("Kept as it stands: it follows the rules of the country it was written for.")
_SIX_SAYS = N_("Six digits hold in every country; the others are kept as they stand.")
_HS = 6
_GRAMS = 3


def read_wco(root: Element, gate: str) -> Iterator[SourceRow]:
    """Yield the declarations of a document; each keeps the document with no other in it.

    refuses: Unreadable, where there is none.
    """
    declarations = list(root.iter(tag("Declaration")))
    if not declarations:
        says = N_("There is no declaration of the WCO Data Model 3.6 in the file.")
        raise Unreadable(wrong(1, "line", "no_declaration", says))
    for at, declaration in enumerate(declarations):
        document, own = root, declaration
        if len(declarations) > 1:
            document = deepcopy(root)
            every = list(document.iter(tag("Declaration")))
            own = every[at]
            for other in every:
                if other is not own:
                    other.getparent().remove(other)
        yield _declaration(document, own, gate, declaration.sourceline or 1)


def _declaration(document: Element, declaration: Element, gate: str, line: int) -> SourceRow:
    reading = WcoReading(declaration, authority_of(document))
    kept = KeptOfFile(FORMAT, etree.tostring(document, encoding="unicode"))
    found = faults(declaration)
    errors = [
        FieldError(f"document.{at}", "not_in_schema", _SCHEMA_SAYS, (("why", why),))
        for at, (_, why) in enumerate(found)
    ]
    reading.stood |= {f"document.{at}": one for at, (one, _) in enumerate(found)}
    tree = reading.tree(gate)
    key = tree.get("customs_number") or reading.text("FunctionalReferenceID") or ""
    if (reading.text("FunctionCode") or "9") == "13":
        says = N_(
            "This is a change or a cancellation of a declaration, not one. Change the declaration "
            "on its own page."
        )
        errors.append(FieldError("function", "not_a_declaration", says))
        reading.note("function", "FunctionCode")
    elif "direction" not in tree:
        says = N_("The type {given} is neither an import, an export nor a transit.")
        facts = (("given", reading.text("TypeCode") or "–"),)
        errors.append(FieldError("direction", "unknown_direction", says, facts))
        reading.note("direction", "TypeCode")
    draft, misfits = drafted(tree)
    return SourceRow(
        line,
        str(key),
        draft,
        (*errors, *reading.errors, *(one for one in misfits if draft is not None)),
        WcoPlaces(reading.stood),
        tuple(reading.restored),
        tuple(reading.unread),
        kept,
    )


_SCHEMA_SAYS = N_("The schema of the WCO Data Model 3.6 does not allow this: {why}")


def authority_of(document: Element) -> str:
    """Return the country whose customs a document was written for; ours where it does not say."""
    for element in document:
        if local(element) == "ResponsibleCountryCode":
            return (element.text or "").strip() or parts.OURS
    return parts.OURS


@dataclass
class WcoReading:
    """A declaration being read: what is found, where it stood, and what is left as it stands."""

    declaration: Element
    country: str
    stood: dict[str, FilePlace | Element] = field(default_factory=dict)
    errors: list[FieldError] = field(default_factory=list)
    restored: list[Restored] = field(default_factory=list)
    unread: list[Restored] = field(default_factory=list)

    @property
    def is_ours(self) -> bool:
        """Whether the document was written for the customs of this country."""
        return self.country == parts.OURS

    def text(self, path: str, within: Element | None = None) -> str | None:
        """Return the text at a path, None where there is none."""
        found = first_at(self.declaration if within is None else within, path)
        return _said(found)

    def note(self, name: str, path: str, within: Element | None = None) -> None:
        """Note where a field of ours stands."""
        found = first_at(self.declaration if within is None else within, path)
        if found is not None:
            self.stood[name] = found

    def place(self, name: str) -> FilePlace:
        """Return where a field of ours stands."""
        return WcoPlaces(self.stood)[name]

    def leave(self, name: str) -> None:
        """Tell of a value that stays in the document and is not read."""
        stood = self.place(name)
        self.unread.append(Restored(name, stood.cell, stood.text, "", _ELSEWHERE_SAYS))

    def tree(self, gate: str) -> dict[str, Any]:
        """Return the declaration as a tree of fields."""
        tree: dict[str, Any] = {"gate": gate}
        direction = parts.TYPES.get((self.text("TypeCode") or "")[:2])
        if direction:
            tree["direction"] = direction
            self.note("direction", "TypeCode")
        for part in parts.OF_DECLARATION:
            self._put(tree, part, direction)
        self._see_to_parties(tree)
        items = all_at(self.declaration, parts.ITEMS)
        tree["lines"] = [self._line(item, at) for at, item in enumerate(items)]
        tree["regime"] = self._regime(items)
        tree["containers"] = self._containers()
        if self.is_ours:
            tree["handling"] = statement(self.declaration, parts.HANDLING) or []
            papers = statement(self.declaration, parts.CERTIFICATES)
            tree["certificates"] = papers or _certificates(self.declaration)
            if plain := statement(self.declaration, parts.DECLARANT):
                tree["declarant"] = plain
        return tree

    def _put(self, tree: dict[str, Any], part: WcoText, direction: str | None) -> None:
        if part.only_ours and not self.is_ours:
            return None
        value = self._whole(self.declaration, part, part.field)
        if value is None:
            return None
        if part.field == "customs_number" and not self.is_ours:
            try:
                value = customs_number(value, direction or "")
            except IdentifierError:
                return self.leave(part.field)
        owner, _, name = part.field.rpartition(".")
        place = tree.setdefault(owner, {}) if owner else tree
        place[name] = value
        return None

    def _whole(self, within: Element, part: WcoText, name: str) -> str | None:
        """Return a text whole, from its statement where its element has no room for it."""
        self.note(name, part.path, within)
        if self.is_ours and all_at(within, "AdditionalInformation"):
            longer = statement(within, part.statement)
            if isinstance(longer, str):
                return longer
        return self.text(part.path, within)

    def _see_to_parties(self, tree: dict[str, Any]) -> None:
        for party, path in parts.INSTEAD.items():
            if party not in tree and (there := first_at(self.declaration, path)) is not None:
                read = {
                    "name": self.text("Name", there),
                    "tax_code": self.text("ID", there),
                    "country": self.text("Address/CountryCode", there),
                }
                self.stood[party] = there
                tree[party] = {name: value for name, value in read.items() if value}
        for name in ("declarant", "exporter", "importer"):
            if name in tree and not self.is_ours:
                self._foreign(tree[name], name)

    def _foreign(self, party: dict[str, str], name: str) -> None:
        """See to a party of another country's document: its number tells its country."""
        code = party.get("tax_code", "")
        eori = _EORI.fullmatch(code)
        if "country" not in party and eori and eori[1] in COUNTRIES:
            party["country"] = eori[1]
        if code:
            try:
                tax_code(code, party.get("country", ""))
            except IdentifierError:
                del party["tax_code"]
                self.stood.setdefault(f"{name}.tax_code", FilePlace(name, code))
                self.leave(f"{name}.tax_code")

    def _regime(self, items: list[Element]) -> str | None:
        for item in items[:1]:
            code = self.text(parts.PROCEDURE, item)
            self.note("regime", parts.PROCEDURE, item)
            if code and (self.is_ours or code in REGIMES):
                return code
            if code:
                self.leave("regime")
        return None

    def _containers(self) -> list[str]:
        found: list[str] = []
        for element in all_at(self.declaration, parts.CONTAINERS):
            number = self.text("ID", element)
            if number is None:
                continue
            name = f"containers.{len(found)}"
            self.note(name, "ID", element)
            try:
                found.append(number if self.is_ours else container_number(number))
            except IdentifierError:
                self.leave(name)
        return found

    def _line(self, item: Element, at: int) -> dict[str, Any]:
        line: dict[str, Any] = {}
        for part in parts.OF_GOODS:
            line[part.field] = self._whole(item, part, f"lines.{at}.{part.field}")
        if not self.is_ours and line["hs_code"]:
            line["hs_code"] = self._six_digits(line["hs_code"], f"lines.{at}.hs_code")
        for name, path in parts.MASSES:
            line[name] = self._units(item, path, f"lines.{at}.{name}", _GRAMS)
        quantity = self._amount(item, parts.QUANTITY, f"lines.{at}.quantity")
        found = first_at(item, parts.QUANTITY)
        unit = found.get("unitCode") if found is not None else None
        line["quantity"], line["unit"] = (quantity if unit or self.is_ours else None), unit
        line["value"] = self._value(item, f"lines.{at}.value")
        return line

    def _six_digits(self, code: str, name: str) -> str | None:
        known = nomenclature().find(code[:_HS])
        if known is None or not known.declarable:
            self.leave(name)
            return None
        if len(code) > _HS:
            stood = self.place(name)
            self.restored.append(Restored(name, stood.cell, code, code[:_HS], _SIX_SAYS))
        return code[:_HS]

    def _value(self, item: Element, name: str) -> dict[str, Any] | None:
        for path in (parts.VALUE, parts.STATISTICAL_VALUE):
            found = first_at(item, path)
            if found is None:
                continue
            currency = found.get("currencyID") or ""
            if currency in ACCEPTED_CURRENCIES:
                minor = self._units(item, path, f"{name}.minor", MINOR_UNITS[currency])
                return None if minor is None else {"minor": minor, "currency": currency}
            self.note(name, path, item)
            self.stood[name] = FilePlace(self.place(name).cell, f"{found.text} {currency}")
            self.leave(name)
        return None

    def _amount(self, item: Element, path: str, name: str) -> Decimal | None:
        """Return a number, exact as it stands."""
        text = self.text(path, item)
        self.note(name, path, item)
        if text is None:
            return None
        try:
            return Decimal(text)
        except InvalidOperation:
            says = N_("{given} is no number that fits here.")
            self.errors.append(FieldError(name, "not_a_number", says, (("given", text),)))
            return None

    def _units(self, item: Element, path: str, name: str, places: int) -> int | None:
        amount = self._amount(item, path, name)
        if amount is None:
            return None
        scaled = amount.scaleb(places)
        if scaled != scaled.to_integral_value():
            says = N_("At most {places} decimals are possible here.")
            facts = (("places", str(places)),)
            self.errors.append(FieldError(name, "too_many_decimals", says, facts))
            return None
        return int(scaled)


class WcoPlaces(Mapping[str, FilePlace]):
    """Where fields stand. A path is told when somebody asks for it: most are never asked for."""

    def __init__(self, stood: Mapping[str, FilePlace | Element]) -> None:
        self._stood = stood

    def __getitem__(self, name: str) -> FilePlace:
        found = self._stood[name]
        return found if isinstance(found, FilePlace) else _place(found)

    def __contains__(self, name: object) -> bool:
        return name in self._stood

    def __iter__(self) -> Iterator[str]:
        return iter(self._stood)

    def __len__(self) -> int:
        return len(self._stood)


def _said(element: Element | None) -> str | None:
    """Return the text of an element, its comments left out; None where there is none."""
    if element is None:
        return None
    text = "".join([element.text or "", *(child.tail or "" for child in element)]).strip()
    return text or None


def _place(element: Element) -> FilePlace:
    names = [local(one) for one in (element, *element.iterancestors()) if local(one)]
    below = names[: names.index("Declaration") + 1] if "Declaration" in names else names
    item = next((one for one in element.iterancestors() if local(one) == parts.ITEM), None)
    path = "/".join(reversed(below))
    if item is not None:
        at = all_at(item.getparent(), parts.ITEM).index(item) + 1
        path = path.replace(f"{parts.ITEM}/", f"{parts.ITEM}[{at}]/")
    return FilePlace(path, _said(element) or "")


def statement(within: Element, code: str) -> Any:
    """Return the JSON that the statements of a code make up; None where there is none."""
    pieces = [
        first_at(one, "StatementDescription")
        for one in all_at(within, "AdditionalInformation")
        if _said(first_at(one, "StatementCode")) == code
    ]
    try:
        return json.loads("".join(piece.text or "" for piece in pieces if piece is not None))
    except ValueError:
        return None


def _certificates(declaration: Element) -> list[dict[str, str] | str]:
    """Return the papers of a document of ours."""
    found: list[dict[str, str] | str] = []
    for one in all_at(declaration, "AdditionalDocument"):
        number, kind = _said(first_at(one, "ID")), _said(first_at(one, "TypeCode"))
        if number:
            found.append({"number": number, "kind": kind} if kind else number)
    return found
