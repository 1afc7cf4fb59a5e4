"""A refund's `way` becomes `refund_method`, what an exception was `told` becomes `reported`.

Revision 0021, after 0007.
"""

from alembic import op

revision = "0021"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give the columns, and the check on one of them, their new names."""
    op.alter_column("refund", "way", new_column_name="refund_method")
    op.execute("ALTER TABLE refund RENAME CONSTRAINT ck_refund_way TO ck_refund_refund_method")
    op.alter_column("payment_exception", "told", new_column_name="reported")


def downgrade() -> None:
    """Give them the old ones back."""
    op.alter_column("payment_exception", "reported", new_column_name="told")
    op.execute("ALTER TABLE refund RENAME CONSTRAINT ck_refund_refund_method TO ck_refund_way")
    op.alter_column("refund", "refund_method", new_column_name="way")
