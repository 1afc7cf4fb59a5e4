"""`border simulate`: a recorded day again under other rules, lanes or hours; how it is typed."""

from datetime import time
from pathlib import Path
from typing import Any

import click


class Shares(click.ParamType[dict[str, float]]):
    """Classes with their parts of all trucks: `perishable=0.4,ordinary=0.6`."""

    name = "shares"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, float]:
        """Return the shares by class."""
        if isinstance(value, dict):
            return value
        shares = dict[str, float]()
        for part in value.split(","):
            name, _, share = part.partition("=")
            try:
                shares[name.strip()] = float(share)
            except ValueError:
                self.fail(f"{part!r} is not like perishable=0.4", param, ctx)
        return shares


class Hours(click.ParamType[tuple[time, time]]):
    """From when until when the gate is open, in local time: `07:00-22:00`."""

    name = "hours"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[time, time]:
        """Return both times."""
        if isinstance(value, tuple):
            return value
        opens, _, closes = value.partition("-")
        try:
            return time.fromisoformat(opens.strip()), time.fromisoformat(closes.strip())
        except ValueError:
            self.fail(f"{value!r} is not like 07:00-22:00", param, ctx)


@click.command("simulate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rules", help="Rules to compare, with commas; all there are if left out.")
@click.option("--lanes", type=click.IntRange(1, 100), help="Lanes; as recorded if left out.")
@click.option(
    "--recorded-lanes", type=click.IntRange(1, 100), default=1, help="Lanes that were recorded."
)
@click.option("--hours", type=Hours(), help="Local hours the gate is open, like 07:00-22:00.")
@click.option(
    "--shares",
    type=Shares(),
    default="perishable=0.3,ordinary=0.55,empty=0.15",
    show_default=True,
    help="Classes of trucks, where the file has none.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of whatever is drawn.")
@click.option(
    "--chart",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write a picture (SVG).",
)
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def simulate(
    file: Path,
    rules: str | None,
    lanes: int | None,
    recorded_lanes: int,
    hours: tuple[time, time] | None,
    shares: dict[str, float],
    seed: int,
    chart: Path | None,
    as_json: bool,
) -> None:
    """Run a recorded day again under other rules, lanes or hours, and compare the waiting.

    FILE has a line for each truck (arrived_at, class, admitted_at) or for each look at the queue
    (checkpoint_time, wait_time in seconds, vehicles_in_queue).
    """
    from api.cli import simulating

    asked = simulating.WhatIf(file, rules, lanes, recorded_lanes, hours, shares, seed, chart)
    simulating.run(asked, as_json)
