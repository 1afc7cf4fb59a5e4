"""The first lane: each rule, the strictest wins, dates, and a random share nobody can choose."""

from dataclasses import replace
from datetime import date

import pytest

from border.core.ids import new_reference
from border.core.money import Money
from border.regulation.rule_kind import digest_of
from customs.selectivity import Consignment, SelectivityRule, choose_lane, draw
from customs.selectivity_rules import SEED, SELECTIVITY, selectivity_rules
from tests.customs.rule_sets import in_force

ON = date(2026, 11, 23)
PLAIN = Consignment(
    reference="DEC-22222-22222",
    direction="export",
    regime="B11",
    hs_codes=("850440",),
    origins=("VN",),
    handling=(),
    agencies=frozenset({"customs", "border_guard"}),
    totals={"USD": 250_000},
    certified=False,
    numbered=True,
    first_declaration=False,
)
FORETOLD = tuple(
    rule for rule in selectivity_rules(in_force(SELECTIVITY, SEED)) if rule.per_mille is None
)


def rule(**conditions: object) -> SelectivityRule:
    fixed = {"code": "r", "says": "", "lane": "yellow", "legal_basis": ""}
    return SelectivityRule(**{**fixed, "effective_from": date(2020, 1, 1), **conditions})  # type: ignore[arg-type]


def test_a_known_trader_with_plain_goods_passes_in_the_green_lane() -> None:
    choice = choose_lane(PLAIN, FORETOLD, ON)
    assert (choice.lane, choice.codes) == ("green", ())


@pytest.mark.parametrize(
    ("goods", "lane", "code"),
    [
        (replace(PLAIN, handling=("dangerous_goods",)), "red", "dangerous_goods"),
        (replace(PLAIN, handling=("live_animals",)), "red", "live_animals"),
        (replace(PLAIN, first_declaration=True), "yellow", "first_declaration"),
        (replace(PLAIN, numbered=False), "yellow", "unnumbered"),
        (
            replace(PLAIN, agencies=frozenset({"customs", "plant_quarantine"})),
            "yellow",
            "quarantine_uncertified",
        ),
    ],
)
def test_each_rule_leads_to_its_lane(goods: Consignment, lane: str, code: str) -> None:
    choice = choose_lane(goods, FORETOLD, ON)
    assert (choice.lane, choice.codes) == (lane, (code,))


def test_a_certificate_keeps_goods_under_quarantine_green() -> None:
    goods = replace(PLAIN, agencies=frozenset({"plant_quarantine"}), certified=True)
    assert choose_lane(goods, FORETOLD, ON).lane == "green"


def test_perishable_and_oversize_goods_are_not_suspect_for_that() -> None:
    goods = replace(PLAIN, handling=("perishable", "oversize"))
    assert choose_lane(goods, FORETOLD, ON).lane == "green"


def test_the_strictest_lane_wins_and_every_rule_that_hit_is_named() -> None:
    goods = replace(PLAIN, handling=("live_animals",), first_declaration=True)
    choice = choose_lane(goods, FORETOLD, ON)
    assert choice.lane == "red"
    assert set(choice.codes) == {"live_animals", "first_declaration"}


@pytest.mark.parametrize(
    ("conditions", "hits"),
    [
        ({"hs_prefixes": ("85",)}, True),
        ({"hs_prefixes": ("8504", "10")}, True),
        ({"hs_prefixes": ("86",)}, False),
        ({"origins": frozenset({"VN", "CN"})}, True),
        ({"origins": frozenset({"CN"})}, False),
        ({"directions": frozenset({"export"})}, True),
        ({"directions": frozenset({"import"})}, False),
        ({"value_above": Money(249_999, "USD")}, True),
        ({"value_above": Money(250_000, "USD")}, False),
        ({"value_above": Money(1, "VND")}, False),
        ({"hs_prefixes": ("85",), "origins": frozenset({"CN"})}, False),
        ({"per_mille": 1000}, True),
        ({"per_mille": 0}, False),
    ],
)
def test_every_condition_that_is_given_must_hold(conditions: dict[str, object], hits: bool) -> None:
    assert rule(**conditions).hits(PLAIN) is hits


def test_a_rule_applies_from_its_first_day_and_no_longer_on_the_day_it_ends() -> None:
    dated = rule(effective_from=date(2026, 3, 1), effective_until=date(2026, 4, 1))
    days = {
        day: dated.in_force(day)
        for day in (date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1))
    }
    assert list(days.values()) == [False, True, True, False]


def test_each_rule_that_hit_gives_its_reason() -> None:
    goods = replace(PLAIN, numbered=False)
    assert choose_lane(goods, FORETOLD, ON).reasons == (
        "The number of the customs declaration is missing.",
    )
    over = rule(code="b", per_mille=1000, effective_until=date(2026, 1, 1))
    assert choose_lane(PLAIN, (over,), ON).reasons == ()


def test_the_version_tells_the_rules_apart_and_not_the_order_of_their_rows() -> None:
    head = {"code": "x", "effective_from": date(2026, 1, 1)}
    rows = [dict(row) for row in SEED.rows]
    digest = digest_of("selectivity", head, rows)
    assert digest == digest_of("selectivity", dict(reversed(head.items())), rows[::-1])
    stricter = [rows[0] | {"lane": "yellow"}, *rows[1:]]
    assert digest != digest_of("selectivity", head, stricter)
    assert digest != digest_of("selectivity", head | {"code": "y"}, rows)


def test_three_in_a_hundred_are_picked_and_the_same_ones_each_time() -> None:
    references = [new_reference("DEC") for _ in range(20_000)]
    picked = [r for r in references if draw("random_share", r) < 30]
    # Twenty thousand draws of 3 %: five standard deviations are 121.
    assert abs(len(picked) - 600) < 121
    assert picked == [r for r in references if draw("random_share", r) < 30]
    assert any(draw("another_rule", r) >= 30 for r in picked)
