"""The reading of files is measured: every format made for it is read whole, and without a fault."""

from bench.files_in import FORMATS, measure_files, read_all, told


def test_every_format_is_read_whole() -> None:
    for make, _ in FORMATS.values():
        assert read_all(make(3))[0] == 3


def test_the_figures_of_every_format_are_told() -> None:
    figures = measure_files(lambda _: None, times=0.0005)
    assert [row["case"] for row in figures["files"]] == list(FORMATS)
    assert all(row["rate"] > 0 and row["memory_mb"] > 0 for row in figures["files"])
    assert "two processes" in told(figures)
