"""The payment request on paper: people read it in three languages, a banking app reads its code."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from border.paper.fonts import FontSet
from border.payments.collection.pay_slip import DueLine, PaySlipView, draw_pay_slip
from border.payments.collection.pay_slip_words import ISSUED, NOTICES, WORDS, InThree
from border.payments.gateways.emv_qr import TransferCode, WrongCode
from border.payments.gateways.transfer_reference import transfer_reference

REFERENCE = transfer_reference(123)
DUE_UNTIL = datetime(2026, 11, 23, 5, 15, tzinfo=UTC)


def code_for(minor: int) -> str:
    """Return the code that asks for an amount under our reference."""
    return TransferCode(
        "970436", "1017595600", minor, REFERENCE, f"NOP PHI {REFERENCE}", dynamic=True
    ).payload()


VIEW = PaySlipView(
    reference="PAY-7K3M2-Q2XA9",
    payer="Công ty TNHH Xuất nhập khẩu Hoàng Liên",
    gate_name=InThree("Cửa khẩu Kim Thành II", "金城二号口岸", "Kim Thanh II border gate"),
    lines=(
        DueLine("Phí sử dụng hạ tầng cửa khẩu · 24C-123.45", 800_000),
        DueLine("Phí bến bãi (2 ngày)", 434_000),
    ),
    due_until=DUE_UNTIL,
    bank_name="Vietcombank",
    account_name="BAN QUAN LY CUA KHAU LAO CAI",
    code=code_for(1_234_000),
    issued_at=DUE_UNTIL - timedelta(minutes=15),
    locale="vi",
)
CROWDED = replace(
    VIEW,
    gate_name=InThree(*("Cửa khẩu quốc tế 国际口岸 international border gate " * 4,) * 3),
    payer="Công Tằng Tôn Nữ 云南河口进出口贸易有限公司 " * 4,
    lines=tuple(
        DueLine(
            f"Khoản {n}: phí sử dụng công trình kết cấu hạ tầng, dịch vụ tiện ích 新鲜水果", 10**11
        )
        for n in range(30)
    ),
    bank_name="Ngân hàng thương mại cổ phần Ngoại thương Việt Nam chi nhánh Lào Cai",
    account_name="BAN QUAN LY KHU KINH TE CUA KHAU TINH LAO CAI " * 2,
    code=TransferCode("970436", "9" * 19, 30 * 10**11, "B" * 25, "P" * 25).payload(),
    locale="en",
)
VIEWS = {
    "vi": VIEW,
    "zh": replace(VIEW, locale="zh", payer="云南河口进出口贸易有限公司"),
    "en": replace(VIEW, locale="en", payer=""),
    "crowded": CROWDED,
}


@pytest.fixture(params=VIEWS)
def view(request: pytest.FixtureRequest) -> PaySlipView:
    return VIEWS[request.param]


def text_of(pdf: bytes) -> str:
    page = pypdfium2.PdfDocument(pdf)[0]
    return re.sub(r"\s+", " ", page.get_textpage().get_text_range())


def codes_in(pdf: bytes, dpi: int) -> list[str]:
    picture = pypdfium2.PdfDocument(pdf)[0].render(scale=dpi / 72).to_pil()
    found = zxingcpp.read_barcodes(picture)
    # Letters beside each other can look like some tiny code; a transfer's begins with 000201.
    return [code.text for code in found if code.text.startswith("000201")]


@pytest.mark.parametrize("dpi", [150, 300])
def test_a_banking_app_reads_the_code_from_paper(
    view: PaySlipView, fonts: FontSet, dpi: int
) -> None:
    assert codes_in(draw_pay_slip(view, fonts), dpi) == [view.code]


def test_it_is_one_a4_page_that_names_itself_in_the_readers_language(
    view: PaySlipView, fonts: FontSet
) -> None:
    pdf = draw_pay_slip(view, fonts)
    document = pypdfium2.PdfDocument(pdf)

    assert len(document) == 1
    assert [round(length * 25.4 / 72) for length in document[0].get_size()] == [210, 297]
    title = document.get_metadata_dict()["Title"]
    assert title == f"{getattr(WORDS['title'], view.locale)} {view.reference}"
    tag = {"vi": b"vi-VN", "zh": b"zh-CN", "en": b"en"}[view.locale]
    assert b"/Lang (" + tag + b")" in pdf


def test_every_word_is_printed_in_three_languages(fonts: FontSet) -> None:
    text = text_of(draw_pay_slip(VIEW, fonts))

    for name, words in WORDS.items():
        for word in words:
            assert (word in text) is (name != "more"), word
    for words in (*NOTICES, ISSUED):
        assert all(word in text for word in words), words


def test_it_says_who_pays_what_until_when_to_which_account_and_what_to_write(
    fonts: FontSet,
) -> None:
    text = text_of(draw_pay_slip(VIEW, fonts))

    for printed in (
        "PAY-7K3M2-Q2XA9",
        "Công ty TNHH Xuất nhập khẩu Hoàng Liên",
        "Cửa khẩu Kim Thành II",
        "金城二号口岸",
        "Phí sử dụng hạ tầng cửa khẩu · 24C-123.45",
        "800.000 ₫",
        "Phí bến bãi (2 ngày)",
        "434.000 ₫",
        "Vietcombank",
        "BIN 970436",
        "1017595600",
        "BAN QUAN LY CUA KHAU LAO CAI",
        REFERENCE,
        "12:15 23/11/2026",
        "Hekou time 13:15 23/11/2026",
        "12:00 23/11/2026",
    ):
        assert printed in text, printed
    assert text.count("1.234.000 ₫") == 2, "the total, and the amount to transfer"


def test_the_time_to_pay_until_is_the_gates_also_around_midnight(fonts: FontSet) -> None:
    late = replace(VIEW, due_until=datetime(2026, 12, 31, 16, 30, tzinfo=UTC))

    text = text_of(draw_pay_slip(late, fonts))

    assert "23:30 31/12/2026" in text
    assert "00:30 01/01/2027" in text


@pytest.mark.parametrize("count", [1, 9, 10, 30])
def test_every_charge_is_printed_or_counted_and_summed(count: int, fonts: FontSet) -> None:
    lines = tuple(DueLine(f"Khoản số {n}.", 1_000 + n) for n in range(count))
    whole = sum(line.minor for line in lines)

    text = text_of(draw_pay_slip(replace(VIEW, lines=lines, code=code_for(whole)), fonts))

    shown = [line for line in lines if line.text in text]
    assert len(shown) == (count if count <= 9 else 8)
    hidden = re.search(r"và (\d+) khoản khác · 另有\1项 · and \1 more ([\d.]+) ₫", text)
    if count <= 9:
        assert hidden is None
    else:
        assert hidden is not None
        rest = sum(line.minor for line in lines[8:])
        assert hidden.groups() == (str(count - 8), f"{rest:,}".replace(",", "."))


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": code_for(1_233_999)},
        {"code": TransferCode("970436", "1017595600", None, REFERENCE).payload()},
        {"code": TransferCode("970436", "1017595600", 1_234_000).payload()},
        {"lines": ()},
    ],
)
def test_a_sheet_whose_code_asks_for_something_else_is_not_printed(
    wrong: dict[str, object], fonts: FontSet
) -> None:
    with pytest.raises(ValueError, match="PAY-7K3M2-Q2XA9"):
        draw_pay_slip(replace(VIEW, **wrong), fonts)  # type: ignore[arg-type]


@pytest.mark.parametrize("code", ["", "https://example.vn", VIEW.code[:-1] + "Z"])
def test_a_sheet_without_a_code_a_bank_would_take_is_not_printed(code: str, fonts: FontSet) -> None:
    with pytest.raises(WrongCode):
        draw_pay_slip(replace(VIEW, code=code), fonts)


def test_nothing_overlaps_and_nothing_leaves_the_page(view: PaySlipView, fonts: FontSet) -> None:
    textpage = pypdfium2.PdfDocument(draw_pay_slip(view, fonts))[0].get_textpage()
    found = (textpage.get_charbox(n) for n in range(textpage.count_chars()))
    boxes = [box for box in found if box[2] > box[0] and box[3] > box[1]]

    assert len(boxes) > 300
    for left, bottom, right, top in boxes:
        assert left > 46
        assert right < 549
        assert bottom > 24
        assert top < 806
    for one, other in combinations(boxes, 2):
        across = min(one[2], other[2]) - max(one[0], other[0])
        along = min(one[3], other[3]) - max(one[1], other[1])
        assert across < 0.8 or along < 0.8, (one, other)


@settings(max_examples=25)
@given(
    st.text(max_size=80),
    st.text(max_size=80),
    st.lists(st.tuples(st.text(max_size=150), st.integers(0, 10**10)), max_size=12),
)
def test_any_text_can_be_printed_and_the_code_still_reads(
    fonts: FontSet, payer: str, bank: str, lines: list[tuple[str, int]]
) -> None:
    due = (DueLine("Phí", 1), *(DueLine(*line) for line in lines))
    code = code_for(sum(line.minor for line in due))
    view = replace(VIEW, payer=payer, bank_name=bank, account_name=payer, lines=due, code=code)

    assert codes_in(draw_pay_slip(view, fonts), 150) == [code]


def test_a_payer_is_named_as_the_firm_writes_its_name(fonts: FontSet) -> None:
    assert "香港貿易有限公司" in text_of(
        draw_pay_slip(replace(VIEW, payer="香港貿易有限公司"), fonts)
    )


def test_a_character_no_face_has_shows_as_a_hollow_square(fonts: FontSet) -> None:
    text = text_of(draw_pay_slip(replace(VIEW, payer="Ana \U0001f69a\u202eวัน"), fonts))

    assert "Ana □□□□" in text


def test_the_same_view_gives_the_same_bytes_also_from_several_threads(fonts: FontSet) -> None:
    alone = {name: draw_pay_slip(view, fonts) for name, view in VIEWS.items()}

    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda name: (name, draw_pay_slip(VIEWS[name], fonts)), [*VIEWS] * 3))

    assert all(pdf == alone[name] for name, pdf in drawn)
    assert len(set(alone.values())) == len(VIEWS)


def test_it_is_small_enough_to_send_over_a_poor_line(view: PaySlipView, fonts: FontSet) -> None:
    assert len(draw_pay_slip(view, fonts)) < 120_000
