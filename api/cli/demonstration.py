"""`border demo`: own servers, a filled zone, and a sandbox of the outside world."""

from typing import Any

import click

from api.cli import seed
from api.cli.on_servers import bar, console, settings_of, with_store, with_zone
from api.cli.refused import Refused, saying_why
from api.cli.running import noted, servers
from api.cli.serving import port_is_free, sandbox, serve
from api.demo import accounts as demo_accounts
from api.demo import fill as demo_fill
from api.zone import Services
from border.core.store import PROGRAM, Store
from border.migrations.run import upgrade
from border.paper.fonts import prepare_fonts
from border.settings import Settings
from customs.import_service import ImportReport
from logistics.telling import telling_service, texts


def run(port: int | None, fill: bool) -> None:
    """Run the demonstration until it is stopped; refused in production and on a taken port."""
    settings = settings_of(port=port)
    if not settings.demo:
        raise Refused("BORDER_MODE is production, and the demonstration has no place there.")
    if not port_is_free(settings.host, settings.port):
        raise Refused(f"Port {settings.port} is taken. Choose another: make run PORT=8010")
    with (
        saying_why(),
        servers(settings, beside=False, meanwhile="api.app") as ready,
        sandbox(ready) as complete,
    ):
        assert complete.database_url
        upgrade(complete.database_url)
        filled = with_store(complete, _begin)
        if not filled:
            with console().status("Preparing the typefaces"):
                prepare_fonts(complete.data_dir)
            if fill:
                _fill(complete)
        _greet(complete)
        with noted(complete):
            serve(complete)


async def _begin(store: Store) -> bool:
    """Load what a demonstration begins with, as far as it is missing; say if it was filled."""
    await seed.load_reference(store)
    await seed.open_round_the_clock(store)
    await store.perform(PROGRAM, texts.load_approved)
    await demo_accounts.load(store)
    return await demo_fill.is_filled(store)


def _fill(settings: Settings) -> None:
    """Fill an empty demonstration, with a bar that shows how far it is."""

    async def run(services: Services) -> ImportReport:
        with bar() as progress:
            tasks: dict[str, Any] = {}

            def say(name: str, done: int, total: int) -> None:
                if name not in tasks:
                    tasks[name] = progress.add_task(name, total=total)
                progress.update(tasks[name], completed=done)

            report = await demo_fill.fill(
                services.store, services.slips, services.store.clock.now(), say
            )
            # Nobody is told of a day that was made up.
            await telling_service.reader(()).pass_over(services.store)
            return report

    report = with_zone(settings, run)
    console().print(
        f"The zone is filled: {report.accepted} declarations accepted, "
        f"{report.refused} rows refused."
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
  What people were told:     {settings.sandbox_url}/sandbox/inbox

  Sign in with the password  {demo_accounts.PASSWORD}  as
{rows}

  Ctrl-C stops everything; the data stay in {settings.data_dir}.
"""
    )
