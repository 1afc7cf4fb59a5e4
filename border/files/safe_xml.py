"""XML from outside: no document type, no entity of its own, nothing loaded, nothing deep.

What stands before the first element is looked at by a parser that expands nothing, so that what
could grow is refused before it grows. What the elements mean is not looked at here.
"""

from contextlib import suppress
from typing import Any
from xml.parsers import expat

from lxml import etree

from border.core.words import N_
from border.files.fault import Unreadable, wrong

DEEPEST = 40
"""Levels of elements. A declaration of the WCO has less than half of it."""
MOST_ELEMENTS = 1_000_000
MOST_XML_BYTES = 64 * 1024 * 1024
_PIECE = 4096

Element = Any
"""An element of a tree; lxml says no types."""


def tree_of(raw: bytes) -> Element:
    """Return the root of a document.

    refuses: Unreadable, with the line: a document type, too deep, too many elements, too large.
    """
    if len(raw) > MOST_XML_BYTES:
        says = N_("The file is larger than {most} bytes. Send it in parts.")
        raise Unreadable(wrong(1, "line", "too_large", says, most=MOST_XML_BYTES))
    root_name(raw)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_pis=True
    )
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        if "depth" in str(error.msg):
            raise _too_deep(error.lineno or 1) from error
        says = N_("From this line on the file is no XML: it may be cut off. Export it again.")
        raise Unreadable(wrong(error.lineno or 1, "line", "not_xml", says)) from error
    for deep in root.xpath("/*" * (DEEPEST + 1)):
        raise _too_deep(deep.sourceline or 1)
    if root.xpath("count(//*)") > MOST_ELEMENTS:
        says = N_("The file has more than {most} elements. Send it in parts.")
        raise Unreadable(wrong(1, "line", "too_many", says, most=MOST_ELEMENTS))
    return root


def _too_deep(line: int) -> Unreadable:
    says = N_("Elements stand in one another more than {most} deep here.")
    return Unreadable(wrong(line, "line", "too_deep", says, most=DEEPEST))


def root_name(begins: bytes) -> str:
    """Return the name of the first element of a document, by its beginning; nothing without one.

    refuses: Unreadable, for a document type, with its line.
    """
    parser, names = expat.ParserCreate(), list[str]()

    def doctype(*_: object) -> None:
        says = N_(
            "The file declares a document type, which could make it grow or load others. "
            "Remove the line with DOCTYPE."
        )
        line = parser.CurrentLineNumber
        raise Unreadable(wrong(line, "line", "document_type", says))

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = lambda name, _: names.append(name)
    # What is wrong behind the first element is found when all is read.
    with suppress(expat.ExpatError, LookupError, ValueError):
        for at in range(0, len(begins), _PIECE):
            parser.Parse(begins[at : at + _PIECE], False)
            if names:
                break
    return names[0].rpartition(":")[2] if names else ""
