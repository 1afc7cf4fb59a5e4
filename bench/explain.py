"""The plans of the hottest statements, and what tables and indexes take up and are used for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from api.zone import Services
from bench import bare
from bench.gate import inside
from bench.pages import Page
from bench.tape import TRANSACTION, Words, recording
from border.core.clock import SystemClock


@dataclass
class _Asked:
    """A statement as it was sent for something, and how often when that was asked once."""

    sql: str
    values: tuple[Any, ...]
    by: str
    times: int = 0


async def report(
    connection: asyncpg.Connection,
    services: Services,
    asks: Sequence[Page],
    tokens: Mapping[tuple[str, str], str],
    most: int,
) -> dict[str, Any]:
    """Return the plans of the statements that take longest when all is asked once, and the sizes.

    A statement that is asked with several values has the plan of those that took longest.

    Indexes are counted as used by what was asked of this database since it was filled: those that
    only the program's own jobs use are not.
    """
    statements = await _statements(services, asks, tokens)
    plans: dict[str, dict[str, Any]] = {}
    for asked in statements:
        plan = await _explained(connection, asked)
        of = plans.setdefault(asked.sql, plan | {"ms_in_all": 0.0, "times": 0, "asked_by": []})
        if plan["ms"] > of["ms"]:
            of |= plan
        of["times"] += asked.times
        of["ms_in_all"] = round(of["ms_in_all"] + plan["ms"] * asked.times, 3)
        of["asked_by"].append(asked.by)
    hottest = sorted(plans.values(), key=lambda plan: -float(plan["ms_in_all"]))[:most]
    await connection.execute("SELECT pg_stat_force_next_flush()")
    return {
        "hottest": hottest,
        "tables": [dict(row) for row in await connection.fetch(_TABLES)],
        "indexes": [dict(row) for row in await connection.fetch(_INDEXES)],
    }


async def _statements(
    services: Services, asks: Sequence[Page], tokens: Mapping[tuple[str, str], str]
) -> list[_Asked]:
    """Ask everything once in this process and return what it sent to the database."""
    found: dict[tuple[str, str], _Asked] = {}
    async with inside(services) as client:
        for ask in asks:
            lines = ask.request(tokens.get((ask.reader, ask.of), "")).decode().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines[1:] if line)
            services.figures.forget()
            with recording(services.store.engine, {}, SystemClock().now()) as tape:
                await client.get(ask.path, headers=headers)
            for statement in tape.statements:
                if statement.sql not in TRANSACTION and not statement.many:
                    values = tuple(cell(Words({})) for cell in statement.rows[0])
                    asked = _Asked(statement.sql, values, ask.name)
                    found.setdefault((statement.sql, ask.name), asked).times += 1
    return list(found.values())


async def _explained(connection: asyncpg.Connection, asked: _Asked) -> dict[str, Any]:
    transaction = connection.transaction()
    await transaction.start()
    try:
        for name in ("jit", "random_page_cost"):
            await connection.execute(f"SET LOCAL {name} = {bare.OPTIONS[name]}")
        explain = "EXPLAIN (ANALYZE, BUFFERS, FORMAT {}) "
        first = await connection.fetchval(explain.format("JSON") + asked.sql, *asked.values)
        plan = await connection.fetch(explain.format("TEXT") + asked.sql, *asked.values)
    finally:
        await transaction.rollback()
    (found,) = json.loads(first)
    top = found["Plan"]
    return {
        "ms": round(found["Execution Time"], 3),
        "rows": top["Actual Rows"],
        "blocks": top["Shared Hit Blocks"] + top["Shared Read Blocks"],
        "sql": " ".join(asked.sql.split()),
        "plan": [row[0] for row in plan],
    }


_TABLES = """
SELECT relname AS name, n_live_tup AS rows, n_dead_tup AS dead_rows,
    round(pg_table_size(relid) / 1e6, 1)::float AS table_mb,
    round(pg_indexes_size(relid) / 1e6, 1)::float AS indexes_mb,
    seq_scan AS read_whole, seq_tup_read AS rows_read_whole
FROM pg_stat_user_tables ORDER BY pg_total_relation_size(relid) DESC
"""
_INDEXES = """
SELECT s.relname AS "table", s.indexrelname AS name,
    round(pg_relation_size(s.indexrelid) / 1e6, 1)::float AS mb, idx_scan AS used,
    i.indisunique AS guards
FROM pg_stat_user_indexes s JOIN pg_index i USING (indexrelid)
ORDER BY pg_relation_size(s.indexrelid) DESC
"""


def unused(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the indexes that guard nothing and that nothing asked for used, the largest first."""
    return [index for index in results["indexes"] if not index["used"] and not index["guards"]]


def told(results: Mapping[str, Any]) -> list[str]:
    """Return the report as lines."""
    hottest = [
        f"{plan['ms']:>9.2f} ms, {plan['blocks']:>7} blocks, {plan['times']} times: "
        f"{plan['sql'][:90]}"
        for plan in results["hottest"]
    ]
    tables = [
        f"{table['name']:24}{table['rows']:>12,} rows{table['table_mb']:>10.1f} MB"
        f"{table['indexes_mb']:>10.1f} MB of indexes"
        for table in results["tables"][:10]
    ]
    names = ", ".join(f"{index['name']} ({index['mb']:.1f} MB)" for index in unused(results))
    return [*hottest, "", *tables, "", f"indexes nothing asked for used: {names or 'none'}"]
