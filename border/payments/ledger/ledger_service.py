"""Booking: each entry once, under its key. What is booked stays; a mistake is booked back."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.ids import new_id
from border.core.money import Money
from border.core.reading import as_row
from border.core.refusal import refuses
from border.core.store import Unit
from border.core.words import N_
from border.payments.ledger import storage
from border.payments.ledger.book import PAYER, SUSPENSE, Entry, Posting
from border.payments.ledger.tables import JournalRow, PostingRow

BOOKED_DIFFERENTLY = refuses(
    "booked_differently",
    409,
    N_("Booked already, differently"),
    N_("{key} is in the ledger with other amounts. Nothing was booked a second time."),
)


async def post(unit: Unit, entry: Entry) -> JournalRow | None:
    """Book an entry; None if the very same is booked already.

    refuses, writes: as `post_many`.
    """
    return (await post_many([(unit, entry)]))[0]


async def post_many(entries: Sequence[tuple[Unit, Entry]]) -> list[JournalRow | None]:
    """Book entries in their order; for each, None if the very same is booked already.

    Each is booked by whoever asks in its unit; all units are of one transaction.
    refuses: booked_differently, if its key or its capture has other postings. writes: journal,
    posting.
    """
    if not entries:
        return []
    connection = entries[0][0].connection
    rows = [as_row(JournalRow, _columns_of(unit, entry)) for unit, entry in entries]
    added = await storage.add_journals(connection, rows)
    booked = list(zip(rows, entries, strict=True))
    await storage.add_postings(
        connection, {row.id: entry.postings for row, (_, entry) in booked if row.id in added}
    )
    for row, (unit, entry) in booked:
        if row.id not in added:
            await _check_same(unit, entry)
    return [row if row.id in added else None for row in rows]


def post_at_end(unit: Unit, entry: Entry) -> None:
    """Book an entry about what this transaction makes, when it ends: nobody booked it before.

    writes: journal, posting.
    """
    journal = {"id": new_id(), **_columns_of(unit, entry)}
    unit.put(JournalRow, journal)
    for line in storage.lines_of(journal["id"], entry.postings):
        unit.put(PostingRow, line, after=True)


async def _check_same(unit: Unit, entry: Entry) -> None:
    there = await storage.journal_by_key(unit.connection, entry.key)
    lines = (await storage.postings_of(unit.connection, [there.id]))[there.id] if there else []
    if sorted(lines, key=_order) != sorted(entry.postings, key=_order):
        raise BOOKED_DIFFERENTLY(key=entry.key)


def _columns_of(unit: Unit, entry: Entry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "idempotency_key": entry.key,
        "effective_at": entry.effective_at,
        "created_at": unit.at,
        "gateway": entry.gateway,
        "provider_txn": entry.provider_txn,
        "payment_id": entry.payment_id,
        "attempt_id": entry.attempt_id,
        "charge_id": entry.charge_id,
        "refund_id": entry.refund_id,
        "source": entry.source,
        "booked_by": unit.actor.name_in_events,
        "note": entry.note[:500],
    }


def _order(posting: Posting) -> tuple[str, int, str]:
    return posting.account, posting.amount.minor, str(posting.charge_id or "")


async def postings_under(connection: AsyncConnection, key: str) -> list[Posting]:
    """Return the lines booked under a key, none if it is not booked."""
    journal = await storage.journal_by_key(connection, key)
    return (await storage.postings_of(connection, [journal.id]))[journal.id] if journal else []


async def applied(connection: AsyncConnection, payment_id: UUID) -> dict[UUID, Money]:
    """Return what of a payment's money pays for each charge, as booked; reversals are taken off."""
    return (await storage.applied(connection, [payment_id]))[payment_id]


async def brought(
    connection: AsyncConnection, gateway: str, provider_txn: str
) -> dict[tuple[str, UUID | None], int]:
    """Return what a gateway's transaction still pays for, and where else its money waits.

    By (account, charge), charges first, in minor units; what it was reversed by is taken off.
    """
    journals = await storage.about_transaction(connection, gateway, provider_txn)
    lines = await storage.postings_of(connection, [journal.id for journal in journals])
    sums: Counter[tuple[str, UUID | None]] = Counter()
    for journal in journals:
        for line in lines[journal.id]:
            if line.account in (PAYER, *SUSPENSE):
                sums[line.account, line.charge_id if line.account == PAYER else None] -= (
                    line.amount.minor
                )
    ordered = sorted(sums.items(), key=lambda one: (one[0][0], str(one[0][1])))
    return {key: minor for key, minor in ordered if minor > 0}


async def balances(
    connection: AsyncConnection, until: datetime | None = None
) -> dict[tuple[str, str], int]:
    """Return what stands on each account, by (account, currency), in minor units."""
    return await storage.balances(connection, until)
