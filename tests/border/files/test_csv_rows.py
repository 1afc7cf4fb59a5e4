"""The one reader of tables: what is written is read back, what is refused names its line."""

import csv
import io
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.files import csv_rows
from border.files.csv_rows import SEPARATORS, CsvRow, CsvTable, separator_of
from border.files.fault import Problem, Unreadable
from border.files.text import encoding_of, lines_of

NAMES = ("code", "Số tiền", "note")


def table(raw: bytes, wanted: tuple[str, ...] = NAMES, **more: object) -> CsvTable:
    """Return a file as a table, its encoding and its separator found out."""
    encoding = encoding_of(lambda: io.BytesIO(raw))
    return CsvTable(lines_of(io.BytesIO(raw), encoding), wanted, **more)  # type: ignore[arg-type]


def refused(raw: bytes, **more: object) -> tuple[int, str, str]:
    """Return line, code and sentence of what keeps a file from being read."""
    with pytest.raises(Unreadable) as fault:
        list(table(raw, **more))  # type: ignore[arg-type]
    problem = fault.value.problem
    return problem.line, problem.error.code, problem.error.detail()


_SHOWN = st.characters(blacklist_categories=["Cs", "Cc"])
_CELL = st.text(_SHOWN | st.sampled_from('",;|\t\n'), max_size=8)


@given(
    rows=st.lists(st.tuples(_CELL, _CELL, _CELL), max_size=6),
    separator=st.sampled_from(SEPARATORS),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n"]),
    all_quoted=st.booleans(),
)
def test_what_is_written_is_read_back(
    rows: list[tuple[str, str, str]], separator: str, encoding: str, end: str, all_quoted: bool
) -> None:
    out = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=separator, lineterminator=end, quoting=quoting).writerows(
        [NAMES, *rows]
    )
    found = table(out.getvalue().encode(encoding))
    assert found.separator == separator
    assert found.headings == NAMES
    kept = [[unicodedata.normalize("NFC", cell).strip() for cell in row] for row in rows]
    assert [list(row.cells) for row in found] == [row for row in kept if any(row)]


def outcome(raw: bytes) -> tuple[list[CsvRow], Problem | None]:
    """Return the rows of a file as far as it can be read, and what ended that."""
    rows: list[CsvRow] = []
    try:
        rows.extend(table(raw))
    except Unreadable as fault:
        return rows, fault.problem
    return rows, None


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_whatever_is_sent_is_read_or_refused_with_its_line(raw: bytes) -> None:
    rows, problem = outcome(raw)
    for row in rows:
        assert row.line > 0
        assert any(row.cells)
        assert row.wrong is None or row.wrong.field == f"lines.{row.line}.line"
    if problem:
        assert problem.line >= 1
        assert problem.error.field == f"lines.{problem.line}.line"
        assert problem.error.detail()


@given(st.binary(max_size=3), st.integers(0, 80))
def test_a_file_damaged_anywhere_is_read_or_refused_with_its_line(damage: bytes, at: int) -> None:
    whole = 'code,Số tiền,note\n1,2,“Phí hạ tầng”\n2,"a ""b""",\n'.encode()
    _, problem = outcome(whole[:at] + damage + whole[at + 1 :])
    assert problem is None or problem.line >= 1


def test_rows_of_nothing_are_no_rows_and_lines_are_counted_on() -> None:
    found = table(b'code,note\n\n,,,\n  ,\t\n7,a\n"x\ny",b\n8,c\n')
    assert [(row.line, row.cells) for row in found] == [
        (5, ("7", "a")),
        (7, ("x\ny", "b")),
        (8, ("8", "c")),
    ]


@pytest.mark.parametrize(
    ("raw", "line", "word"),
    [
        (b'code,note\n1,"never closed\n2,b\n', 2, "never closed"),
        (b'code,note\n1,a\n2,"b\n', 3, "never closed"),
        (b'code,"note\n1,a\n', 1, "never closed"),
        (b'code,note\n1,"a"b\n', 2, "goes on"),
    ],
)
def test_a_quotation_mark_out_of_place_is_named_as_such_with_its_line(
    raw: bytes, line: int, word: str
) -> None:
    at, code, says = refused(raw)
    assert (at, code) == (line, "not_csv")
    assert word in says
    assert "UTF" not in says


def test_an_open_quotation_mark_does_not_swallow_a_large_file() -> None:
    def lines() -> Iterator[str]:
        nonlocal read
        yield "code,note\n"
        yield '1,"open\n'
        while True:
            read += 1
            yield "2,more\n"

    read = 0
    with pytest.raises(Unreadable) as fault:
        list(CsvTable(lines(), NAMES))
    assert fault.value.problem.line == 2
    assert read < 20_000


def test_a_heading_twice_or_missing_is_told_by_its_name() -> None:
    _, problems = table(b" CODE ,note,Note\n").places(("code", "note", "sum"))
    assert [(p.error.field, p.error.code) for p in problems] == [
        ("lines.1.note", "column_twice"),
        ("lines.1.sum", "missing_column"),
    ]
    places, none = table(unicodedata.normalize("NFD", "SỐ  tiền;x\n").encode()).places(["Số tiền"])
    assert (places, none) == ({"Số tiền": 0}, [])


@pytest.mark.parametrize(
    ("line", "separator"),
    [
        ("code,note", ","),
        ("code;note", ";"),
        ("code\tnote", "\t"),
        ("code|note", "|"),
        ("code;Số tiền (a, b, c, d, e);note", ";"),
        ('"code, or what";note', ";"),
        ("code", ","),
        ("", ","),
        ("a;b;c", ";"),
    ],
)
def test_the_separator_is_the_one_under_which_the_headings_are_found(
    line: str, separator: str
) -> None:
    assert separator_of(line, NAMES) == separator


def test_cells_too_few_too_many_or_too_long_spoil_their_row_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(csv_rows, "LONGEST_CELL", 5)
    rows = list(table(b"code,note\n1\n1,2,3\n1,abcdef\n1,2,,\n"))
    assert [(row.line, row.wrong.code if row.wrong else None) for row in rows] == [
        (2, "wrong_number_of_cells"),
        (3, "wrong_number_of_cells"),
        (4, "too_long"),
        (5, None),
    ]


def test_limits_name_the_line_beyond_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(b"code,note\n1,2\n\n3,4\n", most_rows=1)[:2] == (4, "too_many")
    monkeypatch.setattr(csv_rows, "MOST_COLUMNS", 2)
    assert refused(b"code,note,sum\n")[:2] == (1, "too_many_columns")


def test_lines_above_the_headings_are_passed_over_whatever_is_in_them() -> None:
    found = table('Sao kê "tháng 11\n\ncode;note\n1;2\n'.encode(), skip=2)
    assert (found.line, found.separator, found.headings) == (3, ";", ("code", "note"))
    assert list(found) == [CsvRow(4, ("1", "2"), "1;2")]
