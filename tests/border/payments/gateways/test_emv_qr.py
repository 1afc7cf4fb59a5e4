"""VietQR's text: published strings, all the ways to damage one, and a real reader's word.

The first five strings are NAPAS's examples and one of sunary/vietqr, as the tests of
binhnguyenduc/vietqr-ts quote them; the sixth was put together by hand from the same rules.
"""

from binascii import crc_hqx
from io import BytesIO

import pytest
import segno
import zxingcpp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from border.payments.gateways.emv_qr import (
    TransferCode,
    WrongCode,
    opened,
    read,
    sealed,
    written,
)

PUBLISHED = {
    "account": (
        "00020101021138570010A00000072701270006970403011300110123456780208QRIBFTTA"
        "53037045802VN63049E6F",
        TransferCode("970403", "0011012345678"),
    ),
    "account and amount": (
        "00020101021238570010A00000072701270006970403011300110123456780208QRIBFTTA"
        "530370454061800005802VN62340107NPS68690819thanh toan don hang63042E2E",
        TransferCode(
            "970403", "0011012345678", 180_000, "NPS6869", "thanh toan don hang", dynamic=True
        ),
    ),
    "card": (
        "00020101021138600010A00000072701300006970403011697040311012345670208QRIBFTTC"
        "53037045802VN63044F52",
        TransferCode("970403", "9704031101234567", service="QRIBFTTC"),
    ),
    "card and amount": (
        "00020101021238600010A00000072701300006970403011697040311012345670208QRIBFTTC"
        "530370454061800005802VN62340107NPS68690819thanh toan don hang6304A203",
        TransferCode(
            "970403",
            "9704031101234567",
            180_000,
            "NPS6869",
            "thanh toan don hang",
            dynamic=True,
            service="QRIBFTTC",
        ),
    ),
    "purpose alone": (
        "00020101021138510010A00000072701210006970407010797968680208QRIBFTTA"
        "53037045802VN62240820gen by sunary/vietqr6304BE74",
        TransferCode("970407", "9796868", purpose="gen by sunary/vietqr"),
    ),
    "ours": (
        "00020101021238540010A00000072701240006970436011010175956000208QRIBFTTA"
        "5303704540720000005802VN62430114LC2026000123A10821PHI HT LC2026000123A163040D0E",
        TransferCode(
            "970436",
            "1017595600",
            2_000_000,
            "LC2026000123A1",
            "PHI HT LC2026000123A1",
            dynamic=True,
        ),
    ),
}
OURS = PUBLISHED["ours"][0]
published = pytest.mark.parametrize(("text", "code"), PUBLISHED.values(), ids=PUBLISHED)

TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=25)
CODES = st.builds(
    TransferCode,
    bin=st.from_regex(r"[0-9]{6}", fullmatch=True),
    recipient=st.from_regex(r"[0-9A-Za-z]{1,19}", fullmatch=True),
    amount=st.none() | st.integers(1, 10**13 - 1),
    bill=st.none() | TEXTS,
    purpose=st.none() | TEXTS,
    dynamic=st.booleans(),
    service=st.sampled_from(["QRIBFTTA", "QRIBFTTC"]),
)
FIELDS = st.dictionaries(
    st.from_regex(r"[0-9]{2}", fullmatch=True),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=99),
    max_size=5,
).map(lambda found: tuple(found.items()))


def resealed(body: str) -> str:
    """Return a body, which may say anything, with the check sum that fits it."""
    return f"{body}6304{crc_hqx((body + '6304').encode('latin-1', 'replace'), 0xFFFF):04X}"


def picture_read(payload: str) -> str:
    """Return what a real reader finds in a real picture of a code."""
    drawn = BytesIO()
    segno.make_qr(payload, error="m").save(drawn, kind="png", scale=4)
    return "|".join(found.text for found in zxingcpp.read_barcodes(Image.open(drawn)))


@published
def test_a_published_string_is_read_and_written_to_the_letter(
    text: str, code: TransferCode
) -> None:
    assert TransferCode.of(text) == code
    assert code.payload() == text
    assert sealed(opened(text)) == text
    assert text[-4:] == f"{crc_hqx(text[:-4].encode(), 0xFFFF):04X}"


@published
def test_a_real_reader_sees_the_same_string(text: str, code: TransferCode) -> None:
    assert picture_read(code.payload()) == text


def test_the_check_sum_is_the_published_one() -> None:
    assert crc_hqx(b"123456789", 0xFFFF) == 0x29B1


def test_each_field_has_its_place() -> None:
    fields = dict(opened(OURS))

    assert list(fields) == ["00", "01", "38", "53", "54", "58", "62"]
    assert fields["01"] == "12"
    assert dict(read(fields["38"])) == {
        "00": "A000000727",
        "01": "000697043601101017595600",
        "02": "QRIBFTTA",
    }
    assert dict(read(fields["62"])) == {"01": "LC2026000123A1", "08": "PHI HT LC2026000123A1"}


@given(CODES)
def test_any_code_is_read_as_it_was_written(code: TransferCode) -> None:
    assert TransferCode.of(code.payload()) == code


@settings(max_examples=20)
@given(CODES)
def test_any_code_survives_its_picture(code: TransferCode) -> None:
    assert picture_read(code.payload()) == code.payload()


@given(FIELDS)
def test_any_fields_are_read_as_they_were_written(fields: tuple[tuple[str, str], ...]) -> None:
    assert read(written(fields)) == fields
    assume("63" not in dict(fields) and len(written(fields)) <= 504)
    assert opened(sealed(fields)) == fields


@given(CODES, st.data())
def test_one_changed_character_anywhere_but_in_the_case_of_the_sum_is_noticed(
    code: TransferCode, data: st.DataObject
) -> None:
    text = code.payload()
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(min_codepoint=0, max_codepoint=255))
    changed = text[:place] + other + text[place + 1 :]
    assume(changed.upper() != text.upper() or place < len(text) - 4)
    assume(changed != text)

    with pytest.raises(WrongCode):
        TransferCode.of(changed)


def test_every_changed_character_of_ours_is_noticed_whatever_it_is_changed_to() -> None:
    body = OURS[:-4]
    for place in range(len(body)):
        for other in range(32, 127):
            changed = body[:place] + chr(other) + body[place + 1 :] + OURS[-4:]
            if changed != OURS:
                with pytest.raises(WrongCode):
                    opened(changed)


def test_the_sum_may_be_in_small_letters() -> None:
    assert TransferCode.of(OURS[:-4] + OURS[-4:].lower()) == TransferCode.of(OURS)


@given(CODES, st.data())
def test_a_code_cut_short_is_noticed(code: TransferCode, data: st.DataObject) -> None:
    text = code.payload()
    cut = text[: data.draw(st.integers(0, len(text) - 1))]

    with pytest.raises(WrongCode):
        TransferCode.of(cut)


@given(st.text(max_size=600))
def test_any_text_is_refused_or_read_but_never_breaks_the_reader(text: str) -> None:
    for candidate in (text, resealed(text), f"00020101021238{text}"):
        try:
            TransferCode.of(candidate)
        except WrongCode:
            continue


TEMPLATE = "38540010A00000072701240006970436011010175956000208QRIBFTTA"
DAMAGED = {
    "the length of the beneficiary swallows the service": (
        (
            TEMPLATE,
            "38570010A00000072701390006970403011300110123456780208QRIBFTTA",
        ),
        "names a bank",
    ),
    "no service": ((TEMPLATE, "38420010A0000007270124000697043601101017595600"), "names a bank"),
    "a service that is no transfer": (("QRIBFTTA", "QRPUSHXX"), "no transfer"),
    "another country's transfer": (("A000000727", "A000000775"), "not for a transfer"),
    "no transfer at all": ((TEMPLATE, ""), "not for a transfer"),
    "a bank of letters": (("0006970436", "0006VCBVNX"), "six digits"),
    "a bank of five digits": (
        (TEMPLATE, "38530010A0000007270123000597043011010175956000208QRIBFTTA"),
        "six digits",
    ),
    "a length beyond the end": (("0821PHI HT", "0829PHI HT"), "should have 29"),
    "a length of letters": (("5303704", "53X3704"), "begins no field"),
    "a tag of letters": (("5303704", "5A03704"), "begins no field"),
    "an empty value": (("5303704", "53037045500"), "empty"),
    "a tag twice": (("5303704", "53037045303704"), "twice"),
    "other money": (("5303704", "5303156"), "no đồng"),
    "another country": (("5802VN", "5802CN"), "no đồng"),
    "an amount with decimals": (("54072000000", "54072000.50"), "no whole number"),
    "no amount but zeros": (("54072000000", "54070000000"), "no whole number"),
    "another format": (("000201", "000202"), "format 01"),
    "the format not in front": (("000201010212", "010212000201"), "format 01"),
    "neither static nor dynamic": (("010212", "010213"), "neither static nor dynamic"),
    "a letter that is no ASCII": (("PHI", "PHÍ"), "printable ASCII"),
    "a control character": (("PHI", "PH\x00"), "printable ASCII"),
}


@pytest.mark.parametrize(("change", "says"), DAMAGED.values(), ids=DAMAGED)
def test_a_code_whose_sum_fits_may_still_be_wrong_and_says_where(
    change: tuple[str, str], says: str
) -> None:
    assert change[0] in OURS
    body = OURS[:-8].replace(*change)

    with pytest.raises(WrongCode, match=says):
        TransferCode.of(resealed(body))


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("", "printable ASCII"),
        ("6304", "does not end"),
        (resealed(""), "format 01"),
        (OURS[:-8], "does not end"),
        (OURS[:-4] + "ZZZZ", "does not end"),
        (OURS[:-4] + "0D0F", "check sum is 0D0E"),
        (resealed("000201010211" + "9910" + "ab")[:-8] + "63040000", "check sum"),
        (OURS + " ", "does not end"),
        ("0" * 513, "512"),
    ],
)
def test_a_code_without_its_sum_is_refused(code: str, says: str) -> None:
    with pytest.raises(WrongCode, match=says):
        TransferCode.of(code)


def test_a_sum_hidden_inside_another_field_is_no_sum() -> None:
    body = "0002010102119908"

    with pytest.raises(WrongCode, match="inside another field"):
        opened(resealed(body))


@pytest.mark.parametrize(
    "wrong",
    [
        {"bin": "97043"},
        {"bin": "9704٣6"},
        {"recipient": ""},
        {"recipient": "1" * 20},
        {"recipient": "10 17"},
        {"amount": 0},
        {"amount": -5},
        {"amount": 10**13},
        {"amount": True},
        {"bill": "x" * 26},
        {"bill": ""},
        {"purpose": "phí"},
        {"purpose": "x" * 26},
        {"purpose": "a\nb"},
    ],
)
def test_what_no_bank_would_take_is_not_written(wrong: dict[str, object]) -> None:
    right: dict[str, object] = {"bin": "970436", "recipient": "1017595600"}
    with pytest.raises(WrongCode):
        TransferCode(**(right | wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize("field", [("5", "x"), ("AB", "x"), ("54", ""), ("54", "x" * 100)])
def test_a_field_the_format_cannot_carry_is_not_written(field: tuple[str, str]) -> None:
    with pytest.raises(WrongCode):
        written([field])


def test_a_code_too_long_to_be_scanned_is_not_written() -> None:
    with pytest.raises(WrongCode, match="512"):
        sealed([(f"{tag}", "x" * 99) for tag in range(80, 86)])
