"""What still grew with the past: rare states, ended bookings, a month of the books, many days.

Revision 0028, after 0027.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_MADE: tuple[tuple[str, str, list[str], str | None], ...] = (
    ("ix_booking_declaration_declaration_id", "booking_declaration", ["declaration_id"], None),
    ("ix_booking_state", "booking", ["state", "created_at", "id"], None),
    ("ix_journal_effective_at", "journal", ["effective_at"], None),
    (
        "ix_payment_waiting",
        "payment",
        ["state", "changed_at"],
        "state IN ('pending', 'part_paid', 'needs_review')",
    ),
)


_COUNTS = ("arrivals", "entries", "exits", "refusals")
_SUMMED = ", ".join(f"sum({name})" for name in _COUNTS)


def upgrade() -> None:
    """Make the indexes, and add the windows up to hours."""
    op.create_table(
        "throughput_hour",
        sa.Column("gate", sa.String(24), nullable=False),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("hour_start", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS),
        sa.PrimaryKeyConstraint("gate", "direction", "hour_start", name="pk_throughput_hour"),
    )
    op.create_index("ix_throughput_hour_start", "throughput_hour", ["hour_start"])
    op.execute(
        f"INSERT INTO throughput_hour (gate, direction, hour_start, {', '.join(_COUNTS)}) "
        f"SELECT gate, direction, date_trunc('hour', window_start), {_SUMMED} "
        "FROM throughput_window GROUP BY 1, 2, 3"
    )
    for name, table, columns, where in _MADE:
        op.create_index(name, table, columns, postgresql_where=sa.text(where) if where else None)


def downgrade() -> None:
    """Take them away."""
    op.drop_table("throughput_hour")
    for name, table, *_ in _MADE:
        op.drop_index(name, table_name=table)
