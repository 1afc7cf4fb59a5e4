"""What the gate does by itself: hours made, figures counted, bookings and passages ended."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import partial

from border.core.forgetting import forget
from border.core.jobs import Job
from border.core.store import Store
from border.core.tables import Record
from border.timeouts import OnTimeout, Spared, Together
from customs.tables import DeclarationRow
from logistics import booking_service, figures, scan_service, share_service, slot_service
from logistics.ballot import draw_service
from logistics.ballot.beacon import Beacons
from logistics.calling import (
    accuracy_service,
    answering_service,
    line_service,
    override_service,
)
from logistics.calling.tables import CallRow, OverrideRow, ToldRangeRow
from logistics.capacity import day_service, template_service
from logistics.capacity.neighbour_service import Neighbour, follow_neighbour
from logistics.fairness.tables import FaultRow
from logistics.faults import appeal_service, noting_service
from logistics.line import in_line
from logistics.slip_service import SlipKeys
from logistics.standby import placing_service
from logistics.tables import BookingRow, PassageRow
from logistics.telling import telling_service
from logistics.waiting import serving_service, waiting_service
from logistics.waiting.tables import WaitingRow

ON_TIMEOUT: Mapping[type[Record], OnTimeout | Together] = {
    BookingRow: Together(booking_service.on_timeout),
    PassageRow: scan_service.on_timeout,
    WaitingRow: Together(waiting_service.on_timeout),
    CallRow: answering_service.on_timeout,
    OverrideRow: override_service.on_timeout,
    FaultRow: appeal_service.on_timeout,
}
SPARED: Mapping[type[Record], Spared] = {DeclarationRow: in_line}
"""What of the packages below does not end while a truck stands in line."""

RANGES_KEPT = timedelta(days=3)
"""How long it is kept what each driver was told; what the ranges were worth stays."""


def jobs(
    store: Store,
    slips: SlipKeys,
    neighbour: Neighbour,
    beacons: Beacons,
    channels: Collection[str],
) -> tuple[Job, ...]:
    """Return the jobs: figures, hours to come, who waits for one, ballots, calls, lots, and telling
    people by `channels` what happened."""
    telling = telling_service.reader(channels)
    return (
        Job("figures", 15, partial(figures.catch_up, store), woken_by=("passage.", "scan.")),
        Job("windows", 15, partial(figures.publish_due, store)),
        Job("slots", 900, partial(slot_service.make_due, store)),
        Job("templates", 60, partial(template_service.apply_due, store, slips)),
        Job("neighbour", 60, partial(follow_neighbour, store, neighbour, slips)),
        Job("hours over", 300, partial(day_service.note_outcomes, store)),
        Job("shares", 15, partial(share_service.open_due, store)),
        Job("waiting", 15, partial(serving_service.serve_due, store)),
        Job("live queue", 15, partial(placing_service.serve_due, store, slips)),
        Job(
            "faults",
            15,
            partial(noting_service.catch_up, store),
            woken_by=noting_service.WOKEN_BY,
        ),
        Job("calls", 15, partial(answering_service.catch_up, store), woken_by=("passage.",)),
        Job("ranges", 300, partial(accuracy_service.run, store)),
        Job("old ranges", 3600, partial(forget, store, ToldRangeRow, "told_at", RANGES_KEPT)),
        Job("lots", 900, partial(line_service.open_due, store)),
        Job("telling", 15, partial(telling.catch_up, store), woken_by=telling_service.WOKEN_BY),
        Job("ballots", 10, partial(draw_service.run, store, beacons)),
    )
