"""`border`: the command line.

It stands here, above everything, because it puts everything together; nothing below may import
what is above it (docs/decisions/0007). Exit codes: 0 done, 1 refused, 2 wrongly used.

This file says how commands are typed. What a command does is read in when it runs, and no more
than it needs: the whole program takes some seconds of a processor to read in, `border --help` none.
"""

import asyncio
import gc
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.ballot_command import ballot
from api.cli.reconcile_command import reconcile
from api.cli.risk_command import risk
from api.cli.simulate_command import simulate

if TYPE_CHECKING:
    from api.zone import Services

_PORT = click.IntRange(1, 65535)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The service of a border gate: declarations, crossing hours, fees, slips, scans, figures."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")


@main.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=_PORT, help="Port to listen on.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, help="Processes that serve.")
def serve(host: str | None, port: int | None, workers: int) -> None:
    """Serve what the settings describe; migrate first with `border migrate`."""
    # What is read in stays: to look through it for rubbish, again and again, finds none.
    gc.disable()
    from api.cli import doctor
    from api.cli.on_servers import settings_of
    from api.cli.refused import Refused, saying_why
    from api.cli.running import noted, servers

    settings = settings_of(host=host, port=port)
    with saying_why(), servers(settings, beside=False, meanwhile="api.app") as ready:
        problems = doctor.refusals(ready)
        if problems:
            raise Refused("\n".join(problems))
        from api.cli.serving import serve as serve_app

        with noted(ready):
            serve_app(ready, workers)


@main.command()
@click.option("--port", type=_PORT, help="Port to listen on; 8000 if not set.")
@click.option("--fill/--no-fill", default=True, help="Fill an empty zone with a day of traffic.")
def demo(port: int | None, fill: bool) -> None:
    """Run the demonstration: own servers, a filled zone, and a sandbox of the outside world."""
    gc.disable()
    from api.cli import demonstration

    demonstration.run(port, fill)


@main.command()
@click.option("--to", default="head", help="Revision to go to.")
def migrate(to: str) -> None:
    """Bring the database to the newest revision."""
    from api.cli.refused import saying_why
    from api.cli.running import servers
    from border.migrations.run import upgrade
    from border.settings import Settings

    with saying_why(), servers(Settings()) as ready:
        assert ready.database_url
        upgrade(ready.database_url, to)
    click.echo("The database is up to date.")


@main.group()
def reference() -> None:
    """Reference tables."""


@reference.command("load")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def reference_load(as_json: bool) -> None:
    """Load gates, lanes, slot rules and the tariff where they are missing, and make the slots."""
    from api.cli import seed
    from api.cli.on_servers import with_store
    from api.cli.refused import saying_why
    from api.cli.running import servers
    from border.settings import Settings

    with saying_why(as_json), servers(Settings()) as ready:
        loaded = with_store(ready, seed.load_reference)
    click.echo(json.dumps(loaded) if as_json else f"New rows: {loaded}")


@main.command("import")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--as", "email", default="trader@demo.test", help="Account whose firm declares.")
@click.option("--gate", default="KIM_THANH_II", help="Gate the goods go through.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def import_files(files: tuple[Path, ...], email: str, gate: str, as_json: bool) -> None:
    """Import declarations: ECUS5, WCO XML, XLSX, CSV. What is there is left, bad rows are told."""
    from api.cli import importing

    importing.run(files, email, gate, as_json)


main.add_command(reconcile)
main.add_command(risk)
main.add_command(ballot)
main.add_command(simulate)


@main.command()
@click.option("--from-start", is_flag=True, help="Hand the whole feed on again.")
@click.option("--once", is_flag=True, help="Stop when nothing is left.")
def relay(from_start: bool, once: bool) -> None:
    """Hand events on to the Redis stream, as the service itself does while it runs."""
    from api.cli.on_servers import with_zone
    from api.cli.refused import saying_why
    from api.cli.running import servers
    from border.platform import relay as relays
    from border.settings import Settings

    async def run(services: "Services") -> int:
        reader = relays.to_redis(services.redis, services.settings.relay_stream)
        if from_start:
            await reader.rewind(services.store)
        handed_on = await reader.catch_up(services.store)
        while not once:
            await asyncio.sleep(1)
            handed_on += await reader.catch_up(services.store)
        return handed_on

    with saying_why(), servers(Settings()) as ready:
        handed_on = with_zone(ready, run)
    click.echo(f"{handed_on} events handed on.")


@main.group()
def metrics() -> None:
    """Figures drawn from events."""


@metrics.command("rebuild")
def metrics_rebuild() -> None:
    """Empty the figures and count the whole feed again."""
    from api.cli.on_servers import with_store
    from api.cli.refused import saying_why
    from api.cli.running import servers
    from border.settings import Settings
    from logistics import figures

    with saying_why(), servers(Settings()) as ready:
        counted = with_store(ready, figures.rebuild)
    click.echo(f"{counted} events counted.")


@main.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def examine(as_json: bool) -> None:
    """Say what is well and what is not; in demo mode also where the sandbox is."""
    from api.cli import doctor
    from api.cli.refused import saying_why
    from api.cli.running import servers
    from border.settings import Settings

    with saying_why(), servers(Settings()) as ready:
        report = asyncio.run(doctor.examine(ready))
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        for name, part in report.items():
            click.echo(f"{name:<12} {part if isinstance(part, str) else json.dumps(part)}")
    sys.exit(0 if report["ok"] else 1)
