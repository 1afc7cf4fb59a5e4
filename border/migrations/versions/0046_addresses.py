"""Where people are told, how they wish to be, and which drivers are told with their firm.

Revision 0046, after 0045.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


_EVENT_AND_WHO = ["event_id", "recipient", "channel"]
_ONCE = "_".join(_EVENT_AND_WHO)


def _text(name: str, length: int) -> sa.Column[object]:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(length=length), nullable=False)


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Make the tables; a person may be told at two addresses of one channel, one after another."""
    op.drop_constraint(f"uq_message_{_ONCE}", "message")
    op.create_unique_constraint(
        op.f(f"uq_message_{_ONCE}_address"), "message", [*_EVENT_AND_WHO, "address"]
    )
    op.create_table(
        "contact",
        sa.Column("id", sa.Uuid(), nullable=False),
        _text("reference", 24),
        _text("state", 24),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("gate", 24),
        _at("created_at"),
        _at("changed_at"),
        _at("overdue_at", nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        _text("channel", 16),
        _text("address", 1000),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("code_digest", sa.LargeBinary(32), nullable=True),
        sa.Column("guesses", sa.Integer(), nullable=False),
        _at("confirmed_at", nullable=True),
        sa.CheckConstraint(
            "state IN ('unconfirmed', 'confirmed', 'removed', 'lapsed', 'dead')",
            name=op.f("ck_contact_state"),
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_contact_version")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_contact_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("reference", name=op.f("uq_contact_reference")),
    )
    op.create_index(
        "ix_contact_overdue",
        "contact",
        ["overdue_at"],
        postgresql_where=sa.text("overdue_at IS NOT NULL"),
    )
    op.create_index(
        "uq_contact_live",
        "contact",
        ["account_id", "channel", "address"],
        unique=True,
        postgresql_where=sa.text("state IN ('unconfirmed', 'confirmed')"),
    )
    op.create_table(
        "telling_wishes",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        _text("locale", 2),
        sa.Column("quiet_begins", sa.Time(), nullable=True),
        sa.Column("quiet_ends", sa.Time(), nullable=True),
        sa.Column("muted", postgresql.ARRAY(sa.String(32)), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_telling_wishes_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_telling_wishes")),
    )
    op.create_table(
        "told_driver",
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        _text("phone", 20),
        _text("driver", 120),
        _text("locale", 2),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        _at("asked_at"),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_told_driver_booking_id_booking")
        ),
        sa.PrimaryKeyConstraint("booking_id", "phone", name=op.f("pk_told_driver")),
    )


def downgrade() -> None:
    """Take them away."""
    for name in ("told_driver", "telling_wishes", "contact"):
        op.drop_table(name)
    op.execute(
        "DELETE FROM message a USING message b WHERE a.id > b.id AND a.event_id = b.event_id"
        " AND a.recipient = b.recipient AND a.channel = b.channel"
    )
    op.drop_constraint(f"uq_message_{_ONCE}_address", "message")
    op.create_unique_constraint(op.f(f"uq_message_{_ONCE}"), "message", _EVENT_AND_WHO)
