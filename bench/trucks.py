"""Trucks prepared for a run, written in bulk: the figures are of booking and scanning alone.

The rows are the product's own table classes, written by COPY in the state the services would have
left them in: a declaration that is released and cleared by every agency, and, for a truck that is
to be scanned, a confirmed booking with a charge that the ledger knows to be paid, an active slip
and an expected passage; for one that is to be paid, a held booking. Events of that earlier life are
left out. That the rows are good shows in the run: every scan of them is answered `recorded` and
then `admitted`, every booking `confirmed` or `held`, or it fails.
"""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from bench.ground import People
from border.core.clock import SystemClock
from border.core.ids import new_id, new_reference
from border.core.money import Money
from border.core.store import table_of
from border.payments.charges.tables import ChargeRow
from border.payments.ledger.book import OVERPAID, Entry, assessed, due, received
from border.payments.ledger.tables import JournalRow, PostingRow
from border.vocabulary import AGENCIES
from customs.tables import ClearanceRow, DeclarationRow, LineRow
from logistics.slip_service import SlipKeys
from logistics.slip_token import SlipClaims, sign
from logistics.tables import (
    BookingDeclarationRow,
    BookingRow,
    PassageRow,
    SlipRow,
    SlotRow,
)

GATE = "KIM_THANH_II"
LANE = "X1"
PLACES = 1_000_000
_DIRECTION = "export"
_SERIES = "BCDEFGHKLM"
_SLIP_VALID = timedelta(hours=72)
_trucks = count()
"""Numbers of trucks: none is given twice in a run, however many yards it opens."""


@dataclass(frozen=True)
class BenchHour:
    """A slot of the run: never full, so that it is the counting that is measured."""

    id: UUID
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Truck:
    """One truck with the words by which its own records are told from another's."""

    number: int
    hour: BenchHour
    loaded: bool
    token: str = ""
    declaration_id: UUID = field(default_factory=new_id)
    declaration_reference: str = field(default_factory=lambda: new_reference("DEC"))
    booking_id: UUID = field(default_factory=new_id)
    booking_reference: str = field(default_factory=lambda: new_reference("BKG"))
    slip_id: UUID = field(default_factory=new_id)
    slip_reference: str = field(default_factory=lambda: new_reference("SLP"))
    passage_id: UUID = field(default_factory=new_id)
    passage_reference: str = field(default_factory=lambda: new_reference("PSG"))
    booking_key: UUID = field(default_factory=new_id)
    arrival_scan: UUID = field(default_factory=new_id)
    entry_scan: UUID = field(default_factory=new_id)

    @property
    def plate(self) -> str:
        """The plate as it is compared: each truck its own."""
        return f"24{_SERIES[self.number // 100_000 % 10]}{self.number % 100_000:05d}"

    @property
    def plate_typed(self) -> str:
        """The plate as people write it."""
        return f"{self.plate[:3]}-{self.plate[3:6]}.{self.plate[6:]}"

    def words(self) -> dict[str, str]:
        """Return every word in which this truck's statements differ from another's, by name."""
        named = {name: str(value) for name, value in vars(self).items() if name != "hour"}
        words = {**named, "plate": self.plate, "plate_typed": self.plate_typed}
        del words["number"], words["loaded"]
        words["slot_id"] = str(self.hour.id)
        return {name: word for name, word in words.items() if word}


class Yard:
    """Where the trucks of a run come from: no plate, slip or declaration comes twice.

    `first` is the number of the first one, for a yard that takes over from another process's.
    """

    def __init__(
        self,
        connection: asyncpg.Connection,
        people: People,
        keys: SlipKeys,
        first: int | None = None,
    ) -> None:
        self._connection = connection
        self.people = people
        self._keys = keys
        self._numbers = _trucks if first is None else count(first)
        self.now = SystemClock().now().replace(second=0, microsecond=0)

    async def hours(self, number: int, begin: datetime, full: bool = False) -> list[BenchHour]:
        """Make slots ten minutes apart, the first within ten minutes of `begin`; if `full` with one
        place each, which is taken."""
        # Seven minutes past a full ten: an hour of the run never meets one of the seed rules.
        first = begin + timedelta(minutes=(7 - begin.minute) % 10)
        starts = [first + timedelta(minutes=10 * place) for place in range(number)]
        hours = [BenchHour(new_id(), start, start + timedelta(hours=1)) for start in starts]
        await self.write(
            SlotRow(
                id=hour.id,
                gate=GATE,
                direction=_DIRECTION,
                starts_at=hour.starts_at,
                ends_at=hour.ends_at,
                opens_at=self.now - timedelta(days=1),
                planned=1 if full else PLACES,
                capacity=1 if full else PLACES,
                taken=int(full),
                class_taken=[0, int(full), 0, 0],
                closes_at=hour.ends_at - timedelta(minutes=15),
                early_minutes=180,
                entry_early_minutes=30,
                grace_minutes=30,
                hold_minutes=15,
            )
            for hour in hours
        )
        return hours

    async def to_book(
        self, number: int, hours: Sequence[BenchHour], *, loaded: bool
    ) -> list[Truck]:
        """Return trucks ready to be booked, spread evenly over `hours`."""
        trucks = [
            Truck(next(self._numbers), hours[place % len(hours)], loaded) for place in range(number)
        ]
        if loaded:
            await self._write_declarations(trucks)
        return trucks

    async def to_pay(self, number: int, hour: BenchHour) -> list[Truck]:
        """Return trucks whose booking is held; what is owed on it is the caller's to write."""
        trucks = [Truck(next(self._numbers), hour, loaded=True) for _ in range(number)]
        await self.write(self._booking(truck, "held") for truck in trucks)
        return trucks

    async def to_scan(self, number: int, hour: BenchHour) -> list[Truck]:
        """Return loaded trucks with a paid booking and an active slip, ready to arrive."""
        trucks = [self._with_slip(next(self._numbers), hour) for _ in range(number)]
        await self._write_declarations(trucks)
        await self.write(self._booking(truck) for truck in trucks)
        await self.write(
            BookingDeclarationRow(booking_id=truck.booking_id, declaration_id=truck.declaration_id)
            for truck in trucks
        )
        charges = [self._charge(truck) for truck in trucks]
        async with self.together():
            await self.write(charges)
            await self.book(entry for charge in charges for entry in self._paid(charge))
        await self.write(
            SlipRow(
                id=truck.slip_id,
                reference=truck.slip_reference,
                state="active",
                booking_id=truck.booking_id,
                token=truck.token,
                valid_until=hour.ends_at + _SLIP_VALID,
                **self.record(),
            )
            for truck in trucks
        )
        await self.write(
            PassageRow(
                id=truck.passage_id,
                reference=truck.passage_reference,
                state="expected",
                booking_id=truck.booking_id,
                **self.record(),
            )
            for truck in trucks
        )
        return trucks

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """Write what the database accepts only in one transaction, as entries and their lines."""
        async with self._connection.transaction():
            yield

    async def book(self, entries: Iterable[Entry]) -> None:
        """Write entries of the ledger with their lines; they are complete when written."""
        booked = [(new_id(), entry) for entry in entries]
        await self.write(
            JournalRow(
                id=id,
                kind=entry.kind,
                idempotency_key=entry.key,
                effective_at=entry.effective_at,
                created_at=self.now,
                gateway=entry.gateway,
                provider_txn=entry.provider_txn,
                charge_id=entry.charge_id,
                booked_by="bench",
            )
            for id, entry in booked
        )
        await self.write(
            PostingRow(
                journal_id=id,
                line=line,
                account=posting.account,
                amount_minor=posting.amount.minor,
                currency=posting.amount.currency,
                charge_id=posting.charge_id,
            )
            for id, entry in booked
            for line, posting in enumerate(entry.postings, 1)
        )

    def owed(self, charge: ChargeRow) -> Entry:
        """Return the entry of a charge that is owed on whole to the budget of its kind."""
        amount = Money(charge.amount_minor, charge.currency)
        return Entry(
            kind="assess",
            key=f"assess:{charge.reference}",
            postings=assessed(charge.id, amount, [(due(charge.kind), amount)]),
            effective_at=self.now,
            charge_id=charge.id,
        )

    def _paid(self, charge: ChargeRow) -> tuple[Entry, Entry]:
        amount = Money(charge.amount_minor, charge.currency)
        number = charge.reference
        capture = Entry(
            kind="capture",
            key=f"capture:vnpay:{number}",
            postings=received("vnpay", amount, [(charge.id, amount)], OVERPAID),
            effective_at=self.now,
            gateway="vnpay",
            provider_txn=number,
        )
        return self.owed(charge), capture

    async def counted(self) -> None:
        """Let PostgreSQL count what was written, as it does by itself in quieter hours."""
        await self._connection.execute("ANALYZE")

    def record(self) -> dict[str, Any]:
        """Return the columns that every record of the run has alike."""
        return {
            "gate": GATE,
            "created_at": self.now,
            "changed_at": self.now,
            "overdue_at": self.now + timedelta(days=3),
        }

    def _with_slip(self, number: int, hour: BenchHour) -> Truck:
        plain = Truck(number, hour, loaded=True)
        token = sign(
            SlipClaims(
                reference=plain.slip_reference,
                plate=plain.plate,
                gate=GATE,
                direction=_DIRECTION,
                starts_at=hour.starts_at,
                ends_at=hour.ends_at,
                valid_until=hour.ends_at + _SLIP_VALID,
            ),
            self._keys.signing,
        )
        return Truck(**{**vars(plain), "token": token})

    def _booking(self, truck: Truck, state: str = "confirmed") -> BookingRow:
        return BookingRow(
            id=truck.booking_id,
            reference=truck.booking_reference,
            state=state,
            owner_organisation_id=self.people.organisation_id,
            slot_id=truck.hour.id,
            direction=_DIRECTION,
            slot_starts_at=truck.hour.starts_at,
            slot_ends_at=truck.hour.ends_at,
            held_until=truck.hour.ends_at,
            free_cancel_until=truck.hour.starts_at,
            slip_valid_until=truck.hour.ends_at + _SLIP_VALID,
            plate=truck.plate,
            plate_typed=truck.plate_typed,
            country="VN",
            vehicle_class="18t_and_over",
            payload_g=20_000_000,
            empty=False,
            priority="ordinary",
            share_class="ordinary",
            driver={"name": "Tài xế", "document_number": "010000000000", "phone": None},
            **self.record(),
        )

    def _charge(self, truck: Truck) -> ChargeRow:
        return ChargeRow(
            reference=new_reference("CHG"),
            state="settled",
            subject=truck.booking_reference,
            kind="infrastructure_fee",
            payer_organisation_id=self.people.organisation_id,
            amount_minor=500_000,
            currency="VND",
            explanation=[],
            rule_codes=[],
            parts=[],
            inputs={},
            settled_at=self.now,
            **self.record(),
        )

    async def _write_declarations(self, trucks: Sequence[Truck]) -> None:
        await self.write(
            DeclarationRow(
                id=truck.declaration_id,
                reference=truck.declaration_reference,
                state="released",
                customs_number=f"30{truck.number:010d}",
                regime="B11",
                direction=_DIRECTION,
                owner_organisation_id=self.people.organisation_id,
                gross_mass_g=18_400_000,
                line_count=2,
                totals={"CNY": 18_000_000},
                lane="green",
                released_at=self.now,
                **self.record(),
            )
            for truck in trucks
        )
        await self.write(
            LineRow(
                declaration_id=truck.declaration_id,
                position=position,
                hs_code=hs_code,
                description=goods,
                origin="VN",
                quantity_milli=9_200_000,
                unit="KGM",
                gross_mass_g=9_200_000,
                net_mass_g=9_000_000,
                value_minor=9_000_000,
                value_currency="CNY",
            )
            for truck in trucks
            for position, (hs_code, goods) in enumerate(
                (("08109092", "Thanh long"), ("08106000", "Sầu riêng"))
            )
        )
        await self.write(
            ClearanceRow(
                declaration_id=truck.declaration_id,
                agency=agency,
                state="passed",
                decided_at=self.now,
            )
            for truck in trucks
            for agency in AGENCIES
        )

    async def write(self, rows: Iterable[SQLModel]) -> None:
        """Write rows of one table by COPY; what the database numbers itself is left to it."""
        written = list(rows)
        if not written:
            return
        table = table_of(type(written[0]))
        names = {column.name for column in table.columns if column.identity is None}
        json_names = {column.name for column in table.columns if isinstance(column.type, JSONB)}
        records = [
            tuple(
                json.dumps(value) if name in json_names and value is not None else value
                for name, value in row.model_dump(include=names).items()
            )
            for row in written
        ]
        order = list(written[0].model_dump(include=names))
        await self._connection.copy_records_to_table(table.name, records=records, columns=order)
