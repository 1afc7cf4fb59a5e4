"""The drawer while it is open: begun by a cashier, filled by payments, emptied by refunds.

Whatever goes in or out holds the shift's row to the end of its transaction, so that nobody counts
a drawer into which somebody is just putting money.
"""

from uuid import UUID

from border.core.money import Money
from border.core.refusal import INVALID, FieldError, refuses
from border.core.store import Unit
from border.core.words import N_
from border.gates import all_gates
from border.identity import policy
from border.payments.desk import storage
from border.payments.desk.shift import NOTES
from border.payments.desk.tables import DeskShiftRow, DeskTakingRow

SHIFT_OPEN = refuses(
    "desk_shift_open",
    409,
    N_("Your shift is open already"),
    N_("{reference} is open. Count it before you begin another."),
)
SHIFT_COUNTED = refuses(
    "desk_shift_counted",
    409,
    N_("Your shift is counted"),
    N_(
        "{reference} is counted and waits for a second person; no more money goes into it. "
        "Open a new shift and take the money again."
    ),
)
NO_SHIFT = refuses(
    "desk_shift_missing",
    409,
    N_("No shift is open"),
    N_("Cash is paid out of an open shift. Open one with the cash that is in the drawer."),
)
DRAWER_SHORT = refuses(
    "drawer_short",
    409,
    N_("Not enough in the drawer"),
    N_("{reference} cannot be paid out: the drawer of {shift} does not hold that much."),
)
PAID_OUT = refuses(
    "drawer_paid_out",
    409,
    N_("Paid out already"),
    N_("{reference} was paid out of a drawer before, with another amount."),
)


async def open_shift(
    unit: Unit, gate: str, float_minor: int = 0, currency: str = "VND"
) -> DeskShiftRow:
    """Begin a shift with the cash that is put into the drawer.

    refuses: not_allowed, invalid_fields, desk_shift_open. writes: desk_shift, `desk_shift.open`.
    """
    cashier = _cashier(unit)
    await _check(unit, gate, float_minor, currency)
    await storage.lock_drawers(unit.connection, cashier)
    there = await storage.lock_open_shift(unit.connection, cashier, currency)
    if there is not None:
        raise SHIFT_OPEN(reference=there.reference)
    return await _begun(unit, cashier, gate, Money(float_minor, currency))


async def record_taking(
    unit: Unit, payment_id: UUID, reference: str, gate: str, amount: Money
) -> DeskShiftRow:
    """Put the cash of a payment into the cashier's drawer; the first one opens a shift by itself.

    refuses: not_allowed, invalid_fields, desk_shift_counted. writes: desk_taking; perhaps
    desk_shift and `desk_shift.open`.
    """
    cashier = _cashier(unit)
    if amount.currency not in NOTES:
        raise INVALID(errors=[_not_cash("gateway")])
    await storage.lock_drawers(unit.connection, cashier)
    shift = await storage.lock_open_shift(unit.connection, cashier, amount.currency)
    if shift is None:
        waiting = await storage.shifts_in(unit.connection, cashier, "counted", amount.currency)
        if waiting:
            raise SHIFT_COUNTED(reference=waiting[0].reference)
        shift = await _begun(unit, cashier, gate, Money(0, amount.currency))
    taking = _line(unit, "taking", shift, reference, amount, payment_id)
    if not await storage.add_taking(unit.connection, taking):
        raise ValueError(f"{reference} is in a drawer already")
    return shift


async def record_payout(unit: Unit, reference: str, amount: Money) -> DeskTakingRow:
    """Take the cash of a refund out of the cashier's open drawer, once under its reference.

    The same again returns what is recorded. Call it last, when all else is locked.
    refuses: not_allowed, desk_shift_missing, drawer_short, drawer_paid_out. writes: desk_taking.
    """
    cashier = _cashier(unit)
    shift = await storage.lock_open_shift(unit.connection, cashier, amount.currency)
    if there := await storage.taking(unit.connection, reference):
        return _same(there, amount)
    if shift is None:
        raise NO_SHIFT()
    if (await storage.sums(unit.connection, shift)).expected.minor < amount.minor:
        raise DRAWER_SHORT(reference=reference, shift=shift.reference)
    payout = _line(unit, "payout", shift, reference, amount, None)
    if await storage.add_taking(unit.connection, payout):
        return payout
    there = await storage.taking(unit.connection, reference)
    assert there is not None
    return _same(there, amount)


def _same(there: DeskTakingRow, amount: Money) -> DeskTakingRow:
    if there.kind != "payout" or Money(there.amount_minor, there.currency) != amount:
        raise PAID_OUT(reference=there.reference)
    return there


def _cashier(unit: Unit) -> UUID:
    """Return whose drawer it is. refuses: not_allowed."""
    policy.check(unit.actor, "desk_shift.take")
    if unit.actor.id is None:
        raise policy.not_allowed("desk_shift.take")
    return unit.actor.id


async def _check(unit: Unit, gate: str, float_minor: int, currency: str) -> None:
    """Refuse a shift at no gate, in money nobody counts, or begun with less than nothing."""
    errors = []
    codes = [one.code for one in await all_gates(unit.connection)]
    if gate not in codes:
        says = N_("There is no gate {given}. Choose one of: {gates}.")
        facts = (("given", gate), ("gates", ", ".join(sorted(codes))))
        errors.append(FieldError("gate", "unknown_gate", says, facts))
    if currency not in NOTES:
        errors.append(_not_cash("currency"))
    if float_minor < 0:
        says = N_("Give the cash in the drawer, nothing or more.")
        errors.append(FieldError("float_minor", "negative", says))
    if errors:
        raise INVALID(errors=errors)


def _not_cash(field: str) -> FieldError:
    says = N_("The desk takes cash in: {known}.")
    return FieldError(field, "currency_not_taken", says, (("known", ", ".join(NOTES)),))


async def _begun(unit: Unit, cashier: UUID, gate: str, float_: Money) -> DeskShiftRow:
    return await unit.create(
        DeskShiftRow,
        "open",
        "open",
        gate=gate,
        cashier_id=cashier,
        opened_at=unit.at,
        currency=float_.currency,
        float_minor=float_.minor,
    )


def _line(
    unit: Unit,
    kind: str,
    shift: DeskShiftRow,
    reference: str,
    amount: Money,
    payment_id: UUID | None,
) -> DeskTakingRow:
    return DeskTakingRow(
        reference=reference,
        kind=kind,
        shift_id=shift.id,
        payment_id=payment_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        at=unit.at,
    )
