"""The bank's own reading of VietQR codes, against published codes and broken ones."""

import binascii
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.sandbox.bank.emv import CodeRefused, checksum, read_code

STATIC_ACCOUNT = (
    "00020101021138570010A00000072701270006970403011300110123456780208QRIBFTTA53037045802VN63049E6F"
)
DYNAMIC_ACCOUNT = (
    "00020101021238570010A00000072701270006970403011300110123456780208QRIBFTTA530370454061800005802"
    "VN62340107NPS68690819thanh toan don hang63042E2E"
)
STATIC_CARD = (
    "00020101021138600010A00000072701300006970403011697040311012345670208QRIBFTTC53037045802VN"
    "63044F52"
)
DYNAMIC_CARD = (
    "00020101021238600010A00000072701300006970403011697040311012345670208QRIBFTTC530370454061800005"
    "802VN62340107NPS68690819thanh toan don hang6304A203"
)
WITH_PURPOSE = (
    "00020101021138510010A00000072701210006970407010797968680208QRIBFTTA53037045802VN62240820gen by"
    " sunary/vietqr6304BE74"
)
OURS = (
    "00020101021238540010A00000072701240006970436011010175956000208QRIBFTTA5303704540720000005802VN"
    "62430114LC2026000123A10821PHI HT LC2026000123A163040D0E"
)
PUBLISHED = (STATIC_ACCOUNT, DYNAMIC_ACCOUNT, STATIC_CARD, DYNAMIC_CARD, WITH_PURPOSE, OURS)


def signed(body: str) -> str:
    """Return `body` with the right checksum behind it."""
    covered = f"{body}6304"
    return f"{covered}{checksum(covered)}"


def reason(payload: str) -> str:
    with pytest.raises(CodeRefused) as refused:
        read_code(payload)
    return refused.value.reason


@pytest.mark.parametrize("payload", PUBLISHED)
def test_every_published_code_is_read(payload: str) -> None:
    assert read_code(payload).bank.isdigit()


def test_a_one_time_code_says_who_gets_how_much_for_what() -> None:
    code = read_code(OURS)
    assert (code.bank, code.account, code.to_card) == ("970436", "1017595600", False)
    assert (code.amount_vnd, code.one_time) == (2_000_000, True)
    assert (code.bill_number, code.memo) == ("LC2026000123A1", "PHI HT LC2026000123A1")
    assert code.reference == "LC2026000123A1"


def test_a_standing_code_leaves_the_amount_and_the_memo_to_the_payer() -> None:
    code = read_code(STATIC_ACCOUNT)
    assert (code.amount_vnd, code.memo, code.one_time) == (None, "", False)
    assert (code.bank, code.account) == ("970403", "0011012345678")


def test_a_card_is_told_from_an_account() -> None:
    assert read_code(DYNAMIC_CARD).to_card
    assert read_code(DYNAMIC_CARD).account == "9704031101234567"


def test_a_bill_number_stands_for_a_missing_purpose_and_the_other_way_round() -> None:
    assert read_code(WITH_PURPOSE).reference == "gen by sunary/vietqr"
    only_a_number = signed(OURS[: OURS.index("6243")] + "62180114LC2026000123A1")
    assert read_code(only_a_number).memo == "LC2026000123A1"


def test_a_pasted_code_may_have_space_around_it_and_small_letters_in_its_checksum() -> None:
    assert read_code(f"  {STATIC_ACCOUNT[:-4]}9e6f\n") == read_code(STATIC_ACCOUNT)


def test_the_checksum_is_the_standards() -> None:
    assert checksum("123456789") == "29B1"


@given(st.text(max_size=60))
def test_the_checksum_agrees_with_another_implementation(text: str) -> None:
    assert checksum(text) == f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


@pytest.mark.parametrize("place", range(0, len(OURS) - 4, 3))
def test_one_changed_sign_is_never_read_as_a_code(place: int) -> None:
    other = "1" if OURS[place] != "1" else "2"
    with pytest.raises(CodeRefused):
        read_code(OURS[:place] + other + OURS[place + 1 :])


def test_a_wrong_checksum_is_named() -> None:
    assert reason(f"{STATIC_ACCOUNT[:-4]}0000") == "code_checksum"


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        ("", "code_empty"),
        ("   ", "code_empty"),
        ("https://gate.example.vn/slip/7", "code_not_emv"),
        ("99", "code_not_emv"),
        ("010211", "code_not_emv"),
        (STATIC_ACCOUNT[:-8], "code_no_checksum"),
        (STATIC_ACCOUNT[:-2], "code_length"),
        (STATIC_ACCOUNT.replace("0127", "0139", 1), "code_checksum"),
        (signed("00020101021253037045802VN"), "code_not_vietqr"),
        (signed(STATIC_ACCOUNT[:-8].replace("A000000727", "A000000775")), "code_not_vietqr"),
        (signed(STATIC_ACCOUNT[:-8].replace("QRIBFTTA", "QRPUSHXX")), "code_service"),
        (signed(STATIC_ACCOUNT[:-8].replace("0006970403", "000697O403")), "code_account"),
        (signed(STATIC_ACCOUNT[:-8].replace("5303704", "5303840")), "code_currency"),
        (signed(STATIC_ACCOUNT[:-8] + "540512.50"), "code_amount"),
        (signed(STATIC_ACCOUNT[:-8] + "54010"), "code_amount"),
        (signed(STATIC_ACCOUNT[:-8] + "5802VN"), "code_not_emv"),
        (signed(STATIC_ACCOUNT[:-8].replace("01270006", "01390006", 1)), "code_service"),
    ],
)
def test_what_is_no_transfer_code_is_refused_by_name(payload: str, why: str) -> None:
    assert reason(payload) == why


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(CodeRefused):
        assert read_code(text).account
