"""Resolutions on tariffs become sets of dated rules; a code names one set of its kind.

Revision 0022, after 0021.
"""

from typing import Any

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_CONDITIONS = ("regime_group", "commodity_group", "direction", "vehicle_class", "movement")
_TODAY = "(now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date"
_OTHERS = ("unit", "currency", "reason", "legal_basis", "status", "mixed_load", "vat")
_TEXTS = ("code", *_CONDITIONS, *_OTHERS)
_NUMBERS = ("payload_below_g", "amount_minor", "minimum_minor", "per_mille", "collector_per_mille")


def _row(**said: str) -> str:
    """Return the SQL of a row as rules are kept: whole, what it does not say empty."""
    empty = dict.fromkeys(_TEXTS, "''") | dict.fromkeys(_NUMBERS, "NULL")
    pairs = ", ".join(f"'{name}', {sql}" for name, sql in (empty | said).items())
    return f"jsonb_build_object({pairs})"


def upgrade() -> None:
    """Move every resolution, whatever its state; its digest stays, for charges name it."""
    op.drop_constraint("uq_regulation_code", "regulation", type_="unique")
    op.create_unique_constraint("uq_regulation_kind_code", "regulation", ["kind", "code"])
    terms = _row(
        record="'terms'",
        kind="t.kind",
        mixed_load="t.mixed_load",
        collector_per_mille="t.collector_per_mille",
        vat="t.vat",
    )
    is_rate = "p.effect = 'rate'"
    rule = _row(
        record="p.effect",
        kind="p.kind",
        code="p.code",
        **{name: f"coalesce(nullif(p.{name}, 'any'), '')" for name in _CONDITIONS},
        payload_below_g="p.payload_below_g",
        unit=f"CASE WHEN {is_rate} THEN p.unit ELSE '' END",
        amount_minor=f"CASE WHEN {is_rate} THEN p.amount_minor END",
        minimum_minor="p.minimum_minor",
        currency="p.currency",
        per_mille="CASE WHEN p.effect = 'coefficient' THEN p.per_mille END",
        reason="p.reason",
        legal_basis="p.legal_basis",
        status="p.status",
    )
    op.execute(
        f"""
        WITH days AS (
            SELECT r.id, CASE
                WHEN r.state <> 'scheduled' THEN r.state
                WHEN bool_or(t.effective_from <= {_TODAY} AND
                    (t.effective_to IS NULL OR t.effective_to > {_TODAY})) THEN 'in_force'
                WHEN bool_or(t.effective_from > {_TODAY}) THEN 'scheduled'
                ELSE 'superseded' END AS state
            FROM tariff_resolution r LEFT JOIN tariff_terms t ON t.resolution_id = r.id
            GROUP BY r.id
        )
        INSERT INTO regulation (id, reference, state, version, gate, created_at, changed_at,
            overdue_at, kind, code, title, issued_by, legal_basis, effective_from, effective_to,
            example, note, prepared_by, approved_by, rows, digest)
        SELECT r.id, reference, days.state, version, gate, created_at, changed_at,
            CASE days.state WHEN 'superseded' THEN NULL WHEN 'scheduled'
                THEN effective_from::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
                ELSE overdue_at END,
            'tariff', code, title, issued_by, legal_basis, effective_from, effective_to, example,
            note, prepared_by, approved_by,
            (SELECT jsonb_agg({terms} ORDER BY t.kind) FROM tariff_terms t
                WHERE t.resolution_id = r.id)
            || (SELECT jsonb_agg({rule} ORDER BY p.place) FROM tariff_provision p
                WHERE p.resolution_id = r.id),
            digest
        FROM tariff_resolution r JOIN days ON days.id = r.id
        """
    )
    op.execute(
        "INSERT INTO regulation_period (regulation_id, chain, effective_from, effective_to)"
        " SELECT resolution_id, 'tariff/ZONE/' || kind, effective_from, effective_to"
        " FROM tariff_terms WHERE effective_from IS NOT NULL"
    )
    for table in ("tariff_provision", "tariff_terms", "tariff_resolution"):
        op.drop_table(table)


def _text(length: int) -> Any:
    return sqlmodel.sql.sqltypes.AutoString(length=length)


def _make_tables() -> None:
    """Make the three tables as they were."""
    op.create_table(
        "tariff_resolution",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", _text(24), nullable=False),
        sa.Column("state", _text(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gate", _text(24), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("changed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("overdue_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("code", _text(48), nullable=False),
        sa.Column("title", _text(200), nullable=False),
        sa.Column("issued_by", _text(120), nullable=False),
        sa.Column("legal_basis", _text(120), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("example", sa.Boolean(), nullable=False),
        sa.Column("note", _text(500), nullable=False),
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
        "ix_tariff_resolution_overdue",
        "tariff_resolution",
        ["overdue_at"],
        unique=False,
        postgresql_where=sa.text("overdue_at IS NOT NULL"),
    )
    op.create_table(
        "tariff_provision",
        sa.Column("code", _text(64), nullable=False),
        sa.Column("resolution_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("kind", _text(32), nullable=False),
        sa.Column("effect", _text(16), nullable=False),
        sa.Column("regime_group", _text(16), nullable=False),
        sa.Column("commodity_group", _text(24), nullable=False),
        sa.Column("direction", _text(8), nullable=False),
        sa.Column("vehicle_class", _text(16), nullable=False),
        sa.Column("movement", _text(16), nullable=False),
        sa.Column("payload_below_g", sa.BigInteger(), nullable=True),
        sa.Column("unit", _text(16), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", _text(3), nullable=False),
        sa.Column("minimum_minor", sa.BigInteger(), nullable=True),
        sa.Column("per_mille", sa.Integer(), nullable=False),
        sa.Column("reason", _text(200), nullable=False),
        sa.Column("legal_basis", _text(120), nullable=False),
        sa.Column("status", _text(16), nullable=False),
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
        sa.Column("kind", _text(32), nullable=False),
        sa.Column("mixed_load", _text(24), nullable=False),
        sa.Column("collector_per_mille", sa.Integer(), nullable=False),
        sa.Column("vat", _text(16), nullable=False),
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


def downgrade() -> None:
    """Put resolutions back into tables of their own; a code that two kinds share cannot go back."""
    _make_tables()
    op.execute(
        "INSERT INTO tariff_resolution SELECT id, reference, CASE WHEN state IN"
        " ('in_force', 'superseded') THEN 'scheduled' ELSE state END, version, gate, created_at,"
        " changed_at, overdue_at, code, title, issued_by, left(legal_basis, 120), effective_from,"
        " effective_to, example, note, prepared_by, approved_by, digest"
        " FROM regulation WHERE kind = 'tariff'"
    )
    rows = "FROM regulation r CROSS JOIN LATERAL jsonb_array_elements(r.rows) WITH ORDINALITY AS"
    op.execute(
        "INSERT INTO tariff_terms SELECT r.id, one ->> 'kind', one ->> 'mixed_load',"
        f" (one ->> 'collector_per_mille')::int, one ->> 'vat', p.effective_from, p.effective_to"
        f" {rows} o (one, place) LEFT JOIN regulation_period p ON p.regulation_id = r.id"
        " AND p.chain = 'tariff/ZONE/' || (one ->> 'kind')"
        " WHERE r.kind = 'tariff' AND one ->> 'record' = 'terms'"
    )
    conditions = ", ".join(f"coalesce(nullif(one ->> '{n}', ''), 'any')" for n in _CONDITIONS)
    op.execute(
        "INSERT INTO tariff_provision SELECT one ->> 'code', r.id,"
        " row_number() OVER (PARTITION BY r.id ORDER BY place) - 1, one ->> 'kind',"
        f" one ->> 'record', {conditions}, (one ->> 'payload_below_g')::bigint,"
        " coalesce(nullif(one ->> 'unit', ''), 'per_trip'),"
        " coalesce((one ->> 'amount_minor')::bigint, 0),"
        " coalesce(nullif(one ->> 'currency', ''), 'VND'), (one ->> 'minimum_minor')::bigint,"
        " coalesce((one ->> 'per_mille')::int, 1000), one ->> 'reason',"
        " left(coalesce(nullif(one ->> 'legal_basis', ''), r.legal_basis), 120), one ->> 'status'"
        f" {rows} o (one, place) WHERE r.kind = 'tariff' AND one ->> 'record' <> 'terms'"
    )
    op.execute(
        "DELETE FROM regulation_period USING regulation"
        " WHERE regulation_id = regulation.id AND kind = 'tariff'"
    )
    op.execute("ALTER TABLE regulation DISABLE TRIGGER regulation_stays")
    op.execute("DELETE FROM regulation WHERE kind = 'tariff'")
    op.execute("ALTER TABLE regulation ENABLE TRIGGER regulation_stays")
    op.drop_constraint("uq_regulation_kind_code", "regulation", type_="unique")
    op.create_unique_constraint("uq_regulation_code", "regulation", ["code"])
