"""Who waits now is found among all who ever waited, by state and by time.

Revision 0048, after 0047.
"""

from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_waiting_entry_newest": ["created_at", "id"],
    "ix_waiting_entry_state": ["state", "created_at", "id"],
}


def upgrade() -> None:
    """Make the indexes."""
    for name, columns in _INDEXES.items():
        op.create_index(name, "waiting_entry", columns)


def downgrade() -> None:
    """Drop the indexes."""
    for name in _INDEXES:
        op.drop_index(name, "waiting_entry")
