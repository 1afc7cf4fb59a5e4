"""Notices that VNPAY would send about open payments, signed under the run's own secret.

What they are about is written in bulk, in the state the services would have left it in: a charge
that is owed and in the ledger, a payment that waits, its attempt at VNPAY. The charges are owed on
nothing that is here, so that no booking is confirmed when money settles one; but for those of
`HeldBooking`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from uuid import UUID

import asyncpg

from api.zone import Services
from bench.ground import Ground, People, settings_of
from bench.load import Exchange, Job, request
from bench.trucks import Yard
from border.core.ids import new_id, new_reference
from border.core.money import Money
from border.core.store import table_of
from border.payments.charges.tables import ChargeRow, PaymentChargeRow
from border.payments.collection.tables import AttemptRow, NoticeRow, PaymentRow
from border.payments.gateways.vnpay.adapter import VnpaySettings
from border.payments.gateways.vnpay.messages import amount_sent, canonical, sign
from border.payments.gateways.wire import as_sent
from border.payments.ledger.book import due

IPN = "/api/v1/payments/vnpay/ipn"
PAYMENTS = "/api/v1/payments"
FEE = Money(500_000)
_KIND = "infrastructure_fee"
_FIRST_NUMBER = 15_000_001
_numbers = count(_FIRST_NUMBER)
"""VNPAY's numbers of transactions: none is given twice in a run."""
_hours = count()


@dataclass(frozen=True)
class Notice:
    """One notice and what it is about; `raw` is the query string as VNPAY sends it."""

    txn_ref: str
    provider_txn: str
    raw: str
    charge_id: UUID = field(default_factory=new_id)
    payment_id: UUID = field(default_factory=new_id)
    attempt_id: UUID = field(default_factory=new_id)

    def words(self) -> dict[str, str]:
        """Return every word in which this notice's statements differ from another's, by name."""
        raw = self.raw.encode()
        told = {"digest": sha256(raw).hexdigest(), "raw_hex": raw.hex()}
        return {name: str(value) for name, value in vars(self).items()} | told


class PaymentNotice:
    """The scenario: VNPAY says that a payment succeeded, and is told that this is recorded."""

    name = "payment notice (IPN)"

    def __init__(self, ground: Ground) -> None:
        self._vnpay = settings_of(ground).vnpay

    async def prepare(self, yard: Yard, number: int) -> list[Notice]:
        """Return notices about payments that wait for them."""
        return await self.on(yard, [new_reference("BKG") for _ in range(number)])

    async def on(self, yard: Yard, subjects: Sequence[str]) -> list[Notice]:
        """Return notices about payments that wait for them, one for what is owed on each."""
        notices = [self._notice(yard) for _ in subjects]
        await _owe(yard, [notice.charge_id for notice in notices], subjects)
        last = yard.now + timedelta(days=3)
        await yard.write(
            PaymentRow(
                id=notice.payment_id,
                reference=_reference(notice.txn_ref),
                state="pending",
                payer_organisation_id=yard.people.organisation_id,
                expires_at=last,
                gateway="vnpay",
                amount_minor=FEE.minor,
                currency=FEE.currency,
                **yard.record(),
            )
            for notice in notices
        )
        await yard.write(
            PaymentChargeRow(payment_id=notice.payment_id, charge_id=notice.charge_id)
            for notice in notices
        )
        await yard.write(
            AttemptRow(
                id=notice.attempt_id,
                reference=new_reference("ATT"),
                state="pending",
                payment_id=notice.payment_id,
                txn_ref=notice.txn_ref,
                created_as_sent=as_sent(yard.now),
                next_ask_at=last,
                gateway="vnpay",
                amount_minor=FEE.minor,
                currency=FEE.currency,
                **yard.record(),
            )
            for notice in notices
        )
        return notices

    def job(self, one: Notice, people: People) -> Job:
        """Return the one request of a notice; nobody signs in for it."""
        return [Exchange(request("GET", f"{IPN}?{one.raw}"), 200, "RspCode", "00")]

    async def check(self, connection: asyncpg.Connection, ones: Sequence[Notice]) -> list[str]:
        """Return what is wrong with the inbox after a run."""
        kept = await connection.fetchval(
            f"SELECT count(DISTINCT attempt_id) FROM {table_of(NoticeRow).name} "
            "WHERE attempt_id = ANY($1::uuid[]) AND verified",
            [notice.attempt_id for notice in ones],
        )
        return [] if kept == len(ones) else [f"{self.name}: {kept} of {len(ones)} are in the inbox"]

    async def call(self, services: Services, people: People, one: Notice) -> None:
        """Take a notice in."""
        answer = await services.inbox.take(services.gateways.by_code["vnpay"], one.raw.encode())
        if answer.body["RspCode"] != "00":
            raise RuntimeError(f"the notice was not taken: {answer.body}")

    def _notice(self, yard: Yard) -> Notice:
        txn_ref, number = new_reference("PAY").replace("-", ""), str(next(_numbers))
        raw = as_vnpay_sends(self._vnpay, txn_ref, number, FEE, yard.now)
        return Notice(txn_ref, number, raw)


def as_vnpay_sends(
    ours: VnpaySettings, txn_ref: str, number: str, amount: Money, at: datetime
) -> str:
    """Return the query string that tells of a payment that succeeded, signed under our secret.

    `number` is VNPAY's own of the transaction.
    """
    said = canonical(
        {
            "vnp_Amount": amount_sent(amount),
            "vnp_BankCode": "NCB",
            "vnp_BankTranNo": f"VNP{number}",
            "vnp_CardType": "ATM",
            "vnp_OrderInfo": f"Phi cua khau {_reference(txn_ref)}",
            "vnp_PayDate": as_sent(at),
            "vnp_ResponseCode": "00",
            "vnp_TmnCode": ours.terminal,
            "vnp_TransactionNo": number,
            "vnp_TransactionStatus": "00",
            "vnp_TxnRef": txn_ref,
        }
    )
    return f"{said}&vnp_SecureHash={sign(ours.secret.get_secret_value(), said)}"


class HeldBooking(PaymentNotice):
    """The scenario: the payment was for a booking that is held, which has its slip in the end."""

    name = "held booking, paid by notice"

    async def prepare(self, yard: Yard, number: int) -> list[Notice]:
        """Return notices about payments of bookings that are held, all in one hour."""
        (hour,) = await yard.hours(1, yard.now + timedelta(days=2, minutes=10 * next(_hours)))
        trucks = await yard.to_pay(number, hour)
        return await self.on(yard, [truck.booking_reference for truck in trucks])


async def slips_issued(connection: asyncpg.Connection, ones: Sequence[Notice]) -> int:
    """Return how many of the bookings that notices are about are confirmed and have a slip."""
    number: int = await connection.fetchval(
        "SELECT count(*) FROM slip JOIN booking ON booking.id = booking_id "
        "JOIN charge ON charge.subject = booking.reference "
        "WHERE charge.id = ANY($1::uuid[]) AND booking.state = 'confirmed'",
        [notice.charge_id for notice in ones],
    )
    return number


async def owed_charges(yard: Yard, number: int) -> list[UUID]:
    """Return charges that are owed and that nobody has begun to pay."""
    ids = [new_id() for _ in range(number)]
    await _owe(yard, ids, [new_reference("BKG") for _ in ids])
    return ids


async def settled(connection: asyncpg.Connection, ones: Sequence[Notice]) -> int:
    """Return how many of the charges that notices are about are settled."""
    number: int = await connection.fetchval(
        "SELECT count(*) FROM charge WHERE id = ANY($1::uuid[]) AND state = 'settled'",
        [notice.charge_id for notice in ones],
    )
    return number


async def set_aside(connection: asyncpg.Connection) -> None:
    """Take every waiting notice out of the inbox, so that no worker finds it."""
    await connection.execute(
        "UPDATE notice SET taken_at = received_at, outcome = 'nothing_new' WHERE taken_at IS NULL"
    )


def _reference(txn_ref: str) -> str:
    return f"{txn_ref[:3]}-{txn_ref[3:8]}-{txn_ref[8:]}"


async def _owe(yard: Yard, ids: Sequence[UUID], subjects: Sequence[str]) -> None:
    """Write charges on subjects with what the ledger has of them."""
    charges = [
        ChargeRow(
            id=id,
            reference=new_reference("CHG"),
            state="owed",
            subject=subject,
            kind=_KIND,
            payer_organisation_id=yard.people.organisation_id,
            amount_minor=FEE.minor,
            currency=FEE.currency,
            explanation=[],
            rule_codes=[],
            parts=[{"account": due(_KIND), "amount_minor": FEE.minor}],
            inputs={},
            **yard.record(),
        )
        for id, subject in zip(ids, subjects, strict=True)
    ]
    async with yard.together():
        await yard.write(charges)
        await yard.book(map(yard.owed, charges))
