"""Dated rules: one table for what is decided by, with its days; slots keep what made them.

Revision 0007. The rules of hours move into it, each with its days; where two of them held on one
day the younger did, and still does.
"""

import json
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

import border.core.tables  # noqa: F401
from border.core.ids import new_id, new_reference

revision = "0007"
down_revision = "0008"
branch_labels = None
depends_on = None

_STAYS = """
    CREATE FUNCTION regulation_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        moves CONSTANT text[] := ARRAY['state', 'version', 'changed_at', 'overdue_at'];
    BEGIN
        IF OLD.state = 'draft' AND TG_OP = 'UPDATE' THEN
            RETURN NEW;
        END IF;
        IF TG_OP = 'DELETE' OR to_jsonb(NEW) - moves IS DISTINCT FROM to_jsonb(OLD) - moves THEN
            RAISE EXCEPTION 'rules that were put in force are never edited'
                USING ERRCODE = '23001';
        END IF;
        RETURN NEW;
    END $$
"""
_VERSIONED = ("declaration", "charge", "slot", "booking", "slip")
_RULE = (
    "direction",
    "opens",
    "closes",
    "minutes",
    "capacity",
    "days_ahead",
    "early_minutes",
    "grace_minutes",
    "hold_minutes",
)
_FROZEN = ("closes_at", "early_minutes", "entry_early_minutes", "grace_minutes", "hold_minutes")
"""What a slot keeps of the rules it was made by."""
_REASONS = {
    "dangerous_goods": "Dangerous goods are inspected.",
    "live_animals": "Live animals are inspected.",
    "quarantine_uncertified": "Goods under quarantine come without a certificate.",
    "unnumbered": "The number of the customs declaration is missing.",
    "first_declaration": "It is the trader's first declaration here.",
    "random_share": "Picked at random, three in a hundred.",
}
"""What the rules of lanes said until now, by their codes."""


def _text(length: int) -> Any:
    return sqlmodel.sql.sqltypes.AutoString(length=length)


def upgrade() -> None:
    """Make the tables, move the rules of hours, and give decisions the versions they know."""
    op.create_table(
        "regulation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", _text(24), nullable=False),
        sa.Column("state", _text(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gate", _text(24), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("changed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("overdue_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("kind", _text(32), nullable=False),
        sa.Column("code", _text(48), nullable=False),
        sa.Column("title", _text(200), nullable=False),
        sa.Column("issued_by", _text(120), nullable=False),
        sa.Column("legal_basis", _text(160), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("example", sa.Boolean(), nullable=False),
        sa.Column("note", _text(500), nullable=False),
        sa.Column("prepared_by", sa.Uuid(), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("rows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'scheduled', 'in_force', 'superseded', 'withdrawn')",
            name=op.f("ck_regulation_state"),
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_regulation_version")),
        sa.CheckConstraint(
            "effective_to IS NULL OR effective_to > effective_from",
            name=op.f("ck_regulation_days"),
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> prepared_by",
            name=op.f("ck_regulation_second_person"),
        ),
        sa.CheckConstraint(
            "NOT example OR state IN ('draft', 'withdrawn')", name=op.f("ck_regulation_example")
        ),
        sa.CheckConstraint("jsonb_array_length(rows) > 0", name=op.f("ck_regulation_rows")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regulation")),
        sa.UniqueConstraint("reference", name=op.f("uq_regulation_reference")),
        sa.UniqueConstraint("code", name=op.f("uq_regulation_code")),
    )
    op.create_index("ix_regulation_kind", "regulation", ["kind", "effective_from"])
    op.create_index(
        "ix_regulation_overdue",
        "regulation",
        ["overdue_at"],
        postgresql_where=sa.text("overdue_at IS NOT NULL"),
    )
    op.create_table(
        "regulation_period",
        sa.Column("regulation_id", sa.Uuid(), nullable=False),
        sa.Column("chain", _text(96), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "effective_to IS NULL OR effective_to > effective_from",
            name=op.f("ck_regulation_period_days"),
        ),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(hashtext(chain)::bigint, hashtext(chain)::bigint, '[]')"), "&&"),
            (sa.text("daterange(effective_from, effective_to)"), "&&"),
            using="gist",
            name="ex_regulation_period_days",
        ),
        sa.ForeignKeyConstraint(
            ["regulation_id"], ["regulation.id"], name=op.f("fk_regulation_period_regulation_id")
        ),
        sa.PrimaryKeyConstraint("regulation_id", "chain", name=op.f("pk_regulation_period")),
    )
    op.execute(_STAYS)
    op.execute(
        "CREATE TRIGGER regulation_stays BEFORE UPDATE OR DELETE ON regulation"
        " FOR EACH ROW EXECUTE FUNCTION regulation_stays()"
    )
    for table in _VERSIONED:
        op.add_column(
            table,
            sa.Column(
                "rule_versions",
                postgresql.JSONB(astext_type=sa.Text()),
                server_default=sa.text("'{}'::jsonb"),
                nullable=False,
            ),
        )
    op.add_column(
        "slot", sa.Column("closes_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True)
    )
    _fill("slot", "early_minutes", "entry_early_minutes", "grace_minutes", "hold_minutes")
    versions = _move_rules()
    _fill_slots(versions)
    _fill_bookings()
    _fill_declarations()
    op.drop_constraint("fk_slot_rule_code", "slot", type_="foreignkey")
    op.drop_column("slot", "rule_code")
    op.drop_table("slot_rule")


def _fill(table: str, *columns: str) -> None:
    for column in columns:
        op.add_column(table, sa.Column(column, sa.Integer(), nullable=True))


def _move_rules() -> dict[str, str]:
    """Move the rules of hours and return the version of each by its code."""
    connection = op.get_bind()
    rules = connection.execute(
        sa.text("SELECT * FROM slot_rule ORDER BY gate, direction, effective_from, code")
    ).all()
    versions = {}
    for place, rule in enumerate(rules):
        following = rules[place + 1] if place + 1 < len(rules) else None
        if following and (following.gate, following.direction) != (rule.gate, rule.direction):
            following = None
        ends = [day for day in (rule.effective_to, following and following.effective_from) if day]
        ends_on = min(ends, default=None)
        row: dict[str, Any] = {name: getattr(rule, name) for name in _RULE}
        row |= {"entry_early_minutes": 30, "last_booking_minutes": 15}
        head = {
            "code": rule.code,
            "title": rule.code,
            "issued_by": "as it was kept before",
            "legal_basis": rule.legal_basis[:160] or "–",
            "effective_from": rule.effective_from,
            "effective_to": rule.effective_to,
            "gate": rule.gate,
            "example": False,
            "note": "",
        }
        digest = _digest("slot_rules", head, [row])
        versions[rule.code] = f"{rule.code}@{digest.hex()[:12]}"
        holds = ends_on is None or ends_on > rule.effective_from
        id = new_id()
        connection.execute(
            sa.text(
                "INSERT INTO regulation (id, reference, state, version, created_at, changed_at,"
                " kind, rows, digest, code, title, issued_by, legal_basis, effective_from,"
                " effective_to, gate, example, note) VALUES (:id, :reference,"
                " CASE WHEN NOT :holds OR :ends_on <= (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date"
                " THEN 'superseded' WHEN :effective_from <="
                " (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date THEN 'in_force'"
                " ELSE 'scheduled' END, 1, now(), now(), 'slot_rules', :rows, :digest, :code,"
                " :title, :issued_by, :legal_basis, :effective_from, :effective_to, :gate,"
                " :example, :note)"
            ).bindparams(
                sa.bindparam("rows", type_=postgresql.JSONB),
                sa.bindparam("id", type_=sa.Uuid()),
                sa.bindparam("ends_on", type_=sa.Date()),
                sa.bindparam("effective_from", type_=sa.Date()),
                sa.bindparam("holds", type_=sa.Boolean()),
            ),
            {
                **head,
                "id": id,
                "reference": new_reference("RUL"),
                "rows": [row],
                "digest": digest,
                "ends_on": ends_on,
                "holds": holds,
            },
        )
        if holds:
            connection.execute(
                sa.text(
                    "INSERT INTO regulation_period (regulation_id, chain, effective_from,"
                    " effective_to) VALUES (:id, :chain, :begins, :ends)"
                ).bindparams(sa.bindparam("id", type_=sa.Uuid())),
                {
                    "id": id,
                    "chain": f"slot_rules/{rule.gate}/{rule.direction}",
                    "begins": rule.effective_from,
                    "ends": ends_on,
                },
            )
    return versions


def _digest(kind: str, head: dict[str, Any], rows: list[dict[str, Any]]) -> bytes:
    """Return the SHA-256 of a set, as the program of this revision counts it."""
    told = {name: str(value) for name, value in head.items() if value not in (None, "", False)}
    ordered = sorted(_canonical(row) for row in rows)
    return sha256("\n".join([kind, _canonical(told), *ordered]).encode()).digest()


def _canonical(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _fill_slots(versions: dict[str, str]) -> None:
    op.execute(
        "UPDATE slot SET early_minutes = r.early_minutes, entry_early_minutes = 30,"
        " grace_minutes = r.grace_minutes, hold_minutes = r.hold_minutes,"
        " closes_at = ends_at - interval '15 minutes'"
        " FROM slot_rule r WHERE r.code = slot.rule_code"
    )
    for code, version in versions.items():
        op.get_bind().execute(
            sa.text(
                "UPDATE slot SET rule_versions = jsonb_build_object('slot_rules', CAST(:version AS text))"
                " WHERE rule_code = :code"
            ),
            {"version": version, "code": code},
        )
    for column in _FROZEN:
        op.alter_column("slot", column, nullable=False)


def _fill_bookings() -> None:
    """Give bookings the terms that were written in the program until now."""
    for column in ("free_cancel_until", "slip_valid_until"):
        op.add_column(
            "booking", sa.Column(column, sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True)
        )
    op.execute(
        "UPDATE booking SET free_cancel_until = slot_starts_at - interval '3 hours',"
        " slip_valid_until = slot_ends_at + interval '72 hours',"
        " rule_versions = (SELECT s.rule_versions FROM slot s WHERE s.id = booking.slot_id)"
    )
    op.execute(
        "UPDATE slip SET rule_versions ="
        " (SELECT b.rule_versions FROM booking b WHERE b.id = slip.booking_id)"
    )
    for column in ("free_cancel_until", "slip_valid_until"):
        op.alter_column("booking", column, nullable=False)


def _fill_declarations() -> None:
    """Keep with each declaration why its lane was chosen, and until when it is valid."""
    op.add_column(
        "declaration",
        sa.Column("valid_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    )
    op.execute("UPDATE declaration SET valid_until = registered_at + interval '15 days'")
    op.get_bind().execute(
        sa.text(
            "UPDATE declaration SET"
            " rule_versions = CASE WHEN lane_rules ? 'version' THEN"
            " jsonb_build_object('selectivity', lane_rules -> 'version') ELSE '{}' END,"
            " lane_rules = lane_rules - 'version' || jsonb_build_object('reasons', coalesce(("
            " SELECT jsonb_agg(coalesce(CAST(:reasons AS jsonb) ->> code, code) ORDER BY place)"
            " FROM jsonb_array_elements_text(lane_rules -> 'codes')"
            " WITH ORDINALITY AS one (code, place)), '[]'))"
            " WHERE lane_rules IS NOT NULL AND jsonb_typeof(lane_rules) = 'object'"
        ),
        {"reasons": json.dumps(_REASONS)},
    )


def downgrade() -> None:
    """Put the rules of hours back as they were; drafts and other kinds of rules have no place."""
    op.create_table(
        "slot_rule",
        sa.Column("code", _text(48), nullable=False),
        sa.Column("gate", _text(24), nullable=False),
        sa.Column("direction", _text(8), nullable=False),
        sa.Column("opens", _text(5), nullable=False),
        sa.Column("closes", _text(5), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in _RULE
            if name not in ("direction", "opens", "closes")
        ),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("legal_basis", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["gate"], ["gate.code"], name=op.f("fk_slot_rule_gate")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_slot_rule")),
    )
    numbers = ", ".join(f"(one ->> '{name}')::int" for name in _RULE[3:])
    op.execute(
        "INSERT INTO slot_rule (code, gate, direction, opens, closes, "
        + ", ".join(_RULE[3:])
        + ", effective_from, effective_to, legal_basis)"
        " SELECT CASE WHEN jsonb_array_length(rows) = 1 THEN code"
        " ELSE left(code, 39) || '-' || (one ->> 'direction') END, gate, one ->> 'direction',"
        f" one ->> 'opens', one ->> 'closes', {numbers}, regulation.effective_from,"
        " least(regulation.effective_to, p.effective_to), legal_basis"
        " FROM regulation CROSS JOIN LATERAL jsonb_array_elements(rows) AS one"
        " LEFT JOIN regulation_period p ON p.regulation_id = regulation.id"
        " AND p.chain = 'slot_rules/' || gate || '/' || (one ->> 'direction')"
        " WHERE kind = 'slot_rules' AND state IN ('scheduled', 'in_force', 'superseded')"
    )
    op.add_column("slot", sa.Column("rule_code", _text(48), nullable=True))
    op.execute(
        "UPDATE slot SET rule_code = r.code FROM slot_rule r"
        " WHERE r.gate = slot.gate AND r.direction = slot.direction"
        " AND split_part(slot.rule_versions ->> 'slot_rules', '@', 1)"
        " IN (r.code, left(r.code, length(r.code) - length(r.direction) - 1))"
    )
    # An hour that was closed when the rules of its day ended goes by the last rules there were.
    op.execute(
        "UPDATE slot SET rule_code = (SELECT r.code FROM slot_rule r WHERE r.gate = slot.gate"
        " AND r.direction = slot.direction ORDER BY r.effective_from DESC, r.code LIMIT 1)"
        " WHERE rule_code IS NULL"
    )
    op.alter_column("slot", "rule_code", nullable=False)
    op.create_foreign_key("fk_slot_rule_code", "slot", "slot_rule", ["rule_code"], ["code"])
    op.execute(
        "UPDATE declaration SET lane_rules = lane_rules - 'reasons' || jsonb_build_object("
        "'version', coalesce(rule_versions -> 'selectivity', '\"\"'))"
        " WHERE lane_rules IS NOT NULL AND jsonb_typeof(lane_rules) = 'object'"
    )
    op.drop_column("declaration", "valid_until")
    op.drop_column("booking", "slip_valid_until")
    op.drop_column("booking", "free_cancel_until")
    for column in _FROZEN:
        op.drop_column("slot", column)
    for table in reversed(_VERSIONED):
        op.drop_column(table, "rule_versions")
    op.execute("DROP TRIGGER regulation_stays ON regulation")
    op.execute("DROP FUNCTION regulation_stays")
    op.drop_table("regulation_period")
    op.drop_table("regulation")
