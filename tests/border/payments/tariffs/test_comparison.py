"""What a draft would have collected: like with like, and what it cannot price told apart."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from border.core.money import Money
from border.payments.tariffs import draft_file
from border.payments.tariffs.comparison import Charged, compare
from border.payments.tariffs.rule import TariffRule
from border.payments.tariffs.tariff import Load, assess
from border.payments.tariffs.tariff_service import seeds
from border.vocabulary import VEHICLE_CLASSES

from .conftest import FEE, file_of, header, rate, terms

ON = date(2026, 11, 23)
NOW = list(next(seeds()).rules)


def charged(*groups: str, vehicle: str = "container_40", trips: int = 1) -> Charged:
    found = assess(NOW, FEE, groups, vehicle, ON)
    assert found is not None
    return Charged(FEE, found.inputs, found.amount, trips)


def draft(*rows: dict[str, object]) -> list[TariffRule]:
    return list(draft_file.read(file_of(header(), terms(), *rows)).rules)


def test_a_draft_not_yet_in_force_prices_last_months_trips() -> None:
    (line,) = compare(draft(rate("next_all", 900_000)), [charged("ordinary", trips=7)]).lines
    assert (line.trips, line.collected_minor, line.would_be_minor) == (7, 5_600_000, 6_300_000)
    assert line.difference_minor == 700_000


def test_what_the_draft_has_no_rate_for_does_not_blur_the_difference() -> None:
    only = draft(rate("next_ordinary", 900_000, regime_group="ordinary"))
    found = compare(only, [charged("ordinary"), charged("temporary", trips=2)])
    assert [(line.regime_group, line.unpriced_trips) for line in found.lines] == [
        ("ordinary", 0),
        ("temporary", 2),
    ]
    whole = found.total()
    assert (whole.trips, whole.unpriced_trips, whole.unpriced_minor) == (3, 2, 12_000_000)
    assert whole.difference_minor == 100_000


def test_a_rate_a_tonne_without_a_mass_is_no_rate() -> None:
    found = compare(draft(rate("next_all", 5, unit="per_tonne")), [charged("ordinary")])
    assert found.total().unpriced_trips == 1


def test_a_charge_that_kept_no_inputs_is_counted_and_not_guessed() -> None:
    old = Charged(FEE, {}, Money(800_000), 3)
    found = compare(NOW, [old, charged("ordinary")])
    assert (found.unknown_trips, found.total().trips) == (3, 1)


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(["ordinary", "temporary"]), min_size=1, max_size=3),
            st.sampled_from(sorted(VEHICLE_CLASSES)),
            st.integers(1, 9),
        ),
        max_size=12,
    )
)
def test_the_tariff_held_against_itself_makes_no_difference(
    trips: list[tuple[list[str], str, int]],
) -> None:
    found = compare(NOW, [charged(*g, vehicle=v, trips=n) for g, v, n in trips])
    assert all(line.difference_minor == 0 for line in found.lines)
    whole = found.total()
    assert whole.trips == sum(count for _, _, count in trips)
    assert whole.collected_minor == whole.would_be_minor


def test_goods_are_priced_by_what_the_charge_knew_of_them() -> None:
    ore = assess(NOW, FEE, [Load("ordinary", ("260111",), direction="export")], "under_4t", ON)
    assert ore is not None
    rules = draft(rate("next_all", 1), rate("next_ore", 7, commodity_group="ore"))
    found = compare(rules, [Charged(FEE, ore.inputs, ore.amount)])
    assert found.total().would_be_minor == 7
