"""A payment of which a part came is `part_paid`; too little and too much are exceptions of their own.

Revision 0023, after 0022.
"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_STATES = ("pending", "paid", "expired", "cancelled", "needs_review")
_LATER = ("partially_refunded", "refunded")
_KINDS = (
    "wrong_amount",
    "nothing_owed",
    "paid_twice",
    "unmatched",
    "reversed",
    "refund_failed",
    "amount_diff",
    "missing_in_ledger",
    "missing_at_gateway",
    "duplicate_line",
    "fee_diff",
)


def _check(table: str, column: str, allowed: tuple[str, ...]) -> None:
    name = op.f(f"ck_{table}_{column}")
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, f"{column} IN ({', '.join(map(repr, allowed))})")


def upgrade() -> None:
    """Allow the new state and the new kinds."""
    _check("payment", "state", ("pending", "part_paid", *_STATES[1:], *_LATER))
    _check(
        "payment_exception",
        "kind",
        ("review", "conflict", "underpaid", "overpaid", *_KINDS),
    )


def downgrade() -> None:
    """Take them away; what has them is looked into, as money of another amount was before."""
    op.execute("UPDATE payment SET state = 'needs_review' WHERE state = 'part_paid'")
    op.execute(
        "UPDATE payment_exception SET kind = 'wrong_amount' WHERE kind IN ('underpaid', 'overpaid')"
    )
    _check("payment", "state", (*_STATES, *_LATER))
    _check("payment_exception", "kind", ("review", "conflict", *_KINDS))
