"""Which version draws a receipt's paper. A version, once used, stays as it is for ever.

A receipt keeps the name of the version of the day it was issued; a new law, or a new look, is a
new entry beside the old ones. A test holds each against a paper drawn before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from border.paper.fonts import FontSet
from border.paper.press import Press
from border.paper.words import InThree, Locale
from border.payments.gateways.evidence import COUNTER
from border.payments.gateways.registry import GATEWAY_KINDS
from border.payments.receipts.paper import Style, draw_paper
from border.payments.receipts.printed import (
    Cited,
    PrintedColumns,
    PrintedLine,
    PrintedReason,
    PrintedReceipt,
)
from border.payments.receipts.reading_service import SignatureCheck
from border.payments.receipts.receipt import ND123_2020, ND254_2026, ReceiptLine, Speech
from border.payments.receipts.tables import ReceiptRow

GATEWAYS = {code: kind.receipt_name for code, kind in GATEWAY_KINDS.items()} | {COUNTER: "Quầy thu"}
"""What a receipt calls the way the money came, by gateway."""


@dataclass(frozen=True)
class Paper:
    """A stored receipt to be drawn, what it is linked to, and whether it proved genuine."""

    row: ReceiptRow
    check: SignatureCheck
    speech: Speech
    locale: Locale = "vi"
    about: ReceiptRow | None = None
    replaced_by: ReceiptRow | None = None
    demo: bool = False

    def printed(self) -> PrintedReceipt:
        """Return it as plain values, its lines said in the reader's language too."""
        row, check = self.row, self.check
        columns = {each.name: getattr(row, each.name) for each in fields(PrintedColumns)}
        return PrintedReceipt(
            row=PrintedColumns(**columns),
            lines=tuple(self._line(ReceiptLine.of(stored)) for stored in row.lines),
            paid_through=GATEWAYS.get(row.gateway, row.gateway),
            genuine=check.genuine,
            signed_by=check.signed_by,
            signed_at=check.signed_at,
            locale=self.locale,
            about=_cited(self.about),
            replaced_by=_cited(self.replaced_by),
            demo=self.demo,
        )

    def _line(self, line: ReceiptLine) -> PrintedLine:
        speech, locale = self.speech, self.locale
        second = locale != "vi"
        return PrintedLine(
            name=line.name,
            beside=speech.charge(line.kind, locale) if second else "",
            minor=line.minor,
            charge=line.charge,
            subject=line.subject,
            reasons=tuple(
                PrintedReason(
                    reason.text,
                    speech.explanation(reason.says, reason.facts, locale) if second else "",
                    reason.minor,
                )
                for reason in line.reasons
            ),
        )


def _cited(row: ReceiptRow | None) -> Cited | None:
    return None if row is None else Cited(row.serial, row.number, row.issued_at)


@dataclass(frozen=True)
class Renderer:
    """A version of the paper: the law it follows and its style."""

    law: str
    style: Style

    def draw(self, paper: Paper, fonts: FontSet) -> bytes:
        """Return the paper as a PDF."""
        return draw_paper(paper.printed(), self.style, fonts)


def _version(law: str, decree: str, began: str) -> Renderer:
    return Renderer(
        law,
        Style(
            law,
            InThree(
                f"Biên lai điện tử theo Nghị định {decree} ({began}).",
                f"根据第{decree}号法令开具的电子收据。",
                f"Electronic receipt under Decree {decree}.",
            ),
        ),
    )


RENDERERS: Mapping[str, Renderer] = {
    ND123_2020: _version(ND123_2020, "123/2020/NĐ-CP", "ngày 19/10/2020"),
    ND254_2026: _version(ND254_2026, "254/2026/NĐ-CP", "hiệu lực từ 01/7/2026"),
}
"""Every version by its name."""
CURRENT: Mapping[str, str] = {ND123_2020: ND123_2020, ND254_2026: ND254_2026}
"""Which version draws from now on what is issued under a law."""


async def draw(paper: Paper, fonts: FontSet, press: Press) -> bytes:
    """Return a receipt as a PDF, drawn by its own version and beside the program."""
    style = RENDERERS[paper.row.renderer].style
    return await press.draw(draw_paper, paper.printed(), style, fonts)
