"""Issuing receipts after the money is in.

Payments do not wait for their receipts: `issue_due` makes them afterwards. One payment has one
receipt in force, whoever issues and however often. Adjusting and replacing are
`correction_service`'s, finding is `reading_service`'s.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM
from border.core.clock import ZONE
from border.core.ids import new_reference
from border.core.money import Money
from border.core.postponed import Identified, Waits, one_by_one, waits
from border.core.refusal import Refusal, refuses
from border.core.store import Store, Unit
from border.core.words import N_
from border.payments.collection.tables import PaymentRow
from border.payments.ledger import storage as ledger_storage
from border.payments.receipts import storage
from border.payments.receipts.amount_words import amount_vi
from border.payments.receipts.document import receipt_document
from border.payments.receipts.lookup_code import new_lookup_code
from border.payments.receipts.receipt import (
    CannotBeReceipted,
    Collector,
    Payer,
    ReceiptKind,
    ReceiptLine,
    Speech,
    check_complete,
    law_on,
    line_of,
    serial_of,
)
from border.payments.receipts.signing import ReceiptSigner
from border.payments.receipts.tables import ReceiptRow, ReceiptSeriesRow

TURN = 20
"""How many receipts are issued in one transaction: their series is held while they are signed."""
_log = logging.getLogger(__name__)
SERIES_EXHAUSTED = refuses(
    "receipt_series_exhausted",
    409,
    N_("No receipt numbers left"),
    N_("Series {serial} of {year} ended with number {last}. Register further numbers for it."),
)

PlatesOf = Callable[[AsyncConnection, Collection[str]], Awaitable[Mapping[str, str]]]
"""Tells the plates of the trucks behind references, for those that have one."""


async def _no_plates(_connection: AsyncConnection, _subjects: Collection[str]) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Office:
    """Everything receipts are made with: who collects, who signs, whose words, which numbers.

    `letters` begin the symbol of every series; `last_number` is how many a year may have.
    `renderers` names for each law how a paper is drawn from now on.
    """

    collector: Collector
    signer: ReceiptSigner
    speech: Speech
    base_url: str
    renderers: Mapping[str, str]
    template: str = "01BLP0-001"
    letters: str = "LC"
    last_number: int = 9_999_999
    plates_of: PlatesOf = _no_plates

    def address_of(self, lookup_code: str) -> str:
        """Return where a receipt is looked up."""
        return f"{self.base_url}/receipts?code={lookup_code}"


@dataclass(frozen=True)
class IssueRun:
    """What one run of a worker did: receipts issued, and what could not have one, by reference."""

    issued: int
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReceiptDraft:
    """What a receipt is to say, before it has a number."""

    kind: ReceiptKind
    issue_key: UUID
    payment: PaymentRow
    payer: Payer
    lines: tuple[ReceiptLine, ...]
    currency: str
    plate: str | None
    gateway: str
    gateway_txn: str | None
    related: ReceiptRow | None = None
    refund_id: UUID | None = None
    reason: str = ""


async def issue_due(store: Store, office: Office, limit: int = 200) -> IssueRun:
    """Issue up to `limit` receipts of payments that have none.

    Many are issued in one transaction, as far as nothing fails; what is left, each in its own. A
    payment whose receipt fails is put off; the others go on. With the series at its end nothing
    more is tried.
    writes: receipt_series, receipt, postponed; `receipt.issue`.
    """

    async def make(unit: Unit, payment: PaymentRow) -> None:
        await issue_original(unit, office, payment)

    issued = 0
    try:
        while issued < limit:
            size = min(TURN, limit - issued)
            turn = await store.perform(PROGRAM, partial(_issue_together, office, size))
            issued += turn
            if turn < size:
                break
    except Exception:
        _log.warning("receipts were not issued together; each is tried by itself", exc_info=True)
    rest = await each_due(
        store, storage.ISSUING, storage.take_unreceipted_payment, make, limit - issued
    )
    return IssueRun(issued + rest.issued, rest.failed)


D = TypeVar("D", bound=Identified)


async def each_due(
    store: Store,
    work: str,
    take: Callable[[AsyncConnection, Waits], Awaitable[D | None]],
    make: Callable[[Unit, D], Awaitable[None]],
    limit: int,
) -> IssueRun:
    """Make what is due one by one, each in its own transaction; what fails is put off.

    `take` finds the next that does not wait. writes: postponed, and what `make` does.
    """

    async def taken(unit: Unit) -> D | None:
        return await take(unit.connection, partial(waits, work, at=unit.at))

    done = await one_by_one(store, work, taken, make, limit=limit, ends=_is_exhausted)
    return IssueRun(
        done.count, tuple(str(getattr(one, "reference", one.id)) for one in done.put_off)
    )


def _is_exhausted(error: Exception) -> bool:
    return isinstance(error, Refusal) and error.kind is SERIES_EXHAUSTED


async def issue_original(unit: Unit, office: Office, payment: PaymentRow) -> ReceiptRow:
    """Issue the receipt of a payment that is locked, or return the one it has."""
    there = await storage.issued_for(unit.connection, payment.id)
    if there is not None:
        return there
    (draft,) = await _drafts(unit, office, [payment])
    if isinstance(draft, CannotBeReceipted):
        raise draft
    return await issue(unit, office, draft)


async def _issue_together(office: Office, limit: int, unit: Unit) -> int:
    """Issue up to `limit` receipts that are due, and return how many.

    Left out is what cannot have one; with numbers for less than all, nothing is issued.
    refuses: receipt_series_exhausted. writes: receipt_series, receipt; `receipt.issue`.
    """
    taken = await storage.take_unreceipted(unit.connection, unit.at, limit)
    there = await storage.receipted(unit.connection, [payment.id for payment in taken])
    drafts = await _drafts(unit, office, [one for one in taken if one.id not in there])
    whole = [draft for draft in drafts if isinstance(draft, ReceiptDraft)]
    for columns in await _signed_columns(unit, office, whole):
        unit.begin(ReceiptRow, "issued", "issue", **columns)
    return len(whole)


async def _drafts(
    unit: Unit, office: Office, payments: Sequence[PaymentRow]
) -> list[ReceiptDraft | CannotBeReceipted]:
    """Return what the receipts of payments are to say, or why there can be none."""
    if not payments:
        return []
    ids = [payment.id for payment in payments]
    applied = await ledger_storage.applied(unit.connection, ids)
    charges = await storage.charges(
        unit.connection, [id for paid in applied.values() for id in paid]
    )
    proofs = await storage.captures(unit.connection, ids)
    firms = await storage.organisations(
        unit.connection, {payment.payer_organisation_id for payment in payments}
    )
    plates = await office.plates_of(unit.connection, {charge.subject for charge in charges})

    def draft(payment: PaymentRow) -> ReceiptDraft:
        paid, proof = applied[payment.id], proofs.get(payment.id)
        firm = firms.get(payment.payer_organisation_id)
        lines = tuple(
            line_of(charge._asdict(), paid[charge.id], office.speech)
            for charge in charges
            if charge.id in paid
        )
        if proof is None or firm is None:
            raise CannotBeReceipted("no money is booked on it, or its payer is unknown")
        payer = Payer(firm.name, firm.tax_code, getattr(firm, "address", None))
        check_complete(lines, payer)
        named = dict.fromkeys(plates[one] for one in _subjects(lines) if plates.get(one))
        return ReceiptDraft(
            kind=ReceiptKind.ORIGINAL,
            issue_key=payment.id,
            payment=payment,
            payer=payer,
            lines=lines,
            currency=payment.currency,
            plate=", ".join(named)[:40] or None,
            gateway=proof.gateway,
            gateway_txn=proof.provider_txn,
        )

    found: list[ReceiptDraft | CannotBeReceipted] = []
    for payment in payments:
        try:
            found.append(draft(payment))
        except CannotBeReceipted as why:
            found.append(why)
    return found


async def issue(unit: Unit, office: Office, draft: ReceiptDraft) -> ReceiptRow:
    """Number, sign and store a receipt; a transaction that fails gives its number back.

    refuses: receipt_series_exhausted. writes: receipt_series, receipt; `receipt.issue`.
    """
    (columns,) = await _signed_columns(unit, office, [draft])
    return await unit.create(ReceiptRow, "issued", "issue", **columns)


async def _signed_columns(
    unit: Unit, office: Office, drafts: Sequence[ReceiptDraft]
) -> list[dict[str, Any]]:
    """Return receipts numbered and signed, as `Unit.create` and `Unit.begin` take them.

    refuses: receipt_series_exhausted. writes: receipt_series.
    """
    if not drafts:
        return []
    local = unit.at.astimezone(ZONE)
    series = ReceiptSeriesRow(
        serial=serial_of(office.letters, local.year),
        year=local.year,
        template=office.template,
        last_number=office.last_number,
        law_version=law_on(local.date()),
        opened_at=unit.at,
    )
    first = await _number(unit, series, len(drafts))
    unsigned = [
        _columns(unit, office, draft, series, number) for number, draft in enumerate(drafts, first)
    ]
    signed = await asyncio.to_thread(_signed, office.signer, unsigned, drafts, unit.at)
    return [
        {
            **columns,
            **signature,
            "gate": draft.payment.gate,
            "payload": {"amount_minor": abs(columns["total_minor"])},
            "actor": PROGRAM,
            "reference": new_reference(ReceiptRow.prefix),
        }
        for draft, columns, signature in zip(drafts, unsigned, signed, strict=True)
    ]


def _columns(
    unit: Unit, office: Office, draft: ReceiptDraft, series: ReceiptSeriesRow, number: int
) -> dict[str, Any]:
    """Return the columns of a receipt that is not signed yet."""
    total = Money(sum(line.minor for line in draft.lines), draft.currency)
    payment, related, code = draft.payment, draft.related, new_lookup_code()
    return {
        "kind": draft.kind.value,
        "template": office.template,
        "serial": series.serial,
        "year": series.year,
        "number": number,
        "issue_key": draft.issue_key,
        "payment_id": payment.id,
        "refund_id": draft.refund_id,
        "replaces_id": related.id if related and draft.kind is ReceiptKind.REPLACEMENT else None,
        "adjusts_id": related.id if related and draft.kind is ReceiptKind.ADJUSTMENT else None,
        "reason": draft.reason,
        "collector_name": office.collector.name,
        "collector_tax_code": office.collector.tax_code,
        "collector_address": office.collector.address,
        "payer_organisation_id": payment.payer_organisation_id,
        "payer_name": draft.payer.name,
        "payer_tax_code": draft.payer.tax_code,
        "payer_address": draft.payer.address,
        "vehicle_plate": draft.plate,
        "subjects": _subjects(draft.lines),
        "lines": [line.stored() for line in draft.lines],
        "total_minor": total.minor,
        "total_in_words": amount_vi(total),
        "currency": draft.currency,
        "payment_method": "TM" if draft.gateway == "desk" else "CK",
        "payment_reference": payment.reference,
        "gateway": draft.gateway,
        "gateway_txn": draft.gateway_txn,
        "paid_at": payment.paid_at,
        "issued_at": unit.at,
        "lookup_code": code,
        "qr_payload": office.address_of(code),
        "law_version": series.law_version,
        "renderer": office.renderers[series.law_version],
        "cert_serial": office.signer.serial,
    }


async def _number(unit: Unit, series: ReceiptSeriesRow, number: int) -> int:
    """Take the next numbers of a year's series, which is opened with its first; return the first.

    refuses: receipt_series_exhausted.
    """
    await storage.open_series(unit.connection, series)
    first = await storage.take_number(unit.connection, series.serial, series.year, number)
    if first is None:
        raise SERIES_EXHAUSTED(serial=series.serial, year=series.year, last=series.last_number)
    return first


def _signed(
    signer: ReceiptSigner,
    receipts: Sequence[Mapping[str, Any]],
    drafts: Sequence[ReceiptDraft],
    at: datetime,
) -> list[dict[str, bytes]]:
    """Return the signed documents of receipts with these columns, and their digests."""
    documents = [
        signer.sign(receipt_document(ReceiptRow(**columns), draft.related), at)
        for columns, draft in zip(receipts, drafts, strict=True)
    ]
    return [{"xml": xml, "xml_sha256": sha256(xml).digest()} for xml in documents]


def _subjects(lines: Sequence[ReceiptLine]) -> list[str]:
    return list(dict.fromkeys(line.subject for line in lines))
