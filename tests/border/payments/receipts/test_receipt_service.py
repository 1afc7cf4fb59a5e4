"""Issuing: one receipt a payment, numbers without a gap, nobody held up by another's fault."""

import asyncio
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from border.core.actor import PROGRAM
from border.core.postponed import FIRST_PAUSE, pause_after
from border.core.store import Store, table_of
from border.payments.receipts import receipt_service, storage
from border.payments.receipts.receipt import ND123_2020, ND254_2026
from border.payments.receipts.receipt_service import Office, issue_due
from border.payments.receipts.signing import ReceiptSigner
from border.payments.receipts.tables import ReceiptRow, ReceiptSeriesRow
from tests.border.core.test_coalescer import counted


async def test_a_paid_payment_gets_its_receipt_with_all_it_says(till) -> None:
    payment = await till.paid(800_000, 50_000)
    assert (await till.issue()).issued == 1
    (row,) = await till.receipts()
    assert (row.kind, row.state, row.payment_id) == ("original", "issued", payment.id)
    assert (row.template, row.serial, row.year, row.number) == ("01BLP0-001", "LC-26E", 2026, 1)
    assert row.collector_tax_code == "0100000011"
    assert (row.payer_name, row.payer_tax_code) == ("Công ty mẫu 1", "5300000001")
    assert (row.total_minor, row.currency) == (850_000, "VND")
    assert row.total_in_words == "Tám trăm năm mươi nghìn đồng"
    assert [line["name"] for line in row.lines] == [
        "Phí sử dụng kết cấu hạ tầng cửa khẩu",
        "Phí bến bãi",
    ]
    (reason,) = row.lines[0]["explanation"]
    assert reason["text"].startswith("Mức thu đối với hàng xuất khẩu, xe container 40 feet")
    assert reason["facts"]["legal_basis"] == "QĐ 58/2014/QĐ-UBND"
    assert (row.payment_method, row.gateway, row.gateway_txn) == ("CK", "vnpay", "15000001")
    assert (row.paid_at, row.issued_at) == (payment.paid_at, till.clock.now())
    assert row.subjects == ["BKG-00001"]
    assert row.qr_payload == f"https://gate.example.vn/receipts?code={row.lookup_code}"
    assert row.law_version == row.renderer == ND254_2026
    assert sha256(row.xml).digest() == row.xml_sha256
    assert row.cert_serial == till.office.signer.serial


async def test_the_event_tells_no_name(till) -> None:
    row = await till.receipted()
    (event,) = await till.events("receipt.issue")
    assert event.subject == row.reference
    assert event.key == row.payment_reference
    assert event.payload == {
        "state": "issued",
        "receipt_kind": "original",
        "serial": "LC-26E",
        "number": 1,
        "amount_minor": 800_000,
        "currency": "VND",
    }
    assert event.private == {}


async def test_money_over_the_counter_is_receipted_as_cash(till) -> None:
    assert (await till.receipted(gateway="desk")).payment_method == "TM"


async def test_a_payment_is_receipted_once_however_often_the_worker_runs(till) -> None:
    await till.paid()
    assert [(await till.issue()).issued for _ in range(3)] == [1, 0, 0]
    assert len(await till.receipts()) == 1


async def test_no_money_no_receipt(till) -> None:
    await till.paid(captured=False)
    assert await till.issue() == receipt_service.IssueRun(0)


async def test_a_part_of_a_charge_is_receipted_as_a_part(till) -> None:
    row = await till.receipted(800_000, pays=300_000)
    assert row.total_minor == 300_000
    assert row.lines[0]["explanation"][-1]["text"] == (
        "Of 800000 VND charged, this payment paid 300000 VND"
    )


async def test_the_plate_comes_from_whoever_knows_it(till) -> None:
    async def plates_of(_connection, subjects: Collection[str]) -> dict[str, str]:
        return {one: "24C-123.45" for one in subjects if one == "BKG-00001"}

    await till.paid()
    await till.issue(plates_of=plates_of)
    assert (await till.receipts())[0].vehicle_plate == "24C-123.45"


async def test_two_workers_at_once_issue_each_receipt_once(till) -> None:
    payments = [await till.paid() for _ in range(8)]
    runs = await asyncio.gather(*(till.issue() for _ in range(4)))
    assert sum(run.issued for run in runs) == len(payments)
    rows = await till.receipts()
    assert Counter(row.payment_id for row in rows) == {payment.id: 1 for payment in payments}
    assert [row.number for row in rows] == list(range(1, 9))


OWN = {"id", "reference", "number", "issue_key", "payment_id", "payment_reference", "gateway_txn"}
OWN |= {"subjects", "lines", "lookup_code", "qr_payload", "xml", "xml_sha256"}


async def test_together_each_says_what_it_says_alone(till) -> None:
    alone, *others = [await till.paid(800_000, 50_000) for _ in range(4)]
    await till.store.perform(
        PROGRAM, lambda unit: receipt_service.issue_original(unit, till.office, alone)
    )
    assert (await till.issue()).issued == 3
    first, *rest = await till.receipts()
    assert [row.payment_id for row in rest] == [payment.id for payment in others]
    assert [row.number for row in rest] == [2, 3, 4]
    for row in rest:
        assert row.model_dump(exclude=OWN) == first.model_dump(exclude=OWN)
        assert till.office.signer.verify(row.xml).data.findtext(".//SBLai") == str(row.number)
    events = await till.events("receipt.issue")
    assert len({e.xid for e in events}) == 2
    assert len({(e.actor, e.actor_kind, len(e.payload)) for e in events}) == 1


async def test_twenty_take_no_statement_more_than_one(till) -> None:
    sent = []
    for number in (1, receipt_service.TURN - 1):
        for _ in range(number):
            await till.paid()
        async with counted(till.store) as statements:
            assert (await till.issue()).issued == number
        sent.append(len(statements))
    # Those due, whether they have one, what was paid, the charges, the proofs and the payers;
    # the series, its numbers, and the receipts; and a look whether another is due.
    assert sent == [10, 10]


@pytest.fixture
def slow_work(monkeypatch) -> None:
    """Let time pass between taking a payment and issuing, so that rivals overlap."""
    take = storage.charges

    async def slowly(*asked):
        found = await take(*asked)
        await asyncio.sleep(0.1)
        return found

    monkeypatch.setattr(storage, "charges", slowly)


async def _two_workers(till) -> list[object]:
    await till.paid()
    return await asyncio.gather(till.issue(), till.issue())


async def test_a_payment_in_work_is_passed_over(till, slow_work) -> None:
    runs = await _two_workers(till)
    assert sorted(run.issued for run in runs) == [0, 1]
    assert not any(run.failed for run in runs)


async def test_control_without_the_lock_both_take_it_and_the_index_turns_one_away(
    till, slow_work, monkeypatch
) -> None:
    take = storage.take_unreceipted_payment

    class Bare:
        """The connection with the lock taken out of what it executes."""

        def __init__(self, connection) -> None:
            self.connection = connection

        async def execute(self, statement):
            statement._for_update_arg = None
            return await self.connection.execute(statement)

    async def no_lock(connection, put_off):
        return await take(Bare(connection), put_off)

    monkeypatch.setattr(storage, "take_unreceipted", _none)
    monkeypatch.setattr(storage, "take_unreceipted_payment", no_lock)
    monkeypatch.setattr(storage, "issued_for", _nothing)
    runs = await _two_workers(till)
    assert any(run.failed for run in runs)
    assert [row.number for row in await till.receipts()] == [1]


async def _nothing(*_: object) -> None:
    return None


async def _none(*_: object) -> list[object]:
    return []


async def test_a_payment_that_cannot_be_receipted_holds_up_no_other(till) -> None:
    before = await till.paid()
    broken = await till.paid(explanation=[{"says": "no facts"}])
    nameless = await till.paid(payer=await till.payer("  "))
    after = await till.paid()
    run = await till.issue()
    assert run.issued == 2
    assert set(run.failed) == {broken.reference, nameless.reference}
    rows = await till.receipts()
    assert [row.payment_id for row in rows] == [before.id, after.id]
    assert [row.number for row in rows] == [1, 2]


async def test_what_the_worker_did_not_foresee_holds_up_no_other_either(till, monkeypatch) -> None:
    broken, fine = await till.paid(), await till.paid()
    sign = ReceiptSigner.sign

    def sometimes(self, root, at):
        if root.findtext(".//MTToan") == broken.reference:
            raise MemoryError
        return sign(self, root, at)

    monkeypatch.setattr(ReceiptSigner, "sign", sometimes)
    assert await till.issue() == receipt_service.IssueRun(1, (broken.reference,))
    assert [row.payment_id for row in await till.receipts()] == [fine.id]


async def test_a_payment_that_cannot_be_receipted_waits_its_pause(till, poisoned) -> None:
    broken, fine = await till.paid(), await till.paid()
    async with poisoned("receipt", broken.id, "NEW.payment_id", "INSERT"):
        assert await till.issue() == receipt_service.IssueRun(1, (broken.reference,))
        assert await till.issue() == receipt_service.IssueRun(0), "it is left alone for a while"
        till.clock.advance(FIRST_PAUSE)
        assert await till.issue() == receipt_service.IssueRun(0, (broken.reference,))
    till.clock.advance(FIRST_PAUSE)
    assert await till.issue() == receipt_service.IssueRun(0), "the pauses grow"
    till.clock.advance(pause_after(2) - FIRST_PAUSE)
    assert await till.issue() == receipt_service.IssueRun(1)
    assert [row.payment_id for row in await till.receipts()] == [fine.id, broken.id]
    assert [row.number for row in await till.receipts()] == [1, 2]


# Numbers


class Half:
    """A signer whose every third signature fails, after the number was taken."""

    def __init__(self, signer: ReceiptSigner) -> None:
        self.signer, self.asked, self.serial = signer, 0, signer.serial

    def sign(self, root, at) -> bytes:
        self.asked += 1
        if self.asked % 3 == 0:
            raise OSError("the signing device does not answer")
        return self.signer.sign(root, at)


async def _twenty_at_once(till) -> None:
    """Issue twenty receipts by as many workers, a third of whose work fails half-way."""
    payments = [await till.paid() for _ in range(20)]
    half = Half(till.office.signer)
    office = Office(**{**vars(till.office), "signer": half})

    room = asyncio.Semaphore(5)  # the control needs two connections for each

    async def one() -> None:
        async with room:
            await issue_due(till.store, office, limit=1)

    await asyncio.gather(*(one() for _ in payments))
    while len(await till.receipts()) < len(payments):
        till.clock.advance(FIRST_PAUSE)  # what failed waits, a little longer each time
        await issue_due(till.store, office)
    assert half.asked > len(payments)


async def test_twenty_at_once_with_failures_leave_no_gap_and_no_double(till) -> None:
    await _twenty_at_once(till)
    assert [row.number for row in await till.receipts()] == list(range(1, 21))


async def test_control_numbers_taken_outside_the_transaction_leave_gaps(till, monkeypatch) -> None:
    take = storage.take_number

    async def outside(_connection, serial: str, year: int, number: int) -> int | None:
        async with till.store.engine.begin() as other:
            return await take(other, serial, year, number)

    opened = storage.open_series

    async def open_outside(_connection, row: ReceiptSeriesRow) -> None:
        async with till.store.engine.begin() as other:
            await opened(other, row)

    monkeypatch.setattr(storage, "take_number", outside)
    monkeypatch.setattr(storage, "open_series", open_outside)
    await _twenty_at_once(till)
    numbers = [row.number for row in await till.receipts()]
    assert len(set(numbers)) == 20
    assert numbers != list(range(1, 21))


async def test_a_number_is_one_in_its_series(till) -> None:
    row = await till.receipted()
    with pytest.raises(IntegrityError, match="uq_receipt_serial_year_number"):
        await _copied(till.store, row, number=row.number, payment_id=(await till.paid()).id)


async def _copied(store: Store, row: ReceiptRow, **changes: object) -> None:
    """Put a copy of a receipt beside it, past the service."""
    fresh = {"id": "gen_random_uuid()", "reference": "'RCP-X'", "issue_key": "gen_random_uuid()"}
    fresh |= {"lookup_code": "'X'"} | {name: f"'{value}'" for name, value in changes.items()}
    names = list(ReceiptRow.model_fields)
    values = ", ".join(fresh.get(name, name) for name in names)
    async with store.engine.begin() as connection:
        await connection.execute(
            text(
                f"INSERT INTO receipt ({', '.join(names)}) SELECT {values} "
                "FROM receipt WHERE id = :id"
            ),
            {"id": row.id},
        )


async def test_the_database_allows_one_receipt_in_force_for_a_payment(till) -> None:
    row = await till.receipted()
    with pytest.raises(IntegrityError, match="uq_receipt_in_force"):
        await _copied(till.store, row, number=999)


async def test_a_new_year_at_the_gate_begins_a_new_series(till) -> None:
    midnight = datetime(2026, 12, 31, 17, tzinfo=UTC)
    till.clock.at = midnight - timedelta(seconds=1)
    assert [(await till.receipted()).number for _ in range(2)] == [1, 2]
    till.clock.at = midnight
    row = await till.receipted()
    assert (row.serial, row.year, row.number) == ("LC-27E", 2027, 1)
    till.clock.at = midnight + timedelta(hours=1)
    assert (await till.receipted()).number == 2


async def test_the_law_is_that_of_the_day_of_issue(till) -> None:
    change = datetime(2026, 6, 30, 17, tzinfo=UTC)
    till.clock.at = change - timedelta(seconds=1)
    assert (await till.receipted()).law_version == ND123_2020
    till.clock.at = change
    row = await till.receipted()
    assert (row.law_version, row.number) == (ND254_2026, 2)


async def test_a_series_at_its_end_refuses_clearly_and_goes_on_when_enlarged(till, caplog) -> None:
    for _ in range(4):
        await till.paid()
    run = await till.issue(last_number=2)
    assert run.issued == 2
    assert len(run.failed) == 1
    assert "Series LC-26E of 2026 ended with number 2" in caplog.text
    series = table_of(ReceiptSeriesRow)
    async with till.store.engine.begin() as connection:
        await connection.execute(update(series).values(last_number=9))
    assert (await till.issue()).issued == 2
    assert [row.number for row in await till.receipts()] == [1, 2, 3, 4]


# What stays


@pytest.mark.parametrize(
    "change",
    ["payer_name = 'another'", "number = 7", "xml = ''::bytea", "total_minor = total_minor + 1"],
)
async def test_a_receipt_is_never_edited(till, change: str) -> None:
    row = await till.receipted()
    with pytest.raises(Exception, match="never edited"):
        async with till.store.engine.begin() as connection:
            await connection.execute(text(f"UPDATE receipt SET {change}"))
    assert await till.receipts() == [row]


async def test_a_receipt_is_never_deleted(till) -> None:
    await till.receipted()
    with pytest.raises(Exception, match="never edited"):
        async with till.store.engine.begin() as connection:
            await connection.execute(text("DELETE FROM receipt"))


async def test_a_hundred_receipts_do_not_wait_for_each_other_s_signature_on_the_loop(till) -> None:
    """The loop goes on while a receipt is signed."""
    await till.paid()
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0)
            beats += 1

    beating = asyncio.create_task(beat())
    try:
        await till.issue()
    finally:
        beating.cancel()
    assert beats > 0


async def test_a_number_that_was_used_already_is_never_used_again(till) -> None:
    """Somebody has set the series back: nothing is issued, and nothing is lost."""
    await till.receipted()
    series = table_of(ReceiptSeriesRow)
    async with till.store.engine.begin() as connection:
        await connection.execute(update(series).values(next_number=1))
    payment = await till.paid()
    assert await till.issue() == receipt_service.IssueRun(0, (payment.reference,))
    async with till.store.engine.begin() as connection:
        await connection.execute(update(series).values(next_number=2))
    till.clock.advance(timedelta(minutes=1))
    assert (await till.issue()).issued == 1
    assert [row.number for row in await till.receipts()] == [1, 2]
