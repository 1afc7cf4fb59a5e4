"""`border`: the command line.

It stands here, above everything, because it puts everything together; nothing below may import
what is above it (docs/decisions/0007). Exit codes: 0 done, 1 refused, 2 wrongly used.
"""

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from api.cli import doctor, seed
from api.cli.reconcile_command import reconcile_command
from api.cli.refused import Refused, saying_why
from api.cli.running import noted, servers
from api.cli.serving import port_is_free, sandbox
from api.cli.serving import serve as serve_app
from api.demo import accounts as demo_accounts
from api.demo import fill as demo_fill
from api.zone import Services, open_services
from border.core.actor import Actor
from border.core.clock import SystemClock
from border.core.refusal import Refusal
from border.core.store import Store, open_engine, table_of
from border.identity.tables import AccountRow
from border.migrations.run import upgrade
from border.paper.fonts import prepare_fonts
from border.platform import relay as relays
from border.settings import Settings
from customs.import_service import ImportReport, RefusedRow, import_csv
from logistics import figures

T = TypeVar("T")
console = Console(stderr=True)
_PORT = click.IntRange(1, 65535)


def _with_store(settings: Settings, work: Callable[[Store], Awaitable[T]]) -> T:
    """Run `work` on a store of its own."""

    async def run() -> T:
        assert settings.database_url
        engine = open_engine(settings.database_url, settings.pool_size)
        try:
            return await work(Store(engine, SystemClock()))
        finally:
            await engine.dispose()

    return asyncio.run(run())


def _with_zone(settings: Settings, work: Callable[[Services], Awaitable[T]]) -> T:
    """Run `work` on the whole zone."""

    async def run() -> T:
        try:
            services = open_services(settings)
        except ValueError as fault:
            raise Refused(
                f"{fault}. Set it as docs/settings.md says, or start the service."
            ) from fault
        try:
            return await work(services)
        finally:
            await services.close()

    return asyncio.run(run())


def _settings(**given: object) -> Settings:
    """Return the settings, with what was given on the command line before the environment."""
    with saying_why():
        settings = Settings()
    return settings.model_copy(update={k: v for k, v in given.items() if v is not None})


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
    settings = _settings(host=host, port=port)
    with saying_why(), servers(settings, beside=False) as ready:
        problems = doctor.refusals(ready)
        if problems:
            raise Refused("\n".join(problems))
        with noted(ready):
            serve_app(ready, workers)


@main.command()
@click.option("--port", type=_PORT, help="Port to listen on; 8000 if not set.")
@click.option("--fill/--no-fill", default=True, help="Fill an empty zone with a day of traffic.")
def demo(port: int | None, fill: bool) -> None:
    """Run the demonstration: own servers, a filled zone, and a sandbox of the outside world."""
    settings = _settings(port=port)
    if not settings.demo:
        raise Refused("BORDER_MODE is production, and the demonstration has no place there.")
    if not port_is_free(settings.host, settings.port):
        raise Refused(f"Port {settings.port} is taken. Choose another: make run PORT=8010")
    with (
        saying_why(),
        servers(settings, beside=False) as ready,
        sandbox(ready) as complete,
    ):
        assert complete.database_url
        upgrade(complete.database_url)
        _with_store(complete, seed.load_reference)
        _with_store(complete, seed.open_round_the_clock)
        _with_store(complete, demo_accounts.load)
        with console.status("Preparing the typefaces"):
            prepare_fonts(complete.data_dir)
        if fill:
            _fill(complete)
        _greet(complete)
        with noted(complete):
            serve_app(complete)


def _fill(settings: Settings) -> None:
    """Fill an empty demonstration, with a bar that shows how far it is."""

    async def run(services: Services) -> ImportReport | None:
        if await demo_fill.is_filled(services.store):
            return None
        with _progress() as progress:
            tasks: dict[str, Any] = {}

            def say(name: str, done: int, total: int) -> None:
                if name not in tasks:
                    tasks[name] = progress.add_task(name, total=total)
                progress.update(tasks[name], completed=done)

            return await demo_fill.fill(
                services.store, services.slips, services.store.clock.now(), say
            )

    if report := _with_zone(settings, run):
        console.print(
            f"The zone is filled: {report.accepted} declarations accepted, "
            f"{report.refused} rows refused."
        )


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:>14}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
    )


def _greet(settings: Settings) -> None:
    """Print where to go and who one can be."""
    url = settings.base_url
    rows = "\n".join(f"    {a['email']:<22} {a['says']}" for a in demo_accounts.ACCOUNTS)
    click.echo(
        f"""
  The border gate is open:   {url}/
    {url}/trader      declare, book an hour, pay
    {url}/officer     review, clear, release
    {url}/gate        scan at yard, barrier and exit
    {url}/accountant  refunds, exceptions, statements, the daily close
    {url}/manager     figures of the day      {url}/schema  the API
  The sandbox bank:          {settings.sandbox_url}/sandbox

  Sign in with the password  {demo_accounts.PASSWORD}  as
{rows}

  Ctrl-C stops everything; the data stay in {settings.data_dir}.
"""
    )


@main.command()
@click.option("--to", default="head", help="Revision to go to.")
def migrate(to: str) -> None:
    """Bring the database to the newest revision."""
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
    with saying_why(as_json), servers(Settings()) as ready:
        loaded = _with_store(ready, seed.load_reference)
    click.echo(json.dumps(loaded) if as_json else f"New rows: {loaded}")


@main.command("import")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--as", "email", default="trader@demo.test", help="Account whose firm declares.")
@click.option("--gate", default="KIM_THANH_II", help="Gate the goods go through.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def import_files(files: tuple[Path, ...], email: str, gate: str, as_json: bool) -> None:
    """Import declarations from CSV; what is there already is left, each bad row is reported."""
    rows: list[dict[str, Any]] = []
    total = ImportReport()
    stopped: Refusal | None = None

    async def run(store: Store) -> None:
        nonlocal stopped
        actor = await _account(store, email)
        if actor.organisation_id is None:
            raise Refused(f"The account {email} belongs to no firm. Name another with --as.")
        with _progress() as progress:
            for path in files:
                task = progress.add_task(path.name[-14:], total=path.stat().st_size)

                def on_progress(_: int, done: int, size: int, task: Any = task) -> None:
                    progress.update(task, completed=done, total=size)

                def on_refused(row: RefusedRow, name: str = path.name) -> None:
                    rows.append(_told(name, row))

                try:
                    await import_csv(
                        store,
                        actor,
                        path,
                        owner_organisation_id=actor.organisation_id,
                        gate=gate,
                        report=total,
                        on_refused=on_refused,
                        on_progress=on_progress,
                    )
                except Refusal as refusal:
                    rows.extend(_told_of_file(path.name, refusal))
                    stopped = refusal
                    break

    with saying_why(as_json), servers(Settings()) as ready:
        _with_store(ready, run)
    if as_json:
        why = {"refused_file": stopped.code, "says": stopped.detail()} if stopped else {}
        click.echo(json.dumps({**vars(total), "rows": rows, **why}, ensure_ascii=False))
    else:
        for row in rows:
            click.echo(f"{row['file']}:{row['line']}  {row['field']}: {row['says']}")
        click.echo(
            f"{total.accepted} accepted, {total.already_there} already there, "
            f"{total.refused} refused"
        )
    if stopped:
        raise Refused(stopped.detail())
    sys.exit(1 if total.refused and not (total.accepted or total.already_there) else 0)


def _told(name: str, row: RefusedRow) -> dict[str, Any]:
    """Return a refused row as it is reported: the file, the line, the field, the reason."""
    return {
        "file": name,
        "line": row.line,
        "key": row.key,
        "field": ", ".join(error.field for error in row.errors),
        "says": " ".join(error.detail() for error in row.errors),
    }


def _told_of_file(name: str, refusal: Refusal) -> list[dict[str, Any]]:
    """Return what is wrong with a file as a whole as rows are reported, each with its line."""
    rows = []
    for error in refusal.errors:
        _, _, place = error.field.partition("lines.")
        line, _, field = place.partition(".")
        rows.append(
            {
                "file": name,
                "line": int(line or 1),
                "key": "",
                "field": field or error.field,
                "says": error.detail(),
            }
        )
    return rows


async def _account(store: Store, email: str) -> Actor:
    """Return the account of an address as an actor; exit code 1 where there is none."""
    accounts = table_of(AccountRow)
    async with store.reading() as connection:
        found = (
            await connection.execute(accounts.select().where(accounts.c.email == email.lower()))
        ).one_or_none()
    if found is None:
        raise Refused(f"There is no account {email}. Name one with --as.")
    return Actor(found.id, found.name, frozenset(found.roles), found.organisation_id, "", email)


main.add_command(reconcile_command(saying_why, _with_zone, _account, console))


@main.command()
@click.option("--from-start", is_flag=True, help="Hand the whole feed on again.")
@click.option("--once", is_flag=True, help="Stop when nothing is left.")
def relay(from_start: bool, once: bool) -> None:
    """Hand events on to the Redis stream, as the service itself does while it runs."""

    async def run(services: Services) -> int:
        reader = relays.to_redis(services.redis, services.settings.relay_stream)
        if from_start:
            await reader.rewind(services.store)
        handed_on = await reader.catch_up(services.store)
        while not once:
            await asyncio.sleep(1)
            handed_on += await reader.catch_up(services.store)
        return handed_on

    with saying_why(), servers(Settings()) as ready:
        handed_on = _with_zone(ready, run)
    click.echo(f"{handed_on} events handed on.")


@main.group()
def metrics() -> None:
    """Figures drawn from events."""


@metrics.command("rebuild")
def metrics_rebuild() -> None:
    """Empty the figures and count the whole feed again."""
    with saying_why(), servers(Settings()) as ready:
        counted = _with_store(ready, figures.rebuild)
    click.echo(f"{counted} events counted.")


@main.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def examine(as_json: bool) -> None:
    """Say what is well and what is not; in demo mode also where the sandbox is."""
    with saying_why(), servers(Settings()) as ready:
        report = asyncio.run(doctor.examine(ready))
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        for name, part in report.items():
            click.echo(f"{name:<12} {part if isinstance(part, str) else json.dumps(part)}")
    sys.exit(0 if report["ok"] else 1)
