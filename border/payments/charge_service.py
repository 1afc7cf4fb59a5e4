"""Making charges, letting them fall, and telling what is owed on a subject."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.money import Money
from border.payments import charge_storage as storage
from border.payments.ledger import ledger_service
from border.payments.ledger import storage as ledger_storage
from border.payments.ledger.book import (
    Entry,
    assessed,
    due,
    reversed_postings,
    shares_of,
)
from border.payments.tables import ChargeRow
from border.payments.tariffs.tariff import Assessment
from border.refusal import INVALID, FieldError, refuses
from border.store import PROGRAM, Unit
from border.words import N_

CHARGED_ALREADY = refuses(
    "charged_already",
    409,
    N_("Charged already"),
    N_(
        "A charge of kind {kind} over another amount is in force on {subject}: {reference}. "
        "Void it first; what is paid is not charged again."
    ),
)


def charge_facts(charge: ChargeRow) -> dict[str, str | int]:
    """Return what every event of a charge says about it."""
    return {
        "kind": charge.kind,
        "amount_minor": charge.amount_minor,
        "currency": charge.currency,
    }


async def owe(
    unit: Unit,
    *,
    kind: str,
    subject: str,
    gate: str,
    payer_organisation_id: UUID,
    assessment: Assessment,
    pay_by: datetime | None = None,
) -> ChargeRow:
    """Charge what was assessed on `subject`, once: the same again returns the charge in force.

    A payment opened for it ends by `pay_by`, where that is given.

    refuses: charged_already, if another amount of that kind is in force. writes: charge,
    journal, posting, `charge.owe` under the key `subject`.
    """
    await storage.lock_subject(unit.connection, subject)
    amount = assessment.amount
    there = await storage.live_charge(unit.connection, subject, kind)
    if there is not None:
        if (there.amount_minor, there.currency) != (amount.minor, amount.currency):
            raise CHARGED_ALREADY(kind=kind, subject=subject, reference=there.reference)
        return there
    parts = [(part.account, part.amount) for part in assessment.parts] or [(due(kind), amount)]
    charge = await unit.create(
        ChargeRow,
        "owed",
        "owe",
        gate=gate,
        key=subject,
        facts={"kind": kind, "amount_minor": amount.minor, "currency": amount.currency},
        actor=PROGRAM,
        due_at=pay_by,
        subject=subject,
        kind=kind,
        payer_organisation_id=payer_organisation_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        explanation=[line.stored() for line in assessment.lines],
        rule_codes=list(assessment.rule_codes),
        parts=[{"account": account, "amount_minor": part.minor} for account, part in parts],
        inputs=dict(assessment.inputs),
    )
    await ledger_service.post(
        unit,
        Entry(
            kind="assess",
            key=f"assess:{charge.reference}",
            postings=assessed(charge.id, amount, parts),
            effective_at=unit.at,
            charge_id=charge.id,
        ),
    )
    return charge


async def _book_back(unit: Unit, charge: ChargeRow, kind: str, note: str = "") -> None:
    """Undo in the ledger what is still owed on a charge; what a part of it paid stays paid."""
    owed = (await receivables(unit.connection, [charge]))[charge.id]
    parts = [
        (str(part["account"]), Money(int(part["amount_minor"]), charge.currency))
        for part in charge.parts
    ]
    await ledger_service.post(
        unit,
        Entry(
            kind=kind,
            key=f"{kind}:{charge.reference}",
            postings=reversed_postings(assessed(charge.id, owed, shares_of(owed, parts))),
            effective_at=unit.at,
            charge_id=charge.id,
            note=note,
        ),
    )


async def void(unit: Unit, subject: str) -> list[ChargeRow]:
    """Let fall what is still owed on `subject` and return it; what was paid stays paid.

    Money that comes for it afterwards waits in suspense. writes: charge, journal, posting,
    `charge.void` under the key `subject`.
    """
    fallen = []
    for charge in await storage.lock_owed(unit.connection, subject):
        await _book_back(unit, charge, "void")
        fallen.append(
            await unit.move(
                ChargeRow, charge.id, "void", key=subject, facts=charge_facts(charge), actor=PROGRAM
            )
        )
    return fallen


async def waive(unit: Unit, charge_id: UUID, reason: str, version: int | None = None) -> ChargeRow:
    """Let the payer off a charge; the reason stays inside the zone.

    refuses: invalid_fields, not_allowed, not_found, move_not_open, stale_version. writes:
    charge, journal, posting, `charge.waive` under the key of its subject.
    """
    if not reason.strip():
        raise INVALID(errors=[FieldError("reason", "missing", N_("Say why it is waived."))])
    charge = next(iter(await storage.lock_charges(unit.connection, [charge_id])), None)
    waived = await unit.move(
        ChargeRow,
        charge_id,
        "waive",
        version=version,
        key=charge.subject if charge else None,
        facts=charge_facts(charge) if charge else None,
        inside={"reason": reason.strip()},
    )
    await _book_back(unit, waived, "waive", reason.strip())
    return waived


async def charges_on(
    connection: AsyncConnection, subjects: Collection[str]
) -> dict[str, list[ChargeRow]]:
    """Return the charges on each of `subjects`, oldest first, voided ones included."""
    found: dict[str, list[ChargeRow]] = {subject: [] for subject in subjects}
    for charge in await storage.charges_on(connection, subjects):
        found[charge.subject].append(charge)
    return found


async def all_settled(connection: AsyncConnection, subject: str) -> bool:
    """Say whether the gate may open as far as `subject`'s money goes: paid, waived, never owed."""
    return not await storage.barred(connection, [subject])


async def barred(connection: AsyncConnection, subjects: Collection[str]) -> set[str]:
    """Return those of `subjects` whose money does not let them pass; the ledger is asked.

    Something is owed still, the money goes back or went back, or a gateway disputes it.
    """
    return await storage.barred(connection, subjects)


async def receivables(
    connection: AsyncConnection, charges: Collection[ChargeRow]
) -> dict[UUID, Money]:
    """Return what is still owed on each of these charges, as the ledger has it."""
    owed = await ledger_storage.receivables(connection, [charge.id for charge in charges])
    return {charge.id: Money(owed[charge.id], charge.currency) for charge in charges}
