"""Opening a payment, seeing it, giving it up, and letting it expire.

What a gateway then says is taken in by `notice_service`, asked for by `query_service` and
applied by `settlement_service`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.identity.actor import Actor, Role
from border.money import Money, total
from border.payments import charge_service, charge_storage, payment_storage
from border.payments.charge import PAYMENT_LASTS
from border.payments.desk.drawer_service import record_taking
from border.payments.evidence import Evidence, Finding, Gateway, Source
from border.payments.query_service import ASK_AFTER
from border.payments.settlement_service import apply_evidence
from border.payments.tables import AttemptRow, ChargeRow, PaymentChargeRow, PaymentRow
from border.refusal import INVALID, NOT_ALLOWED, NOT_FOUND, FieldError, refuses
from border.store import PROGRAM, Unit
from border.words import N_

CHARGE_NOT_OWED = refuses(
    "charge_not_owed",
    409,
    N_("Not owed"),
    N_("{references} cannot be paid: nothing is owed on it any more."),
)
CHARGES_APART = refuses(
    "charges_apart",
    409,
    N_("Not payable together"),
    N_("Only charges of one payer and in one currency are paid together. Pay them one by one."),
)

TOO_LATE_TO_PAY = refuses(
    "too_late_to_pay",
    409,
    N_("Too late to pay"),
    N_("The time to pay {references} is over. Book again, or pay at the desk."),
)

DESK = "desk"
"""Money taken at the zone's own counter."""
_CASHIERS = (Role.CASHIER, Role.MANAGER)
_SWEEP = 200


@dataclass(frozen=True)
class SeenPayment:
    """A payment with the charges it is to settle, and its attempts, the newest first."""

    payment: PaymentRow
    charges: list[ChargeRow]
    attempts: list[AttemptRow]


async def open_payment(
    unit: Unit, charge_ids: Collection[UUID], gateway: str, gateways: Mapping[str, Gateway]
) -> PaymentRow:
    """Promise to collect charges through a gateway, or at the desk collect them at once.

    Asked again while the payment runs, it is returned rather than doubled; another gateway opens
    another payment. Where its payer goes on, `checkout_service` tells once this is committed: a
    notice may be faster than the browser.
    refuses: invalid_fields, not_allowed, not_found, charge_not_owed, charges_apart,
    too_late_to_pay, desk_shift_counted. writes: payment, payment_charge, attempt; `payment.open`,
    `attempt.open`, and at the desk what `apply_evidence` and `record_taking` write.
    """
    through = _chosen(gateway, gateways)
    if not charge_ids:
        raise INVALID(errors=[FieldError("charge_ids", "missing", N_("Name what is to be paid."))])
    if through is None and not unit.actor.has(*_CASHIERS):
        raise NOT_ALLOWED(needs=[role.value for role in _CASHIERS])
    charges = await _payable(unit, set(charge_ids))
    owed = await charge_service.receivables(unit.connection, charges)
    amount = total(list(owed.values()), charges[0].currency)
    if through is None:
        return await _take_at_desk(unit, charges, amount)
    if amount.currency not in through.currencies:
        raise INVALID(errors=[_currency_not_taken(through, amount.currency)])
    running = await payment_storage.open_payment_for(
        unit.connection, [charge.id for charge in charges], gateway, amount.minor, unit.at
    )
    if running is not None:
        return running
    payment, _ = await _promise(unit, charges, amount, through, _ends(charges, unit.at))
    return payment


def _ends(charges: list[ChargeRow], at: datetime) -> datetime:
    """Return when a payment opened now ends: no later than what it pays for is kept.

    refuses: too_late_to_pay.
    """
    last = min(charge.due_at for charge in charges if charge.due_at is not None)
    if last <= at:
        raise TOO_LATE_TO_PAY(references=[charge.reference for charge in charges])
    return min(at + PAYMENT_LASTS, last)


async def get_payment(connection: AsyncConnection, actor: Actor, id: UUID) -> SeenPayment:
    """Return a payment of the actor's organisation; the zone's people see every one.

    refuses: not_found.
    """
    payment = await payment_storage.payment_by_id(connection, id)
    if payment is None or not _sees(actor, payment.payer_organisation_id):
        raise NOT_FOUND(what="payment")
    return SeenPayment(
        payment,
        await charge_storage.charges_of(connection, id),
        await payment_storage.attempts_of(connection, id),
    )


async def find_payment(
    connection: AsyncConnection, actor: Actor, reference: str
) -> SeenPayment | None:
    """Return the payment people know by `reference`, if the actor may see it."""
    found = await payment_storage.payment_by_reference(connection, reference.strip().upper())
    if found is None or not _sees(actor, found.payer_organisation_id):
        return None
    return await get_payment(connection, actor, found.id)


async def cancel_payment(unit: Unit, id: UUID, version: int | None = None) -> PaymentRow:
    """Give a payment up. Its attempt stays open: money that comes all the same is accepted.

    refuses: not_found, not_allowed, move_not_open, stale_version. writes: payment,
    `payment.cancel`.
    """
    payment = (await get_payment(unit.connection, unit.actor, id)).payment
    return await unit.move(PaymentRow, id, "cancel", version=version, facts=_payment_facts(payment))


async def expire_due(unit: Unit) -> int:
    """Let up to 200 payments whose time is up expire, with their attempts; return how many.

    Nothing is turned away by it: the gateway goes on being asked, and late money is accepted.
    writes: payment, attempt; `payment.expire`, `attempt.expire`.
    """
    due = await payment_storage.lock_due_payments(unit.connection, unit.at, _SWEEP)
    for payment in due:
        await unit.move(
            PaymentRow, payment.id, "expire", facts=_payment_facts(payment), actor=PROGRAM
        )
        for attempt in await payment_storage.lock_open_attempts(unit.connection, payment.id):
            await unit.move(
                AttemptRow,
                attempt.id,
                "expire",
                facts={"gateway": attempt.gateway},
                actor=PROGRAM,
            )
    return len(due)


def _chosen(gateway: str, gateways: Mapping[str, Gateway]) -> Gateway | None:
    """Return the gateway of that name, None for the desk."""
    if gateway == DESK:
        return None
    if gateway not in gateways:
        raise INVALID(
            errors=[
                FieldError(
                    "gateway",
                    "unknown",
                    N_("Pay through one of: {known}."),
                    (("known", ", ".join([*gateways, DESK])),),
                )
            ]
        )
    return gateways[gateway]


def _currency_not_taken(through: Gateway, currency: str) -> FieldError:
    return FieldError(
        "gateway",
        "currency_not_taken",
        N_("{gateway} does not take {currency}. Choose another way to pay."),
        (("gateway", through.code), ("currency", currency)),
    )


async def _payable(unit: Unit, ids: set[UUID]) -> list[ChargeRow]:
    """Return the charges, locked, if this actor may see them and they can be paid together."""
    charges = await charge_storage.lock_charges(unit.connection, ids)
    if len(charges) < len(ids) or not all(
        _sees(unit.actor, charge.payer_organisation_id) for charge in charges
    ):
        raise NOT_FOUND(what="charge")
    if gone := [charge.reference for charge in charges if charge.state != "owed"]:
        raise CHARGE_NOT_OWED(references=gone)
    if len({(charge.payer_organisation_id, charge.currency) for charge in charges}) > 1:
        raise CHARGES_APART()
    return charges


async def _promise(
    unit: Unit,
    charges: list[ChargeRow],
    amount: Money,
    through: Gateway | None,
    ends: datetime,
) -> tuple[PaymentRow, AttemptRow]:
    """Write down a payment and its attempt at a gateway, or at the desk."""
    gateway = through.code if through else DESK
    facts = {"gateway": gateway, "amount_minor": amount.minor, "currency": amount.currency}
    payment = await unit.create(
        PaymentRow,
        "pending",
        "open",
        gate=charges[0].gate,
        facts=facts,
        due_at=ends,
        expires_at=ends,
        gateway=gateway,
        amount_minor=amount.minor,
        currency=amount.currency,
        payer_organisation_id=charges[0].payer_organisation_id,
        opened_by=unit.actor.id,
    )
    for charge in charges:
        await unit.add(PaymentChargeRow(payment_id=payment.id, charge_id=charge.id))
    number = await payment_storage.next_reference(unit.connection)
    attempt = await unit.create(
        AttemptRow,
        "pending",
        "open",
        gate=payment.gate,
        facts=facts,
        due_at=ends,
        payment_id=payment.id,
        gateway=gateway,
        txn_ref=through.txn_ref(payment.reference, number) if through else payment.reference,
        created_as_sent=through.sent_at(unit.at) if through else unit.at.isoformat(),
        amount_minor=amount.minor,
        currency=amount.currency,
        next_ask_at=unit.at + ASK_AFTER[0] if through else None,
    )
    return payment, attempt


async def _take_at_desk(unit: Unit, charges: list[ChargeRow], amount: Money) -> PaymentRow:
    """Write down a payment made over the counter, apply the cashier's word, fill the drawer."""
    payment, attempt = await _promise(unit, charges, amount, None, unit.at + PAYMENT_LASTS)
    word = Evidence(
        DESK,
        attempt.txn_ref,
        Finding.PAID,
        amount,
        Source.DESK,
        provider_txn=attempt.reference,
        paid_at=unit.at,
    )
    await apply_evidence(unit, word)
    await record_taking(unit, payment.id, payment.reference, payment.gate, amount)
    return (await get_payment(unit.connection, unit.actor, payment.id)).payment


def _payment_facts(payment: PaymentRow) -> dict[str, str | int]:
    return {
        "gateway": payment.gateway,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
    }


def _sees(actor: Actor, payer_organisation_id: UUID) -> bool:
    return actor.is_staff or actor.organisation_id == payer_organisation_id
