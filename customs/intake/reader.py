"""One door for every file of declarations: what format it is, found by its content, and its rows.

A table is read as a stream, XML as a whole within its limits.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO

from border.core.refusal import FieldError
from border.core.words import N_
from border.files.csv_rows import CsvTable, folded, separator_of
from border.files.fault import FILE_NOT_READABLE, Unreadable, wrong
from border.files.safe_xml import MOST_XML_BYTES, Element, root_name, tree_of
from border.files.sheet import SheetCell, SheetRow
from border.files.text import encoding_of, lines_of, rewound
from border.files.xlsx_rows import Workbook, open_workbook
from customs.intake import ecus5, wco
from customs.intake.row import SourceRow
from customs.intake.sample_csv import DECLARATIONS_2021, DeclarationColumns, read_rows
from customs.intake.table import places_of, read_table
from customs.intake.template import COLUMNS, known_headings

CSV, XLSX, WCO, ECUS5 = "csv", "xlsx", wco.FORMAT, ecus5.FORMAT
FORMATS = (ECUS5, WCO, XLSX, CSV)
_ROOTS = {"MetaData": WCO, "Declaration": WCO, "Root": ECUS5, "root": ECUS5}
"""By its first element, which XML is whose."""
_XML_BEGINS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\x00<")
_SNIFFED = 1 << 14
_ABOVE = 20
"""Lines above the headings that a table may have: a firm's name, a title."""
_HEADINGS = [column.name for column in COLUMNS] + [
    said for column in COLUMNS for said in (column.vi, column.zh, column.en, *column.others)
]


@dataclass
class Progress:
    """How far the reading has come, in bytes."""

    bytes: int = 0


class _Counted(io.RawIOBase):
    """A file whose bytes are counted as they are read."""

    def __init__(self, file: BinaryIO, progress: Progress) -> None:
        self._file = file
        self._progress = progress

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes."""
        return self._count(self._file.read(size))

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return the next line."""
        return self._count(self._file.readline(-1 if size is None else size))

    def _count(self, piece: bytes) -> bytes:
        self._progress.bytes += len(piece)
        return piece


def format_of(file: BinaryIO) -> str:
    """Return which format a file is, by what it begins with. refuses: file_not_readable."""
    file.seek(0)
    begins = file.read(_SNIFFED)
    file.seek(0)
    if begins.startswith(b"PK\x03\x04"):
        return XLSX
    try:
        is_xml = begins.lstrip().startswith(_XML_BEGINS)
        if is_xml and (known := _ROOTS.get(root_name(begins))):
            return known
    except Unreadable as fault:
        raise refused(fault) from fault
    if is_xml or begins.startswith((b"\xd0\xcf\x11\xe0", b"%PDF", b"Rar!", b"\x1f\x8b", b"7z")):
        says = N_(
            "This is no file that is read here. Save it as an Excel workbook (.xlsx) or as CSV, or "
            "export XML from ECUS."
        )
        raise refused(Unreadable(wrong(1, "line", "unknown_format", says)))
    return CSV


def read_file(
    file: BinaryIO,
    gate: str,
    form: str | None = None,
    progress: Progress | None = None,
    sample: DeclarationColumns = DECLARATIONS_2021,
) -> Iterator[SourceRow]:
    """Yield the declarations of a file one by one, for a `gate` where the file names none.

    refuses: invalid_fields (a column is missing or twice), file_not_readable.
    """
    counted = progress if progress is not None else Progress()
    try:
        match form or format_of(file):
            case "xlsx":
                yield from _workbook(file, gate, counted)
            case "wco":
                yield from wco.read_wco(_tree(file, counted), gate)
            case "ecus5":
                yield from ecus5.read_ecus5(_tree(file, counted), gate)
            case _:
                yield from _separated(file, gate, counted, sample)
    except Unreadable as fault:
        raise refused(fault) from fault


def refused(fault: Unreadable) -> Exception:
    """Return the refusal of a file that cannot be read on."""
    return FILE_NOT_READABLE(line=fault.problem.line, errors=[fault.problem.error])


def _tree(file: BinaryIO, progress: Progress) -> Element:
    file.seek(0)
    raw = file.read(MOST_XML_BYTES + 1)
    progress.bytes = len(raw)
    return tree_of(raw)


def _separated(
    file: BinaryIO, gate: str, progress: Progress, sample: DeclarationColumns
) -> Iterator[SourceRow]:
    encoding = encoding_of(rewound(file))
    file.seek(0)
    lines = lines_of(_Counted(file, progress), encoding)
    first = list(islice(lines, _ABOVE))
    wanted = [*_HEADINGS, *sample.columns]
    skip = max(range(len(first)), key=lambda at: _found(first[at], wanted), default=0)
    table = CsvTable(chain(first, lines), wanted, skip=skip)
    names = {folded(heading) for heading in table.headings}
    theirs = sum(folded(name) in names for name in sample.columns)
    if theirs > known_headings(table.headings):
        yield from read_rows(table, sample, gate)
    else:
        yield from read_table(_rows(table), places_of(table.line, table.headings), gate)


def _found(line: str, wanted: list[str]) -> int:
    """Return how many of the headings that somebody looks for stand in a line."""
    names = {folded(name) for name in wanted}
    try:
        cells = next(csv.reader([line], delimiter=separator_of(line, wanted)), [])
    except csv.Error:
        return 0
    return sum(folded(cell.strip().rstrip("*")) in names for cell in cells)


def _rows(table: CsvTable) -> Iterator[SheetRow | tuple[int, FieldError]]:
    for row in table:
        if row.wrong is not None:
            yield row.line, row.wrong
            continue
        cells = {at: SheetCell(text) for at, text in enumerate(row.cells) if text}
        yield SheetRow(row.line, cells)


def _workbook(file: BinaryIO, gate: str, progress: Progress) -> Iterator[SourceRow]:
    """Yield the declarations of the first sheet that has the headings."""
    file.seek(0)
    book = open_workbook(file)
    if not book.sheets:
        raise Unreadable(wrong(1, "line", "empty", N_("The workbook has no sheet that is shown.")))
    sheet, head = max(
        ((name, _head(book, name)) for name in book.sheets),
        key=lambda one: known_headings(_texts(one[1])),
    )
    rows = (row for row in book.rows(sheet) if row.line > head.line)
    yield from read_table(_told(file, rows, progress), places_of(head.line, _texts(head)), gate)


def _head(book: Workbook, name: str) -> SheetRow:
    """Return the row of a sheet that has the most headings, among the first."""
    first: Iterable[SheetRow] = islice(book.rows(name), _ABOVE)
    return max(first, key=lambda row: known_headings(_texts(row)), default=SheetRow(1))


def _texts(row: SheetRow) -> list[str]:
    """Return the texts of a row in their columns; a merged heading counts once."""
    cells = row.cells
    return [
        cells[at].text if at in cells and not cells[at].merged_from else ""
        for at in range(max(cells, default=-1) + 1)
    ]


def _told(file: BinaryIO, rows: Iterable[SheetRow], progress: Progress) -> Iterator[SheetRow]:
    """Yield rows, saying how far in the file they stand."""
    for row in rows:
        progress.bytes = file.tell()
        yield row
