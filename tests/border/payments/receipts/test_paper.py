"""The receipt on paper: all of it is there and readable, and an old version stays as it was."""

import importlib.util
import pickle
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageChops

from border.paper.fonts import FontSet
from border.paper.press import Press
from border.payments.receipts.paper import draw_paper
from border.payments.receipts.receipt import ND123_2020, ND254_2026
from border.payments.receipts.renderers import CURRENT, RENDERERS, draw

_SPEC = importlib.util.spec_from_file_location("papers", Path(__file__).with_name("papers.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
papers = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(papers)
PAPERS = papers.PAPERS
GOLDEN = Path(__file__).with_name("golden")


@pytest.fixture(scope="module")
def drawn(fonts: FontSet) -> dict[str, bytes]:
    """Every paper, drawn once."""
    return {name: RENDERERS[p.row.renderer].draw(p, fonts) for name, p in PAPERS.items()}


def text_of(pdf: bytes) -> str:
    """Return what a PDF says, page after page."""
    pages = pypdfium2.PdfDocument(pdf)
    said = [page.get_textpage().get_text_bounded() for page in pages]
    return "\n".join(said).replace("\r\n", "\n")


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def pictures(pdf: bytes, dpi: int = 150) -> list[Image.Image]:
    """Return the pages as an ordinary printer would show them."""
    return [page.render(scale=dpi / 72).to_pil() for page in pypdfium2.PdfDocument(pdf)]


def test_it_says_all_that_the_law_asks_for(drawn) -> None:
    said = text_of(drawn["ordinary"])
    for words in (
        "BIÊN LAI THU PHÍ, LỆ PHÍ",
        "Mẫu số: 01BLP0-001",
        "Ký hiệu: LC-26E",
        "Số: 0000017",
        "Ngày 23 tháng 11 năm 2026",
        "Ban Quản lý Khu kinh tế",
        "0100000011",
        "Công ty mẫu Xuất nhập khẩu Đỏ Hồng",
        "0012345672",
        "24C-123.45",
        "800.000 VND",
        "Bằng chữ: Tám trăm nghìn đồng.",
        "Chuyển khoản (VNPAY)",
        "14228763",
        "11:57:42 23/11/2026",
        "7K3M-2Q2X-A9TB",
        "https://gate.example.vn/receipts",
        "Đã ký điện tử",
        "1F2E3D4C5B6A7988",
    ):
        assert squeezed(words) in squeezed(said), words


def test_each_charge_stands_with_its_reason_line_by_line(drawn) -> None:
    said = squeezed(text_of(drawn["ordinary"]))
    for reason in papers.REASONS:
        assert squeezed(reason.text) in said.replace("800.000", "")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ordinary", "MÔ PHỎNG – KHÔNG CÓ GIÁ TRỊ PHÁP LÝ"),
        ("adjustment", "BIÊN LAI ĐIỀU CHỈNH"),
        ("adjustment", "Điều chỉnh cho biên lai LC-26E số 0000017 ngày 23/11/2026"),
        ("adjustment", "−300.000 VND"),
        ("adjustment", "Âm ba trăm nghìn đồng"),
        ("adjustment", "负叁拾万越南盾整"),
        ("adjustment", "Tiền mặt (Quầy thu)"),
        ("replacement", "BIÊN LAI THAY THẾ"),
        ("replacement", "Lý do: Sai mã số thuế của người nộp"),
        ("replacement", "In words: Eight hundred thousand dong"),
        ("replaced", "ĐÃ BỊ THAY THẾ"),
        ("replaced", "Đã bị thay thế bởi biên lai LC-26E số 0000019"),
        ("forged", "CHỮ KÝ KHÔNG HỢP LỆ"),
    ],
)
def test_marks(drawn, name: str, words: str) -> None:
    assert squeezed(words) in squeezed(text_of(drawn[name]))


@pytest.mark.parametrize("name", ["old", "replacement"])
def test_only_a_demonstration_says_that_it_is_one(drawn, name: str) -> None:
    assert "MÔ PHỎNG" not in text_of(drawn[name])


def test_a_forged_receipt_does_not_say_that_it_is_signed(drawn) -> None:
    assert "Đã ký" not in text_of(drawn["forged"])


@pytest.mark.parametrize("name", PAPERS)
def test_the_code_is_read_at_150_dots_an_inch(drawn, name: str) -> None:
    found = [
        code.text
        for page in pictures(drawn[name])
        for code in zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormat.QRCode)
    ]
    assert found == [PAPERS[name].row.qr_payload]


@pytest.mark.parametrize("name", PAPERS)
def test_nothing_runs_over_the_margins(drawn, name: str) -> None:
    for page in pictures(drawn[name]):
        grey = page.convert("L").point(lambda tone: 255 if tone > 200 else 0)
        box = ImageChops.invert(grey).getbbox()
        assert box is not None
        margin = 9 * 150 / 25.4
        assert box[0] > margin - 8
        assert box[2] < page.width - margin + 2
        assert box[3] < page.height


def test_a_long_name_is_written_out(drawn) -> None:
    said = squeezed(text_of(drawn["crowded"]))
    assert said.count(squeezed(papers.LONG_NAME)) == 2
    assert "X" * 64 in said
    assert "…" not in said
    assert "□" not in said


def test_what_is_long_goes_on_to_numbered_pages(drawn) -> None:
    pages = pictures(drawn["crowded"])
    said = text_of(drawn["crowded"])
    assert len(pages) > 2
    for number in range(1, len(pages) + 1):
        assert f"Trang {number}/{len(pages)}" in said
    assert said.count("Số: 0000017") == len(pages)


def test_a_payer_is_named_as_the_firm_writes_its_name(fonts: FontSet) -> None:
    paper = replace(papers.PAPER, row=papers.row(payer_name="香港貿易有限公司"))
    assert "香港貿易有限公司" in text_of(RENDERERS[ND254_2026].draw(paper, fonts))


def test_letters_that_no_face_has_are_shown_as_missing(fonts: FontSet) -> None:
    paper = replace(papers.PAPER, row=papers.row(payer_name="Công ty \U0001f69a\u200b mẫu"))
    assert "Công ty □ mẫu" in text_of(RENDERERS[ND254_2026].draw(paper, fonts))


@pytest.mark.parametrize("name", ["ordinary", "old"])
def test_a_version_draws_as_it_always_did(drawn, name: str) -> None:
    """The golden file was written when the version was first used; it is not written again."""
    kept = GOLDEN / f"{PAPERS[name].row.renderer}.txt"
    assert text_of(drawn[name]) == kept.read_text(encoding="utf-8")


def test_each_version_names_its_own_decree(drawn) -> None:
    assert "Nghị định 123/2020/NĐ-CP" in text_of(drawn["old"])
    assert "Nghị định 254/2026/NĐ-CP" in text_of(drawn["ordinary"])
    assert "254/2026" not in text_of(drawn["old"])


def test_every_law_has_a_version_that_draws_it() -> None:
    assert set(CURRENT) == {ND123_2020, ND254_2026}
    for law, version in CURRENT.items():
        assert RENDERERS[version].law == law


def test_the_same_paper_gives_the_same_bytes_in_every_thread(fonts: FontSet, drawn) -> None:
    names = list(PAPERS) * 3
    with ThreadPoolExecutor(4) as threads:
        again = threads.map(
            lambda name: RENDERERS[PAPERS[name].row.renderer].draw(PAPERS[name], fonts), names
        )
        assert [drawn[name] for name in names] == list(again)


async def test_it_is_drawn_beside_the_program_with_the_same_bytes(fonts: FontSet, drawn) -> None:
    press = Press(1)
    try:
        for name in ("ordinary", "adjustment", "replacement"):
            assert await draw(PAPERS[name], fonts, press) == drawn[name]
    finally:
        press.close()


def test_what_a_drawing_is_given_needs_neither_tables_nor_gateways() -> None:
    """A process that draws is as small as it can be: it reads in what its work names."""
    told = (
        "import sys, pickle; pickle.load(sys.stdin.buffer);"
        "print(sorted({n.partition('.')[0] for n, there in sys.modules.items() if there}))"
    )
    given = pickle.dumps((draw_paper, papers.ADJUSTMENT.printed()))
    read_in = subprocess.run(
        [sys.executable, "-c", told], input=given, stdout=subprocess.PIPE, check=True
    ).stdout.decode()
    assert "'border'" in read_in
    for heavy in (
        "sqlalchemy",
        "sqlmodel",
        "pydantic",
        "httpx",
        "cryptography",
        "fontTools",
        "api",
    ):
        assert f"'{heavy}'" not in read_in
