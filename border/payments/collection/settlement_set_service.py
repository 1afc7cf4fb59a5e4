"""Settling as a set: plain proofs of payment that wait together are applied in one transaction.

Plain is money in full, for a payment that waits for it, of which the books know nothing yet. What
`settlement_service.apply_evidence` does for one is done here for all of them, by the same rules,
with as many statements as for one. Everything is read and decided before anything is written, and
nobody is waited for: whatever is not plain, or in somebody's hands, is left to the form for one
(docs/decisions/0027).
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from border.core.money import Money
from border.core.store import Clash, Then, Unit
from border.payments.charges import charge_service
from border.payments.charges import storage as charge_storage
from border.payments.charges.tables import ChargeRow
from border.payments.collection import payment_storage
from border.payments.collection.notice_storage import WaitingNotice, mark_taken
from border.payments.collection.part_service import move_of_charge
from border.payments.collection.payment import MAY_WAIT_IN_PART
from border.payments.collection.settlement import Outcome, Ruling, rule
from border.payments.collection.settlement_service import (
    Concerned,
    capture_of,
    move_of_attempt,
    move_of_payment,
    standing,
)
from border.payments.gateways.evidence import Evidence, Finding
from border.payments.ledger import ledger_service
from border.payments.ledger.book import OVERPAID
from border.payments.ledger.storage import known_transactions


@dataclass(frozen=True)
class _Proof:
    """A notice that pays: what it says, what it is about, the charges it pays and how much."""

    notice: WaitingNotice
    evidence: Evidence
    about: Concerned
    pays: Sequence[tuple[ChargeRow, Money]]
    ruling: Ruling


@dataclass(frozen=True)
class _Read:
    """What one reading for all has found."""

    about: Mapping[tuple[str, str], Concerned]
    receivable: Mapping[UUID, Money]
    booked: set[tuple[str, str]]


async def settle_together(unit: Unit, waiting: Sequence[WaitingNotice]) -> list[WaitingNotice]:
    """Apply the plain proofs of payment among notices that are locked; return all others.

    Whoever comes second to a payment, a charge, what is paid for, or a transaction is left too: it
    must see what the first has done. Raises Clash.
    writes: journal, posting, attempt, payment, charge, notice; `attempt.succeed`, `payment.pay`,
    `charge.settle`, and what follows on them.
    """
    words = [Evidence.of(notice.evidence) for notice in waiting]
    read = await _read(unit, words)
    proofs: list[_Proof] = []
    claimed: set[tuple[str, object]] = set()
    for notice, evidence in zip(waiting, words, strict=True):
        about = read.about.get((evidence.gateway, evidence.txn_ref))
        claims = _claims(evidence, about)
        if about and claims.isdisjoint(claimed):
            proofs += _plain(unit, notice, evidence, about, read)
        claimed |= claims
    settled = {proof.notice.id for proof in await _write(unit, proofs)} if proofs else set()
    if settled:
        await mark_taken(unit.connection, list(settled), unit.at, Outcome.SETTLED)
    return [notice for notice in waiting if notice.id not in settled]


async def _read(unit: Unit, words: Sequence[Evidence]) -> _Read:
    """Lock what the words are about, as far as nobody else has, and ask the books about it."""
    connection = unit.connection
    named = await payment_storage.lock_named(
        connection, {(word.gateway, word.txn_ref) for word in words if word.txn_ref}
    )
    charges = await charge_storage.lock_charges_of(
        connection, {payment.id for _, payment in named.values()}
    )
    about = {
        reference: Concerned(attempt, payment, charges[payment.id].locked)
        for reference, (attempt, payment) in named.items()
        if charges[payment.id].all
    }
    return _Read(
        about,
        await charge_service.receivables(
            connection, [charge for one in about.values() for charge in one.charges]
        ),
        await known_transactions(
            connection, {(w.gateway, w.provider_txn) for w in words if w.provider_txn}
        ),
    )


def _claims(evidence: Evidence, about: Concerned | None) -> set[tuple[str, object]]:
    """Return what a notice is about: nobody who comes after it may be decided beside it."""
    claims: set[tuple[str, object]] = {("reference", (evidence.gateway, evidence.txn_ref))}
    if evidence.provider_txn:
        claims.add(("transaction", (evidence.gateway, evidence.provider_txn)))
    if about:
        claims.add(("payment", about.payment.id))
        claims |= {("subject", charge.subject) for charge in about.charges}
    return claims


def _plain(
    unit: Unit, notice: WaitingNotice, evidence: Evidence, about: Concerned, read: _Read
) -> list[_Proof]:
    """Return what a notice proves, if it plainly pays what it is about; else nothing."""
    if evidence.finding is not Finding.PAID or evidence.amount is None:
        return []
    if about.payment.state in MAY_WAIT_IN_PART:
        return []  # Parts of it may wait.
    if (evidence.gateway, evidence.provider_txn or "") in read.booked:
        return []
    pays = about.paid_by(evidence.amount.minor, read.receivable)
    ruling = rule(evidence.finding, standing(evidence, about, pays, unit.at))
    plain = ruling.outcome is Outcome.SETTLED
    return [_Proof(notice, evidence, about, pays, ruling)] if plain else []


async def _write(unit: Unit, proofs: Sequence[_Proof]) -> list[_Proof]:
    """Book the money of proofs and leave their moves to the end; return those that can follow."""
    attempts = await unit.follows("attempt.succeed", [proof.about.attempt for proof in proofs])
    payments = await unit.follows("payment.pay", [proof.about.payment for proof in proofs])
    charges = [charge for proof in proofs for charge, _ in proof.pays]
    after = await unit.follows("charge.settle", charges)
    settles = dict(zip((charge.id for charge in charges), after, strict=True))
    ready: list[tuple[_Proof, Then, Then, list[Then]]] = []
    for proof, succeed, pay in zip(proofs, attempts, payments, strict=True):
        settle = [then for charge, _ in proof.pays if (then := settles[charge.id])]
        if succeed and pay and len(settle) == len(proof.pays):
            ready.append((proof, succeed, pay, settle))
    booked = await ledger_service.post_many(
        [
            (
                unit,
                capture_of(
                    proof.evidence,
                    [(charge.id, money) for charge, money in proof.pays],
                    OVERPAID,
                    unit.at,
                    proof.about,
                ),
            )
            for proof, *_ in ready
        ]
    )
    if None in booked:
        raise Clash  # A rival has booked one meanwhile.
    for proof, succeed, pay, settle in ready:
        await asyncio.sleep(0)  # Whoever stands at the barrier is answered meanwhile.
        evidence, ruling, about = proof.evidence, proof.ruling, proof.about
        unit.advance(about.attempt, **move_of_attempt(evidence, ruling), then=succeed)
        moves = move_of_payment(evidence, ruling, about, unit.at)
        unit.advance(about.payment, **moves, then=pay)
        for (charge, _), then in zip(proof.pays, settle, strict=True):
            unit.advance(charge, **move_of_charge(evidence.gateway, unit.at), then=then)
    return [proof for proof, *_ in ready]
