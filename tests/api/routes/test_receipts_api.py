"""Receipts by API: the record, the paper, the signed document, and a correction."""

from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from api.language import translator
from api.pages.kit.labels import CHARGE_NAMES
from border.payments.receipts.receipt_service import issue_due


@pytest.fixture
async def receipt(crossing) -> dict[str, Any]:
    """The receipt of a booking paid at VNPAY, as its payer sees it."""
    declaration = await crossing.released()
    booking = await crossing.paid(await crossing.booked(declaration["id"]))
    assert booking["state"] == "confirmed"
    await issued(crossing)
    (listed,) = (await crossing.sees("trader", "/receipts"))["items"]
    seen: dict[str, Any] = await crossing.sees("trader", f"/receipts/{listed['reference']}")
    return seen | {"booking": booking}


async def issued(crossing) -> None:
    """Run the job that issues receipts."""
    run = await issue_due(crossing.running.services.store, crossing.running.app.state.receipts())
    assert not run.failed


async def test_the_payer_sees_what_was_paid_and_why(receipt) -> None:
    booking = receipt["booking"]
    (charge,) = booking["charges"]
    assert (receipt["kind"], receipt["state"], receipt["number"]) == ("original", "issued", 1)
    assert (receipt["template"], receipt["serial"]) == ("01BLP0-001", "LC-26E")
    assert receipt["total"] == charge["amount"]
    assert receipt["subjects"] == [booking["reference"]]
    assert receipt["vehicle_plate"] == booking["vehicle"]["plate"]
    assert receipt["payer"]["tax_code"] == "0012345672"
    assert "MÔ PHỎNG" in receipt["collector"]["name"]
    (line,) = receipt["lines"]
    assert line["name"] == translator("vi").gettext(CHARGE_NAMES["infrastructure_fee"])
    assert line["charge"] == charge["reference"]
    assert "{" not in line["explanation"][0]["text"]
    assert "container_40" not in line["explanation"][0]["text"]
    assert receipt["gateway"] == "vnpay"
    assert receipt["gateway_transaction"].startswith("1500")
    assert receipt["lookup_url"] == f"http://gate.test/receipts?code={receipt['lookup_code']}"
    assert receipt["law"] == "ND254-2026"
    assert receipt["moves"] == []


async def test_the_paper_and_the_signed_document_lie_beside_the_record(crossing, receipt) -> None:
    trader = await crossing.person("trader")
    for language in ("vi", "zh", "en"):
        paper = await trader.get(receipt["pdf"].removeprefix("/api/v1"), params={"lang": language})
        assert paper.status_code == 200, paper.text
        assert paper.headers["content-type"] == "application/pdf"
        assert paper.headers["content-disposition"] == 'inline; filename="BL-LC-26E-0000001.pdf"'
        assert paper.content.startswith(b"%PDF-")
    signed = await trader.get(receipt["xml"].removeprefix("/api/v1"))
    assert signed.headers["content-type"].startswith("application/xml")
    office = crossing.running.app.state.receipts()
    proved = office.signer.verify(signed.content)
    assert proved.data.findtext("TTChung/MTCuu") == receipt["lookup_code"]
    assert etree.fromstring(signed.content).tag == "BLai"


async def test_nobody_else_s_receipt_is_seen(crossing, receipt) -> None:
    carrier = await crossing.person("carrier")
    for suffix in ("", ".pdf", ".xml"):
        answer = await carrier.get(f"/receipts/{receipt['reference']}{suffix}")
        assert answer.status_code == 404
    assert (await crossing.sees("carrier", "/receipts"))["items"] == []
    without = await crossing.running.client.get(f"/api/v1/receipts/{receipt['reference']}")
    assert without.status_code == 401


@pytest.mark.parametrize("name", ["RCP-22222-22222", "nonsense", "RCP-22222-22222.doc", ".pdf"])
async def test_what_is_no_receipt_is_not_found(crossing, name: str) -> None:
    answer = await (await crossing.person("manager")).get(f"/receipts/{name}")
    assert answer.status_code == 404


async def test_the_staff_finds_receipts_by_payment_in_pages(crossing, receipt) -> None:
    crossing.running.clock.advance(timedelta(minutes=1))
    other = await crossing.released()
    await crossing.paid(await crossing.booked(other["id"]))
    await issued(crossing)
    first = await crossing.sees("manager", "/receipts?limit=1")
    assert [one["number"] for one in first["items"]] == [2]
    rest = await crossing.sees("manager", f"/receipts?limit=1&cursor={first['next']}")
    assert [one["number"] for one in rest["items"]] == [1]


CORRECTION = {
    "reason": "Sai mã số thuế",
    "payer_name": "Công ty mẫu",
    "payer_tax_code": "01.00233488-001",
}


async def test_the_manager_replaces_a_receipt_whose_payer_is_wrong(crossing, receipt) -> None:
    path = f"/receipts/{receipt['reference']}"
    assert [move["verb"] for move in (await crossing.sees("manager", path))["moves"]] == ["replace"]
    fresh = await crossing.does("manager", f"{path}/replace", CORRECTION, 201)
    assert (fresh["kind"], fresh["number"]) == ("replacement", 2)
    assert fresh["payer"] == {
        "name": "Công ty mẫu",
        "tax_code": "0100233488001",
        "address": None,
    }
    assert fresh["about"] == receipt["reference"]
    old = await crossing.sees("trader", path)
    assert (old["state"], old["replaced_by"], old["moves"]) == (
        "replaced",
        fresh["reference"],
        [],
    )
    again = await crossing.does("manager", f"{path}/replace", CORRECTION, 409)
    assert again["code"] == "move_not_open"


async def test_a_repeated_correction_is_made_once(crossing, receipt) -> None:
    manager = await crossing.person("manager")
    path, key = f"/receipts/{receipt['reference']}/replace", {"Idempotency-Key": "once"}
    answers = [await manager.post(path, CORRECTION, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"payer_tax_code": "12"}, "payer_tax_code"),
        ({"payer_tax_code": "1234567890"}, "payer_tax_code"),
        ({"payer_name": ""}, "payer_name"),
        ({"reason": ""}, "reason"),
        ({"total_minor": 1}, "total_minor"),
    ],
)
async def test_a_correction_corrects_the_payer_and_nothing_else(
    crossing, receipt, change, field: str
) -> None:
    path = f"/receipts/{receipt['reference']}/replace"
    answer = await crossing.does("manager", path, CORRECTION | change, 400)
    assert [error["field"] for error in answer["errors"]] == [field]


async def test_a_trader_does_not_correct_a_receipt(crossing, receipt) -> None:
    path = f"/receipts/{receipt['reference']}/replace"
    assert (await crossing.does("trader", path, CORRECTION, 403))["code"] == "not_allowed"


async def test_the_document_describes_paper_and_signed_document(crossing) -> None:
    paths = (await crossing.running.client.get("/schema/openapi.json")).json()["paths"]
    for kind, media in (("pdf", "application/pdf"), ("xml", "application/xml")):
        operation = paths[f"/api/v1/receipts/{{reference}}.{kind}"]["get"]
        assert operation["operationId"] == f"get_receipt_{kind}"
        assert media in operation["responses"]["200"]["content"]
