"""Work that is put off, and the time of a clearance.

Revision 0015, after 0010.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0015"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of what is put off; say until when a clearance is waited for."""
    op.create_table(
        "postponed",
        sa.Column("work", sqlmodel.sql.sqltypes.AutoString(length=48), nullable=False),
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("again_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("error", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.PrimaryKeyConstraint("work", "row_id", name=op.f("pk_postponed")),
    )
    op.add_column(
        "clearance",
        sa.Column("overdue_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    )
    # Two days from when it was asked for, or from the failure that may still be put right.
    op.execute(
        """
        UPDATE clearance SET overdue_at = interval '2 days' + coalesce(
            clearance.decided_at, declaration.registered_at, declaration.changed_at)
        FROM declaration
        WHERE declaration.id = clearance.declaration_id
          AND clearance.state IN ('pending', 'failed')
        """
    )
    op.create_index(
        "ix_clearance_overdue",
        "clearance",
        ["overdue_at"],
        postgresql_where=sa.text("overdue_at IS NOT NULL"),
    )


def downgrade() -> None:
    """Forget both."""
    op.drop_index("ix_clearance_overdue", table_name="clearance")
    op.drop_column("clearance", "overdue_at")
    op.drop_table("postponed")
