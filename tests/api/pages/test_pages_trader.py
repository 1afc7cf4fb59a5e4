"""The trader's and carrier's pages over ASGI: what they show, keep, refuse, and to whom."""

import html
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.zone import timeouts_of
from border.core.actor import GATEWAY
from border.core.money import Money
from border.core.store import Unit
from border.payments.collection.settlement_service import apply_evidence
from border.payments.gateways.evidence import Evidence, Finding, Source
from tests.api.pages.conftest import Browser

DRAFT = {
    "direction": "export",
    "regime": "B11",
    "gate": "KIM_THANH_II",
    "exporter.name": "Công ty mẫu Xuất nhập khẩu Đỏ Hồng",
    "exporter.country": "VN",
    "exporter.tax_code": "0012345672",
    "importer.name": "Hekou Fruit Trading",
    "importer.country": "CN",
    "lines.0.hs_code": "0810.60.00",
    "lines.0.description": "Sầu riêng tươi",
    "lines.0.origin": "VN",
    "lines.0.quantity": "18000",
    "lines.0.unit": "KGM",
    "lines.0.gross_kg": "19.500,5",
    "lines.0.net_kg": "18 000",
    "lines.0.value_amount": "1.250.000.000",
    "lines.0.value_currency": "VND",
}
TRUCK = {
    "vehicle.plate": "24C-123.45",
    "vehicle.country": "VN",
    "vehicle.class": "18t_and_over",
    "vehicle.payload_t": "20,5",
    "driver.name": "Người lái mẫu",
    "driver.document_number": "C1234567",
}


def words(page: httpx.Response) -> str:
    """Return what a page says, without its markup."""
    return words_of(page.text)


def words_of(part: str) -> str:
    """Return what a part of a page says, without its markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", part)).split())


def field(page: httpx.Response, name: str) -> str:
    """Return the part of a page that is the field `name`, its error included."""
    found = re.search(
        rf'<input id="{re.escape(name)}".*?</div>\s*(?:<p class="error".*?</p>)?', page.text, re.S
    )
    assert found, name
    return html.unescape(found[0])


async def declared(browser: Browser, **changed: str) -> str:
    """Lodge a declaration through the form and return the path of its page."""
    page = await browser.get("/trader/declarations/new")
    answer = await browser.send(page, "/trader/declarations/new", **(DRAFT | changed), then="lodge")
    assert answer.status_code == 303, words(answer)
    return answer.headers["location"]


async def released(running, browser: Browser) -> str:
    """Lodge a declaration and bring it through every agency; return the path of its page."""
    path = await declared(browser)
    id = path.rsplit("/", 1)[1]
    officer, guard, quarantine = [
        await running.sign_in(name) for name in ("officer", "guard", "quarantine")
    ]
    found = (await officer.get(f"/declarations/{id}")).json()
    if found["state"] == "under_review":
        assert (await officer.post(f"/declarations/{id}/accept", {})).status_code == 200
    for clearance in found["clearances"]:
        if clearance["state"] == "pending" and clearance["agency"] != "customs":
            who = guard if clearance["agency"] == "border_guard" else quarantine
            path_of_agency = f"/declarations/{id}/clearances/{clearance['agency']}"
            assert (await who.post(path_of_agency, {"decision": "passed"})).status_code == 200
    assert (await officer.post(f"/declarations/{id}/release", {})).status_code == 200
    return path


async def booked(running, browser: Browser) -> tuple[str, httpx.Response]:
    """Book the first free hour for released goods; return the booking's path and its page."""
    path = await released(running, browser)
    page = await browser.get("/trader/book", declaration=path.rsplit("/", 1)[1])
    answer = await browser.send(page, "/trader/book", **_hour(page), **_ticked(page), **TRUCK)
    assert answer.status_code == 303, words(answer)
    where = answer.headers["location"]
    return where, await browser.get(where)


def _hour(page: httpx.Response, at: int = 0) -> dict[str, str]:
    free = re.findall(r'name="slot_id" value="([^"]+)" required(?! disabled)', page.text)
    return {"slot_id": free[at]}


def _ticked(page: httpx.Response) -> dict[str, list[str]]:
    ticked = re.findall(r'name="declaration_ids" value="([^"]+)" checked', page.text)
    return {"declaration_ids": ticked}


# --- the draft -----------------------------------------------------------------------------------


async def test_a_draft_is_typed_in_kilograms_and_whole_currency_and_kept_to_the_gram(
    running, browse
) -> None:
    trader = await browse("trader")
    path = await declared(trader)
    api = await running.sign_in("trader")
    line = (await api.get(f"/declarations/{path.rsplit('/', 1)[1]}")).json()["lines"][0]
    assert (line["gross_mass_g"], line["net_mass_g"]) == (19_500_500, 18_000_000)
    assert line["value"] == {"minor": 1_250_000_000, "currency": "VND"}
    assert line["hs_code"] == "08106000"


async def test_a_wrong_code_is_told_beside_its_field_with_near_ones_and_all_typed_text_kept(
    browse,
) -> None:
    trader = await browse("trader")
    page = await trader.get("/trader/declarations/new")
    wrong = DRAFT | {"lines.0.hs_code": "08106009", "lines.0.gross_kg": "19.500,5"}
    answer = await trader.send(page, "/trader/declarations/new", **wrong, then="lodge")
    assert answer.status_code == 400
    assert "Perhaps you mean: 08106000" in field(answer, "lines.0.hs_code")
    assert 'value="19.500,5"' in field(answer, "lines.0.gross_kg")
    assert 'value="Sầu riêng tươi"' in field(answer, "lines.0.description")
    assert "1 field needs correcting" in words(answer)


async def test_an_error_of_a_later_line_stands_at_that_line_though_a_line_before_it_is_blank(
    browse,
) -> None:
    trader = await browse("trader")
    page = await trader.get("/trader/declarations/new")
    second = {name.replace("lines.0", "lines.1"): text for name, text in DRAFT.items()}
    typed = DRAFT | {name: "" for name in DRAFT if name.startswith("lines.")} | second
    answer = await trader.send(
        page, "/trader/declarations/new", **(typed | {"lines.1.net_kg": "20000"}), then="lodge"
    )
    assert "more than the gross mass" in field(answer, "lines.1.net_kg")
    assert "error" not in field(answer, "lines.0.net_kg")


async def test_a_mass_that_can_be_read_in_two_ways_is_asked_about(browse) -> None:
    trader = await browse("trader")
    page = await trader.get("/trader/declarations/new")
    answer = await trader.send(
        page, "/trader/declarations/new", **(DRAFT | {"lines.0.net_kg": "18.000"}), then="save"
    )
    assert answer.status_code == 400
    assert "Is it 18000 or 18.000?" in field(answer, "lines.0.net_kg")


async def test_without_javascript_lines_are_added_and_removed_by_the_form(browse) -> None:
    trader = await browse("trader")
    page = await trader.get("/trader/declarations/new")
    two = await trader.send(page, "/trader/declarations/new", **DRAFT, add_line="lines")
    assert two.status_code in (200, 303)
    assert 'id="lines.1.hs_code"' in two.text
    assert 'value="Sầu riêng tươi"' in field(two, "lines.0.description")
    typed = DRAFT | {"lines.1.hs_code": "08045020", "lines.1.description": "Xoài"}
    one = await trader.send(two, "/trader/declarations/new", **typed, remove_line="0")
    assert 'value="Xoài"' in field(one, "lines.0.description")
    assert 'id="lines.1.hs_code"' not in one.text.split("<template>")[0]


async def test_a_draft_opens_again_as_it_was_saved_and_changes_from_that_version(browse) -> None:
    trader = await browse("trader")
    page = await trader.get("/trader/declarations/new")
    saved = await trader.send(page, "/trader/declarations/new", **DRAFT, then="save")
    path = saved.headers["location"]
    form, other_tab = await trader.get(f"{path}/edit"), await trader.get(f"{path}/edit")
    assert 'value="19500.5"' in field(form, "lines.0.gross_kg")
    assert 'value="1250000000"' in field(form, "lines.0.value_amount")
    change = DRAFT | {"exporter.tax_code": "", "lines.0.gross_kg": "19501"}
    assert (await trader.send(form, f"{path}/edit", **change, then="save")).status_code == 303
    stale = await trader.send(other_tab, f"{path}/edit", **DRAFT, then="save")
    assert stale.status_code == 412
    assert "You have changed this yourself since" in words(stale)
    assert "Declaration: changed" in words(stale)


async def test_lodging_from_the_page_leads_to_the_form_with_what_is_missing(browse) -> None:
    trader = await browse("trader")
    page = await trader.get("/trader/declarations/new")
    little = {name: DRAFT[name] for name in ("direction", "regime", "gate")}
    saved = await trader.send(page, "/trader/declarations/new", **little, then="save")
    path = saved.headers["location"]
    answer = await trader.send(await trader.get(path), f"{path}/lodge")
    assert answer.status_code == 400
    for name in ("exporter.name", "importer.name", "lines.0.hs_code"):
        assert "needed before the declaration is lodged" in field(answer, name)


async def test_all_that_keeps_a_form_from_lodging_is_told_at_once_each_with_its_field(
    browse,
) -> None:
    trader = await browse("trader")
    page = await trader.get("/trader/declarations/new")
    typed = {name: DRAFT[name] for name in ("direction", "regime", "gate")} | {
        "exporter.country": "Vietnam",
        "lines.0.net_kg": "heavy",
        "lines.0.description": "x" * 1200,
    }
    answer = await trader.send(page, "/trader/declarations/new", **typed, then="lodge")
    assert answer.status_code == 400
    summary = re.search(r'<div class="summary".*?</div>', answer.text, re.S)[0]
    told = [words_of(one) for one in re.findall(r"<li>(.*?)</li>", summary, re.S)]
    called = [one.split(":")[0].strip() for one in told]
    for name in (
        "Exporter · Country",
        "Exporter · Name of the firm",
        "Importer · Name of the firm",
        "Goods line 1 · Net mass",
        "Goods line 1 · Description of the goods",
        "Goods line 1 · Commodity code",
        "Goods line 1 · Gross mass",
    ):
        assert called.count(name) == 1, (name, told)
    assert len(set(told)) == len(told)


async def test_saving_a_draft_asks_for_nothing_that_only_lodging_needs(browse) -> None:
    trader = await browse("trader")
    page = await trader.get("/trader/declarations/new")
    typed = {name: DRAFT[name] for name in ("direction", "regime", "gate")}
    wrong = typed | {"lines.0.net_kg": "heavy"}
    answer = await trader.send(page, "/trader/declarations/new", **wrong, then="save")
    assert "1 field needs correcting" in words(answer)
    saved = await trader.send(page, "/trader/declarations/new", **typed, then="save")
    assert saved.status_code == 303


# --- the declaration -----------------------------------------------------------------------------


async def test_a_question_of_customs_is_shown_with_a_box_and_the_answer_goes_back(
    running, browse
) -> None:
    trader = await browse("trader")
    path = await declared(trader)
    id = path.rsplit("/", 1)[1]
    officer = await running.sign_in("officer")
    await officer.post(f"/declarations/{id}/query", {"reason": "Which orchard are they from?"})
    page = await trader.get(path)
    assert "It is your turn." in words(page)
    assert "Which orchard are they from?" in words(page)
    assert path in (await trader.get("/trader")).text.split('id="all"')[0]
    empty = await trader.send(page, f"{path}/answer", reason=" ")
    assert empty.status_code == 400
    assert "Say why, in a sentence." in words(empty)
    answered = await trader.send(page, f"{path}/answer", reason="From Krông Pắc.")
    assert answered.status_code == 303
    after = await trader.get(path)
    assert "Papers under review" in words(after)
    assert "From Krông Pắc." in words(after)


async def test_the_page_says_whose_turn_it_is_and_each_clearance_in_words(browse) -> None:
    trader = await browse("trader")
    page = await trader.get(await declared(trader))
    said = words(page)
    assert "It is the turn of: Customs" in said
    assert "Plant quarantine Awaited" in said
    assert "Declaration: Lodged" in said
    assert "pending" not in said


async def test_the_lanes_reasons_stay_with_the_officers(running, browse) -> None:
    trader = await browse("trader")
    path = await declared(trader)
    api = await running.sign_in("officer")
    lane_rules = (await api.get(f"/declarations/{path.rsplit('/', 1)[1]}")).json()
    assert lane_rules["lane"] == "yellow"
    assert "rule" not in words(await trader.get(path)).lower()


async def test_another_firms_declaration_is_not_found_on_any_address(browse) -> None:
    trader, carrier = await browse("trader"), await browse("carrier")
    path = await declared(trader)
    for address in (path, f"{path}/live", f"{path}?fragment=true"):
        assert (await carrier.get(address)).status_code == 404


async def test_the_carrier_named_in_a_declaration_sees_it_and_may_book_but_not_edit_it(
    browse,
) -> None:
    trader, carrier = await browse("trader"), await browse("carrier")
    path = await declared(trader, carrier_tax_code="0010000104")
    page = await carrier.get(path)
    assert page.status_code == 200
    assert f"/trader/book?declaration={path.rsplit('/', 1)[1]}" in page.text
    assert f"{path}/edit" not in page.text
    assert (await carrier.get(f"{path}/edit")).status_code == 403


async def test_a_fragment_is_the_live_part_alone(browse) -> None:
    trader = await browse("trader")
    path = await declared(trader)
    fragment = await trader.get(path, fragment="true")
    assert "<html" not in fragment.text
    assert "What happens next" in words(fragment)


async def test_a_page_asked_for_by_nobody_leads_to_signing_in(running) -> None:
    answer = await running.client.get("/trader", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/trader")


async def test_an_officer_does_not_get_the_traders_pages(browse) -> None:
    officer = await browse("officer")
    assert (await officer.get("/trader")).status_code == 403


async def test_the_list_is_searched_filtered_and_paged(browse) -> None:
    trader = await browse("trader")
    paths = [await declared(trader) for _ in range(3)]
    page = await trader.get(paths[0])
    reference = re.search(r"DEC-\w{5}-\w{5}", page.text)
    assert reference
    found = await trader.get("/trader", q=reference[0].lower())
    listed = found.text.split('id="all"')[1]
    assert paths[0] in listed
    assert paths[1] not in listed
    none = await trader.get("/trader", state="closed")
    assert "Nothing found" in words(none)


# --- booking -------------------------------------------------------------------------------------


async def test_hours_say_in_words_whether_they_can_be_had(running, browse) -> None:
    trader = await browse("trader")
    page = await trader.get("/trader/book", gate="KIM_THANH_II", date="2026-11-23")
    said = words(page)
    assert "11:00–12:00 Over" in said
    assert "13:00–14:00 40 places left" in said
    nothing = await trader.get("/trader/book", date="2020-01-01")
    assert "Hours on Monday, 23 Nov 2026" in words(nothing)


async def test_a_wrong_plate_is_told_at_its_field_and_the_hour_stays_chosen(
    running, browse
) -> None:
    trader = await browse("trader")
    path = await released(running, trader)
    page = await trader.get("/trader/book", declaration=path.rsplit("/", 1)[1])
    hour = _hour(page, 2)
    typed = TRUCK | {"vehicle.plate": "24C-XX", "vehicle.payload_t": "5"}
    answer = await trader.send(page, "/trader/book", **hour, **_ticked(page), **typed)
    assert answer.status_code == 400
    assert "A Vietnamese plate is" in field(answer, "vehicle.plate")
    assert "does not lie in the class" in field(answer, "vehicle.payload_t")
    assert f'value="{hour["slot_id"]}" required checked' in answer.text


async def test_all_that_is_wrong_with_a_booking_is_told_at_once(browse) -> None:
    trader = await browse("trader")
    page = await trader.get("/trader/book")
    nothing = dict.fromkeys(TRUCK, "") | {"vehicle.country": "VN"}
    answer = await trader.send(page, "/trader/book", **nothing)
    assert answer.status_code == 400
    assert "Choose a crossing hour." in words(answer)
    assert "Name at least one declaration" in words(answer)
    for name in set(TRUCK) - {"vehicle.country", "vehicle.trailer_plate", "driver.phone"}:
        assert f'id="{name}-error"' in answer.text, name
    # A plate that is none is found out beside a payload that is none and a driver who is not named.
    typed = TRUCK | {"vehicle.plate": "XX-000", "vehicle.payload_t": "much", "driver.name": ""}
    answer = await trader.send(page, "/trader/book", **typed, empty="yes")
    assert "plate" in field(answer, "vehicle.plate")
    assert "Type a number" in field(answer, "vehicle.payload_t")
    assert 'id="driver.name-error"' in answer.text
    assert 'id="driver.document_number-error"' not in answer.text


async def test_no_hour_chosen_and_no_payload_are_both_told_at_once(running, browse) -> None:
    trader = await browse("trader")
    page = await trader.get("/trader/book")
    answer = await trader.send(
        page, "/trader/book", **(TRUCK | {"vehicle.payload_t": ""}), empty="yes"
    )
    assert answer.status_code == 400
    assert "Choose a crossing hour." in words(answer)
    assert "This field is missing." in field(answer, "vehicle.payload_t")
    heavy = await trader.send(page, "/trader/book", **(TRUCK | {"vehicle.payload_t": "25000"}))
    assert "At most 100 tonnes" in field(heavy, "vehicle.payload_t")


async def test_a_second_booking_of_the_same_truck_is_refused_at_the_plate(running, browse) -> None:
    trader, carrier = await browse("trader"), await browse("carrier")
    await booked(running, trader)
    page = await carrier.get("/trader/book")
    answer = await carrier.send(page, "/trader/book", **_hour(page), **TRUCK, empty="yes")
    assert answer.status_code == 409
    assert "already holds a place" in field(answer, "vehicle.plate")


async def test_a_carriers_empty_truck_owes_nothing_and_has_its_slip_at_once(browse) -> None:
    carrier = await browse("carrier")
    page = await carrier.get("/trader/book")
    answer = await carrier.send(page, "/trader/book", **_hour(page), **TRUCK, empty="yes")
    booking = await carrier.get(answer.headers["location"])
    assert "Confirmed" in words(booking)
    assert "data-qr" in booking.text


async def test_a_held_booking_counts_down_and_explains_its_fee_in_the_readers_language(
    running, browse
) -> None:
    path, page = await booked(running, await browse("trader"))
    assert "data-countdown" in page.text
    assert "Rate for exported or imported goods on a vehicle of class 18 tonnes and over" in words(
        page
    )
    vietnamese = words(await (await browse("trader", "vi")).get(path))
    assert "hàng xuất khẩu hoặc nhập khẩu" in vietnamese
    assert "18t_and_over" not in vietnamese


async def test_paying_leads_to_the_gateway_and_twice_pressed_opens_one_payment(
    running, browse
) -> None:
    trader = await browse("trader")
    path, page = await booked(running, trader)
    once = await trader.send(page, f"{path}/pay")
    again = await trader.send(page, f"{path}/pay")
    assert once.headers["location"] == again.headers["location"]
    onward = await trader.get(once.headers["location"])
    assert onward.headers["location"].startswith("http://sandbox.test/paymentv2/vpcpay.html?")


async def test_a_transfer_shows_its_code_what_to_type_and_a_sheet_to_carry(running, browse) -> None:
    trader = await browse("trader")
    path, page = await booked(running, trader)
    opened = await trader.send(page, f"{path}/pay", gateway="vietqr")
    onward = await trader.get(opened.headers["location"])
    code = await trader.get(onward.headers["location"])
    assert "Scan the code with your bank's app" in words(code)
    assert re.search(r"LC\d{11}", words(code))
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in code.text
    sheet = await trader.get(f"{onward.headers['location']}/request.pdf")
    assert sheet.headers["content-type"] == "application/pdf"
    assert sheet.content.startswith(b"%PDF-")


async def test_a_transfer_of_too_little_shows_what_is_missing_and_a_code_for_it(
    running, browse
) -> None:
    trader = await browse("trader")
    path, page = await booked(running, trader)
    opened = await trader.send(page, f"{path}/pay", gateway="vietqr")
    payment = opened.headers["location"].removesuffix("/checkout")
    code = await trader.get(payment)
    memo = re.search(r"LC\d{11}", words(code))
    assert memo
    await transferred(running, memo[0], 300_000, "FT1")
    short = await trader.get(payment)
    assert 'data-stage="part"' in short.text
    assert "₫500,000 is still missing" in words(short)
    assert "₫300,000 came of ₫800,000" in words(short)
    rest = re.search(r"LC\d{11}", words(short))
    assert rest
    assert rest[0] != memo[0]
    assert "Amount ₫500,000" in words(short)
    # The sheet is drawn only where its lines come to what the code asks.
    sheet = await trader.get(f"{payment}/request.pdf")
    assert sheet.content.startswith(b"%PDF-")
    booking = await trader.get(path)
    assert "₫500,000 is still missing" in words(booking)
    assert f'href="{payment}"' in booking.text
    assert f"{path}/pay" not in booking.text
    vietnamese = await (await browse("trader", "vi")).get(payment)
    assert "Còn thiếu 500.000 ₫" in words(vietnamese)
    await transferred(running, rest[0], 500_000, "FT2")
    assert (await trader.get(payment)).headers["location"] == path
    assert "data-qr" in (await trader.get(path)).text


async def test_a_rest_that_did_not_come_in_time_is_told_and_not_asked_for(running, browse) -> None:
    trader = await browse("trader")
    path, page = await booked(running, trader)
    opened = await trader.send(page, f"{path}/pay", gateway="vietqr")
    payment = opened.headers["location"].removesuffix("/checkout")
    memo = re.search(r"LC\d{11}", words(await trader.get(payment)))
    assert memo
    await transferred(running, memo[0], 300_000, "FT1")
    running.clock.advance(timedelta(minutes=16))
    for _ in range(2):  # before the time-outs have run, and after
        late = await trader.get(payment)
        assert 'data-stage="review"' in late.text
        assert "the time for the rest is over" in words(late)
        assert "transfer__code" not in late.text
        await timeouts_of(running.services.store).run()


async def test_who_sent_too_much_is_told_that_the_surplus_goes_back(running, browse) -> None:
    trader = await browse("trader")
    path, page = await booked(running, trader)
    opened = await trader.send(page, f"{path}/pay", gateway="vietqr")
    payment = opened.headers["location"].removesuffix("/checkout")
    memo = re.search(r"LC\d{11}", words(await trader.get(payment)))
    assert memo
    assert "more came than was owed" not in words(await trader.get(path))
    await transferred(running, memo[0], 900_000, "FT1")
    told = words(await trader.get(path))
    assert "₫100,000 more came than was owed. It is kept for you" in told
    await transferred(running, memo[0], 900_000, "FT2")
    assert "₫1,000,000 more came than was owed" in words(await trader.get(path))
    vietnamese = await (await browse("trader", "vi")).get(path)
    assert "Đã nhận thừa 1.000.000 ₫" in words(vietnamese)


async def transferred(running: Any, memo: str, amount: int, number: str) -> None:
    """Let the bank tell of a transfer."""
    evidence = Evidence(
        "vietqr", memo, Finding.PAID, Money(amount), Source.PUSH, provider_txn=number
    )

    async def work(unit: Unit) -> None:
        await apply_evidence(unit, evidence)

    await running.services.store.perform(GATEWAY, work)


async def test_a_held_booking_past_its_time_offers_another_hour_and_no_payment(
    running, browse
) -> None:
    trader = await browse("trader")
    path, _ = await booked(running, trader)
    running.clock.advance(timedelta(minutes=16))
    late = await trader.get(path)
    assert "The time to pay is over." in words(late)
    assert f"{path}/pay" not in late.text


async def test_cancelling_says_its_consequence_before_and_frees_the_goods(running, browse) -> None:
    trader = await browse("trader")
    path, page = await booked(running, trader)
    assert "nothing is owed" in words(page)
    asked = await trader.get(f"{path}/cancel")
    assert "The place is given back to others" in words(asked)
    assert (await trader.send(asked, f"{path}/cancel")).status_code == 303
    assert "This booking has ended" in words(await trader.get(path))
    assert "Book an hour for the released goods" in words(await trader.get("/trader"))


async def test_cancelling_a_confirmed_hour_late_is_called_late(running, browse) -> None:
    carrier = await browse("carrier")
    page = await carrier.get("/trader/book")
    answer = await carrier.send(page, "/trader/book", **_hour(page), **TRUCK, empty="yes")
    path = answer.headers["location"]
    said = await carrier.get(path)
    assert "counts as cancelled late" in words(said)
    await carrier.send(await carrier.get(f"{path}/cancel"), f"{path}/cancel")
    assert "Cancelled late" in words(await carrier.get(path))


async def test_anothers_booking_slip_and_stream_are_not_found(running, browse) -> None:
    carrier, trader = await browse("carrier"), await browse("trader")
    page = await carrier.get("/trader/book")
    answer = await carrier.send(page, "/trader/book", **_hour(page), **TRUCK, empty="yes")
    path = answer.headers["location"]
    slip = re.search(r"/trader/slips/SLP-\w{5}-\w{5}\.pdf", (await carrier.get(path)).text)
    assert slip
    mine = await carrier.get(slip[0], lang="zh")
    assert mine.content.startswith(b"%PDF")
    for address in (path, f"{path}/live", slip[0]):
        assert (await trader.get(address)).status_code == 404


# --- payments ------------------------------------------------------------------------------------


async def opened_payment(running, browser: Browser, path: str) -> str:
    """Open a payment of a booking and return the path of its page."""
    await browser.send(await browser.get(path), f"{path}/pay")
    api = await running.sign_in("trader")
    booking = (await api.get(f"/bookings/{path.rsplit('/', 1)[1]}")).json()
    order = {"charge_ids": [booking["charges"][0]["id"]], "gateway": "vnpay"}
    return f"/trader/payments/{(await api.post('/payments', order)).json()['id']}"


async def test_a_payment_is_checked_with_the_bank_until_it_is_known(running, browse) -> None:
    trader = await browse("trader")
    path, _ = await booked(running, trader)
    payment = await opened_payment(running, trader, path)
    page = await trader.get(payment)
    assert 'data-stage="checking"' in page.text
    assert "Do not pay a second time" in words(page)


async def test_an_expired_payment_offers_the_way_on_and_a_paid_one_leads_to_the_slip(
    running, browse
) -> None:
    trader = await browse("trader")
    path, _ = await booked(running, trader)
    payment = await opened_payment(running, trader, path)
    running.clock.advance(timedelta(minutes=15, seconds=1))
    await timeouts_of(running.services.store).run()
    assert 'data-stage="over"' in (await trader.get(payment)).text
    desk = await running.sign_in("gate")
    booking = (await desk.get(f"/bookings/{path.rsplit('/', 1)[1]}")).json()
    order = {"charge_ids": [booking["charges"][0]["id"]], "gateway": "desk"}
    taken = (await desk.post("/payments", order)).json()
    assert taken["state"] == "paid"
    answer = await trader.get(f"/trader/payments/{taken['id']}")
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert "data-qr" in (await trader.get(path)).text


# --- codes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "asked", "code", "says"),
    [
        ("vi", "sau rieng", "08106000", "Quả sầu riêng"),
        ("en", "durian", "081060", "Fruit, edible; durians, fresh"),
        ("en", "0810.60", "081060", "Fruit, edible; durians, fresh"),
        ("zh", "葡萄", "080610", "葡萄"),
    ],
)
async def test_codes_are_offered_in_the_readers_language(
    running, language: str, asked: str, code: str, says: str
) -> None:
    answer = await running.client.get(
        "/codes/hs", params={"q": asked}, headers={"Accept-Language": language}
    )
    first = answer.json()["items"][0]
    assert (first["code"], first["says"]) == (code, says)
    assert len(first["above"]) == 2


async def test_codes_are_proposed_for_a_description_with_why_and_what_handling(running) -> None:
    answer = await running.client.get(
        "/codes/hs/proposals", params={"q": "鲜榴莲"}, headers={"Accept-Language": "zh"}
    )
    first = answer.json()["items"][0]
    assert (first["code"], first["says"]) == ("081060", "榴莲")
    assert "鲜榴莲" in first["why"][0]
    assert [one["kind"] for one in first["handling"]] == ["perishable"]
    unknown = await running.client.get("/codes/hs/proposals", params={"q": "asdf qwer"})
    assert unknown.json() == {"items": []}


async def test_nothing_typed_offers_nothing(running) -> None:
    assert (await running.client.get("/codes/hs", params={"q": " "})).json() == {"items": []}


async def test_a_form_that_contradicts_itself_comes_back_with_the_field_named(browse: Any) -> None:
    trader = await browse("trader")
    new, book = "/trader/declarations/new", "/trader/book"
    for contrary in ({"lines.0": "x"}, {"exporter": "x"}):
        answer = await trader.send(await trader.get(new), new, **DRAFT, **contrary)
        assert answer.status_code == 400
        assert "stands for a text and for further fields" in html.unescape(answer.text)
        assert DRAFT["exporter.name"] in answer.text
    for wrong in ({**TRUCK, "vehicle": "x"}, {"vehicle": "x"}, {"driver": "x"}):
        answer = await trader.send(await trader.get(book), book, **wrong)
        assert answer.status_code == 400, wrong
