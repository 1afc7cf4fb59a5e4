"""Finding receipts, and telling whether one is genuine. Reads only."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.core.ids import WrongReference, parse_reference
from border.core.refusal import INVALID, NOT_FOUND
from border.identity import policy
from border.payments.receipts import storage
from border.payments.receipts.document import Stated, stated
from border.payments.receipts.lookup_code import Misread, field_error, read_lookup_code
from border.payments.receipts.receipt import ReceiptKind
from border.payments.receipts.signing import NotWhole, ReceiptSigner
from border.payments.receipts.tables import ReceiptRow


@dataclass(frozen=True)
class SeenReceipt:
    """A receipt with those it is linked to, both ways.

    `about` is the receipt that it adjusts or replaces.
    """

    receipt: ReceiptRow
    about: ReceiptRow | None = None
    replaced_by: ReceiptRow | None = None
    adjustments: list[ReceiptRow] = field(default_factory=list)


@dataclass(frozen=True)
class SignatureCheck:
    """Whether a stored receipt is what was signed; `signed_by` and `signed_at` if it is."""

    genuine: bool
    signed_by: str = ""
    signed_at: datetime | None = None
    why_not: str = ""


async def get_receipt(connection: AsyncConnection, actor: Actor, reference: str) -> SeenReceipt:
    """Return a receipt of the actor's organisation; the zone's people see every one.

    refuses: not_found.
    """
    try:
        wanted = parse_reference(reference, ReceiptRow.prefix)
    except WrongReference:
        raise NOT_FOUND(what="receipt") from None
    there = await storage.by_reference(connection, wanted)
    row = policy.found(actor, "receipt.read", there)
    return await _with_links(connection, row)


async def look_up(connection: AsyncConnection, code: str) -> SeenReceipt:
    """Return the receipt with a look-up code, whoever asks; typed in any case and spacing.

    refuses: invalid_fields, which says what is wrong with the code as far as it tells; not_found.
    """
    read = read_lookup_code(code)
    if isinstance(read, Misread):
        raise INVALID(errors=[field_error(read)])
    row = await storage.by_lookup_code(connection, read)
    if row is None:
        raise NOT_FOUND(what="receipt")
    return await _with_links(connection, row)


async def list_receipts(
    connection: AsyncConnection,
    actor: Actor,
    before: tuple[datetime, UUID] | None,
    limit: int,
    payment_ids: Collection[UUID] | None = None,
) -> list[ReceiptRow]:
    """Return receipts newest first: of the actor's organisation, for the zone's people all."""
    ours = policy.reach(actor, "receipt.list")
    return await storage.listed(connection, ours, before, limit, payment_ids)


async def _with_links(connection: AsyncConnection, row: ReceiptRow) -> SeenReceipt:
    about_id = row.replaces_id or row.adjusts_id
    adjusted = row.kind != ReceiptKind.ADJUSTMENT and row.state == "adjusted"
    return SeenReceipt(
        row,
        await storage.by_id(connection, about_id) if about_id else None,
        await storage.replacement_of(connection, row.id) if row.state == "replaced" else None,
        await storage.adjustments_of(connection, row.id) if adjusted else [],
    )


async def check(signer: ReceiptSigner, row: ReceiptRow) -> SignatureCheck:
    """Say whether a stored receipt is whole, signed by us, and the one its columns tell of."""
    return await asyncio.to_thread(_checked, signer, row)


def _checked(signer: ReceiptSigner, row: ReceiptRow) -> SignatureCheck:
    if sha256(row.xml).digest() != row.xml_sha256:
        return SignatureCheck(False, why_not="the stored document has another digest")
    try:
        signed = signer.verify(row.xml)
    except NotWhole as why:
        return SignatureCheck(False, why_not=str(why))
    if stated(signed.data) != Stated.by(row):
        return SignatureCheck(False, why_not="the signed data tell of another receipt")
    return SignatureCheck(True, signed.signed_by, signed.signed_at)
