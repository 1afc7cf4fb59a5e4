"""The end of a shift: the cash is counted, a difference approved, the money brought to the bank."""

from collections.abc import Collection, Sequence
from uuid import UUID

from border.core.actor import PROGRAM
from border.core.money import Money
from border.core.refusal import INVALID, MOVE_NOT_OPEN, NOT_FOUND, FieldError, refuses
from border.core.store import Unit
from border.core.words import N_
from border.identity import policy
from border.payments.desk import storage
from border.payments.desk.report import get_shift
from border.payments.desk.shift import counted, is_second, stored, to_deposit
from border.payments.desk.tables import DeskShiftRow
from border.payments.ledger import ledger_service
from border.payments.ledger.book import CASH, CASH_VARIANCE, Entry, Posting, bank

OWN_COUNT = refuses(
    "own_count",
    403,
    N_("A second person is needed"),
    N_("{reference} is your own shift or your own count. Somebody else approves the difference."),
)
DEPOSITED = refuses(
    "deposited_already",
    409,
    N_("At the bank already"),
    N_("{references} was brought to the bank before. Nothing was booked a second time."),
)
MAIN_ACCOUNT = "main"
"""The bank account the desk's cash goes to."""


async def count(
    unit: Unit,
    id: UUID,
    pieces: Sequence[tuple[int, int]],
    told: int | None = None,
    version: int | None = None,
) -> DeskShiftRow:
    """Close the drawer to money and write down what is in it: notes as (value, pieces).

    Where it is what should be there, the shift is closed. A shift that was counted already is
    counted again by a second person, whose count then stands.
    refuses: not_allowed, not_found, invalid_fields, own_count, move_not_open, stale_version.
    writes: desk_shift, `desk_shift.count` or `desk_shift.recount`, `desk_shift.close`.
    """
    await get_shift(unit.connection, unit.actor, id)
    # Money that is being put in holds this row: whoever comes later finds the shift counted.
    shift = (await storage.lock_shifts(unit.connection, [id]))[0]
    again = shift.state == "counted"
    if again and not is_second(unit.actor.id, shift.cashier_id, None):
        raise OWN_COUNT(reference=shift.reference)
    policy.check(unit.actor, f"desk_shift.{'recount' if again else 'count'}", shift)
    found = counted(shift.currency, pieces, told)
    expected = (await storage.sums(unit.connection, shift)).expected
    variance = found.minor - expected.minor
    amounts = {
        "expected_minor": expected.minor,
        "counted_minor": found.minor,
        "variance_minor": variance,
    }
    shift = await unit.move(
        DeskShiftRow,
        id,
        "recount" if again else "count",
        version=version,
        changes={
            **amounts,
            "denominations": stored(pieces),
            "counted_at": unit.at,
            "counted_by": unit.actor.id,
        },
    )
    if variance:
        return shift
    return await unit.move(
        DeskShiftRow,
        id,
        "close",
        changes={"closed_at": unit.at},
        actor=PROGRAM,
    )


async def approve(unit: Unit, id: UUID, reason: str, version: int | None = None) -> DeskShiftRow:
    """Book what is missing or too much, with the reason a second person found, and close the shift.

    refuses: not_allowed, not_found, invalid_fields, own_count, move_not_open, stale_version.
    writes: desk_shift, journal, posting, `desk_shift.approve`.
    """
    policy.check(unit.actor, "desk_shift.approve")
    before = await get_shift(unit.connection, unit.actor, id)
    if not reason.strip():
        says = N_("Say what was found about the difference.")
        raise INVALID(errors=[FieldError("reason", "missing", says)])
    own = not is_second(unit.actor.id, before.cashier_id, before.counted_by)
    if before.state == "counted" and own:
        raise OWN_COUNT(reference=before.reference)
    shift = await unit.move(
        DeskShiftRow,
        id,
        "approve",
        # A count that came in between is not the one that was looked at.
        version=before.version if version is None else version,
        changes={
            "variance_reason": reason.strip()[:1000],
            "approved_by": unit.actor.id,
            "closed_at": unit.at,
        },
        payload={"reason": reason.strip()},
    )
    assert shift.variance_minor is not None
    assert shift.counted_at is not None
    await ledger_service.post(
        unit,
        Entry(
            kind="cash_variance",
            key=f"cash_variance:{shift.reference}",
            postings=(
                Posting(CASH, Money(shift.variance_minor, shift.currency)),
                Posting(CASH_VARIANCE, Money(-shift.variance_minor, shift.currency)),
            ),
            effective_at=shift.counted_at,
            gateway="desk",
            source="desk",
            note=reason.strip(),
        ),
    )
    return shift


async def deposit(
    unit: Unit, shift_ids: Collection[UUID], bank_reference: str, amount: Money
) -> list[DeskShiftRow]:
    """Book that the cash of closed shifts was paid in at the bank, whole and once.

    What was put in at the start stays in the drawer. `bank_reference` is the number on the bank's
    slip. refuses: not_allowed, not_found, invalid_fields, move_not_open, deposited_already.
    writes: desk_shift, journal, posting, `desk_shift.update`.
    """
    policy.check(unit.actor, "desk_shift.deposit")
    number = bank_reference.strip()
    shifts = await storage.lock_shifts(unit.connection, set(shift_ids))
    if not shifts or len(shifts) < len(set(shift_ids)):
        raise NOT_FOUND(what="desk_shift")
    _check_deposit(shifts, number, amount)
    booked = await ledger_service.post(
        unit,
        Entry(
            kind="payout",
            key=f"payout:desk:{number}",
            postings=(
                Posting(bank(MAIN_ACCOUNT), amount),
                Posting(CASH, Money(-amount.minor, amount.currency)),
            ),
            effective_at=unit.at,
            gateway="desk",
            provider_txn=number,
            source="operator",
            note=", ".join(shift.reference for shift in shifts),
        ),
    )
    if booked is None:
        raise DEPOSITED(references=[number])
    return [
        await unit.change(
            DeskShiftRow,
            shift.id,
            shift.version,
            ("closed",),
            deposited_at=unit.at,
            deposit_reference=number,
            deposited_by=unit.actor.id,
        )
        for shift in shifts
    ]


def _check_deposit(shifts: list[DeskShiftRow], number: str, amount: Money) -> None:
    """Refuse a deposit of shifts that are not closed, were deposited, or hold another amount."""
    for shift in shifts:
        if shift.state != "closed":
            raise MOVE_NOT_OPEN(
                subject=shift.reference, state=shift.state, verb="deposit", allowed=["—"]
            )
    if gone := [shift.reference for shift in shifts if shift.deposited_at is not None]:
        raise DEPOSITED(references=gone)
    errors = []
    if not 1 <= len(number) <= 64 or not number.isprintable():
        says = N_("Give the number on the bank's slip, up to 64 characters.")
        errors.append(FieldError("bank_reference", "missing", says))
    if len({shift.currency for shift in shifts}) > 1:
        says = N_("Bring shifts of one currency to the bank at a time.")
        errors.append(FieldError("shift_ids", "currencies", says))
    else:
        held = to_deposit(
            [
                (Money(s.counted_minor or 0, s.currency), Money(s.float_minor, s.currency))
                for s in shifts
            ]
        )
        if held.minor <= 0:
            says = N_("Nothing is left to bring to the bank.")
            errors.append(FieldError("shift_ids", "nothing", says))
        elif held != amount:
            says = N_("Without what stays in the drawer it is {held} {currency}.")
            facts = (("held", str(held.minor)), ("currency", held.currency))
            errors.append(FieldError("amount_minor", "not_that_much", says, facts))
    if errors:
        raise INVALID(errors=errors)
