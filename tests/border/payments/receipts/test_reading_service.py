"""Finding a receipt, and telling a genuine one from one that was tampered with."""

from hashlib import sha256

import pytest

from border.core.ids import new_reference
from border.core.refusal import Refusal
from border.payments.receipts.correction_service import replace
from border.payments.receipts.lookup_code import new_lookup_code
from border.payments.receipts.reading_service import (
    check,
    get_receipt,
    list_receipts,
    look_up,
)
from border.payments.receipts.receipt import Payer
from border.payments.receipts.tables import ReceiptRow


async def _look_up(till, code: str):
    async with till.store.reading() as connection:
        return await look_up(connection, code)


async def _get(till, actor, reference: str):
    async with till.store.reading() as connection:
        return await get_receipt(connection, actor, reference)


async def _list(till, actor, before=None, limit=50):
    async with till.store.reading() as connection:
        return await list_receipts(connection, actor, before, limit)


async def test_whoever_has_the_code_finds_the_receipt(till) -> None:
    receipt = await till.receipted()
    for typed in (receipt.lookup_code, receipt.lookup_code.lower().replace("-", "")):
        assert (await _look_up(till, typed)).receipt == receipt


async def test_a_code_that_finds_nothing_is_said_to_be_wrong_or_unknown(till) -> None:
    receipt = await till.receipted()
    with pytest.raises(Refusal, match="not_found"):
        await _look_up(till, new_lookup_code())
    wrong = ("2" if receipt.lookup_code[0] != "2" else "3") + receipt.lookup_code[1:]
    with pytest.raises(Refusal) as refused:
        await _look_up(till, wrong)
    (error,) = refused.value.errors
    assert (error.field, error.code) == ("code", "one_wrong")
    assert error.detail().endswith(f"Should it be “{receipt.lookup_code[0]}”?")


async def test_the_payer_and_the_staff_see_it_and_nobody_else(till) -> None:
    receipt = await till.receipted()
    for actor in (till.trader, till.accountant):
        assert (await _get(till, actor, receipt.reference)).receipt == receipt
    for actor, reference in (
        (till.rival, receipt.reference),
        (till.accountant, new_reference("RCP")),
        (till.accountant, "RCP-nonsense"),
    ):
        with pytest.raises(Refusal, match="not_found"):
            await _get(till, actor, reference)


async def test_a_list_is_of_one_s_own_newest_first_in_pages(till) -> None:
    mine = []
    for _ in range(3):
        mine.append(await till.receipted())
        await till.receipted(payer=till.rival.organisation_id)
    found = await _list(till, till.trader, limit=2)
    assert [row.id for row in found] == [mine[2].id, mine[1].id]
    last = (found[-1].issued_at, found[-1].id)
    assert [row.id for row in await _list(till, till.trader, last)] == [mine[0].id]
    assert len(await _list(till, till.accountant)) == 6


async def test_links_lead_both_ways(till) -> None:
    receipt = await till.receipted()

    async def work(unit):
        return await replace(unit, till.office, receipt.id, "Sai tên", Payer("Tên đúng"))

    fresh = await till.store.perform(till.accountant, work)
    old = await _look_up(till, receipt.lookup_code)
    assert old.replaced_by == fresh
    new = await _look_up(till, fresh.lookup_code)
    assert new.about is not None
    assert new.about.id == receipt.id


async def test_a_stored_receipt_is_genuine(till) -> None:
    receipt = await till.receipted()
    found = await check(till.office.signer, receipt)
    assert (found.genuine, found.signed_at) == (True, receipt.issued_at)


@pytest.mark.parametrize(
    "change",
    [
        {"total_minor": 1},
        {"payer_name": "another"},
        {"number": 2},
        {"xml_sha256": bytes(32)},
        {"xml": b"<BLai/>", "xml_sha256": sha256(b"<BLai/>").digest()},
    ],
)
async def test_a_receipt_that_was_tampered_with_in_the_database_is_not(till, change) -> None:
    receipt = await till.receipted()
    found = await check(till.office.signer, ReceiptRow(**receipt.model_dump() | change))
    assert not found.genuine
    assert found.why_not
