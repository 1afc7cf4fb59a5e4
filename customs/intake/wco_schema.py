"""The XML of the WCO Data Model 3.6: its schema, and the order in which elements stand.

The schema is that of the customs service of the United Kingdom, which makes the model's
`Declaration` concrete (`border/reference/wco`). It is held against the `Declaration` alone: the
envelope around it differs from country to country.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from lxml import etree

from border.files.safe_xml import Element
from border.reference.catalogue import DATA

NAMESPACE = "urn:wco:datamodel:WCO:DEC-DMS:2"
ENVELOPE = "urn:wco:datamodel:WCO:DocumentMetaData-DMS:2"
_FILE = DATA.parent / "wco" / "WCO_DEC_2_DMS.xsd"
_XS = "{http://www.w3.org/2001/XMLSchema}"


@cache
def _document() -> Any:
    return etree.parse(_FILE)


@cache
def schema() -> Any:
    """Return the schema; to read it in takes a tenth of a second, once."""
    return etree.XMLSchema(_document())


@cache
def _orders() -> Mapping[tuple[str, ...], Mapping[str, int]]:
    """Return the place of each child among its siblings, by the path of its parent."""
    found: dict[tuple[str, ...], Mapping[str, int]] = {}

    def walk(shape: Any, path: tuple[str, ...]) -> None:
        sequence = shape.find(f"{_XS}sequence")
        children = [] if sequence is None else list(sequence.iter(f"{_XS}element"))
        own = [one for one in children if one.getparent() is sequence]
        found[path] = {one.get("name"): at for at, one in enumerate(own)}
        for one in own:
            inner = one.find(f"{_XS}complexType")
            if inner is not None:
                walk(inner, (*path, one.get("name")))

    walk(_document().getroot().find(f"{_XS}complexType[@name='Declaration']"), ())
    return found


def local(element: Element) -> str:
    """Return the name of an element without its namespace; nothing for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def tag(name: str) -> str:
    """Return the name of an element of a declaration with its namespace."""
    return f"{{{NAMESPACE}}}{name}"


def all_at(element: Element, path: str) -> list[Element]:
    """Return the elements at a path of names below an element."""
    return list(element.findall(_tags(path)))


def first_at(element: Element, path: str) -> Element | None:
    """Return the first element at a path of names, if there is one."""
    return element.find(_tags(path))


@cache
def _tags(path: str) -> str:
    return "/".join(map(tag, path.split("/")))


def made_at(element: Element, path: str) -> Element:
    """Return the first element at a path, made where it is not there, each in its order."""
    for name in path.split("/"):
        there = first_at(element, name)
        element = there if there is not None else added(element, name)
    return element


def added(parent: Element, name: str) -> Element:
    """Return a new child of an element, put where the schema wants it: behind all of its name."""
    order = _orders()[_path_of(parent)]
    at = len(parent)
    while at and order.get(local(parent[at - 1]), -1) > order[name]:
        at -= 1
    child = etree.Element(tag(name), nsmap={None: NAMESPACE})
    parent.insert(at, child)
    return child


def _path_of(element: Element) -> tuple[str, ...]:
    names = [local(element), *(local(above) for above in element.iterancestors())]
    return tuple(reversed(names[: names.index("Declaration")]))


def faults(declaration: Element) -> Sequence[tuple[Element, str]]:
    """Return what the schema does not allow: which element, and why."""
    checked = schema()
    if checked.validate(declaration):
        return ()
    return [
        (_element(declaration, one.path or ""), one.message.replace(f"{{{NAMESPACE}}}", ""))
        for one in checked.error_log
    ]


def _element(declaration: Element, path: str) -> Element:
    """Return the element that the schema's path names; it begins at the declaration."""
    return next(iter(declaration.xpath(f".{path.removeprefix('/*')}")), declaration)
