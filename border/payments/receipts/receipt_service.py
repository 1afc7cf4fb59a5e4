"""Issuing receipts after the money is in.

Payments do not wait for their receipts: `issue_due` makes them afterwards, each in a transaction
of its own. One payment has one receipt in force, whoever issues and however often. Adjusting and
replacing are `correction_service`'s, finding is `reading_service`'s.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
from border.payments.ledger import ledger_service
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

SERIES_EXHAUSTED = refuses(
    "receipt_series_exhausted",
    409,
    N_("No receipt numbers left"),
    N_("Series {serial} of {year} ended with number {last}. Register further numbers for it."),
)

PlateOf = Callable[[AsyncConnection, str], Awaitable[str | None]]
"""Tells the plate of the truck behind a reference, for those that have one."""


async def _no_plate(_connection: AsyncConnection, _subject: str) -> str | None:
    return None


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
    plate_of: PlateOf = _no_plate

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
    """Issue up to `limit` receipts of payments that have none, each in its own transaction.

    A payment whose receipt fails is put off; the others go on. With the series at its end nothing
    more is tried.
    writes: receipt_series, receipt, postponed; `receipt.issue`.
    """

    async def make(unit: Unit, payment: PaymentRow) -> None:
        await issue_original(unit, office, payment)

    return await each_due(store, "receipt", storage.take_unreceipted_payment, make, limit)


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
    applied = await ledger_service.applied(unit.connection, payment.id)
    charges = await storage.charges(unit.connection, list(applied))
    lines = tuple(
        line_of(charge._asdict(), applied[charge.id], office.speech) for charge in charges
    )
    proof = await storage.capture(unit.connection, payment.id)
    firm = await storage.organisation(unit.connection, payment.payer_organisation_id)
    if proof is None or firm is None:
        raise CannotBeReceipted("no money is booked on it, or its payer is unknown")
    payer = Payer(firm.name, firm.tax_code, getattr(firm, "address", None))
    check_complete(lines, payer)
    plates = [await office.plate_of(unit.connection, subject) for subject in _subjects(lines)]
    return await issue(
        unit,
        office,
        ReceiptDraft(
            kind=ReceiptKind.ORIGINAL,
            issue_key=payment.id,
            payment=payment,
            payer=payer,
            lines=lines,
            currency=payment.currency,
            plate=", ".join(dict.fromkeys(filter(None, plates)))[:40] or None,
            gateway=proof.gateway,
            gateway_txn=proof.provider_txn,
        ),
    )


async def issue(unit: Unit, office: Office, draft: ReceiptDraft) -> ReceiptRow:
    """Number, sign and store a receipt; a transaction that fails gives its number back.

    writes: receipt_series, receipt; `receipt.issue`.
    """
    local = unit.at.astimezone(ZONE)
    law, serial = law_on(local.date()), serial_of(office.letters, local.year)
    total = Money(sum(line.minor for line in draft.lines), draft.currency)
    payment, related, code = draft.payment, draft.related, new_lookup_code()
    columns: dict[str, Any] = {
        "kind": draft.kind.value,
        "template": office.template,
        "serial": serial,
        "year": local.year,
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
        "law_version": law,
        "renderer": office.renderers[law],
        "cert_serial": office.signer.serial,
    }
    series = ReceiptSeriesRow(
        serial=serial,
        year=local.year,
        template=office.template,
        last_number=office.last_number,
        law_version=law,
        opened_at=unit.at,
    )
    columns["number"] = await _number(unit, series)
    columns |= await asyncio.to_thread(_signed, office.signer, columns, related, unit.at)
    return await unit.create(
        ReceiptRow,
        "issued",
        "issue",
        gate=payment.gate,
        payload={"amount_minor": abs(total.minor)},
        actor=PROGRAM,
        reference=new_reference(ReceiptRow.prefix),
        **columns,
    )


async def _number(unit: Unit, series: ReceiptSeriesRow) -> int:
    """Take the next number of a year's series, which is opened with its first receipt.

    refuses: receipt_series_exhausted.
    """
    await storage.open_series(unit.connection, series)
    number = await storage.take_number(unit.connection, series.serial, series.year)
    if number is None:
        raise SERIES_EXHAUSTED(serial=series.serial, year=series.year, last=series.last_number)
    return number


def _signed(
    signer: ReceiptSigner, columns: Mapping[str, Any], related: ReceiptRow | None, at: datetime
) -> dict[str, bytes]:
    """Return the signed document of a receipt with these columns, and its digest."""
    xml = signer.sign(receipt_document(ReceiptRow(**columns), related), at)
    return {"xml": xml, "xml_sha256": sha256(xml).digest()}


def _subjects(lines: Sequence[ReceiptLine]) -> list[str]:
    return list(dict.fromkeys(line.subject for line in lines))
