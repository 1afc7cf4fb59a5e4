"""`border import`: declarations from files of every format, with what is wrong with each row."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from api.cli.on_servers import account_of, bar, with_store
from api.cli.refused import Refused, saying_why
from api.cli.running import servers
from border.core.refusal import Refusal
from border.core.store import Store
from border.settings import Settings
from customs.import_service import ImportReport, RefusedRow, import_file


def run(files: tuple[Path, ...], email: str, gate: str, as_json: bool) -> None:
    """Import the files one after another and report; exit code 1 where nothing came in."""
    rows: list[dict[str, Any]] = []
    total = ImportReport()
    stopped: Refusal | None = None

    async def run(store: Store) -> None:
        nonlocal stopped
        actor = await account_of(store, email)
        if actor.organisation_id is None:
            raise Refused(f"The account {email} belongs to no firm. Name another with --as.")
        with bar() as progress:
            for path in files:
                task = progress.add_task(path.name[-14:], total=path.stat().st_size)

                def on_progress(done: int, size: int, task: Any = task) -> None:
                    progress.update(task, completed=done, total=size)

                def on_refused(row: RefusedRow, name: str = path.name) -> None:
                    rows.append(_row_of(name, row))

                try:
                    await import_file(
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
        with_store(ready, run)
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


def _row_of(name: str, row: RefusedRow) -> dict[str, Any]:
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
