"""What the gate does by itself: hours made, figures counted, bookings and passages ended."""

from collections.abc import Mapping
from functools import partial

from border.core.jobs import Job
from border.core.store import Store
from border.core.tables import Record
from border.timeouts import OnTimeout, Spared, Together
from customs.tables import DeclarationRow
from logistics import booking_service, figures, scan_service, slot_service
from logistics.line import in_line
from logistics.tables import BookingRow, PassageRow

ON_TIMEOUT: Mapping[type[Record], OnTimeout | Together] = {
    BookingRow: Together(booking_service.on_timeout),
    PassageRow: scan_service.on_timeout,
}
SPARED: Mapping[type[Record], Spared] = {DeclarationRow: in_line}
"""What of the packages below does not end while a truck stands in line."""


def jobs(store: Store) -> tuple[Job, ...]:
    """Return the jobs: the figures, and the hours of the days to come."""
    return (
        Job("figures", 15, partial(figures.catch_up, store), woken_by=("passage.", "scan.")),
        Job("windows", 15, partial(figures.publish_due, store)),
        Job("slots", 900, partial(slot_service.make_due, store)),
    )
