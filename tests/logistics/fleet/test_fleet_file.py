"""A file of trucks: the good rows are read, the bad ones named by their line."""

import pytest

from border.core.refusal import Refusal
from logistics.fleet.fleet_file import read

FILE = """plate,class,payload_kg,trailer_plate,country
24C-123.45,container_40,28000,24R-006.78,VN
24C 99,container_40,28000,,
24C-777.77,lorry,heavy,,
云G12345,18t_and_over,20000,,
24C 12345,under_4t,3000,,VN
29H-543.21,under_4t,9000,,VN
29H-543.22,under_4t,3000,,US
"""


def test_good_rows_are_read_and_bad_ones_named_by_line_and_column() -> None:
    rows = read(FILE.encode())
    assert [
        (row.line, row.plate.normalised if row.plate else None) for row in rows if not row.errors
    ] == [
        (2, "24C12345"),
        (5, "云G12345"),
    ]
    assert rows[3].vehicle
    assert [(error.field, error.code) for row in rows for error in row.errors] == [
        ("lines.3.plate", "plate_format"),
        ("lines.4.class", "not_readable"),
        ("lines.4.payload_kg", "not_readable"),
        ("lines.6.plate", "repeated"),
        ("lines.7.payload_kg", "payload_outside_class"),
        ("lines.8.country", "not_readable"),
    ]


def test_semicolons_and_missing_columns_of_choice_do() -> None:
    (row,) = read(b"Plate;Class;Payload_kg\r\n24C-123.45;under_4t;3000\r\n")
    assert (row.errors, row.plate and row.plate.normalised) == ([], "24C12345")


def test_a_program_may_write_the_payload_in_grams() -> None:
    good, bad, light = read(
        b"plate,trailer_plate,country,class,payload_g\n24C-123.45,,VN,under_4t,3000000\n"
        b"24C-123.46,,VN,under_4t,heavy\n24C-123.47,,VN,18t_and_over,3000000\n"
    )
    assert good.vehicle
    assert (good.errors, good.vehicle.payload_g) == ([], 3_000_000)
    assert [error.field for row in (bad, light) for error in row.errors] == [
        "lines.3.payload_g",
        "lines.4.payload_g",
    ]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"plate,class\n", "missing_column"),
        (b"", "missing_column"),
        (b'plate,class,payload_kg\n"24C', "not_csv"),
        (b"x" * 1_000_001, "too_large"),
    ],
)
def test_what_is_no_such_table_is_refused_whole(raw: bytes, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(raw)
    assert refused.value.errors[0].code == code
