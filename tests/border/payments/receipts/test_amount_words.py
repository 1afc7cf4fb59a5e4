"""Amounts in words: the Vietnamese that counts, and the Chinese and English beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.core.money import Money
from border.payments.receipts.amount_words import (
    LARGEST,
    amount_en,
    amount_vi,
    amount_zh,
    number_en,
    number_vi,
    number_zh,
)

VIETNAMESE = {
    0: "Không đồng",
    1: "Một đồng",
    4: "Bốn đồng",
    5: "Năm đồng",
    9: "Chín đồng",
    10: "Mười đồng",
    11: "Mười một đồng",
    14: "Mười bốn đồng",
    15: "Mười lăm đồng",
    19: "Mười chín đồng",
    20: "Hai mươi đồng",
    21: "Hai mươi mốt đồng",
    24: "Hai mươi tư đồng",
    25: "Hai mươi lăm đồng",
    31: "Ba mươi mốt đồng",
    44: "Bốn mươi tư đồng",
    55: "Năm mươi lăm đồng",
    91: "Chín mươi mốt đồng",
    99: "Chín mươi chín đồng",
    100: "Một trăm đồng",
    101: "Một trăm linh một đồng",
    104: "Một trăm linh bốn đồng",
    105: "Một trăm linh năm đồng",
    110: "Một trăm mười đồng",
    111: "Một trăm mười một đồng",
    115: "Một trăm mười lăm đồng",
    121: "Một trăm hai mươi mốt đồng",
    505: "Năm trăm linh năm đồng",
    555: "Năm trăm năm mươi lăm đồng",
    999: "Chín trăm chín mươi chín đồng",
    1_000: "Một nghìn đồng",
    1_001: "Một nghìn không trăm linh một đồng",
    1_005: "Một nghìn không trăm linh năm đồng",
    1_010: "Một nghìn không trăm mười đồng",
    1_015: "Một nghìn không trăm mười lăm đồng",
    1_021: "Một nghìn không trăm hai mươi mốt đồng",
    1_100: "Một nghìn một trăm đồng",
    2_024: "Hai nghìn không trăm hai mươi tư đồng",
    5_000: "Năm nghìn đồng",
    10_000: "Mười nghìn đồng",
    15_000: "Mười lăm nghìn đồng",
    21_000: "Hai mươi mốt nghìn đồng",
    24_500: "Hai mươi tư nghìn năm trăm đồng",
    100_000: "Một trăm nghìn đồng",
    105_000: "Một trăm linh năm nghìn đồng",
    350_000: "Ba trăm năm mươi nghìn đồng",
    800_000: "Tám trăm nghìn đồng",
    864_000: "Tám trăm sáu mươi tư nghìn đồng",
    999_999: "Chín trăm chín mươi chín nghìn chín trăm chín mươi chín đồng",
    1_000_000: "Một triệu đồng",
    1_000_001: "Một triệu không trăm linh một đồng",
    1_005_000: "Một triệu không trăm linh năm nghìn đồng",
    1_200_000: "Một triệu hai trăm nghìn đồng",
    1_234_567: ("Một triệu hai trăm ba mươi tư nghìn năm trăm sáu mươi bảy đồng"),
    15_000_000: "Mười lăm triệu đồng",
    21_000_000: "Hai mươi mốt triệu đồng",
    100_000_000: "Một trăm triệu đồng",
    101_000_015: "Một trăm linh một triệu không trăm mười lăm đồng",
    1_000_000_000: "Một tỷ đồng",
    1_000_000_001: "Một tỷ không trăm linh một đồng",
    1_000_005_000: "Một tỷ không trăm linh năm nghìn đồng",
    1_005_000_000: "Một tỷ không trăm linh năm triệu đồng",
    2_500_000_000: "Hai tỷ năm trăm triệu đồng",
    5_000_000_000: "Năm tỷ đồng",
    10_000_000_000: "Mười tỷ đồng",
    21_000_000_000: "Hai mươi mốt tỷ đồng",
    105_000_000_000: "Một trăm linh năm tỷ đồng",
    1_000_000_000_000: "Một nghìn tỷ đồng",
    1_005_000_000_000: "Một nghìn không trăm linh năm tỷ đồng",
    15_000_000_000_024: "Mười lăm nghìn tỷ không trăm hai mươi tư đồng",
    100_000_000_000_000: "Một trăm nghìn tỷ đồng",
    LARGEST: (
        "Chín trăm chín mươi chín nghìn chín trăm chín mươi chín tỷ "
        "chín trăm chín mươi chín triệu chín trăm chín mươi chín nghìn "
        "chín trăm chín mươi chín đồng"
    ),
    -1: "Âm một đồng",
    -800_000: "Âm tám trăm nghìn đồng",
    -15_000_005: "Âm mười lăm triệu không trăm linh năm đồng",
}
CHINESE = {
    0: "零越南盾整",
    10: "壹拾越南盾整",
    15: "壹拾伍越南盾整",
    105: "壹佰零伍越南盾整",
    1_005: "壹仟零伍越南盾整",
    1_050: "壹仟零伍拾越南盾整",
    10_005: "壹万零伍越南盾整",
    800_000: "捌拾万越南盾整",
    1_000_500: "壹佰万零伍佰越南盾整",
    15_000_000: "壹仟伍佰万越南盾整",
    100_000_000: "壹亿越南盾整",
    1_000_000_001: "壹拾亿零壹越南盾整",
    1_000_050_000: "壹拾亿零伍万越南盾整",
    1_000_000_000_000: "壹万亿越南盾整",
    -850_000: "负捌拾伍万越南盾整",
}
ENGLISH = {
    0: "Zero dong",
    21: "Twenty-one dong",
    105: "One hundred and five dong",
    1_005: "One thousand and five dong",
    800_000: "Eight hundred thousand dong",
    1_234_567: (
        "One million two hundred and thirty-four thousand five hundred and sixty-seven dong"
    ),
    1_000_000_001: "One billion and one dong",
    -40: "Minus forty dong",
}


@pytest.mark.parametrize("minor", VIETNAMESE)
def test_vietnamese(minor: int) -> None:
    assert amount_vi(Money(minor)) == VIETNAMESE[minor]


@pytest.mark.parametrize("minor", CHINESE)
def test_chinese(minor: int) -> None:
    assert amount_zh(Money(minor)) == CHINESE[minor]


@pytest.mark.parametrize("minor", ENGLISH)
def test_english(minor: int) -> None:
    assert amount_en(Money(minor)) == ENGLISH[minor]


def test_currencies_with_a_fraction() -> None:
    assert amount_vi(Money(12_50, "CNY")) == "Mười hai nhân dân tệ năm mươi phân"
    assert amount_vi(Money(12_00, "USD")) == "Mười hai đô la Mỹ"
    assert amount_zh(Money(-12_05, "CNY")) == "负壹拾贰人民币元伍分"
    assert amount_en(Money(1_01, "USD")) == "One US dollars one cents"


def test_more_than_can_be_said_is_refused() -> None:
    for minor in (LARGEST + 1, -LARGEST - 1):
        with pytest.raises(ValueError, match="more than can be put into words"):
            amount_vi(Money(minor))


DIGITS = {
    word: value
    for value, words in enumerate(
        ("không", "một mốt", "hai", "ba", "bốn tư", "năm lăm", "sáu", "bảy", "tám", "chín")
    )
    for word in words.split()
}


def heard(words: str) -> int:
    """Return the number that somebody who hears these Vietnamese words writes down."""
    above, _, below = words.partition(" tỷ") if " tỷ" in words else ("", "", words)
    return (heard(above) * 10**9 if above else 0) + _group_sum(below.split())


def _group_sum(words: list[str]) -> int:
    whole, group, digit = 0, 0, 0
    for word in words:
        if word in DIGITS:
            digit = DIGITS[word]
        elif word == "mười":
            group += 10
        elif word in ("trăm", "mươi"):
            group, digit = group + digit * {"trăm": 100, "mươi": 10}[word], 0
        elif word in ("nghìn", "triệu"):
            whole += (group + digit) * {"nghìn": 1_000, "triệu": 1_000_000}[word]
            group = digit = 0
    return whole + group + digit


@given(st.integers(0, LARGEST))
def test_what_is_said_in_vietnamese_is_heard_again(number: int) -> None:
    assert heard(number_vi(number)) == number


@given(st.integers(0, LARGEST), st.integers(0, LARGEST))
def test_no_two_numbers_share_their_words(one: int, other: int) -> None:
    for said in (number_vi, number_zh, number_en):
        assert (said(one) == said(other)) == (one == other)


@given(st.integers(1, LARGEST))
def test_chinese_zeros_are_said_once_and_never_at_the_end(number: int) -> None:
    said = number_zh(number)
    assert "零零" not in said
    assert not said.endswith("零")
