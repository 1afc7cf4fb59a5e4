"""Making charges, voiding and waiving them, and telling what is owed on a subject."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.ids import new_reference
from border.core.money import Money
from border.core.reading import as_row
from border.core.refusal import INVALID, FieldError, refuses
from border.core.sets import Walk, WalkStep, begin_set, walk_set
from border.core.store import PROGRAM, Clash, Unit
from border.core.words import N_
from border.identity import policy
from border.payments.charges import owing_storage, storage
from border.payments.charges.charge import CHARGE
from border.payments.charges.tables import ChargeRow
from border.payments.ledger import ledger_service
from border.payments.ledger import storage as ledger_storage
from border.payments.ledger.book import (
    Entry,
    assessed,
    due,
    reversed_postings,
    shares_of,
)
from border.payments.tariffs.tariff import Assessment

CHARGED_ALREADY = refuses(
    "charged_already",
    409,
    N_("Charged already"),
    N_(
        "A charge of kind {kind} over another amount is in force on {subject}: {reference}. "
        "Void it first; what is paid is not charged again."
    ),
)


@dataclass(frozen=True)
class NewCharge:
    """What was assessed on a subject; a payment opened for it ends by `pay_by`, if given."""

    kind: str
    subject: str
    gate: str
    payer_organisation_id: UUID
    assessment: Assessment
    pay_by: datetime | None = None


async def owe_many(asked: Sequence[tuple[Unit, NewCharge]]) -> list[ChargeRow]:
    """Charge what was assessed, each once: the same again returns the charge in force.

    Each is charged in its unit; all units are of one transaction. It takes as many statements for
    a set as for one.
    refuses: charged_already, if another amount of that kind is in force on a subject. writes:
    charge, journal, posting, `charge.owe` under the key `subject`.
    """
    if not asked:
        return []
    connection = asked[0][0].connection
    subjects = {one.subject for _, one in asked}
    await owing_storage.lock_subjects(connection, subjects)
    there = await owing_storage.live_charges(connection, subjects, {one.kind for _, one in asked})
    made: list[tuple[Unit, ChargeRow]] = []
    charges: list[ChargeRow] = []
    for unit, one in asked:
        amount, charge = one.assessment.amount, there.get((one.subject, one.kind))
        if charge is None:
            charge = there[one.subject, one.kind] = _charge_of(unit, one)
            made.append((unit, charge))
        elif (charge.amount_minor, charge.currency) != (amount.minor, amount.currency):
            raise CHARGED_ALREADY(kind=one.kind, subject=one.subject, reference=charge.reference)
        charges.append(charge)
    units, rows = [unit for unit, _ in made], [charge for _, charge in made]
    if not all(await begin_set(units, ChargeRow, "owe", rows, actor=PROGRAM)):
        raise Clash  # a rival who did not ask for the lock: look again
    await ledger_service.post_many([(unit, _entry_of(unit, charge)) for unit, charge in made])
    return charges


def owe_at_end(unit: Unit, asked: NewCharge) -> ChargeRow:
    """Charge what was assessed on a subject that this transaction makes, when it ends.

    Nobody else can have charged it, so nothing is looked up. writes: as `owe_many`.
    """
    charge = unit.begin(ChargeRow, "owed", "owe", actor=PROGRAM, **_columns_of(asked))
    ledger_service.post_at_end(unit, _entry_of(unit, charge))
    return charge


def _charge_of(unit: Unit, asked: NewCharge) -> ChargeRow:
    begun = {
        "reference": new_reference(ChargeRow.prefix),
        "state": "owed",
        "created_at": unit.at,
        "changed_at": unit.at,
    }
    columns = _columns_of(asked)
    overdue_at = columns["overdue_at"] or CHARGE.overdue_at("owed", unit.at)
    return as_row(ChargeRow, {**begun, **columns, "overdue_at": overdue_at})


def _columns_of(asked: NewCharge) -> dict[str, Any]:
    assessment = asked.assessment
    amount = assessment.amount
    parts = [(part.account, part.amount) for part in assessment.parts]
    return {
        "gate": asked.gate,
        "overdue_at": asked.pay_by,
        "subject": asked.subject,
        "kind": asked.kind,
        "payer_organisation_id": asked.payer_organisation_id,
        "amount_minor": amount.minor,
        "currency": amount.currency,
        "explanation": [line.stored() for line in assessment.lines],
        "rule_codes": list(assessment.rule_codes),
        "parts": [
            {"account": account, "amount_minor": part.minor}
            for account, part in parts or [(due(asked.kind), amount)]
        ],
        "inputs": dict(assessment.inputs),
        "rule_versions": dict(assessment.versions),
    }


def _entry_of(unit: Unit, charge: ChargeRow) -> Entry:
    amount = Money(charge.amount_minor, charge.currency)
    return Entry(
        kind="assess",
        key=f"assess:{charge.reference}",
        postings=assessed(charge.id, amount, _parts_of(charge)),
        effective_at=unit.at,
        charge_id=charge.id,
    )


def _parts_of(charge: ChargeRow) -> list[tuple[str, Money]]:
    return [
        (str(part["account"]), Money(int(part["amount_minor"]), charge.currency))
        for part in charge.parts
    ]


async def _book_back(unit: Unit, charges: Sequence[ChargeRow], kind: str, note: str = "") -> None:
    """Undo in the ledger what is still owed on charges; what a part of it paid stays paid."""
    owed = await receivables(unit.connection, charges)
    entries = [
        Entry(
            kind=kind,
            key=f"{kind}:{charge.reference}",
            postings=reversed_postings(
                assessed(charge.id, owed[charge.id], shares_of(owed[charge.id], _parts_of(charge)))
            ),
            effective_at=unit.at,
            charge_id=charge.id,
            note=note,
        )
        for charge in charges
    ]
    await ledger_service.post_many([(unit, entry) for entry in entries])


async def void(unit: Unit, *subjects: str) -> list[ChargeRow]:
    """Void what is still owed on some subjects and return it; what was paid stays paid.

    Money that comes for it afterwards waits in suspense. writes: charge, journal, posting,
    `charge.void` under the key of the subject.
    """
    charges = await storage.lock_owed(unit.connection, subjects)
    if charges:
        await _book_back(unit, charges, "void")
        await walk_set(unit, [Walk(charge, (WalkStep("void", PROGRAM),)) for charge in charges])
    return charges


async def waive(unit: Unit, charge_id: UUID, reason: str, version: int | None = None) -> ChargeRow:
    """Let the payer off a charge; the reason stays inside the zone.

    refuses: not_allowed, invalid_fields, not_found, move_not_open, stale_version. writes:
    charge, journal, posting, `charge.waive` under the key of its subject.
    """
    policy.check(unit.actor, "charge.waive")
    if not reason.strip():
        raise INVALID(errors=[FieldError("reason", "missing", N_("Say why it is waived."))])
    await storage.lock_charges(unit.connection, [charge_id])
    said = {"reason": reason.strip()}
    waived = await unit.move(ChargeRow, charge_id, "waive", version=version, payload=said)
    await _book_back(unit, [waived], "waive", reason.strip())
    return waived


async def charges_on(
    connection: AsyncConnection, subjects: Collection[str]
) -> dict[str, list[ChargeRow]]:
    """Return the charges on each of `subjects`, oldest first, voided ones included."""
    found: dict[str, list[ChargeRow]] = {subject: [] for subject in subjects}
    for charge in await storage.charges_on(connection, subjects):
        found[charge.subject].append(charge)
    return found


async def payment_blocked(
    connection: AsyncConnection,
    subjects: Collection[str],
    at: datetime | None = None,
    paid: Collection[UUID] = (),
) -> set[str]:
    """Return those of `subjects` whose money does not let them pass, or did not at `at`.

    Something is owed still, the money goes back or went back, or a gateway disputes it. What was
    paid, waived or never owed blocks nothing; nor does what this transaction books as `paid`.
    """
    return await storage.payment_blocked(connection, subjects, at, paid)


async def receivables(
    connection: AsyncConnection, charges: Collection[ChargeRow]
) -> dict[UUID, Money]:
    """Return what is still owed on each of these charges, as the ledger has it."""
    owed = await ledger_storage.receivables(connection, [charge.id for charge in charges])
    return {charge.id: Money(owed[charge.id], charge.currency) for charge in charges}
