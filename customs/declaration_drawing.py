"""Draws a gate declaration on A4: whose it is, where it goes, its goods, its codes.

Vietnamese comes first, Chinese and English stand beside it. Not the decision what a declaration
says: the caller brings a finished `DeclarationView`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from border.core.clock import ZONE
from border.paper.codes import code128_runs
from border.paper.fonts import FontSet
from border.paper.sheet import MM, Sheet
from border.paper.words import InThree, Locale, chinese
from border.vocabulary import DIRECTIONS

WORDS = {
    "title": InThree("TỜ KHAI CỬA KHẨU SỐ", "数字口岸申报单", "Gate declaration"),
    "customs_number": InThree("Số tờ khai hải quan", "报关单号", "Customs number"),
    "direction": InThree("Chiều", "方向", "Direction"),
    "regime": InThree("Mã loại hình", "申报类型", "Declaration type"),
    "gate": InThree("Cửa khẩu", "口岸", "Gate"),
    "state": InThree("Trạng thái", "状态", "State"),
    "lodged_at": InThree("Nộp lúc", "申报时间", "Lodged"),
    "exporter": InThree("Người xuất khẩu", "出口商", "Exporter"),
    "importer": InThree("Người nhập khẩu", "进口商", "Importer"),
    "containers": InThree("Số container", "集装箱号", "Containers"),
    "papers": InThree("Giấy chứng nhận", "证书", "Certificates"),
    "goods": InThree("Hàng hóa", "货物", "Goods"),
    "quantity": InThree("Lượng", "数量", "Quantity"),
    "gross": InThree("Cả bì (kg)", "毛重", "Gross kg"),
    "net": InThree("Tịnh (kg)", "净重", "Net kg"),
    "value": InThree("Trị giá", "货值", "Value"),
    "notice": InThree(
        "Tờ khai này không thay thế tờ khai hải quan.",
        "本单不能代替海关报关单。",
        "This does not replace the customs declaration.",
    ),
    "page": InThree("Trang", "页", "Page"),
}
KNOWN = chinese([*WORDS.values(), *(term.paper for term in DIRECTIONS.values())])
_LEFT, _RIGHT, _FOOT = 14.0, 196.0, 274.0
"""Places are in millimetres from the top left corner."""


class PrintedGoods(NamedTuple):
    """One kind of goods, every figure as it is printed."""

    hs_code: str
    description: str
    origin: str
    quantity: str
    gross: str
    net: str
    value: str


@dataclass(frozen=True)
class DeclarationView:
    """What is printed of a declaration. `state` is in the words of whoever asked."""

    reference: str
    customs_number: str
    direction: str
    regime: str
    gate_name: InThree
    state: str
    lodged_at: datetime | None
    exporter: Sequence[str]
    importer: Sequence[str]
    containers: str
    papers: str
    goods: Sequence[PrintedGoods]
    gross_total: str
    value_total: str
    locale: Locale


def draw_declaration(view: DeclarationView, fonts: FontSet) -> bytes:
    """Return the declaration as a PDF of as many A4 pages as its goods need.

    The same view gives the same bytes.
    """
    title: str = getattr(WORDS["title"], view.locale)
    sheet = Sheet(fonts, view.locale, f"{title} {view.reference}", size="A4", unit=MM, known=KNOWN)
    y = _draw_heading(sheet, view)
    y = _draw_parties(sheet, view, y)
    y = _draw_table_head(sheet, y)
    page = 1
    for at, goods in enumerate(view.goods, 1):
        lines = sheet.wrapped(f"{at}. {goods.description or '—'}", 9, 74, lines=4)
        if y + 4.2 * len(lines) + 5 > _FOOT:
            _draw_foot(sheet, page)
            sheet.next_page()
            page += 1
            sheet.line(_LEFT, 16, view.reference, 10, bold=True)
            y = _draw_table_head(sheet, 20)
        y = _draw_goods(sheet, goods, lines, y)
    sheet.line(112, y + 2, "Σ", 9, bold=True, align="right")
    sheet.line(138, y + 2, view.gross_total, 9, bold=True, align="right", width=25, smallest=6)
    sheet.line(_RIGHT, y + 2, view.value_total, 9, bold=True, align="right", width=34, smallest=6)
    _draw_foot(sheet, page)
    return sheet.finish()


def _draw_heading(sheet: Sheet, view: DeclarationView) -> float:
    sheet.line(_LEFT, 20, WORDS["title"].vi, 18, bold=True)
    sheet.line(_LEFT, 25.5, sheet.others(WORDS["title"]), 9)
    runs, modules = code128_runs(view.reference)
    module = min(0.37, 76 / modules)
    left = _RIGHT - modules * module
    sheet.bars([(left + x * module, 12, width * module, 11) for x, width in runs])
    sheet.line(_RIGHT, 27.5, view.reference, 11, bold=True, align="right")
    sheet.rule(31, 1.4, _LEFT, _RIGHT)
    lodged = f"{view.lodged_at.astimezone(ZONE):%H:%M %d/%m/%Y}" if view.lodged_at else "—"
    direction = DIRECTIONS[view.direction].paper
    rows = (
        ("customs_number", view.customs_number or "—", "state", view.state),
        ("direction", direction.vi, "regime", view.regime or "—"),
        ("gate", view.gate_name.vi, "lodged_at", lodged),
    )
    y = 36.0
    for left_name, left_text, right_name, right_text in rows:
        for x, name, text in ((_LEFT, left_name, left_text), (108, right_name, right_text)):
            sheet.label(x, y, WORDS[name], 86)
            sheet.line(x, y + 5, text, 11, bold=True, width=86, smallest=8)
        y += 11
    return y


def _draw_parties(sheet: Sheet, view: DeclarationView, y: float) -> float:
    sheet.rule(y - 3, 0.4, _LEFT, _RIGHT)
    lowest = y
    for x, name, lines in ((_LEFT, "exporter", view.exporter), (108, "importer", view.importer)):
        sheet.label(x, y + 1, WORDS[name], 86)
        foot = y + 6
        for line in lines or ("—",):
            for part in sheet.wrapped(line, 9.5, 86, lines=2):
                sheet.line(x, foot, part, 9.5)
                foot += 4.4
        lowest = max(lowest, foot)
    for name, text in (("containers", view.containers), ("papers", view.papers)):
        if text:
            sheet.label(_LEFT, lowest + 1, WORDS[name], 86)
            for part in sheet.wrapped(text, 9, _RIGHT - _LEFT, lines=3):
                lowest += 4.6
                sheet.line(_LEFT, lowest + 1, part, 9)
            lowest += 5
    return lowest + 3


_COLUMNS = ((112.0, "quantity"), (138.0, "gross"), (160.0, "net"), (_RIGHT, "value"))


def _draw_table_head(sheet: Sheet, y: float) -> float:
    sheet.rule(y, 1, _LEFT, _RIGHT)
    sheet.label(_LEFT, y + 4, WORDS["goods"], 70)
    for x, name in _COLUMNS:
        sheet.line(x, y + 4, WORDS[name].vi, 7, bold=True, align="right")
        sheet.line(x, y + 7, sheet.others(WORDS[name]), 5.5, align="right")
    sheet.rule(y + 8.5, 0.4, _LEFT, _RIGHT)
    return y + 13


def _draw_goods(sheet: Sheet, goods: PrintedGoods, lines: Sequence[str], y: float) -> float:
    figures = (goods.quantity, goods.gross, goods.net, goods.value)
    widths = (24.0, 25.0, 21.0, 34.0)
    for (x, _), text, width in zip(_COLUMNS, figures, widths, strict=True):
        sheet.line(x, y, text or "—", 9, align="right", width=width, smallest=6)
    for line in lines:
        sheet.line(_LEFT, y, line, 9)
        y += 4.2
    sheet.line(_LEFT, y, f"HS {goods.hs_code or '—'} · {goods.origin or '—'}", 7.5)
    sheet.rule(y + 1.8, 0.2, _LEFT, _RIGHT)
    return y + 6


def _draw_foot(sheet: Sheet, page: int) -> None:
    sheet.rule(280, 0.4, _LEFT, _RIGHT)
    notice = WORDS["notice"]
    sheet.line(_LEFT, 284.5, notice.vi, 7.5, bold=True)
    sheet.line(_LEFT, 288, sheet.others(notice), 6.5)
    sheet.line(_RIGHT, 284.5, f"{WORDS['page'].vi} {page}", 7.5, align="right")
