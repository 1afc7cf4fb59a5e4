"""Commodity codes are found, told apart, corrected and searched; agencies follow from them."""

import csv
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from border.reference.catalogue import HS, SAMPLES, TARIFF_LINES
from border.vocabulary import AGENCIES
from customs.agency_rules import (
    AGENCY_RULES,
    ALWAYS,
    AgencyRule,
    agencies_for,
    agency_rules,
    seed,
)
from customs.code_search import search
from customs.nomenclature import UnknownHsCode, nomenclature
from customs.word_index import WordIndex
from tests.customs.rule_sets import in_force

CODES = nomenclature()
SUBHEADINGS = sorted(code for code in HS if len(code) == 6)
LINES = sorted(TARIFF_LINES)
TODAY = date(2026, 11, 22)
RULES = agency_rules(in_force(AGENCY_RULES, seed()))

# --- finding


def test_every_subheading_and_every_line_is_found_and_named() -> None:
    for code in SUBHEADINGS + LINES:
        found = CODES.validate(code)
        assert found.code == code
        assert found.name("vi")
        assert found.name("en")


@pytest.mark.parametrize("typed", ["0810.60.00", "0810 6000", " 08106000 ", "０８１０６０００"])
def test_dots_and_blanks_do_not_matter(typed: str) -> None:
    found = CODES.find(typed)
    assert found is not None
    assert found.code == "08106000"
    assert found.name("vi") == "Quả sầu riêng"
    assert found.name("en") == "Fruit, edible; durians, fresh"
    assert found.name("zh") == "榴莲"


def test_a_heading_is_found_but_cannot_be_declared() -> None:
    heading = CODES.find("0810")
    assert heading is not None
    assert not heading.declarable
    with pytest.raises(UnknownHsCode) as refused:
        CODES.validate("0810")
    assert all(near.code.startswith("0810") for near in refused.value.near)


@pytest.mark.parametrize("typed", ["", "0", "08", "081", "08106", "0810600", "081006000", "abc"])
def test_no_other_length_is_a_code(typed: str) -> None:
    assert CODES.find(typed) is None
    with pytest.raises(UnknownHsCode):
        CODES.validate(typed)


def test_a_subheading_and_its_lines_share_six_digits() -> None:
    lines = CODES.lines("1006.30")
    assert [line.code for line in lines] == [c for c in LINES if c.startswith("100630")]
    assert {line.hs6 for line in lines} == {"100630"}
    assert {line.chapter for line in lines} == {"10"}


# --- telling


def test_a_path_leads_from_the_chapter_to_the_line() -> None:
    path = CODES.validate("10063030").path("vi")
    assert [step.code for step in path] == ["10", "1006", "100630", "10063030"]
    assert path[1].name == "Lúa gạo"
    assert path[-1].name == "Gạo nếp"


def test_a_line_that_is_its_subheading_is_not_said_twice() -> None:
    assert [step.code for step in CODES.validate("08106000").path("vi")] == [
        "08",
        "0810",
        "08106000",
    ]


def test_the_rest_of_a_subheading_is_told_by_what_stands_beside_it() -> None:
    assert TARIFF_LINES["40012190"].vi == "Loại khác"
    told = CODES.validate("40012190").path("vi")
    assert told[-2].name == "cao su tờ xông khói"
    assert told[-1].name == (
        "Loại khác (trừ: RSS hạng 1; RSS hạng 2; RSS hạng 3; RSS hạng 4; RSS hạng 5)"
    )


def test_the_rest_beside_deeper_lines_only_is_told_by_their_codes() -> None:
    assert CODES.validate("01022990").name("vi") == "Loại khác (trừ: 0102.29.11; 0102.29.19)"


def test_a_rest_that_is_a_whole_subheading_keeps_its_english_step() -> None:
    assert CODES.validate("06039000").path("vi")[-2].code == "060390"


def test_a_long_list_of_exceptions_is_cut() -> None:
    assert CODES.validate("21069099").name("vi").endswith("; …)")


def test_no_line_outside_chapter_98_is_left_without_a_telling_path() -> None:
    for code in LINES:
        path = CODES.validate(code).path("vi")
        said = [step.name for step in path if step.name != "Loại khác"]
        assert said or code.startswith("98"), code


# --- correcting


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1012100", "01012100"),
        ("10121", "010121"),
        ("08016000", "08106000"),
        ("081006000", "08106000"),
        ("0810600", "08106000"),
        ("10063098", "10063099"),
        ("852580", "852581"),
    ],
)
def test_near_matches_contain_the_code_that_was_meant(typed: str, meant: str) -> None:
    with pytest.raises(UnknownHsCode) as refused:
        CODES.validate(typed)
    assert meant in [near.code for near in refused.value.near]


@given(st.sampled_from(SUBHEADINGS + LINES), st.integers(0, 6))
def test_two_digits_changed_about_are_always_recognised(code: str, at: int) -> None:
    assume(at + 1 < len(code) and code[at] != code[at + 1])
    typed = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    assume(CODES.find(typed) is None)
    assert code in [near.code for near in CODES.near(typed)]


@given(st.sampled_from(SUBHEADINGS + LINES), st.integers(0, 7), st.sampled_from("0123456789"))
def test_one_wrong_digit_is_recognised_when_enough_matches_are_asked_for(
    code: str, at: int, digit: str
) -> None:
    assume(at < len(code) and code[at] != digit)
    typed = code[:at] + digit + code[at + 1 :]
    assume(CODES.find(typed) is None)
    assert code in [near.code for near in CODES.near(typed, limit=80)]


@given(st.text(alphabet="0123456789. x", max_size=12), st.integers(0, 12))
def test_near_matches_are_few_different_declarable_and_always_the_same(
    typed: str, limit: int
) -> None:
    near = CODES.near(typed, limit)
    assert len(near) <= limit
    assert len({hs.code for hs in near}) == len(near)
    assert all(hs.declarable for hs in near)
    assert near == CODES.near(typed, limit)


def test_codes_of_an_older_edition_in_the_sample_are_unknown_and_have_near_matches() -> None:
    with (SAMPLES / "declarations_2021q1.csv").open(encoding="utf-8", newline="") as lines:
        codes = [row["HS6 Code"] for row in csv.DictReader(lines)]
    unknown = [code for code in codes if CODES.find(code) is None]
    assert (len(codes), len(unknown), len(set(unknown))) == (8134, 349, 53)
    assert all(CODES.near(code) for code in set(unknown))


# --- searching


@pytest.mark.parametrize(
    ("typed", "locale", "first"),
    [
        ("sầu riêng", "vi", "08106000"),
        ("sau rieng", "vi", "08106000"),
        ("SAU RI", "vi", "08106000"),
        ("thanh long", "vi", "08109092"),
        ("durian", "en", "081060"),
        ("durian", "vi", "08106000"),
        ("sầu riêng", "en", "081060"),
        ("đậu xanh", "vi", "071331"),
        ("dau xanh", "vi", "071331"),
        ("apples", "en", "080810"),
        ("葡萄", "zh", "080610"),
        ("苹果", "zh", "080810"),
        ("花椰菜", "zh", "070410"),
        ("石榴", "vi", "081090"),
        ("焦炭", "zh", "270400"),
        ("0810.6", "vi", "08106000"),
        ("0810.6", "en", "081060"),
    ],
)
def test_words_or_leading_digits_find_the_code(typed: str, locale: str, first: str) -> None:
    assert search(typed, locale)[0].code == first


def test_search_gives_no_more_than_asked_for_and_nothing_twice() -> None:
    found = search("may", "vi", limit=7)
    assert len({hs.code for hs in found}) == len(found) == 7


@pytest.mark.parametrize("typed", ["", "…", "zzzz", "sầu zzzz"])
def test_nothing_is_found_for_what_is_no_word_of_the_tables(typed: str) -> None:
    assert search(typed, "vi") == ()


def test_accents_that_were_typed_decide_the_order() -> None:
    index = WordIndex({"a": "Lô hội", "b": "Lò xo", "c": "Lọ thủy tinh màu"})
    assert index.find("lọ", 3) == ["c", "a", "b"]
    assert index.find("lo", 3) == ["a", "b", "c"]
    assert index.find("lò x", 3) == ["b"]


def test_a_whole_word_comes_before_the_beginning_of_one() -> None:
    assert WordIndex({"a": "Gaolin", "b": "Bột gạo trắng"}).find("gao", 2) == ["b", "a"]


# --- agencies


@pytest.mark.parametrize(
    ("hs_codes", "direction", "handling", "beside"),
    [
        (["85171300"], "import", [], set()),
        ([], "import", [], set()),
        (["08106000"], "export", ["perishable"], {"plant_quarantine"}),
        (["010221"], "import", ["live_animals"], {"animal_quarantine"}),
        (["95081000"], "import", ["live_animals"], {"animal_quarantine"}),
        (["16010090"], "import", [], {"animal_quarantine", "health_quarantine"}),
        (["22030011"], "import", [], {"health_quarantine"}),
        (["22030011"], "export", [], set()),
        (["08106000", "03061711"], "export", [], {"plant_quarantine", "animal_quarantine"}),
        (["44071110"], "import", ["oversize"], {"plant_quarantine"}),
    ],
)
def test_the_agencies_follow_from_code_direction_and_handling(
    hs_codes: list[str], direction: str, handling: list[str], beside: set[str]
) -> None:
    assert agencies_for(hs_codes, direction, handling, TODAY, RULES) == ALWAYS | beside


def test_a_rule_holds_from_its_first_day_up_to_its_last_exclusive() -> None:
    first, after = date(2026, 1, 1), date(2026, 7, 1)
    rule = AgencyRule(
        agency="plant_quarantine",
        hs_prefix="08",
        direction="any",
        handling="",
        effective_from=first,
        effective_until=after,
        legal_basis="a decree",
        status="unconfirmed",
    )

    def held(on: date) -> bool:
        return "plant_quarantine" in agencies_for(["0810"], "export", [], on, [rule])

    day = timedelta(days=1)
    assert [held(on) for on in (first - day, first, after - day, after)] == [
        False,
        True,
        True,
        False,
    ]


def test_no_rule_ships_without_agency_legal_basis_and_a_heading_that_exists() -> None:
    for rule in RULES:
        assert rule.agency in AGENCIES.keys() - ALWAYS
        assert rule.direction in ("any", "export", "import", "transit")
        assert rule.hs_prefix in HS or rule.handling
        assert rule.legal_basis
        assert rule.status in ("confirmed", "unconfirmed")
