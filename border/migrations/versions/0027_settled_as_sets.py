"""Indexes by which the ledger is asked about a gateway's transaction.

Revision 0027, after 0026.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes."""
    op.create_index(
        "ix_journal_applied",
        "journal",
        ["gateway", "provider_txn"],
        postgresql_where=sa.text("kind = 'apply'"),
    )
    op.create_index(
        "ix_journal_taken_back",
        "journal",
        ["gateway", "note"],
        postgresql_where=sa.text("kind = 'external_refund'"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_index("ix_journal_taken_back", table_name="journal")
    op.drop_index("ix_journal_applied", table_name="journal")
