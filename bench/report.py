"""The results on paper: a table for people, a file for comparing. The ratios stand first."""

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


_HEAD = (
    f"{'':26}{'callers':>8}{'of SQL':>8}{'of hello':>9}"
    f"{'cpu':>7}{'rate':>8}{'p50':>8}{'p95':>8}{'p99':>8}{'SQL':>8}{'hello':>8}  round trips"
)


def table(results: dict[str, Any]) -> str:
    """Return the figures as a table; rates are answers a second, times milliseconds."""
    lines = [_HEAD]
    lines += [_crossing(row) for row in [*results["crossings"], *results["intake"]["closed"]]]
    lines.append("")
    lines += [
        f"{row['case']:26}{row['of_beside']:.2f} of {row['beside']['events_rate']:,.0f} "
        f"events a second bare: {row['gate']['events_rate']:,.0f}"
        for row in results["feed"]
    ]
    lines += ["", *_intake(results["intake"]), ""]
    slips = results["slips"]
    lines.append(
        f"{slips['case']:26}{slips['of_empty_sheet']:.3f} of {slips['empty_sheet_rate']:,.0f} "
        f"empty sheets a second: {slips['slips_rate']:,.0f}, receipts {slips['receipts_rate']:,.0f}"
    )
    return "\n".join([*lines, "", _conditions(results)])


def intake_table(results: dict[str, Any]) -> str:
    """Return the figures of a run that measured payment notices alone, as a table."""
    closed = [_crossing(row) for row in results["intake"]["closed"]]
    return "\n".join([_HEAD, *closed, "", *_intake(results["intake"]), "", _conditions(results)])


def _conditions(results: dict[str, Any]) -> str:
    machine = results["machine"]
    database = machine["postgresql"]
    return (
        f"{machine['cpu']}, {machine['cores']} cores shared by server, database and load; "
        f"Python {machine['python']}; PostgreSQL {database['server_version']}, "
        f"fsync {database['fsync']}, synchronous_commit {database['synchronous_commit']}; "
        f"load average {machine['load_average']} before and {results['load_after']} after; "
        f"{results['seconds']:.0f} s"
    )


def _crossing(row: dict[str, Any]) -> str:
    gate = row["gate"]
    trips = "+".join(map(str, row["round_trips"]))
    return (
        f"{row['case']:26}{row['callers']:>8}{row['of_sql']:>8.2f}{row['of_hello']:>9.3f}"
        f"{gate.get('cpu_ms', 0):>7.2f}{gate['rate']:>8.0f}{gate['p50_ms']:>8.1f}"
        f"{gate['p95_ms']:>8.1f}{gate['p99_ms']:>8.1f}"
        f"{row['sql']['rate']:>8.0f}{row['hello']['rate']:>8.0f}  {trips}"
    )


def _intake(intake: dict[str, Any]) -> list[str]:
    """Return what is said of notices that come at a rate: the server's own time, milliseconds."""
    steady, waiting, processed = intake["steady"], intake["slow_gateway"], intake["worked"]
    settling, issued = intake["settling"], intake["issued"]
    rows = [
        (steady["case"], steady["gate"]),
        ("  its SQL, as often", {**steady["sql"], "server": steady["sql"]}),
        ("  hello, as often", steady["hello"]),
        ("  before the payers wait", waiting["without"]),
        (waiting["case"], waiting["during"]),
        (processed["case"], processed["gate"]),
    ]
    lines = [f"{'':60}{'rate':>8}{'cpu':>7}{'p50':>8}{'p95':>8}{'p99':>8}"]
    lines += [
        f"{case:60}{figures['rate']:>8.1f}{figures.get('cpu_ms', 0):>7.2f}"
        + "".join(f"{figures['server'][name]:>8.2f}" for name in ("p50_ms", "p95_ms", "p99_ms"))
        for case, figures in rows
    ]
    sql, hello, without = steady["times_sql"], steady["times_hello"], waiting["times_without"]
    return [
        *lines,
        f"p50 and p99: {sql['p50_ms']:.1f} and {sql['p99_ms']:.1f} times the SQL, "
        f"{hello['p50_ms']:.0f} and {hello['p99_ms']:.0f} times hello; with payers waiting "
        f"{without['p50_ms']:.2f} and {without['p99_ms']:.2f} times without; "
        f"{steady['round_trips']} round trips; "
        f"{100 * steady['gate']['within_budget']:.1f} % within {steady['budget_ms']:g} ms; "
        f"settled alone {settling['settled_a_second']:.0f} a second at "
        f"{settling['cpu_ms_each']:.1f} ms of processor time each; by the process that takes in "
        f"and does all else {processed['settled_a_second']:.0f} a second at "
        f"{processed['cpu_ms_each']:.1f} ms each; from the notice to the slip "
        f"{issued['slips_a_second']:.0f} a second at {issued['cpu_ms_each']:.1f} ms each",
    ]


def keep(results: dict[str, Any], folder: Path = RESULTS, part: str = "") -> Path:
    """Write the results to `<date>.json`, in place of an earlier run's, and return its path.

    Those of a part alone go to `<date>-<part>.json`.
    """
    folder.mkdir(exist_ok=True)
    path = folder / f"{results['measured_at'][:10]}{part and f'-{part}'}.json"
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    return path
