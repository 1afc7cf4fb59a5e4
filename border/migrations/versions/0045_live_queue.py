"""The live queue: trucks that came without a booking; a booking says when such a truck came.

Revision 0045, after 0044.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

_WAITS = sa.text("state IN ('announced', 'standing')")


def _text(length: int) -> sqlmodel.sql.sqltypes.AutoString:
    return sqlmodel.sql.sqltypes.AutoString(length=length)


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _json(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(astext_type=sa.Text()), nullable=nullable)


def upgrade() -> None:
    """Make the table, and the column of bookings."""
    op.add_column("booking", _at("came_at", nullable=True))
    op.create_table(
        "standby_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", _text(24), nullable=False),
        sa.Column("state", _text(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gate", _text(24), nullable=False),
        _at("created_at"),
        _at("changed_at"),
        _at("overdue_at", nullable=True),
        sa.Column("owner_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("direction", _text(8), nullable=False),
        sa.Column("plate", _text(20), nullable=False),
        sa.Column("plate_typed", _text(20), nullable=False),
        sa.Column("priority", _text(16), nullable=False),
        sa.Column("share_class", _text(16), nullable=False),
        _json("request"),
        _at("came_at", nullable=True),
        _at("placed_at", nullable=True),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        _json("held_up", nullable=True),
        sa.CheckConstraint(
            "state IN ('announced', 'standing', 'placed', 'left')",
            name=op.f("ck_standby_entry_state"),
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_standby_entry_version")),
        sa.CheckConstraint(
            "state <> 'standing' OR came_at IS NOT NULL", name=op.f("ck_standby_entry_came")
        ),
        sa.CheckConstraint(
            "(state = 'placed') = (booking_id IS NOT NULL AND placed_at IS NOT NULL)",
            name=op.f("ck_standby_entry_placed"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_organisation_id"], ["organisation.id"], name=op.f("fk_standby_entry_owner")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_standby_entry_booking_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standby_entry")),
        sa.UniqueConstraint("reference", name=op.f("uq_standby_entry_reference")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_standby_entry_booking_id")),
    )
    op.create_index(
        "ix_standby_entry_overdue",
        "standby_entry",
        ["overdue_at"],
        postgresql_where=sa.text("overdue_at IS NOT NULL"),
    )
    op.create_index(
        "uq_standby_entry_plate", "standby_entry", ["plate"], unique=True, postgresql_where=_WAITS
    )
    op.create_index(
        "ix_standby_entry_owner",
        "standby_entry",
        ["owner_organisation_id", "created_at", "id"],
    )
    op.create_index(
        "ix_standby_entry_line",
        "standby_entry",
        ["gate", "direction", "came_at"],
        postgresql_where=_WAITS,
    )
    op.create_index("ix_standby_entry_placed", "standby_entry", ["gate", "direction", "placed_at"])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("standby_entry")
    op.drop_column("booking", "came_at")
