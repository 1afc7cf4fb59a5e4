"""Adjusting receipts for what became of their money, and replacing those with a wrong payer.

Nothing here edits a receipt: each correction is a receipt of its own, linked to the one it is
about. When which of the two is right, `receipt` says.
"""

from collections.abc import Mapping
from uuid import UUID

from border.core.actor import PROGRAM
from border.core.money import Money
from border.core.refusal import INVALID, NOT_FOUND, FieldError, refuses
from border.core.store import Unit
from border.core.words import N_
from border.identity import policy
from border.payments.collection.tables import PaymentRow
from border.payments.ledger import ledger_service
from border.payments.ledger.book import PAYER
from border.payments.ledger.tables import JournalRow
from border.payments.receipts import storage
from border.payments.receipts.receipt import (
    CAME_BACK,
    GIVEN_BACK,
    CannotBeReceipted,
    Payer,
    ReceiptKind,
    ReceiptLine,
    check_complete,
    exceeds,
    given_back,
    line_of,
    restored,
)
from border.payments.receipts.receipt_service import Office, ReceiptDraft, issue, issue_original
from border.payments.receipts.tables import ReceiptRow

NOT_REPLACEABLE = refuses(
    "receipt_not_replaceable",
    409,
    N_("An adjustment is not replaced"),
    N_("{reference} is an adjustment. Correct the receipt that it adjusts, or the refund."),
)
ADJUSTS_TOO_MUCH = refuses(
    "receipt_adjusts_too_much",
    409,
    N_("More than the receipt is over"),
    N_("{amount_minor} {currency} cannot be taken back of receipt {reference}: it has less left."),
)
NOTHING_TO_ADJUST = refuses(
    "receipt_missing",
    409,
    N_("No receipt to adjust"),
    N_("Payment {reference} has no receipt and none can be made: {why}."),
)


async def adjust_for_refund(
    unit: Unit,
    office: Office,
    *,
    refund_id: UUID,
    payment_id: UUID,
    amount: Money,
    reason: str,
    shares: Mapping[str, int] | None = None,
) -> ReceiptRow:
    """Issue the adjustment that shows a refund, in full or in part, once for each refund.

    `amount` is what goes back of the charges, not of money paid over; `shares` says how much of
    which charge, by its reference, and without it each charge bears its proportion. The receipt is
    issued first, if it is not there yet.
    refuses: not_found, receipt_missing, receipt_adjusts_too_much, receipt_series_exhausted.
    writes: receipt_series, receipt; `receipt.issue`, `receipt.adjust`.
    """
    payment = await _locked(unit, payment_id)
    there = await storage.issued_for(unit.connection, refund_id)
    if there is not None:
        return there
    receipt = await _in_force(unit, office, payment)
    before = await _adjusted_by(unit, receipt)
    lines = [ReceiptLine.of(line) for line in receipt.lines]
    known = {line.charge for line in lines}
    lines += [line for line in before if line.minor > 0 and line.charge not in known]
    facts = {"serial": receipt.serial, "number": receipt.number, "reason": reason}
    said = office.speech.explanation(GIVEN_BACK, facts, "vi")
    back = given_back(lines, amount.minor, shares, facts | {"text": said})
    whole = sum(line.minor for line in back) == -amount.minor and amount.minor > 0
    own = [ReceiptLine.of(line) for line in receipt.lines]
    if not whole or amount.currency != receipt.currency or exceeds(own, before, back):
        raise ADJUSTS_TOO_MUCH(
            amount_minor=amount.minor, currency=amount.currency, reference=receipt.reference
        )
    signed = office.speech.explanation(reason, {}, "vi")
    return await _adjust(unit, office, payment, receipt, refund_id, back, signed, refund_id)


async def restore_after_bounce(
    unit: Unit, office: Office, refund_id: UUID, payment_id: UUID
) -> ReceiptRow:
    """Issue the adjustment that undoes the one for a refund which came back, once.

    refuses: not_found, where the refund was never shown by an adjustment. writes: receipt_series,
    receipt; `receipt.issue`, `receipt.adjust`.
    """
    payment = await _locked(unit, payment_id)
    shown = await storage.issued_for(unit.connection, refund_id)
    if shown is None:
        raise NOT_FOUND(what="receipt")
    there = await storage.issued_for(unit.connection, shown.id)
    if there is not None:
        return there
    receipt = await _in_force(unit, office, payment)
    facts = {"serial": shown.serial, "number": shown.number}
    text = office.speech.explanation(CAME_BACK, facts, "vi")
    lines = restored((ReceiptLine.of(line) for line in shown.lines), text, facts)
    return await _adjust(unit, office, payment, receipt, shown.id, lines, text, refund_id)


async def adjust_for_application(unit: Unit, office: Office, journal: JournalRow) -> ReceiptRow:
    """Issue the adjustment that shows further charges, paid out of money left over, once.

    `journal` is the booking that paid them. refuses: not_found, receipt_missing,
    receipt_series_exhausted. writes: receipt_series, receipt; `receipt.issue`, `receipt.adjust`.
    """
    if journal.payment_id is None:
        raise NOT_FOUND(what="payment")
    payment = await _locked(unit, journal.payment_id)
    there = await storage.issued_for(unit.connection, journal.id)
    if there is not None:
        return there
    receipt = await _in_force(unit, office, payment)
    known = {line["charge"] for line in receipt.lines}
    known |= {line.charge for line in await _adjusted_by(unit, receipt)}
    postings = await ledger_service.postings_under(unit.connection, journal.idempotency_key)
    paid = {
        line.charge_id: Money(-line.amount.minor, line.amount.currency)
        for line in postings
        if line.account == PAYER and line.charge_id
    }
    lines = tuple(
        line_of(charge._asdict(), paid[charge.id], office.speech)
        for charge in await storage.charges(unit.connection, list(paid))
        if charge.reference not in known
    )
    check_complete(lines, _payer(receipt))
    return await _adjust(unit, office, payment, receipt, journal.id, lines, "", None)


async def _locked(unit: Unit, payment_id: UUID) -> PaymentRow:
    payment = await storage.lock_payment(unit.connection, payment_id)
    if payment is None:
        raise NOT_FOUND(what="payment")
    return payment


async def _adjusted_by(unit: Unit, receipt: ReceiptRow) -> list[ReceiptLine]:
    """Return the lines of the adjustments that a receipt has."""
    return [
        ReceiptLine.of(line)
        for adjustment in await storage.adjustments_of(unit.connection, receipt.id)
        for line in adjustment.lines
    ]


async def _adjust(
    unit: Unit,
    office: Office,
    payment: PaymentRow,
    receipt: ReceiptRow,
    issue_key: UUID,
    lines: tuple[ReceiptLine, ...],
    reason: str,
    refund_id: UUID | None,
) -> ReceiptRow:
    """Mark a receipt as adjusted and issue the adjustment."""
    await unit.move(
        ReceiptRow,
        receipt.id,
        "adjust",
        payload={"amount_minor": abs(receipt.total_minor)},
        actor=PROGRAM,
    )
    return await issue(
        unit,
        office,
        ReceiptDraft(
            kind=ReceiptKind.ADJUSTMENT,
            issue_key=issue_key,
            payment=payment,
            payer=_payer(receipt),
            lines=lines,
            currency=receipt.currency,
            plate=receipt.vehicle_plate,
            gateway=receipt.gateway,
            gateway_txn=receipt.gateway_txn,
            related=receipt,
            refund_id=refund_id,
            reason=reason[:500],
        ),
    )


async def _in_force(unit: Unit, office: Office, payment: PaymentRow) -> ReceiptRow:
    """Return the receipt of a locked payment that is in force, locked, issuing it if need be."""
    if await storage.in_force(unit.connection, payment.id) is None:
        try:
            await issue_original(unit, office, payment)
        except CannotBeReceipted as why:
            raise NOTHING_TO_ADJUST(reference=payment.reference, why=str(why)) from why
    receipt = await storage.in_force(unit.connection, payment.id)
    assert receipt is not None
    return receipt


async def replace(
    unit: Unit,
    office: Office,
    receipt_id: UUID,
    reason: str,
    payer: Payer,
    version: int | None = None,
) -> ReceiptRow:
    """Replace a receipt whose payer is named wrongly; the new one has a number of its own.

    The amounts stay. Whoever was adjusted already is not replaced any more.
    refuses: not_allowed, not_found, invalid_fields, move_not_open, stale_version,
    receipt_not_replaceable, receipt_series_exhausted. writes: receipt_series, receipt;
    `receipt.replace`, `receipt.issue`.
    """
    policy.check(unit.actor, "receipt.replace")
    there = await storage.by_id(unit.connection, receipt_id)
    found = policy.found(unit.actor, "receipt.replace", there)
    payment = await storage.lock_payment(unit.connection, found.payment_id)
    old = await storage.by_id(unit.connection, receipt_id, lock=True)
    assert payment is not None
    assert old is not None
    if old.kind == ReceiptKind.ADJUSTMENT:
        raise NOT_REPLACEABLE(reference=old.reference)
    _check_correction(old, reason, payer)
    await unit.move(
        ReceiptRow,
        old.id,
        "replace",
        version=version,
        payload={"amount_minor": abs(old.total_minor), "reason": reason.strip()[:500]},
    )
    return await issue(
        unit,
        office,
        ReceiptDraft(
            kind=ReceiptKind.REPLACEMENT,
            issue_key=old.id,
            payment=payment,
            payer=payer,
            lines=tuple(ReceiptLine.of(line) for line in old.lines),
            currency=old.currency,
            plate=old.vehicle_plate,
            gateway=old.gateway,
            gateway_txn=old.gateway_txn,
            related=old,
            reason=reason.strip()[:500],
        ),
    )


def _check_correction(old: ReceiptRow, reason: str, payer: Payer) -> None:
    """Refuse a correction without a reason or a name, or that corrects nothing."""
    errors = []
    if not reason.strip():
        errors.append(FieldError("reason", "missing", N_("Say what was wrong.")))
    if not payer.name.strip():
        errors.append(FieldError("payer_name", "missing", N_("Name the payer.")))
    if payer == _payer(old):
        errors.append(FieldError("payer_name", "same", N_("Nothing differs: correct a field.")))
    if errors:
        raise INVALID(errors=errors)


def _payer(row: ReceiptRow) -> Payer:
    return Payer(row.payer_name, row.payer_tax_code, row.payer_address)
