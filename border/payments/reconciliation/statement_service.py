"""Taking statements in: the whole file or nothing of it, and each file once."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, BinaryIO

from border.core.actor import Actor
from border.core.clock import local_date
from border.core.ids import new_id
from border.core.refusal import INVALID, FieldError
from border.core.store import Store, Unit
from border.core.words import N_
from border.files.fault import wrong
from border.identity import policy
from border.payments.gateways.registry import GATEWAY_KINDS
from border.payments.reconciliation import storage
from border.payments.reconciliation.column_map import OUR_SCHEMA, ColumnMap
from border.payments.reconciliation.statement import StatementLine
from border.payments.reconciliation.statement_reading import (
    BANK,
    Examined,
    Layout,
    digest_of,
    examine,
    parts_of,
)
from border.payments.reconciliation.tables import BANK_GATEWAY, StatementFileRow

SENDERS = (*GATEWAY_KINDS, BANK_GATEWAY)
"""Whose statements are taken: the gateways that keep money for us, and the bank."""
BATCH = 1_000
OnProgress = Callable[[int, int], None]
"""Told how many lines are done, of how many; 0 while that is not known."""


def nobody(*_: object) -> None:
    """Listen to nothing."""


@dataclass(frozen=True)
class TakenStatement:
    """A file that is in; `again` if the very same was in before and nothing was done."""

    file: StatementFileRow
    again: bool


async def take_statement(
    store: Store,
    actor: Actor,
    file: BinaryIO,
    name: str,
    *,
    gateway: str | None = None,
    using: ColumnMap = OUR_SCHEMA,
    day: date | None = None,
    own_accounts: Collection[str] = (),
    on_progress: OnProgress = nobody,
) -> TakenStatement:
    """Store a statement with all its lines, unless anything in it is wrong.

    `gateway` says whose it is, where the map does not; `own_accounts`, if given, are the only
    accounts a bank's statement may be of. `file` is read several times and never held.
    refuses: not_allowed, invalid_fields, statement_refused. writes: statement_file,
    statement_line.
    """
    policy.check(actor, "reconciliation.load")
    async with store.reading() as connection:
        there = await storage.file_by_digest(connection, await asyncio.to_thread(digest_of, file))
    if there is not None:
        return TakenStatement(there, again=True)
    found = await asyncio.to_thread(examine, file, using, day, lambda lines: on_progress(lines, 0))
    sender = _sender(found, gateway or using.gateway)
    if sender == BANK_GATEWAY and own_accounts and found.heading.account not in own_accounts:
        says = N_("This is the statement of another account than ours.")
        found.tell(wrong(1, "account", "not_ours", says))
    if found.problem_count or found.layout is None:
        raise found.refusal(name)
    layout = found.layout

    async def work(unit: Unit) -> TakenStatement:
        return await _store(unit, file, _row(unit, found, sender, name, using), layout, on_progress)

    return await store.perform(actor, work)


def _sender(found: Examined, named: str | None) -> str:
    """Return whose statement it is. refuses: invalid_fields."""
    is_bank = found.layout is not None and found.layout.form == BANK
    sender = named or (BANK_GATEWAY if is_bank else "")
    if sender not in SENDERS:
        says = N_("Say whose statement it is: one of {senders}.")
        facts = (("senders", ", ".join(SENDERS)),)
        raise INVALID(errors=[FieldError("gateway", "unknown_sender", says, facts)])
    if is_bank != (sender == BANK_GATEWAY) and found.layout is not None:
        says = N_("The file is not in the form of {sender}'s statements.")
        facts = (("sender", sender),)
        raise INVALID(errors=[FieldError("gateway", "other_form", says, facts)])
    return sender


def _row(unit: Unit, found: Examined, sender: str, name: str, using: ColumnMap) -> StatementFileRow:
    heading, layout = found.heading, found.layout
    today = local_date(unit.at)
    days = [one for one in (heading.day, found.first_day, found.last_day) if one]
    return StatementFileRow(
        id=new_id(),
        digest=found.digest,
        gateway=sender,
        account=heading.account,
        name=name[-200:],
        form=layout.form if layout else "",
        encoding=layout.encoding if layout else "",
        first_day=min(days, default=today),
        last_day=max(days, default=today),
        line_count=found.lines,
        total_minor=found.total_minor,
        currency=found.currency or using.currency,
        columns=using.model_dump(mode="json"),
        imported_by=unit.actor.name_in_events,
        imported_at=unit.at,
    )


async def _store(
    unit: Unit,
    file: BinaryIO,
    row: StatementFileRow,
    layout: Layout,
    on_progress: OnProgress,
) -> TakenStatement:
    """Insert the file and its lines; a rival who stored the same file just before us wins."""
    if not await storage.add_file(unit.connection, row):
        there = await storage.file_by_digest(unit.connection, row.digest)
        return TakenStatement(there or row, again=True)
    parts = parts_of(file, layout, ColumnMap.model_validate(row.columns))
    lines = (part for part in parts if isinstance(part, StatementLine))
    done = 0
    while batch := list(islice(lines, BATCH)):
        await storage.add_lines(unit.connection, [_columns(row, line) for line in batch])
        done += len(batch)
        on_progress(done, row.line_count)
    return TakenStatement(row, again=False)


def _columns(file: StatementFileRow, line: StatementLine) -> dict[str, Any]:
    """Return the columns of a line."""
    return {
        "file_id": file.id,
        "number": line.number,
        "gateway": file.gateway,
        "account": file.account,
        "type": line.type.value,
        "transaction_no": line.transaction_no,
        "reference": line.reference,
        "amount_minor": line.amount.minor,
        "fee_minor": line.fee.minor,
        "currency": line.amount.currency,
        "happened_at": line.happened_at,
        "day": line.day,
        "memo": line.memo,
        "raw": line.raw,
        "note": "",
    }
