"""Draws the crossing slip: an A5 sheet for the driver, the gate's staff and Hekou, and its codes.

Vietnamese comes first, Chinese and English stand beside it, because each of the three readers may
know one language only. Everything is black on white and survives a poor printer. Not the decision
what a slip says: the caller brings a finished `SlipView`, and the signed token inside it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from border.core.clock import NEIGHBOUR_ZONE, ZONE
from border.paper.codes import code128_runs
from border.paper.fonts import FontSet
from border.paper.sheet import BLACK, MM, WHITE, Sheet
from border.paper.words import InThree, Locale, dong
from border.vocabulary import DIRECTIONS, VEHICLE_CLASSES
from logistics.slip_words import (
    KNOWN,
    OPEN_STATES,
    STATES,
    WEEKDAYS_VI,
    WEEKDAYS_ZH,
    WORDS,
)


class DeclaredGoods(NamedTuple):
    """One gate declaration on the slip and the number customs gave it, if any yet."""

    reference: str
    customs_number: str | None


class FeeLine(NamedTuple):
    """One charge as the payer reads it, in whole đồng."""

    text: str
    minor: int


@dataclass(frozen=True)
class SlipView:
    """What is printed on one slip. Instants are aware; amounts are whole đồng.

    `state`, `direction` and `vehicle_class` are the codes the tables above explain. `locale` is
    the language of whoever asked: it names the document and comes first after Vietnamese.
    """

    reference: str
    token: str
    state: str
    gate_name: InThree
    lane: str | None
    direction: str
    plate: str
    trailer_plate: str | None
    vehicle_class: str
    driver_name: str | None
    starts_at: datetime
    ends_at: datetime
    declarations: tuple[DeclaredGoods, ...]
    goods: str
    fees: tuple[FeeLine, ...]
    total_minor: int
    payment_reference: str | None
    issued_at: datetime
    locale: Locale


_LEFT, _RIGHT = 8, 140
"""Places are in millimetres from the top left corner."""


def draw_slip(view: SlipView, fonts: FontSet) -> bytes:
    """Return the slip as a PDF of one A5 page; the same view gives the same bytes.

    Takes some milliseconds of one core: call it from a thread or a process of its own.
    """
    title: str = getattr(WORDS["title"], view.locale)
    sheet = Sheet(
        fonts,
        view.locale,
        f"{title} {view.reference}",
        size="A5",
        unit=MM,
        subject=getattr(WORDS["notice"], view.locale),
        known=KNOWN,
    )
    _draw_heading(sheet, view)
    _draw_vehicle(sheet, view)
    _draw_hours(sheet, view)
    _draw_particulars(sheet, view)
    below = _draw_declarations(sheet, view, 121.2)
    below = _draw_goods(sheet, view, below)
    _draw_fees(sheet, view, below)
    _draw_foot(sheet, view)
    return sheet.finish()


def _draw_heading(sheet: Sheet, view: SlipView) -> None:
    """Draw what the sheet is, which gate it is for, its reference and its state."""
    sheet.line(8, 14.5, WORDS["title"].vi, 17, bold=True)
    sheet.line(8, 19, sheet.others(WORDS["title"]), 8.5)
    sheet.line(8, 24.5, view.gate_name.vi, 9.5, bold=True, width=84, smallest=8)
    sheet.line(8, 28.3, sheet.others(view.gate_name), 7, width=84)

    state = STATES[view.state]
    spent = view.state not in OPEN_STATES
    ink = WHITE if spent else BLACK
    sheet.box(96, 9, 44, 11.2, 1.2, full=spent)
    sheet.line(118, 14.2, state.vi, 12, bold=True, align="centre", colour=ink)
    sheet.line(118, 18.6, sheet.others(state), 7, align="centre", colour=ink)
    sheet.line(140, 27.2, view.reference, 12.5, bold=True, align="right", width=46, smallest=8)
    sheet.rule(30.2, 1.6, _LEFT, _RIGHT)


def _draw_vehicle(sheet: Sheet, view: SlipView) -> None:
    """Draw the plates and the way the vehicle goes, with the QR code beside them."""
    sheet.label(8, 35, WORDS["plate"], 82)
    sheet.line(8, 48, view.plate, 38, plate=True, width=82, smallest=18)
    sheet.label(8, 55, WORDS["trailer"], 82)
    sheet.line(8, 61.5, view.trailer_plate or "—", 17, plate=True, width=82, smallest=10)
    sheet.label(8, 67.5, WORDS["direction"], 82)
    direction = DIRECTIONS[view.direction].paper
    sheet.line(8, 72.8, direction.vi, 12.5, bold=True, width=82)
    sheet.line(8, 76.6, sheet.others(direction), 7.5, width=82)

    sheet.qr(99.6, 33.4, 40.4, view.token, quiet=0)
    scan = WORDS["scan"]
    sheet.line(119.8, 78.2, f"{scan.vi} · {sheet.others(scan)}", 6, align="centre", width=46)


def _draw_hours(sheet: Sheet, view: SlipView) -> None:
    """Draw the crossing hour twice: on the gate's clocks and on Hekou's."""
    sheet.label(8, 82.2, WORDS["hour"], 132)
    ours = view.starts_at.astimezone(ZONE), view.ends_at.astimezone(ZONE)
    theirs = view.starts_at.astimezone(NEIGHBOUR_ZONE), view.ends_at.astimezone(NEIGHBOUR_ZONE)
    for x, words, (start, end), day, is_ours in (
        (8, WORDS["our_time"], ours, _day_vi(*ours), True),
        (75, WORDS["hekou_time"], theirs, _day_zh(*theirs), False),
    ):
        sheet.box(x, 84, 65, 20.6, 1.6 if is_ours else 0.6)
        sheet.label(x + 3, 88.2, words, 59)
        hours = f"{start:%H:%M}–{end:%H:%M}"
        sheet.line(x + 3, 97.6, hours, 27, bold=True, width=59, smallest=18)
        sheet.line(x + 3, 102.6, day, 9.5, bold=is_ours, width=59, smallest=7)


def _draw_particulars(sheet: Sheet, view: SlipView) -> None:
    """Draw the driver, the class of the vehicle and the lane, side by side."""
    sheet.label(8, 109.4, WORDS["driver"], 62)
    driver = view.driver_name or WORDS["driverless"].vi
    sheet.line(8, 113.8, driver, 10, bold=True, width=62, smallest=7)
    if view.driver_name is None:
        sheet.line(8, 116.9, sheet.others(WORDS["driverless"]), 7, width=62)
    vehicle_class = VEHICLE_CLASSES[view.vehicle_class].paper
    sheet.label(75, 109.4, WORDS["class"], 42)
    sheet.line(75, 113.8, vehicle_class.vi, 10, bold=True, width=42)
    sheet.line(75, 116.9, sheet.others(vehicle_class), 7, width=42)
    sheet.label(119, 109.4, WORDS["lane"], 21)
    sheet.line(119, 113.8, view.lane or "—", 10, bold=True, width=21, smallest=6)


def _draw_declarations(sheet: Sheet, view: SlipView, y: float) -> float:
    """Draw the declarations in two columns and return the height below them."""
    sheet.rule(y - 2.5, 0.4, _LEFT, _RIGHT)
    sheet.label(8, y + 1, WORDS["declarations"], 132)
    y += 5.3
    if not view.declarations:
        used = sheet.line(8, y, WORDS["empty"].vi, 10, bold=True)
        sheet.line(8 + used + 2, y, sheet.others(WORDS["empty"]), 8)
        return y + 4.3
    shown = view.declarations if len(view.declarations) <= 8 else view.declarations[:7]
    for place, declared in enumerate(shown):
        x, foot = (8, 75)[place % 2], y + place // 2 * 4.2
        sheet.line(x, foot, declared.reference, 8, bold=True, width=33, smallest=6)
        sheet.line(x + 34, foot, declared.customs_number or "—", 9, width=31, smallest=6)
    rest = len(view.declarations) - len(shown)
    if rest:
        sheet.line(75, y + 3 * 4.2, _more(sheet, rest), 8, width=65)
    return y + ((len(shown) + bool(rest) + 1) // 2) * 4.2


def _draw_goods(sheet: Sheet, view: SlipView, y: float) -> float:
    """Draw the summary of the goods in at most two lines and return the height below."""
    sheet.rule(y - 2.3, 0.4, _LEFT, _RIGHT)
    sheet.label(8, y + 1.2, WORDS["goods"], 132)
    foot = y + 5.3
    for line in sheet.wrapped(view.goods or "—", 8.5, 132, lines=2):
        sheet.line(8, foot, line, 8.5)
        foot += 4.08
    return foot + 0.6


def _draw_fees(sheet: Sheet, view: SlipView, y: float) -> None:
    """Draw the charges, as many as there is room for, their total and the receipt."""
    sheet.rule(y - 2.3, 0.4, _LEFT, _RIGHT)
    sheet.label(8, y + 1.2, WORDS["fees"], 132)
    y += 5.2
    room = max(1, int((176 - y) / 4.1))
    shown = view.fees if len(view.fees) <= room else view.fees[: room - 1]
    for fee in shown:
        sheet.line(8, y, fee.text, 8.5, width=104)
        sheet.line(140, y, dong(fee.minor), 8.5, align="right")
        y += 4.1
    rest = view.fees[len(shown) :]
    if rest:
        sheet.line(8, y, _more(sheet, len(rest)), 8.5, width=104)
        sheet.line(140, y, dong(sum(fee.minor for fee in rest)), 8.5, align="right")
        y += 4.1
    if not view.fees:
        used = sheet.line(8, y, WORDS["no_fee"].vi, 8.5)
        sheet.line(8 + used + 2, y, sheet.others(WORDS["no_fee"]), 7)
        y += 4.1
    sheet.rule(y - 2.7, 0.8, _LEFT, _RIGHT)
    sheet.label(8, y + 2, WORDS["total"], 60)
    sheet.line(140, y + 2.3, dong(view.total_minor), 12, bold=True, align="right")
    if view.payment_reference:
        sheet.label(8, y + 6.2, WORDS["payment"], 66)
        sheet.line(140, y + 6.4, view.payment_reference, 8.5, align="right", width=64, smallest=6)


def _draw_foot(sheet: Sheet, view: SlipView) -> None:
    """Draw the bar code of the reference, and what this sheet is not."""
    sheet.rule(184.4, 1.6, _LEFT, _RIGHT)
    runs, modules = code128_runs(view.reference)
    module = min(0.37, 76 / modules)
    sheet.bars([(8 + x * module, 187, width * module, 11) for x, width in runs])
    middle = 8 + modules * module / 2
    sheet.line(middle, 202, view.reference, 10, bold=True, align="centre", width=76, smallest=7)

    notice, issued = WORDS["notice"], WORDS["issued_at"]
    sheet.line(89, 189.2, notice.vi, 7, bold=True, width=51, smallest=5.5)
    sheet.line(89, 192.6, notice.zh, 7, width=51)
    sheet.line(89, 195.8, notice.en, 6.4, width=51, smallest=5.5)
    local = view.issued_at.astimezone(ZONE)
    used = sheet.line(89, 202, issued.vi, 6.4, bold=True)
    sheet.line(89 + used + 1, 202, sheet.others(issued), 6)
    sheet.line(140, 202, f"{local:%H:%M %d/%m/%Y}", 7, align="right")


def _more(sheet: Sheet, n: int) -> str:
    """Return the line that stands for `n` lines for which there was no room."""
    return f"{WORDS['more'].vi} · {sheet.others(WORDS['more'])}".format(n=n)


def _day_vi(start: datetime, end: datetime) -> str:
    """Return the day as Vietnamese write it; both days where the hour spans midnight."""
    if start.date() != end.date():
        return f"{start:%d/%m/%Y} – {end:%d/%m/%Y}"
    return f"{WEEKDAYS_VI[start.weekday()]}, {start:%d/%m/%Y}"


def _day_zh(start: datetime, end: datetime) -> str:
    """Return the day as Chinese write it; both days where the hour spans midnight."""
    first, last = (f"{at.year}年{at.month}月{at.day}日" for at in (start, end))
    return f"{first} – {last}" if first != last else f"{first} 星期{WEEKDAYS_ZH[start.weekday()]}"
