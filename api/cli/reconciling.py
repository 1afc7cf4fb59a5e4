"""What `border reconcile` does, and how it is told."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from api.cli.on_servers import account_of, bar, with_zone
from api.cli.refused import refused, saying_why
from api.cli.running import servers
from api.zone import Services
from border.core.actor import PROGRAM, Actor
from border.core.clock import ZONE
from border.core.refusal import Refusal
from border.core.store import Store, Unit
from border.payments.gateways.registry import payees_of
from border.payments.reconciliation import reconciliation_service
from border.payments.reconciliation.close_service import close_day
from border.payments.reconciliation.close_text import amount, close_text
from border.payments.reconciliation.column_map import OUR_SCHEMA, ColumnMap, column_map
from border.payments.reconciliation.daily_close import ALL
from border.payments.reconciliation.reconciliation_service import Reconciled
from border.payments.reconciliation.tables import (
    BANK_GATEWAY,
    DailyCloseRow,
    StatementLineRow,
)
from border.settings import Settings


def run(
    file: Path,
    gateway: str | None,
    map_file: Path | None,
    day: datetime | None,
    close: bool,
    scope: str | None,
    email: str | None,
    as_json: bool,
) -> None:
    """Reconcile the file, close the day where that is asked for, and print what came of it."""
    on = day.date() if day else None

    async def work(services: Services, using: ColumnMap) -> tuple[Reconciled, DailyCloseRow | None]:
        actor = await account_of(services.store, email) if email else PROGRAM
        with bar() as progress:
            found = await _taken(services, actor, file, gateway, using, on, progress)
        if not close:
            return found, None
        return found, await _closed(services.store, actor, found, on, scope)

    with saying_why(), servers(Settings()) as ready:
        try:
            using = column_map(map_file.read_bytes()) if map_file else OUR_SCHEMA
            found, closed = with_zone(ready, lambda services: work(services, using))
        except Refusal as refusal:
            raise refused(refusal, as_json, file.name) from refusal
    if as_json:
        click.echo(json.dumps(_reported(found, closed), ensure_ascii=False, default=str))
    else:
        _print(found, closed)


async def _taken(
    services: Services,
    actor: Actor,
    file: Path,
    gateway: str | None,
    using: ColumnMap,
    day: date | None,
    progress: Progress,
) -> Reconciled:
    """Reconcile a file, showing how far it is."""
    task = progress.add_task(file.name[-14:], total=None)

    def on_progress(done: int, total: int) -> None:
        progress.update(task, completed=done, total=total or None)

    with file.open("rb") as opened:
        found = await reconciliation_service.reconcile(
            services.store,
            actor,
            opened,
            file.name,
            on_progress,
            gateway=gateway,
            using=using,
            day=day,
            own_accounts=[one.account for one in payees_of(services.settings).values()],
        )
    progress.update(task, completed=found.file.line_count, total=found.file.line_count or 1)
    return found


async def _closed(
    store: Store, actor: Actor, found: Reconciled, day: date | None, scope: str | None
) -> DailyCloseRow:
    """Close the day that was named, or the last one the file is about."""
    of_file = ALL if found.file.gateway == BANK_GATEWAY else found.file.gateway

    async def work(unit: Unit) -> DailyCloseRow:
        return await close_day(unit, day or found.file.last_day, scope or of_file)

    return await store.perform(actor, work)


def _reported(found: Reconciled, closed: DailyCloseRow | None) -> dict[str, Any]:
    """Return what came of a file, for a script."""
    file = found.file
    return {
        "file": {
            "id": file.id,
            "name": file.name,
            "sha256": file.digest.hex(),
            "gateway": file.gateway,
            "encoding": file.encoding,
            "first_day": file.first_day,
            "last_day": file.last_day,
            "lines": file.line_count,
            "total": {"minor": file.total_minor, "currency": file.currency},
        },
        "again": found.again,
        "classes": [
            {"class": one.line_class, "count": one.count, "minor": one.minor}
            for one in found.classes
        ],
        "differences": [_line(one) for one in found.differences],
        "differences_not_shown": found.not_shown,
        "close": None
        if closed is None
        else {"figures": closed.figures, "before": closed.before, "proof": closed.proof},
    }


def _line(line: StatementLineRow) -> dict[str, Any]:
    return {
        "line": line.number,
        "class": line.line_class,
        "type": line.type,
        "transaction_no": line.transaction_no,
        "reference": line.reference,
        "minor": line.amount_minor,
        "currency": line.currency,
        "note": line.note,
    }


def _print(found: Reconciled, closed: DailyCloseRow | None) -> None:
    """Print what came of a file, for a person."""
    file = found.file
    again = " (was taken before: nothing was done again)" if found.again else ""
    click.echo(
        f"{file.name}: {file.gateway}, {file.first_day} to {file.last_day}, "
        f"{file.line_count} lines, {file.encoding}{again}"
    )
    table = Table(title=None)
    table.add_column("Class")
    table.add_column("Lines", justify="right")
    table.add_column("Sum", justify="right")
    for one in found.classes:
        table.add_row(one.says, f"{one.count:,}", amount(one.minor, file.currency))
    Console().print(table)
    for line in found.differences:
        sum_of = amount(line.amount_minor, line.currency)
        says = f"{line.line_class}  {line.transaction_no}  {sum_of}  {line.note}"
        click.echo(f"{file.name}:{line.number}  {says}".rstrip())
    if found.not_shown:
        click.echo(f"… and {found.not_shown:,} more")
    if closed:
        at = closed.closed_at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
        click.echo(close_text(closed.figures, closed.proof, closed.before, at))
