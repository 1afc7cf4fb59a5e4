"""One work tree's part in a run that compares two: its own zone, asked in rounds as it is told.

Run by path with a work tree as its folder, it measures the program that lies there with the bench
that lies there, so it uses of that bench only what bench and program have had from the first:
`python …/bench/rounds.py` reads a line `{"case", "callers", "number"}` and writes one of figures.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path[0] = os.getcwd()  # Not the folder of this file: the bench of the work tree it stands in.

from bench.crossing import cases_of  # noqa: E402
from bench.ground import opened_ground  # noqa: E402
from bench.measure import opened_bench  # noqa: E402

_OURS = """
SELECT pid FROM pg_stat_activity
WHERE application_name = 'border' AND datname = current_database()
"""


def _cpu_seconds(pid: int) -> float:
    """Return the processor time of one of PostgreSQL's processes, none where it is not here."""
    stat = Path(f"/proc/{pid}/stat")
    told = stat.read_text() if stat.exists() else ""
    if "(postgres" not in told:
        return 0.0
    fields = told.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _database_seconds(connection: Any) -> float:
    return sum(_cpu_seconds(row["pid"]) for row in await connection.fetch(_OURS))


async def _serve(ground: Any) -> None:
    async with opened_bench(ground) as bench:
        cases = {case.name: case for case in await cases_of(bench.yard)}
        _tell({"cases": list(cases)})
        while line := await asyncio.to_thread(sys.stdin.readline):
            asked = json.loads(line)
            case, callers, number = cases[asked["case"]], asked["callers"], asked["number"]
            if asked.get("hello"):
                run = await bench.through_hello(case, callers, number)
                used = 0.0
            else:
                begun = await _database_seconds(bench.connection)
                run = await bench.through_gate(case, callers, number)
                used = await _database_seconds(bench.connection) - begun
                await bench.yard.counted()
            _tell(
                {
                    "seconds": run.seconds,
                    "latencies_ms": run.latencies_ms,
                    "cpu_seconds": run.cpu_seconds,
                    "database_seconds": used,
                    "load_seconds": getattr(run, "load_seconds", 0.0),
                }
            )


def _tell(told: dict[str, Any]) -> None:
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    with opened_ground() as there:
        asyncio.run(_serve(there))
