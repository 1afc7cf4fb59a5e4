"""Draws a receipt on A5, in Vietnamese with the reader's language beside it.

Each charge stands with the reason for it line by line, as it was assessed and signed. Nothing is
cut: what is long goes on to a further page. Not the decision what a receipt says, nor which
version draws it (`renderers`).

It is drawn by a process of its own (`border.paper.press`), so what it is given is plain, and it
reads in neither the tables nor the gateways.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from border.core.clock import ZONE
from border.core.money import MINOR_UNITS, Money
from border.paper.fonts import FontSet
from border.paper.sheet import BLACK, GREY, RED, TENTHS, Colour, Sheet
from border.paper.words import InThree
from border.payments.receipts.amount_words import amount_en, amount_zh
from border.payments.receipts.captions import (
    ABOUT,
    KNOWN,
    METHODS,
    OF,
    REPLACED,
    REPLACED_BY,
    WATERMARK,
    WORDS,
)
from border.payments.receipts.printed import Cited, PrintedLine, PrintedReceipt

_LEFT, _RIGHT = 100, 1_380
_FOOT = 2_020
"""Places are in tenths of a millimetre from the top left corner; above this the page is written."""
_LEADING, _ASCENT = 46, 34
"""How tall a line is, and how far below its top it stands, for type of ten points."""
_CLOSING = 400
"""How much the code and the signature need at the end."""


@dataclass(frozen=True)
class Style:
    """What differs between the versions of a receipt's paper."""

    law: str
    basis: InThree


def draw_paper(paper: PrintedReceipt, style: Style, fonts: FontSet) -> bytes:
    """Return the receipt as a PDF; the same paper gives the same bytes.

    Takes some milliseconds of one core: call it from a thread or a process of its own.
    """
    pages = 1
    while True:
        title = f"{getattr(WORDS['title'], paper.locale)} {paper.row.serial} {paper.row.number}"
        sheet = Sheet(fonts, paper.locale, title, size="A5", unit=TENTHS, known=KNOWN)
        writer = _Writer(sheet, paper, style, pages)
        writer.write()
        if writer.page == pages:
            return sheet.finish()
        pages = writer.page  # Drawn again, now that it is known how many pages there are.


class _Writer:
    """Goes down the pages and writes one part of the receipt after the other."""

    def __init__(self, sheet: Sheet, paper: PrintedReceipt, style: Style, pages: int) -> None:
        self.sheet, self.paper, self.style, self.pages = sheet, paper, style, pages
        self.row, self.page, self.y = paper.row, 1, 0

    def write(self) -> None:
        """Write it all."""
        self._begin_page()
        self._collector()
        self._title()
        self._payer()
        self._lines()
        self._total()
        self._payment()
        self._closing()

    # The pages

    def _begin_page(self) -> None:
        if self.paper.demo:
            self.sheet.watermark(WATERMARK)
            demo = WORDS["demo"]
            words = f"{demo.vi} · {self._second(demo)}"
            self.sheet.line(740, 62, words, 6, colour=RED, bold=True, align="centre")
        basis = self.style.basis
        self.sheet.line(_LEFT, 2_062, f"{basis.vi}", 6, colour=GREY)
        self.sheet.line(_LEFT, 2_090, self._second(basis), 6, colour=GREY)
        number = f"{WORDS['page'].vi} {self.page}/{self.pages}"
        self.sheet.line(_RIGHT, 2_090, number, 6, colour=GREY, align="right")
        self.y = 80

    def _room(self, height: int) -> None:
        """Go on to the next page unless `height` is left on this one."""
        if self.y + height <= _FOOT:
            return
        self.sheet.next_page()
        self.page += 1
        self._begin_page()
        series = f"{WORDS['serial'].vi}: {self.row.serial}"
        self.sheet.line(_LEFT, self.y + 30, series, 7, bold=True)
        number = self._number()
        self.sheet.line(_RIGHT, self.y + 30, number, 9, bold=True, colour=RED, align="right")
        self._rule(self.y + 45)
        self.y += 60

    def _rule(self, y: int, weight: int = 4) -> None:
        """Draw a level line `weight` tenths of a point thick across the page."""
        self.sheet.rule(y, weight / 10, _LEFT, _RIGHT)

    def _second(self, words: InThree) -> str:
        """Return the words in the language beside Vietnamese: the reader's, else both others."""
        if self.paper.locale == "vi":
            return words.beside_vietnamese("vi")
        return str(getattr(words, self.paper.locale))

    def _flow(
        self,
        text: str,
        size: int,
        *,
        x: int = _LEFT,
        width: int = _RIGHT - _LEFT,
        bold: bool = False,
        colour: Colour = BLACK,
        beside: Callable[[int], None] | None = None,
    ) -> None:
        """Write text from here down in as many lines as it needs; `beside` adds to the first.

        `beside` is told the foot of that line.
        """
        leading = size * _LEADING // 10
        for place, line in enumerate(self.sheet.wrapped(text, size, width, bold=bold)):
            self._room(leading)
            foot = self.y + size * _ASCENT // 10
            if place == 0 and beside is not None:
                beside(foot)
            self.sheet.line(x, foot, line, size, bold=bold, colour=colour)
            self.y += leading

    def _labelled(self, label: str, value: str | None, *, bold: bool = False) -> None:
        """Write a label on the left and its value in the column beside it."""
        if not value:
            return
        words = WORDS[label]

        def label_at(y: int) -> None:
            used = self.sheet.line(_LEFT, y, f"{words.vi}:", 7, colour=GREY)
            for beside in (self._second(words), words.zh):
                if len(self.sheet.wrapped(beside, 5, 390 - used)) == 1:
                    self.sheet.line(_LEFT + used + 10, y, beside, 5, colour=GREY)
                    return

        self._flow(value, 8, x=510, width=_RIGHT - 510, bold=bold, beside=label_at)

    # The parts

    def _number(self) -> str:
        return f"{WORDS['number'].vi}: {self.row.number:07d}"

    def _collector(self) -> None:
        """Write who collects on the left; form, series and number on the right."""
        row, top = self.row, self.y
        self._flow(row.collector_name, 9, width=820, bold=True)
        for label, value in (
            ("tax_code", row.collector_tax_code),
            ("address", row.collector_address),
        ):
            self._flow(f"{WORDS[label].vi}: {value}", 7, width=820)
        for down, label, value in ((30, "template", row.template), (68, "serial", row.serial)):
            words = f"{WORDS[label].vi}: {value}"
            self.sheet.line(_RIGHT, top + down, words, 8, align="right")
        number = self._number()
        self.sheet.line(_RIGHT, top + 122, number, 13, bold=True, colour=RED, align="right")
        self.y = max(self.y, top + 125) + 40

    def _title(self) -> None:
        """Write what it is, what it is about, and its day."""
        row, paper, title = self.row, self.paper, WORDS["title"]
        self._centred(title.vi, 14, bold=True)
        self._centred(self._second(title), 8, colour=GREY)
        if row.kind in ABOUT:
            self._centred(f"{ABOUT[row.kind].vi} · {self._second(ABOUT[row.kind])}", 10, RED, True)
        if paper.replaced_by is not None:
            self._centred(f"{REPLACED.vi} · {self._second(REPLACED)}", 10, RED, True)
        local = row.issued_at.astimezone(ZONE)
        self._centred(f"Ngày {local.day:02d} tháng {local.month:02d} năm {local.year}", 8)
        for words, other in ((OF.get(row.kind), paper.about), (REPLACED_BY, paper.replaced_by)):
            if words is not None and other is not None:
                self._centred(self._about(words.vi, other), 7)
                self._centred(self._about(self._second(words), other), 6, colour=GREY)
        if row.reason:
            self._centred(f"{WORDS['reason'].vi}: {row.reason}", 7)
        self.y += 25

    def _centred(self, text: str, size: int, colour: Colour = BLACK, bold: bool = False) -> None:
        for line in self.sheet.wrapped(text, size, _RIGHT - _LEFT, bold=bold):
            foot = self.y + size * _ASCENT // 10
            self.sheet.line(740, foot, line, size, bold=bold, colour=colour, align="centre")
            self.y += size * _LEADING // 10 + 2

    @staticmethod
    def _about(words: str, other: Cited) -> str:
        day = other.issued_at.astimezone(ZONE)
        return words.format(
            serial=other.serial, number=f"{other.number:07d}", day=f"{day:%d/%m/%Y}"
        )

    def _payer(self) -> None:
        row = self.row
        self._labelled("payer", row.payer_name, bold=True)
        self._labelled("tax_code", row.payer_tax_code)
        self._labelled("address", row.payer_address)
        self._labelled("plate", row.vehicle_plate)
        self._labelled("subject", ", ".join(row.subjects))

    def _lines(self) -> None:
        """Write each charge, and below it the reasons for it."""
        self._room(150)
        self.y += 12
        self._rule(self.y, 8)
        content, amount, foot = WORDS["content"], WORDS["amount"], self.y + 32
        used = self.sheet.line(_LEFT, foot, content.vi, 7, bold=True)
        self.sheet.line(_LEFT + used + 12, foot, self._second(content), 6, colour=GREY)
        head = f"{amount.vi} ({self.row.currency})"
        self.sheet.line(_RIGHT, foot, head, 7, bold=True, align="right")
        self._rule(foot + 12)
        self.y = foot + 24
        for number, line in enumerate(self.paper.lines, 1):
            self._line(number, line)
        self._rule(self.y, 8)

    def _line(self, number: int, line: PrintedLine) -> None:
        """Write one charge: its name with the amount, then why, in Vietnamese and translated."""
        self._room(80)

        def beside(y: int) -> None:
            figure = self._figure(line.minor)
            self.sheet.line(_RIGHT, y, figure, 9, bold=True, align="right")

        self._flow(f"{number}. {line.name}", 9, width=900, bold=True, beside=beside)
        if line.beside:
            self._flow(line.beside, 7, x=145, width=855, colour=GREY)
        for reason in line.reasons:
            minor = reason.minor

            def amount(y: int, minor: int | None = minor) -> None:
                if minor is not None:
                    self.sheet.line(_RIGHT, y, self._figure(minor), 7, align="right")

            self._flow(f"– {reason.text}", 7, x=130, width=890, beside=amount)
            if reason.beside:
                self._flow(reason.beside, 6, x=152, width=868, colour=GREY)
        self._flow(f"{line.charge} · {line.subject}", 6, x=130, width=890, colour=GREY)
        self.y += 10

    def _figure(self, minor: int) -> str:
        """Return an amount as Vietnamese write it: 1.234.000 or 1.234,50."""
        places = MINOR_UNITS[self.row.currency]
        whole, cents = divmod(abs(minor), 10**places)
        text = f"{whole:,}".replace(",", ".") + (f",{cents:0{places}d}" if places else "")
        return f"−{text}" if minor < 0 else text

    def _total(self) -> None:
        """Write the total in figures and in words."""
        self._room(170)
        row, total, words = self.row, WORDS["total"], WORDS["in_words"]
        foot = self.y + 55
        used = self.sheet.line(_LEFT, foot, total.vi, 10, bold=True)
        self.sheet.line(_LEFT + used + 12, foot, self._second(total), 7, colour=GREY)
        figure = f"{self._figure(row.total_minor)} {row.currency}"
        self.sheet.line(_RIGHT, foot, figure, 12, bold=True, align="right")
        self.y = foot + 20
        self._flow(f"{words.vi}: {row.total_in_words}.", 8, bold=True)
        amount = Money(row.total_minor, row.currency)
        for locale, said in (("zh", amount_zh), ("en", amount_en)):
            if self.paper.locale == locale:
                self._flow(f"{getattr(words, locale)}: {said(amount)}", 7, colour=GREY)
        self.y += 15

    def _payment(self) -> None:
        row, method = self.row, METHODS[self.row.payment_method]
        self._labelled(
            "method", f"{method.vi} ({self.paper.paid_through}) · {self._second(method)}"
        )
        self._labelled("transaction", row.gateway_txn)
        self._labelled("payment", row.payment_reference)
        self._labelled("paid_at", _instant(row.paid_at))

    def _closing(self) -> None:
        """Write how to look it up, and the signature."""
        self._room(_CLOSING)
        top, row = self.y + 20, self.row
        self.sheet.qr(_LEFT - 25, top, 330, row.qr_payload)
        self.y = top + 30
        x, width = 415, 415
        look_up, where = WORDS["look_up"], WORDS["look_up_at"]
        self._flow(f"{look_up.vi} · {self._second(look_up)}", 6, x=x, width=width, colour=GREY)
        self.y += 12
        self._flow(row.lookup_code, 10, x=x, width=width, bold=True)
        self.y += 10
        self._flow(f"{where.vi} · {self._second(where)}", 6, x=x, width=width, colour=GREY)
        self._flow(row.qr_payload.partition("?")[0], 6, x=x, width=width)
        self._signature(top + 25)

    def _signature(self, top: int) -> None:
        """Write who signed and when, in a frame."""
        paper = self.paper
        x, width = 850, _RIGHT - 850
        self.y = top + 14
        head = WORDS["signed" if paper.genuine else "not_genuine"]
        self._flow(head.vi, 8, x=x, width=width - 20, bold=True, colour=RED)
        self._flow(self._second(head), 6, x=x, width=width - 20, colour=GREY)
        if paper.genuine and paper.signed_at is not None:
            for label, value in (
                ("signed_by", paper.signed_by),
                ("signed_at", _instant(paper.signed_at)),
                ("certificate", self.row.cert_serial),
            ):
                self._flow(f"{WORDS[label].vi}: {value}", 7, x=x, width=width - 20)
        self.sheet.box(x - 20, top, width + 20, self.y + 14 - top, 8 / 10, colour=RED)


def _instant(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%H:%M:%S %d/%m/%Y}"
