"""What `border simulate` does: reads a recording, runs it under each rule, tells what came."""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import time
from pathlib import Path
from random import Random
from typing import Any

import click

from api.cli.on_servers import bar
from api.cli.refused import Refused, refused
from border.core.refusal import Refusal
from border.files.fault import Unreadable
from border.files.text import encoding_of, lines_of
from border.vocabulary import Priority
from logistics.calling.terms import CALLING_SEED, CallingTermsRow
from logistics.simulation.chart import chart as drawn
from logistics.simulation.measures import ClassWait, quantile, waits
from logistics.simulation.recording import Recording, read_recording
from logistics.simulation.replay import Change, compared
from logistics.simulation.rules import Rule, rules_by


@dataclass(frozen=True)
class WhatIf:
    """What is to be simulated."""

    file: Path
    rules: str | None
    lanes: int | None
    recorded_lanes: int
    hours: tuple[time, time] | None
    shares: dict[str, float]
    seed: int
    chart: Path | None


def run(asked: WhatIf, as_json: bool) -> None:
    """Print what comes of the recording under each rule; exit code 2 for a rule there is none."""
    rules, shares = _rules(asked.rules), _shares(asked.shares)
    opens, closes = asked.hours or (None, None)
    change = Change(asked.lanes or asked.recorded_lanes, asked.recorded_lanes, opens, closes)
    told = dict[str, Sequence[ClassWait]]()
    try:
        recording = _recording(asked, shares)
    except Refusal as refusal:
        raise refused(refusal, as_json, asked.file.name) from refusal
    with bar() as progress:
        task = progress.add_task(asked.file.name[-14:], total=1.0)
        for rule, came in compared(
            recording, rules, change, asked.seed, lambda done: progress.update(task, completed=done)
        ):
            told[rule.name] = waits(came)
    if asked.chart:
        title = f"{asked.file.name}, lanes: {change.lanes} (recorded: {change.recorded_lanes})"
        asked.chart.write_text(drawn(title, told), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(_answer(recording, rules, told), ensure_ascii=False))
    else:
        _print(recording, rules, told)


def _recording(asked: WhatIf, shares: dict[Priority, float]) -> Recording:
    raw = asked.file.read_bytes()
    try:
        lines = lines_of(io.BytesIO(raw), encoding_of(lambda: io.BytesIO(raw)))
        return read_recording(lines, shares, Random(asked.seed))  # noqa: S311  (no secret)
    except Unreadable as fault:
        raise Refused(fault.problem.error.detail()) from fault


def _rules(names: str | None) -> list[Rule]:
    # Without a database: by the terms that the program comes with.
    there = rules_by(CallingTermsRow.model_validate(CALLING_SEED.rows[0]))
    wanted = [name.strip() for name in names.split(",")] if names else list(there)
    if unknown := [name for name in wanted if name not in there]:
        known = ", ".join(there)
        raise click.BadParameter(f"{', '.join(unknown)}: the rules are {known}", param_hint="rules")
    return [there[name] for name in wanted]


def _shares(given: dict[str, float]) -> dict[Priority, float]:
    if unknown := set(given) - set(Priority):
        known = ", ".join(Priority)
        raise click.BadParameter(
            f"{', '.join(sorted(unknown))}: the classes are {known}", param_hint="shares"
        )
    if min(given.values()) < 0 or not sum(given.values()):
        raise click.BadParameter("shares are above nothing", param_hint="shares")
    return {Priority(name): share for name, share in given.items()}


def _answer(
    recording: Recording, rules: Sequence[Rule], told: dict[str, Sequence[ClassWait]]
) -> dict[str, Any]:
    return {
        "unit": "minutes",
        "recorded": _recorded(recording),
        "assumed": list(recording.assumed),
        "rules": [
            {
                "rule": rule.name,
                "says": rule.says,
                "waiting": {
                    one.name: {key: value for key, value in asdict(one).items() if key != "name"}
                    for one in told[rule.name]
                },
                "gini": told[rule.name][-1].gini,
                "served": told[rule.name][-1].served,
                "displaced": told[rule.name][-1].displaced,
            }
            for rule in rules
        ],
    }


def _recorded(recording: Recording) -> dict[str, float | None]:
    minutes = sorted(seconds / 60 for seconds in recording.waited)
    return {
        "trucks": len(recording.arrivals),
        "p50": quantile(minutes, 0.5),
        "p90": quantile(minutes, 0.9),
        "max": round(minutes[-1], 1),
    }


def _print(
    recording: Recording, rules: Sequence[Rule], told: dict[str, Sequence[ClassWait]]
) -> None:
    columns = ("p50", "p90", "max", "gini", "passed_over", "served", "displaced")
    click.echo(f"{'waiting in minutes':<24}" + "".join(f"{name:>13}" for name in columns))
    before = _recorded(recording)
    cells = "".join(f"{_cell(before[name]):>13}" for name in columns[:3])
    click.echo(f"{'as recorded':<24}{cells}")
    for rule in rules:
        click.echo(f"{rule.name}: {rule.says}")
        for one in told[rule.name]:
            cells = "".join(f"{_cell(getattr(one, name)):>13}" for name in columns)
            click.echo(f"  {one.name:<22}{cells}")
    for said in recording.assumed:
        click.echo(f"assumed: {said}")


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"
