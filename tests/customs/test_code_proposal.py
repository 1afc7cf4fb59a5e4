"""Codes are proposed for descriptions as traders type them, with reasons, or not at all.

`goods_of_the_corridor.csv` was collected by others than who wrote the trade names, and read before;
`goods_described.csv` is by the same hand: both tell what is broken, not how good it is.
"""

import csv
from pathlib import Path

import pytest

from customs.code_proposal import MOST_PROPOSED, PastLine, propose
from customs.goods_words import read
from customs.nomenclature import nomenclature

GUIDE = Path(__file__).parents[2] / "docs" / "testing.md"


def _described(file: str) -> list[tuple[str, str]]:
    with (Path(__file__).parent / file).open(encoding="utf-8", newline="") as lines:
        return [(row["hs6"], row["text"]) for row in csv.DictReader(lines)]


SAMPLES = {file: _described(file) for file in ("goods_of_the_corridor.csv", "goods_described.csv")}


@pytest.mark.parametrize("file", SAMPLES)
def test_what_is_proposed_is_right_as_often_as_promised(file: str) -> None:
    known = [(code, text) for code, text in SAMPLES[file] if code]
    answered = [(code, found) for code, text in known if (found := propose(text, "vi"))]
    proposed = [(code, [one.code[:6] for one in found]) for code, found in answered]
    assert len(answered) >= 0.9 * len(known)
    first = sum(codes[0] == code for code, codes in proposed) / len(answered)
    among = sum(code in codes for code, codes in proposed) / len(answered)
    assert first >= 0.75
    assert among >= 0.95
    told = f"(`{file}`) | {len(known)} | {len(answered)} | {first:.0%} | {among:.0%} |"
    assert told.replace("%", " %") in GUIDE.read_text(encoding="utf-8")


def test_what_tells_no_goods_is_not_answered() -> None:
    untold = [text for code, text in SAMPLES["goods_described.csv"] if not code]
    assert len(untold) > 10
    assert [text for text in untold if propose(text, "vi")] == []


@pytest.mark.parametrize("text", ["", "…", "100%", "a b c", "的"])
def test_nothing_said_is_not_answered(text: str) -> None:
    assert propose(text, "en") == ()


def test_a_proposal_is_a_declarable_code_with_its_heading_and_the_name_it_was_known_by() -> None:
    for text, locale in [("Quả sầu riêng tươi", "vi"), ("鲜葡萄", "zh"), ("plastic toys", "en")]:
        found = propose(text, locale)
        assert 0 < len(found) <= MOST_PROPOSED
        assert [one.score for one in found] == sorted((o.score for o in found), reverse=True)
        for one in found:
            assert nomenclature().validate(one.code)
            assert 0 < one.score <= 1
            assert "heading" in {why.kind for why in one.because}
        assert "synonym" in {why.kind for why in found[0].because}


def test_the_state_of_the_goods_decides_between_codes() -> None:
    said = {"tươi": "070960", "khô": "090421", "đông lạnh": "071080"}
    assert {how: propose(f"Ớt {how}", "vi")[0].code for how in said} == said


def test_a_measure_decides_between_codes() -> None:
    thick = {"2,5mm": "720839", "3.5 mm": "720838", "6mm": "720837", "12 mm": "720836"}
    assert {mm: propose(f"热轧卷板 {mm}", "zh")[0].code for mm in thick} == thick


def test_what_goods_are_for_or_part_of_is_not_what_they_are() -> None:
    assert propose("手机壳", "zh")[0].code == "392690"
    assert propose("手机", "zh")[0].code == "851713"
    assert propose("Lốp xe tải", "vi")[0].code == "401120"


def test_words_without_accents_are_understood_and_accents_that_differ_are_not() -> None:
    assert propose("sau rieng tuoi", "vi")[0].code == "081060"
    assert propose("dừa tươi", "vi")[0].code == "080119"
    assert propose("dứa tươi", "vi")[0].code == "080430"
    assert propose("dưa hấu", "vi")[0].code == "080711"


def test_what_the_firm_declared_before_comes_first_with_its_own_eight_digits() -> None:
    past = [PastLine("08109092", "Thanh long Bình Thuận loại A"), PastLine("0000", "thanh long")]
    first = propose("Thanh long Bình Thuận", "vi", past)[0]
    assert first.code == "08109092"
    assert first.because[0] == ("past_declaration", "Thanh long Bình Thuận loại A")
    without = propose("Thanh long Bình Thuận", "vi")[0]
    assert without.code == "081090"
    assert without.score < first.score


def test_goods_only_the_firm_knows_are_proposed_to_it_alone() -> None:
    past = [PastLine("84798910", "Cụm đồng bộ ZX-9 Hoàng Kim")]
    assert propose("Cụm đồng bộ ZX-9 Hoàng Kim", "vi", past)[0].code == "84798910"
    assert propose("Cụm đồng bộ ZX-9 Hoàng Kim", "vi") == ()


def test_measures_are_read_with_their_units_and_the_smallest_counts() -> None:
    assert read("Thép 2,5 x 1250mm").measures == {"mm": 2.5}
    assert read("Xe tải 15 tấn").measures == {"t": 15.0}
    assert read("máy kéo 35kW").measures == {"kw": 35.0}
