"""The migrations: what they make is what the tables say, up, down and up again."""

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, insert
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlmodel import SQLModel

from border import gates
from border.core.store import open_engine, table_of
from border.core.tables import GateRow, Xid8
from border.embedded import Servers
from border.migrations.run import at_head, downgrade, upgrade
from border.payments.tariffs.tariff_kind import TARIFF, resolution_of
from border.regulation.rule_kind import stored


def _plain(url: str) -> str:
    return url.replace("postgresql+asyncpg://", "postgresql://")


@pytest.fixture
def fresh(servers: Servers) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    name = f"border_migrations_{uuid4().hex[:8]}"
    base, _, query = servers.database_url.partition("?")

    async def run(statement: str) -> None:
        connection = await asyncpg.connect(_plain(servers.database_url))
        await connection.execute(statement)
        await connection.close()

    asyncio.run(run(f'CREATE DATABASE "{name}"'))
    yield base.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")
    asyncio.run(run(f'DROP DATABASE "{name}" WITH (FORCE)'))


def _differences(connection: Connection) -> list[object]:
    ischema_names["xid8"] = Xid8
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, SQLModel.metadata))


async def _look(url: str) -> tuple[list[object], bool]:
    engine = open_engine(url, 1)
    async with engine.connect() as connection:
        found = await connection.run_sync(_differences), await connection.run_sync(at_head)
    await engine.dispose()
    return found


def test_the_migrations_make_exactly_the_tables_of_the_models(fresh: str) -> None:
    upgrade(fresh)
    assert asyncio.run(_look(fresh)) == ([], True)


def test_a_missing_column_would_be_noticed(fresh: str) -> None:
    upgrade(fresh)

    async def drop() -> None:
        connection = await asyncpg.connect(_plain(fresh))
        await connection.execute("ALTER TABLE slot DROP COLUMN mode")
        await connection.close()

    asyncio.run(drop())
    differences, _ = asyncio.run(_look(fresh))
    assert differences


def test_every_migration_runs_up_down_and_up_again_on_a_database_with_rows(fresh: str) -> None:
    upgrade(fresh)

    async def put() -> None:
        engine = open_engine(fresh, 1)
        async with engine.begin() as connection:
            rows = [row.model_dump() for row in gates.SEED_GATES]
            await connection.execute(insert(table_of(GateRow)), rows)
        await engine.dispose()

    asyncio.run(put())
    downgrade(fresh, "0001")
    upgrade(fresh)
    downgrade(fresh, "base")
    upgrade(fresh)
    assert asyncio.run(_look(fresh)) == ([], True)


def test_an_event_is_never_changed_or_deleted(fresh: str) -> None:
    upgrade(fresh)

    async def try_to(statement: str) -> None:
        connection = await asyncpg.connect(_plain(fresh))
        try:
            await connection.execute(
                "INSERT INTO event (id, type, gate, subject, key, version, happened_at, actor,"
                " payload, private, recorded_at, request_id, actor_kind) VALUES"
                " (gen_random_uuid(), 'x.y', 'G', 'S', 'S', 1, now(), 'a', '{}', '{}', now(),"
                " 'r', 'person')"
            )
            await connection.execute(statement)
        finally:
            await connection.close()

    for statement in ("UPDATE event SET gate = 'H'", "DELETE FROM event"):
        with pytest.raises(asyncpg.PostgresError, match="never changed or deleted"):
            asyncio.run(try_to(statement))


def test_what_an_exception_was_told_is_kept_under_the_new_name_and_back(fresh: str) -> None:
    upgrade(fresh, "0007")

    async def run(statement: str) -> Any:
        connection = await asyncpg.connect(_plain(fresh))
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    asyncio.run(
        run(
            "INSERT INTO payment_exception (id, reference, state, version, gate, created_at,"
            " changed_at, kind, dedupe_key, gateway, told, note) VALUES (gen_random_uuid(), 'R',"
            """ 'open', 1, 'G', now(), now(), 'review', 'K', 'x', '{"memo": "m"}', '')"""
        )
    )
    upgrade(fresh, "0021")
    assert asyncio.run(run("SELECT reported->>'memo' FROM payment_exception")) == "m"
    named = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = "
    assert "refund_method" in asyncio.run(run(f"{named}'ck_refund_refund_method'"))
    downgrade(fresh, "0007")
    assert asyncio.run(run("SELECT told->>'memo' FROM payment_exception")) == "m"
    assert "way" in asyncio.run(run(f"{named}'ck_refund_way'"))


def test_events_from_before_learn_when_and_by_what_they_were_recorded(fresh: str) -> None:
    upgrade(fresh, "0005")

    async def ask(statement: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(_plain(fresh))
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    made_at = "'01a20ada-2c00-7000-8000-000000000000'"  # 24 November 2026, 00:00 UTC
    asyncio.run(
        ask(
            "INSERT INTO event (id, type, gate, subject, key, version, happened_at, actor, facts,"
            f" inside) VALUES ({made_at}, 'scan.refuse', 'G', 'S', 'S', 1, '2026-11-20T00:00Z',"
            """ 'system', '{"lane": "X1"}', '{"code": "x"}')"""
        )
    )
    upgrade(fresh, "0006")
    (event,) = asyncio.run(ask("SELECT *, xid::text AS number FROM event"))
    assert event["recorded_at"].isoformat() == "2026-11-24T00:00:00+00:00"
    assert (event["actor_kind"], event["request_id"]) == (
        "program",
        f"transaction-{event['number']}",
    )
    assert (event["payload"], event["private"]) == ('{"lane": "X1"}', '{"code": "x"}')
    downgrade(fresh, "0005")
    (event,) = asyncio.run(ask("SELECT * FROM event"))
    assert (event["facts"], event["inside"]) == ('{"lane": "X1"}', '{"code": "x"}')


def test_what_is_overdue_keeps_its_instant_under_the_new_name_and_back(fresh: str) -> None:
    upgrade(fresh, "0004")
    until = "2026-12-01 00:00:00+00"
    columns = "id, reference, state, version, gate, created_at, changed_at, due_at"
    values = f"gen_random_uuid(), 'R', 'draft', 1, 'G', now(), now(), '{until}'"

    async def run(statement: str) -> Any:
        connection = await asyncpg.connect(_plain(fresh))
        try:
            await connection.execute("SET session_replication_role = replica")
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    asyncio.run(
        run(
            f"INSERT INTO tariff_resolution ({columns}, code, title, issued_by, legal_basis,"
            f" effective_from, example, note, digest) VALUES ({values}, 'C', 'T', 'I', 'L',"
            f" '2026-12-01', false, '', '')"
        )
    )
    upgrade(fresh, "0005")
    held = asyncio.run(run("SELECT overdue_at::text FROM tariff_resolution"))
    assert held.startswith("2026-12-01")
    guard = "SELECT prosrc FROM pg_proc WHERE proname = 'receipt_stays'"
    assert "'overdue_at'" in asyncio.run(run(guard))
    downgrade(fresh, "0004")
    assert asyncio.run(run("SELECT due_at::text FROM tariff_resolution")) == held
    assert "'due_at'" in asyncio.run(run(guard))


def test_rules_of_hours_become_dated_sets_and_go_back_without_a_loss(fresh: str) -> None:
    upgrade(fresh, "0006")

    async def ask(*statements: str) -> list[dict[str, Any]]:
        connection = await asyncpg.connect(_plain(fresh))
        try:
            await connection.execute("SET session_replication_role = replica")
            for statement in statements[:-1]:
                await connection.execute(statement)
            return [dict(row) for row in await connection.fetch(statements[-1])]
        finally:
            await connection.close()

    rule = "'08:00', '17:00', 60, 10, 7, 180, 30, 15"
    put = (
        "INSERT INTO gate (code, name_vi, name_zh, name_en, locode, opens, closes, source, active)"
        " VALUES ('G', '', '', '', 'VNLCA', '07:00', '22:00', '', true)",
        "INSERT INTO organisation (id, name, kind, country) VALUES"
        " ('01a21ca9-ed69-7779-b8e6-836fcdbc98d7', 'F', 'trader', 'VN')",
        "INSERT INTO slot_rule (code, gate, direction, opens, closes, minutes, capacity,"
        " days_ahead, early_minutes, grace_minutes, hold_minutes, effective_from, effective_to,"
        " legal_basis)"
        f" VALUES ('old', 'G', 'export', {rule}, '2020-01-01', NULL, 'a decree'),"
        f" ('new', 'G', 'export', {rule}, '2026-06-01', '2027-01-01', 'a decree'),"
        f" ('other', 'G', 'import', {rule}, '2020-01-01', NULL, 'a decree'),"
        f" ('coming', 'G', 'import', {rule}, '2999-01-01', NULL, 'a decree')",
        "INSERT INTO slot (id, gate, direction, starts_at, ends_at, opens_at, capacity, taken,"
        " mode, rule_code) VALUES (gen_random_uuid(), 'G', 'export', '2026-11-23 01:00+00',"
        " '2026-11-23 02:00+00', '2026-11-16 01:00+00', 10, 0, 'first_come', 'new')",
        "INSERT INTO declaration (id, reference, state, version, gate, created_at, changed_at,"
        " direction, owner_organisation_id, handling, certificates, containers, goes_first,"
        " gross_mass_g, line_count, totals, lane, lane_rules, registered_at) VALUES"
        " (gen_random_uuid(), 'R', 'released', 1, 'G', now(), now(), 'export',"
        " '01a21ca9-ed69-7779-b8e6-836fcdbc98d7', '[]', '[]', '[]', false, 0, 0, '{}', 'yellow',"
        """ '{"codes": ["unnumbered", "own"], "version": "abc"}', '2026-11-20 00:00+00')""",
    )
    rules = "SELECT * FROM slot_rule ORDER BY code"
    before = asyncio.run(ask(*put, rules))
    upgrade(fresh, "0007")
    days = asyncio.run(
        ask(
            "SELECT r.code, state, p.effective_from::text, p.effective_to::text"
            " FROM regulation r JOIN regulation_period p ON p.regulation_id = r.id ORDER BY code"
        )
    )
    assert [tuple(row.values()) for row in days] == [
        ("coming", "scheduled", "2999-01-01", None),
        ("new", "in_force", "2026-06-01", "2027-01-01"),
        ("old", "superseded", "2020-01-01", "2026-06-01"),
        ("other", "in_force", "2020-01-01", "2999-01-01"),
    ]
    [slot] = asyncio.run(ask("SELECT * FROM slot"))
    assert '"new@' in slot["rule_versions"]
    assert (slot["closes_at"].isoformat(), slot["grace_minutes"]) == (
        "2026-11-23T01:45:00+00:00",
        30,
    )
    [row] = asyncio.run(
        ask("SELECT lane_rules -> 'reasons' AS why, rule_versions, valid_until FROM declaration")
    )
    assert row["why"] == '["The number of the customs declaration is missing.", "own"]'
    assert row["rule_versions"] == '{"selectivity": "abc"}'
    assert row["valid_until"].isoformat() == "2026-12-05T00:00:00+00:00"
    downgrade(fresh, "0006")
    after = asyncio.run(ask(rules))
    ends = {row["code"]: row.pop("effective_to") for row in after}
    assert after == [{k: v for k, v in row.items() if k != "effective_to"} for row in before]
    assert {code: end and end.isoformat() for code, end in ends.items()} == {
        "coming": None,
        "new": "2027-01-01",
        "old": "2026-06-01",
        "other": "2999-01-01",
    }
    [slot] = asyncio.run(ask("SELECT rule_code FROM slot"))
    assert slot["rule_code"] == "new"
    [row] = asyncio.run(ask("SELECT lane_rules FROM declaration"))
    assert row["lane_rules"] == '{"codes": ["unnumbered", "own"], "version": "abc"}'
    upgrade(fresh)
    assert asyncio.run(_look(fresh)) == ([], True)


def test_scans_of_before_happened_when_devices_said_so_at_the_latest_when_they_came_in(
    fresh: str,
) -> None:
    upgrade(fresh, "0015")

    async def ask(statement: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(_plain(fresh))
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    for scan_id, scanned_at in (("1", "2026-11-20T00:00:00Z"), ("2", "2026-11-25T00:00:00Z")):
        answer = '{"verdict": "refused", "failed": [{"code": "HOLD", "says": "Wait."}]}'
        asyncio.run(
            ask(
                "INSERT INTO scan (id, device, scan_id, request, gate, lane, kind, scanned_at,"
                " received_at, account, verdict, code, answer) VALUES (gen_random_uuid(), 'b',"
                f" '{scan_id}', '{{}}', 'G', 'X1', 'entry', '{scanned_at}',"
                f" '2026-11-24T00:00:00Z', 'a', 'refused', 'HOLD', '{answer}')"
            )
        )
    upgrade(fresh, "0008")
    first, second = asyncio.run(ask("SELECT *, answer::text AS said FROM scan ORDER BY scan_id"))
    assert first["happened_at"].isoformat() == "2026-11-20T00:00:00+00:00"
    assert second["happened_at"].isoformat() == "2026-11-24T00:00:00+00:00"
    assert (second["flags"], second["waits"]) == ("[]", False)
    said = json.loads(second["said"])
    assert datetime.fromisoformat(said["happened_at"]) == second["happened_at"]
    assert said["failed"] == [{"code": "HOLD", "says": "Wait.", "driver": "", "override_by": []}]
    assert (said["id"], said["clock_off_seconds"]) == (str(second["id"]), None)
    downgrade(fresh, "0015")


def test_keys_of_imported_rows_lose_the_zeros_that_spreadsheets_drop(fresh: str) -> None:
    upgrade(fresh, "0006")
    keys = ("f:0077000001", "f:007", "f:07", "f:0042", "f:42", "f:000", "f:X01", "f:10")

    async def run(statement: str, *values: Any) -> Any:
        connection = await asyncpg.connect(_plain(fresh))
        try:
            await connection.execute("SET session_replication_role = replica")
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()

    for at, key in enumerate(keys):
        asyncio.run(
            run(
                "INSERT INTO declaration (id, reference, state, version, gate, created_at,"
                " changed_at, direction, owner_organisation_id, handling, certificates, containers,"
                " goes_first, gross_mass_g, line_count, totals, import_key) VALUES"
                " (gen_random_uuid(), $1, 'cancelled', 1, 'G', now(), now(), 'import',"
                " gen_random_uuid(), '[]', '[]', '[]', false, 0, 0, '{}', $2)",
                f"DEC-{at}",
                key,
            )
        )
    upgrade(fresh, "0010")
    rows = asyncio.run(run("SELECT import_key FROM declaration ORDER BY reference"))
    kept = [row["import_key"] for row in rows]
    assert kept == ["f:77000001", "f:007", "f:7", "f:0042", "f:42", "f:0", "f:X01", "f:10"]
    downgrade(fresh, "0006")
    upgrade(fresh, "0010")
    assert [row["import_key"] for row in rows] == kept


def test_a_clearance_that_is_awaited_learns_until_when_and_a_given_one_does_not(fresh: str) -> None:
    upgrade(fresh, "0010")

    async def run(*statements: str) -> Any:
        connection = await asyncpg.connect(_plain(fresh))
        try:
            await connection.execute("SET session_replication_role = replica")
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetch(statements[-1])
        finally:
            await connection.close()

    declaration = "01900000-0000-7000-8000-000000000001"
    asyncio.run(
        run(
            "INSERT INTO declaration (id, reference, state, version, gate, created_at, changed_at,"
            " overdue_at, direction, owner_organisation_id, handling, certificates, containers,"
            " goes_first, gross_mass_g, line_count, totals, registered_at) VALUES"
            f" ('{declaration}', 'DEC-1', 'under_review', 1, 'G', now(), now(), now(), 'export',"
            " gen_random_uuid(), '[]', '[]', '[]', false, 0, 0, '{}', '2026-12-01 00:00+00')",
            "INSERT INTO clearance (declaration_id, agency, state, decided_at, reason) VALUES"
            f" ('{declaration}', 'border_guard', 'pending', NULL, NULL),"
            f" ('{declaration}', 'customs', 'failed', '2026-12-02 00:00+00', 'Why.'),"
            f" ('{declaration}', 'plant_quarantine', 'passed', '2026-12-02 00:00+00', NULL),"
            f" ('{declaration}', 'animal_quarantine', 'not_required', NULL, NULL)",
            "SELECT 1",
        )
    )
    upgrade(fresh, "0015")
    rows = asyncio.run(run("SELECT agency, overdue_at FROM clearance"))
    until = {row["agency"]: row["overdue_at"] and row["overdue_at"].isoformat() for row in rows}
    assert until == {
        "border_guard": "2026-12-03T00:00:00+00:00",
        "customs": "2026-12-04T00:00:00+00:00",
        "plant_quarantine": None,
        "animal_quarantine": None,
    }
    downgrade(fresh, "0010")
    assert len(asyncio.run(run("SELECT * FROM clearance"))) == 4


def test_resolutions_become_dated_rules_and_go_back_without_a_loss(fresh: str) -> None:
    upgrade(fresh, "0021")

    async def ask(*statements: str) -> list[dict[str, Any]]:
        connection = await asyncpg.connect(_plain(fresh))
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return [dict(row) for row in await connection.fetch(statements[-1])]
        finally:
            await connection.close()

    head = "id, reference, state, version, gate, created_at, changed_at, overdue_at, code, title,"
    head += " issued_by, legal_basis, effective_from, example, note, digest"
    said = "3, 'ZONE', now(), now(), '2031-01-01'"
    told = "'T', 'I', 'L'"
    put = [
        f"INSERT INTO tariff_resolution ({head}) VALUES"
        f" ('{uuid4()}', 'TRF-{code}', '{state}', {said}, '{code}', {told}, '{begins}', false, '',"
        f" '\\x{place:02}')"
        for place, (code, state, begins) in enumerate(
            [
                ("old", "scheduled", "2015-01-01"),
                ("now", "scheduled", "2020-01-01"),
                ("next", "scheduled", "2099-01-01"),
                ("idea", "draft", "2099-06-01"),
                ("dropped", "withdrawn", "2099-06-01"),
            ]
        )
    ]
    ends = {"old": "'2020-01-01'", "now": "'2099-01-01'"}
    begins = "CASE WHEN state = 'scheduled' THEN effective_from END"
    put += [
        "INSERT INTO tariff_terms SELECT id, 'infrastructure_fee', 'highest_rate', 5, 'none',"
        f" {begins}, {ends.get(code, 'NULL')}::date FROM tariff_resolution WHERE code = '{code}'"
        for code in ("old", "now", "next", "idea", "dropped")
    ]
    rule = "'under_4t', 'any', NULL"
    put += [
        "INSERT INTO tariff_provision SELECT code || '_b', id, 0, 'infrastructure_fee', 'rate',"
        f" 'any', 'ore', 'export', {rule}, 'per_tonne', 700, 'VND', 100, 1000, '', 'L', 'confirmed'"
        " FROM tariff_resolution",
        "INSERT INTO tariff_provision SELECT code || '_a', id, 1, 'infrastructure_fee',"
        f" 'coefficient', 'any', 'any', 'any', {rule}, 'per_trip', 0, 'VND', NULL, 800, 'R', 'L2',"
        " 'unconfirmed' FROM tariff_resolution",
    ]
    tables = ("tariff_resolution", "tariff_terms", "tariff_provision")
    asyncio.run(ask(*put, "SELECT 1"))
    before = {name: asyncio.run(ask(f"SELECT * FROM {name} ORDER BY 1, 2")) for name in tables}
    upgrade(fresh, "0022")
    moved = asyncio.run(ask("SELECT * FROM regulation ORDER BY digest"))
    assert [(row["code"], row["state"]) for row in moved] == [
        ("old", "superseded"),
        ("now", "in_force"),
        ("next", "scheduled"),
        ("idea", "draft"),
        ("dropped", "withdrawn"),
    ]
    assert [row["overdue_at"] and row["overdue_at"].year for row in moved][:4] == [
        *(None, 2031, 2098, 2031)
    ]
    asked = "SELECT chain, effective_to::text FROM regulation_period ORDER BY effective_from"
    chain = "tariff/ZONE/infrastructure_fee"
    days = [(row["chain"], row["effective_to"]) for row in asyncio.run(ask(asked))]
    assert days == [(chain, "2020-01-01"), (chain, "2099-01-01"), (chain, None)]
    rows = TARIFF.read(json.loads(moved[1]["rows"]))
    rates = resolution_of(moved[1] | {"example": False}, rows).rules
    assert [(one.code, one.rate.minor, one.per_mille) for one in rates] == [
        ("now_b", 700, 1000),
        ("now_a", 0, 800),
    ]
    assert stored(rows) == json.loads(moved[1]["rows"])  # kept as the program keeps them
    downgrade(fresh, "0021")
    back = {name: asyncio.run(ask(f"SELECT * FROM {name} ORDER BY 1, 2")) for name in tables}
    for row in (*before[tables[0]], *back[tables[0]]):
        del row["overdue_at"]  # what is to come was to be looked at again, and now begins
    assert back == before
