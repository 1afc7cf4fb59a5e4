"""`border ballot verify`: a draw made again from what was published of it."""

import json
from pathlib import Path

import click


@click.group()
def ballot() -> None:
    """Look into the ballots of peak hours."""


@ballot.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def verify(file: Path, as_json: bool) -> None:
    """Make a draw again from a ballot that was downloaded (`GET /ballots/{id}`), and compare.

    Exit code 0 where it is the same, 1 where it is not, 2 where the file is no drawn ballot.
    """
    from logistics.ballot.drawing import faults_of

    try:
        published = json.loads(file.read_text(encoding="utf-8"))
        faults = faults_of(published)
    except (KeyError, TypeError, ValueError) as error:
        says = f"{file} is no drawn ballot. Save what GET /ballots/ID answers once it is drawn."
        raise click.UsageError(says) from error
    if as_json:
        click.echo(json.dumps({"verified": not faults, "faults": faults}))
    elif faults:
        click.echo("\n".join(faults))
    else:
        beacon = published["beacon"]
        click.echo(
            f"{len(published['order'])} entries: the order is what round {beacon['round']} of "
            f"{beacon['name']} gives. Ask the beacon yourself whether it said {beacon['value']}."
        )
    if faults:
        raise SystemExit(1)
