"""Fills the demonstration with life: thousands of declarations and a day of traffic.

Everything goes through the same services as a trader's and an officer's own clicks, at past
instants given by a clock that is moved; so lists, boards and figures show what really happened in
the database. The goods of the imports are the packaged sample; firms, exports, trucks and
drivers are made up from a fixed seed. Filling again adds nothing.
"""

import heapq
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select

from api.demo.names import EXPORTS, SampleLoad, chinese_firm, vietnamese_firm
from border.core.actor import Actor, Role
from border.core.clock import ZONE, FixedClock, local_date
from border.core.store import AnyRow, Store, Unit, table_of
from border.identity.tables import AccountRow
from border.payments.desk.counter_service import take_cash
from border.reference.catalogue import SAMPLES
from customs.clearance import DECIDED_BY, OTHER_AGENCIES
from customs.clearance_service import decide_clearance
from customs.declaration_service import make_move
from customs.dossier_service import Dossier, get, list_declarations
from customs.draft import ClearanceDecision, DraftDeclaration, MoveBody
from customs.draft_service import draft
from customs.import_service import ImportReport, import_file
from customs.intake.sample_csv import DECLARATIONS_2021
from logistics import booking_service, booking_set_service, slot_service, storage
from logistics.booking import BookingRequest
from logistics.gate_check import ScanKind
from logistics.scan_request import ScanRequest
from logistics.scan_service import scan
from logistics.slip_service import SlipKeys

GATE = "KIM_THANH_II"
SAMPLE = SAMPLES / "declarations_2021q1.csv"
_LAST_DAYS = timedelta(days=6)
_SINCE = timedelta(hours=30)
_UNTIL = timedelta(hours=26)
_IN_LINE = 6
_TRUCKS_AN_HOUR = {"day": (5, 9), "night": (0, 2)}
_CLASSES = (("container_40", 30_000_000), ("18t_and_over", 29_000_000))
_LIGHTEST_PAYLOAD_G = min(payload for _, payload in _CLASSES)


def _line(goods: SampleLoad, mass_g: int) -> dict[str, object]:
    return {
        "hs_code": goods.hs_code,
        "description": goods.description,
        "origin": "VN",
        "quantity": mass_g // 1000,
        "unit": "KGM",
        "gross_mass_g": mass_g,
        "net_mass_g": mass_g - mass_g // 20,
        "value": {"minor": mass_g * 12, "currency": "VND"},
    }


Say = Callable[[str, int, int], None]
"""Told how far a step has come: its name, done, of how many."""


@dataclass
class _Day:
    """What the filling works with."""

    store: Store
    clock: FixedClock
    random: random.Random
    people: dict[str, Actor]
    slips: SlipKeys
    numbers: "count[int]"


async def is_filled(store: Store) -> bool:
    """Say whether the demonstration has been filled before."""
    async with store.reading() as connection:
        statement = select(func.count()).select_from(storage.booking)
        return bool(await connection.scalar(statement))


async def fill(
    store: Store,
    slips: SlipKeys,
    now: datetime,
    say: Say,
    *,
    sample: Path = SAMPLE,
    since: timedelta = _SINCE,
    ahead: timedelta = _UNTIL,
) -> ImportReport:
    """Import the sample and run the traffic of the last while (`since`) up to `now`.

    Hours `ahead` of now are booked in part.

    writes: everything the services write, at instants before `now`.
    """
    clock = FixedClock(now - _LAST_DAYS)
    past = Store(store.engine, clock, store.reactions)
    day = _Day(past, clock, random.Random(2026), await _people(past), slips, count(1))  # noqa: S311
    report = await _import(day, sample, say)
    await _traffic(day, now - since, now, now + ahead, say)
    return report


async def _people(store: Store) -> dict[str, Actor]:
    """Return the demo accounts as actors by the first part of their address."""
    accounts = table_of(AccountRow)
    async with store.reading() as connection:
        found = (await connection.execute(select(accounts).where(accounts.c.demo))).all()
    return {
        row.email.split("@")[0]: Actor(
            row.id, row.name, frozenset(row.roles), row.organisation_id, "", row.email
        )
        for row in found
    }


def _called(ours: str, theirs: str, country: str) -> tuple[str, str]:
    """Name the sample's anonymous firms, each always the same."""
    chinese = country in {"CN", "HK", "MO"}
    return vietnamese_firm(ours)[0], chinese_firm(theirs) if chinese else f"{theirs} Co. (sample)"


async def _import(day: _Day, sample: Path, say: Say) -> ImportReport:
    """Import the sample, its batches spread over the last days."""
    trader = day.people["trader"]
    assert trader.organisation_id is not None

    def on_progress(done: int, total: int) -> None:
        day.clock.advance(timedelta(hours=2, minutes=30))
        say("declarations", done, total)

    return await import_file(
        day.store,
        trader,
        sample,
        owner_organisation_id=trader.organisation_id,
        gate=GATE,
        sample=replace(DECLARATIONS_2021, called=_called),
        on_progress=on_progress,
    )


async def _traffic(day: _Day, begin: datetime, now: datetime, end: datetime, say: Say) -> None:
    """Run the trucks since `begin`, step by step in the order of time."""
    day.clock.at = begin

    async def slots(unit: Unit) -> Sequence[AnyRow]:
        await slot_service.make_slots(unit, local_date(begin))
        return await storage.slots_between(
            unit.connection, GATE, None, begin + timedelta(hours=3), end
        )

    planned = [
        (slot, _trucks(day, slot, now))
        for slot in await day.store.perform(day.people["manager"], slots)
        if slot.direction != "transit"
    ]
    imports = await _ready_imports(day, sum(n for slot, n in planned if slot.direction == "import"))
    steps: list[tuple[datetime, int, Callable[[], Awaitable[None]]]] = []
    for slot, trucks in planned:
        for _ in range(trucks):
            load = imports.pop() if slot.direction == "import" and imports else None
            _plan_truck(day, steps, slot, load, now)
    steps = [step for step in steps if step[0] <= now]
    total = len(steps)
    heapq.heapify(steps)
    while steps:
        at, _, step = heapq.heappop(steps)
        day.clock.at = max(day.clock.at, at)
        await step()
        say("traffic", total - len(steps), total)


def _trucks(day: _Day, slot: AnyRow, now: datetime) -> int:
    """Return how many trucks an hour gets: the present one always some, to stand in line."""
    fewest = _IN_LINE if slot.starts_at <= now < slot.ends_at else 0
    return max(fewest, day.random.randint(*_TRUCKS_AN_HOUR[_part_of_day(slot.starts_at)]))


def _part_of_day(at: datetime) -> str:
    return "day" if 7 <= at.astimezone(ZONE).hour < 21 else "night"


async def _ready_imports(day: _Day, wanted: int) -> list[UUID]:
    """Return imports that have passed the papers and wait for clearances and release."""
    ids: list[UUID] = []
    cursor: str | None = None
    async with day.store.reading() as connection:
        while len(ids) < wanted:
            page = await list_declarations(
                connection,
                day.people["officer"],
                states=["documents_cleared"],
                gate=GATE,
                cursor=cursor,
                limit=200,
            )
            ids += [row.id for row in page.items if row.gross_mass_g <= _LIGHTEST_PAYLOAD_G]
            if (cursor := page.next) is None:
                break
    return ids[:wanted]


def _plan_truck(
    day: _Day,
    steps: list[tuple[datetime, int, Callable[[], Awaitable[None]]]],
    slot: AnyRow,
    load: UUID | None,
    now: datetime,
) -> None:
    """Plan one truck: papers, booking, and its way through the gate; some stop on the way."""
    chance = day.random
    number = next(day.numbers)
    truck = _Truck(day, slot, load, number)
    # Hours that are still ahead have been booked within the last while.
    papers = min(
        slot.starts_at - timedelta(minutes=chance.randint(150, 175)),
        now - timedelta(minutes=chance.randint(10, 300)),
    )
    arrives = slot.starts_at + timedelta(minutes=chance.randint(-60, 40))
    enters = max(arrives, slot.starts_at) + timedelta(minutes=round(chance.triangular(4, 95, 18)))
    leaves = enters + timedelta(minutes=round(chance.triangular(12, 160, 35)))
    if slot.starts_at <= now < slot.ends_at and number % 3:
        # Somebody always stands in line while the demonstration is looked at.
        arrives = now - timedelta(minutes=chance.randint(4, 55))
        enters = now + timedelta(minutes=chance.randint(5, 60))
        papers = min(papers, arrives - timedelta(minutes=30))
    fate = chance.random()
    for place, (at, step) in enumerate(
        [(papers, truck.prepare), (papers + timedelta(minutes=4), truck.book)]
        + ([] if fate < 0.04 else [(arrives, truck.arrive)])
        + ([] if fate < 0.06 else [(enters, truck.enter), (leaves, truck.leave)])
    ):
        steps.append((at, number * 10 + place, step))


@dataclass
class _Truck:
    """One truck on its way, each step as the person whose step it is."""

    day: _Day
    slot: AnyRow
    declaration: UUID | None
    number: int
    slip: str | None = None

    async def prepare(self) -> None:
        """Declare an export; have the agencies clear and customs release the goods."""
        day, people = self.day, self.day.people
        if self.declaration is None:
            self.declaration = await self._declare_export()
        async with day.store.reading() as connection:
            dossier = await get(connection, people["officer"], self.declaration)
        await self._pass_papers(dossier)
        for clearance in dossier.clearances:
            if clearance.agency in OTHER_AGENCIES and clearance.state == "pending":
                await self._clear(clearance.agency)
        await self._move("officer", "release")

    async def _declare_export(self) -> UUID:
        day = self.day
        loads = day.random.sample(EXPORTS, day.random.choice((1, 1, 1, 2, 3)))
        firm, tax_code = vietnamese_firm(f"{self.number % 23}")
        body = DraftDeclaration.model_validate(
            {
                "customs_number": f"3092{self.number:08d}",
                "regime": "B11",
                "direction": "export",
                "gate": GATE,
                "exporter": {"name": firm, "tax_code": tax_code, "country": "VN"},
                "importer": {"name": chinese_firm(f"{self.number % 17}"), "country": "CN"},
                "lines": [_line(goods, goods.mass_g // len(loads)) for goods in loads],
                "handling": sorted({how for goods in loads for how in goods.handling}),
                "certificates": [f"KD-{self.number:05d}"],
            }
        )

        async def work(unit: Unit) -> UUID:
            dossier = await draft(unit, body)
            await make_move(unit, dossier.declaration.id, "lodge", MoveBody())
            return dossier.declaration.id

        return await day.store.perform(day.people["trader"], work)

    async def _pass_papers(self, dossier: Dossier) -> None:
        """Take a declaration out of review: look into the goods in the red lane, accept."""
        if dossier.declaration.state != "under_review":
            return
        if dossier.declaration.lane == "red":
            await self._move("officer", "order_inspection", reason="Kiểm tra thực tế hàng hóa")
            await self._move(
                "officer", "record_inspection", reason="Đúng khai báo", outcome="conforming"
            )
            await self._move("officer2", "accept")
        else:
            await self._move("officer", "accept")

    async def _move(self, who: str, verb: str, **body: str) -> None:
        assert self.declaration is not None
        id, asked = self.declaration, MoveBody.model_validate(body)

        async def work(unit: Unit) -> None:
            await make_move(unit, id, verb, asked)

        await self.day.store.perform(self.day.people[who], work)

    async def _clear(self, agency: str) -> None:
        assert self.declaration is not None
        id = self.declaration
        decider = "guard" if DECIDED_BY[agency] == Role.BORDER_GUARD else "quarantine"

        async def work(unit: Unit) -> None:
            await decide_clearance(unit, id, agency, ClearanceDecision(decision="passed"))

        await self.day.store.perform(self.day.people[decider], work)

    async def book(self) -> None:
        """Book the hour and pay the fee at the desk."""
        assert self.declaration is not None
        day = self.day
        vehicle_class, payload = day.random.choice(_CLASSES)
        chinese = day.random.random() < 0.5
        plate = f"云G{self.number:05d}" if chinese else f"24C-{self.number:05d}"
        request = BookingRequest.model_validate(
            {
                "declaration_ids": [self.declaration],
                "vehicle": {
                    "plate": plate,
                    "country": "CN" if chinese else "VN",
                    "class": vehicle_class,
                    "payload_g": payload,
                },
                "driver": {
                    "name": f"Lái xe mẫu {self.number}",
                    "document_number": f"MAU{self.number:06d}",
                },
            }
        )

        async def hold(unit: Unit) -> booking_service.BookingWithCharges:
            return await booking_set_service.book(unit, self.slot.id, request, day.slips)

        held = await day.store.perform(day.people["trader"], hold)

        async def pay(unit: Unit) -> str:
            owed = [charge.id for charge in held.charges]
            await take_cash(unit, owed)
            found = await storage.booking_view(unit.connection, id=held.booking.id)
            assert found is not None
            slip: str = found.slip_reference
            return slip

        self.slip = await day.store.perform(day.people["gate"], pay)

    async def arrive(self) -> None:
        """Scan at the waiting yard."""
        await self._scan(ScanKind.ARRIVAL)

    async def enter(self) -> None:
        """Scan at the barrier; now and then the first scan is of a wrong plate."""
        if self.day.random.random() < 0.03:
            await self._scan(ScanKind.ENTRY, plate_seen="24C-000.00")
        await self._scan(ScanKind.ENTRY)

    async def leave(self) -> None:
        """Scan at the exit."""
        await self._scan(ScanKind.EXIT)

    async def _scan(self, kind: ScanKind, plate_seen: str | None = None) -> None:
        assert self.slip is not None
        day = self.day
        lanes = ("X1", "X2") if self.slot.direction == "export" else ("N1", "N2", "N3")
        request = ScanRequest(
            code=self.slip,
            gate=GATE,
            lane=lanes[self.number % len(lanes)],
            kind=kind,
            scanned_at=day.clock.now(),
            device="demo-fill",
            scan_id=f"{self.number}-{kind}-{plate_seen or ''}",
            plate_seen=plate_seen,
        )

        async def work(unit: Unit) -> None:
            await scan(unit, request, day.slips)

        await day.store.perform(day.people["gate"], work)
