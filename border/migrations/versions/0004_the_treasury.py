"""Tariffs as resolutions, receipts, refunds, shifts at the desk, statements and daily closes.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

import border.core.tables  # noqa: F401

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


_GUARDS = (
    """
    CREATE OR REPLACE FUNCTION receipt_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        moves CONSTANT text[] := ARRAY['state', 'version', 'changed_at', 'due_at'];
    BEGIN
        IF TG_OP = 'DELETE' OR to_jsonb(NEW) - moves IS DISTINCT FROM to_jsonb(OLD) - moves THEN
            RAISE EXCEPTION 'a receipt is never edited' USING ERRCODE = '23001';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER receipt_stays BEFORE UPDATE OR DELETE ON receipt
    FOR EACH ROW EXECUTE FUNCTION receipt_stays()
    """,
    """
    CREATE OR REPLACE FUNCTION evidence_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        may_change CONSTANT text[] := coalesce(TG_ARGV, '{}');
    BEGIN
        IF TG_OP = 'DELETE' OR to_jsonb(NEW) - may_change IS DISTINCT FROM
                               to_jsonb(OLD) - may_change THEN
            RAISE EXCEPTION 'what a statement or a close says is never edited'
                USING ERRCODE = '23001';
        END IF;
        RETURN NEW;
    END $$
""",
    """
    CREATE OR REPLACE TRIGGER evidence_stays BEFORE UPDATE OR DELETE ON statement_file
    FOR EACH ROW EXECUTE FUNCTION evidence_stays()
""",
    """
    CREATE OR REPLACE TRIGGER evidence_stays BEFORE UPDATE OR DELETE ON statement_line
    FOR EACH ROW EXECUTE FUNCTION evidence_stays('counts', 'line_class', 'journal_id', 'exception_id', 'note', 'worked_at')
""",
    """
    CREATE OR REPLACE TRIGGER evidence_stays BEFORE UPDATE OR DELETE ON daily_close
    FOR EACH ROW EXECUTE FUNCTION evidence_stays()
""",
)
"""What is printed, stated or closed is never edited."""


def upgrade() -> None:
    """Make the tables and their guards; rates are loaded anew from where they came."""
    op.create_table(
        "daily_close",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("scope", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("before", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("proof", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("closed_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("closed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("before ~ '^[0-9a-f]{64}$'", name=op.f("ck_daily_close_before")),
        sa.CheckConstraint("proof ~ '^[0-9a-f]{64}$'", name=op.f("ck_daily_close_proof")),
        sa.PrimaryKeyConstraint("day", "scope", name=op.f("pk_daily_close")),
    )
    op.create_index("uq_daily_close_before", "daily_close", ["scope", "before"], unique=True)
    op.create_table(
        "desk_shift",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gate", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("changed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("cashier_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("float_minor", sa.BigInteger(), nullable=False),
        sa.Column("expected_minor", sa.BigInteger(), nullable=True),
        sa.Column("counted_minor", sa.BigInteger(), nullable=True),
        sa.Column("variance_minor", sa.BigInteger(), nullable=True),
        sa.Column(
            "denominations",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
        ),
        sa.Column("counted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("counted_by", sa.Uuid(), nullable=True),
        sa.Column("variance_reason", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("deposited_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("deposit_reference", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("deposited_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL) AND (state <> 'closed' OR variance_minor = 0 OR (approved_by IS NOT NULL AND variance_reason IS NOT NULL))",
            name=op.f("ck_desk_shift_closed"),
        ),
        sa.CheckConstraint(
            "CASE state WHEN 'open' THEN num_nonnulls(expected_minor, counted_minor, variance_minor, denominations, counted_at, counted_by) = 0 ELSE num_nulls(expected_minor, counted_minor, variance_minor, denominations, counted_at, counted_by) = 0 AND variance_minor = counted_minor - expected_minor END",
            name=op.f("ck_desk_shift_count"),
        ),
        sa.CheckConstraint("currency IN ('VND', 'CNY')", name=op.f("ck_desk_shift_currency")),
        sa.CheckConstraint(
            "num_nulls(deposited_at, deposit_reference, deposited_by) IN (0, 3) AND (deposited_at IS NULL OR state = 'closed')",
            name=op.f("ck_desk_shift_deposit"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'counted', 'closed')", name=op.f("ck_desk_shift_state")
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR (approved_by <> cashier_id AND approved_by <> counted_by)",
            name=op.f("ck_desk_shift_second_person"),
        ),
        sa.CheckConstraint("counted_minor >= 0", name=op.f("ck_desk_shift_counted")),
        sa.CheckConstraint("float_minor >= 0", name=op.f("ck_desk_shift_float")),
        sa.CheckConstraint("version > 0", name=op.f("ck_desk_shift_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_shift")),
        sa.UniqueConstraint("reference", name=op.f("uq_desk_shift_reference")),
    )
    op.create_index(
        "ix_desk_shift_cashier", "desk_shift", ["cashier_id", "opened_at"], unique=False
    )
    op.create_index(
        "ix_desk_shift_due",
        "desk_shift",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_desk_shift_opened", "desk_shift", ["opened_at"], unique=False)
    op.create_index(
        "uq_desk_shift_open",
        "desk_shift",
        ["cashier_id", "currency"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "receipt_series",
        sa.Column("serial", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("template", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("next_number", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("law_version", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("opened_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "last_number BETWEEN 1 AND 99999999", name=op.f("ck_receipt_series_last_number")
        ),
        sa.CheckConstraint(
            "next_number BETWEEN 1 AND last_number + 1", name=op.f("ck_receipt_series_next_number")
        ),
        sa.PrimaryKeyConstraint("serial", "year", name=op.f("pk_receipt_series")),
    )
    op.create_table(
        "statement_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("gateway", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("account", sqlmodel.sql.sqltypes.AutoString(length=34), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("form", sqlmodel.sql.sqltypes.AutoString(length=8), nullable=False),
        sa.Column("encoding", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("imported_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("imported_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_statement_file_days")),
        sa.CheckConstraint("line_count >= 0", name=op.f("ck_statement_file_line_count")),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("ck_statement_file_digest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_file")),
        sa.UniqueConstraint("digest", name=op.f("uq_statement_file_digest")),
    )
    op.create_index(
        "ix_statement_file_gateway", "statement_file", ["gateway", "last_day"], unique=False
    )
    op.create_table(
        "tariff_resolution",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gate", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("changed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=48), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("issued_by", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column("legal_basis", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("example", sa.Boolean(), nullable=False),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("prepared_by", sa.Uuid(), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint(
            "NOT example OR state <> 'scheduled'", name=op.f("ck_tariff_resolution_example")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'scheduled', 'withdrawn')", name=op.f("ck_tariff_resolution_state")
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> prepared_by",
            name=op.f("ck_tariff_resolution_second_person"),
        ),
        sa.CheckConstraint(
            "effective_to IS NULL OR effective_to > effective_from",
            name=op.f("ck_tariff_resolution_days"),
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_tariff_resolution_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff_resolution")),
        sa.UniqueConstraint("code", name=op.f("uq_tariff_resolution_code")),
        sa.UniqueConstraint("reference", name=op.f("uq_tariff_resolution_reference")),
    )
    op.create_index(
        "ix_tariff_resolution_due",
        "tariff_resolution",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "tariff_provision",
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("resolution_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("effect", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("regime_group", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("commodity_group", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("direction", sqlmodel.sql.sqltypes.AutoString(length=8), nullable=False),
        sa.Column("vehicle_class", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("movement", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("payload_below_g", sa.BigInteger(), nullable=True),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("minimum_minor", sa.BigInteger(), nullable=True),
        sa.Column("per_mille", sa.Integer(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("legal_basis", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.CheckConstraint(
            "CASE effect WHEN 'rate' THEN amount_minor > 0 ELSE amount_minor = 0 END",
            name=op.f("ck_tariff_provision_amount"),
        ),
        sa.CheckConstraint(
            "commodity_group IN ('agricultural', 'fresh_produce', 'ore', 'petrol', 'any')",
            name=op.f("ck_tariff_provision_commodity_group"),
        ),
        sa.CheckConstraint(
            "direction IN ('export', 'import', 'any')", name=op.f("ck_tariff_provision_direction")
        ),
        sa.CheckConstraint(
            "effect = 'coefficient' OR per_mille = 1000", name=op.f("ck_tariff_provision_factor")
        ),
        sa.CheckConstraint(
            "effect = 'rate' OR reason <> ''", name=op.f("ck_tariff_provision_reason")
        ),
        sa.CheckConstraint(
            "effect IN ('rate', 'coefficient', 'exemption')",
            name=op.f("ck_tariff_provision_effect"),
        ),
        sa.CheckConstraint(
            "movement IN ('inland', 'yard_only', 'any')", name=op.f("ck_tariff_provision_movement")
        ),
        sa.CheckConstraint(
            "regime_group IN ('ordinary', 'temporary', 'transit', 'bonded', 'any')",
            name=op.f("ck_tariff_provision_regime_group"),
        ),
        sa.CheckConstraint(
            "status IN ('confirmed', 'unconfirmed')", name=op.f("ck_tariff_provision_status")
        ),
        sa.CheckConstraint(
            "unit IN ('per_trip', 'per_tonne', 'per_declaration')",
            name=op.f("ck_tariff_provision_unit"),
        ),
        sa.CheckConstraint(
            "vehicle_class IN ('under_4t', '4t_to_10t', '10t_to_18t', '18t_and_over', 'container_20', 'container_40', 'any')",
            name=op.f("ck_tariff_provision_vehicle_class"),
        ),
        sa.CheckConstraint(
            "minimum_minor IS NULL OR minimum_minor > 0", name=op.f("ck_tariff_provision_minimum")
        ),
        sa.CheckConstraint("per_mille > 0", name=op.f("ck_tariff_provision_per_mille")),
        sa.ForeignKeyConstraint(
            ["resolution_id"],
            ["tariff_resolution.id"],
            name=op.f("fk_tariff_provision_resolution_id"),
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_tariff_provision")),
    )
    op.create_index(op.f("ix_tariff_provision_kind"), "tariff_provision", ["kind"], unique=False)
    op.create_index(
        op.f("ix_tariff_provision_resolution_id"),
        "tariff_provision",
        ["resolution_id"],
        unique=False,
    )
    op.create_table(
        "tariff_terms",
        sa.Column("resolution_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("mixed_load", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("collector_per_mille", sa.Integer(), nullable=False),
        sa.Column("vat", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("effective_to", sa.Date(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(hashtext(kind)::bigint, hashtext(kind)::bigint, '[]')"), "&&"),
            (sa.text("daterange(effective_from, effective_to)"), "&&"),
            where=sa.text("effective_from IS NOT NULL"),
            using="gist",
            name="ex_tariff_terms_days",
        ),
        sa.CheckConstraint(
            "mixed_load IN ('highest_rate', 'highest_customs_value')",
            name=op.f("ck_tariff_terms_mixed_load"),
        ),
        sa.CheckConstraint(
            "vat IN ('none', 'reduced', 'standard')", name=op.f("ck_tariff_terms_vat")
        ),
        sa.CheckConstraint(
            "collector_per_mille BETWEEN 0 AND 1000",
            name=op.f("ck_tariff_terms_collector_per_mille"),
        ),
        sa.CheckConstraint(
            "effective_to IS NULL OR effective_to > effective_from",
            name=op.f("ck_tariff_terms_days"),
        ),
        sa.ForeignKeyConstraint(
            ["resolution_id"], ["tariff_resolution.id"], name=op.f("fk_tariff_terms_resolution_id")
        ),
        sa.PrimaryKeyConstraint("resolution_id", "kind", name=op.f("pk_tariff_terms")),
    )
    op.create_table(
        "desk_taking",
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=8), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'taking') = (payment_id IS NOT NULL)", name=op.f("ck_desk_taking_payment")
        ),
        sa.CheckConstraint("kind IN ('taking', 'payout')", name=op.f("ck_desk_taking_kind")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_desk_taking_amount")),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_desk_taking_payment_id")
        ),
        sa.ForeignKeyConstraint(
            ["shift_id"], ["desk_shift.id"], name=op.f("fk_desk_taking_shift_id")
        ),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_desk_taking")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_desk_taking_payment_id")),
    )
    op.create_index("ix_desk_taking_shift", "desk_taking", ["shift_id", "at"], unique=False)
    op.create_table(
        "receipt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gate", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("changed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("template", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("serial", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("issue_key", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=True),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("adjusts_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("collector_name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column(
            "collector_tax_code", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False
        ),
        sa.Column(
            "collector_address", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False
        ),
        sa.Column("payer_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("payer_name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("payer_tax_code", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True),
        sa.Column("payer_address", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=True),
        sa.Column("vehicle_plate", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("subjects", sa.ARRAY(sa.String(length=40)), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_in_words", sqlmodel.sql.sqltypes.AutoString(length=400), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("payment_method", sqlmodel.sql.sqltypes.AutoString(length=8), nullable=False),
        sa.Column("payment_reference", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("gateway", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("gateway_txn", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("paid_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("issued_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("lookup_code", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("qr_payload", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("law_version", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("renderer", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("xml_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("cert_serial", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.CheckConstraint(
            "(kind = 'adjustment') = (adjusts_id IS NOT NULL)", name=op.f("ck_receipt_adjusts_id")
        ),
        sa.CheckConstraint(
            "(kind = 'replacement') = (replaces_id IS NOT NULL)",
            name=op.f("ck_receipt_replaces_id"),
        ),
        sa.CheckConstraint(
            "kind IN ('original', 'adjustment', 'replacement')", name=op.f("ck_receipt_kind")
        ),
        sa.CheckConstraint(
            "refund_id IS NULL OR kind = 'adjustment'", name=op.f("ck_receipt_refund_id")
        ),
        sa.CheckConstraint(
            "state IN ('issued', 'adjusted', 'replaced')", name=op.f("ck_receipt_state")
        ),
        sa.CheckConstraint(
            "total_minor > 0 OR kind = 'adjustment'", name=op.f("ck_receipt_total_minor")
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_receipt_number")),
        sa.CheckConstraint("total_minor <> 0", name=op.f("ck_receipt_total_not_zero")),
        sa.CheckConstraint("version > 0", name=op.f("ck_receipt_version")),
        sa.ForeignKeyConstraint(["adjusts_id"], ["receipt.id"], name=op.f("fk_receipt_adjusts_id")),
        sa.ForeignKeyConstraint(
            ["payer_organisation_id"],
            ["organisation.id"],
            name=op.f("fk_receipt_payer_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_receipt_payment_id")),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["receipt.id"], name=op.f("fk_receipt_replaces_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
        sa.UniqueConstraint("issue_key", name=op.f("uq_receipt_issue_key")),
        sa.UniqueConstraint("lookup_code", name=op.f("uq_receipt_lookup_code")),
        sa.UniqueConstraint("reference", name=op.f("uq_receipt_reference")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_receipt_replaces_id")),
        sa.UniqueConstraint("serial", "year", "number", name=op.f("uq_receipt_serial_year_number")),
    )
    op.create_index(op.f("ix_receipt_adjusts_id"), "receipt", ["adjusts_id"], unique=False)
    op.create_index(
        "ix_receipt_due",
        "receipt",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_receipt_issued_at"), "receipt", ["issued_at"], unique=False)
    op.create_index(
        "ix_receipt_listed", "receipt", ["payer_organisation_id", "issued_at", "id"], unique=False
    )
    op.create_index(op.f("ix_receipt_payment_id"), "receipt", ["payment_id"], unique=False)
    op.create_index(
        "uq_receipt_in_force",
        "receipt",
        ["payment_id"],
        unique=True,
        postgresql_where=sa.text("kind <> 'adjustment' AND state <> 'replaced'"),
    )
    op.create_table(
        "refund",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gate", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("changed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("capture_id", sa.Uuid(), nullable=False),
        sa.Column("exception_id", sa.Uuid(), nullable=True),
        sa.Column("payer_organisation_id", sa.Uuid(), nullable=True),
        sa.Column("gateway", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("way", sqlmodel.sql.sqltypes.AutoString(length=8), nullable=False),
        sa.Column("pays_from", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("full", sa.Boolean(), nullable=False),
        sa.Column("allocations", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
        sa.Column("operation_key", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("approved_too_by", sa.Uuid(), nullable=True),
        sa.Column("needs_two", sa.Boolean(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("rule", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("request_id", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("submitted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("submissions", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("provider_txn", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("provider_code", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("next_ask_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("succeeded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("paid_out_reference", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("paid_out_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("NOT automatic OR rule <> ''", name=op.f("ck_refund_rule")),
        sa.CheckConstraint(
            "state <> 'succeeded' OR succeeded_at IS NOT NULL", name=op.f("ck_refund_succeeded")
        ),
        sa.CheckConstraint(
            "state IN ('requested', 'half_approved', 'approved', 'payout_due', 'submitting', 'provider_pending', 'unknown', 'succeeded', 'rejected', 'declined', 'withdrawn')",
            name=op.f("ck_refund_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'payout_due', 'submitting', 'provider_pending', 'unknown', 'succeeded') OR automatic OR approved_by IS NOT NULL AND (NOT needs_two OR approved_too_by IS NOT NULL)",
            name=op.f("ck_refund_approved"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('submitting', 'provider_pending', 'unknown') OR request_id IS NOT NULL",
            name=op.f("ck_refund_request"),
        ),
        sa.CheckConstraint(
            "way <> 'api' OR attempt_id IS NOT NULL", name=op.f("ck_refund_attempt")
        ),
        sa.CheckConstraint("way IN ('api', 'transfer', 'cash')", name=op.f("ck_refund_way")),
        sa.CheckConstraint(
            "(exception_id IS NULL) = (jsonb_array_length(allocations) > 0)",
            name=op.f("ck_refund_taken_from"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refund_amount")),
        sa.CheckConstraint("approved_by <> requested_by", name=op.f("ck_refund_second_person")),
        sa.CheckConstraint(
            "approved_too_by <> approved_by AND approved_too_by <> requested_by",
            name=op.f("ck_refund_third_person"),
        ),
        sa.CheckConstraint(
            "exception_id IS NOT NULL OR payment_id IS NOT NULL", name=op.f("ck_refund_payment")
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_refund_version")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_refund_attempt_id")),
        sa.ForeignKeyConstraint(["capture_id"], ["journal.id"], name=op.f("fk_refund_capture_id")),
        sa.ForeignKeyConstraint(
            ["exception_id"], ["payment_exception.id"], name=op.f("fk_refund_exception_id")
        ),
        sa.ForeignKeyConstraint(
            ["payer_organisation_id"],
            ["organisation.id"],
            name=op.f("fk_refund_payer_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_refund_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("reference", name=op.f("uq_refund_reference")),
    )
    op.create_index(
        "ix_refund_ask",
        "refund",
        ["gateway", "next_ask_at"],
        unique=False,
        postgresql_where=sa.text("next_ask_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_refund_capture_id"), "refund", ["capture_id"], unique=False)
    op.create_index(
        "ix_refund_due",
        "refund",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_refund_payment_id"), "refund", ["payment_id"], unique=False)
    op.create_index(
        "uq_refund_at_gateway",
        "refund",
        ["payment_id"],
        unique=True,
        postgresql_where=sa.text(
            "state IN ('submitting', 'provider_pending', 'unknown') OR state = 'approved' AND request_id IS NOT NULL"
        ),
    )
    op.create_index(
        "uq_refund_exception",
        "refund",
        ["exception_id"],
        unique=True,
        postgresql_where=sa.text("state NOT IN ('declined', 'withdrawn', 'rejected')"),
    )
    op.create_index("uq_refund_operation_key", "refund", ["operation_key"], unique=True)
    op.create_index(
        "uq_refund_paid_out",
        "refund",
        ["way", "paid_out_reference"],
        unique=True,
        postgresql_where=sa.text("paid_out_reference IS NOT NULL"),
    )
    op.create_index(
        "uq_refund_provider_txn",
        "refund",
        ["gateway", "provider_txn"],
        unique=True,
        postgresql_where=sa.text("provider_txn IS NOT NULL"),
    )
    op.create_index("uq_refund_request_id", "refund", ["request_id"], unique=True)
    op.create_index(
        "uq_refund_waiting",
        "refund",
        ["payment_id"],
        unique=True,
        postgresql_where=sa.text(
            "state IN ('requested', 'half_approved') AND exception_id IS NULL"
        ),
    )
    op.create_table(
        "statement_line",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("gateway", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("account", sqlmodel.sql.sqltypes.AutoString(length=34), nullable=False),
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(length=8), nullable=False),
        sa.Column("transaction_no", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("happened_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("memo", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("line_class", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=True),
        sa.Column("journal_id", sa.Uuid(), nullable=True),
        sa.Column("exception_id", sa.Uuid(), nullable=True),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("worked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "line_class IN ('matched', 'date_shift', 'amount_diff', 'fee_diff', 'missing_in_ledger', 'duplicate_line', 'repeated', 'awaited')",
            name=op.f("ck_statement_line_line_class"),
        ),
        sa.CheckConstraint(
            "type IN ('payment', 'refund', 'fee', 'payout', 'credit', 'debit')",
            name=op.f("ck_statement_line_type"),
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND fee_minor >= 0", name=op.f("ck_statement_line_amount")
        ),
        sa.ForeignKeyConstraint(
            ["exception_id"], ["payment_exception.id"], name=op.f("fk_statement_line_exception_id")
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["statement_file.id"], name=op.f("fk_statement_line_file_id")
        ),
        sa.ForeignKeyConstraint(
            ["journal_id"], ["journal.id"], name=op.f("fk_statement_line_journal_id")
        ),
        sa.PrimaryKeyConstraint("file_id", "number", name=op.f("pk_statement_line")),
    )
    op.create_index(
        "ix_statement_line_awaited",
        "statement_line",
        ["gateway", "day"],
        unique=False,
        postgresql_where=sa.text("line_class = 'awaited'"),
    )
    op.create_index("ix_statement_line_day", "statement_line", ["gateway", "day"], unique=False)
    op.create_index(
        "ix_statement_line_journal_id",
        "statement_line",
        ["journal_id"],
        unique=False,
        postgresql_where=sa.text("journal_id IS NOT NULL"),
    )
    op.create_index(
        "ix_statement_line_unordered",
        "statement_line",
        ["gateway"],
        unique=False,
        postgresql_where=sa.text("line_class = 'missing_in_ledger' AND journal_id IS NULL"),
    )
    op.create_index(
        "ix_statement_line_waiting",
        "statement_line",
        ["gateway", "file_id", "number"],
        unique=False,
        postgresql_where=sa.text("line_class IS NULL"),
    )
    op.create_index(
        "uq_statement_line_transaction",
        "statement_line",
        ["gateway", "account", "transaction_no", "type"],
        unique=True,
        postgresql_where=sa.text("counts"),
    )
    op.drop_table("tariff_rule")
    for statement in _GUARDS:
        op.execute(statement)


def downgrade() -> None:
    """Take the tables away; the rates there were before are loaded anew."""
    op.create_table(
        "tariff_rule",
        sa.Column("code", sa.VARCHAR(length=64), autoincrement=False, nullable=False),
        sa.Column("kind", sa.VARCHAR(length=32), autoincrement=False, nullable=False),
        sa.Column("regime_group", sa.VARCHAR(length=16), autoincrement=False, nullable=False),
        sa.Column("vehicle_class", sa.VARCHAR(length=16), autoincrement=False, nullable=False),
        sa.Column("amount_minor", sa.BIGINT(), autoincrement=False, nullable=False),
        sa.Column("currency", sa.VARCHAR(length=3), autoincrement=False, nullable=False),
        sa.Column("unit", sa.VARCHAR(length=16), autoincrement=False, nullable=False),
        sa.Column("effective_from", sa.DATE(), autoincrement=False, nullable=False),
        sa.Column("effective_to", sa.DATE(), autoincrement=False, nullable=True),
        sa.Column("legal_basis", sa.VARCHAR(length=120), autoincrement=False, nullable=False),
        sa.Column("status", sa.VARCHAR(length=16), autoincrement=False, nullable=False),
        sa.CheckConstraint(
            "regime_group::text = ANY (ARRAY['ordinary'::character varying, 'temporary'::character varying, 'any'::character varying]::text[])",
            name=op.f("ck_tariff_rule_regime_group"),
        ),
        sa.CheckConstraint(
            "status::text = ANY (ARRAY['confirmed'::character varying, 'unconfirmed'::character varying]::text[])",
            name=op.f("ck_tariff_rule_status"),
        ),
        sa.CheckConstraint("unit::text = 'per_trip'::text", name=op.f("ck_tariff_rule_unit")),
        sa.CheckConstraint(
            "vehicle_class::text = ANY (ARRAY['under_4t'::character varying, '4t_to_10t'::character varying, '10t_to_18t'::character varying, '18t_and_over'::character varying, 'container_20'::character varying, 'container_40'::character varying]::text[])",
            name=op.f("ck_tariff_rule_vehicle_class"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_tariff_rule_amount")),
        sa.CheckConstraint(
            "effective_to IS NULL OR effective_to > effective_from",
            name=op.f("ck_tariff_rule_days"),
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_tariff_rule")),
        sa.UniqueConstraint(
            "kind",
            "regime_group",
            "vehicle_class",
            "effective_from",
            name=op.f("uq_tariff_rule_kind_regime_group_vehicle_class_effective_from"),
            postgresql_include=[],
            postgresql_nulls_not_distinct=False,
        ),
    )
    op.drop_index(
        "uq_statement_line_transaction",
        table_name="statement_line",
        postgresql_where=sa.text("counts"),
    )
    op.drop_index(
        "ix_statement_line_waiting",
        table_name="statement_line",
        postgresql_where=sa.text("line_class IS NULL"),
    )
    op.drop_index(
        "ix_statement_line_unordered",
        table_name="statement_line",
        postgresql_where=sa.text("line_class = 'missing_in_ledger' AND journal_id IS NULL"),
    )
    op.drop_index(
        "ix_statement_line_journal_id",
        table_name="statement_line",
        postgresql_where=sa.text("journal_id IS NOT NULL"),
    )
    op.drop_index("ix_statement_line_day", table_name="statement_line")
    op.drop_index(
        "ix_statement_line_awaited",
        table_name="statement_line",
        postgresql_where=sa.text("line_class = 'awaited'"),
    )
    op.drop_table("statement_line")
    op.drop_index(
        "uq_refund_waiting",
        table_name="refund",
        postgresql_where=sa.text(
            "state IN ('requested', 'half_approved') AND exception_id IS NULL"
        ),
    )
    op.drop_index("uq_refund_request_id", table_name="refund")
    op.drop_index(
        "uq_refund_provider_txn",
        table_name="refund",
        postgresql_where=sa.text("provider_txn IS NOT NULL"),
    )
    op.drop_index(
        "uq_refund_paid_out",
        table_name="refund",
        postgresql_where=sa.text("paid_out_reference IS NOT NULL"),
    )
    op.drop_index("uq_refund_operation_key", table_name="refund")
    op.drop_index(
        "uq_refund_exception",
        table_name="refund",
        postgresql_where=sa.text("state NOT IN ('declined', 'withdrawn', 'rejected')"),
    )
    op.drop_index(
        "uq_refund_at_gateway",
        table_name="refund",
        postgresql_where=sa.text(
            "state IN ('submitting', 'provider_pending', 'unknown') OR state = 'approved' AND request_id IS NOT NULL"
        ),
    )
    op.drop_index(op.f("ix_refund_payment_id"), table_name="refund")
    op.drop_index(
        "ix_refund_due", table_name="refund", postgresql_where=sa.text("due_at IS NOT NULL")
    )
    op.drop_index(op.f("ix_refund_capture_id"), table_name="refund")
    op.drop_index(
        "ix_refund_ask", table_name="refund", postgresql_where=sa.text("next_ask_at IS NOT NULL")
    )
    op.drop_table("refund")
    op.drop_index(
        "uq_receipt_in_force",
        table_name="receipt",
        postgresql_where=sa.text("kind <> 'adjustment' AND state <> 'replaced'"),
    )
    op.drop_index(op.f("ix_receipt_payment_id"), table_name="receipt")
    op.drop_index("ix_receipt_listed", table_name="receipt")
    op.drop_index(op.f("ix_receipt_issued_at"), table_name="receipt")
    op.drop_index(
        "ix_receipt_due", table_name="receipt", postgresql_where=sa.text("due_at IS NOT NULL")
    )
    op.drop_index(op.f("ix_receipt_adjusts_id"), table_name="receipt")
    op.drop_table("receipt")
    op.drop_index("ix_desk_taking_shift", table_name="desk_taking")
    op.drop_table("desk_taking")
    op.drop_table("tariff_terms")
    op.drop_index(op.f("ix_tariff_provision_resolution_id"), table_name="tariff_provision")
    op.drop_index(op.f("ix_tariff_provision_kind"), table_name="tariff_provision")
    op.drop_table("tariff_provision")
    op.drop_index(
        "ix_tariff_resolution_due",
        table_name="tariff_resolution",
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.drop_table("tariff_resolution")
    op.drop_index("ix_statement_file_gateway", table_name="statement_file")
    op.drop_table("statement_file")
    op.drop_table("receipt_series")
    op.drop_index(
        "uq_desk_shift_open", table_name="desk_shift", postgresql_where=sa.text("state = 'open'")
    )
    op.drop_index("ix_desk_shift_opened", table_name="desk_shift")
    op.drop_index(
        "ix_desk_shift_due", table_name="desk_shift", postgresql_where=sa.text("due_at IS NOT NULL")
    )
    op.drop_index("ix_desk_shift_cashier", table_name="desk_shift")
    op.drop_table("desk_shift")
    op.drop_index("uq_daily_close_before", table_name="daily_close")
    op.drop_table("daily_close")
    for function in ("evidence_stays", "receipt_stays"):
        op.execute(f"DROP FUNCTION {function}")
