"""A closed day can be opened again: a record of who asked and who agreed, and a further close.

Revision 0024, after 0023.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Count the closes of a day from one, and make the table of reopenings."""
    op.add_column(
        "daily_close", sa.Column("attempt", sa.Integer(), server_default="1", nullable=False)
    )
    op.alter_column("daily_close", "attempt", server_default=None)
    op.create_check_constraint(op.f("ck_daily_close_attempt"), "daily_close", "attempt > 0")
    op.drop_constraint("pk_daily_close", "daily_close")
    op.create_primary_key("pk_daily_close", "daily_close", ["day", "scope", "attempt"])
    op.create_table(
        "close_reopening",
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("overdue_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gate", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("changed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("closed_day", sa.Date(), nullable=False),
        sa.Column("close_scope", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.CheckConstraint("attempt > 0", name=op.f("ck_close_reopening_attempt")),
        sa.CheckConstraint(
            "decided_by <> requested_by", name=op.f("ck_close_reopening_second_person")
        ),
        sa.CheckConstraint(
            "state NOT IN ('reopened', 'closed_again', 'declined') OR decided_by IS NOT NULL",
            name=op.f("ck_close_reopening_decided"),
        ),
        sa.CheckConstraint(
            "state IN ('requested', 'reopened', 'closed_again', 'declined', 'withdrawn', 'lapsed')",
            name=op.f("ck_close_reopening_state"),
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_close_reopening_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_close_reopening")),
        sa.UniqueConstraint("reference", name=op.f("uq_close_reopening_reference")),
    )
    op.create_index(
        "uq_close_reopening_live",
        "close_reopening",
        ["close_scope", "closed_day", "attempt"],
        unique=True,
        postgresql_where=sa.text("state IN ('requested', 'reopened', 'closed_again')"),
    )
    op.create_index(
        "ix_close_reopening_overdue",
        "close_reopening",
        ["overdue_at"],
        postgresql_where=sa.text("overdue_at IS NOT NULL"),
    )


def downgrade() -> None:
    """Go back to one close a day; that fails while a day was closed twice, which is evidence."""
    op.drop_table("close_reopening")
    op.drop_constraint("pk_daily_close", "daily_close")
    op.create_primary_key("pk_daily_close", "daily_close", ["day", "scope"])
    op.drop_constraint("ck_daily_close_attempt", "daily_close")
    op.drop_column("daily_close", "attempt")
