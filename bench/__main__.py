"""`python -m bench` measures everything; `python -m bench notices` payment notices alone;
`python -m bench resident` start, idleness and memory;
`python -m bench pages` what a view of each page costs, `--beside FOLDER` in another work tree too;
`python -m bench flat` what grows with the past; `python -m bench viewers` many at the public board;
`python -m bench files` how fast files of declarations are read;
`python -m bench codes` what a search for a commodity code and a proposal cost;
`python -m bench release` an hour that thousands want at once, and a cut in it;
`python -m bench beside FOLDER` scan and booking in another work tree too;
`python -m bench profile scan` where the time of one scan goes."""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import uvloop

from bench import beside, codes, files_in, flat, machine, pages, release, report, stages, viewers
from bench.clients import NotAnswered
from bench.crossing import cases_of
from bench.feed_rate import measure_feed
from bench.ground import Ground, another_ground, opened_ground
from bench.intake import Flow, measure_intake
from bench.measure import Say, Size, WrongAnswer, measure, opened_bench, opened_yard
from bench.pages import measure_pages
from bench.resident import Watch, measure_resident
from bench.resident import told as told_resident
from border.core.clock import SystemClock


async def _slips(data_dir: Path, seconds: float, rounds: int) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.slips",
        str(data_dir),
        str(seconds),
        str(rounds),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"the drawing process ended with {process.returncode}")
    figures: dict[str, Any] = json.loads(out)
    return figures


async def measure_all(ground: Ground, size: Size, flow: Flow, say: Say) -> dict[str, Any]:
    """Return every figure of one run. Raises WrongAnswer."""
    begun = time.monotonic()
    facts = await machine.facts(ground.database_url, ground.redis_url)
    async with opened_bench(ground) as bench:
        measured_at = bench.yard.now.isoformat()
        crossings = await measure(bench, await cases_of(bench.yard), size, say)
        say("the feed")
        feed = await measure_feed(bench, size.rounds)
    intake = await measure_intake(ground, size, flow, say)
    say("slips")
    slips = await _slips(ground.data_dir, 1.0, size.rounds)
    return {
        "measured_at": measured_at,
        "machine": facts,
        "crossings": crossings,
        "feed": feed,
        "intake": intake,
        "slips": slips,
        "load_after": machine.load_average(),
        "seconds": round(time.monotonic() - begun, 1),
    }


async def measure_notices(ground: Ground, size: Size, flow: Flow, say: Say) -> dict[str, Any]:
    """Return the figures of taking payment notices in, and no others. Raises WrongAnswer."""
    begun = time.monotonic()
    facts = await machine.facts(ground.database_url, ground.redis_url)
    return {
        "measured_at": SystemClock().now().isoformat(timespec="minutes"),
        "machine": facts,
        "intake": await measure_intake(ground, size, flow, say),
        "load_after": machine.load_average(),
        "seconds": round(time.monotonic() - begun, 1),
    }


async def profile(ground: Ground, kind: str) -> str:
    """Return where the time of one scan, one booking or one payment notice goes."""
    async with opened_yard(ground) as (people, yard, _):
        return await stages.report(ground, people, yard, kind)


def _say(text: str) -> None:
    print(f"{SystemClock().now():%H:%M:%S} {text}", file=sys.stderr)


def _measured(asked: argparse.Namespace, ground: Ground) -> tuple[dict[str, Any], str]:
    """Return the figures of what was asked for, and the table of them."""
    results: dict[str, Any]
    match asked.command:
        case "notices":
            results = uvloop.run(measure_notices(ground, Size(), Flow(), _say))
            return results, report.intake_table(results)
        case "resident":
            results = uvloop.run(measure_resident(ground, Watch(), _say))
            return results, told_resident(results)
        case "pages":
            results = uvloop.run(measure_pages(ground, asked.beside, _say))
            return results, pages.told(results)
        case "flat":
            with another_ground(ground) as large:
                zones, trucks = (ground, large), (flat.SMALL, asked.trucks)
                results = uvloop.run(flat.measure_flat(zones, trucks, flat.Looks(), _say))
            return results, flat.told(results)
        case "viewers":
            results = uvloop.run(viewers.measure_viewers(ground, asked.numbers, 3, _say))
            return results, viewers.told(results)
        case "release":
            size = release.Release(asked.places, asked.clients, asked.places * 3 // 5)
            results = uvloop.run(release.measure_release(ground, size, _say))
            return results, release.told(results)
        case "beside":
            turns = beside.Rounds(rounds=asked.rounds, requests=asked.requests)
            measuring = beside.measure_beside(ground, asked.folder, beside.CASES, turns, _say)
            results = uvloop.run(measuring)
            return results, beside.told(results)
        case _:
            results = uvloop.run(measure_all(ground, Size(), Flow(), _say))
            return results, report.table(results)


def main() -> int:
    """Run what was asked for; 1 when an answer was wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("profile").add_argument("kind", choices=stages.KINDS)
    commands.add_parser("resident")
    commands.add_parser("notices")
    commands.add_parser("pages").add_argument("--beside", type=Path)
    commands.add_parser("flat").add_argument("--trucks", type=int, default=flat.LARGE)
    numbers = commands.add_parser("viewers").add_argument
    numbers("numbers", type=int, nargs="*", default=list(viewers.NUMBERS))
    released = commands.add_parser("release").add_argument
    released("--places", type=int, default=release.Release.places)
    released("--clients", type=int, default=release.Release.clients)
    trees = commands.add_parser("beside")
    trees.add_argument("folder", type=Path)
    trees.add_argument("--rounds", type=int, default=beside.Rounds.rounds)
    trees.add_argument("--requests", type=int, default=beside.Rounds.requests)
    commands.add_parser("files").add_argument("--times", type=float, default=1.0)
    commands.add_parser("codes")
    asked = parser.parse_args()
    try:
        if asked.command == "files":
            results = files_in.measure_files(_say, asked.times)
            table = files_in.told(results)
        elif asked.command == "codes":
            results = codes.measure_codes(_say)
            table = codes.told(results)
        else:
            with opened_ground() as ground:
                if asked.command == "profile":
                    print(uvloop.run(profile(ground, asked.kind)))
                    return 0
                results, table = _measured(asked, ground)
    except (WrongAnswer, NotAnswered) as wrong:
        print(f"The figures are worth nothing: {wrong}", file=sys.stderr)
        return 1
    print(table)
    _say(f"kept in {report.keep(results, part=asked.command or '')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
