"""The one typesetter: pages on which slips, receipts and payment requests are drawn.

It knows no document. Places are in the document's own unit (millimetres, tenths, points) from the
top left corner; type and the weight of lines are in points. Black on white by default, so that it
survives a poor printer; the same calls give the same bytes.
"""

import math
from collections.abc import Sequence
from typing import Literal

from border.paper.codes import QUIET, qr_rows
from border.paper.fonts import FontSet
from border.paper.pdf import Pdf, said, stream
from border.paper.text import Setting, faces
from border.paper.typeface import UsedFaces
from border.paper.words import LANGUAGE_TAGS, InThree, Locale

MM = 72 / 25.4
TENTHS = MM / 10
POINTS = 1.0
SIZES = {"A4": (210 * MM, 297 * MM), "A5": (148 * MM, 210 * MM)}

Align = Literal["left", "centre", "right"]
Colour = tuple[int, int, int]
"""Hundredths of red, green and blue."""
BLACK: Colour = (0, 0, 0)
WHITE: Colour = (100, 100, 100)
RED: Colour = (72, 0, 0)
GREY: Colour = (38, 38, 38)
FAINT: Colour = (94, 94, 94)
_SLANT = math.radians(52)


class Sheet:
    """The pages being drawn, one after the other."""

    def __init__(
        self,
        fonts: FontSet,
        locale: Locale,
        title: str,
        *,
        size: Literal["A4", "A5"],
        unit: float,
        subject: str = "",
        known: str = "",
    ) -> None:
        """Begin a document; `known` are the characters, Latin apart, that most of its kind need.

        They are prepared once for all documents that know the same.
        """
        self._regular = faces(fonts, ("latin_regular", "chinese_regular"), known)
        self._bold = faces(fonts, ("latin_bold", "chinese_regular"), known)
        # Only the characters of plates are there in bold: in a name they would stand out.
        self._plate = faces(fonts, ("latin_bold", "plate_bold", "chinese_regular"), "")
        self._locale = locale
        self._unit = unit
        self._width, self._height = SIZES[size]
        self._title, self._subject = title, subject
        self._used = UsedFaces()
        self._pages: list[bytes] = []
        self._drawn: list[str] = []
        self._ink: Colour | None = None

    def next_page(self) -> None:
        """End this page."""
        self._pages.append("\n".join(self._drawn).encode("latin-1"))
        self._drawn, self._ink = [], None

    def finish(self) -> bytes:
        """End the last page and return the PDF."""
        self.next_page()
        pdf = Pdf()
        pages = pdf.add()
        kids = []
        for drawn in self._pages:
            content = pdf.add(stream(drawn))
            page = b"<< /Type /Page /Parent %d 0 R /Contents %d 0 R >>" % (pages, content)
            kids.append(b"%d 0 R" % pdf.add(page))
        common = (b" ".join(kids), len(kids), self._width, self._height, self._used.embed(pdf))
        pdf.put(
            pages,
            b"<< /Type /Pages /Kids [%b] /Count %d /MediaBox [0 0 %.4f %.4f] "
            b"/Resources << /Font << %b >> >> >>" % common,
        )
        subject = b" /Subject " + said(self._subject) if self._subject else b""
        info = pdf.add(b"<< /Title %b%b >>" % (said(self._title), subject))
        root = pdf.add(
            b"<< /Type /Catalog /Pages %d 0 R /Lang (%b) "
            b"/ViewerPreferences << /DisplayDocTitle true >> >>"
            % (pages, LANGUAGE_TAGS[self._locale].encode())
        )
        return pdf.finish(root, info)

    # Text

    def line(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        bold: bool = False,
        plate: bool = False,
        colour: Colour = BLACK,
        align: Align = "left",
        width: float | None = None,
        smallest: float | None = None,
    ) -> float:
        """Set one line with its foot at `y` and return its width.

        Where it is wider than `width` it is set smaller, down to `smallest`, then cut with an
        ellipsis.
        """
        faces = self._plate if plate else self._bold if bold else self._regular
        text = faces.clean(text)
        setting = faces.setting(text)
        room = setting.width * size if width is None else width * self._unit
        if setting.width * size > room:
            if smallest is not None:
                size = max(smallest, room / setting.width)
            setting = faces.setting(faces.shortened(text, size, room))
        natural = setting.width * size
        start = x * self._unit - {"left": 0.0, "centre": natural / 2, "right": natural}[align]
        self._set(setting, size, f"1 0 0 1 {start:.6f} {self._foot(y):.6f} Tm", colour)
        return natural / self._unit

    def _set(self, setting: Setting, size: float, place: str, colour: Colour) -> None:
        """Set what was measured; `place` is where, as PDF says it."""
        words, now = [f"BT {place}"], ""
        for face, part, text in setting.pieces:
            runs = [(self._used.name(part), text)] if part else self._used.rare(face, text)
            for name, codes in runs:
                font, now = (f"/{name} {size:.8g} Tf " if name != now else ""), name
                words.append(f"{font}({codes}) Tj")
        self._fill(colour)
        self._drawn.append(" ".join([*words, "ET"]))

    def label(
        self,
        x: float,
        y: float,
        words: InThree,
        width: float,
        *,
        size: float = 7,
        small: float = 6,
        gap: float = 1.2,
    ) -> float:
        """Set a label, Vietnamese bold, the other two small behind it; return its width."""
        used = self.line(x, y, words.vi, size, bold=True, width=width) + gap
        room = max(0, width - used)
        return used + self.line(x + used, y, self.others(words), small, width=room)

    def others(self, words: InThree) -> str:
        """Return the words in the two languages that are not Vietnamese."""
        return words.beside_vietnamese(self._locale)

    def wrapped(
        self, text: str, size: float, width: float, *, bold: bool = False, lines: int | None = None
    ) -> Sequence[str]:
        """Return `text` in lines of `width`; without `lines` nothing is cut."""
        faces = self._bold if bold else self._regular
        return faces.wrapped(faces.clean(text), size, width * self._unit, lines)

    # Lines, frames and codes

    def rule(self, y: float, weight: float, x: float, end: float) -> None:
        """Draw a level line `weight` points thick from `x` to `end`."""
        foot = self._foot(y)
        start, end = x * self._unit, end * self._unit
        self._drawn.append(f"{weight:g} w 0 G {start:.3f} {foot:.3f} m {end:.3f} {foot:.3f} l S")

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        weight: float,
        *,
        full: bool = False,
        colour: Colour = BLACK,
    ) -> None:
        """Draw a frame `weight` points thick, filled black if `full`."""
        self._fill(BLACK)
        self._drawn.append(
            f"{weight:g} w {_parts(colour)} RG {x * self._unit:.3f} {self._foot(y + height):.3f} "
            f"{width * self._unit:.3f} {height * self._unit:.3f} re {'B' if full else 'S'}"
        )

    def bars(self, bars: Sequence[tuple[float, float, float, float]]) -> None:
        """Fill bars (x, y, width, height) black, as one shape so that no seam shows."""
        unit = self._unit
        self._fill(BLACK)
        self._drawn += [
            f"{x * unit:.4f} {self._foot(y + height):.4f} {width * unit:.4f} {height * unit:.4f} re"
            for x, y, width, height in bars
        ]
        self._drawn.append("f")

    def qr(self, x: float, y: float, side: float, text: str, *, quiet: int = QUIET) -> None:
        """Draw a QR code with its `quiet` light modules into a square; the paper is white there."""
        rows = qr_rows(text)
        module = side * self._unit / (len(rows) + 2 * quiet)
        left, top = x * self._unit + quiet * module, self._foot(y) - quiet * module
        self._fill(BLACK)
        self._drawn.append(f"q {module:.6f} 0 0 {-module:.6f} {left:.4f} {top:.4f} cm")
        # A fiftieth too tall: rows that only touch may show a hair of light between them.
        self._drawn += [
            f"{start} {down} {length} 1.02 re"
            for down, row in enumerate(rows)
            for start, length in row
        ]
        self._drawn.append("f Q")

    def watermark(self, text: str) -> None:
        """Write faintly across the whole page, under what is written afterwards."""
        setting = self._bold.setting(self._bold.clean(text))
        size, across, up = 64, math.cos(_SLANT), math.sin(_SLANT)
        back, down = -setting.width * size / 2, -20
        x = self._width / 2 + across * back - up * down
        y = self._height / 2 + up * back + across * down
        place = f"{across:.6f} {up:.6f} {-up:.6f} {across:.6f} {x:.3f} {y:.3f} Tm"
        self._set(setting, size, place, FAINT)

    def _foot(self, y: float) -> float:
        """Return a place from the top as PDF counts it, in points from the bottom."""
        return float(self._height - y * self._unit)

    def _fill(self, colour: Colour) -> None:
        """Fill in `colour` from here on."""
        if colour != self._ink:
            self._ink = colour
            self._drawn.append(f"{_parts(colour)} rg")


def _parts(colour: Colour) -> str:
    """Return a colour as PDF says it."""
    return " ".join(f"{part / 100:g}" for part in colour)
