"""The waiting list of full hours: who waits, for which hours, and every draw.

Revision 0031, after 0030.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def _text(length: int) -> sqlmodel.sql.sqltypes.AutoString:
    return sqlmodel.sql.sqltypes.AutoString(length=length)


def upgrade() -> None:
    """Make the tables, and count at each hour who waits for it."""
    op.add_column("slot", sa.Column("waiting", sa.Integer(), nullable=False, server_default="0"))
    op.alter_column("slot", "waiting", server_default=None)
    op.create_check_constraint(op.f("ck_slot_waiting"), "slot", "waiting >= 0")
    op.create_index(
        "ix_slot_waiting", "slot", ["closes_at"], postgresql_where=sa.text("waiting > 0")
    )
    op.create_table(
        "waiting_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", _text(24), nullable=False),
        sa.Column("state", _text(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gate", _text(24), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("changed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("overdue_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("owner_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("direction", _text(8), nullable=False),
        sa.Column("plate", _text(20), nullable=False),
        sa.Column("plate_typed", _text(20), nullable=False),
        sa.Column("priority", _text(16), nullable=False),
        sa.Column("request", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("offered_slot_id", sa.Uuid(), nullable=True),
        sa.Column("offer_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column(
            "rule_versions",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            server_default=sa.text("'{}'::jsonb"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'offered', 'booked', 'withdrawn', 'lapsed')",
            name=op.f("ck_waiting_entry_state"),
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_waiting_entry_version")),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_waiting_entry_{column}")
            )
            for column, table in (
                ("owner_organisation_id", "organisation"),
                ("offered_slot_id", "slot"),
                ("booking_id", "booking"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_entry")),
        sa.UniqueConstraint("reference", name=op.f("uq_waiting_entry_reference")),
    )
    op.create_index(
        "ix_waiting_entry_overdue",
        "waiting_entry",
        ["overdue_at"],
        postgresql_where=sa.text("overdue_at IS NOT NULL"),
    )
    op.create_index(
        "ix_waiting_entry_owner", "waiting_entry", ["owner_organisation_id", "created_at", "id"]
    )
    op.create_table(
        "waiting_hour",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        sa.Column("plate", _text(20), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("passed_over", sa.Integer(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["waiting_entry.id"], name=op.f("fk_waiting_hour_entry_id")
        ),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_waiting_hour_slot_id")),
        sa.PrimaryKeyConstraint("entry_id", "slot_id", name=op.f("pk_waiting_hour")),
    )
    op.create_index(
        "uq_waiting_hour_live_plate",
        "waiting_hour",
        ["slot_id", "plate"],
        unique=True,
        postgresql_where=sa.text("live"),
    )
    op.create_table(
        "waiting_list",
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("draws", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_waiting_list_slot_id")),
        sa.PrimaryKeyConstraint("slot_id", name=op.f("pk_waiting_list")),
    )
    op.create_table(
        "waiting_draw",
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("drawn_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("bound", sa.Integer(), nullable=False),
        sa.Column("places", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("waiting", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("winners", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["slot_id"], ["waiting_list.slot_id"], name=op.f("fk_waiting_draw_slot_id")
        ),
        sa.PrimaryKeyConstraint("slot_id", "number", name=op.f("pk_waiting_draw")),
    )


def downgrade() -> None:
    """Take them away."""
    for table in ("waiting_draw", "waiting_list", "waiting_hour", "waiting_entry"):
        op.drop_table(table)
    op.drop_index("ix_slot_waiting", "slot")
    op.drop_constraint(op.f("ck_slot_waiting"), "slot")
    op.drop_column("slot", "waiting")
