"""Applying evidence: the one place that moves an attempt, a payment or a charge by money.

Whatever channel brought it (a notice, an answer, a statement, an operator), evidence passes
through `apply_evidence`, but for plain proofs of payment that wait in the inbox together: those
are `settlement_set_service`'s, by the same rules. Money that a gateway took back without us is
`reversal_service`'s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from border.core.money import Money
from border.core.store import PROGRAM, Unit
from border.payments.charges import charge_service
from border.payments.charges import storage as charge_storage
from border.payments.charges.tables import ChargeRow
from border.payments.collection import part_service, part_storage, payment_storage
from border.payments.collection.part_storage import PaymentPart
from border.payments.collection.payment import MAY_WAIT_IN_PART
from border.payments.collection.settlement import (
    NEEDS_OPERATOR,
    AttemptFacts,
    Outcome,
    PriorCapture,
    Ruling,
    rule,
    shared,
)
from border.payments.collection.tables import AttemptRow, PaymentRow
from border.payments.exceptions.exception_service import ZONE_WIDE, raise_exception
from border.payments.gateways.evidence import Evidence, Finding
from border.payments.ledger import ledger_service
from border.payments.ledger.book import (
    OVERPAID,
    UNMATCHED,
    Entry,
    received,
)
from border.payments.ledger.storage import about_transaction, journal_by_key
from border.payments.ledger.tables import JournalRow


@dataclass(frozen=True)
class Concerned:
    """What a piece of evidence is about, all of it locked; `parts` came for it and wait."""

    attempt: AttemptRow
    payment: PaymentRow
    charges: list[ChargeRow]
    parts: list[PaymentPart] = field(default_factory=list)

    @property
    def owed(self) -> list[ChargeRow]:
        """Those of the charges that are still to be paid."""
        return [charge for charge in self.charges if charge.state == "owed"]

    @property
    def waits(self) -> int:
        """What came before and waits, in minor units."""
        return sum(part.amount.minor for part in self.parts)

    @property
    def payable_until(self) -> datetime:
        """When the first of what is owed can be paid no more."""
        ends = (charge.overdue_at for charge in self.owed)
        return min((end for end in ends if end is not None), default=self.payment.expires_at)

    def paid_by(self, minor: int, owed: Mapping[UUID, Money]) -> list[tuple[ChargeRow, Money]]:
        """Return the owed charges that so much money pays in full, in turn, and how much."""
        paid, left = [], minor
        for charge in self.owed:
            if owed[charge.id].minor <= left:
                paid.append((charge, owed[charge.id]))
                left -= owed[charge.id].minor
        return paid


def capture_key(gateway: str, provider_txn: str) -> str:
    """Return the key under which the money of a gateway's transaction is booked."""
    return f"capture:{gateway}:{provider_txn}"


async def apply_evidence(unit: Unit, evidence: Evidence) -> Outcome:
    """Book and move what the evidence proves, once, in whatever order evidence comes.

    What came for a payment before, and was too little, counts with it. Money that names no payment
    of ours is booked in suspense; other words about unknown payments change nothing.
    writes: journal, posting, attempt, payment, charge, payment_exception; `attempt.*`,
    `payment.pay`, `payment.receive_part` or `payment.review`, `payment_exception.raise` and
    `payment_exception.apply`, and `charge.settle` for each charge under the key of what it is
    owed on.
    """
    about = await _concerned(unit, evidence)
    if about is None:
        return await _unmatched(unit, evidence)
    receivable = await charge_service.receivables(unit.connection, about.charges)
    came = about.waits + evidence.amount.minor if evidence.amount else 0
    pays = about.paid_by(came, receivable)
    ruling = rule(evidence.finding, await _standing(unit, evidence, about, pays))
    journal = None
    if ruling.books:
        unclear = ruling.outcome in (Outcome.UNDERPAID, Outcome.WRONG_AMOUNT, Outcome.CONFLICT)
        suspense = UNMATCHED if unclear else OVERPAID
        due = [(charge.id, money) for charge, money in pays] if ruling.settles else []
        minor = evidence.amount.minor if evidence.amount else 0
        *before, own = shared([*(part.amount.minor for part in about.parts), minor], due)
        journal = await _capture(unit, evidence, own, suspense, about)
        said = {"source": evidence.source.value, "payment_outcome": ruling.outcome.value}
        await part_service.use_parts(
            unit,
            about.payment,
            about.parts,
            before,
            evidence.paid_at or unit.at,
            said,
            but=about.attempt.id,
        )
    if ruling.attempt_verb:
        await unit.move(AttemptRow, about.attempt.id, **move_of_attempt(evidence, ruling))
    if ruling.payment_verb:
        moves = move_of_payment(evidence, ruling, about, unit.at)
        await unit.move(PaymentRow, about.payment.id, **moves)
    if ruling.settles:
        for charge, _ in pays:
            await part_service.settle_charge(unit, charge, evidence.gateway)
    if ruling.outcome in NEEDS_OPERATOR:
        await _raise(unit, evidence, ruling.outcome, about, journal)
    return ruling.outcome


async def _concerned(unit: Unit, evidence: Evidence) -> Concerned | None:
    """Return what the evidence's reference names, locked: payment, attempt, charges."""
    if not evidence.txn_ref:
        return None
    known = await payment_storage.attempt_by_ref(
        unit.connection, evidence.gateway, evidence.txn_ref
    )
    payment = (
        await payment_storage.lock_payment(unit.connection, known.payment_id) if known else None
    )
    attempt = await payment_storage.lock_attempt(unit.connection, known.id) if known else None
    if attempt is None or payment is None:
        return None
    charges = await charge_storage.charges_of(unit.connection, payment.id)
    locked = await charge_storage.lock_charges(unit.connection, [charge.id for charge in charges])
    counts = evidence.finding is Finding.PAID and payment.state in MAY_WAIT_IN_PART
    parts = await part_storage.parts_of(unit.connection, payment.id) if counts else []
    return Concerned(attempt, payment, locked, parts)


async def _standing(
    unit: Unit, evidence: Evidence, about: Concerned, pays: list[tuple[ChargeRow, Money]]
) -> AttemptFacts:
    booked, taken_back = PriorCapture.NO, False
    if evidence.finding is Finding.PAID and evidence.provider_txn:
        there = await journal_by_key(
            unit.connection, capture_key(evidence.gateway, evidence.provider_txn)
        )
        if there:
            held = await ledger_service.postings_under(unit.connection, there.idempotency_key)
            same = there.attempt_id == about.attempt.id and held[0].amount == evidence.amount
            booked = PriorCapture.SAME if same else PriorCapture.OTHERWISE
        else:
            taken_back = bool(
                await about_transaction(unit.connection, evidence.gateway, evidence.provider_txn)
            )
    facts = standing(evidence, about, pays, unit.at)
    return replace(facts, booked=booked, taken_back=taken_back)


def standing(
    evidence: Evidence, about: Concerned, pays: Sequence[tuple[ChargeRow, Money]], at: datetime
) -> AttemptFacts:
    """Return where things stand, for a transaction about which nothing is booked."""
    amount, attempt = evidence.amount, about.attempt
    came = about.waits + (amount.minor if amount else 0)
    return AttemptFacts(
        attempt=attempt.state,
        payment=about.payment.state,
        amount_known=amount is not None,
        currency_agrees=amount is not None and amount.currency == attempt.currency,
        enough=came >= about.payment.amount_minor,
        more=came > about.payment.amount_minor,
        owed=len(about.owed),
        pays=len(pays),
        charges=len(about.charges),
        in_time=at < about.payable_until,
        left_over=sum(part.minor for _, part in pays) < came,
    )


async def _capture(
    unit: Unit,
    evidence: Evidence,
    paid_for: list[tuple[UUID, Money]],
    suspense: str,
    about: Concerned | None = None,
) -> JournalRow | None:
    return await ledger_service.post(unit, capture_of(evidence, paid_for, suspense, unit.at, about))


def capture_of(
    evidence: Evidence,
    paid_for: Sequence[tuple[UUID, Money]],
    suspense: str,
    at: datetime,
    about: Concerned | None = None,
) -> Entry:
    """Return the entry of money that came. Raises ValueError where there is nothing to book."""
    amount, number = evidence.amount, evidence.provider_txn
    if amount is None or not number:
        raise ValueError(f"{evidence.txn_ref or 'money without a name'} has nothing to book")
    return Entry(
        kind="capture",
        key=capture_key(evidence.gateway, number),
        postings=received(evidence.gateway, amount, paid_for, suspense),
        effective_at=evidence.paid_at or at,
        gateway=evidence.gateway,
        provider_txn=number,
        payment_id=about.payment.id if about else None,
        attempt_id=about.attempt.id if about else None,
        source=evidence.source.value,
        note=evidence.memo,
    )


async def _unmatched(unit: Unit, evidence: Evidence) -> Outcome:
    """Book money that names no payment of ours in suspense, once, and let a person see to it."""
    number = evidence.provider_txn
    if evidence.finding is not Finding.PAID or evidence.amount is None or not number:
        return Outcome.NOTHING_NEW
    key = capture_key(evidence.gateway, number)
    if held := await ledger_service.postings_under(unit.connection, key):
        if held[0].amount == evidence.amount:
            return Outcome.NOTHING_NEW
        await _raise(unit, evidence, Outcome.CONFLICT, None, None)
        return Outcome.CONFLICT
    journal = await _capture(unit, evidence, [], UNMATCHED)
    await _raise(unit, evidence, Outcome.UNMATCHED, None, journal)
    return Outcome.UNMATCHED


async def _raise(
    unit: Unit,
    evidence: Evidence,
    outcome: Outcome,
    about: Concerned | None,
    journal: JournalRow | None,
) -> None:
    suspense = {OVERPAID, UNMATCHED}
    held = [
        line.amount
        for line in await ledger_service.postings_under(
            unit.connection, journal.idempotency_key if journal else ""
        )
        if line.account in suspense
    ]
    number = evidence.provider_txn or evidence.txn_ref
    await raise_exception(
        unit,
        kind=outcome.value,
        key=f"{outcome.value}:{evidence.gateway}:{number}",
        gateway=evidence.gateway,
        gate=about.payment.gate if about else ZONE_WIDE,
        amount=Money(-held[0].minor, held[0].currency) if held else evidence.amount,
        provider_txn=evidence.provider_txn,
        payment_id=about.payment.id if about else None,
        attempt_id=about.attempt.id if about else None,
        journal_id=journal.id if journal else None,
        reported={
            "source": evidence.source.value,
            "reference": evidence.txn_ref,
            "memo": evidence.memo,
            "finding": evidence.finding.value,
        },
    )


def move_of_attempt(evidence: Evidence, ruling: Ruling) -> dict[str, Any]:
    """Return the move of an attempt, as `Unit.move` and `Unit.advance` take it."""
    changes: dict[str, object] = {"next_ask_at": None}
    if ruling.attempt_verb == "succeed":
        changes["provider_txn"] = evidence.provider_txn
    return {
        "verb": str(ruling.attempt_verb),
        "changes": changes,
        "payload": {"source": evidence.source.value, "payment_outcome": ruling.outcome.value},
        "actor": PROGRAM,
    }


def move_of_payment(
    evidence: Evidence, ruling: Ruling, about: Concerned, at: datetime
) -> dict[str, Any]:
    """Return the move of a payment, as `Unit.move` and `Unit.advance` take it."""
    payment, verb, ends = about.payment, str(ruling.payment_verb), None
    running = payment.state in ("pending", *MAY_WAIT_IN_PART)
    late = not running or at >= payment.expires_at
    changes: dict[str, object] | None = None
    said: dict[str, str | bool | int] = {"payment_outcome": ruling.outcome.value, "late": late}
    if ruling.settles:
        changes = {"paid_at": evidence.paid_at or at, "late": late}
    elif verb == "receive_part":
        # The gateway's quarter of an hour is over for this payer: what counts now is how long
        # what is paid for is kept.
        ends = about.payable_until
        changes = {"expires_at": ends}
        came = about.waits + (evidence.amount.minor if evidence.amount else 0)
        said |= {"received_minor": came, "missing_minor": payment.amount_minor - came}
    return {
        "verb": verb,
        "changes": changes,
        "payload": said,
        "actor": PROGRAM,
        "overdue_at": ends,
    }
