"""What the running program ends by itself: of every kind, a poisoned record among good ones."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import false, select, update

from api.background import Background
from api.tables import KINDS, LIVES
from api.zone import jobs_of, timeouts_of
from border.core.actor import PROGRAM
from border.core.clock import FixedClock, local_date
from border.core.jobs import Job
from border.core.store import Unit, table_of
from border.core.tables import Record
from border.core.wakeup import Wakeup
from border.identity.tables import DelegationRow
from border.payments.collection.tables import AttemptRow, PaymentRow
from border.regulation.tables import RegulationRow
from customs.declaration import DRAFT_KEPT, VALIDITY
from customs.intake.declaration_file import FILE_KEPT
from customs.intake.tables import DeclarationFileRow
from customs.intake.template import COLUMNS
from customs.tables import DeclarationRow
from logistics import slot_service
from logistics.calling.tables import CallRow, OverrideRow
from logistics.standby.tables import StandbyRow
from logistics.storage import slot
from logistics.tables import BookingRow, PassageRow, ScanClashRow
from logistics.waiting.tables import WaitingRow

Made = tuple[type[Record], list[UUID], timedelta, str]
"""A kind, three records of it, when they are over, and what they then become."""


async def _drafts(crossing: Any) -> Made:
    ids = [UUID((await crossing.drafted())["id"]) for _ in range(3)]
    return DeclarationRow, ids, DRAFT_KEPT, "expired"


async def _holds(crossing: Any) -> Made:
    lodged = [await crossing.lodged() for _ in range(3)]
    ids = [UUID((await crossing.booked(one["id"]))["id"]) for one in lodged]
    return BookingRow, ids, timedelta(minutes=18), "lapsed"


async def _offers(crossing: Any) -> Made:
    booked = [await crossing.booked() for _ in range(3)]
    hour = UUID(booked[0]["slot_id"])
    async with crossing.running.services.store.engine.begin() as connection:
        await connection.execute(update(slot).where(slot.c.id == hour).values(capacity=3))
    for _ in range(3):
        await crossing.does("trader", f"/slots/{hour}/waitlist", crossing.truck(), 201)
    for one in booked:
        await crossing.does("trader", f"/bookings/{one['id']}/cancel")
    return WaitingRow, await _ids(crossing, WaitingRow), timedelta(minutes=20), "lapsed"


async def _rights(crossing: Any) -> Made:
    until = crossing.running.clock.now() + timedelta(days=1)
    right = {"to_organisation": "0010000104", "verbs": ["booking.hold"], "until": until.isoformat()}
    given = [await crossing.does("trader", "/delegations", right, 201) for _ in range(3)]
    return DelegationRow, [UUID(one["id"]) for one in given], timedelta(days=1), "expired"


async def _announced(crossing: Any) -> Made:
    way, path = {"gate": "KIM_THANH_II", "direction": "export"}, "/live-queue/announcements"
    made = [await crossing.does("trader", path, crossing.truck() | way, 201) for _ in range(3)]
    return StandbyRow, [UUID(one["id"]) for one in made], timedelta(hours=4), "left"


async def _files(crossing: Any) -> Made:
    trader, ids = await crossing.person("trader"), []
    for number in range(3):
        rows = zip(*((column.en, f"{column.example}{number}") for column in COLUMNS), strict=True)
        table, sent = "\n".join(map(";".join, rows)), {"content-type": "application/octet-stream"}
        taken = await trader.client.post("/api/v1/declaration-files", content=table, headers=sent)
        ids.append(UUID(taken.json()["id"]))
    return DeclarationFileRow, ids, FILE_KEPT, "expired"


async def _in_line(crossing: Any) -> list[dict[str, Any]]:
    """Return the bookings of three empty trucks that can be called."""
    booked = [await crossing.booked() for _ in range(3)]
    crossing.running.clock.at = datetime.fromisoformat(booked[0]["slot_starts_at"])
    for one in booked:
        seen = await crossing.sees("trader", f"/bookings/{one['id']}")
        await crossing.scanned(seen["slip"]["reference"], "arrival")
    return booked


async def _calls(crossing: Any) -> Made:
    await _in_line(crossing)
    line = {"gate": "KIM_THANH_II", "direction": "export"}
    for _ in range(3):
        await crossing.does("gate", "/calls/next", line, 201)
    return CallRow, await _ids(crossing, CallRow), timedelta(minutes=20), "missed"


async def _calls_out_of_turn(crossing: Any) -> Made:
    for one in await _in_line(crossing):
        wanted = {"booking_id": one["id"], "reason": "The driver is ill."}
        await crossing.does("gate", "/calls/override", wanted, 201)
    return OverrideRow, await _ids(crossing, OverrideRow), timedelta(hours=1), "lapsed"


async def _opened(crossing: Any) -> list[dict[str, Any]]:
    lodged = [await crossing.lodged() for _ in range(3)]
    return [await crossing.opened(await crossing.booked(one["id"])) for one in lodged]


async def _payments(crossing: Any) -> Made:
    ids = [UUID(opened["id"]) for opened in await _opened(crossing)]
    return PaymentRow, ids, timedelta(minutes=15), "expired"


async def _attempts_given_up(crossing: Any) -> Made:
    for opened in await _opened(crossing):
        await crossing.does("trader", f"/payments/{opened['id']}/cancel")
    return AttemptRow, await _ids(crossing, AttemptRow), timedelta(minutes=15), "expired"


async def _gone_abroad(crossing: Any) -> Made:
    start = crossing.running.clock.at
    for _ in range(3):
        crossing.running.clock.at = start
        released = await crossing.released()
        await crossing.crossed(await crossing.paid(await crossing.booked(released["id"])))
    return PassageRow, await _ids(crossing, PassageRow), timedelta(hours=72), "closed"


async def _exits_before_entries(crossing: Any) -> Made:
    for _ in range(3):
        booked = await crossing.paid(await crossing.booked((await crossing.released())["id"]))
        await crossing.scanned(booked["slip"]["reference"], "exit", offline=True)
    return ScanClashRow, await _ids(crossing, ScanClashRow), timedelta(hours=12), "open"


async def _rules_to_begin(crossing: Any) -> Made:
    store, ids = crossing.running.services.store, []
    for number in range(3):

        async def work(unit: Unit, code: str = f"TRY-{number}") -> RegulationRow:
            return await unit.create(
                RegulationRow,
                "scheduled",
                "prepare",
                gate="ZONE",
                overdue_at=unit.at + timedelta(days=7),
                kind="slot_rules",
                code=code,
                title="Tried",
                issued_by="The board",
                legal_basis="None",
                effective_from=local_date(unit.at),
                rows=[{}],
                digest=bytes(32),
            )

        ids.append((await store.perform(PROGRAM, work)).id)
    return RegulationRow, ids, timedelta(days=7), "in_force"


async def _ids(crossing: Any, kind: type[Record]) -> list[UUID]:
    table = table_of(kind)
    async with crossing.running.services.store.reading() as connection:
        return list((await connection.execute(select(table.c.id).order_by(table.c.id))).scalars())


async def _states(crossing: Any, kind: type[Record], ids: list[UUID]) -> list[str]:
    table = table_of(kind)
    async with crossing.running.services.store.reading() as connection:
        found = await connection.execute(select(table.c.id, table.c.state))
        states = {row.id: row.state for row in found}
    return [states[id] for id in ids]


def failures(kind: type[Record]) -> float:
    """Return how many time-outs of a kind have failed."""
    labels = {"lifecycle": kind.lifecycle.name}
    return REGISTRY.get_sample_value("border_timeout_failures_total", labels) or 0


@pytest.mark.parametrize(
    "make",
    [
        _drafts,
        _holds,
        _offers,
        _calls,
        _calls_out_of_turn,
        _payments,
        _attempts_given_up,
        _gone_abroad,
        _exits_before_entries,
        _rules_to_begin,
        _rights,
        _announced,
        _files,
    ],
    ids=lambda make: make.__name__.strip("_"),
)
async def test_a_poisoned_record_stops_neither_its_kind_nor_another(
    crossing: Any, clock: FixedClock, poisoned: Any, make: Callable[[Any], Awaitable[Made]]
) -> None:
    kind, ids, after, ended = await make(crossing)
    other = UUID((await crossing.drafted())["id"])
    clock.advance(after)
    before, store = failures(kind), crossing.running.services.store
    async with poisoned(table_of(kind).name, ids[0]):
        await timeouts_of(store).run()
        assert await _states(crossing, kind, ids[1:]) == [ended, ended]
        assert (await _states(crossing, kind, ids[:1])) != [ended]
        assert failures(kind) == before + 1
        await timeouts_of(store).run()
        assert failures(kind) == before + 1, "it is left alone for a while"
        clock.advance(DRAFT_KEPT)
        await timeouts_of(store).run()
        assert await _states(crossing, DeclarationRow, [other]) == ["expired"]
    clock.advance(timedelta(hours=1))
    await timeouts_of(store).run()
    assert await _states(crossing, kind, ids) == [ended] * 3


def test_whatever_ends_by_itself_has_its_test_above_or_with_its_package() -> None:
    ending = {kind for kind in KINDS if any(s.on_timeout for s in kind.lifecycle.states)}
    tested = {DeclarationRow, BookingRow, PaymentRow, AttemptRow, PassageRow, ScanClashRow}
    tested |= {RegulationRow, WaitingRow, CallRow, OverrideRow, DelegationRow}
    tested |= {StandbyRow, DeclarationFileRow}
    elsewhere = {"refund", "close_reopening", "message", "contact", "booking_fault"}
    assert {kind.lifecycle.name for kind in ending - tested} == elsewhere


async def test_whatever_can_be_left_says_until_when_and_what_is_over_for_good_does_not(
    crossing: Any,
) -> None:
    await crossing.lodged()
    await crossing.opened(await crossing.booked((await crossing.lodged())["id"]))
    await _exits_before_entries(crossing)
    await _gone_abroad(crossing)
    seen = set()
    async with crossing.running.services.store.reading() as connection:
        for kind in KINDS:
            table, final = table_of(kind), kind.lifecycle.final
            example = table.c.get("example", false())
            rows = (await connection.execute(select(table).where(~example))).all()
            seen |= {kind.lifecycle.name for _ in rows}
            for row in rows:
                assert (row.overdue_at is None) == (row.state in final), (table.name, row.state)
    assert len(seen) >= 10


async def test_a_truck_in_the_yard_keeps_its_papers_while_the_program_runs(
    crossing: Any, running: Any, clock: FixedClock, leading: Any
) -> None:
    in_line, other = await crossing.lodged(), await crossing.lodged()
    clock.advance(VALIDITY - timedelta(hours=1))
    crossing._people.clear()  # nobody stays signed in for a fortnight
    await running.services.store.perform(PROGRAM, slot_service.make_slots)
    paid = await crossing.paid(await crossing.booked(in_line["id"], place=0))
    await crossing.scanned(paid["slip"]["reference"], "arrival")
    clock.advance(timedelta(hours=1))
    services = running.services
    jobs = Background(jobs_of(services, lambda: None), services.store.committed, leading)
    jobs.start()
    ids = [UUID(in_line["id"]), UUID(other["id"])]
    try:
        async with asyncio.timeout(60):
            while (await _states(crossing, DeclarationRow, ids))[1] != "expired":  # noqa: ASYNC110
                await asyncio.sleep(0.1)  # the jobs run by a clock of their own
    finally:
        await jobs.stop()
    assert await _states(crossing, DeclarationRow, ids) == [in_line["state"], "expired"]


async def test_clearances_and_rules_are_counted_as_overdue(
    crossing: Any, running: Any, clock: FixedClock
) -> None:
    lodged = await crossing.lodged()
    clock.advance(timedelta(days=2))
    await timeouts_of(running.services.store).watch()
    metrics = (await running.client.get("/metrics")).text
    awaited = [one for one in lodged["clearances"] if one["state"] == "pending"]
    assert f'border_overdue{{lifecycle="clearance"}} {len(awaited)}.0' in metrics
    assert 'border_overdue{lifecycle="regulation"} 0.0' in metrics
    clock.advance(timedelta(days=5 * 365))
    await timeouts_of(running.services.store).watch()
    metrics = (await running.client.get("/metrics")).text
    assert 'border_overdue{lifecycle="regulation"} 0.0' not in metrics
    for name in LIVES:
        assert f'border_overdue{{lifecycle="{name}"}}' in metrics
        assert f'border_timeout_failures_total{{lifecycle="{name}"}}' in metrics


async def test_a_job_that_fails_delays_only_itself(
    caplog: pytest.LogCaptureFixture, leading: Any
) -> None:
    done, wakeup = asyncio.Event(), Wakeup()
    ran = 0

    async def fails() -> None:
        raise ConnectionError("the other side is away")

    async def works() -> None:
        nonlocal ran
        ran += 1
        if ran == 3:
            done.set()

    jobs = Background((Job("fails", 0, fails), Job("works", 0, works)), wakeup, leading)
    jobs.start()
    try:
        async with asyncio.timeout(5):
            await done.wait()
    finally:
        await jobs.stop()
    failed = REGISTRY.get_sample_value("border_job_failures_total", {"job": "fails"})
    assert failed == 1, "it is left alone for a moment"
    assert REGISTRY.get_sample_value("border_job_failures_total", {"job": "works"}) == 0
    assert "the job fails failed and is tried again" in caplog.text


def test_every_package_exports_its_jobs_and_each_has_a_name_of_its_own(running: Any) -> None:
    names = [job.name for job in jobs_of(running.services, lambda: None)]
    assert len(set(names)) == len(names)
    assert set(names) >= {"inbox", "ask-vnpay", "refunds", "receipts", "missing-money", "relay"}
    assert set(names) >= {"figures", "windows", "slots", "time-outs", "overdue", "put-off"}
    assert set(names) >= {"old answers", "old tokens"}
