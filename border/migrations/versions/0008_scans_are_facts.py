"""A scan is a fact with its own time, with flags, and with the clashes it opens.

Revision 0008, after 0015. Scans of before happened when their devices said so, at the latest when
they came in.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0015"
branch_labels = None
depends_on = None

_ISO = """'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'"""
_ANSWERED = f"""
    UPDATE scan SET happened_at = LEAST(scanned_at, received_at), answer = answer ||
        jsonb_build_object(
            'id', id,
            'flags', '[]'::jsonb,
            'clock_off_seconds', NULL,
            'happened_at', to_char(LEAST(scanned_at, received_at) AT TIME ZONE 'UTC', {_ISO}),
            'received_at', to_char(received_at AT TIME ZONE 'UTC', {_ISO}),
            'failed', (
                SELECT coalesce(jsonb_agg(
                    jsonb_build_object('driver', '', 'override_by', '[]'::jsonb) || reason),
                    '[]'::jsonb)
                FROM jsonb_array_elements(answer -> 'failed') AS reason))
"""


def upgrade() -> None:
    """Add the columns of a scan and the table of clashes."""
    op.add_column("scan", sa.Column("happened_at", sqlmodel.sql.sqltypes.UTCDateTime()))
    op.add_column(
        "scan",
        sa.Column(
            "flags", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]"
        ),
    )
    op.add_column(
        "scan", sa.Column("waits", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.execute("SET LOCAL statement_timeout = 0")
    op.execute(_ANSWERED)
    op.alter_column("scan", "happened_at", nullable=False)
    op.alter_column("scan", "flags", server_default=None)
    op.alter_column("scan", "waits", server_default=None)
    op.create_index("ix_scan_waits", "scan", ["slip_id"], postgresql_where=sa.text("waits"))
    op.create_table(
        "scan_clash",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gate", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("changed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("overdue_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("scan_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column(
            "other", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("resolved_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('awaited', 'open', 'resolved')", name=op.f("ck_scan_clash_state")
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_scan_clash_version")),
        sa.CheckConstraint(
            "resolved_by IS NULL OR reason IS NOT NULL", name=op.f("ck_scan_clash_reason_given")
        ),
        sa.ForeignKeyConstraint(["scan_id"], ["scan.id"], name=op.f("fk_scan_clash_scan_id")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_scan_clash_booking_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_clash")),
        sa.UniqueConstraint("reference", name=op.f("uq_scan_clash_reference")),
        sa.UniqueConstraint("scan_id", "kind", name=op.f("uq_scan_clash_scan_id_kind")),
    )
    op.create_index("ix_scan_clash_booking_id", "scan_clash", ["booking_id"])
    op.create_index("ix_scan_clash_newest", "scan_clash", ["gate", "created_at", "id"])
    op.create_index(
        "ix_scan_clash_overdue",
        "scan_clash",
        ["overdue_at"],
        postgresql_where=sa.text("overdue_at IS NOT NULL"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("scan_clash")
    op.drop_index("ix_scan_waits", "scan")
    for name in ("waits", "flags", "happened_at"):
        op.drop_column("scan", name)
