"""What a refund does to the books, to the charges and to the payment it is of.

Money is set aside when a refund is asked for and leaves when it is given back; what comes to
nothing is put back where it was taken from. Who may ask and what a gateway said is decided
elsewhere in this folder.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from border.core.actor import Actor
from border.core.money import Money
from border.core.store import PROGRAM, Unit, table_of
from border.payments.charges import storage as charge_storage
from border.payments.charges.tables import ChargeRow
from border.payments.collection.payment import MAY_WAIT_IN_PART
from border.payments.collection.tables import PaymentRow
from border.payments.exceptions.exception_service import ZONE_WIDE, raise_exception
from border.payments.gateways.evidence import RefundMethod, Source
from border.payments.ledger import ledger_service
from border.payments.ledger.book import Entry, Posting, reversed_postings
from border.payments.refunds import money_storage
from border.payments.refunds.refund import Allocation, paid_back
from border.payments.refunds.tables import RefundRow


@dataclass(frozen=True)
class Left:
    """What of a payment can still go back: by charge, and by account of each charge."""

    by_charge: Mapping[UUID, int]
    accounts: Mapping[UUID, Mapping[str, int]]

    @property
    def minor(self) -> int:
        """The sum, in minor units."""
        return sum(self.by_charge.values())


def allocations_of(refund: RefundRow) -> list[Allocation]:
    """Return what a refund takes from which charge."""
    return [
        Allocation(UUID(part["charge_id"]), part["amount_minor"]) for part in refund.allocations
    ]


async def left_of(unit: Unit, payment: PaymentRow, only: Collection[UUID] | None = None) -> Left:
    """Return what can go back of a payment that the caller has locked, of `only` some charges.

    The ledger is asked: what the payment's money paid for, less what refunds took.
    """
    found = await charge_storage.charges_of(unit.connection, payment.id)
    wanted = [charge.id for charge in found if only is None or charge.id in only]
    charges = await charge_storage.lock_charges(unit.connection, wanted)
    ids = [charge.id for charge in charges if charge.state in ("settled", "refunded")]
    applied = await money_storage.applied_on(unit.connection, ids)
    owed_on = await money_storage.owed_on(unit.connection, ids)
    returned = await money_storage.returned_of(unit.connection, payment.id)
    left = {
        id: min(
            applied[id].get(payment.id, 0) - returned.get(id, 0),
            sum(minor for minor in owed_on[id].values() if minor > 0),
        )
        for id in ids
    }
    return Left({id: minor for id, minor in left.items() if minor > 0}, owed_on)


async def handed_over(unit: Unit, refund: RefundRow) -> RefundRow:
    """Leave an approved refund to whoever pays it out, unless a gateway does.

    writes: refund, `refund.hand_over`.
    """
    if refund.refund_method == RefundMethod.API:
        return refund
    return await unit.move(RefundRow, refund.id, "hand_over", actor=PROGRAM)


async def drop(
    unit: Unit,
    refund: RefundRow,
    verb: str,
    note: str,
    actor: Actor | None = None,
    version: int | None = None,
) -> RefundRow:
    """Let a refund come to nothing before anybody gave it back, and put its money back.

    One that a gateway may have taken is not dropped. refuses: not_allowed, move_not_open,
    stale_version. writes: refund, journal, posting; `refund.decline` or `refund.withdraw`.
    """
    moved = await unit.move(
        RefundRow,
        refund.id,
        verb,
        version=version,
        changes={"note": note.strip()[:1000], "next_ask_at": None},
        payload={"note": note.strip()},
        actor=actor,
        where=table_of(RefundRow).c.request_id.is_(None),
    )
    await release(unit, moved)
    return moved


async def reserve(unit: Unit, refund: RefundRow, postings: tuple[Posting, ...]) -> None:
    """Set a refund's money aside. writes: journal, posting."""
    number = await _of_transaction(unit, refund)
    await _book(unit, refund, "refund_reserve", postings, unit.at, number=number)


async def release(unit: Unit, refund: RefundRow) -> None:
    """Put the money of a refund that came to nothing back. writes: journal, posting."""
    taken = await ledger_service.postings_under(
        unit.connection, f"refund_reserve:{refund.reference}"
    )
    number = await _of_transaction(unit, refund)
    await _book(unit, refund, "refund_release", reversed_postings(taken), unit.at, number=number)


async def give_back(
    unit: Unit, refund: RefundRow, at: datetime, source: Source, payment: PaymentRow | None
) -> None:
    """Book that a refund's money has gone, and move the charges and the payment it empties.

    writes: journal, posting, charge, payment; `charge.refund`, `payment.refund_part` or
    `payment.refund`.
    """
    amount = Money(refund.amount_minor, refund.currency)
    postings = paid_back(allocations_of(refund), amount, refund.pays_from)
    await _book(unit, refund, "refund_pay", postings, at, source)
    await _move_charges(unit, refund)
    if payment is not None:
        await _move_payment(unit, refund, payment)


async def come_back(unit: Unit, refund: RefundRow, source: Source) -> None:
    """Book that money given back has come back, and put it where it was taken from.

    The charges stay refunded: the payer is still to have the money, by another way.
    writes: journal, posting.
    """
    gone = await ledger_service.postings_under(unit.connection, f"refund_pay:{refund.reference}")
    await _book(unit, refund, "refund_bounce", reversed_postings(gone), unit.at, source)
    await release(unit, refund)


async def tell_accountant(unit: Unit, refund: RefundRow, why: str) -> None:
    """Put a refund that failed into the accountant's queue. writes: payment_exception."""
    await raise_exception(
        unit,
        kind="refund_failed",
        key=f"refund_failed:{refund.reference}",
        gateway=refund.gateway,
        gate=refund.gate or ZONE_WIDE,
        amount=Money(refund.amount_minor, refund.currency),
        provider_txn=refund.provider_txn,
        payment_id=refund.payment_id,
        attempt_id=refund.attempt_id,
        reported={
            "refund": refund.reference,
            "why": why,
            "code": refund.provider_code,
            "automatic": refund.automatic,
        },
    )


async def _of_transaction(unit: Unit, refund: RefundRow) -> str | None:
    """Return the gateway's number of the money that waited and is set aside by a refund.

    It tells what of that money still waits; of money that paid charges, the charges tell.
    """
    if refund.exception_id is None:
        return None
    capture = await money_storage.journal_by_id(unit.connection, refund.capture_id)
    return capture.provider_txn if capture else None


async def _book(
    unit: Unit,
    refund: RefundRow,
    kind: str,
    postings: tuple[Posting, ...],
    at: datetime,
    source: Source | None = None,
    number: str | None = None,
) -> None:
    await ledger_service.post(
        unit,
        Entry(
            kind=kind,
            key=f"{kind}:{refund.reference}",
            postings=postings,
            effective_at=at,
            gateway=refund.gateway,
            provider_txn=number or refund.provider_txn,
            payment_id=refund.payment_id,
            attempt_id=refund.attempt_id,
            refund_id=refund.id,
            source=source.value if source else "",
            note=refund.reason,
        ),
    )


async def _move_charges(unit: Unit, refund: RefundRow) -> None:
    """Record as refunded the charges whose money is all back with the payer."""
    ids = [part.charge_id for part in allocations_of(refund)]
    charges = await charge_storage.lock_charges(unit.connection, ids)
    owed_on = await money_storage.owed_on(unit.connection, ids)
    payable = await money_storage.payable(unit.connection, ids)
    for charge in charges:
        all_back = not any(owed_on[charge.id].values()) and not payable[charge.id]
        if charge.state == "settled" and all_back:
            await unit.move(
                ChargeRow,
                charge.id,
                "refund",
                payload={"gateway": refund.gateway},
                actor=PROGRAM,
            )


async def _move_payment(unit: Unit, refund: RefundRow, payment: PaymentRow) -> None:
    """Record how much of a payment is back: money that only waited leaves a paid one as it is."""
    gone = not await money_storage.collected(unit.connection, payment.gateway, payment.id)
    if payment.state in MAY_WAIT_IN_PART:
        verb = "refund" if gone else ""
    elif payment.state in ("paid", "partially_refunded") and not refund.exception_id:
        verb = "refund" if await _nothing_left(unit, payment) else "refund_part"
    else:
        verb = ""
    if verb:
        await unit.move(
            PaymentRow,
            payment.id,
            verb,
            payload={"amount_minor": refund.amount_minor, "currency": refund.currency},
            actor=PROGRAM,
        )


async def _nothing_left(unit: Unit, payment: PaymentRow) -> bool:
    charges = await charge_storage.charges_of(unit.connection, payment.id)
    ids = [charge.id for charge in charges]
    payable = await money_storage.payable(unit.connection, ids)
    left = await left_of(unit, payment)
    return not left.minor and not any(payable.values())
