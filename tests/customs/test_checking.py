"""Whether a declaration can be right: each rule, the path it names, and everything at once."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from border.reference.catalogue import COUNTRIES, UNITS
from customs.checking import ACCEPTED_CURRENCIES, check
from customs.draft import DraftDeclaration, GoodsLine, Party, Value
from customs.nomenclature import nomenclature

GATES = ("KIM_THANH_II", "BAN_VUOC")
Body = Callable[..., DraftDeclaration]
MakeLine = Callable[..., dict[str, Any]]


def errors(draft: DraftDeclaration, *, complete: bool = True) -> list[tuple[str, str]]:
    return [(e.field, e.code) for e in check(draft, gates=GATES, complete=complete).errors]


def test_a_complete_declaration_is_right(body: Body) -> None:
    assert errors(body()) == []


def test_an_empty_draft_is_right_as_a_draft(body: Body) -> None:
    least = DraftDeclaration(direction="export", gate="KIM_THANH_II")
    assert errors(least, complete=False) == []


def test_lodging_names_everything_that_is_missing() -> None:
    least = DraftDeclaration(direction="export", gate="KIM_THANH_II", lines=[GoodsLine()])
    named = {path for path, code in errors(least) if code == "required"}
    assert named == {"regime", "exporter", "importer"} | {
        f"lines.0.{name}" for name in GoodsLine.model_fields
    }
    assert ("lines", "required") in errors(least.model_copy(update={"lines": []}))


def test_our_own_side_needs_its_tax_code_and_the_neighbour_does_not(body: Body) -> None:
    draft = body(exporter={"name": "Sao Mai", "country": "VN"})
    assert errors(draft) == [("exporter.tax_code", "required")]
    assert errors(draft, complete=False) == []


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"gate": "HUU_NGHI"}, "gate", "unknown_gate"),
        ({"regime": "Z99"}, "regime", "unknown_regime"),
        ({"regime": "A11"}, "regime", "regime_direction"),
        ({"customs_number": "30123"}, "customs_number", "customs_number_format"),
        ({"customs_number": "100000000001"}, "customs_number", "customs_number_direction"),
        (
            {"exporter": {"name": "x", "tax_code": "0100112438", "country": "VN"}},
            "exporter.tax_code",
            "tax_code_check_digit",
        ),
        (
            {"importer": {"name": "x", "tax_code": "91110000625909986X", "country": "CN"}},
            "importer.tax_code",
            "tax_code_check_digit",
        ),
        ({"importer": {"name": "x", "country": "XX"}}, "importer.country", "unknown_country"),
        ({"importer": {"country": "CN"}}, "importer.name", "required"),
        ({"importer": {"name": "x"}}, "importer.country", "required"),
        ({"carrier_tax_code": "0100233480"}, "carrier_tax_code", "tax_code_check_digit"),
        ({"containers": ["CSQU3054383", "CSQU3054384"]}, "containers.1", "container_check_digit"),
    ],
)
def test_each_field_of_the_declaration_is_checked(
    body: Body, changes: dict[str, Any], path: str, code: str
) -> None:
    assert errors(body(**changes)) == [(path, code)]


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"hs_code": "850499"}, "hs_code", "unknown_hs_code"),
        ({"hs_code": "8504"}, "hs_code", "unknown_hs_code"),
        ({"hs_code": "xyz"}, "hs_code", "unknown_hs_code"),
        ({"origin": "ZZ"}, "origin", "unknown_country"),
        ({"unit": "??"}, "unit", "unknown_unit"),
        ({"quantity": 0}, "quantity", "not_positive"),
        ({"quantity": -1}, "quantity", "not_positive"),
        ({"net_mass_g": 1_200_001}, "net_mass_g", "net_exceeds_gross"),
        ({"net_mass_g": 0}, "net_mass_g", "not_positive"),
        ({"value": {"minor": 0, "currency": "USD"}}, "value.minor", "not_positive"),
        ({"value": {"minor": -5, "currency": "USD"}}, "value.minor", "not_positive"),
        ({"value": {"minor": 5, "currency": "EUR"}}, "value.currency", "currency_not_accepted"),
        ({"value": {"minor": 5, "currency": "KRW"}}, "value.currency", "currency_not_accepted"),
    ],
)
def test_each_field_of_a_line_is_checked_and_named_by_its_path(
    body: Body, line: MakeLine, changes: dict[str, Any], path: str, code: str
) -> None:
    draft = body(lines=[line(), line(**changes)])
    assert errors(draft) == [(f"lines.1.{path}", code)]
    assert errors(draft, complete=False) == [(f"lines.1.{path}", code)]


def test_a_wrong_code_is_answered_with_those_that_may_have_been_meant(
    body: Body, line: MakeLine
) -> None:
    wrong = check(body(lines=[line(hs_code="850499")]), gates=GATES).errors[0]
    near = dict(wrong.facts)["near"].split(", ")
    assert near
    assert all(nomenclature().validate(code) for code in near)
    assert near[0] in wrong.detail()


def test_everything_wrong_is_said_at_once(body: Body, line: MakeLine) -> None:
    draft = body(regime="Z99", lines=[line(unit="??", origin="ZZ")], containers=["x"])
    assert errors(draft) == [
        ("regime", "unknown_regime"),
        ("lines.0.origin", "unknown_country"),
        ("lines.0.unit", "unknown_unit"),
        ("containers.0", "container_length"),
    ]


def test_goods_in_transit_need_no_regime_and_may_bear_either_number(body: Body) -> None:
    for number in ("100000000001", "300000000001"):
        assert errors(body(direction="transit", regime=None, customs_number=number)) == []
    assert errors(body(direction="transit", regime="G11", customs_number=None)) == []


def test_a_gate_declaration_may_be_lodged_before_its_customs_number_is_known(body: Body) -> None:
    assert errors(body(customs_number=None)) == []


def test_identifiers_come_back_in_their_canonical_form(body: Body, line: MakeLine) -> None:
    typed = body(
        customs_number="30 0000 000 001",
        regime="b11",
        exporter={"name": "Sao Mai", "tax_code": "01 00.112-437", "country": "vn"},
        handling=["perishable", "perishable"],
        containers=["csqu 305438-3", "CSQU3054383"],
        lines=[
            line(hs_code="8504.40", origin="vn", unit="kgm", value={"minor": 1, "currency": "usd"})
        ],
    )
    checked = check(typed, gates=GATES, complete=True)
    assert checked.errors == ()
    kept = checked.draft
    assert kept.customs_number == "300000000001"
    assert kept.regime == "B11"
    assert kept.exporter == Party(name="Sao Mai", tax_code="0100112437", country="VN")
    assert kept.handling == ["perishable"]
    assert kept.containers == ["CSQU3054383"]
    assert (kept.lines[0].hs_code, kept.lines[0].origin, kept.lines[0].unit) == (
        "850440",
        "VN",
        "KGM",
    )
    assert kept.lines[0].value == Value(minor=1, currency="USD")


_CODES = ["850440", "081060", "010121", "100630"]
_lines = st.builds(
    GoodsLine,
    hs_code=st.one_of(st.none(), st.sampled_from(_CODES), st.text("0123456789", min_size=1)),
    description=st.one_of(st.none(), st.just("goods")),
    origin=st.one_of(st.none(), st.sampled_from(["VN", "CN", "ZZ"])),
    quantity=st.one_of(st.none(), st.decimals(-10, 1000, places=3)),
    unit=st.one_of(st.none(), st.sampled_from(["KGM", "kgm", "??"])),
    gross_mass_g=st.one_of(st.none(), st.integers(-10, 10**9)),
    net_mass_g=st.one_of(st.none(), st.integers(-10, 10**9)),
    value=st.one_of(
        st.none(),
        st.builds(
            Value, minor=st.integers(-10, 10**9), currency=st.sampled_from(["USD", "vnd", "EUR"])
        ),
    ),
)


@settings(max_examples=150)
@given(st.lists(_lines, max_size=4), st.booleans())
def test_what_passes_keeps_every_promise_and_passes_again(
    lines: list[GoodsLine], complete: bool
) -> None:
    draft = DraftDeclaration(direction="import", gate="BAN_VUOC", lines=lines)
    checked = check(draft, gates=GATES, complete=complete)
    wrong = {e.field.split(".")[1] for e in checked.errors if e.field.startswith("lines.")}
    for at, line in enumerate(checked.draft.lines):
        if str(at) in wrong:
            continue
        assert line.hs_code is None or nomenclature().validate(line.hs_code).code == line.hs_code
        assert line.origin is None or line.origin in COUNTRIES
        assert line.unit is None or line.unit in UNITS
        assert all(n is None or n > 0 for n in (line.quantity, line.gross_mass_g, line.net_mass_g))
        if line.gross_mass_g is not None and line.net_mass_g is not None:
            assert line.net_mass_g <= line.gross_mass_g
        assert line.value is None or line.value.currency in ACCEPTED_CURRENCIES
        assert not complete or None not in line.model_dump().values()
    if not wrong:
        assert check(checked.draft, gates=GATES, complete=complete) == checked
