"""Adjusting for refunds and replacing: linked receipts of their own, and one in force."""

import asyncio
from uuid import UUID

import pytest

from border.core.actor import PROGRAM, Actor
from border.core.ids import new_id
from border.core.money import Money
from border.core.refusal import Refusal
from border.core.store import Unit
from border.payments.receipts.correction_service import adjust_for_refund, replace
from border.payments.receipts.receipt import Payer
from border.payments.receipts.signing import parse
from border.payments.receipts.tables import ReceiptRow

RIGHT = Payer("Công ty mẫu đúng tên", "5300000099", "Số 1, phố Mẫu, Lào Cai")


async def _adjust(
    till, payment_id: UUID, minor: int, refund_id: UUID | None = None, **more
) -> ReceiptRow:
    async def work(unit: Unit) -> ReceiptRow:
        return await adjust_for_refund(
            unit,
            till.office,
            refund_id=refund_id or new_id(),
            payment_id=payment_id,
            amount=more.pop("amount", Money(minor)),
            reason="xe không qua cửa khẩu",
            **more,
        )

    return await till.store.perform(PROGRAM, work)


async def _replace(
    till, receipt: ReceiptRow, actor: Actor | None = None, payer: Payer = RIGHT, **more
) -> ReceiptRow:
    async def work(unit: Unit) -> ReceiptRow:
        reason = more.get("reason", "Sai tên người nộp")
        return await replace(unit, till.office, receipt.id, reason, payer, more.get("version"))

    return await till.store.perform(actor or till.accountant, work)


async def _now(till, receipt: ReceiptRow) -> ReceiptRow:
    return (await till.receipts(id=receipt.id))[0]


# Adjusting


async def test_a_part_refunded_is_shown_by_an_adjustment_beside_the_receipt(till) -> None:
    receipt = await till.receipted(800_000)
    refund_id = new_id()
    adjustment = await _adjust(till, receipt.payment_id, 300_000, refund_id)
    assert (adjustment.kind, adjustment.state, adjustment.number) == ("adjustment", "issued", 2)
    assert (adjustment.adjusts_id, adjustment.refund_id) == (receipt.id, refund_id)
    assert adjustment.total_minor == -300_000
    assert adjustment.total_in_words == "Âm ba trăm nghìn đồng"
    (line,) = adjustment.lines
    assert (line["charge"], line["amount_minor"]) == (receipt.lines[0]["charge"], -300_000)
    assert line["explanation"][0]["text"] == (
        "Hoàn trả theo biên lai LC-26E số 1: xe không qua cửa khẩu"
    )
    assert (adjustment.payer_name, adjustment.gateway_txn) == ("Công ty mẫu 1", "15000001")
    assert parse(adjustment.xml).findtext(".//TTBLLQuan/SBLai") == "1"
    assert (await _now(till, receipt)).state == "adjusted"


async def test_all_of_it_refunded_leaves_the_receipt_as_the_proof_that_it_was_paid(till) -> None:
    receipt = await till.receipted(800_000, 50_000)
    adjustment = await _adjust(till, receipt.payment_id, 850_000)
    assert [line["amount_minor"] for line in adjustment.lines] == [-800_000, -50_000]
    assert (await _now(till, receipt)).state == "adjusted"


async def test_a_refund_bears_on_each_charge_in_proportion_unless_it_says_which(till) -> None:
    receipt = await till.receipted(800_000, 50_000)
    spread = await _adjust(till, receipt.payment_id, 85_001)
    assert [line["amount_minor"] for line in spread.lines] == [-80_001, -5_000]
    second = receipt.lines[1]["charge"]
    named = await _adjust(till, receipt.payment_id, 20_000, shares={second: 20_000})
    assert [(line["charge"], line["amount_minor"]) for line in named.lines] == [(second, -20_000)]


async def test_a_refund_is_adjusted_for_once(till) -> None:
    receipt, refund_id = await till.receipted(), new_id()
    first = await _adjust(till, receipt.payment_id, 100_000, refund_id)
    assert await _adjust(till, receipt.payment_id, 100_000, refund_id) == first
    assert len(await till.receipts()) == 2


async def test_no_more_is_taken_back_than_was_paid(till) -> None:
    receipt = await till.receipted(800_000)
    await _adjust(till, receipt.payment_id, 500_000)
    await _adjust(till, receipt.payment_id, 300_000)
    for minor in (1, 0, -1):
        with pytest.raises(Refusal, match="receipt_adjusts_too_much"):
            await _adjust(till, receipt.payment_id, minor)
    assert [row.number for row in await till.receipts()] == [1, 2, 3]


async def test_nothing_is_taken_back_of_a_charge_that_is_not_on_it(till) -> None:
    receipt = await till.receipted(800_000)
    for shares in ({"CHG-ELSEWHERE": 100}, {}, {receipt.lines[0]["charge"]: 99}):
        with pytest.raises(Refusal, match="receipt_adjusts_too_much"):
            await _adjust(till, receipt.payment_id, 100, shares=shares)
    with pytest.raises(Refusal, match="receipt_adjusts_too_much"):
        await _adjust(till, receipt.payment_id, 0, amount=Money(100, "CNY"))


async def test_refunds_at_once_never_take_back_more_than_was_paid(till) -> None:
    receipt = await till.receipted(800_000)
    results = await asyncio.gather(
        *(_adjust(till, receipt.payment_id, 300_000) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(result, ReceiptRow) for result in results) == 2
    assert sum(row.total_minor for row in await till.receipts()) == 200_000


async def test_a_refund_before_the_receipt_was_issued_issues_it_first(till) -> None:
    payment = await till.paid(800_000)
    adjustment = await _adjust(till, payment.id, 800_000)
    first, second = await till.receipts()
    assert (first.kind, first.state, second.id) == ("original", "adjusted", adjustment.id)
    assert (await till.issue()).issued == 0


async def test_what_cannot_be_receipted_cannot_be_adjusted_and_says_why(till) -> None:
    payment = await till.paid(explanation=[{"says": "no facts"}])
    with pytest.raises(Refusal, match="does not explain itself"):
        await _adjust(till, payment.id, 1)
    with pytest.raises(Refusal, match="not_found"):
        await _adjust(till, new_id(), 1)


# Replacing


async def test_a_wrong_payer_is_put_right_by_a_receipt_of_its_own(till) -> None:
    receipt = await till.receipted(800_000)
    fresh = await _replace(till, receipt)
    assert (fresh.kind, fresh.state, fresh.number) == ("replacement", "issued", 2)
    assert fresh.replaces_id == receipt.id
    assert Payer(fresh.payer_name, fresh.payer_tax_code, fresh.payer_address) == RIGHT
    assert (fresh.lines, fresh.total_minor) == (receipt.lines, receipt.total_minor)
    assert fresh.payer_organisation_id == receipt.payer_organisation_id
    old = await _now(till, receipt)
    assert (old.state, old.payer_name) == ("replaced", "Công ty mẫu 1")
    (event,) = await till.events("receipt.replace")
    assert event.private == {"reason": "Sai tên người nộp"}
    assert "Công ty" not in str(event.payload)


async def test_a_replacement_can_be_replaced_and_refunded_in_turn(till) -> None:
    receipt = await till.receipted(800_000)
    second = await _replace(till, receipt)
    third = await _replace(till, second, payer=Payer("Công ty mẫu thứ ba"))
    adjustment = await _adjust(till, receipt.payment_id, 800_000)
    assert adjustment.adjusts_id == third.id
    states = [(row.kind, row.state) for row in await till.receipts()]
    assert states == [
        ("original", "replaced"),
        ("replacement", "replaced"),
        ("replacement", "adjusted"),
        ("adjustment", "issued"),
    ]


async def test_one_receipt_is_in_force_after_many_replace_at_once(till) -> None:
    receipt = await till.receipted()
    results = await asyncio.gather(
        *(_replace(till, receipt, payer=Payer(f"Tên {n}")) for n in range(6)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, ReceiptRow) for result in results) == 1
    assert {r.code for r in results if isinstance(r, Refusal)} == {"move_not_open"}
    assert [row.number for row in await till.receipts()] == [1, 2]


async def test_what_was_replaced_or_adjusted_is_not_replaced(till) -> None:
    receipt, other = await till.receipted(), await till.receipted()
    await _replace(till, receipt)
    adjustment = await _adjust(till, other.payment_id, 1_000)
    for wrong, code in (
        (receipt, "move_not_open"),
        (other, "move_not_open"),
        (adjustment, "receipt_not_replaceable"),
    ):
        with pytest.raises(Refusal, match=code):
            await _replace(till, wrong)


async def test_only_accountant_and_manager_replace(till) -> None:
    receipt = await till.receipted()
    for actor in (till.trader, till.cashier, PROGRAM):
        with pytest.raises(Refusal, match="not_allowed"):
            await _replace(till, receipt, actor)
    assert [row.number for row in await till.receipts()] == [1]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"payer": Payer(" ")}, "payer_name"),
        ({"payer": Payer("Công ty mẫu 1", "5300000001")}, "payer_name"),
    ],
)
async def test_a_correction_says_why_and_corrects_something(till, more, field: str) -> None:
    receipt = await till.receipted()
    with pytest.raises(Refusal) as refused:
        await _replace(till, receipt, **more)
    assert [error.field for error in refused.value.errors] == [field]


async def test_somebody_with_an_old_page_does_not_replace(till) -> None:
    receipt = await till.receipted()
    with pytest.raises(Refusal, match="stale_version"):
        await _replace(till, receipt, version=7)


async def test_a_replacement_that_fails_leaves_the_old_receipt_in_force(till, monkeypatch) -> None:
    receipt = await till.receipted()

    def broken(*_: object) -> bytes:
        raise OSError("the signing device does not answer")

    monkeypatch.setattr(type(till.office.signer), "sign", broken)
    with pytest.raises(OSError, match="signing device"):
        await _replace(till, receipt)
    assert await till.receipts() == [receipt]
