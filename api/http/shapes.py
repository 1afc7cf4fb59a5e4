"""The answers' shapes: what outside clients rely on. Never a table."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from api.language import translator
from border.core.actor import Actor
from border.core.lifecycle import Move
from border.core.words import Sentence
from border.identity import policy
from border.payments.collection.payment_service import received_of
from border.payments.collection.tables import PaymentRow
from border.payments.face import ChargeRow
from logistics.booking import BOOKING
from logistics.booking_service import BookingWithCharges
from logistics.slot import remaining


class Shape(msgspec.Struct, kw_only=True):
    """An answer."""


class MoneyShape(Shape):
    """An amount in whole minor units."""

    minor: int
    currency: str


class MoveShape(Shape):
    """A move open to the caller."""

    verb: str
    says: str
    href: str
    needs: list[str] = []

    @classmethod
    def of(cls, move: Move, href: str) -> "MoveShape":
        """Return the shape of a move of the record at `href`."""
        return cls(
            verb=move.verb, says=move.label, href=f"{href}/{move.verb}", needs=list(move.needs)
        )


class SaidShape(Shape):
    """A sentence in the language asked for, with what it is made of."""

    text: str
    says: str
    facts: dict[str, Any]

    @classmethod
    def of(cls, sentence: Sentence, locale: str) -> "SaidShape":
        """Return the shape of a sentence in a language, the words among its facts too."""
        say = translator(locale).gettext
        told = {
            n: say(fact) if isinstance(fact, str) else fact for n, fact in sentence.facts.items()
        }
        text = say(sentence.says).format(**told)
        return cls(text=text, says=sentence.says, facts=sentence.facts)


class PageOf(Shape):
    """What every list carries beside its items."""

    next: str | None


class ChargeShape(Shape):
    """What is owed, and why."""

    id: UUID
    reference: str
    kind: str
    state: str
    subject: str
    amount: MoneyShape
    explanation: list[dict[str, Any]]

    @classmethod
    def of(cls, row: ChargeRow) -> "ChargeShape":
        """Return the shape of a charge."""
        return cls(
            id=row.id,
            reference=row.reference,
            kind=row.kind,
            state=row.state,
            subject=row.subject,
            amount=MoneyShape(minor=row.amount_minor, currency=row.currency),
            explanation=[
                {"text": line["says"].format(**line["facts"]), **line} for line in row.explanation
            ],
        )


class SlotShape(Shape):
    """A crossing hour on offer. From `closes_at` on no place counts as remaining."""

    id: UUID
    gate: str
    direction: str
    starts_at: datetime
    ends_at: datetime
    capacity: int
    remaining: int
    opens_at: datetime
    closes_at: datetime
    mode: str

    @classmethod
    def of(cls, row: Any, at: datetime) -> "SlotShape":
        """Return the shape of a slot as it stands at `at`."""
        return cls(
            id=row.id,
            gate=row.gate,
            direction=row.direction,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            capacity=row.capacity,
            remaining=remaining(row.capacity, row.taken, row.closes_at, at),
            opens_at=row.opens_at,
            closes_at=row.closes_at,
            mode=row.mode,
        )


class SlotList(PageOf):
    """The slots of a day."""

    items: list[SlotShape]


class SlipRef(Shape):
    """Where a slip is."""

    reference: str
    href: str
    pdf: str


class PassageShape(Shape):
    """How far the truck has come."""

    reference: str
    state: str
    arrived_at: datetime | None
    admitted_at: datetime | None
    exited_at: datetime | None


class DisplacementShape(Shape):
    """The hour that was taken away from a booking, and why."""

    starts_at: datetime
    reason: str


class BookingShape(Shape):
    """A booking with what is owed and its slip once confirmed."""

    id: UUID
    reference: str
    state: str
    version: int
    gate: str
    direction: str
    slot_id: UUID
    slot_starts_at: datetime
    slot_ends_at: datetime
    held_until: datetime | None
    vehicle: dict[str, Any]
    driver: dict[str, Any] | None
    empty: bool
    charges: list[ChargeShape]
    slip: SlipRef | None
    passage: PassageShape | None
    moves: list[MoveShape]
    displaced: DisplacementShape | None
    created_at: datetime

    @classmethod
    def of(cls, booked: BookingWithCharges, actor: Actor) -> "BookingShape":
        """Return the shape of a booking as the actor sees it."""
        row = booked.booking
        return cls(
            id=row.id,
            reference=row.reference,
            state=row.state,
            version=row.version,
            gate=row.gate,
            direction=row.direction,
            slot_id=row.slot_id,
            slot_starts_at=row.slot_starts_at,
            slot_ends_at=row.slot_ends_at,
            held_until=row.held_until if row.state == "held" else None,
            vehicle={
                "plate": row.plate_typed,
                "trailer_plate": row.trailer_plate,
                "country": row.country,
                "class": row.vehicle_class,
                "payload_g": row.payload_g,
                "driverless": row.driverless,
            },
            driver=row.driver,
            empty=row.empty,
            charges=[ChargeShape.of(charge) for charge in booked.charges],
            slip=slip_ref(row.slip_reference) if row.slip_reference else None,
            passage=PassageShape(
                reference=row.passage_reference,
                state=row.passage_state,
                arrived_at=row.arrived_at,
                admitted_at=row.admitted_at,
                exited_at=row.exited_at,
            )
            if row.passage_reference
            else None,
            moves=[
                MoveShape.of(move, f"/api/v1/bookings/{row.id}")
                for move in (*policy.open_moves(actor, BOOKING, row), *answers_open(actor, row))
            ],
            displaced=DisplacementShape(starts_at=row.displaced_from, reason=row.displaced_reason)
            if row.displaced_from
            else None,
            created_at=row.created_at,
        )


def answers_open(actor: Actor, booking: Any) -> list[Move]:
    """Return the moves that answer a displacement, where there is one to answer."""
    found = BOOKING.of("accept_displacement") if booking.displaced_from else ()
    return [
        move
        for move in found
        if booking.state in move.sources and policy.may(actor, BOOKING.event(move.verb), booking)
    ]


def slip_ref(reference: str) -> SlipRef:
    """Return where a slip and its paper are."""
    href = f"/api/v1/slips/{reference}"
    return SlipRef(reference=reference, href=href, pdf=f"{href}.pdf")


class BookingList(PageOf):
    """Bookings, newest first."""

    items: list[BookingShape]


class PaymentShape(Shape):
    """A payment and, while it is open, where to pay.

    `received` is what of `amount` came, `missing` what is still to come; `checkout` is over that.
    """

    id: UUID
    reference: str
    state: str
    version: int
    gateway: str
    amount: MoneyShape
    received: MoneyShape
    missing: MoneyShape
    expires_at: datetime | None
    paid_at: datetime | None
    charge_ids: list[UUID]
    checkout: dict[str, str]

    @classmethod
    def of(
        cls, row: PaymentRow, charge_ids: list[UUID], checkout: Mapping[str, str], waits: int = 0
    ) -> "PaymentShape":
        """Return the shape of a payment; `waits` is what came for it and was too little so far."""
        came = received_of(row, waits).minor
        return cls(
            id=row.id,
            reference=row.reference,
            state=row.state,
            version=row.version,
            gateway=row.gateway,
            amount=MoneyShape(minor=row.amount_minor, currency=row.currency),
            received=MoneyShape(minor=came, currency=row.currency),
            missing=MoneyShape(minor=row.amount_minor - came, currency=row.currency),
            expires_at=row.expires_at,
            paid_at=row.paid_at,
            charge_ids=charge_ids,
            checkout=dict(checkout),
        )


class SlipShape(Shape):
    """A slip: its reference, its signed token, and what it opens."""

    id: UUID
    reference: str
    state: str
    version: int
    token: str
    gate: str
    direction: str
    plate: str
    slot_starts_at: datetime
    slot_ends_at: datetime
    valid_until: datetime
    booking: str
    pdf: str


class ReasonShape(Shape):
    """One check that failed: what it tells the officer, the driver, and who may overrule it."""

    code: str
    says: str
    driver: str
    override_by: list[str]


class ScanShape(Shape):
    """The one answer to a scan, true at the time of asking.

    `flags` say what was late, off or contradicts; `happened_at` is the instant it is judged at, and
    `clock_off_seconds` how far the device's clock is off at least, ahead positive.
    """

    id: UUID
    verdict: str
    code: str
    says: str
    failed: list[ReasonShape]
    flags: list[str]
    clock_off_seconds: int | None
    happened_at: datetime
    received_at: datetime
    passage: dict[str, str] | None
    slip: dict[str, str] | None


class GateShape(Shape):
    """A gate with its lanes and usual hours."""

    code: str
    name: dict[str, str]
    locode: str
    lanes: list[dict[str, str]]
    hours: dict[str, str]


class GateList(PageOf):
    """The gates of the zone."""

    items: list[GateShape]
