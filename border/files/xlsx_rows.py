"""The rows of a workbook, read as a stream: no row is held longer than it is looked at.

A workbook is an archive of XML. Nothing in it is run, followed or trusted: its parts are counted
as they are unpacked, numbers are taken as they are written, a formula as the value beside it.
source: ECMA-376, part 1 (SpreadsheetML), sections 18.3, 18.4 and 18.8.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from posixpath import join, normpath
from typing import BinaryIO, TypeVar
from xml.parsers import expat

from border.core.words import N_
from border.files.fault import Unreadable, wrong
from border.files.safe_xml import DEEPEST
from border.files.sheet import CellKind, SheetCell, SheetRow, place_of

MOST_UNPACKED = 200 * 1024 * 1024
MOST_PARTS = 2_000
MOST_TEXTS = 16 * 1024 * 1024
"""Characters of the texts that all sheets share; they are held while the sheet is read."""
MOST_COLUMNS = 200
MOST_MERGED = 20_000
_PIECE = 1 << 16
_BOOK = "xl/workbook.xml"
_RANGE = re.compile(rb'mergeCell\s+ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"')
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
"""The built-in formats of dates and times. source: ECMA-376, 18.8.30."""

_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
)
"""What an archive that is damaged, encrypted or packed in a strange way raises."""

T = TypeVar("T")


def _fault(code: str, says: str, line: int = 1, **facts: object) -> Unreadable:
    return Unreadable(wrong(line, "line", code, says, **facts))


def _not_a_workbook() -> Unreadable:
    return _fault("not_a_workbook", N_("The file is damaged or no workbook. Save it as .xlsx."))


@dataclass
class Workbook:
    """A workbook that is open: its sheets by name, each read when it is asked for."""

    archive: zipfile.ZipFile
    sheets: Mapping[str, str]
    texts: list[str]
    date_styles: frozenset[int]
    first_day: date

    def rows(self, name: str) -> Iterator[SheetRow]:
        """Yield the rows of a sheet that hold something. refuses: Unreadable."""
        merged = _Merged(self.archive, self.sheets[name])
        reading = _SheetReading(self)
        for row in _fed(self.archive, self.sheets[name], reading.parser, reading.taken):
            full = merged.filled(row)
            if full.cells:
                yield full


def open_workbook(file: BinaryIO) -> Workbook:
    """Open a workbook; what it would unpack to is counted first. refuses: Unreadable."""
    try:
        archive = zipfile.ZipFile(file)
        _refuse_bomb(archive)
        sheets, since_1904 = _sheets(archive)
        return Workbook(
            archive,
            sheets,
            _texts(archive),
            _date_styles(archive),
            date(1904, 1, 1) if since_1904 else date(1899, 12, 30),
        )
    except _DAMAGED as error:
        raise _not_a_workbook() from error


def _refuse_bomb(archive: zipfile.ZipFile) -> None:
    """Refuse an archive that unpacks to more than can be read: no part gives more than it says."""
    parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        says = N_("The workbook unpacks to more than {most} bytes. Send it in parts, or as CSV.")
        raise _fault("zip_bomb", says, most=MOST_UNPACKED)
    if _BOOK not in archive.namelist():
        raise _not_a_workbook()


def _fed(
    archive: zipfile.ZipFile,
    part: str,
    parser: expat.XMLParserType,
    taken: Callable[[], list[T]] = list,
) -> Iterator[T]:
    """Feed a part to a parser piece by piece; yield what has come out of it after each."""
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        with archive.open(part) as stream:
            while piece := stream.read(_PIECE):
                parser.Parse(piece, False)
                yield from taken()
            parser.Parse(b"", True)
        yield from taken()
    except (expat.ExpatError, ValueError, *_DAMAGED) as error:
        raise _not_a_workbook() from error


def _refuse_doctype(*_: object) -> None:
    says = N_(
        "The file declares a document type, which could make it grow or load others. "
        "Remove the line with DOCTYPE."
    )
    raise _fault("document_type", says)


def _elements(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the elements of a small part with their attributes, without their prefixes."""
    parser, found = expat.ParserCreate(), list[tuple[str, dict[str, str]]]()
    depth = 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise _not_a_workbook()
        found.append((name.rpartition(":")[2], attributes))

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartElementHandler, parser.EndElementHandler = begin, end

    def taken() -> list[tuple[str, dict[str, str]]]:
        out = list(found)
        found.clear()
        return out

    yield from _fed(archive, part, parser, taken)


def _sheets(archive: zipfile.ZipFile) -> tuple[dict[str, str], bool]:
    """Return the part of each sheet by its name, in their order, and whether days count from 1904.

    Hidden sheets are none that somebody means to send.
    """
    targets = {
        attributes["Id"]: attributes["Target"]
        for name, attributes in _elements(archive, "xl/_rels/workbook.xml.rels")
        if name == "Relationship" and attributes.get("TargetMode") != "External"
    }
    sheets, since_1904, parts = dict[str, str](), False, set(archive.namelist())
    for name, attributes in _elements(archive, _BOOK):
        if name == "workbookPr":
            since_1904 = attributes.get("date1904") in ("1", "true")
        if name == "sheet" and attributes.get("state", "visible") == "visible":
            id = next((v for k, v in attributes.items() if k.rpartition(":")[2] == "id"), "")
            target = targets.get(id, "")
            part = target[1:] if target.startswith("/") else normpath(join("xl", target))
            if part in parts:
                sheets[attributes.get("name", "")] = part
    return sheets, since_1904


def _texts(archive: zipfile.ZipFile) -> list[str]:
    """Return the texts that the sheets share. refuses: Unreadable."""
    part = "xl/sharedStrings.xml"
    if part not in archive.namelist():
        return []
    texts, pieces, size = list[str](), list[str](), 0
    inside = hidden = False
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def begin(name: str, _: dict[str, str]) -> None:
        nonlocal inside, hidden
        plain = name.rpartition(":")[2]
        if plain == "si":
            pieces.clear()
        hidden = hidden or plain == "rPh"  # how a Japanese text is read aloud
        inside = plain == "t" and not hidden

    def end(name: str) -> None:
        nonlocal inside, hidden, size
        plain, inside = name.rpartition(":")[2], False
        if plain == "rPh":
            hidden = False
        if plain == "si":
            texts.append("".join(pieces))
            size += len(texts[-1]) + 1
            if size > MOST_TEXTS:
                says = N_("The workbook holds more text than is read. Send it in parts.")
                raise _fault("too_large", says)

    def said(text: str) -> None:
        if inside:
            pieces.append(text)

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = said
    for _ in _fed(archive, part, parser):
        pass
    return texts


def _date_styles(archive: zipfile.ZipFile) -> frozenset[int]:
    """Return the numbers of the styles in which a number is shown as a day or a time."""
    part = "xl/styles.xml"
    if part not in archive.namelist():
        return frozenset()
    own, styles, among = dict[int, str](), list[int](), ""
    for name, attributes in _elements(archive, part):
        if name in ("cellStyleXfs", "cellXfs", "cellStyles", "dxfs"):
            among = name
        elif name == "numFmt":
            own[int(attributes.get("numFmtId", 0))] = attributes.get("formatCode", "")
        elif name == "xf" and among == "cellXfs":
            styles.append(int(attributes.get("numFmtId", 0)))
    return frozenset(
        at for at, id in enumerate(styles) if id in _DATES or _is_date(own.get(id, ""))
    )


def _is_date(shown_as: str) -> bool:
    """Say whether a format shows a day: y, d or h outside quotation marks and brackets."""
    return bool(re.search("[ydh]", re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", shown_as.lower())))


class _SheetReading:
    """The parser of a sheet, and the rows that have come out of it and were not yet taken."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._rows: list[SheetRow] = []
        self._cells: dict[int, SheetCell] = {}
        self._line = self._column = 0
        self._type = ""
        self._is_date = self._is_formula = self._inside = False
        self._pieces: list[str] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._said

    def taken(self) -> list[SheetRow]:
        """Return the rows that are complete."""
        rows, self._rows = self._rows, []
        return rows

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "row":
                self._line = int(attributes.get("r", self._line + 1))
                self._column, self._cells = -1, {}
            case "c":
                at = _REFERENCE.fullmatch(attributes.get("r", ""))
                self._column = _column(at[1]) if at else self._column + 1
                self._type = attributes.get("t", "n")
                self._is_date = int(attributes.get("s", 0)) in self._book.date_styles
                self._is_formula = False
                self._pieces.clear()
            case "f":
                self._is_formula = True
            case "v" | "t":
                self._inside = True

    def _said(self, text: str) -> None:
        if self._inside:
            self._pieces.append(text)

    def _end(self, name: str) -> None:
        match name.rpartition(":")[2]:
            case "v" | "t":
                self._inside = False
            case "c" if self._pieces and self._column < MOST_COLUMNS:
                cell = self._cell("".join(self._pieces).strip())
                if cell.text:
                    self._cells[self._column] = cell
            case "row":
                self._rows.append(SheetRow(self._line, self._cells))

    def _cell(self, text: str) -> SheetCell:
        kind: CellKind = "text"
        if self._type == "s":
            at = int(text)
            text = self._book.texts[at].strip() if at < len(self._book.texts) else ""
        elif self._type == "e":
            kind = "error"
        elif self._type == "d" or (self._type == "n" and self._is_date):
            text, kind = self._day(text), "date"
        elif self._type == "n":
            kind = "number"
        return SheetCell(text, "formula" if self._is_formula and kind != "error" else kind)

    def _day(self, text: str) -> str:
        """Return a day as ISO writes it; a number counts the days since the workbook's first."""
        if self._type == "d":
            return text
        try:
            return (self._book.first_day + timedelta(days=float(text))).isoformat()
        except (ValueError, OverflowError):
            return text


def _column(letters: str) -> int:
    """Return the number of a column, A being 0."""
    at = 0
    for letter in letters:
        at = 26 * at + ord(letter) - ord("A") + 1
    return at - 1


class _Merged:
    """The merged cells of a sheet: what stands in the first of them stands in all."""

    def __init__(self, archive: zipfile.ZipFile, part: str) -> None:
        try:
            self._ranges = sorted(_ranges(archive, part))
        except _DAMAGED as error:
            raise _not_a_workbook() from error
        self._open: list[tuple[int, int, int, SheetCell]] = []

    def filled(self, row: SheetRow) -> SheetRow:
        """Return a row with what merged cells give it, those of the rows above among them."""
        if not self._ranges and not self._open:
            return row
        cells = dict(row.cells)
        while self._ranges and self._ranges[0][0] <= row.line:
            top, left, bottom, right = self._ranges.pop(0)
            given = cells.get(left) if top == row.line else None
            if given is not None:
                origin = SheetCell(given.text, given.kind, place_of(top, left))
                self._open.append((bottom, left, right, origin))
        for _, left, right, origin in self._open:
            for column in range(left, min(right, MOST_COLUMNS - 1) + 1):
                cells.setdefault(column, origin)
        self._open = [one for one in self._open if one[0] > row.line]
        return SheetRow(row.line, cells)


def _ranges(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[int, int, int, int]]:
    """Yield the merged ranges of a sheet (top, left, bottom, right); they stand behind its rows."""
    rest, count = b"", 0
    with archive.open(part) as stream:
        while piece := stream.read(_PIECE):
            text = rest + piece
            last = 0
            for found in _RANGE.finditer(text):
                count += 1
                if count > MOST_MERGED:
                    says = N_("More than {most} merged cells. Split them, or save as CSV.")
                    raise _fault("too_many", says, most=MOST_MERGED)
                last = found.end()
                yield (
                    int(found[2]),
                    _column(found[1].decode()),
                    int(found[4]),
                    _column(found[3].decode()),
                )
            rest = text[max(last, len(text) - 64) :]
