"""Draws the payment request: an A4 sheet for a person who pays by bank transfer.

Vietnamese comes first, Chinese and English stand beside it. Everything is black on white and
survives a poor printer. What is to be typed by hand is read out of the code that is to be scanned,
so that the two cannot ask for different things. Not a receipt, and no judge of what is owed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from border.core.clock import NEIGHBOUR_ZONE, ZONE
from border.paper.fonts import FontSet
from border.paper.sheet import POINTS, Sheet
from border.paper.words import InThree, Locale, dong
from border.payments.collection.pay_slip_words import ISSUED, KNOWN, NOTICES, WORDS
from border.payments.gateways.emv_qr import TransferCode

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


def draw_pay_slip(view: PaySlipView, fonts: FontSet) -> bytes:
    """Return the request as a PDF of one A4 page; the same view gives the same bytes.

    Takes some milliseconds of one core: call it from a thread or a process of its own.
    refuses: `ValueError` where the code is none, names no reference, or asks for another amount
    than the lines.
    """
    code = TransferCode.of(view.code)
    if code.amount != sum(line.minor for line in view.lines) or code.bill is None:
        raise ValueError(f"the code of {view.reference} does not ask for what its lines say")
    title: str = getattr(WORDS["title"], view.locale)
    title += f" {view.reference}"
    sheet = Sheet(fonts, view.locale, title, size="A4", unit=POINTS, known=KNOWN)
    _draw_heading(sheet, view)
    _draw_lines(sheet, view, code.amount)
    _draw_transfer(sheet, view, code.amount, code)
    _draw_foot(sheet, view)
    return sheet.finish()


def _draw_heading(sheet: Sheet, view: PaySlipView) -> None:
    """Draw what the sheet is, whose it is, who is to pay and until when."""
    sheet.line(_LEFT, 64, WORDS["title"].vi, 20, bold=True)
    sheet.line(_LEFT, 79, sheet.others(WORDS["title"]), 10)
    sheet.line(_LEFT, 98, view.gate_name.vi, 11, bold=True, width=280, smallest=8)
    sheet.line(_LEFT, 111, sheet.others(view.gate_name), 8, width=280)

    sheet.box(372, 44, 175, 46, 1)
    _label(sheet, 382, 58, WORDS["reference"], 155)
    sheet.line(382, 79, view.reference, 16, bold=True, width=155, smallest=8)
    _rule(sheet, 122, 2)

    _label(sheet, _LEFT, 140, WORDS["payer"], 240)
    sheet.line(_LEFT, 156, view.payer or "—", 12, bold=True, width=240, smallest=8)
    ours, theirs = (view.due_until.astimezone(zone) for zone in (ZONE, NEIGHBOUR_ZONE))
    _label(sheet, _COLUMN, 140, WORDS["due"], 235)
    sheet.line(_COLUMN, 161, f"{ours:%H:%M %d/%m/%Y}", 19, bold=True)
    _label(sheet, _COLUMN, 174, WORDS["our_time"], 235)
    used = _label(sheet, _COLUMN, 185, WORDS["hekou_time"], 150)
    sheet.line(_COLUMN + used + 6, 185, f"{theirs:%H:%M %d/%m/%Y}", 8)


def _draw_lines(sheet: Sheet, view: PaySlipView, total: int) -> None:
    """Draw the charges, as many as there is room for, the rest in one line, and their total."""
    _rule(sheet, 196, 1)
    _label(sheet, _LEFT, 212, WORDS["lines"], 499)
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
        sheet.line(_RIGHT, foot, dong(line.minor), 10, align="right")
    foot = 231 + 16 * len(said)
    _rule(sheet, foot - 8, 1)
    _label(sheet, _LEFT, foot + 9, WORDS["total"], 240)
    sheet.line(_RIGHT, foot + 10, dong(total), 16, bold=True, align="right", width=240)


def _draw_transfer(sheet: Sheet, view: PaySlipView, amount: int, code: TransferCode) -> None:
    """Draw the code to scan, and beside it what to type where nothing can be scanned."""
    top = 404
    _rule(sheet, top, 2)
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
        (top + 184, "amount", dong(amount), 19, width),
    ):
        _label(sheet, _COLUMN, foot, WORDS[name], width)
        baseline = foot + 6 + size
        sheet.line(_COLUMN, baseline, text, size, bold=True, width=room, smallest=7)
    sheet.box(_COLUMN - 8, top + 220, width + 8, 56, 2)
    _label(sheet, _COLUMN, top + 237, WORDS["memo"], width - 8)
    sheet.line(_COLUMN, top + 262, code.bill or "", 22, bold=True, width=width - 8, smallest=9)


def _draw_foot(sheet: Sheet, view: PaySlipView) -> None:
    """Draw what the payer has to mind, and when the sheet was made."""
    _rule(sheet, 716, 1)
    for foot, notice in zip((731, 758, 785), NOTICES, strict=True):
        sheet.line(_LEFT, foot, notice.vi, 9, bold=True, width=499)
        sheet.line(_LEFT, foot + 11, sheet.others(notice), 8, width=499, smallest=6)
    local = view.issued_at.astimezone(ZONE)
    issued = f"{ISSUED.vi} · {sheet.others(ISSUED)}: {local:%H:%M %d/%m/%Y}"
    sheet.line(_RIGHT, 812, issued, 8, align="right", width=499)


def _label(sheet: Sheet, x: int, y: int, words: InThree, width: int) -> float:
    """Set a label and return its width."""
    return sheet.label(x, y, words, width, size=9, small=8, gap=4)


def _rule(sheet: Sheet, y: int, weight: int) -> None:
    """Draw a level line across the sheet."""
    sheet.rule(y, weight, _LEFT, _RIGHT)
