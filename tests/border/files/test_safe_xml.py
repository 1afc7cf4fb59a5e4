"""XML from outside: nothing that grows, loads or nests without end is read."""

import pytest

from border.files import safe_xml
from border.files.fault import Unreadable
from border.files.safe_xml import DEEPEST, tree_of

LAUGHS = (
    '<!DOCTYPE a [<!ENTITY x "ha">'
    + "".join(f'<!ENTITY x{n} "{f"&x{n - 1 or str()};" * 10}">' for n in range(1, 10))
    + "]><a>&x9;</a>"
)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (LAUGHS, "document_type", 1),
        ('<?xml version="1.0"?>\n<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "document_type", 2),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "document_type", 1),
        ('<!DOCTYPE a [<!ENTITY % b SYSTEM "http://x/"> %b;]><a/>', "document_type", 1),
        ("<a>" * (DEEPEST + 1) + "</a>" * (DEEPEST + 1), "too_deep", 1),
        ("<a>\n" * 100_000, "too_deep", 257),
        ("<a>\n<b>\n</a>", "not_xml", 3),
        ("<a>&b;</a>", "not_xml", 1),
        ("", "not_xml", 1),
        ('<?xml version="1.0" encoding="nosuch"?><a/>', "not_xml", 1),
    ],
)
def test_what_could_do_harm_is_refused_with_its_line(text: str, code: str, line: int) -> None:
    with pytest.raises(Unreadable) as refused:
        tree_of(text.encode())
    assert (refused.value.problem.error.code, refused.value.problem.line) == (code, line)


def test_what_is_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_xml, "MOST_ELEMENTS", 3)
    monkeypatch.setattr(safe_xml, "MOST_XML_BYTES", 40)
    assert tree_of(b"<a><b/><b/></a>").tag == "a"
    for raw in (b"<a><b/><b/><b/></a>", b"<a>" + b" " * 40 + b"</a>"):
        with pytest.raises(Unreadable):
            tree_of(raw)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1258"])
def test_plain_xml_is_read_in_its_encoding(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><a>đêm ô tô</a>'
    assert tree_of(text.encode(encoding)).text == "đêm ô tô"
