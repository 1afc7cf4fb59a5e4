"""The days of resolutions and what a draft leaves without a rate, without a database."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from border.payments.tariffs import draft_file
from border.payments.tariffs.resolution import gaps
from border.payments.tariffs.rule import REGIME_GROUPS, TariffRule
from border.payments.tariffs.tariff_service import seeds
from border.regulation.regulation import Period, chained, in_the_way
from border.vocabulary import VEHICLE_CLASSES

from .conftest import FEE, exemption, factor, file_of, header, rate, terms

FIRST = date(2027, 1, 1)
NOW = list(next(seeds()).rules)


def period(code: str, begins: int, ends: int | None = None) -> Period:
    end = None if ends is None else FIRST + timedelta(days=ends)
    return Period(FEE, code, FIRST + timedelta(days=begins), end)


def rules(*rows: dict[str, object]) -> list[TariffRule]:
    return list(draft_file.read(file_of(header(), terms(), *rows)).rules)


def test_one_that_began_before_is_ended_and_one_that_begins_within_is_in_the_way() -> None:
    new = period("new", 10, 20)
    before, within, after = period("a", 0), period("b", 15), period("c", 20)
    assert in_the_way(new, [before]) is None
    assert in_the_way(new, [before, within, after]) == within
    assert in_the_way(new, [after]) is None
    assert in_the_way(period("new", 10), [after]) == after
    assert in_the_way(new, [period("same", 10)]) == period("same", 10)


@given(st.lists(st.tuples(st.integers(0, 50), st.none() | st.integers(1, 60)), max_size=8))
def test_in_a_chain_no_day_has_two_and_every_one_keeps_its_first(
    given_days: list[tuple[int, int | None]],
) -> None:
    starts = dict(given_days)
    periods = [
        period(str(begins), begins, None if length is None else begins + length)
        for begins, length in starts.items()
    ]
    chain = chained(periods)
    assert [one.effective_from for one in chain] == sorted(one.effective_from for one in periods)
    for one, following in pairwise(chain):
        assert one.effective_to is not None
        assert one.effective_from < one.effective_to <= following.effective_from


def test_a_draft_that_prices_all_that_is_priced_leaves_no_gap() -> None:
    assert gaps(NOW, NOW) == []
    assert gaps(NOW, rules(rate("next_all", 5))) == []
    assert gaps([], NOW) == []


def test_a_class_and_a_regime_without_a_rate_are_told_once() -> None:
    most = [rule for rule in NOW if rule.code != "lao_cai_2014_temporary_container_20"]
    assert [str(gap) for gap in gaps(NOW, most)] == [
        "temporary / container_20",
        "transit / container_20",
        "bonded / container_20",
    ]


def test_a_rate_for_some_goods_leaves_the_others_without() -> None:
    found = gaps(NOW, rules(rate("next_ore", 5, commodity_group="ore", direction="export")))
    narrowed = {(gap.commodity_group, gap.direction) for gap in found}
    assert narrowed == {("", "export"), ("", "import"), ("ore", "import")}


def test_an_exemption_is_no_gap_and_a_coefficient_is_no_rate() -> None:
    whole = rules(rate("next_a", 5, vehicle_class="under_4t"), exemption("next_b"))
    assert gaps(NOW, whole) == []
    half = rules(rate("next_a", 5, vehicle_class="under_4t"), factor("next_b", 5))
    assert len(gaps(NOW, half)) == len(REGIME_GROUPS) * (len(VEHICLE_CLASSES) - 1)
