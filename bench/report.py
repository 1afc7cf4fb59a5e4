"""The results on paper: a table for people, a file for comparing. The ratios stand first."""

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def table(results: dict[str, Any]) -> str:
    """Return the figures as a table; rates are answers a second, times milliseconds."""
    lines = [
        f"{'':26}{'callers':>8}{'of SQL':>8}{'of hello':>9}"
        f"{'cpu':>7}{'rate':>8}{'p50':>8}{'p95':>8}{'p99':>8}{'SQL':>8}{'hello':>8}  round trips"
    ]
    for row in results["crossings"]:
        gate = row["gate"]
        trips = "+".join(map(str, row["round_trips"]))
        lines.append(
            f"{row['case']:26}{row['callers']:>8}{row['of_sql']:>8.2f}{row['of_hello']:>9.3f}"
            f"{gate['cpu_ms']:>7.2f}{gate['rate']:>8.0f}{gate['p50_ms']:>8.1f}{gate['p95_ms']:>8.1f}"
            f"{gate['p99_ms']:>8.1f}{row['sql']['rate']:>8.0f}{row['hello']['rate']:>8.0f}  {trips}"
        )
    lines.append("")
    lines += [
        f"{row['case']:26}{row['of_beside']:.2f} of {row['beside']['events_rate']:,.0f} "
        f"events a second bare: {row['gate']['events_rate']:,.0f}"
        for row in results["feed"]
    ]
    slips = results["slips"]
    lines.append(
        f"{slips['case']:26}{slips['of_empty_sheet']:.3f} of {slips['empty_sheet_rate']:,.0f} "
        f"empty sheets a second: {slips['slips_rate']:,.0f}"
    )
    machine = results["machine"]
    database = machine["postgresql"]
    lines += [
        "",
        f"{machine['cpu']}, {machine['cores']} cores shared by server, database and load; "
        f"Python {machine['python']}; PostgreSQL {database['server_version']}, "
        f"fsync {database['fsync']}, synchronous_commit {database['synchronous_commit']}; "
        f"load average {machine['load_average']} before and {results['load_after']} after; "
        f"{results['seconds']:.0f} s",
    ]
    return "\n".join(lines)


def keep(results: dict[str, Any], folder: Path = RESULTS) -> Path:
    """Write the results to `<date>.json`, in place of an earlier run's, and return its path."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{results['measured_at'][:10]}.json"
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    return path
