"""A draft that was given up before it was lodged no longer keeps its row of a file from coming in.

Revision 0041, after 0040.
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_GONE = "(lodged_at IS NULL AND state IN ('cancelled', 'expired'))"


def upgrade() -> None:
    """Put an index on what lives in the place of the constraint on all."""
    op.create_index(
        "uq_declaration_import_key_live",
        "declaration",
        ["import_key"],
        unique=True,
        postgresql_where=sa.text(f"import_key IS NOT NULL AND NOT {_GONE}"),
    )
    op.drop_constraint("uq_declaration_import_key", "declaration")


def downgrade() -> None:
    """Put the constraint back; drafts that were given up lose their keys."""
    op.execute(f"UPDATE declaration SET import_key = NULL WHERE {_GONE}")
    op.create_unique_constraint("uq_declaration_import_key", "declaration", ["import_key"])
    op.drop_index("uq_declaration_import_key_live", "declaration")
