"""The trucks and drivers that firms have entered.

Revision 0035, after 0034.
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "fleet_vehicle",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("plate", sa.String(20), nullable=False),
        sa.Column("plate_typed", sa.String(20), nullable=False),
        sa.Column("trailer_plate", sa.String(20)),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("vehicle_class", sa.String(16), nullable=False),
        sa.Column("payload_g", sa.Integer(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fleet_vehicle"),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name="fk_fleet_vehicle_organisation_id_organisation",
        ),
        sa.UniqueConstraint(
            "organisation_id", "plate", name="uq_fleet_vehicle_organisation_id_plate"
        ),
    )
    op.create_table(
        "fleet_driver",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("document_number", sa.String(30), nullable=False),
        sa.Column("phone", sa.String(20)),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fleet_driver"),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name="fk_fleet_driver_organisation_id_organisation",
        ),
        sa.UniqueConstraint(
            "organisation_id",
            "document_number",
            name="uq_fleet_driver_organisation_id_document_number",
        ),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("fleet_driver")
    op.drop_table("fleet_vehicle")
