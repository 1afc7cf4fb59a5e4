"""What a search and a proposal cost is measured: every name asked finds what it names."""

from bench.codes import GOALS, measure_codes, told


def test_the_figures_of_both_are_told() -> None:
    figures = measure_codes(lambda _: None, every=200)
    assert [row["case"] for row in figures["codes"]] == list(GOALS)
    for row in figures["codes"]:
        assert row["asked"] > 10
        assert 0 < row["p50"] <= row["p99"] <= row["max"]
        assert row["case"] in told(figures)
