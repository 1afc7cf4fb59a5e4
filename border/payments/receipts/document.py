"""A receipt as XML: business data, and a place for the signature's data.

The structure follows the Decree's: a block of data and a block of signatures, with element names
after those of electronic invoices. The tax authority publishes the binding schema; a change of it
is a new version here, and what was signed before stays as it was signed.
source: Decree 123/2020/NĐ-CP articles 32 and 33; Decision 1450/QĐ-TCT for the style of the names.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from lxml import etree

from border.core.clock import ZONE
from border.core.money import MINOR_UNITS
from border.payments.receipts.receipt import ReceiptKind, ReceiptLine
from border.payments.receipts.tables import ReceiptRow

DATA_ID = "data"
DATA_TAG = "DLBLai"
SIGNATURE_PLACE = "DSCKS/NThu"
"""Where the signature stands: among the signatures, the collector's."""
_VERSIONS = {"ND123-2020": "1.0.0", "ND254-2026": "2.0.0"}
_TITLE = "BIÊN LAI THU PHÍ, LỆ PHÍ"
_NATURE = {ReceiptKind.ORIGINAL: "1", ReceiptKind.REPLACEMENT: "2", ReceiptKind.ADJUSTMENT: "3"}
"""What kind of receipt it is, in numbers as invoices have them."""
_DSIG = "http://www.w3.org/2000/09/xmldsig#"


def receipt_document(row: ReceiptRow, related: ReceiptRow | None) -> etree._Element:
    """Return the unsigned document; `related` is the receipt it adjusts or replaces."""
    root = etree.Element("BLai")
    data = etree.SubElement(root, DATA_TAG, Id=DATA_ID)
    _add_common(etree.SubElement(data, "TTChung"), row, related)
    content = etree.SubElement(data, "NDBLai")
    _add_parties(content, row)
    for number, stored in enumerate(row.lines, 1):
        _add_line(content, number, ReceiptLine.of(stored), row.currency)
    _put(
        etree.SubElement(content, "TToan"),
        TgTTTBSo=amount_text(row.total_minor, row.currency),
        TgTTTBChu=row.total_in_words,
    )
    place = root
    for step in SIGNATURE_PLACE.split("/"):
        place = etree.SubElement(place, step)
    etree.SubElement(place, f"{{{_DSIG}}}Signature", Id="placeholder", nsmap={"ds": _DSIG})
    return root


def _add_common(place: etree._Element, row: ReceiptRow, related: ReceiptRow | None) -> None:
    """Write what the receipt is: its law, symbols, number, day, currency, way of payment."""
    issued, paid = row.issued_at.astimezone(ZONE), row.paid_at.astimezone(ZONE)
    _put(
        place,
        PBan=_VERSIONS[row.law_version],
        CCPLy=row.law_version,
        TBLai=_TITLE,
        KHMSBLai=row.template,
        KHBLai=row.serial,
        SBLai=str(row.number),
        Nam=str(row.year),
        NLap=issued.date().isoformat(),
        GLap=issued.isoformat(timespec="seconds"),
        TCBLai=_NATURE[ReceiptKind(row.kind)],
        DVTTe=row.currency,
        HTTToan=row.payment_method,
        KTToan=row.gateway,
        MGDich=row.gateway_txn,
        MTToan=row.payment_reference,
        GTToan=paid.isoformat(timespec="seconds"),
        MTCuu=row.lookup_code,
        DCTCuu=row.qr_payload,
    )
    if related is not None:
        _put(
            etree.SubElement(place, "TTBLLQuan"),
            KHMSBLai=related.template,
            KHBLai=related.serial,
            SBLai=str(related.number),
            NLap=related.issued_at.astimezone(ZONE).date().isoformat(),
            LDo=row.reason,
        )


def _add_parties(content: etree._Element, row: ReceiptRow) -> None:
    """Write who collected, who paid, and for which truck."""
    _put(
        etree.SubElement(content, "NThu"),
        Ten=row.collector_name,
        MST=row.collector_tax_code,
        DChi=row.collector_address,
    )
    _put(
        etree.SubElement(content, "NNop"),
        Ten=row.payer_name,
        MST=row.payer_tax_code,
        DChi=row.payer_address,
        BKSXe=row.vehicle_plate,
        TChieu=", ".join(row.subjects),
    )


def _add_line(content: etree._Element, number: int, line: ReceiptLine, currency: str) -> None:
    """Write one charge and why it is that much."""
    entry = etree.SubElement(content, "KThu")
    amount = amount_text(line.minor, currency)
    _put(
        entry,
        STT=str(number),
        Ma=line.kind,
        Ten=line.name,
        MKPhi=line.charge,
        TChieu=line.subject,
        SLuong=str(line.quantity),
        ThTien=amount,
    )
    for reason in line.reasons:
        _put(
            etree.SubElement(entry, "DGiai"),
            NDung=reason.text,
            STien=None if reason.minor is None else amount_text(reason.minor, currency),
        )


def _put(place: etree._Element, **fields: str | None) -> None:
    """Write fields as elements with text; one that is not known is left out."""
    for tag, text in fields.items():
        if text:
            etree.SubElement(place, tag).text = writable(text)


def writable(text: str) -> str:
    """Return `text` as XML can hold it, composed; control characters become spaces."""
    composed = unicodedata.normalize("NFC", text)
    if composed.isprintable():  # Then none of these is in it, and it is told at once.
        return composed
    return "".join(
        c if unicodedata.category(c) not in ("Cc", "Cs", "Cn") else " " for c in composed
    )


def amount_text(minor: int, currency: str) -> str:
    """Return an amount in whole units with its decimals: `800000`, `12.50`."""
    places = MINOR_UNITS[currency]
    return f"{Decimal(minor).scaleb(-places):.{places}f}"


@dataclass(frozen=True)
class Stated:
    """What signed data say of a receipt, in their own words."""

    template: str
    serial: str
    number: str
    year: str
    total: str
    currency: str
    lookup_code: str
    payer: str

    @classmethod
    def by(cls, row: ReceiptRow) -> "Stated":
        """Return what a stored receipt would state."""
        return cls(
            row.template,
            row.serial,
            str(row.number),
            str(row.year),
            amount_text(row.total_minor, row.currency),
            row.currency,
            row.lookup_code,
            writable(row.payer_name),
        )


def stated(data: etree._Element) -> Stated:
    """Return what signed data say."""
    paths: Iterable[str] = (
        *(f"TTChung/{tag}" for tag in ("KHMSBLai", "KHBLai", "SBLai", "Nam")),
        *("NDBLai/TToan/TgTTTBSo", "TTChung/DVTTe", "TTChung/MTCuu", "NDBLai/NNop/Ten"),
    )
    return Stated(*(data.findtext(path) or "" for path in paths))
