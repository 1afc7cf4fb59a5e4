"""`border risk`: learning, judging and explaining, each in this process and with its progress."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from api.cli.on_servers import console, with_store
from api.cli.refused import Refused, saying_why
from api.cli.running import servers
from border.core.ids import WrongReference, parse_reference
from border.core.store import Store
from border.files.fault import Unreadable
from border.files.text import encoding_of, lines_of, rewound
from border.settings import Settings
from customs.risk import risk_service, storage
from customs.risk.case import Case, cases_in
from customs.risk.measures import DRIFTED
from customs.risk.rank import Judged, RankReason, TooFewCases
from customs.tables import DeclarationRow

OWN = "own inspections"


def train(files: Sequence[Path], own: bool, as_json: bool) -> None:
    """Learn from files, and from the zone's own inspections where `own`; keep what was learned."""

    async def run(store: Store) -> tuple[int, Judged, int]:
        cases = [case for file in files for case in _read(file)]
        if own:
            async with store.reading() as connection:
                cases += await risk_service.inspected_cases(connection)
        learn = _ranker().learn
        try:
            with console().status(f"Learning from {len(cases)} inspected declarations …"):
                learned = learn(cases)
        except TooFewCases as few:
            raise Refused(str(few)) from few
        sources = [file.name for file in files] + [OWN] * own
        number = await risk_service.keep(store, learned, sources, cases)
        return number, learned.judged, len(cases)

    with saying_why(as_json), servers(Settings()) as ready:
        number, judged, cases = with_store(ready, run)
    if as_json:
        click.echo(json.dumps({"ranker": number, "learned_from": cases, **asdict(judged)}))
        return
    click.echo(f"Ranker {number} learned from {cases} inspected declarations. On the latest fifth:")
    _say(judged)


def evaluate(file: Path, as_json: bool) -> None:
    """Judge the ranker that is asked by the cases of a file."""

    async def run(store: Store) -> Judged:
        content = await _content(store)
        judged: Judged = _ranker().ranker_of(content).judged(_read(file))
        return judged

    with saying_why(as_json), servers(Settings()) as ready:
        judged = with_store(ready, run)
    if as_json:
        click.echo(json.dumps(asdict(judged)))
    else:
        _say(judged)


def explain(reference: str, as_json: bool) -> None:
    """Say how each line of a declaration is ranked, and why."""
    try:
        wanted = parse_reference(reference, DeclarationRow.prefix)
    except WrongReference as wrong:
        raise click.UsageError(str(wrong)) from wrong

    async def run(store: Store) -> list[dict[str, Any]]:
        content = await _content(store)
        async with store.reading() as connection:
            goods = await risk_service.goods_of(connection, wanted)
        ranks = _ranker().ranker_of(content).explained(goods.cases)
        return [
            {
                "line": position,
                "chance": rank.chance,
                "because": [said(reason) for reason in rank.reasons],
            }
            for position, rank in zip(goods.positions, ranks, strict=True)
        ]

    with saying_why(as_json), servers(Settings()) as ready:
        lines = with_store(ready, run)
    if as_json:
        click.echo(json.dumps({"reference": wanted, "lines": lines}, ensure_ascii=False))
        return
    for line in lines:
        click.echo(f"Line {line['line'] + 1}: {line['chance']:.0%} of such goods differed.")
        click.echo("".join(f"  {because}\n" for because in line["because"]), nl=False)


def said(reason: RankReason) -> str:
    """Return a reason in English."""
    return reason.says.format(**reason.facts)


def _read(file: Path) -> list[Case]:
    try:
        with file.open("rb") as opened:
            encoding = encoding_of(rewound(opened))
            opened.seek(0)
            return list(cases_in(lines_of(opened, encoding)))
    except Unreadable as fault:
        problem = fault.problem
        raise Refused(f"{file.name}:{problem.line}: {problem.error.detail()}") from fault


async def _content(store: Store) -> bytes:
    async with store.reading() as connection:
        newest = await storage.newest(connection)
        if newest is None:
            raise Refused("Nothing was learned yet. Run `border risk train FILE…` first.")
        return await storage.content_of(connection, newest.number)


def _ranker() -> ModuleType:
    """Return the ranker's module; a machine without its one system library is told which."""
    try:
        from customs.risk import ranker
    except OSError as error:
        if "libgomp" not in str(error):
            raise
        says = "The ranker needs the library libgomp. Run: sudo apt-get install -y libgomp1"
        raise Refused(says) from error
    return ranker


def _say(judged: Judged) -> None:
    for per_cent, worth in judged.at.items():
        click.echo(
            f"  of the first {per_cent:>2} % {worth['precision']:.0%} had a finding, "
            f"{worth['recall']:.0%} of all {judged.found} findings in {judged.cases}"
        )
    click.echo(f"  the chances told are off by {judged.calibration_error:.1%} on average")
    if moved := [name for name, index in judged.drift.items() if index >= DRIFTED]:
        click.echo(f"  no longer as they were learned: {', '.join(moved)}")
