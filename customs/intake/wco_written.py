"""A declaration as WCO Data Model 3.6 XML, with all that the file it came from said besides. Pure.

A declaration that came as WCO XML is written into its own document: only what has changed since is
written, everything else stays as it was sent.
"""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from lxml import etree

from border.core.money import MINOR_UNITS
from border.files.safe_xml import Element, tree_of
from border.vocabulary import Direction
from customs.draft import DraftDeclaration, GoodsLine
from customs.intake import wco_parts as parts
from customs.intake.drafted import drafted
from customs.intake.row import KeptOfFile
from customs.intake.wco import FORMAT, WcoReading, authority_of
from customs.intake.wco_parts import WcoText
from customs.intake.wco_schema import (
    ENVELOPE,
    NAMESPACE,
    added,
    all_at,
    first_at,
    made_at,
    tag,
)

_TYPE = {"import": "IMA", "export": "EXA", "transit": "TRA"}
_NONE = DraftDeclaration(direction=Direction.EXPORT, gate="-")
_NO_LINE = GoodsLine()


def write_wco(draft: DraftDeclaration, reference: str, kept: KeptOfFile | None = None) -> bytes:
    """Return the document of a declaration in UTF-8; what a file said besides is given back."""
    if kept is not None and kept.format == FORMAT:
        document = tree_of(kept.document.encode())
        declaration = next(document.iter(tag("Declaration")))
        before = _before(declaration, authority_of(document), draft.gate)
    else:
        document, declaration = _envelope()
        before = _NONE
        _put(declaration, "FunctionCode", "9")
        _put(declaration, "FunctionalReferenceID", reference)
    if before != draft:
        _write(declaration, before, draft)
    if kept is not None and kept.format != FORMAT:
        _give_back(declaration, kept)
    written: bytes = etree.tostring(document, xml_declaration=True, encoding="UTF-8")
    return written


def _before(declaration: Element, country: str, gate: str) -> DraftDeclaration:
    """Return what the document says, to find out what has changed since."""
    draft, _ = drafted(WcoReading(declaration, country).tree(gate))
    return draft or _NONE


def _envelope() -> tuple[Element, Element]:
    document = etree.Element(f"{{{ENVELOPE}}}MetaData", nsmap={"md": ENVELOPE, None: NAMESPACE})
    for name, text in (
        ("WCODataModelVersionCode", "3.6"),
        ("WCOTypeName", "DEC"),
        ("ResponsibleCountryCode", parts.OURS),
        ("ResponsibleAgencyName", "Lao Cai border gate"),
    ):
        etree.SubElement(document, f"{{{ENVELOPE}}}{name}").text = text
    return document, etree.SubElement(document, tag("Declaration"))


def _write(declaration: Element, before: DraftDeclaration, draft: DraftDeclaration) -> None:
    """Write what differs."""
    if before.direction != draft.direction or first_at(declaration, "TypeCode") is None:
        _put(declaration, "TypeCode", _TYPE[draft.direction])
    was, now = before.model_dump(), draft.model_dump()
    plain = isinstance(now["declarant"], str)
    if was["declarant"] != now["declarant"]:
        _state(declaration, parts.DECLARANT, now["declarant"] if plain else None)
    for part in parts.OF_DECLARATION:
        value = None if plain and part.field.startswith("declarant") else _at(now, part.field)
        if value != _at(was, part.field):
            _put_text(declaration, part, value)
    for name in (parts.HANDLING, parts.CERTIFICATES):
        if was[name.lower()] != now[name.lower()]:
            _state(declaration, name, draft.model_dump(mode="json")[name.lower()] or None)
    if before.containers != draft.containers:
        _put_containers(declaration, draft.containers)
    _put_lines(declaration, before, draft)


def _put_lines(declaration: Element, before: DraftDeclaration, draft: DraftDeclaration) -> None:
    items = all_at(declaration, parts.ITEMS)
    for gone in items[len(draft.lines) :]:
        gone.getparent().remove(gone)
    for at, line in enumerate(draft.lines):
        is_new = at >= len(items)
        if is_new:
            item = added(made_at(declaration, "GoodsShipment"), parts.ITEM)
            _put(item, "SequenceNumeric", str(at + 1))
        else:
            item = items[at]
        was = _NO_LINE if is_new or at >= len(before.lines) else before.lines[at]
        _write_line(item, was, line)
        if (is_new or before.regime != draft.regime) and (draft.regime or not is_new):
            _put(item, parts.PROCEDURE, draft.regime)
    if len(items) != len(draft.lines) or first_at(declaration, "GoodsItemQuantity") is None:
        _put(declaration, "GoodsItemQuantity", str(len(draft.lines)))


def _write_line(item: Element, was: GoodsLine, line: GoodsLine) -> None:
    for part in parts.OF_GOODS:
        value = getattr(line, part.field)
        if value != getattr(was, part.field):
            _put_text(item, part, value)
    for name, path in parts.MASSES:
        grams = getattr(line, name)
        if grams != getattr(was, name):
            _put(item, path, None if grams is None else _plain(Decimal(grams).scaleb(-3)))
    if (was.quantity, was.unit) != (line.quantity, line.unit):
        quantity = None if line.quantity is None else _plain(line.quantity)
        _put(item, parts.QUANTITY, quantity, unitCode=line.unit)
    if was.value != line.value:
        value = line.value
        if value is None:
            _put(item, parts.VALUE, None)
        else:
            amount = Decimal(value.minor).scaleb(-MINOR_UNITS.get(value.currency, 0))
            _put(item, parts.VALUE, _plain(amount), currencyID=value.currency)


def _put_containers(declaration: Element, numbers: Iterable[str]) -> None:
    there = all_at(declaration, parts.CONTAINERS)
    kept = {(one.findtext(tag("ID")) or "").strip(): one for one in there}
    wanted = list(numbers)
    for number, one in kept.items():
        if number not in wanted:
            one.getparent().remove(one)
    path, _, name = parts.CONTAINERS.rpartition("/")
    for at, number in enumerate(wanted, 1):
        if number not in kept:
            element = added(made_at(declaration, path), name)
            _put(element, "SequenceNumeric", str(at))
            _put(element, "ID", number)


def _put_text(within: Element, part: WcoText, value: str | None) -> None:
    """Write a text of ours; what its element has no room for stands whole in a statement."""
    shown = None if value is None else " ".join(value.split())[: part.length].strip() or None
    _put(within, part.path, shown)
    _state(within, part.statement, None if value == shown else value)
    if part.field == "hs_code" and shown:
        _put(within, "Commodity/Classification/IdentificationTypeCode", "TSP")


def _put(within: Element, path: str, text: str | None, **attributes: str | None) -> None:
    """Write a text at a path, or take its element away."""
    if text is None:
        there = first_at(within, path)
        if there is not None:
            there.getparent().remove(there)
        return
    element = made_at(within, path)
    for child in element:
        element.remove(child)
    element.text = text
    for name, value in attributes.items():
        if value:
            element.set(name, value)


def _state(within: Element, code: str, value: Any) -> None:
    """Say something, as JSON, in statements of a code; nothing where there is no value."""
    for one in all_at(within, "AdditionalInformation"):
        if (one.findtext(tag("StatementCode")) or "").strip() == code:
            within.remove(one)
    if value is None:
        return
    text, most = json.dumps(value, ensure_ascii=False), parts.LONGEST_STATEMENT
    for at in range(0, len(text), most):
        _statement(within, code, text[at : at + most])


def _statement(within: Element, code: str, text: str) -> None:
    one = added(within, "AdditionalInformation")
    _put(one, "StatementCode", code)
    _put(one, "StatementDescription", text)


def _give_back(declaration: Element, kept: KeptOfFile) -> None:
    """Write what a file of another format said besides: a statement for each of its fields."""
    items = all_at(declaration, parts.ITEMS)
    said: list[tuple[Element, Mapping[str, str]]] = [(declaration, kept.fields)]
    said += zip(items, kept.lines, strict=False)
    for within, fields in said:
        for name, text in fields.items():
            shown = " ".join(text.split())
            for at in range(0, len(shown), parts.LONGEST_STATEMENT):
                piece = shown[at : at + parts.LONGEST_STATEMENT]
                _statement(within, name[:17], piece)


def _plain(number: Decimal) -> str:
    """Return a number without an exponent or idle zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _at(tree: Mapping[str, Any], path: str) -> Any:
    owner, _, name = path.rpartition(".")
    place = tree.get(owner) if owner else tree
    return place.get(name) if isinstance(place, dict) else None
