"""`border reconcile`: a statement beside the books, and the close of its day; how it is typed."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click


class Named(click.ParamType[str]):
    """One of several names, which are looked up when the option is typed or described."""

    name = "choice"

    def __init__(self, names: Callable[[], Sequence[str]]) -> None:
        self._names = names

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name, or refuse what is none and tell those there are."""
        return click.Choice(self._names()).convert(value, param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """Return the names as a description shows them."""
        return click.Choice(self._names()).get_metavar(param, ctx)


def _senders() -> Sequence[str]:
    from border.payments.reconciliation.statement_service import SENDERS

    return SENDERS


def _scopes() -> Sequence[str]:
    from border.payments.reconciliation.close_service import SCOPES

    return SCOPES


@click.command("reconcile")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--gateway", type=Named(_senders), help="Whose statement it is.")
@click.option(
    "--map",
    "map_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON that says how its columns are named and written.",
)
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Day it is about, or to close.")
@click.option("--close", is_flag=True, help="Close the day afterwards.")
@click.option(
    "--scope",
    type=Named(_scopes),
    help="What to close; the gateway whose statement it is, or all.",
)
@click.option("--as", "email", help="Account in whose name; the program's own if left out.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def reconcile(
    file: Path,
    gateway: str | None,
    map_file: Path | None,
    day: datetime | None,
    close: bool,
    scope: str | None,
    email: str | None,
    as_json: bool,
) -> None:
    """Match a gateway's or the bank's statement with the books; the same file twice is one."""
    from api.cli import reconciling

    reconciling.run(file, gateway, map_file, day, close, scope, email, as_json)
