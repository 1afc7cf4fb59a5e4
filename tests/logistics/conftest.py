"""A gate at work for the logistics tests: firms, goods, slots, and the steps of a truck."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlmodel import SQLModel

from border import gates
from border.core.actor import PROGRAM, QUARANTINE, Actor, Role
from border.core.clock import FixedClock, local_midnight
from border.core.ids import new_id
from border.core.money import Money
from border.core.refusal import Refusal
from border.core.store import Once, Store, StoredAnswer, Unit, table_of
from border.core.tables import EventRow, Record
from border.identity.tables import OrganisationRow
from border.payments.collection.settlement import Outcome
from border.payments.collection.settlement_service import apply_evidence
from border.payments.collection.tables import PaymentRow
from border.payments.desk import counter_service
from border.payments.gateways.evidence import Evidence, Finding, Source
from border.payments.gateways.vnpay.messages import Vnpay
from border.payments.tariffs import tariff_service
from border.regulation import regulation_service
from border.regulation.rule_kind import RuleKind, RuleSetDraft
from border.regulation.tables import RegulationRow
from border.timeouts import Timeouts
from customs import rule_service
from customs.clearance_service import decide_clearance
from customs.declaration_service import make_move
from customs.draft import ClearanceDecision, DraftDeclaration, MoveBody
from customs.draft_service import draft
from customs.tables import DeclarationRow
from logistics import booking_service, booking_set_service, scan_service, slot_service
from logistics.booking import BookingRequest
from logistics.booking_service import BookingWithCharges
from logistics.booking_set_service import AskedBooking
from logistics.confirming_service import Confirmation
from logistics.jobs import ON_TIMEOUT
from logistics.scan_request import ScanRequest
from logistics.slip_service import SlipKeys
from logistics.slip_token import SigningKey
from logistics.tables import BookingRow, SlotRow

T = TypeVar("T")
M = TypeVar("M", bound=SQLModel)
GATE = "KIM_THANH_II"
SIGNING = SigningKey.from_seed("k1", bytes(32))
SLIPS = SlipKeys(SIGNING, {"k1": SIGNING.verifying})
VNPAY = Vnpay("GATE0001", "GATE-EMULATOR-TEST-SECRET-0001", "http://sandbox.test/pay")


@dataclass
class Yard:
    """A gate with people, goods and hours; every step is a transaction of its own."""

    store: Store
    clock: FixedClock
    trader: Actor
    rival: Actor
    guard: Actor
    officer: Actor
    cashier: Actor
    inspector: Actor
    _numbers: Any = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.scans = scan_service.scans(self.store, SLIPS)
        self.brought = scan_service.scans(self.store, SLIPS, brought=True)
        self.bookings = booking_set_service.bookings(self.store, SLIPS)

    async def does(self, actor: Actor, work: Callable[[Unit], Awaitable[T]]) -> T:
        """Do something as somebody."""
        return await self.store.perform(actor, work)

    async def tries(self, work: Coroutine[Any, Any, Any]) -> str:
        """Do something and say how it ended: `done`, or the code of the refusal."""
        try:
            await work
        except Refusal as refusal:
            return refusal.code
        return "done"

    async def lodged(self, actor: Actor | None = None, **changes: Any) -> DeclarationRow:
        """Draft and lodge an export of converters, which the border guard and customs clear."""
        body = DraftDeclaration.model_validate(
            {
                "customs_number": f"30{next(self._numbers):010d}",
                "regime": "B11",
                "direction": "export",
                "gate": GATE,
                "declarant": "Sao Mai",
                "exporter": {"name": "Sao Mai", "tax_code": "0100112437", "country": "VN"},
                "importer": {"name": "Hekou Trading", "country": "CN"},
                "lines": [
                    {
                        "hs_code": "850440",
                        "description": "Static converters",
                        "origin": "VN",
                        "quantity": 12,
                        "unit": "H87",
                        "gross_mass_g": 1_200_000,
                        "net_mass_g": 1_000_000,
                        "value": {"minor": 250_000, "currency": "USD"},
                    }
                ],
                **changes,
            }
        )

        async def work(unit: Unit) -> DeclarationRow:
            made = await draft(unit, body)
            lodged = await make_move(unit, made.declaration.id, "lodge", MoveBody())
            return lodged.declaration

        return await self.does(actor or self.trader, work)

    async def released(self, **changes: Any) -> DeclarationRow:
        """Bring goods to their release."""
        return await self.clear(await self.lodged(**changes))

    async def clear(self, row: DeclarationRow) -> DeclarationRow:
        """Clear and release lodged goods."""
        passed = ClearanceDecision(decision="passed")
        await self.does(
            self.inspector, lambda unit: decide_clearance(unit, row.id, "border_guard", passed)
        )
        if row.lane != "green":
            await self.move(row, "accept")
        return await self.move(row, "release")

    async def move(self, row: DeclarationRow, verb: str, **body: Any) -> DeclarationRow:
        """Make a customs officer's move on a declaration."""

        async def work(unit: Unit) -> DeclarationRow:
            return (await make_move(unit, row.id, verb, MoveBody(**body))).declaration

        return await self.does(self.officer, work)

    async def slot(self, hour: int = 15, direction: str = "export", places: int = 40) -> SlotRow:
        """Return today's slot at a local hour, with so many places."""
        table = table_of(SlotRow)
        starts_at = self.clock.now().replace(hour=hour - 7, minute=0, second=0, microsecond=0)
        async with self.store.engine.begin() as connection:
            found = await connection.execute(
                table.update()
                .where(
                    table.c.gate == GATE,
                    table.c.direction == direction,
                    table.c.starts_at == starts_at,
                )
                .values(planned=places, capacity=places)
                .returning(*table.c)
            )
            return SlotRow(**found.one()._mapping)

    async def slot_of(self, on: date, hour: int = 15, direction: str = "export") -> SlotRow:
        """Return the slot of a day at a local hour."""
        found = await self.rows(SlotRow, gate=GATE, direction=direction)
        starts_at = local_midnight(on) + timedelta(hours=hour)
        return next(slot for slot in found if slot.starts_at == starts_at)

    def request(self, *ids: UUID, **changes: Any) -> BookingRequest:
        """Return what a booking asks for; without declarations the truck is empty."""
        vehicle = {
            "plate": f"24C-{next(self._numbers):05d}",
            "country": "VN",
            "class": "container_40",
            "payload_g": 28_000_000,
            **changes,
        }
        driver = {"name": "Trần Văn Mẫu", "document_number": "010203004005"}
        return BookingRequest.model_validate(
            {"declaration_ids": ids, "vehicle": vehicle, "driver": driver, "empty": not ids}
        )

    async def book(
        self, slot: SlotRow, *ids: UUID, actor: Actor | None = None, **changes: Any
    ) -> BookingWithCharges:
        """Book a place of a slot, together with whoever books at the same time."""
        return await self.booking_of(slot, self.request(*ids, **changes), actor)

    async def booking_of(
        self,
        slot: SlotRow,
        wanted: BookingRequest,
        actor: Actor | None = None,
        once: Once | None = None,
    ) -> BookingWithCharges:
        """Book what a request asks for; answered before under its key, it is looked up."""

        def says(booked: BookingWithCharges) -> StoredAnswer:
            return StoredAnswer(201, str(booked.booking.id).encode())

        asked = AskedBooking(slot.id, wanted, says, once)
        answer = await self.bookings.ask(actor or self.trader, asked)
        async with self.store.reading() as connection:
            return await booking_service.get(connection, self.guard, UUID(answer.body.decode()))

    async def booking(self, booked: BookingWithCharges) -> Any:
        """Return a booking as it now is."""
        async with self.store.reading() as connection:
            found = await booking_service.get(connection, self.guard, booked.booking.id)
        return found.booking

    async def cancel(
        self, booked: BookingWithCharges, actor: Actor | None = None
    ) -> BookingWithCharges:
        """Cancel a booking."""
        return await self.does(
            actor or self.trader,
            lambda unit: booking_service.cancel(unit, booked.booking.id, None),
        )

    async def enacts(self, kind: RuleKind[Any], rules: RuleSetDraft) -> RegulationRow:
        """Let one of the office write rules and another put them in force on their days."""
        writer, approver = (
            Actor(new_id(), "", frozenset({Role.MANAGER, Role.CUSTOMS_OFFICER})) for _ in range(2)
        )
        await self.does(writer, lambda unit: regulation_service.put_draft(unit, kind, rules))
        return await self.does(
            approver, lambda unit: regulation_service.schedule(unit, kind, rules.code)
        )

    async def sweep(self, kind: type[Record] = BookingRow) -> int:
        """End the records of a kind whose time has run out."""
        return await Timeouts(self.store, ON_TIMEOUT).end(kind)

    async def open_payment(self, booked: BookingWithCharges, gateway: str = "vnpay") -> PaymentRow:
        """Open a payment of all that is owed on a booking."""
        ids = [charge.id for charge in booked.charges]

        async def work(unit: Unit) -> PaymentRow:
            return await counter_service.pay(unit, ids, gateway, {"vnpay": VNPAY})

        return await self.does(self.cashier if gateway == "desk" else self.trader, work)

    def proof(self, payment: PaymentRow) -> Evidence:
        """Return the gateway's word that a payment was made."""
        return Evidence(
            "vnpay",
            payment.reference.replace("-", ""),
            Finding.PAID,
            Money(payment.amount_minor, payment.currency),
            Source.PULL,
            provider_txn=str(next(self._numbers)),
        )

    async def pay(self, payment: PaymentRow) -> Outcome:
        """Apply the gateway's word that a payment was made."""
        evidence = self.proof(payment)
        return await self.does(PROGRAM, lambda unit: apply_evidence(unit, evidence))

    async def confirmed(self, slot: SlotRow, *ids: UUID, **changes: Any) -> Any:
        """Book, pay at the desk, and return the booking, now confirmed."""
        booked = await self.book(slot, *ids, **changes)
        if booked.charges:
            await self.open_payment(booked, "desk")
        return await self.booking(booked)

    def seen(self, code: str, kind: str, /, **more: Any) -> ScanRequest:
        """Return a scan at this moment."""
        return ScanRequest.model_validate(
            {
                "code": code,
                "gate": GATE,
                "lane": "X1",
                "kind": kind,
                "scanned_at": self.clock.now(),
                "device": "barrier-1",
                "scan_id": f"s-{next(self._numbers)}",
                **more,
            }
        )

    async def scan(
        self, code: str | ScanRequest, kind: str = "entry", /, **more: Any
    ) -> dict[str, Any]:
        """Scan a code, together with whoever scans at the same time, and return the answer."""
        asked = code if isinstance(code, ScanRequest) else self.seen(code, kind, **more)
        return await self.scans.ask(self.guard, asked)

    def scanning(
        self, code: str | ScanRequest, kind: str = "entry", /, *, brought: bool = False, **more: Any
    ) -> Callable[[Unit], Awaitable[dict[str, Any]]]:
        """Return the work of a scan taken alone, for whoever holds a transaction."""
        asked = code if isinstance(code, ScanRequest) else self.seen(code, kind, **more)
        return lambda unit: scan_service.scan(unit, asked, SLIPS, brought=brought)

    async def rows(self, model: type[M], **wanted: Any) -> list[M]:
        """Return the rows of a table."""
        table = table_of(model)
        conditions = [table.c[name] == value for name, value in wanted.items()]
        async with self.store.reading() as connection:
            found = await connection.execute(select(table).where(*conditions))
            return [model(**row._mapping) for row in found]

    async def events(self, *types: str) -> list[EventRow]:
        """Return the events of some types, in order."""
        found = await self.rows(EventRow)
        return sorted(
            (event for event in found if not types or event.type in types),
            key=lambda event: event.seq or 0,
        )

    async def quiet(self) -> None:
        """Wait until every event can be read: a server that others use too may hold some back."""
        hidden = select(func.count()).where(text("xid >= pg_snapshot_xmin(pg_current_snapshot())"))
        async with asyncio.timeout(10):
            for attempt in count():
                async with self.store.reading() as connection:
                    if not await connection.scalar(hidden.select_from(table_of(EventRow))):
                        return
                await asyncio.sleep(min(0.01 * attempt, 0.2))

    async def counted(self) -> dict[str, int]:
        """Return how many rows each table holds."""
        counts = [
            select(func.count()).select_from(table).scalar_subquery().label(table.name)
            for table in SQLModel.metadata.sorted_tables
        ]
        async with self.store.reading() as connection:
            return dict((await connection.execute(select(*counts))).one()._mapping)


FIRMS = (
    OrganisationRow(name="Sao Mai", kind="trader", tax_code="0100112437"),
    OrganisationRow(name="Song Hong", kind="trader"),
    OrganisationRow(name="The zone", kind="authority"),
)


Fill = Callable[[str, Callable[[], Awaitable[None]]], Awaitable[None]]


async def open_yard(store: Store, clock: FixedClock, fill: Fill) -> Yard:
    """Return a gate with its firms, rates and the slots of the days ahead, filled by `fill`."""
    store.reactions = {
        "charge.settle": (Confirmation(SLIPS),),
        "regulation.schedule": (slot_service.on_rules_changed,),
        "regulation.withdraw": (slot_service.on_rules_changed,),
    }

    async def work(unit: Unit) -> None:
        await gates.load_seed(unit.connection)
        await rule_service.load_rules(unit)
        await slot_service.load_rules(unit)
        await tariff_service.load_tariff(unit)
        await slot_service.make_slots(unit)
        for firm in FIRMS:
            await unit.add(firm)

    await fill("yard", lambda: store.perform(PROGRAM, work))

    def person(firm: OrganisationRow, *roles: str) -> Actor:
        return Actor(new_id(), "somebody", frozenset(roles), firm.id)

    ours, theirs, zone = FIRMS
    return Yard(
        store,
        clock,
        person(ours, Role.TRADER),
        person(theirs, Role.TRADER),
        person(zone, Role.GATE_STAFF),
        person(zone, Role.CUSTOMS_OFFICER),
        person(zone, Role.CASHIER),
        person(zone, Role.BORDER_GUARD, *QUARANTINE),
    )


@pytest.fixture
async def yard(store: Store, clock: FixedClock, database: Any) -> Yard:
    """A gate with its firms, rates and the slots of the days ahead."""
    return await open_yard(store, clock, database.fill)
