"""Opening a payment, seeing it, giving it up, and letting it expire.

What a gateway then says is taken in by `notice_service`, asked for by `query_service` and
applied by `settlement_service`. Cash is taken by `desk.counter_service`, on the same promise.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.core.ids import WrongReference, parse_reference
from border.core.money import Money, total
from border.core.refusal import INVALID, NOT_FOUND, FieldError, refuses
from border.core.store import PROGRAM, Unit
from border.core.words import N_
from border.identity import policy
from border.payments.charges import charge_service
from border.payments.charges import storage as charge_storage
from border.payments.charges.tables import ChargeRow, PaymentChargeRow
from border.payments.collection import part_storage, payment_storage
from border.payments.collection.payment import MAY_WAIT_IN_PART, PAYMENT_LASTS
from border.payments.collection.query_service import ASK_AFTER
from border.payments.collection.settlement import Outcome
from border.payments.collection.tables import AttemptRow, PaymentRow
from border.payments.gateways.evidence import COUNTER, Gateway

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


@dataclass(frozen=True)
class SeenPayment:
    """A payment with the charges it is to settle, and its attempts, the newest first.

    `waits` is what came for it and was too little so far, in minor units.
    """

    payment: PaymentRow
    charges: list[ChargeRow]
    attempts: list[AttemptRow]
    waits: int = 0

    @property
    def asked(self) -> Money:
        """What it is to collect."""
        return Money(self.payment.amount_minor, self.payment.currency)

    @property
    def received(self) -> Money:
        """What of it came."""
        return received_of(self.payment, self.waits)

    @property
    def missing(self) -> Money:
        """What of it is still to come."""
        return Money(self.payment.amount_minor - self.received.minor, self.payment.currency)


def received_of(payment: PaymentRow, waits: int) -> Money:
    """Return what came of what a payment is to collect: all once it is paid, else what waits."""
    paid = payment.paid_at is not None and payment.state != "needs_review"
    return Money(payment.amount_minor if paid else waits, payment.currency)


async def open_payment(
    unit: Unit, charge_ids: Collection[UUID], gateway: str, gateways: Mapping[str, Gateway]
) -> PaymentRow:
    """Promise to collect charges through a gateway.

    Asked again while the payment runs, or waits for its rest, it is returned rather than doubled;
    another gateway opens another payment. Where its payer goes on, `checkout_service` tells once
    this is committed: a notice may be faster than the browser.
    refuses: not_allowed, invalid_fields, not_found, charge_not_owed, charges_apart,
    too_late_to_pay. writes: payment, payment_charge, attempt; `payment.open`, `attempt.open`.
    """
    policy.check(unit.actor, "payment.open")
    through = _chosen(gateway, gateways)
    charges, amount = await payable(unit, charge_ids)
    if amount.currency not in through.currencies:
        raise INVALID(errors=[_currency_not_taken(through, amount.currency)])
    running = await payment_storage.open_payment_for(
        unit.connection, [charge.id for charge in charges], gateway, amount.minor, unit.at
    )
    if running is not None:
        return running
    payment, _ = await promise(unit, charges, amount, through, _ends(charges, unit.at))
    return payment


def _ends(charges: list[ChargeRow], at: datetime) -> datetime:
    """Return when a payment opened now ends: no later than what it pays for is kept.

    refuses: too_late_to_pay.
    """
    last = min(charge.overdue_at for charge in charges if charge.overdue_at is not None)
    if last <= at:
        raise TOO_LATE_TO_PAY(references=[charge.reference for charge in charges])
    return min(at + PAYMENT_LASTS, last)


async def get_payment(connection: AsyncConnection, actor: Actor, id: UUID) -> SeenPayment:
    """Return a payment of the actor's organisation; the zone's people see every one.

    refuses: not_found.
    """
    there = await payment_storage.payment_by_id(connection, id)
    payment = policy.found(actor, "payment.read", there)
    return SeenPayment(
        payment,
        await charge_storage.charges_of(connection, id),
        await payment_storage.attempts_of(connection, id),
        await waiting_for_rest(connection, payment),
    )


async def waiting_for_rest(connection: AsyncConnection, payment: PaymentRow) -> int:
    """Return what came for a payment and was too little so far, in minor units."""
    if payment.state not in MAY_WAIT_IN_PART:
        return 0
    return sum(part.amount.minor for part in await part_storage.parts_of(connection, payment.id))


async def waiting_for_more(
    connection: AsyncConnection, actor: Actor, charges: Collection[ChargeRow]
) -> SeenPayment | None:
    """Return the payment of any of these charges of which a part came, if the actor may see it."""
    ids = [charge.id for charge in charges]
    for payment in await payment_storage.waiting_in_part(connection, ids) if ids else []:
        if payment.state == "part_paid" and policy.may(actor, "payment.read", payment):
            return await get_payment(connection, actor, payment.id)
    return None


async def surplus_on(
    connection: AsyncConnection, actor: Actor, charges: Collection[ChargeRow]
) -> Money | None:
    """Return what came for charges beyond what was owed and waits to go back, if anything.

    What was paid by whose payments the actor may not see is not counted.
    """
    found = await part_storage.surplus_on(connection, [charge.id for charge in charges])
    for payment_id in {payment_id for payment_id, _ in found}:
        payment = await payment_storage.payment_by_id(connection, payment_id)
        if payment is None or not policy.may(actor, "payment.read", payment):
            found = [one for one in found if one[0] != payment_id]
    return total([money for _, money in found], found[0][1].currency) if found else None


async def find_payment(
    connection: AsyncConnection, actor: Actor, reference: str
) -> SeenPayment | None:
    """Return the payment people know by `reference`, if the actor may see it."""
    try:
        wanted = parse_reference(reference, PaymentRow.prefix)
    except WrongReference:
        return None
    found = await payment_storage.payment_by_reference(connection, wanted)
    if found is None or not policy.may(actor, "payment.read", found):
        return None
    return await get_payment(connection, actor, found.id)


async def cancel_payment(unit: Unit, id: UUID, version: int | None = None) -> PaymentRow:
    """Give a payment up. Its attempt stays open: money that comes all the same is accepted.

    refuses: not_allowed, not_found, move_not_open, stale_version. writes: payment,
    `payment.cancel`.
    """
    policy.check(unit.actor, "payment.cancel")
    there = await payment_storage.payment_by_id(unit.connection, id)
    policy.found(unit.actor, "payment.cancel", there)
    return await unit.move(PaymentRow, id, "cancel", version=version)


async def on_timeout(unit: Unit, payment: PaymentRow, verb: str) -> None:
    """End a payment whose time is over, with the attempts that have no outcome.

    Nothing is turned away by it: the gateway goes on being asked, and late money is accepted.
    One whose rest did not come in time is left to the zone, for it holds the payer's money.
    writes: payment, attempt; `payment.expire` or `payment.review`, `attempt.expire`.
    """
    said = {"payment_outcome": Outcome.UNDERPAID.value, "late": True} if verb == "review" else None
    await unit.move(PaymentRow, payment.id, verb, payload=said, actor=PROGRAM)
    for attempt in await payment_storage.lock_open_attempts(unit.connection, payment.id):
        await unit.move(AttemptRow, attempt.id, "expire", actor=PROGRAM)


def _chosen(gateway: str, gateways: Mapping[str, Gateway]) -> Gateway:
    """Return the gateway of that name. refuses: invalid_fields."""
    if gateway not in gateways:
        raise INVALID(
            errors=[
                FieldError(
                    "gateway",
                    "unknown",
                    N_("Pay through one of: {known}."),
                    (("known", ", ".join([*gateways, COUNTER])),),
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


async def payable(unit: Unit, charge_ids: Collection[UUID]) -> tuple[list[ChargeRow], Money]:
    """Return the charges, locked, and what is owed on them, if this actor may pay them together.

    refuses: invalid_fields, not_found, charge_not_owed, charges_apart.
    """
    if not charge_ids:
        raise INVALID(errors=[FieldError("charge_ids", "missing", N_("Name what is to be paid."))])
    ids = set(charge_ids)
    charges = await charge_storage.lock_charges(unit.connection, ids)
    if len(charges) < len(ids) or not all(
        policy.may(unit.actor, "payment.open", charge) for charge in charges
    ):
        raise NOT_FOUND(what="charge")
    if gone := [charge.reference for charge in charges if charge.state != "owed"]:
        raise CHARGE_NOT_OWED(references=gone)
    if len({(charge.payer_organisation_id, charge.currency) for charge in charges}) > 1:
        raise CHARGES_APART()
    owed = await charge_service.receivables(unit.connection, charges)
    return charges, total(list(owed.values()), charges[0].currency)


async def promise(
    unit: Unit,
    charges: list[ChargeRow],
    amount: Money,
    through: Gateway | None,
    ends: datetime,
) -> tuple[PaymentRow, AttemptRow]:
    """Write down a payment and its attempt at a gateway, or with None at the desk.

    writes: payment, payment_charge, attempt; `payment.open`, `attempt.open`.
    """
    gateway = through.code if through else COUNTER
    payment = await unit.create(
        PaymentRow,
        "pending",
        "open",
        gate=charges[0].gate,
        overdue_at=ends,
        expires_at=ends,
        gateway=gateway,
        amount_minor=amount.minor,
        currency=amount.currency,
        payer_organisation_id=charges[0].payer_organisation_id,
        opened_by=unit.actor.id,
    )
    for charge in charges:
        await unit.add(PaymentChargeRow(payment_id=payment.id, charge_id=charge.id))
    return payment, await attempt_at(unit, payment, through, amount)


async def attempt_at(
    unit: Unit, payment: PaymentRow, through: Gateway | None, amount: Money, nth: int = 1
) -> AttemptRow:
    """Write down that a payer is sent to a gateway for an amount, or with None to the desk.

    `nth` counts the attempts of the payment: no gateway is told the same reference twice.
    writes: attempt; `attempt.open`.
    """
    number = await payment_storage.next_reference(unit.connection)
    name = payment.reference if nth == 1 else f"{payment.reference}-{nth}"
    return await unit.create(
        AttemptRow,
        "pending",
        "open",
        gate=payment.gate,
        overdue_at=payment.expires_at,
        payment_id=payment.id,
        gateway=through.code if through else COUNTER,
        txn_ref=through.txn_ref(name, number) if through else name,
        created_as_sent=through.sent_at(unit.at) if through else unit.at.isoformat(),
        amount_minor=amount.minor,
        currency=amount.currency,
        next_ask_at=unit.at + ASK_AFTER[0] if through else None,
    )
