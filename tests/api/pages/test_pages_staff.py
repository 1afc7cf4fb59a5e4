"""The pages of the zone's own people, as forms without a script: who sees what, and every move."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import segno

from api.demo import accounts as demo_accounts
from api.http.security import COOKIE
from api.pages.kit.timeline import CODE_NAMES, LIVES
from border.core.tables import Record
from border.identity import service
from logistics import figures
from logistics.gate_check import ScanCode
from tests.api.ranked import ranked

STAFF_PAGES = {
    "/officer": {"officer", "guard", "quarantine"},
    "/gate": {"gate", "officer", "guard", "manager"},
    "/gate/desk": {"gate", "manager"},
    "/manager": {"manager"},
    "/manager/slots": {"manager"},
    "/manager/clashes": {"manager"},
    "/manager/simulation": {"manager"},
    "/ioc": {"manager", "platform"},
}
EVERYBODY = ("trader", "carrier", "gate", "officer", "guard", "quarantine", "manager", "platform")


@dataclass
class Desk:
    """A browser without a script, signed in: it follows links and sends the forms it is shown."""

    client: httpx.AsyncClient

    async def see(self, path: str, status: int = 200) -> str:
        """Return a page in English."""
        answer = await self.client.get(path, headers={"accept": "text/html"})
        assert answer.status_code == status, answer.text
        return answer.text

    async def send(self, page: str, action: str, **fields: Any) -> httpx.Response:
        """Send the form of a page that goes to `action`, with its hidden fields and ours."""
        # Two forms may go to one address: what is asked for tells which hidden fields it has.
        forms = [
            dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', body))
            for body in re.findall(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.S)
        ]
        assert forms, f"no form on the page goes to {action}"
        hidden = next(
            (one for one in forms if all(one.get(k, v) == v for k, v in fields.items())), forms[0]
        )
        given = {name: unescape(value) for name, value in hidden.items()} | fields
        return await self.client.post(action, data=given, headers={"accept": "text/html"})


@pytest.fixture
def desk(running: Any) -> Callable[[str], Awaitable[Desk]]:
    """Sign somebody in, past the door that counts attempts, and give them a browser."""

    async def sign_in(name: str) -> Desk:
        signed_in = await service.sign_in(
            running.services.store, f"{name}@demo.test", demo_accounts.PASSWORD, "page"
        )
        client = httpx.AsyncClient(
            transport=running.client._transport,
            base_url="http://gate.test",
            headers={"accept-language": "en"},
            cookies={COOKIE: signed_in.token},
        )
        return Desk(client)

    return sign_in


def text_of(page: str) -> str:
    """Return the words of a page without its marks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


# --- who sees what -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERYBODY)
async def test_each_role_sees_its_own_pages_and_no_other(
    desk: Callable[[str], Awaitable[Desk]], name: str
) -> None:
    somebody = await desk(name)
    for path, names in STAFF_PAGES.items():
        await somebody.see(path, 200 if name in names else 403)


@pytest.mark.parametrize("path", STAFF_PAGES)
async def test_nobody_is_sent_to_the_login_page_and_back(running: Any, path: str) -> None:
    answer = await running.client.get(path, headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")


@pytest.mark.parametrize("path", ["/officer/live", "/gate/live", "/manager/live", "/ioc/live"])
async def test_a_trader_hears_none_of_the_live_streams(
    desk: Callable[[str], Awaitable[Desk]], path: str
) -> None:
    await (await desk("trader")).see(path, 403)


def test_every_kind_of_record_and_every_code_of_a_scan_has_words() -> None:
    ours = [m for m in Record.__subclasses__() if not m.__module__.startswith("tests")]
    assert {model.lifecycle.name for model in ours} <= set(LIVES)
    assert set(CODE_NAMES) == set(ScanCode)


# --- the officers --------------------------------------------------------------------------------


async def test_the_list_shows_what_waits_and_finds_by_reference_or_customs_number(
    crossing: Any, desk: Any
) -> None:
    first = await crossing.lodged("export")
    await crossing.lodged("import")
    officer = await desk("officer")
    page = text_of(await officer.see("/officer"))
    assert "Next to take" in page
    assert first["reference"] in page
    for sought in (first["reference"].lower(), first["customs_number"]):
        found = text_of(await officer.see(f"/officer?q={sought}"))
        assert "1 declaration" in found
        assert first["reference"] in found
    assert "Nothing found" in text_of(await officer.see("/officer?q=000000000000"))


async def test_the_list_is_narrowed_by_lane_gate_direction_and_state(
    crossing: Any, desk: Any
) -> None:
    lodged = await crossing.lodged("export")
    officer = await desk("officer")
    other = {"green": "red", "yellow": "red", "red": "green"}[lodged["lane"]]
    for query, here in (
        (f"lane={lodged['lane']}", True),
        (f"lane={other}", False),
        ("gate=KIM_THANH_II", True),
        ("gate=BAN_VUOC", False),
        ("direction=export", True),
        ("direction=import", False),
        (f"state={lodged['state']}", True),
        ("state=inspected", False),
    ):
        assert (lodged["reference"] in await officer.see(f"/officer?{query}")) is here, query


async def test_a_declaration_is_shown_whole_with_the_reasons_of_its_lane(
    crossing: Any, desk: Any
) -> None:
    lodged = await crossing.lodged("export")
    page = text_of(await (await desk("officer")).see(f"/officer/declarations/{lodged['id']}"))
    for words in (
        lodged["reference"],
        lodged["customs_number"],
        "Do Hong → Hekou Trading",
        "081090",
        "18,000 kg",
        "Perishable goods",
        "The border guard has not cleared it.",
        "It is the trader's first declaration here.",
        "Declaration: Registered",
    ):
        assert words in page, words


async def test_customs_reads_how_goods_were_ranked_and_nobody_else_does(
    crossing: Any, desk: Any
) -> None:
    lodged = await crossing.lodged("export")
    path = f"/officer/declarations/{lodged['id']}"
    officer, guard = await desk("officer"), await desk("guard")
    assert "Nothing was learned yet" in text_of(await officer.see("/officer/ranking"))
    assert "What inspections suggest" not in text_of(await officer.see(path))
    await ranked(crossing, lodged["id"], chance=0.83)
    page = text_of(await officer.see(path))
    for words in (
        "likely to differ",
        "Of a hundred such goods, 83 differed from what was declared.",
        "Seller 0100112437: something was found in 4 of 5 inspected before.",
    ):
        assert words in page, words
    assert "likely to differ" in text_of(await officer.see("/officer"))
    for other in (path, "/officer"):
        assert "likely to differ" not in text_of(await guard.see(other))
    await guard.see("/officer/ranking", status=403)
    page = text_of(await officer.see("/officer/ranking"))
    for words in ("91 %", "22 %", "4,000", "inspections.csv", "Importer", "20 % would differ"):
        assert words in page, words


async def test_customs_reviews_inspects_accepts_and_releases_by_form(
    crossing: Any, desk: Any
) -> None:
    lodged = await crossing.lodged("import", handling=["dangerous_goods"])
    here = f"/officer/declarations/{lodged['id']}"
    officer, second, guard = await desk("officer"), await desk("officer2"), await desk("guard")
    page = await officer.see(here)
    assert "is in the red lane" in text_of(page)
    assert f'action="{here}/accept"' not in page
    refused = await officer.send(page, f"{here}/order_inspection")
    assert refused.status_code == 400
    assert "Say why, in a sentence." in text_of(refused.text)
    done = await officer.send(page, f"{here}/order_inspection", reason="Red lane")
    assert done.status_code == 303
    page = await officer.see(here)
    done = await officer.send(
        page, f"{here}/record_inspection", reason="Seals intact", outcome="conforming"
    )
    assert done.status_code == 303
    assert "You recorded the inspection" in text_of(await officer.see(here))
    page = await second.see(here)
    assert (await second.send(page, f"{here}/accept")).status_code == 303
    page = await guard.see(here)
    decided = await guard.send(page, f"{here}/clearances/border_guard", decision="passed")
    assert decided.status_code == 303
    page = await second.see(here)
    released = await second.send(page, f"{here}/release")
    assert released.status_code == 303
    assert "is released" in text_of(await second.see(released.headers["location"]))
    told = text_of(await second.see(here))
    assert "Border guard: Passed" in told
    assert "Seals intact" in told


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        ("query", "An answer is awaited"),
        ("reject", "Rejected"),
        ("return", "Returned for correction"),
        ("cancel", "Cancelled"),
    ],
)
async def test_a_review_ends_in_each_way_with_its_reason(
    crossing: Any, desk: Any, verb: str, state: str
) -> None:
    lodged = await crossing.lodged("export")
    here = f"/officer/declarations/{lodged['id']}"
    officer = await desk("officer")
    page = await officer.see(here)
    done = await officer.send(page, f"{here}/{verb}", reason="The invoice is missing")
    assert done.status_code == 303
    page = text_of(await officer.see(here))
    assert state in page
    assert "The invoice is missing" in page


async def test_goods_are_held_and_let_go_again_on_the_same_page(crossing: Any, desk: Any) -> None:
    released = await crossing.released("export")
    here = f"/officer/declarations/{released['id']}"
    officer = await desk("officer")
    page = await officer.see(here)
    held = await officer.send(page, f"{here}/hold", reason="A tip")
    assert held.headers["location"].startswith(here)
    page = await officer.see(held.headers["location"])
    assert "the barrier stays shut for it" in text_of(page)
    assert released["reference"] in await officer.see("/officer?view=held")
    lifted = await officer.send(page, f"{here}/lift")
    assert "The hold on" in text_of(await officer.see(lifted.headers["location"]))
    assert released["reference"] in await officer.see("/officer?view=released")


async def test_after_a_move_that_ends_ones_part_the_next_declaration_is_shown(
    crossing: Any, desk: Any
) -> None:
    first, second = await crossing.lodged("export"), await crossing.lodged("export")
    guard = await desk("guard")
    here = f"/officer/declarations/{first['id']}"
    page = await guard.see(here)
    done = await guard.send(page, f"{here}/clearances/border_guard", decision="passed")
    place = urlsplit(done.headers["location"])
    assert place.path == f"/officer/declarations/{second['id']}"
    said = text_of(await guard.see(done.headers["location"]))
    assert f"Your clearance of {first['reference']} is passed." in said


async def test_an_agency_cannot_decide_for_another_nor_release(crossing: Any, desk: Any) -> None:
    lodged = await crossing.lodged("export")
    here = f"/officer/declarations/{lodged['id']}"
    guard = await desk("guard")
    page = await guard.see(here)
    own = f"{here}/clearances/border_guard"
    assert f'action="{own}"' in page
    assert "/clearances/plant_quarantine" not in page
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    for action, more in (
        (f"{here}/clearances/plant_quarantine", {"decision": "passed"}),
        (f"{here}/release", {}),
    ):
        fields = {"_csrf_token": hidden["_csrf_token"], **more}
        refused = await guard.client.post(action, data=fields, headers={"accept": "text/html"})
        assert refused.status_code == 403
        assert "This needs one of the roles" in text_of(refused.text)


async def test_a_failed_clearance_needs_its_reason_and_stands_in_the_way(
    crossing: Any, desk: Any
) -> None:
    lodged = await crossing.lodged("export")
    here = f"/officer/declarations/{lodged['id']}"
    action = f"{here}/clearances/plant_quarantine"
    plant = await desk("quarantine")
    page = await plant.see(here)
    refused = await plant.send(page, action, decision="failed")
    assert refused.status_code == 400
    assert "Say why, in a sentence." in text_of(refused.text)
    done = await plant.send(page, action, decision="failed", reason="Live pests")
    assert done.status_code == 303
    page = text_of(await plant.see(here))
    assert "Live pests" in page
    assert "Plant quarantine has not cleared it." in page


async def test_a_form_that_is_out_of_date_is_refused_and_what_was_typed_kept(
    crossing: Any, desk: Any
) -> None:
    lodged = await crossing.lodged("export")
    here = f"/officer/declarations/{lodged['id']}"
    officer, guard = await desk("officer"), await desk("guard")
    page = await officer.see(here)
    await guard.send(await guard.see(here), f"{here}/clearances/border_guard", decision="passed")
    refused = await officer.send(page, f"{here}/query", reason="Which orchard?")
    assert refused.status_code == 412
    assert "Which orchard?" in refused.text


# --- the barrier ---------------------------------------------------------------------------------


async def _scan(gate: Desk, code: str, kind: str = "entry", **more: Any) -> httpx.Response:
    page = await gate.see(f"/gate?kind={kind}")
    return await gate.send(page, "/gate/scan", code=code, kind=kind, lane="X1", **more)


def verdict_in(answer: httpx.Response) -> tuple[str, str]:
    """Return the verdict and the code of the one big answer."""
    found = re.findall(r'data-verdict="(\w+)" data-code="(\w+)"', answer.text)
    assert len(found) == 1, answer.text
    return found[0]


async def _slip(crossing: Any, direction: str = "export", release: bool = True) -> dict[str, Any]:
    """Return a confirmed booking, the clock set into its hour."""
    made = await (crossing.released(direction) if release else crossing.lodged(direction))
    booking = await crossing.booked(made["id"], direction=direction)
    await crossing.opened(booking, "desk")
    booking = await crossing.sees("trader", f"/bookings/{booking['id']}")
    starts_at = datetime.fromisoformat(booking["slot_starts_at"])
    crossing.running.clock.at = starts_at + timedelta(minutes=5)
    return booking


async def test_a_truck_in_order_is_let_in_with_its_plate_hour_and_next_step(
    crossing: Any, desk: Any
) -> None:
    booking = await _slip(crossing)
    gate = await desk("gate")
    answer = await _scan(gate, booking["slip"]["reference"].lower())
    assert verdict_in(answer) == ("admitted", "OK")
    page = text_of(answer.text)
    assert booking["vehicle"]["plate"] in page
    assert "Open the barrier." in page
    assert "Last scans" in page


async def test_the_same_form_sent_twice_is_one_scan_and_another_scan_is_a_duplicate(
    crossing: Any, desk: Any
) -> None:
    booking = await _slip(crossing)
    gate = await desk("gate")
    page = await gate.see("/gate")
    sent = {"code": booking["slip"]["reference"], "kind": "entry", "lane": "X1"}
    first = await gate.send(page, "/gate/scan", **sent)
    crossing.running.clock.advance(timedelta(seconds=2))
    again = await gate.send(page, "/gate/scan", **sent)
    assert verdict_in(first) == verdict_in(again) == ("admitted", "OK")
    other = await _scan(gate, sent["code"])
    assert verdict_in(other) == ("refused", "DUPLICATE")


async def test_goods_not_released_stop_the_truck(crossing: Any, desk: Any) -> None:
    booking = await _slip(crossing, release=False)
    answer = await _scan(await desk("gate"), booking["slip"]["reference"])
    assert verdict_in(answer) == ("refused", "NOT_RELEASED")
    assert "Send the driver to customs." in text_of(answer.text)


async def test_an_open_fee_stops_the_truck_and_shows_the_way_to_the_desk(
    crossing: Any, desk: Any
) -> None:
    # Goods in transit owe customs a fee on the declaration itself, beside that of the crossing.
    booking = await _slip(crossing, "transit", release=False)
    gate = await desk("gate")
    answer = await _scan(gate, booking["slip"]["reference"])
    assert verdict_in(answer) == ("refused", "UNPAID")
    way = f"/gate/desk?q={booking['slip']['reference']}"
    assert f'href="{way}"' in answer.text
    assert "Customs fee for goods in transit" in text_of(await gate.see(way))


async def test_a_misread_character_is_told_as_such(crossing: Any, desk: Any) -> None:
    booking = await _slip(crossing)
    code = booking["slip"]["reference"]
    wrong = code[:-1] + ("3" if code[-1] != "3" else "4")
    answer = await _scan(await desk("gate"), wrong)
    assert verdict_in(answer) == ("refused", "UNKNOWN")
    assert "One character is wrong" in text_of(answer.text)


async def test_another_plate_than_the_one_on_the_slip_stops_the_truck(
    crossing: Any, desk: Any
) -> None:
    booking = await _slip(crossing)
    gate = await desk("gate")
    answer = await _scan(gate, booking["slip"]["reference"], plate_seen="29H-999.99")
    assert verdict_in(answer) == ("refused", "WRONG_VEHICLE")


async def test_in_place_the_answer_comes_alone(crossing: Any, desk: Any) -> None:
    booking = await _slip(crossing)
    answer = await _scan(await desk("gate"), booking["slip"]["reference"], in_place="yes")
    assert verdict_in(answer) == ("admitted", "OK")
    assert "<html" not in answer.text


async def test_an_empty_code_is_said_on_the_page(desk: Any) -> None:
    answer = await _scan(await desk("gate"), "")
    assert answer.status_code == 400
    assert "This field is missing." in text_of(answer.text)


async def test_the_code_of_a_photographed_slip_is_put_into_the_box(
    crossing: Any, desk: Any, running: Any
) -> None:
    code = (await _slip(crossing))["slip"]["reference"]
    picture = BytesIO()
    segno.make_qr(code).save(picture, kind="png", scale=8)
    gate = await desk("gate")
    page = await gate.see("/gate")
    token = re.findall(r'name="_csrf_token" value="([^"]+)"', page)[0]
    for image, status in ((picture.getvalue(), 200), (b"not a picture", 400)):
        answer = await gate.client.post(
            "/gate/photo",
            data={"_csrf_token": token, "gate": "KIM_THANH_II"},
            files={"image": ("slip.png", image, "image/png")},
            headers={"accept": "text/html"},
        )
        assert answer.status_code == status, text_of(answer.text)
        assert (f'value="{code}"' in answer.text) is (status == 200)


# --- the cash desk -------------------------------------------------------------------------------


async def test_cash_at_the_desk_confirms_the_booking_and_the_slip_can_be_printed(
    crossing: Any, desk: Any
) -> None:
    made = await crossing.released("export")
    booking = await crossing.booked(made["id"])
    cashier = await desk("gate")
    page = await cashier.see(f"/gate/desk?q={booking['vehicle']['plate']}")
    assert "₫800,000" in text_of(page)
    done = await cashier.send(page, "/gate/desk/payments")
    assert done.status_code == 303
    page = await cashier.see(done.headers["location"])
    assert "Confirmed" in text_of(page)
    assert 'action="/gate/desk/payments"' not in page
    now = await crossing.sees("trader", f"/bookings/{booking['id']}")
    assert now["state"] == "confirmed"
    paper = await cashier.client.get(f"/gate/slips/{now['slip']['reference']}.pdf")
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF")


async def test_charges_paid_meanwhile_are_not_paid_twice(crossing: Any, desk: Any) -> None:
    made = await crossing.released("export")
    booking = await crossing.booked(made["id"])
    cashier = await desk("gate")
    page = await cashier.see(f"/gate/desk?q={booking['reference']}")
    await crossing.opened(booking, "desk")
    refused = await cashier.send(page, "/gate/desk/payments")
    assert refused.status_code == 409
    assert "cannot be paid" in text_of(refused.text)


async def test_what_is_not_found_at_the_desk_is_said(desk: Any) -> None:
    assert "Nothing found" in text_of(
        await (await desk("gate")).see("/gate/desk?q=BKG-22222-22222")
    )


# --- the board's page and the wall ---------------------------------------------------------------


async def test_the_board_sees_the_day_and_the_wall_its_figures(crossing: Any, desk: Any) -> None:
    booking = await _slip(crossing)
    await crossing.crossed(booking)
    gate = await desk("gate")
    await _scan(gate, "SLP-22222-22222")
    await figures.READER.catch_up(crossing.running.services.store)
    manager = await desk("manager")
    page = text_of(await manager.see("/manager"))
    for words in (
        "Bookings of today by state",
        "Admitted",
        "Code unknown UNKNOWN 1",
        "Declaration: Closed",
        "Scan refused: Code unknown",
        "1 / 600",
    ):
        assert words in page, words
    wall = text_of(await manager.see("/ioc"))
    assert "₫800,000" in wall
    assert "Refused scans today 1" in wall
    assert "Out today 1" in wall


async def test_records_out_of_time_are_shown_with_whose_turn_it_is(
    crossing: Any, desk: Any
) -> None:
    released = await crossing.released("export")
    officer = await desk("officer")
    here = f"/officer/declarations/{released['id']}"
    await officer.send(await officer.see(here), f"{here}/hold", reason="A tip")
    crossing.running.clock.advance(timedelta(days=2, hours=3))
    page = text_of(await (await desk("manager")).see("/manager"))
    assert f"Declaration {released['reference']} Held by customs · turn of: Customs 3 hr" in page


async def test_the_places_of_a_day_are_listed_by_gate_and_direction(
    crossing: Any, desk: Any
) -> None:
    made = await crossing.released("export")
    await crossing.booked(made["id"])
    manager = await desk("manager")
    page = text_of(await manager.see("/manager/slots?gate=KIM_THANH_II&direction=export"))
    assert "Places 600" in page
    assert "14:00–15:00 40 1 0 0 0 Rules in force" in page
    later = crossing.running.clock.now().date() + timedelta(days=3)
    page = text_of(await manager.see(f"/manager/slots?date={later}&gate=BAN_VUOC"))
    assert "8 0 0 0 0 Rules in force" in page


@pytest.mark.parametrize("path", ["/officer", "/gate", "/manager", "/ioc"])
async def test_a_fragment_is_the_live_part_alone(desk: Any, path: str) -> None:
    name = {"/officer": "officer", "/gate": "gate"}.get(path, "manager")
    fragment = await (await desk(name)).see(f"{path}?fragment=true")
    assert "<html" not in fragment
    assert "data-live-says" in fragment


async def test_a_refused_driver_is_told_in_vietnamese_and_chinese_what_to_do(
    crossing: Any, desk: Any
) -> None:
    booking = await _slip(crossing)
    gate = await desk("gate")
    answer = await _scan(gate, booking["slip"]["reference"], plate_seen="24C-999.99")
    assert verdict_in(answer) == ("refused", "WRONG_VEHICLE")
    for tag, sentence in (
        ("vi", "Phiếu này là của xe khác. Hãy xuất trình giấy tờ."),
        ("zh-Hans", "此通行单属于另一辆车。请出示证件。"),
    ):
        assert f'<q lang="{tag}">{sentence}</q>' in answer.text


async def test_the_manager_reads_what_contradicts_and_says_how_it_goes_together(
    crossing: Any, desk: Any
) -> None:
    booking = await _slip(crossing)
    scanned_at = crossing.running.clock.now() - timedelta(minutes=10)
    device = await crossing.person("gate")
    await crossing.does("trader", f"/bookings/{booking['id']}/cancel")
    seen = crossing.seen(
        booking["slip"]["reference"], "entry", scanned_at=scanned_at.isoformat(), offline=True
    )
    assert (await device.post("/scans", seen)).json()["verdict"] == "admitted"
    manager = await desk("manager")
    page = await manager.see("/manager/clashes")
    assert "The booking had ended before the scan was brought" in text_of(page)
    assert "Nothing contradicts" in text_of(await manager.see("/manager/clashes?resolved=true"))
    href = re.findall(r'href="(/manager/clashes/[0-9a-f-]{36})"', page)[0]
    sheet = await manager.see(href)
    for words in (booking["reference"], "Cancelled late", "Entry at the barrier", "Brought late"):
        assert words in text_of(sheet)
    empty = await manager.send(sheet, f"{href}/resolve", reason=" ")
    assert empty.status_code == 400
    assert "Say why, in a sentence." in text_of(empty.text)
    done = await manager.send(sheet, f"{href}/resolve", reason="The guard saw the truck pass.")
    assert (done.status_code, done.headers["location"]) == (303, href)
    assert "The guard saw the truck pass." in text_of(await manager.see(href))
    assert "Nothing contradicts" in text_of(await manager.see("/manager/clashes"))


async def test_the_board_sees_whose_clearance_is_overdue_until_the_declaration_ends(
    crossing: Any, desk: Any, running: Any
) -> None:
    async def out_of_time() -> str:
        page = text_of(await (await desk("manager")).see("/manager"))
        return page.partition("Out of time")[2].partition("What happened last")[0]

    lodged = await crossing.lodged()
    running.clock.advance(timedelta(days=2))
    shown = await out_of_time()
    awaited = [one for one in lodged["clearances"] if one["state"] == "pending"]
    assert shown.count(f"Clearance {lodged['reference']} Awaited") == len(awaited)
    assert "turn of: Border guard" in shown
    assert "turn of: Plant quarantine" in shown
    crossing._people.clear()
    await crossing.does("officer", f"/declarations/{lodged['id']}/cancel", {"reason": "No goods."})
    assert lodged["reference"] not in await out_of_time()
