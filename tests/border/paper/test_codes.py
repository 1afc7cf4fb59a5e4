"""The picture of a payment code: whatever it is painted on, a reader sees the same text."""

import re
import xml.etree.ElementTree as ElementTree

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageDraw

from border.paper.codes import qr_svg
from border.paper.fonts import FontSet
from border.paper.sheet import MM, Sheet
from border.payments.gateways.emv_qr import TransferCode

PAYLOADS = {
    "shortest": TransferCode("970403", "1").payload(),
    "usual": TransferCode(
        "970436", "1017595600", 2_000_000, "LC00000012320", "NOP PHI LC00000012320", dynamic=True
    ).payload(),
    "longest": TransferCode("970403", "9" * 19, 10**13 - 1, "b" * 25, "p" * 25).payload(),
}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(params=PAYLOADS)
def payload(request: pytest.FixtureRequest) -> str:
    return PAYLOADS[request.param]


def texts_in(picture: Image.Image) -> list[str]:
    return [
        found.text
        for found in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
    ]


def painted(svg: str, module: int) -> Image.Image:
    """Paint one of our own SVG codes, `module` pixels to the module."""
    root = ElementTree.fromstring(svg)
    _, _, width, height = (int(n) for n in root.attrib["viewBox"].split())
    picture = Image.new("L", (width * module, height * module), 128)
    painting = ImageDraw.Draw(picture)
    for path in root.findall(f"{SVG}path"):
        grey = 255 if path.attrib.get("fill") == "#fff" else 0
        for x, y, w, h in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+z", path.attrib["d"]):
            left, top = int(x) * module, int(y) * module
            box = (left, top, left + int(w) * module - 1, top + int(h) * module - 1)
            painting.rectangle(box, fill=grey)
    return picture


@pytest.mark.parametrize("module", [2, 3, 8])
def test_the_code_on_a_page_reads_back(payload: str, module: int) -> None:
    assert texts_in(painted(qr_svg(payload, "Mã"), module)) == [payload]


@pytest.mark.parametrize("dpi", [150, 300])
@pytest.mark.parametrize("side_mm", [30, 80])
def test_the_code_on_paper_reads_back(payload: str, side_mm: int, dpi: int, fonts: FontSet) -> None:
    sheet = Sheet(fonts, "vi", "A code", size="A5", unit=MM)
    sheet.qr(5, 10, side_mm, payload)
    pdf = sheet.finish()

    picture = pypdfium2.PdfDocument(pdf)[0].render(scale=dpi / 72).to_pil()

    assert texts_in(picture) == [payload]
    dark = picture.convert("L").point(lambda value: 255 * (value < 128)).getbbox()
    assert dark is not None
    left, top, right, bottom = (length * 25.4 / dpi for length in dark)
    quiet = side_mm * 4 / (21 + 8 + 60)
    assert left > 5 + quiet
    assert right < 5 + side_mm - quiet
    assert top > 10 + quiet
    assert bottom < 10 + side_mm - quiet


def test_a_code_on_a_page_is_named_for_who_cannot_see_it_and_asks_nothing_of_the_policy() -> None:
    svg = qr_svg(PAYLOADS["usual"], """Mã <b> & "QR" 'x'""")
    root = ElementTree.fromstring(svg)

    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == """Mã <b> & "QR" 'x'"""
    assert root[0].tag == f"{SVG}title"
    assert root[0].text == """Mã <b> & "QR" 'x'"""
    assert {element.tag for element in root.iter()} == {
        f"{SVG}{t}" for t in ("svg", "title", "path")
    }
    named = {name for element in root.iter() for name in element.attrib}
    assert named == {"viewBox", "role", "aria-label", "shape-rendering", "fill", "d"}
    assert "width" not in root.attrib


def test_the_same_code_is_the_same_picture() -> None:
    assert qr_svg(PAYLOADS["usual"], "x") == qr_svg(PAYLOADS["usual"], "x")
    assert qr_svg(PAYLOADS["usual"], "x") != qr_svg(PAYLOADS["longest"], "x")
