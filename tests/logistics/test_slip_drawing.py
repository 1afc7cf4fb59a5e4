"""The slip on paper: what it says can be read, by people in three languages and by scanners."""

import ctypes
import re
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from pypdfium2 import raw

from border.core.ids import new_reference
from border.paper.codes import code128_svg, qr_svg
from border.paper.fonts import FontSet
from border.paper.words import InThree
from border.vocabulary import DIRECTIONS, VEHICLE_CLASSES
from logistics.slip_drawing import DeclaredGoods, FeeLine, SlipView, draw_slip
from logistics.slip_token import SigningKey, SlipClaims, sign, verify
from logistics.slip_words import STATES, WORDS

KEY = SigningKey.from_seed("k1", bytes(range(32)))
STARTS_AT = datetime(2026, 11, 23, 7, tzinfo=UTC)
REFERENCE = "SLP-7K3M2-Q2XA9"
POINTS_PER_MM = 72 / 25.4


def claims_for(plate: str) -> SlipClaims:
    ends_at = STARTS_AT + timedelta(hours=1)
    return SlipClaims(
        REFERENCE, plate, "KT2", "export", STARTS_AT, ends_at, ends_at + timedelta(hours=72)
    )


VIEW = SlipView(
    reference=REFERENCE,
    token=sign(claims_for("24C12345"), KEY),
    state="active",
    gate_name=InThree("Cửa khẩu Kim Thành II", "金城二号口岸", "Kim Thanh II border gate"),
    lane="3",
    direction="export",
    plate="24C-123.45",
    trailer_plate="24R-012.34",
    vehicle_class="18t_and_over",
    driver_name="Nguyễn Văn Đường",
    starts_at=STARTS_AT,
    ends_at=STARTS_AT + timedelta(hours=1),
    declarations=(
        DeclaredGoods("DEC-4H7JK-2MN8P", "307212345678"),
        DeclaredGoods("DEC-9XQ2R-T6VW3", None),
    ),
    goods="Thanh long ruột đỏ 18.400 kg; sầu riêng 2.000 kg",
    fees=(FeeLine("Phí hạ tầng cửa khẩu", 800_000), FeeLine("Phí bến bãi", 434_000)),
    total_minor=1_234_000,
    payment_reference="VNP-14228763",
    issued_at=STARTS_AT - timedelta(hours=20),
    locale="vi",
)
CHINESE = replace(
    VIEW,
    token=sign(claims_for("云G12345"), KEY),
    plate="云G12345",
    trailer_plate="云G1234挂",
    driver_name="李喆",
    goods="新鲜蔬菜：大蒜、洋葱，共计18400公斤",
    direction="import",
    locale="zh",
)
EMPTY = replace(
    VIEW,
    lane=None,
    trailer_plate=None,
    vehicle_class="under_4t",
    declarations=(),
    goods="",
    fees=(),
    total_minor=0,
    payment_reference=None,
    locale="en",
)
CROWDED = replace(
    VIEW,
    gate_name=InThree(*("Cửa khẩu quốc tế 国际口岸 international border gate " * 4,) * 3),
    lane="Làn 11, 12, 13 dành cho xe lạnh",
    plate="LD-1234567890ABCDEFGHIJKLMNOP",
    trailer_plate="LD-1234567890ABCDEFGHIJKLMNOP",
    vehicle_class="10t_to_18t",
    driver_name="Công Tằng Tôn Nữ Huyền Trang Nguyễn Phúc Bảo Châu Phương Anh Ái Liên",
    ends_at=STARTS_AT + timedelta(hours=20),
    declarations=tuple(DeclaredGoods(f"DEC-4H7JK-2MN8{n}", f"30721234567{n}") for n in range(8)),
    goods="Trái cây tươi các loại: thanh long, sầu riêng, mít, xoài; 新鲜水果蔬菜，冷藏；" * 9,
    fees=tuple(
        FeeLine(f"Khoản {n}: phí sử dụng công trình kết cấu hạ tầng, dịch vụ tiện ích công", 10**9)
        for n in range(12)
    ),
    total_minor=12 * 10**9,
    payment_reference="VNPAY-2026-1123-0000000142287639999-BL-0001234567",
)
OVERFLOWING = replace(
    CROWDED, declarations=CROWDED.declarations * 2, goods="dưahấu" * 300, state="revoked"
)
VIEWS = {
    "vi": VIEW,
    "zh": CHINESE,
    "en": EMPTY,
    "crowded": CROWDED,
    "overflowing": OVERFLOWING,
}


@pytest.fixture(params=VIEWS)
def view(request: pytest.FixtureRequest) -> SlipView:
    return VIEWS[request.param]


def text_of(pdf: bytes) -> str:
    page = pypdfium2.PdfDocument(pdf)[0]
    return re.sub(r"\s+", " ", page.get_textpage().get_text_range())


def codes_in(pdf: bytes, dpi: int) -> dict[str, str]:
    page = pypdfium2.PdfDocument(pdf)[0]
    picture = page.render(scale=dpi / 72).to_pil()
    return {str(code.format): code.text for code in zxingcpp.read_barcodes(picture)}


@pytest.mark.parametrize("dpi", [150, 200, 300])
def test_both_codes_read_back_from_paper(view: SlipView, fonts: FontSet, dpi: int) -> None:
    codes = codes_in(draw_slip(view, fonts), dpi)

    assert codes == {"Code 128": REFERENCE, "QR Code": view.token}


def test_what_the_scanner_reads_is_proven_by_the_public_key(fonts: FontSet) -> None:
    keys = {"k1": KEY.verifying}

    printed = codes_in(draw_slip(CHINESE, fonts), 200)["QR Code"]

    assert verify(printed, keys) == claims_for("云G12345")


def test_any_reference_reads_back(fonts: FontSet) -> None:
    for _ in range(10):
        reference = new_reference("SLP")
        codes = codes_in(draw_slip(replace(VIEW, reference=reference), fonts), 150)
        assert codes["Code 128"] == reference


def test_it_is_one_a5_page_that_names_itself_in_the_readers_language(
    view: SlipView, fonts: FontSet
) -> None:
    pdf = draw_slip(view, fonts)
    document = pypdfium2.PdfDocument(pdf)

    assert len(document) == 1
    width, height = document[0].get_size()
    assert (round(width / POINTS_PER_MM), round(height / POINTS_PER_MM)) == (148, 210)
    title = document.get_metadata_dict()["Title"]
    assert title == f"{getattr(WORDS['title'], view.locale)} {REFERENCE}"
    tag = {"vi": b"vi-VN", "zh": b"zh-CN", "en": b"en"}[view.locale]
    assert b"/Lang (" + tag + b")" in pdf


def test_every_label_is_printed_in_three_languages(fonts: FontSet) -> None:
    text = text_of(draw_slip(VIEW, fonts))

    absent = {"empty", "no_fee", "more", "driverless"}
    for name, words in WORDS.items():
        for word in words:
            assert (word in text) is (name not in absent), word
    for words in (
        STATES["active"],
        DIRECTIONS["export"].paper,
        VEHICLE_CLASSES["18t_and_over"].paper,
    ):
        assert all(word in text for word in words)


def test_a_vehicle_that_nobody_drives_says_so_in_the_drivers_place(fonts: FontSet) -> None:
    text = text_of(draw_slip(replace(VIEW, driver_name=None), fonts))
    assert all(word in text for word in WORDS["driverless"])


@pytest.mark.parametrize(
    ("field", "table"),
    [
        ("state", STATES),
        ("direction", {code: term.paper for code, term in DIRECTIONS.items()}),
        ("vehicle_class", {code: term.paper for code, term in VEHICLE_CLASSES.items()}),
    ],
)
def test_every_code_the_program_uses_has_words_that_fit(
    field: str, table: dict[str, InThree], fonts: FontSet
) -> None:
    for code, words in table.items():
        text = text_of(draw_slip(replace(VIEW, **{field: code}), fonts))  # type: ignore[arg-type]
        assert all(word in text for word in words), code


def test_it_says_what_was_declared_paid_and_booked(fonts: FontSet) -> None:
    text = text_of(draw_slip(VIEW, fonts))

    for printed in (
        "24C-123.45",
        "24R-012.34",
        "Nguyễn Văn Đường",
        "Cửa khẩu Kim Thành II",
        "金城二号口岸",
        "DEC-4H7JK-2MN8P",
        "307212345678",
        "DEC-9XQ2R-T6VW3",
        "Thanh long ruột đỏ 18.400 kg",
        "800.000 ₫",
        "1.234.000 ₫",
        "VNP-14228763",
        "18:00 22/11/2026",
    ):
        assert printed in text, printed


def test_the_hour_stands_in_both_countries_time(fonts: FontSet) -> None:
    text = text_of(draw_slip(VIEW, fonts))

    assert "14:00–15:00" in text
    assert "Thứ Hai, 23/11/2026" in text
    assert "15:00–16:00" in text
    assert "2026年11月23日 星期一" in text


def test_an_hour_around_midnight_names_the_right_days_on_each_side(fonts: FontSet) -> None:
    late = replace(
        VIEW,
        starts_at=datetime(2026, 11, 23, 16, tzinfo=UTC),
        ends_at=datetime(2026, 11, 23, 16, 30, tzinfo=UTC),
    )
    across = replace(late, ends_at=datetime(2026, 11, 23, 17, 30, tzinfo=UTC))

    text = text_of(draw_slip(late, fonts))
    assert "23:00–23:30 Thứ Hai, 23/11/2026" in text
    assert "00:00–00:30 2026年11月24日 星期二" in text
    assert "23/11/2026 – 24/11/2026" in text_of(draw_slip(across, fonts))


def test_an_empty_truck_without_fees_says_so(fonts: FontSet) -> None:
    text = text_of(draw_slip(EMPTY, fonts))

    assert all(word in text for word in WORDS["empty"])
    assert all(word in text for word in WORDS["no_fee"])
    assert "0 ₫" in text
    assert WORDS["payment"].vi not in text


def test_eight_declarations_all_stand_on_the_slip(fonts: FontSet) -> None:
    text = text_of(draw_slip(CROWDED, fonts))

    for declared in CROWDED.declarations:
        assert declared.reference in text
        assert str(declared.customs_number) in text


def test_what_does_not_fit_is_counted_and_its_charges_summed(fonts: FontSet) -> None:
    text = text_of(draw_slip(OVERFLOWING, fonts))

    assert "và 9 mục khác · 另有9项 · and 9 more" in text
    hidden = re.findall(r"và (\d+) mục khác · [^₫]*more ([\d.]+) ₫", text)[-1]
    assert hidden[1] == f"{int(hidden[0]) * 10**9:,}".replace(",", ".")
    assert "12.000.000.000 ₫" in text


def text_boxes(pdf: bytes) -> list[tuple[float, float, float, float]]:
    """Return left, bottom, right, top of each character, in points."""
    textpage = pypdfium2.PdfDocument(pdf)[0].get_textpage()
    boxes = (textpage.get_charbox(n) for n in range(textpage.count_chars()))
    return [box for box in boxes if box[2] > box[0] and box[3] > box[1]]


def test_nothing_overlaps_and_nothing_leaves_the_page(view: SlipView, fonts: FontSet) -> None:
    boxes = text_boxes(draw_slip(view, fonts))

    assert len(boxes) > 300
    for left, bottom, right, top in boxes:
        assert left > 7.5 * POINTS_PER_MM
        assert right < 140.8 * POINTS_PER_MM
        assert bottom > 6 * POINTS_PER_MM
        assert top < 203 * POINTS_PER_MM
    for one, other in combinations(boxes, 2):
        across = min(one[2], other[2]) - max(one[0], other[0])
        along = min(one[3], other[3]) - max(one[1], other[1])
        assert across < 0.8 or along < 0.8, (one, other)


@given(
    st.text(max_size=60),
    st.text(max_size=200),
    st.lists(st.tuples(st.text(max_size=150), st.integers(0, 10**10)), max_size=9),
    st.integers(0, 12),
)
@settings(max_examples=40)
def test_any_text_can_be_printed_and_the_codes_still_read(
    fonts: FontSet, name: str, goods: str, fees: list[tuple[str, int]], declarations: int
) -> None:
    view = replace(
        VIEW,
        driver_name=name,
        goods=goods,
        fees=tuple(FeeLine(*fee) for fee in fees),
        declarations=tuple(DeclaredGoods(name, goods) for _ in range(declarations)),
    )

    codes = codes_in(draw_slip(view, fonts), 150)

    assert codes == {"Code 128": REFERENCE, "QR Code": VIEW.token}


def test_a_driver_is_named_as_he_writes_his_name(fonts: FontSet) -> None:
    assert "陳國華" in text_of(draw_slip(replace(VIEW, driver_name="陳國華"), fonts))


def test_a_character_no_face_has_shows_as_a_hollow_square(fonts: FontSet) -> None:
    text = text_of(draw_slip(replace(VIEW, driver_name="Ana \U0001f69a\u202eวัน"), fonts))

    assert "Ana □□□□" in text


def test_every_typeface_travels_inside_the_pdf(fonts: FontSet) -> None:
    page = pypdfium2.PdfDocument(draw_slip(CHINESE, fonts))[0]
    names = set()
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]):
        font = raw.FPDFTextObj_GetFont(item.raw)
        assert raw.FPDFFont_GetIsEmbedded(font) == 1
        name = ctypes.create_string_buffer(100)
        raw.FPDFFont_GetBaseFontName(font, name, 100)
        names.add(name.value.decode().split("+")[-1])

    assert len(names) == 4, names


def test_the_same_view_gives_the_same_bytes_also_from_several_threads(fonts: FontSet) -> None:
    alone = {name: draw_slip(view, fonts) for name, view in VIEWS.items()}

    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda name: (name, draw_slip(VIEWS[name], fonts)), [*VIEWS] * 4))

    assert all(pdf == alone[name] for name, pdf in drawn)
    assert len(set(alone.values())) == len(VIEWS)


def test_a_slip_is_small_enough_to_send_over_a_poor_line(view: SlipView, fonts: FontSet) -> None:
    assert len(draw_slip(view, fonts)) < 100_000


def picture_of(svg: str) -> Image.Image:
    """Paint the bars of one of our own SVG codes, eight pixels to the module."""
    root = ElementTree.fromstring(svg)
    _, _, width, height = (int(n) for n in root.attrib["viewBox"].split())
    picture = Image.new("L", (width * 8, height * 8), 255)
    bars = root.findall("{http://www.w3.org/2000/svg}path")[-1].attrib["d"]
    painting = ImageDraw.Draw(picture)
    for x, y, w, h in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+z", bars):
        left, top = int(x) * 8, int(y) * 8
        painting.rectangle((left, top, left + int(w) * 8 - 1, top + int(h) * 8 - 1), fill=0)
    return picture


@pytest.mark.parametrize(
    ("svg", "text"),
    [
        (qr_svg(VIEW.token), VIEW.token),
        (qr_svg(CHINESE.token), CHINESE.token),
        (code128_svg(REFERENCE), REFERENCE),
        (code128_svg("307212345678"), "307212345678"),
    ],
)
def test_the_codes_on_a_page_read_back(svg: str, text: str) -> None:
    assert [code.text for code in zxingcpp.read_barcodes(picture_of(svg))] == [text]


def test_a_code_on_a_page_is_named_for_who_cannot_see_it_and_loads_nothing() -> None:
    svg = code128_svg("A<B&C")
    root = ElementTree.fromstring(svg)

    assert root.attrib["role"] == "img"
    assert root[0].tag.endswith("title")
    assert root[0].text == "A<B&C"
    assert "href" not in svg
    assert "url(" not in svg
