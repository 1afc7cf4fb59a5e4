"""The file itself: a reader finds every object, and parts of typefaces are made once."""

import re
import zlib
from concurrent.futures import ThreadPoolExecutor

import pypdfium2
import pytest

from border.paper.fonts import FontSet
from border.paper.pdf import Pdf, said, stream
from border.paper.sheet import MM, Sheet
from border.paper.typeface import MOST, typeface


def page(fonts: FontSet, *lines: str, known: str = "") -> bytes:
    sheet = Sheet(fonts, "vi", "Tờ (1) \\ 口岸", size="A4", unit=MM, known=known)
    for place, line in enumerate(lines, 1):
        sheet.line(10, 10 * place, line, 9)
    return sheet.finish()


def text_of(pdf: bytes) -> str:
    return pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_bounded()


def hanzi(fonts: FontSet) -> str:
    """Return the Chinese characters that need no face of their block."""
    return "".join(
        chr(code) for code in sorted(typeface(fonts.chinese_regular).sets) if code > 0x4DFF
    )


def programs(pdf: bytes) -> int:
    """Return how many fonts are embedded."""
    return pdf.count(b"/Length1")


def test_the_table_says_where_each_object_stands(fonts: FontSet) -> None:
    pdf = page(fonts, "24C-123.45", "云G12345")

    start = int(re.findall(rb"startxref\n(\d+)\n%%EOF\n$", pdf)[0])
    assert pdf[start : start + 5] == b"xref\n"
    entries = re.findall(rb"(\d{10}) 00000 n \n", pdf[start:])
    for number, entry in enumerate(entries, 1):
        assert pdf[int(entry) :].startswith(b"%d 0 obj\n" % number)
    assert pdf.count(b" 0 obj\n") == len(entries)


def test_a_stream_says_how_long_it_is() -> None:
    framed = stream(b"content" * 40, length1=True)

    head, rest = framed.split(b"\nstream\n", 1)
    packed = rest.removesuffix(b"\nendstream")
    assert b"/Length %d /Length1 280 " % len(packed) in head
    assert zlib.decompress(packed) == b"content" * 40


def test_a_number_may_be_given_before_the_object_is_known() -> None:
    pdf = Pdf()
    first = pdf.add()
    pdf.put(first, b"<< /Other %d 0 R >>" % pdf.add(b"42"))

    assert b"1 0 obj\n<< /Other 2 0 R >>\nendobj\n" in pdf.finish(first, 2)


def test_a_title_is_said_in_any_script(fonts: FontSet) -> None:
    metadata = pypdfium2.PdfDocument(page(fonts, "x")).get_metadata_dict()

    assert metadata["Title"] == "Tờ (1) \\ 口岸"
    assert said("đ") == b"<FEFF0111>"


def test_what_would_end_a_string_of_pdf_is_printed(fonts: FontSet) -> None:
    lines = ("((a) \\ b)", "\\", "Phí (1)", "".join(map(chr, range(33, 127))))

    assert text_of(page(fonts, *lines)).split("\r\n") == list(lines)


def test_every_vietnamese_letter_stands_in_the_part_that_all_share(fonts: FontSet) -> None:
    letters = (
        "aáàảãạ ăắằẳẵặ âấầẩẫậ eéèẻẽẹ êếềểễệ iíìỉĩị oóòỏõọ ôốồổỗộ ơớờởỡợ uúùủũụ ưứừửữự yýỳỷỹỵ đ"
    )

    pdf = page(fonts, letters, letters.upper())

    assert programs(pdf) == 1
    assert text_of(pdf).split("\r\n") == [letters, letters.upper()]


def test_rare_characters_fill_as_many_parts_as_they_need(fonts: FontSet) -> None:
    rare = hanzi(fonts)[: MOST + 20]
    lines = [rare[at : at + 40] for at in range(0, len(rare), 40)]

    pdf = page(fonts, *lines, *lines)

    assert text_of(pdf).split("\r\n") == lines * 2
    assert programs(pdf) == 2


def test_known_characters_share_a_part_and_others_get_their_own(fonts: FontSet) -> None:
    assert programs(page(fonts, "口岸", known="口岸")) == 1
    assert programs(page(fonts, "口岸 24C", known="口岸")) == 2
    assert programs(page(fonts, "口岸 24C 國", known="口岸")) == 3
    assert text_of(page(fonts, "口岸货 24C 國", known="口岸")) == "口岸货 24C 國"


def test_what_was_drawn_before_changes_nothing(fonts: FontSet) -> None:
    alone = page(fonts, "Xe 云G12345", known="口")
    page(fonts, "挂学国", "G12345云", known="口")

    assert page(fonts, "Xe 云G12345", known="口") == alone


def test_a_part_is_made_once_for_the_same_characters(fonts: FontSet) -> None:
    face = typeface(fonts.chinese_regular)

    assert face is typeface(fonts.chinese_regular)
    assert face.part("口岸") is face.part("口岸")
    assert face.part("口岸") is not face.part("岸口")


@pytest.mark.parametrize("threads", [4])
def test_threads_draw_at_once(fonts: FontSet, threads: int) -> None:
    names = hanzi(fonts)
    texts = [f"Nguyễn {names[n]}{names[-n]} 24C-{n:03d}.45" for n in range(60)]
    alone = [page(fonts, text) for text in texts]

    with ThreadPoolExecutor(threads) as pool:
        assert list(pool.map(lambda text: page(fonts, text), texts)) == alone
