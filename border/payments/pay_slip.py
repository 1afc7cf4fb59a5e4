"""Draws the payment request: an A4 sheet for a person who pays by bank transfer.

Vietnamese comes first, Chinese and English stand beside it. Everything is black on white and
survives a poor printer. What is to be typed by hand is read out of the code that is to be scanned,
so that the two cannot ask for different things. Not a receipt, and no judge of what is owed.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from threading import Lock
from typing import Literal, NamedTuple

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from border.clock import NEIGHBOUR_ZONE, ZONE
from border.fonts import FontSet
from border.payments.gateways.emv_qr import TransferCode
from border.payments.pay_slip_words import ISSUED, LANGUAGE_TAGS, NOTICES, WORDS, InThree, Locale
from border.payments.qr_picture import draw_qr

_LEFT, _RIGHT = 48, 547
_COLUMN = 312
"""Where the right column begins; all places are in points from the top left corner."""
_MOST_LINES = 9


class DueLine(NamedTuple):
    """One charge as the payer reads it, in whole đồng."""

    text: str
    minor: int


@dataclass(frozen=True)
class PaySlipView:
    """What is printed on one request. Instants are aware; `lines` add up to what the code asks.

    `code` is the text of the VietQR code; it says account, amount and memo. `locale` is the
    language of whoever asked: it names the document and comes first after Vietnamese.
    """

    reference: str
    payer: str
    gate_name: InThree
    lines: tuple[DueLine, ...]
    due_until: datetime
    bank_name: str
    account_name: str
    code: str
    issued_at: datetime
    locale: Locale


_drawing = Lock()
"""Threads take turns: reportlab lets one typeface serve one document at a time, by its own word."""


def draw_pay_slip(view: PaySlipView, fonts: FontSet) -> bytes:
    """Return the request as a PDF of one A4 page; the same view gives the same bytes.

    Takes some milliseconds of one core: call it from a thread or a process of its own.
    refuses: `ValueError` where the code is none, names no reference, or asks for another amount
    than the lines.
    """
    code = TransferCode.of(view.code)
    if code.amount != sum(line.minor for line in view.lines) or code.bill is None:
        raise ValueError(f"the code of {view.reference} does not ask for what its lines say")
    with _drawing:
        title: str = getattr(WORDS["title"], view.locale)
        sheet = _Sheet(fonts, view.locale, f"{title} {view.reference}")
        _draw_heading(sheet, view)
        _draw_lines(sheet, view, code.amount)
        _draw_transfer(sheet, view, code.amount, code)
        _draw_foot(sheet, view)
        return sheet.finish()


def _draw_heading(sheet: "_Sheet", view: PaySlipView) -> None:
    """Draw what the sheet is, whose it is, who is to pay and until when."""
    sheet.line(_LEFT, 64, WORDS["title"].vi, 20, bold=True)
    sheet.line(_LEFT, 79, sheet.others(WORDS["title"]), 10)
    sheet.line(_LEFT, 98, view.gate_name.vi, 11, bold=True, width=280, smallest=8)
    sheet.line(_LEFT, 111, sheet.others(view.gate_name), 8, width=280)

    sheet.box(372, 44, 175, 46, 1)
    sheet.label(382, 58, WORDS["reference"], 155)
    sheet.line(382, 79, view.reference, 16, bold=True, width=155, smallest=8)
    sheet.rule(122, 2)

    sheet.label(_LEFT, 140, WORDS["payer"], 240)
    sheet.line(_LEFT, 156, view.payer or "—", 12, bold=True, width=240, smallest=8)
    ours, theirs = (view.due_until.astimezone(zone) for zone in (ZONE, NEIGHBOUR_ZONE))
    sheet.label(_COLUMN, 140, WORDS["due"], 235)
    sheet.line(_COLUMN, 161, f"{ours:%H:%M %d/%m/%Y}", 19, bold=True)
    sheet.label(_COLUMN, 174, WORDS["our_time"], 235)
    used = sheet.label(_COLUMN, 185, WORDS["hekou_time"], 150)
    sheet.line(_COLUMN + used + 6, 185, f"{theirs:%H:%M %d/%m/%Y}", 8)


def _draw_lines(sheet: "_Sheet", view: PaySlipView, total: int) -> None:
    """Draw the charges, as many as there is room for, the rest in one line, and their total."""
    sheet.rule(196, 1)
    sheet.label(_LEFT, 212, WORDS["lines"], 499)
    crowded = len(view.lines) > _MOST_LINES
    shown = view.lines[: _MOST_LINES - 1] if crowded else view.lines
    rest = view.lines[len(shown) :]
    more = WORDS["more"]
    said = [*shown]
    if rest:
        text = f"{more.vi} · {sheet.others(more)}".format(n=len(rest))
        said.append(DueLine(text, sum(line.minor for line in rest)))
    for foot, line in zip(range(231, 400, 16), said, strict=False):
        sheet.line(_LEFT, foot, line.text, 10, width=380)
        sheet.line(_RIGHT, foot, _dong(line.minor), 10, align="right")
    foot = 231 + 16 * len(said)
    sheet.rule(foot - 8, 1)
    sheet.label(_LEFT, foot + 9, WORDS["total"], 240)
    sheet.line(_RIGHT, foot + 10, _dong(total), 16, bold=True, align="right", width=240)


def _draw_transfer(sheet: "_Sheet", view: PaySlipView, amount: int, code: TransferCode) -> None:
    """Draw the code to scan, and beside it what to type where nothing can be scanned."""
    top = 404
    sheet.rule(top, 2)
    heading = WORDS["transfer"]
    used = sheet.line(_LEFT, top + 20, heading.vi, 13, bold=True)
    sheet.line(_LEFT + used + 6, top + 20, sheet.others(heading), 9)

    sheet.qr(_LEFT - 8, top + 28, 248, code.payload())
    scan = WORDS["scan"]
    sheet.line(_LEFT + 116, top + 284, scan.vi, 10, bold=True, align="centre", width=240)
    sheet.line(_LEFT + 116, top + 297, sheet.others(scan), 8, align="centre", width=240)

    width = _RIGHT - _COLUMN
    number = sheet.line(_RIGHT, top + 64, f"BIN {code.bin}", 9, align="right")
    for foot, name, text, size, room in (
        (top + 46, "bank", view.bank_name, 12, width - number - 6),
        (top + 92, "account", code.recipient, 19, width),
        (top + 138, "account_name", view.account_name, 12, width),
        (top + 184, "amount", _dong(amount), 19, width),
    ):
        sheet.label(_COLUMN, foot, WORDS[name], width)
        baseline = foot + 6 + size
        sheet.line(_COLUMN, baseline, text, size, bold=True, width=room, smallest=7)
    sheet.box(_COLUMN - 8, top + 220, width + 8, 56, 2)
    sheet.label(_COLUMN, top + 237, WORDS["memo"], width - 8)
    sheet.line(_COLUMN, top + 262, code.bill or "", 22, bold=True, width=width - 8, smallest=9)


def _draw_foot(sheet: "_Sheet", view: PaySlipView) -> None:
    """Draw what the payer has to mind, and when the sheet was made."""
    sheet.rule(716, 1)
    for foot, notice in zip((731, 758, 785), NOTICES, strict=True):
        sheet.line(_LEFT, foot, notice.vi, 9, bold=True, width=499)
        sheet.line(_LEFT, foot + 11, sheet.others(notice), 8, width=499, smallest=6)
    local = view.issued_at.astimezone(ZONE)
    issued = f"{ISSUED.vi} · {sheet.others(ISSUED)}: {local:%H:%M %d/%m/%Y}"
    sheet.line(_RIGHT, 812, issued, 8, align="right", width=499)


def _dong(minor: int) -> str:
    """Return an amount as Vietnamese write it: 1.234.000 ₫."""
    return f"{minor:,} ₫".replace(",", ".").replace("-", "−")


class _Face(NamedTuple):
    """A typeface as reportlab knows it, and the code points it can set."""

    name: str
    sets: Mapping[int, object]


class _Sheet:
    """The page being drawn."""

    def __init__(self, fonts: FontSet, locale: Locale, title: str) -> None:
        self._regular = _registered(fonts, "latin_regular", "chinese_regular")
        self._bold = _registered(fonts, "latin_bold", "chinese_regular")
        self._locale = locale
        self._file = BytesIO()
        self._canvas = Canvas(
            self._file,
            pagesize=A4,
            pageCompression=1,
            invariant=1,
            initialFontName=self._regular[0].name,  # type: ignore[arg-type]  # stubs say a number
            lang=LANGUAGE_TAGS[locale],
        )
        self._canvas.setTitle(title)
        self._canvas.setViewerPreference("DisplayDocTitle", "true")

    def finish(self) -> bytes:
        """Return the PDF."""
        self._canvas.showPage()
        self._canvas.save()
        return self._file.getvalue()

    def line(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        bold: bool = False,
        width: float | None = None,
        align: Literal["left", "centre", "right"] = "left",
        smallest: float | None = None,
    ) -> float:
        """Set one line with its foot at `y` and return its width.

        Where it is wider than `width` it is set smaller, down to `smallest`, then cut with an
        ellipsis.
        """
        faces = self._bold if bold else self._regular
        text = _clean(text, faces)
        natural = _width(text, faces, size)
        if width is not None and natural > width:
            if smallest is not None:
                size = max(smallest, size * width / natural)
            text = _shortened(text, faces, size, width)
            natural = _width(text, faces, size)
        start = x - {"left": 0, "centre": natural / 2, "right": natural}[align]
        writing = self._canvas.beginText(start, A4[1] - y)
        for face, run in _runs(text, faces):
            writing.setFont(face.name, size)
            writing.textOut(run)
        self._canvas.drawText(writing)
        return natural

    def label(self, x: float, y: float, words: InThree, width: float) -> float:
        """Set a label, Vietnamese bold and the others small behind it; return its width."""
        used = self.line(x, y, words.vi, 9, bold=True, width=width)
        after = self.line(x + used + 4, y, self.others(words), 8, width=max(0, width - used - 4))
        return used + 4 + after

    def others(self, words: InThree) -> str:
        """Return the words in the two languages that are not Vietnamese."""
        pair = (words.en, words.zh) if self._locale == "en" else (words.zh, words.en)
        return " · ".join(pair)

    def rule(self, y: float, weight: float) -> None:
        """Draw a level line `weight` points thick across the sheet."""
        self._canvas.setLineWidth(weight)
        self._canvas.line(_LEFT, A4[1] - y, _RIGHT, A4[1] - y)

    def box(self, x: float, y: float, width: float, height: float, weight: float) -> None:
        """Draw a frame `weight` points thick."""
        self._canvas.setLineWidth(weight)
        self._canvas.rect(x, A4[1] - y - height, width, height)

    def qr(self, x: float, y: float, side: float, payload: str) -> None:
        """Draw a QR code into a square."""
        draw_qr(self._canvas, payload, x, A4[1] - y - side, side)


def _registered(fonts: FontSet, *wanted: str) -> tuple[_Face, ...]:
    """Return the `wanted` faces of the set, making reportlab know each of them once.

    They have names of this sheet's own: a typeface that another kind of document is using at the
    same moment, in another thread, must not be used here.
    """
    faces = []
    for face in wanted:
        name = f"pay-slip-{face}-{fonts.recipe}"
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, getattr(fonts, face)))
        font = pdfmetrics.getFont(name)
        assert isinstance(font, TTFont)
        faces.append(_Face(name, font.face.charToGlyph))
    return tuple(faces)


def _clean(text: str, faces: Sequence[_Face]) -> str:
    """Return `text` on one line; a hollow square stands where no face has the character."""
    plain = " ".join(unicodedata.normalize("NFC", text[:500]).split())
    return "".join(
        letter if any(ord(letter) in face.sets for face in faces) else "□"
        for letter in plain
        if unicodedata.category(letter) != "Cf"
    )


def _runs(text: str, faces: Sequence[_Face]) -> list[tuple[_Face, str]]:
    """Return `text` in runs of one face, each character in the first face that has it."""
    runs: list[tuple[_Face, str]] = []
    for letter in text:
        face = next((face for face in faces if ord(letter) in face.sets), faces[-1])
        if runs and runs[-1][0] is face:
            runs[-1] = (face, runs[-1][1] + letter)
        else:
            runs.append((face, letter))
    return runs


def _width(text: str, faces: Sequence[_Face], size: float) -> float:
    """Return the width of `text` in points."""
    return sum(pdfmetrics.stringWidth(run, face.name, size) for face, run in _runs(text, faces))


def _shortened(text: str, faces: Sequence[_Face], size: float, width: float) -> str:
    """Return `text` if it fits, with a hundredth of a point to spare, else cut with an ellipsis."""
    if _width(text, faces, size) * 100 <= width * 100 + 1:
        return text
    while text and _width(text + "…", faces, size) > width:
        text = text[:-1].rstrip()
    return text + "…" if text else ""
