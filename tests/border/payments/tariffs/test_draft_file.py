"""A resolution's file: read whole or refused with every cell that is wrong, by its line."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.core.refusal import Refusal
from border.payments.tariffs import draft_file
from border.payments.tariffs.draft_file import digest, read, written
from border.payments.tariffs.tariff_service import seeds

from .conftest import complete, exemption, factor, file_of, header, rate, terms

GOOD = (header(), terms(), rate("next_all", 5))


def wrong(raw: bytes) -> list[tuple[str, str]]:
    """Return what is refused, as (field, code)."""
    with pytest.raises(Refusal) as refused:
        read(raw)
    assert refused.value.code == "invalid_fields"
    assert all(error.detail() for error in refused.value.errors)
    return [(error.field, error.code) for error in refused.value.errors]


def test_what_is_written_reads_back_the_same() -> None:
    for one in (*seeds(), read(complete())):
        assert read(written(one).encode()) == one


def test_a_file_in_utf16_or_the_vietnamese_code_page_is_read_too() -> None:
    rows = (header(title="Nghị quyết 11"), *GOOD[1:])
    text = file_of(*rows).decode()
    plain = read(text.encode())
    assert read(text.encode("utf-16")) == plain
    assert read(text.replace("ị", "i\u0323").replace("ế", "ê\u0301").encode("cp1258")) == plain


def test_a_spreadsheets_semicolons_marks_and_line_ends_are_forgiven() -> None:
    plain = read(file_of(*GOOD))
    text = file_of(*GOOD).decode()
    assert read(b"\xef\xbb\xbf" + file_of(*GOOD)) == plain
    assert read(text.replace(",", ";").encode()) == plain
    assert read(text.replace("\r\n", "\n").replace("\n", "\n\n").encode()) == plain
    assert digest(plain) == digest(read(text.replace(",", ";").encode()))


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        (rate("next_b", 5, regime_group="exported"), "regime_group", "unknown"),
        (rate("next_b", 5, direction="transit"), "direction", "unknown"),
        (rate("next_b", 5, vehicle_class="lorry"), "vehicle_class", "unknown"),
        (rate("next_b", 5, commodity_group="gold"), "commodity_group", "unknown"),
        (rate("next_b", 5, movement="up"), "movement", "unknown"),
        (rate("next_b", 5, regime_group="bonded", unit="per_day"), "unit", "unknown"),
        (rate("next_b", 5, regime_group="bonded", unit=""), "unit", "missing"),
        (rate("next_b", 5, regime_group="bonded", status="sure"), "status", "unknown"),
        (rate("next_b", 5, regime_group="bonded", currency="EUR"), "currency", "unknown"),
        (rate("next_b", 5, regime_group="bonded", kind="toll"), "kind", "unknown"),
        (rate("next_b", 5, kind="yard_service"), "kind", "no_terms"),
        (rate("other_b", 5, regime_group="bonded"), "code", "prefix"),
        (rate("next_B", 5, regime_group="bonded"), "code", "not_a_code"),
        (rate("", 5, regime_group="bonded"), "code", "not_a_code"),
        (rate("next_all", 5, regime_group="bonded"), "code", "repeated"),
        (rate("next_b", 5, regime_group="bonded", per_mille=5), "per_mille", "not_here"),
        (rate("next_b", 5, regime_group="bonded", title="A"), "title", "not_here"),
        (rate("next_b", 5, regime_group="bonded", minimum_minor="0"), "minimum_minor", "not_whole"),
        (rate("next_b", 5, payload_below_g="2 t"), "payload_below_g", "not_whole"),
        (factor("next_b", 0), "per_mille", "not_whole"),
        (factor("next_b", 5, reason=""), "reason", "missing"),
        (factor("next_b", 5, reason="=1+1"), "reason", "formula"),
        (factor("next_b", 5, reason="x" * 201), "reason", "too_long"),
        (factor("next_b", 5, reason="a\x07b"), "reason", "unprintable"),
        (exemption("next_b", amount_minor=5), "amount_minor", "not_here"),
        ({"record": "surcharge"}, "record", "unknown"),
        ({"code": "next_b"}, "record", "missing"),
    ],
)
def test_each_bad_cell_is_refused_with_its_line_and_its_column(
    row: dict[str, Any], field: str, code: str
) -> None:
    assert wrong(file_of(*GOOD, row)) == [(f"lines.5.{field}", code)]


@pytest.mark.parametrize(
    "amount", ["", "0", "-5", "5.0", "120.000", "120,000", "1e6", "٥", "5 000", "9" * 14, "five"]
)
def test_an_amount_is_digits_only(amount: str) -> None:
    bad = rate("next_b", 5, regime_group="bonded") | {"amount_minor": amount}
    assert wrong(file_of(*GOOD, bad)) == [("lines.5.amount_minor", "not_whole")]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"effective_from": ""}, "effective_from", "not_a_day"),
        ({"effective_from": "1/1/2027"}, "effective_from", "not_a_day"),
        ({"effective_from": "20270101"}, "effective_from", "not_a_day"),
        ({"effective_from": "2027-02-30"}, "effective_from", "not_a_day"),
        ({"effective_to": "2027-01-01"}, "effective_to", "too_early"),
        ({"title": ""}, "title", "missing"),
        ({"issued_by": ""}, "issued_by", "missing"),
        ({"legal_basis": ""}, "legal_basis", "missing"),
        ({"example": "maybe"}, "example", "unknown"),
        ({"kind": "infrastructure_fee"}, "kind", "not_here"),
    ],
)
def test_a_bad_heading_is_refused(change: dict[str, str], field: str, code: str) -> None:
    assert wrong(file_of(header(**change), *GOOD[1:])) == [(f"lines.2.{field}", code)]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"mixed_load": "lowest"}, "mixed_load", "unknown"),
        ({"mixed_load": ""}, "mixed_load", "missing"),
        ({"collector_per_mille": 1001}, "collector_per_mille", "not_whole"),
        ({"collector_per_mille": ""}, "collector_per_mille", "not_whole"),
        ({"vat": "8 %"}, "vat", "unknown"),
    ],
)
def test_bad_terms_are_refused(change: dict[str, Any], field: str, code: str) -> None:
    assert wrong(file_of(header(), terms(**change), GOOD[2])) == [(f"lines.3.{field}", code)]


def test_every_bad_row_is_told_at_once_in_the_order_of_the_file() -> None:
    rows = [rate(f"next_{n}", n, direction="export", vehicle_class=f"v{n}") for n in range(12)]
    found = wrong(file_of(*GOOD, *rows))
    assert found[0] == ("lines.5.amount_minor", "not_whole")
    assert [field for field, code in found if code == "unknown"] == [
        f"lines.{line}.vehicle_class" for line in range(5, 17)
    ]


def test_two_rates_for_the_same_trips_are_refused_but_not_two_coefficients() -> None:
    assert wrong(file_of(*GOOD, rate("next_b", 6))) == [("lines.5", "repeated")]
    assert read(file_of(*GOOD, factor("next_b", 6), factor("next_c", 7)))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "columns"),
        (b"record,code,price\n", "unknown_column"),
        (b"record,record\n", "column_twice"),
        (b"code,kind\n", "columns"),
        (b"record,code\n", "empty"),
        (b"record,code\nresolution,next,more\n", "wrong_number_of_cells"),
        (b'record,code\n"resolution,next\n', "not_csv"),
        ("record,code\nresolution,Ngh\u1ecb".encode("cp1258", "replace") + b"\xff", "damaged"),
        (b"record\n" + b"rate\n" * (draft_file.MOST_ROWS + 1), "too_many"),
        (b"x" * (draft_file.MOST_BYTES + 1), "too_large"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "damaged"),
    ],
)
def test_what_is_no_such_table_is_refused(raw: bytes, code: str) -> None:
    assert [found for _, found in wrong(raw)] == [code]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (GOOD[1:], "resolution"),
        ((header(), *GOOD), "resolution"),
        ((header(), terms()), "no_rates"),
        ((header(), terms(), exemption("next_a")), "no_rates"),
        ((header(),), "no_terms"),
    ],
)
def test_a_file_with_a_part_missing_or_twice_is_refused(
    rows: tuple[dict[str, Any], ...], code: str
) -> None:
    assert [found for _, found in wrong(file_of(*rows))] == [code]


def outcome(raw: bytes) -> str:
    """Return how reading ends."""
    try:
        read(raw)
    except Refusal as refusal:
        return refusal.code
    return "read"


@given(st.binary(max_size=400))
def test_whatever_is_sent_is_read_or_refused(raw: bytes) -> None:
    assert outcome(raw) in ("read", "invalid_fields")


@given(st.binary(max_size=3), st.integers(0, 2_000))
def test_a_file_damaged_anywhere_is_read_or_refused(change: bytes, at: int) -> None:
    whole = written(next(seeds())).encode()
    assert outcome(whole[:at] + change + whole[at + 1 :]) in ("read", "invalid_fields")
