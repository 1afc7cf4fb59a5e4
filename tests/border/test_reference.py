"""The reference tables are complete, as their sources describe them, and readable by name."""

import hashlib
import re
from pathlib import Path

import pytest

from border.reference.catalogue import (
    COUNTRIES,
    CURRENCIES,
    HS,
    HS_SHORT_NAMES,
    INCOTERMS,
    LOCODES,
    OFFICES,
    REGIMES,
    SAMPLES,
    SCHEMES,
    SECTIONS,
    TARIFF_LINES,
    TRANSPORT_MODES,
    UNITS,
    load,
    rows_of,
)

REFERENCE = SAMPLES.parent
LISTED = {
    file: (int(rows), digest)
    for file, rows, digest in re.findall(
        r"^\| `([^`]+)` \| (\d+) \|.*\| `([0-9a-f]{64})` \|$",
        (REFERENCE / "SOURCES.md").read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
}
SHIPPED = sorted(path.relative_to(REFERENCE).as_posix() for path in REFERENCE.rglob("*.csv"))


def test_every_file_that_ships_has_its_source_named() -> None:
    assert sorted(LISTED) == SHIPPED


@pytest.mark.parametrize("file", SHIPPED)
def test_a_file_is_the_one_its_source_describes(file: str) -> None:
    content = (REFERENCE / file).read_bytes()
    assert hashlib.sha256(content).hexdigest() == LISTED[file][1]


@pytest.mark.parametrize("file", SHIPPED)
def test_a_file_is_plain_utf8_with_unix_line_ends(file: str) -> None:
    content = (REFERENCE / file).read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in content
    assert content.endswith(b"\n")


@pytest.mark.parametrize("file", [Path(file).name for file in SHIPPED if file.startswith("data/")])
def test_a_table_has_as_many_rows_as_its_source_says(file: str) -> None:
    assert sum(1 for _ in rows_of(file)) == LISTED[f"data/{file}"][0]


def test_licence_texts_lie_beside_the_files_that_need_them() -> None:
    named = re.findall(r"`((?:data|samples)/LICENSE[^`]+)`", (REFERENCE / "SOURCES.md").read_text())
    assert set(named) == {
        "data/LICENSE.locodes.txt",
        "data/LICENSE.cldr.txt",
        "samples/LICENSE.declarations_2021q1.txt",
    }
    assert all("ermission" in (REFERENCE / file).read_text() for file in named)


@pytest.mark.parametrize(
    ("table", "size"),
    [
        (COUNTRIES, 249),
        (CURRENCIES, 178),
        (UNITS, 1756),
        (REGIMES, 40),
        (TRANSPORT_MODES, 7),
        (OFFICES, 49),
        (LOCODES, 2267),
        (INCOTERMS, 11),
        (SECTIONS, 21),
        (HS, 6936),
        (HS_SHORT_NAMES, 1324),
        (TARIFF_LINES, 11871),
    ],
    ids=lambda value: getattr(value, "scheme", None),
)
def test_a_table_is_complete(table: dict[str, object], size: int) -> None:
    assert len(table) == size


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_row_has_a_code_and_a_name_in_every_language(scheme: str) -> None:
    for code, row in load(scheme).items():
        assert row.code == code
        assert all(row.name(locale) for locale in ("en", "vi", "zh"))


def test_an_unknown_scheme_has_no_table() -> None:
    with pytest.raises(KeyError):
        load("postcodes")


def test_a_table_is_read_once() -> None:
    assert load("countries")["VN"] is COUNTRIES["VN"]


def test_names_fall_back_to_english_then_to_the_only_one_there_is() -> None:
    assert COUNTRIES["CN"].name("vi-VN") == "Trung Quốc"
    assert COUNTRIES["CN"].name("zh") == "中国"
    assert COUNTRIES["CN"].name("fr") == "China"
    assert REGIMES["B11"].name("zh") == "Commercial export"
    assert OFFICES["13BB"].name("en") == "CC HQ CK QT Lào Cai"


def test_the_dong_has_no_minor_unit_and_the_yuan_two() -> None:
    assert CURRENCIES["VND"].minor_units == 0
    assert CURRENCIES["CNY"].minor_units == 2


def test_regimes_split_into_sixteen_exports_and_twenty_four_imports() -> None:
    directions = [regime.direction for regime in REGIMES.values()]
    assert (directions.count("export"), directions.count("import")) == (16, 24)


def test_hekou_across_the_river_is_the_one_in_yunnan() -> None:
    assert LOCODES["CNHKM"].subdivision == "YN"
    assert LOCODES["CNXHH"].subdivision == "GD"
    assert LOCODES["VNLCA"].function[2] == "3"


def test_totals_and_withdrawn_units_are_left_out() -> None:
    assert not {"TOTAL", "99", "9999", "999999"} & HS.keys()
    assert {row["Status"] for row in rows_of("units_rec20.csv")}.isdisjoint({"X", "D"})


def test_every_row_of_the_harmonized_system_has_its_parent_and_section() -> None:
    sizes = [len(code) for code in HS]
    assert (sizes.count(2), sizes.count(4), sizes.count(6)) == (96, 1228, 5612)
    for row in HS.values():
        assert row.parent == row.code[:-2]
        assert row.section in SECTIONS


def test_both_nomenclatures_have_the_same_subheadings_but_for_chapter_98() -> None:
    international = {code for code in HS if len(code) == 6}
    national = {line.hs6 for line in TARIFF_LINES.values()}
    assert international <= national
    assert {code[:2] for code in national - international} == {"98"}
