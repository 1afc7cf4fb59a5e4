"""Indexes for what grew with the database: lists, figures and events of a kind.

Revision 0026, after 0025.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_MADE: tuple[tuple[str, str, list[str], str | None], ...] = (
    ("ix_booking_newest", "booking", ["created_at", "id"], None),
    ("ix_booking_hour", "booking", ["slot_starts_at"], None),
    ("ix_booking_plate", "booking", ["plate"], None),
    ("ix_booking_trailer_plate", "booking", ["trailer_plate"], "trailer_plate IS NOT NULL"),
    ("ix_charge_settled_at", "charge", ["settled_at"], None),
    ("ix_event_type", "event", ["type", "xid", "seq"], None),
    ("ix_scan_refused", "scan", ["received_at"], "verdict = 'refused'"),
    ("ix_slot_starts_at", "slot", ["starts_at"], None),
    ("ix_throughput_window_start", "throughput_window", ["window_start"], None),
    ("ix_visit_waiting", "visit", ["arrived_at"], "admitted_at IS NULL AND gone_at IS NULL"),
)


def upgrade() -> None:
    """Make the indexes; what was admitted is asked for by its instant alone, over all gates.

    Nobody asks for the bookings of an hour by its id, and hours are never deleted.
    """
    op.drop_index("ix_booking_slot", table_name="booking")
    op.drop_index("ix_visit_admitted", table_name="visit")
    op.create_index("ix_visit_admitted", "visit", ["admitted_at"])
    for name, table, columns, where in _MADE:
        op.create_index(name, table, columns, postgresql_where=sa.text(where) if where else None)


def downgrade() -> None:
    """Take them away."""
    for name, table, *_ in _MADE:
        op.drop_index(name, table_name=table)
    op.drop_index("ix_visit_admitted", table_name="visit")
    op.create_index("ix_visit_admitted", "visit", ["gate", "direction", "admitted_at"])
    op.create_index("ix_booking_slot", "booking", ["slot_id"])
