"""Draws the day list of a booth on A4: an hour after the other, a line and a bar code a truck.

Vietnamese first, the other two beside it. A truck that has passed is grey and says so; the
empty box is for the pen of whoever lets it pass while the line is down.
"""

from collections.abc import Iterator, Sequence
from datetime import tzinfo

from border.core.clock import NEIGHBOUR_ZONE, ZONE
from border.paper.codes import code128_runs
from border.paper.fonts import FontSet
from border.paper.sheet import FAINT, GREY, MM, Sheet
from border.paper.words import InThree, chinese, dong
from border.vocabulary import DIRECTIONS, VEHICLE_CLASSES
from logistics.booth.day_list_service import DayList, ListedHour, ListedTruck
from logistics.slip_words import WEEKDAYS_VI

WORDS = {
    "title": InThree("DANH SÁCH XE TRONG NGÀY", "当日车辆清单", "Day list"),
    "plate": InThree("Biển số", "车牌", "Plate"),
    "driver": InThree("Lái xe", "驾驶员", "Driver"),
    "goods": InThree("Luồng, phí", "通道、费用", "Lane, fee"),
    "slip": InThree("Phiếu", "通行单", "Slip"),
    "trucks": InThree("{n} xe", "{n}辆", "{n} trucks"),
    "page": InThree("Trang {n}/{all}", "第{n}/{all}页", "Page {n}/{all}"),
    "printed": InThree("In lúc", "打印时间", "Printed"),
    "destroy": InThree(
        "Có tên người lái: hủy sau ca trực.",
        "含驾驶员姓名，值班后销毁。",
        "Names drivers: destroy after the shift.",
    ),
    "nobody": InThree("Không có xe nào.", "没有车辆。", "No truck."),
    "no_slip": InThree("chưa có phiếu", "无通行单", "no slip yet"),
    "empty": InThree("xe rỗng", "空车", "empty"),
    "unpaid": InThree("CHƯA NỘP", "未付", "unpaid"),
    "no_fee": InThree("không phí", "无费", "no fee"),
    "held": InThree("chưa thông quan", "未放行", "not released"),
    "hekou": InThree("Hà Khẩu", "河口", "Hekou"),
}
LANE_WORDS = {
    "green": InThree("XANH", "绿", "green"),
    "yellow": InThree("VÀNG", "黄", "yellow"),
    "red": InThree("ĐỎ", "红", "red"),
}
STATE_WORDS = {
    "held": InThree("giữ chỗ", "预留", "held"),
    "confirmed": InThree("", "", ""),
    "checked_in": InThree("đã đến bãi", "已到场", "in the yard"),
    "used": InThree("đã qua", "已通过", "passed"),
    "no_show": InThree("không đến", "未到", "did not come"),
    "left": InThree("đã rời bãi", "已离场", "left"),
}
KNOWN = chinese([*WORDS.values(), *LANE_WORDS.values(), *STATE_WORDS.values()]) + chinese(
    term.paper for terms in (DIRECTIONS, VEHICLE_CLASSES) for term in terms.values()
)
_LEFT, _RIGHT = 10, 200
_TOP, _BOTTOM = 34.0, 284.0
_HOUR_MM, _TRUCK_MM = 9.0, 13.2
"""Places are in millimetres from the top left corner."""
_BOX, _PLATE, _DRIVER, _GOODS, _SLIP = 10, 18, 56, 101, 141
_Line = ListedHour | ListedTruck


def draw_day_list(view: DayList, fonts: FontSet) -> bytes:
    """Return the list as a PDF of A4 pages; the same view gives the same bytes."""
    title: str = getattr(WORDS["title"], view.locale)
    sheet = Sheet(
        fonts,
        view.locale,
        f"{title} {view.day.isoformat()}",
        size="A4",
        unit=MM,
        known=KNOWN,
    )
    pages = list(pages_of(view.hours)) or [[]]
    for number, lines in enumerate(pages, start=1):
        if number > 1:
            sheet.next_page()
        _draw_head(sheet, view)
        y = _TOP
        for line in lines:
            if isinstance(line, ListedHour):
                _draw_hour(sheet, line, y)
                y += _HOUR_MM
            else:
                _draw_truck(sheet, line, y)
                y += _TRUCK_MM
        if not lines:
            sheet.line(_LEFT, y + 8, _in_all(sheet, WORDS["nobody"]), 12)
        _draw_foot(sheet, view, number, len(pages))
    return sheet.finish()


def pages_of(hours: Sequence[ListedHour]) -> Iterator[list[_Line]]:
    """Yield the lines of each page: no hour's head stands alone at the foot of one.

    An hour that goes on over the page has its head there again.
    """
    lines: list[_Line] = []
    y = _TOP
    for hour in hours:
        if lines and y + _HOUR_MM + _TRUCK_MM > _BOTTOM:
            yield lines
            lines, y = [], _TOP
        lines.append(hour)
        y += _HOUR_MM
        for truck in hour.trucks:
            if y + _TRUCK_MM > _BOTTOM:
                yield lines
                lines, y = [hour], _TOP + _HOUR_MM
            lines.append(truck)
            y += _TRUCK_MM
    if lines:
        yield lines


def _draw_head(sheet: Sheet, view: DayList) -> None:
    day = f"{WEEKDAYS_VI[view.day.weekday()]}, {view.day:%d/%m/%Y}"
    sheet.line(_LEFT, 15, WORDS["title"].vi, 16, bold=True, width=110)
    sheet.line(_LEFT, 19.6, sheet.others(WORDS["title"]), 8)
    sheet.line(_RIGHT, 15, day, 14, bold=True, align="right", width=78, smallest=10)
    direction = DIRECTIONS[view.direction].paper
    sheet.line(_LEFT, 25.6, view.gate_name.vi, 11, bold=True, width=88, smallest=8)
    sheet.line(_RIGHT, 20, direction.vi, 11, bold=True, align="right", width=88)
    sheet.line(_RIGHT, 24.6, sheet.others(direction), 8, align="right", width=88)
    sheet.rule(27.6, 1.4, _LEFT, _RIGHT)
    for x, name, width in (
        (_PLATE, "plate", 36),
        (_DRIVER, "driver", 44),
        (_GOODS, "goods", 39),
        (_SLIP, "slip", 58),
    ):
        sheet.label(x, 31.6, WORDS[name], width)


def _draw_hour(sheet: Sheet, hour: ListedHour, y: float) -> None:
    sheet.rule(y + 0.6, 0.9, _LEFT, _RIGHT)
    used = sheet.line(_LEFT, y + 6.4, _window(hour, ZONE), 13, bold=True)
    beside = f"{sheet.others(WORDS['hekou'])} {_window(hour, NEIGHBOUR_ZONE)}"
    sheet.line(_LEFT + used + 4, y + 6.4, beside, 8.5)
    count = {"n": len(hour.trucks)}
    says = WORDS["trucks"]
    sheet.line(_RIGHT, y + 6.4, says.vi.format(**count), 10, bold=True, align="right")


def _window(hour: ListedHour, zone: tzinfo) -> str:
    begins, ends = (at.astimezone(zone) for at in (hour.starts_at, hour.ends_at))
    return f"{begins:%H:%M}–{ends:%H:%M}"


def _draw_truck(sheet: Sheet, truck: ListedTruck, y: float) -> None:
    gone = truck.state in ("used", "no_show", "left")
    colour = GREY if gone else (0, 0, 0)
    sheet.rule(y, 0.25, _LEFT, _RIGHT)
    sheet.box(_BOX, y + 3.6, 5.4, 5.4, 0.9, colour=FAINT if gone else (0, 0, 0))
    sheet.line(_PLATE, y + 6.2, truck.plate, 13, plate=True, width=36, smallest=9, colour=colour)
    sheet.line(_PLATE, y + 10.8, truck.trailer_plate or "", 9, plate=True, width=36, colour=colour)
    sheet.line(_DRIVER, y + 5, truck.driver, 9.5, bold=True, width=43, smallest=7, colour=colour)
    kind = VEHICLE_CLASSES[truck.vehicle_class].paper
    sheet.line(_DRIVER, y + 8.8, kind.vi, 8, width=43, colour=colour)
    state = STATE_WORDS[truck.state]
    if state.vi:
        sheet.line(_DRIVER, y + 12, _in_all(sheet, state), 7, width=43, colour=colour)
    _draw_goods(sheet, truck, y)
    if truck.slip is None:
        sheet.line(_SLIP, y + 7, _in_all(sheet, WORDS["no_slip"]), 8, width=58, colour=GREY)
    else:
        runs, modules = code128_runs(truck.slip)
        module = min(0.27, 58 / modules)
        sheet.bars([(_SLIP + x * module, y + 1.4, width * module, 7) for x, width in runs])
        middle = _SLIP + modules * module / 2
        sheet.line(middle, y + 12, truck.slip, 8.5, bold=True, align="centre", width=58)


def _draw_goods(sheet: Sheet, truck: ListedTruck, y: float) -> None:
    lane = LANE_WORDS.get(truck.goods_lane or "")
    says = lane or WORDS["empty"]
    used = sheet.line(_GOODS, y + 5, says.vi, 9.5, bold=lane is not None, width=20)
    sheet.line(_GOODS + used + 1.2, y + 5, sheet.others(says), 6.5, width=37 - used)
    if not truck.released:
        sheet.line(
            _GOODS, y + 8.6, _in_all(sheet, WORDS["held"]), 7, bold=True, width=39, smallest=5
        )
    fee = dong(truck.fee_minor) if truck.fee_minor else _in_all(sheet, WORDS["no_fee"])
    if owed := truck.fee_minor and not truck.paid:
        fee = f"{fee} {_in_all(sheet, WORDS['unpaid'])}"
    sheet.line(_GOODS, y + 12, fee, 7.5, bold=bool(owed), width=39, smallest=5)


def _draw_foot(sheet: Sheet, view: DayList, number: int, pages: int) -> None:
    sheet.rule(287, 0.6, _LEFT, _RIGHT)
    local = view.at.astimezone(ZONE)
    printed = f"{WORDS['printed'].vi} {local:%H:%M %d/%m/%Y}"
    used = sheet.line(_LEFT, 291, printed, 8, bold=True)
    sheet.line(_LEFT + used + 3, 291, _in_all(sheet, WORDS["destroy"]), 6.5, width=112)
    page = WORDS["page"].vi.format(n=number, all=pages)
    sheet.line(_RIGHT, 291, page, 9, bold=True, align="right")


def _in_all(sheet: Sheet, words: InThree) -> str:
    return f"{words.vi} · {sheet.others(words)}"
