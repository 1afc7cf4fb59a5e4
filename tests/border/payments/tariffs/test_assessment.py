"""An assessment to the last đồng: coefficients, minimums, exemptions, mixed loads, tax, shares."""

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.core.clock import local_date
from border.core.refusal import Refusal
from border.payments.ledger.book import COLLECTOR, VAT, due
from border.payments.tariffs import draft_file
from border.payments.tariffs.commodity import PREFIXES, groups_of
from border.payments.tariffs.rule import (
    COMMODITY_GROUPS,
    DIRECTIONS,
    MOVEMENTS,
    REGIME_GROUPS,
    TariffRule,
)
from border.payments.tariffs.tariff import Assessment, Load, Trip, assess
from border.payments.tariffs.tariff_service import seeds
from border.payments.tariffs.vat import VAT_RATES, vat_rate
from border.vocabulary import VEHICLE_CLASSES

from .conftest import FEE, exemption, factor, file_of, header, rate, terms

ON = date(2027, 2, 1)
LANG_SON, YARD = (list(one.rules) for one in list(seeds())[1:])
ORE, LITCHI, MACHINE = "260111", "081090", "850440"


def rules_of(*rows: dict[str, Any], **more: Any) -> list[TariffRule]:
    return list(draft_file.read(file_of(header(), terms(**more), *rows)).rules)


def price(rules: list[TariffRule], *loads: Load, vehicle: str = "container_40") -> Assessment:
    found = assess(rules, FEE, loads, vehicle, ON)
    assert found is not None
    return found


def told(found: Assessment) -> list[str]:
    return [line.says.format(**line.facts) for line in found.lines]


# Rates and coefficients


def test_ore_for_export_costs_five_times_and_the_lines_say_why() -> None:
    ore = factor("next_ore", 5000, commodity_group="ore", direction="export", reason="ore")
    found = price(
        rules_of(rate("next_all", 800_000), ore),
        Load("ordinary", (ORE,), direction="export"),
    )
    assert found.amount.minor == 4_000_000
    assert [line.amount.minor for line in found.lines if line.amount] == [800_000, 3_200_000]
    assert told(found)[1] == "Coefficient 500 %: ore (NQ 1/2027/NQ-HĐND)"
    assert found.rule_codes == ("next_all", "next_ore")
    assert found.resolution == "next"


@pytest.mark.parametrize(
    ("load", "amount"),
    [
        (Load("ordinary", direction="import", movement="inland"), 1_300_000),
        (Load("ordinary", direction="import"), 1_000_000),
        (Load("ordinary", direction="export", movement="inland"), 1_000_000),
        (Load("ordinary", direction="import", movement="yard_only"), 300_000),
        (Load("ordinary", (ORE,), direction="export", movement="yard_only"), 1_500_000),
    ],
)
def test_where_the_goods_go_changes_the_price(load: Load, amount: int) -> None:
    rules = rules_of(
        rate("next_all", 1_000_000),
        factor("next_inland", 1300, direction="import", movement="inland"),
        factor("next_yard", 300, movement="yard_only"),
        factor("next_ore", 5000, commodity_group="ore", direction="export"),
    )
    assert price(rules, load).amount.minor == amount


def test_a_tonne_is_charged_to_the_gram_and_never_less_than_the_least() -> None:
    rules = rules_of(rate("next_all", 25_000, unit="per_tonne", minimum_minor=100_000))
    assert price(rules, Load("ordinary", mass_g=24_500_000)).amount.minor == 612_500
    light = price(rules, Load("ordinary", mass_g=1_000_001))
    assert [line.amount.minor for line in light.lines if line.amount] == [25_000, 75_000]
    assert told(light) == [
        "1000.001 kg at 25000 VND a tonne (NQ 1/2027/NQ-HĐND)",
        "Raised to the least amount, 100000 VND",
    ]


def test_without_a_mass_a_rate_a_tonne_is_refused_and_never_guessed() -> None:
    rules = rules_of(rate("next_all", 25_000, unit="per_tonne"))
    with pytest.raises(Refusal, match="mass_unknown"):
        price(rules, Load("ordinary", mass_g=1), Load("ordinary"))


def test_a_rate_a_declaration_counts_them() -> None:
    rules = rules_of(rate("next_all", 20_000, unit="per_declaration"))
    assert price(rules, Load("ordinary"), Load("ordinary")).amount.minor == 40_000


def test_the_narrowest_rate_holds_the_kind_of_goods_before_the_regime() -> None:
    rules = rules_of(
        rate("next_all", 1),
        rate("next_temporary", 2, regime_group="temporary"),
        rate("next_farm", 3, commodity_group="agricultural"),
        rate("next_fresh", 4, commodity_group="fresh_produce"),
        rate("next_fresh_export", 5, commodity_group="fresh_produce", direction="export"),
    )
    for load, amount in (
        (Load("ordinary", (MACHINE,)), 1),
        (Load("temporary", (MACHINE,)), 2),
        (Load("transit", (MACHINE,)), 2),
        (Load("bonded"), 2),
        (Load("temporary", ("0901.21",)), 3),
        (Load("ordinary", commodity_group="fresh_produce"), 4),
        (Load("ordinary", (LITCHI,), direction="export"), 5),
        (Load("ordinary", (MACHINE, LITCHI)), 4),
    ):
        assert price(rules, load).amount.minor == amount, load


def test_a_rate_for_small_lorries_needs_to_know_what_they_may_carry() -> None:
    litchi = Load("ordinary", (LITCHI,), direction="export")

    def of(payload_g: int | None) -> int | None:
        try:
            found = assess(LANG_SON, FEE, [litchi], "under_4t", ON, payload_g=payload_g)
        except Refusal:
            return None
        return found.amount.minor if found else None

    in_force = [LANG_SON[0].effective_from <= ON]
    assert in_force == [True]
    assert (of(1_999_999), of(2_000_000), of(None)) == (100_000, None, None)


# Exemptions and mixed loads


def test_goods_let_off_cost_nothing_and_the_line_says_why() -> None:
    rules = rules_of(rate("next_all", 9), exemption("next_relief", regime_group="ordinary"))
    found = price(rules, Load("ordinary"))
    assert (found.amount.minor, found.parts) == (0, ())
    assert told(found) == ["Nothing to pay: relief goods (NQ 1/2027/NQ-HĐND)"]
    assert found.rule_codes == ("next_relief",)


def test_goods_let_off_do_not_let_off_what_lies_beside_them() -> None:
    rules = rules_of(
        rate("next_all", 25_000, unit="per_tonne"),
        exemption("next_relief", regime_group="ordinary"),
    )
    loads = (Load("ordinary", mass_g=9_000_000), Load("temporary", mass_g=2_000_000))
    found = price(rules, *loads)
    assert found.amount.minor == 50_000
    assert told(found)[-1] == "1 of 2 loads count for nothing: relief goods"


def test_the_goods_of_the_highest_value_decide_where_the_resolution_says_so() -> None:
    rates = (
        rate("next_ordinary", 100, regime_group="ordinary"),
        rate("next_temporary", 900, regime_group="temporary"),
    )
    dear = Load("ordinary", customs_value=5_000_000)
    cheap = Load("temporary", customs_value=1_000_000)
    by_value = rules_of(*rates, mixed_load="highest_customs_value")
    assert price(by_value, dear, cheap).amount.minor == 100
    assert price(rules_of(*rates), dear, cheap).amount.minor == 900
    unknown = price(by_value, dear, Load("temporary"))
    assert unknown.amount.minor == 900
    assert "not known" in told(unknown)[-1]
    alike = price(by_value, dear, Load("temporary", customs_value=5_000_000))
    assert alike.amount.minor == 900


# Whose the money is


def test_the_collector_keeps_its_share_rounded_down_and_the_rest_is_the_budgets() -> None:
    found = price(rules_of(rate("next_all", 100_009)), Load("ordinary"))
    assert [(part.account, part.amount.minor) for part in found.parts] == [
        (COLLECTOR, 10_000),
        (due(FEE), 90_009),
    ]


def test_what_was_seeded_is_the_budgets_whole() -> None:
    found = assess(list(next(seeds()).rules), FEE, ["ordinary"], "under_4t", ON)
    assert found is not None
    assert [(part.account, part.amount.minor) for part in found.parts] == [(due(FEE), 120_000)]


# Value added tax, on the day at the gate


@pytest.mark.parametrize(
    ("at", "tax"),
    [
        (datetime(2025, 6, 30, 16, 59, 59, tzinfo=UTC), 10_000),
        (datetime(2025, 6, 30, 17, 0, tzinfo=UTC), 8_000),
        (datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC), 8_000),  # 23:59:59 at the gate
        (datetime(2026, 12, 31, 17, 0, tzinfo=UTC), 10_000),  # midnight at the gate
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), 10_000),  # the old year in UTC only
        (datetime(2027, 1, 1, 0, 0, tzinfo=UTC), 10_000),
    ],
)
def test_the_tax_changes_at_midnight_at_the_gate_not_in_utc(at: datetime, tax: int) -> None:
    rules = [rule for rule in YARD if rule.effect == "rate"]
    always = draft_file.read(
        file_of(
            header(effective_from="2025-01-01"),
            terms("yard_service", collector_per_mille=1000, vat="reduced"),
            rate("next_yard", rules[0].rate.minor, kind="yard_service"),
        )
    ).rules
    found = assess(always, "yard_service", ["ordinary"], "under_4t", local_date(at))
    assert found is not None
    assert found.amount.minor == 100_000 + tax
    assert {part.account: part.amount.minor for part in found.parts} == {
        COLLECTOR: 100_000,
        VAT: tax,
    }
    assert told(found)[-1].startswith(f"Value added tax {tax // 1000} % (")
    assert found.rule_codes[-1] == vat_rate("reduced", local_date(at)).code


def test_a_fee_of_the_state_carries_no_tax() -> None:
    found = price(rules_of(rate("next_all", 5)), Load("ordinary"))
    assert VAT not in {part.account for part in found.parts}


def test_the_rates_of_tax_leave_no_day_out_and_none_twice() -> None:
    for category in ("reduced", "standard"):
        days = sorted(
            (one.effective_from, one.effective_to) for one in VAT_RATES if one.category == category
        )
        assert all(end == begin for (_, end), (begin, _) in pairwise(days))
        assert days[-1][1] is None
    with pytest.raises(Refusal, match="no_vat_rate"):
        vat_rate("reduced", date(2000, 1, 1))


# Goods


@pytest.mark.parametrize(
    ("code", "groups"),
    [
        ("081090", ("fresh_produce", "agricultural")),
        ("0810.90.10", ("fresh_produce", "agricultural")),
        ("090121", ("agricultural",)),
        ("260111", ("ore",)),
        ("27101221", ("petrol",)),
        ("27101971", ()),
        ("030617", ()),
        ("", ()),
    ],
)
def test_a_code_leads_to_its_groups_the_narrowest_first(code: str, groups: tuple[str]) -> None:
    assert groups_of(code, ON) == groups


def test_every_prefix_names_a_known_group_once() -> None:
    assert {one.commodity_group for one in PREFIXES} == set(COMMODITY_GROUPS)
    assert len({one.hs_prefix for one in PREFIXES}) == len(PREFIXES)


# Whatever comes

AMOUNTS = st.integers(min_value=1, max_value=10**9)


@st.composite
def tariffs(draw: st.DrawFn) -> list[TariffRule]:
    """A resolution with a rate for everything and whatever else."""
    rows = [
        rate(
            "next_all",
            draw(AMOUNTS),
            unit=draw(st.sampled_from(["per_trip", "per_tonne", "per_declaration"])),
            minimum_minor=draw(AMOUNTS),
        )
    ]
    if draw(st.booleans()):
        rows.append(rate("next_ore", draw(AMOUNTS), commodity_group="ore", unit="per_tonne"))
    if draw(st.booleans()):
        rows.append(rate("next_old", draw(AMOUNTS), regime_group="temporary"))
    if draw(st.booleans()):
        rows.append(exemption("next_free", commodity_group="fresh_produce"))
    for place in range(draw(st.integers(0, 3))):
        condition = draw(st.sampled_from([{}, {"direction": "import"}, {"movement": "inland"}]))
        factored = factor(f"next_f{place}", draw(st.integers(1, 10_000)), **condition)
        rows.append(factored)
    return rules_of(
        *rows,
        collector_per_mille=draw(st.integers(0, 1000)),
        vat=draw(st.sampled_from(["none", "reduced", "standard"])),
        mixed_load=draw(st.sampled_from(["highest_rate", "highest_customs_value"])),
    )


LOADS = st.builds(
    Load,
    st.sampled_from(sorted(REGIME_GROUPS)),
    st.lists(st.sampled_from([ORE, LITCHI, MACHINE]), max_size=3).map(tuple),
    direction=st.sampled_from(["", *DIRECTIONS]),
    movement=st.sampled_from(["", *MOVEMENTS]),
    mass_g=st.integers(0, 60_000_000),
    customs_value=st.none() | st.integers(0, 10**12),
)


@given(
    tariffs(),
    st.lists(LOADS, min_size=1, max_size=4),
    st.sampled_from(sorted(VEHICLE_CLASSES)),
    st.randoms(use_true_random=False),
)
def test_lines_and_parts_add_up_whatever_the_order(
    rules: list[TariffRule], loads: list[Load], vehicle: str, shuffle: Any
) -> None:
    found = assess(rules, FEE, loads, vehicle, ON)
    assert found is not None
    amounts = [line.amount.minor for line in found.lines if line.amount]
    parts = [part.amount.minor for part in found.parts]
    assert sum(amounts) == sum(parts) == found.amount.minor >= 0
    assert all(type(minor) is int for minor in (*amounts, *parts))
    assert all(minor > 0 for minor in parts)
    assert all(type(fact) in (int, str) for line in found.lines for fact in line.facts.values())
    assert all(told(found))
    again, mixed = list(rules), list(loads)
    shuffle.shuffle(again)
    shuffle.shuffle(mixed)
    other = assess(again, FEE, mixed, vehicle, ON)
    assert other is not None
    assert (other.amount, other.lines, other.rule_codes, other.parts) == (
        found.amount,
        found.lines,
        found.rule_codes,
        found.parts,
    )
    kept = Trip.of(found.inputs)
    assert kept == Trip(tuple(loads), vehicle, ON)
    priced = assess(rules, FEE, kept.loads, kept.vehicle_class, kept.on_date)
    assert priced == found
