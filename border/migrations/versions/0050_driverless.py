"""Vehicles that nobody drives: a booking of one has no driver, and hours count them as a class.

Revision 0050, after 0049.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

_ARRAYS = ("class_taken", "class_waiting", "class_kept", "percents", "share")


def _checks(classes: int) -> dict[str, str]:
    """Return what an hour's constraints say of so many classes."""
    each = range(1, classes + 1)

    def of_all(words: str, joined: str) -> str:
        return joined.join(words.format(n) for n in each)

    return {
        "class_taken": f"{of_all('class_taken[{0}] >= 0', ' AND ')} "
        f"AND taken = {of_all('class_taken[{0}]', ' + ')}",
        "class_waiting": f"{of_all('class_waiting[{0}] >= 0', ' AND ')} "
        f"AND waiting = {of_all('class_waiting[{0}]', ' + ')}",
        "share": f"share IS NULL OR ({of_all('class_kept[{0}] >= 0', ' AND ')} AND "
        f"{of_all('class_taken[{0}] <= share[{0}] + class_kept[{0}]', ' AND ')} "
        f"AND capacity = {of_all('share[{0}]', ' + ')})",
    }


def _recount(classes: int, of: str) -> None:
    """Let hours count so many classes; `of` makes an array of the others one of these."""
    for name in _checks(0):
        op.drop_constraint(op.f(f"ck_slot_{name}"), "slot")
    changed = ", ".join(
        f"{name} = CASE WHEN {name} IS NOT NULL THEN {of.format(name)} END" for name in _ARRAYS
    )
    op.execute(f"UPDATE slot SET {changed}")
    zeros = sa.text("'{" + ",".join("0" for _ in range(classes)) + "}'")
    for name in ("class_taken", "class_waiting", "class_kept"):
        op.alter_column("slot", name, server_default=zeros)
    for name, says in _checks(classes).items():
        op.create_check_constraint(op.f(f"ck_slot_{name}"), "slot", says)


def upgrade() -> None:
    """Let a booking have no driver where nobody drives, and hours count a fifth class."""
    for table in ("booking", "fleet_vehicle"):
        no = sa.text("false")
        op.add_column(
            table, sa.Column("driverless", sa.Boolean(), nullable=False, server_default=no)
        )
    op.alter_column("booking", "driver", nullable=True)
    op.create_check_constraint(
        op.f("ck_booking_driver"), "booking", "driverless = (driver IS NULL)"
    )
    _recount(5, "{0} || 0")


def downgrade() -> None:
    """Give those that nobody drives a driver without a name, and their places to the ordinary."""
    _recount(4, "ARRAY[{0}[1], {0}[2] + {0}[5], {0}[3], {0}[4]]")
    for table in ("booking", "waiting_entry", "ballot_entry", "standby_entry"):
        op.execute(f"UPDATE {table} SET share_class = 'ordinary' WHERE share_class = 'driverless'")
    op.drop_constraint(op.f("ck_booking_driver"), "booking")
    nobody = """'{"name": "-", "document_number": "-", "phone": null}'::jsonb"""
    op.execute(f"UPDATE booking SET driver = {nobody} WHERE driver IS NULL")
    op.alter_column("booking", "driver", nullable=False, existing_type=postgresql.JSONB())
    for table in ("booking", "fleet_vehicle"):
        op.drop_column(table, "driverless")
