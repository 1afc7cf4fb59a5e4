"""The tariff: the published table to the last cell, its days, and mixed loads."""

import json
from dataclasses import replace
from datetime import date

import pytest

from border.core.actor import PROGRAM
from border.core.clock import FixedClock
from border.core.money import CurrencyMismatch, Money
from border.core.refusal import Refusal
from border.core.store import Store
from border.payments.tariffs.tariff import (
    INFRASTRUCTURE_FEE,
    Assessment,
    ExplanationLine,
    TariffRule,
    assess,
)
from border.payments.tariffs.tariff_service import load_tariff, rules_on_days, seeds
from border.vocabulary import VEHICLE_CLASSES

ON = date(2026, 11, 23)
TABLE = {
    "under_4t": (120_000, 1_000_000),
    "4t_to_10t": (300_000, 2_500_000),
    "10t_to_18t": (500_000, 4_000_000),
    "container_20": (500_000, 4_000_000),
    "18t_and_over": (800_000, 6_000_000),
    "container_40": (800_000, 6_000_000),
}
CELLS = [
    (group, vehicle, row[column])
    for vehicle, row in TABLE.items()
    for column, group in enumerate(("ordinary", "temporary"))
]


def rules() -> list[TariffRule]:
    return list(next(seeds()).rules)


def fee(
    groups: list[str], vehicle: str, on: date = ON, using: list[TariffRule] | None = None
) -> Assessment | None:
    return assess(using or rules(), INFRASTRUCTURE_FEE, groups, vehicle, on)


def one_rule(**changes: object) -> TariffRule:
    rule = next(rule for rule in rules() if rule.code == "lao_cai_2014_ordinary_under_4t")
    return replace(rule, **changes)


@pytest.mark.parametrize(("group", "vehicle", "minor"), CELLS)
def test_each_cell_of_the_published_table_is_charged(group: str, vehicle: str, minor: int) -> None:
    found = fee([group], vehicle)
    assert found is not None
    assert found.amount == Money(minor)
    assert found.rule_codes == (f"lao_cai_2014_{group}_{vehicle}",)
    assert [line.amount for line in found.lines] == [Money(minor)]
    assert found.lines[0].facts["legal_basis"] == "QĐ 58/2014/QĐ-UBND"


def test_the_seed_is_the_twelve_cells_and_says_that_it_is_unconfirmed() -> None:
    assert len(CELLS) == len(rules()) == 12
    assert set(TABLE) == set(VEHICLE_CLASSES)
    assert {rule.status for rule in rules()} == {"unconfirmed"}


def test_several_loads_are_charged_once_at_the_highest_rate_and_a_line_says_so() -> None:
    found = fee(["ordinary", "temporary", "ordinary"], "container_40")
    assert found is not None
    assert found.amount == Money(6_000_000)
    assert found.rule_codes == ("lao_cai_2014_temporary_container_40",)
    assert [line.amount for line in found.lines] == [Money(6_000_000), None]
    says = found.lines[1].says.format(**found.lines[1].facts)
    assert says == "3 loads on one vehicle: charged once, at the highest applicable rate"


def test_an_empty_truck_is_not_assessed() -> None:
    assert fee([], "container_40") is None


def test_a_load_without_a_rate_is_refused_and_never_free() -> None:
    only_ordinary = [rule for rule in rules() if rule.regime_group == "ordinary"]
    with pytest.raises(Refusal) as refused:
        fee(["ordinary", "temporary"], "container_20", using=only_ordinary)
    assert refused.value.code == "no_tariff"
    assert refused.value.facts["regime_group"] == "temporary"
    assert "2026-11-23" in refused.value.detail()


def test_a_rate_of_another_kind_is_no_rate() -> None:
    with pytest.raises(Refusal, match="no_tariff"):
        assess(rules(), "parking", ["ordinary"], "under_4t", ON)


@pytest.mark.parametrize(
    ("on", "minor"),
    [
        (date(2025, 12, 31), None),
        (date(2026, 1, 1), 100),
        (date(2026, 6, 30), 100),
        (date(2026, 7, 1), 200),
        (date(2027, 1, 1), 200),
    ],
)
def test_a_rate_holds_from_its_first_day_until_before_its_last(on: date, minor: int | None) -> None:
    first = one_rule(
        effective_from=date(2026, 1, 1), effective_to=date(2026, 7, 1), rate=Money(100)
    )
    second = one_rule(effective_from=date(2026, 7, 1), rate=Money(200))
    if minor is None:
        with pytest.raises(Refusal, match="no_tariff"):
            fee(["ordinary"], "under_4t", on, [second, first])
    else:
        found = fee(["ordinary"], "under_4t", on, [second, first])
        assert found is not None
        assert found.amount == Money(minor)


def test_a_rate_that_nothing_followed_is_gone_on_its_last_day() -> None:
    only = one_rule(effective_to=date(2026, 7, 1))
    assert fee(["ordinary"], "under_4t", date(2026, 6, 30), [only]) is not None
    with pytest.raises(Refusal, match="no_tariff"):
        fee(["ordinary"], "under_4t", date(2026, 7, 1), [only])


def test_the_newer_decision_holds_where_nobody_closed_the_older() -> None:
    older = one_rule(rate=Money(900))
    newer = one_rule(effective_from=date(2026, 1, 1), rate=Money(100))
    found = fee(["ordinary"], "under_4t", ON, [newer, older])
    assert found is not None
    assert found.amount == Money(100)


def test_a_rule_for_any_goods_holds_where_the_group_has_none_of_its_own() -> None:
    anything = one_rule(code="any", regime_group="any", rate=Money(70))
    found = fee(["temporary"], "under_4t", ON, [anything, one_rule()])
    own = fee(["ordinary"], "under_4t", ON, [anything, one_rule()])
    assert found is not None
    assert own is not None
    assert (found.amount, own.amount) == (Money(70), Money(120_000))


def test_rates_in_several_currencies_are_not_compared() -> None:
    yuan = one_rule(regime_group="temporary", rate=Money(5_00, "CNY"))
    with pytest.raises(CurrencyMismatch):
        fee(["ordinary", "temporary"], "under_4t", ON, [one_rule(), yuan])


def test_an_explanation_survives_being_stored() -> None:
    found = fee(["ordinary", "temporary"], "under_4t")
    assert isinstance(found, Assessment)
    kept = json.loads(json.dumps([line.stored() for line in found.lines]))
    assert tuple(ExplanationLine.of(line) for line in kept) == found.lines


async def test_the_seed_is_loaded_once_and_overwrites_nothing(
    store: Store, clock: FixedClock
) -> None:
    assert await store.perform(PROGRAM, load_tariff) == 12
    assert await store.perform(PROGRAM, load_tariff) == 0
    async with store.reading() as connection:
        kept = (await rules_on_days(connection, INFRASTRUCTURE_FEE, [ON]))[ON]
        assert (await rules_on_days(connection, "parking", [ON]))[ON] == ()
    assert sorted(kept, key=lambda rule: rule.code) == sorted(rules(), key=lambda rule: rule.code)
