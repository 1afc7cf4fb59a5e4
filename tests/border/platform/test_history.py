"""What a record was at an instant, told by its events."""

from datetime import datetime, timedelta

from border.core.actor import PROGRAM, ActorKind
from border.core.clock import FixedClock
from border.core.event import Event
from border.core.store import Store, Unit
from border.platform.history import states_at

MINUTE = timedelta(minutes=1)


async def test_a_state_is_the_last_that_happened_by_then_whenever_it_was_recorded(
    store: Store, clock: FixedClock
) -> None:
    start = clock.now()

    async def told(
        type: str, state: str, happened_at: datetime, subject: str = "DEC-1", **more: str
    ) -> None:
        async def work(unit: Unit) -> None:
            event = Event(
                type=type,
                gate="G",
                subject=subject,
                key=subject,
                version=1,
                happened_at=happened_at,
                recorded_at=unit.at,
                actor="system",
                actor_kind=ActorKind.PROGRAM,
                request_id="r",
                payload={"state": state, **more},
                private={},
            )
            await unit.record(event)

        await store.perform(PROGRAM, work)

    await told("declaration.draft", "draft", start)
    await told("declaration.release", "released", start + 9 * MINUTE)
    await told("declaration.lodge", "lodged", start + 5 * MINUTE)  # recorded late
    await told("declarations.other", "odd", start + 6 * MINUTE)
    await told("clearance.fail", "failed", start + 2 * MINUTE, agency="health_quarantine")
    await told("clearance.pass", "passed", start + 4 * MINUTE, agency="health_quarantine")
    await told("clearance.pass", "passed", start + 3 * MINUTE, agency="border_guard")
    await told("declaration.draft", "draft", start + 7 * MINUTE, subject="DEC-2")

    async def state(minutes: int, life: str = "declaration", **part: str) -> dict[object, str]:
        async with store.reading() as connection:
            at = start + minutes * MINUTE
            return dict(await states_at(connection, life, ["DEC-1", "DEC-3"], at, **part))

    assert await state(-1) == {}
    assert await state(0) == {("DEC-1", None): "draft"}
    assert await state(6) == {("DEC-1", None): "lodged"}
    assert await state(9) == {("DEC-1", None): "released"}
    assert await state(3, "clearance", part="agency") == {
        ("DEC-1", "health_quarantine"): "failed",
        ("DEC-1", "border_guard"): "passed",
    }
