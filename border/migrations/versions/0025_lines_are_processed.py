"""A line of a statement says when it was processed.

Revision 0025, after 0024.
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def _rename(was: str, is_now: str) -> None:
    """Rename the column, which the trigger that keeps lines as they came names too."""
    op.alter_column("statement_line", was, new_column_name=is_now)
    may_change = ("counts", "line_class", "journal_id", "exception_id", "note", is_now)
    names = ", ".join(f"'{name}'" for name in may_change)
    op.execute(
        "CREATE OR REPLACE TRIGGER evidence_stays BEFORE UPDATE OR DELETE ON statement_line"
        f" FOR EACH ROW EXECUTE FUNCTION evidence_stays({names})"
    )


def upgrade() -> None:
    """Call it as everything else that is done with what came in."""
    _rename("worked_at", "processed_at")


def downgrade() -> None:
    """Call it as it was."""
    _rename("processed_at", "worked_at")
