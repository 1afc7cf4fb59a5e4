"""`due_at` becomes `overdue_at`: when a record's present state has lasted too long.

Revision 0005, after 0004.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_RECORDS = (
    "attempt",
    "booking",
    "charge",
    "declaration",
    "desk_shift",
    "passage",
    "payment",
    "payment_exception",
    "receipt",
    "refund",
    "slip",
    "tariff_resolution",
)
"""The tables of records as they were."""


def upgrade() -> None:
    """Give the column, its indexes and the receipts' guard the new name."""
    _rename("due_at", "due", "overdue_at", "overdue")


def downgrade() -> None:
    """Give them the old one back."""
    _rename("overdue_at", "overdue", "due_at", "due")


def _rename(old: str, old_index: str, new: str, new_index: str) -> None:
    for record in _RECORDS:
        op.alter_column(record, old, new_column_name=new)
        op.execute(f"ALTER INDEX ix_{record}_{old_index} RENAME TO ix_{record}_{new_index}")
    # What may change of a receipt is named by column; the rest of it is never edited.
    op.execute(
        f"""
        CREATE OR REPLACE FUNCTION receipt_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            moves CONSTANT text[] := ARRAY['state', 'version', 'changed_at', '{new}'];
        BEGIN
            IF TG_OP = 'DELETE' OR to_jsonb(NEW) - moves IS DISTINCT FROM to_jsonb(OLD) - moves THEN
                RAISE EXCEPTION 'a receipt is never edited' USING ERRCODE = '23001';
            END IF;
            RETURN NEW;
        END $$
        """
    )
