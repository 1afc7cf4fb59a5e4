"""What is printed on a receipt, as plain values: all that a process that draws is given.

It knows neither tables nor gateways, so that whoever draws has none of them to read in.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from border.paper.words import Locale


class PrintedReason(NamedTuple):
    """A reason for a charge: as it was signed, and said `beside` it in the reader's language."""

    text: str
    beside: str
    minor: int | None


class PrintedLine(NamedTuple):
    """A charge: its name as it was signed, said `beside` it in the reader's language, and why."""

    name: str
    beside: str
    minor: int
    charge: str
    subject: str
    reasons: tuple[PrintedReason, ...]


class Cited(NamedTuple):
    """Another receipt that this one names."""

    serial: str
    number: int
    issued_at: datetime


@dataclass(frozen=True)
class PrintedColumns:
    """The columns of a stored receipt that are printed as they are."""

    kind: str
    template: str
    serial: str
    number: int
    collector_name: str
    collector_tax_code: str
    collector_address: str
    payer_name: str
    payer_tax_code: str | None
    payer_address: str | None
    vehicle_plate: str | None
    subjects: list[str]
    total_minor: int
    total_in_words: str
    currency: str
    payment_method: str
    payment_reference: str | None
    gateway_txn: str | None
    paid_at: datetime
    issued_at: datetime
    lookup_code: str
    qr_payload: str
    reason: str
    cert_serial: str


@dataclass(frozen=True)
class PrintedReceipt:
    """What is drawn: a receipt's columns and lines, what it is linked to, and who signed it.

    `signed_by` and `signed_at` stand where the signature proved genuine; `paid_through` is what
    the gateway is called on paper.
    """

    row: PrintedColumns
    lines: tuple[PrintedLine, ...]
    paid_through: str
    genuine: bool
    signed_by: str
    signed_at: datetime | None
    locale: Locale
    about: Cited | None
    replaced_by: Cited | None
    demo: bool
