"""Receipts: the record, the paper, the signed document; and replacing one."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from pydantic import Field

from api.http.files import FILES, split_name
from api.http.paging import checked_limit, cursor_of, parse_cursor
from api.http.shapes import MoneyShape, MoveShape, PageOf, Shape
from api.http.writes import expected_version, write
from api.zone import Services
from border.core.actor import Actor
from border.core.refusal import INVALID, FieldError, refuses
from border.core.request_body import Kept, RequestBody
from border.core.store import Unit
from border.core.words import N_
from border.identifiers import IdentifierError, tax_code_of_either_side
from border.identity import policy
from border.paper.words import Locale
from border.payments.receipts import correction_service, reading_service, renderers
from border.payments.receipts.reading_service import SeenReceipt, check
from border.payments.receipts.receipt import RECEIPT, Payer, ReceiptKind
from border.payments.receipts.receipt_service import Office
from border.payments.receipts.tables import ReceiptRow

NO_OFFICE = refuses(
    "receipts_not_set_up",
    503,
    N_("Receipts are not set up"),
    N_("The zone's certificate for receipts is not configured yet. Payments are not affected."),
)


"""A firm's, a branch's, or a person's number."""


class PartyShape(Shape):
    """Who collected or paid, as the receipt names them."""

    name: str
    tax_code: str | None
    address: str | None


class ReasonLineShape(Shape):
    """A line of the assessment, in Vietnamese as it was signed."""

    text: str
    amount: MoneyShape | None


class ReceiptLineShape(Shape):
    """One charge on a receipt, and why it is that much."""

    kind: str
    name: str
    charge: str
    subject: str
    amount: MoneyShape
    explanation: list[ReasonLineShape]


class ReceiptShape(Shape):
    """A receipt. `about` is what it adjusts or replaces; links are references of receipts."""

    id: UUID
    reference: str
    state: str
    version: int
    kind: str
    template: str
    serial: str
    year: int
    number: int
    issued_at: datetime
    collector: PartyShape
    payer: PartyShape
    vehicle_plate: str | None
    subjects: list[str]
    lines: list[ReceiptLineShape]
    total: MoneyShape
    total_in_words: str
    payment: str
    payment_method: str
    gateway: str
    gateway_transaction: str | None
    paid_at: datetime
    lookup_code: str
    lookup_url: str
    law: str
    certificate: str
    sha256: str
    reason: str
    about: str | None
    replaced_by: str | None
    adjustments: list[str]
    pdf: str
    xml: str
    moves: list[MoveShape]

    @classmethod
    def of(cls, seen: SeenReceipt, actor: Actor) -> "ReceiptShape":
        """Return the shape of a receipt as the actor sees it."""
        row, href = seen.receipt, f"/api/v1/receipts/{seen.receipt.reference}"
        open_moves = policy.open_moves(actor, RECEIPT, row) if _corrects(row) else ()
        return cls(
            id=row.id,
            reference=row.reference,
            state=row.state,
            version=row.version,
            kind=row.kind,
            template=row.template,
            serial=row.serial,
            year=row.year,
            number=row.number,
            issued_at=row.issued_at,
            collector=PartyShape(
                name=row.collector_name,
                tax_code=row.collector_tax_code,
                address=row.collector_address,
            ),
            payer=PartyShape(
                name=row.payer_name, tax_code=row.payer_tax_code, address=row.payer_address
            ),
            vehicle_plate=row.vehicle_plate,
            subjects=list(row.subjects),
            lines=[_line(line, row.currency) for line in row.lines],
            total=MoneyShape(minor=row.total_minor, currency=row.currency),
            total_in_words=row.total_in_words,
            payment=row.payment_reference,
            payment_method=row.payment_method,
            gateway=row.gateway,
            gateway_transaction=row.gateway_txn,
            paid_at=row.paid_at,
            lookup_code=row.lookup_code,
            lookup_url=row.qr_payload,
            law=row.law_version,
            certificate=row.cert_serial,
            sha256=row.xml_sha256.hex(),
            reason=row.reason,
            about=seen.about.reference if seen.about else None,
            replaced_by=seen.replaced_by.reference if seen.replaced_by else None,
            adjustments=[one.reference for one in seen.adjustments],
            pdf=f"{href}.pdf",
            xml=f"{href}.xml",
            moves=[MoveShape.of(move, href) for move in open_moves],
        )


def _corrects(row: ReceiptRow) -> bool:
    """Say whether a receipt of this kind is ever corrected."""
    return row.kind != ReceiptKind.ADJUSTMENT


def _line(line: dict[str, Any], currency: str) -> ReceiptLineShape:
    return ReceiptLineShape(
        kind=line["kind"],
        name=line["name"],
        charge=line["charge"],
        subject=line["subject"],
        amount=MoneyShape(minor=line["amount_minor"], currency=currency),
        explanation=[
            ReasonLineShape(
                text=one["text"],
                amount=None
                if one["amount_minor"] is None
                else MoneyShape(minor=one["amount_minor"], currency=currency),
            )
            for one in line["explanation"]
        ],
    )


class ReceiptRef(Shape):
    """A receipt in a list."""

    reference: str
    state: str
    kind: str
    serial: str
    number: int
    total: MoneyShape
    payment: str
    payer: str
    issued_at: datetime
    href: str

    @classmethod
    def of(cls, row: ReceiptRow) -> "ReceiptRef":
        """Return the shape of a receipt in a list."""
        return cls(
            reference=row.reference,
            state=row.state,
            kind=row.kind,
            serial=row.serial,
            number=row.number,
            total=MoneyShape(minor=row.total_minor, currency=row.currency),
            payment=row.payment_reference,
            payer=row.payer_name,
            issued_at=row.issued_at,
            href=f"/api/v1/receipts/{row.reference}",
        )


class ReceiptList(PageOf):
    """Receipts, newest first."""

    items: list[ReceiptRef]


class CorrectionRequest(RequestBody):
    """Who really paid, and what was wrong."""

    reason: Kept = Field(min_length=1, max_length=500)
    payer_name: Kept = Field(min_length=1, max_length=200)
    payer_tax_code: Kept | None = Field(default=None, max_length=40)
    payer_address: Kept | None = Field(default=None, max_length=300)

    def payer(self) -> Payer:
        """Return who really paid, under the checked form of the tax code.

        refuses: invalid_fields.
        """
        code = self.payer_tax_code
        try:
            read = tax_code_of_either_side(code) if code else None
        except IdentifierError as error:
            wrong = FieldError("payer_tax_code", error.code, error.says, error.facts)
            raise INVALID(errors=[wrong]) from error
        return Payer(self.payer_name, read, self.payer_address)


@get("/receipts", operation_id="list_receipts", tags=["receipts"], verb="receipt.list")
async def list_receipts(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    payment: FromQuery[UUID | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> ReceiptList:
    """Return the receipts the caller may see, newest first; of one payment on request.

    refuses: invalid_fields.
    """
    async with services.store.reading() as connection:
        found = await reading_service.list_receipts(
            connection,
            actor,
            parse_cursor(cursor),
            checked_limit(limit),
            None if payment is None else [payment],
        )
    last = found[-1] if len(found) == limit else None
    return ReceiptList(
        items=[ReceiptRef.of(row) for row in found],
        next=cursor_of(last.issued_at, last.id) if last is not None else None,
    )


@get(
    "/receipts/{reference:str}",
    operation_id="get_receipt",
    tags=["receipts"],
    media_type="application/json",
    verb="receipt.read",
    opt={FILES: {"pdf": "the paper of a receipt", "xml": "the signed document of a receipt"}},
)
async def get_receipt(
    reference: FromPath[str],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    receipts: NamedDependency[Office | None],
    lang: FromQuery[Locale] = "vi",
) -> Response[ReceiptShape]:
    """Return a receipt; with `.pdf` behind it the paper, with `.xml` the signed document.

    refuses: not_found, receipts_not_set_up.
    """
    bare, kind = split_name(reference)
    async with services.store.reading() as connection:
        seen = await reading_service.get_receipt(connection, actor, bare)
    if kind == "":
        return Response(ReceiptShape.of(seen, actor))
    return cast("Response[ReceiptShape]", await document(services, receipts, seen, kind, lang))


def needed(office: Office | None) -> Office:
    """Return the office. refuses: receipts_not_set_up."""
    if office is None:
        raise NO_OFFICE()
    return office


async def paper_of(office: Office, seen: SeenReceipt, locale: Locale, services: Services) -> bytes:
    """Return a receipt as a PDF, its signature checked as it is drawn."""
    paper = renderers.Paper(
        row=seen.receipt,
        check=await check(office.signer, seen.receipt),
        speech=office.speech,
        locale=locale,
        about=seen.about,
        replaced_by=seen.replaced_by,
        demo=services.settings.demo,
    )
    return await renderers.draw(paper, services.fonts, services.press)


def file_name(seen: SeenReceipt, kind: str) -> str:
    """Return what a downloaded receipt is called."""
    row = seen.receipt
    return f"BL-{row.serial}-{row.number:07d}.{kind}"


async def document(
    services: Services, office: Office | None, seen: SeenReceipt, kind: str, locale: Locale
) -> Response[bytes]:
    """Return a receipt's paper or its signed document, as a file.

    refuses: receipts_not_set_up.
    """
    if kind == "pdf":
        body = await paper_of(needed(office), seen, locale, services)
    else:
        body = bytes(seen.receipt.xml)
    shown = "inline" if kind == "pdf" else "attachment"
    return Response(
        body,
        media_type="application/pdf" if kind == "pdf" else "application/xml",
        headers={"Content-Disposition": f'{shown}; filename="{file_name(seen, kind)}"'},
    )


@post(
    "/receipts/{reference:str}/replace",
    operation_id="replace_receipt",
    status_code=201,
    tags=["receipts"],
    verb="receipt.replace",
)
async def replace_receipt(
    reference: FromPath[str],
    data: JSONBody[CorrectionRequest],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    receipts: NamedDependency[Office | None],
) -> Response[ReceiptShape]:
    """Replace a receipt whose payer is named wrongly, by one under a new number.

    refuses: not_allowed, not_found, invalid_fields, move_not_open, stale_version,
    receipt_not_replaceable, receipt_series_exhausted, receipts_not_set_up.
    """
    office = needed(receipts)

    async def work(unit: Unit) -> ReceiptShape:
        seen = await reading_service.get_receipt(unit.connection, actor, reference)
        fresh = await correction_service.replace(
            unit,
            office,
            seen.receipt.id,
            data.reason,
            data.payer(),
            expected_version(request),
        )
        return ReceiptShape.of(
            await reading_service.get_receipt(unit.connection, actor, fresh.reference), actor
        )

    return await write(request, services, actor, work, 201)


ROUTES = (list_receipts, get_receipt, replace_receipt)
