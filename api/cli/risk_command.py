"""`border risk`: what inspections teach about where to look; how it is typed."""

from pathlib import Path

import click

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def risk() -> None:
    """Rank declarations by what inspections found before. It proposes, and decides nothing."""


@risk.command()
@click.argument("files", nargs=-1, type=_FILE)
@click.option(
    "--with-inspections",
    is_flag=True,
    help="Learn from the zone's own inspections too; they are all there is without FILES.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def train(files: tuple[Path, ...], with_inspections: bool, as_json: bool) -> None:
    """Learn from inspected declarations, and rank by it from now on.

    FILES are CSV with the outcome in the column Fraud (0 or 1), or the zone's own inspections.
    The latest fifth is kept back first, to say what the ranking is worth.
    """
    from api.cli import risking

    risking.train(files, with_inspections or not files, as_json)


@risk.command()
@click.argument("file", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def evaluate(file: Path, as_json: bool) -> None:
    """Say what the ranking is worth on inspected declarations that it did not learn from."""
    from api.cli import risking

    risking.evaluate(file, as_json)


@risk.command()
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def explain(reference: str, as_json: bool) -> None:
    """Say how likely a declaration is to differ from what was declared, and why."""
    from api.cli import risking

    risking.explain(reference, as_json)
