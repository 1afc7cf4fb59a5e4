"""The cash desk by API: a cashier's shift from its first payment to the bank, and the waiver."""

from typing import Any

import pytest

NOTES = [{"value": 500_000, "pieces": 1}, {"value": 100_000, "pieces": 3}]


async def taken(crossing: Any) -> dict[str, Any]:
    """Take a booking's fee in cash and return the shift it went into."""
    booking = await crossing.booked((await crossing.lodged())["id"])
    await crossing.opened(booking, "desk")
    (shift,) = (await crossing.sees("gate", "/desk/shifts?state=open"))["items"]
    opened: dict[str, Any] = shift
    return opened


def count_of(*notes: dict[str, int]) -> dict[str, Any]:
    """Return the body of a count."""
    total = sum(note["value"] * note["pieces"] for note in notes)
    return {"counted_minor": total, "denominations": list(notes)}


async def test_the_first_payment_opens_a_shift_whose_cashier_counts_it_blind(
    crossing: Any,
) -> None:
    shift = await taken(crossing)
    assert (shift["state"], shift["entries"]) == ("open", 1)
    assert shift["opening_float"] == {"minor": 0, "currency": "VND"}
    path = f"/desk/shifts/{shift['id']}"
    own, office = await crossing.sees("gate", path), await crossing.sees("accountant", path)
    assert (own["blind"], own["taken"], own["takings"], own["expected"]) == (True, *[None] * 3)
    assert [move["verb"] for move in own["moves"]] == ["count"]
    assert not office["blind"]
    assert office["taken"] == {"minor": 800_000, "currency": "VND"}
    (entry,) = office["takings"]
    assert entry["reference"].startswith("PAY-")
    assert entry["subjects"][0].startswith(("BKG-", "DEC-"))


async def test_a_drawer_that_fits_is_closed_and_banked_by_the_accountant(crossing: Any) -> None:
    path = f"/desk/shifts/{(await taken(crossing))['id']}"
    closed = await crossing.does("gate", f"{path}/count", count_of(*NOTES))
    assert (closed["state"], closed["variance"]["minor"]) == ("closed", 0)
    assert closed["denominations"] == NOTES
    assert closed["takings"][0]["amount"]["minor"] == 800_000
    body = {"bank_reference": "NB-1", "amount_minor": 800_000}
    await crossing.does("manager", f"{path}/deposit", body, 403)
    banked = await crossing.does("accountant", f"{path}/deposit", body)
    assert banked["deposit"]["reference"] == "NB-1"
    assert (await crossing.does("accountant", f"{path}/deposit", body, 409))["code"] == (
        "deposited_already"
    )


async def test_a_difference_is_approved_by_somebody_else_with_a_reason(crossing: Any) -> None:
    path = f"/desk/shifts/{(await taken(crossing))['id']}"
    counted = await crossing.does("gate", f"{path}/count", count_of(NOTES[0]))
    assert (counted["state"], counted["variance"]["minor"]) == ("counted", -300_000)
    assert counted["moves"] == []
    why = {"reason": "Wrong change."}
    await crossing.does("gate", f"{path}/approve", why, 403)
    await crossing.does("manager", f"{path}/approve", {"reason": " "}, 400)
    stale = await (await crossing.person("manager")).post(
        f"/desk/shifts/{counted['id']}/approve", why, headers={"If-Match": '"1"'}
    )
    assert stale.status_code == 412
    closed = await crossing.does("manager", f"{path}/approve", why)
    assert (closed["state"], closed["variance_reason"]) == ("closed", "Wrong change.")


async def test_after_counting_cash_is_refused_until_a_new_shift_is_open(crossing: Any) -> None:
    path = f"/desk/shifts/{(await taken(crossing))['id']}"
    await crossing.does("gate", f"{path}/count", count_of(NOTES[0]))
    booking = await crossing.booked((await crossing.lodged())["id"])
    body = {"charge_ids": [booking["charges"][0]["id"]], "gateway": "desk"}
    assert (await crossing.does("gate", "/payments", body, 409))["code"] == "desk_shift_counted"
    order = {"gate": "KIM_THANH_II", "float_minor": 200_000}
    opened = await crossing.does("gate", "/desk/shifts", order, 201)
    assert opened["opening_float"]["minor"] == 200_000
    assert (await crossing.does("gate", "/desk/shifts", order, 409))["code"] == "desk_shift_open"
    assert (await crossing.does("gate", "/payments", body, 201))["state"] == "paid"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("", {"gate": "NOWHERE"}, "gate"),
        ("", {"gate": "KIM_THANH_II", "currency": "USD"}, "currency"),
        ("", {"gate": "KIM_THANH_II", "float_minor": -1}, "float_minor"),
        ("/{id}/count", {"counted_minor": 1_000, "denominations": []}, "counted_minor"),
        ("/{id}/count", count_of({"value": 30_000, "pieces": 1}), "denominations.0.value"),
        ("/{id}/count", {"denominations": []}, "counted_minor"),
    ],
)
async def test_wrong_bodies_are_refused_by_their_field(
    crossing: Any, path: str, body: dict[str, Any], field: str
) -> None:
    shift = await taken(crossing)
    if not path:
        await crossing.does("gate", f"/desk/shifts/{shift['id']}/count", count_of(*NOTES))
    before = await crossing.rows()
    refused = await crossing.does("gate", f"/desk/shifts{path.format(**shift)}", body, 400)
    assert [error["field"] for error in refused["errors"]] == [field]
    assert await crossing.rows() == before


async def test_shifts_are_for_the_desk_and_the_office(crossing: Any) -> None:
    shift = await taken(crossing)
    path = f"/desk/shifts/{shift['id']}"
    trader = await crossing.person("trader")
    assert (await trader.get("/desk/shifts")).status_code == 403
    assert (await trader.get(path)).status_code == 403
    order = {"gate": "KIM_THANH_II"}
    await crossing.does("accountant", "/desk/shifts", order, 403)
    other = await crossing.does("manager", "/desk/shifts", order, 201)
    gate = await crossing.person("gate")
    assert (await gate.get(f"/desk/shifts/{other['id']}")).status_code == 404
    first = await crossing.sees("accountant", "/desk/shifts?limit=1")
    rest = await crossing.sees("accountant", f"/desk/shifts?cursor={first['next']}")
    assert {one["id"] for one in first["items"] + rest["items"]} == {shift["id"], other["id"]}
    assert len((await crossing.sees("gate", "/desk/shifts"))["items"]) == 1


async def test_a_count_sent_twice_is_one_count(crossing: Any) -> None:
    shift = await taken(crossing)
    gate = await crossing.person("gate")
    answers = [
        await gate.post(
            f"/desk/shifts/{shift['id']}/count",
            count_of(*NOTES),
            headers={"Idempotency-Key": "count-1"},
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotency-Replayed"] == "true"


# The waiver


async def test_a_manager_lets_a_payer_off_with_a_reason(crossing: Any) -> None:
    booking = await crossing.booked((await crossing.lodged())["id"])
    path = f"/charges/{booking['charges'][0]['id']}/waive"
    why = {"reason": "Relief goods."}
    await crossing.does("gate", path, why, 403)
    await crossing.does("trader", path, why, 403)
    await crossing.does("manager", path, {"reason": "  "}, 400)
    await crossing.does("manager", path, {}, 400)
    stale = await (await crossing.person("manager")).post(path, why, headers={"If-Match": '"9"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    waived = await (await crossing.person("manager")).post(path, why, headers={"If-Match": '"1"'})
    assert (waived.status_code, waived.json()["state"]) == (200, "waived")
    assert (await crossing.does("manager", path, why, 409))["code"] == "move_not_open"
    seen = await crossing.sees("trader", f"/bookings/{booking['id']}")
    assert [charge["state"] for charge in seen["charges"]] == ["waived"]
    assert "Relief goods" not in str(seen)
