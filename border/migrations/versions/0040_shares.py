"""Bookings and whoever waits say whose share they take; hours count by class, and keep shares.

Revision 0040, after 0039.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_DANGEROUS = """'["dangerous_goods"]'::jsonb"""
_ON_BOOKING = f"""
    EXISTS (SELECT FROM booking_declaration b JOIN declaration d ON d.id = b.declaration_id
            WHERE b.booking_id = t.id AND d.handling @> {_DANGEROUS})"""
_IN_REQUEST = f"""
    EXISTS (SELECT FROM jsonb_array_elements_text(t.request->'declaration_ids') AS one(id)
            JOIN declaration d ON d.id = one.id::uuid WHERE d.handling @> {_DANGEROUS})"""
_RECORDS = {"booking": _ON_BOOKING, "waiting_entry": _IN_REQUEST, "ballot_entry": _IN_REQUEST}
_COUNTS = """
    UPDATE slot SET class_{what} = ARRAY[p, {what} - p - e - d, e, d]
    FROM (SELECT s.id, p, least(e, s.{what} - p) AS e,
                 least(d, s.{what} - p - least(e, s.{what} - p)) AS d
          FROM (SELECT s.id, s.{what}, least(count(*) FILTER (WHERE c = 'perishable'), s.{what}) p,
                       count(*) FILTER (WHERE c = 'empty') AS e,
                       count(*) FILTER (WHERE c = 'dangerous_goods') AS d
                FROM slot s JOIN ({of}) AS those(slot_id, c) ON those.slot_id = s.id
                GROUP BY s.id) AS s) AS counted
    WHERE counted.id = slot.id"""
_TAKEN = """
    SELECT slot_id, share_class FROM booking
    WHERE state IN ('held', 'confirmed', 'checked_in', 'used')
    UNION ALL SELECT offered_slot_id, share_class FROM waiting_entry WHERE state = 'offered'"""
_WAITING = """
    SELECT h.slot_id, e.share_class FROM waiting_hour h JOIN waiting_entry e ON e.id = h.entry_id
    WHERE h.live AND e.state = 'waiting'"""
_CHECKS = {
    "class_taken": "class_taken[1] >= 0 AND class_taken[2] >= 0 AND class_taken[3] >= 0 "
    "AND class_taken[4] >= 0 "
    "AND taken = class_taken[1] + class_taken[2] + class_taken[3] + class_taken[4]",
    "class_waiting": "class_waiting[1] >= 0 AND class_waiting[2] >= 0 AND class_waiting[3] >= 0 "
    "AND class_waiting[4] >= 0 "
    "AND waiting = class_waiting[1] + class_waiting[2] + class_waiting[3] + class_waiting[4]",
    "share": "share IS NULL OR (class_kept[1] >= 0 AND class_kept[2] >= 0 "
    "AND class_kept[3] >= 0 AND class_kept[4] >= 0 "
    "AND class_taken[1] <= share[1] + class_kept[1] "
    "AND class_taken[2] <= share[2] + class_kept[2] "
    "AND class_taken[3] <= share[3] + class_kept[3] "
    "AND class_taken[4] <= share[4] + class_kept[4] "
    "AND capacity = share[1] + share[2] + share[3] + share[4])",
}
_COUNTED = ("class_taken", "class_waiting", "class_kept")


def upgrade() -> None:
    """Add the class of each record, and what an hour counts by it; what is there is counted."""
    for table, dangerous in _RECORDS.items():
        op.add_column(table, sa.Column("share_class", sa.String(16)))
        op.execute(
            f"UPDATE {table} t SET share_class = CASE WHEN {dangerous} THEN 'dangerous_goods' "
            "ELSE priority END"
        )
        op.alter_column(table, "share_class", nullable=False)
    for name in _COUNTED:
        counts = postgresql.ARRAY(sa.Integer())
        zeros = sa.text("'{0,0,0,0}'")
        op.add_column("slot", sa.Column(name, counts, nullable=False, server_default=zeros))
    for name in ("percents", "share"):
        op.add_column("slot", sa.Column(name, postgresql.ARRAY(sa.Integer())))
    op.add_column("slot", sa.Column("shares_open_at", sa.DateTime(timezone=True)))
    for what, of in (("taken", _TAKEN), ("waiting", _WAITING)):
        op.execute(f"UPDATE slot SET class_{what} = ARRAY[0, {what}, 0, 0]")
        op.execute(_COUNTS.format(what=what, of=of))
    for name, says in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_slot_{name}"), "slot", says)
    op.create_index(
        "ix_slot_shares_open",
        "slot",
        ["shares_open_at"],
        postgresql_where=sa.text("share IS NOT NULL"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_index("ix_slot_shares_open", "slot")
    for name in _CHECKS:
        op.drop_constraint(op.f(f"ck_slot_{name}"), "slot")
    for name in (*_COUNTED, "percents", "share", "shares_open_at"):
        op.drop_column("slot", name)
    for table in _RECORDS:
        op.drop_column(table, "share_class")
