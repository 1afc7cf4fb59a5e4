"""Importing declarations from a file: batch by batch, each batch in one transaction.

A row that is wrong is refused alone. A row that was imported before is recognised by its key and
left as it is, so that a second run, or one that was cut short, adds only what is missing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from uuid import UUID

from border.core.actor import Actor
from border.core.refusal import FieldError, Refusal
from border.core.store import Clash, Store, Unit
from customs.checking import ACCEPTED_CURRENCIES
from customs.draft_service import IMPORTED_ALREADY, LockedDraft, NewDraft, draft_many
from customs.intake.reader import Progress, read_file
from customs.intake.recognising import Recognised, recognised
from customs.intake.row import SourceRow
from customs.intake.sample_csv import DECLARATIONS_2021, DeclarationColumns
from customs.lodging_service import lodge_many

BATCH = 200
IMPORTED_CURRENCIES = ACCEPTED_CURRENCIES | {"KRW"}
"""Currencies a file may state values in: samples are kept in their own, at no invented rate."""


@dataclass(frozen=True)
class RefusedRow:
    """A row that was not imported: its line in the file, its key, and why."""

    line: int
    key: str
    errors: tuple[FieldError, ...]


@dataclass
class ImportReport:
    """How many rows were accepted, were there already, and were refused."""

    accepted: int = 0
    already_there: int = 0
    refused: int = 0


OnRefused = Callable[[RefusedRow], None]
OnProgress = Callable[[int, int], None]
"""Told after each batch: bytes read, bytes in all."""


def _nobody(*_: object) -> None:
    """Listen to nothing."""


async def import_file(
    store: Store,
    actor: Actor,
    path: Path,
    *,
    owner_organisation_id: UUID,
    gate: str,
    sample: DeclarationColumns = DECLARATIONS_2021,
    report: ImportReport | None = None,
    on_refused: OnRefused = _nobody,
    on_progress: OnProgress = _nobody,
) -> ImportReport:
    """Import the file at `path` as lodged declarations of one firm; `report` is added to.

    Its format is found by its content; `sample` says how other people's columns are read.
    refuses: invalid_fields (a column is missing or twice), file_not_readable; what was read
    before is kept. writes: as `import_rows`.
    """
    total, progress = path.stat().st_size, Progress()  # noqa: ASYNC240  (one look at a local file)
    with path.open("rb") as file:
        return await import_rows(
            store,
            actor,
            read_file(file, gate, progress=progress, sample=sample),
            owner_organisation_id,
            report=report,
            on_refused=on_refused,
            on_batch=lambda: on_progress(progress.bytes, total),
        )


async def import_rows(
    store: Store,
    actor: Actor,
    rows: Iterable[SourceRow],
    owner_organisation_id: UUID,
    *,
    report: ImportReport | None = None,
    on_refused: OnRefused = _nobody,
    on_batch: Callable[[], None] = _nobody,
) -> ImportReport:
    """Import rows of any file as lodged declarations; no more than one batch is held at a time.

    writes: what `draft_many` and `lodge_many` write, as if each had been drafted and lodged by
    hand.
    """
    report = report if report is not None else ImportReport()
    for batch in _batches(recognised(rows, owner_organisation_id)):
        asked = [
            (row, NewDraft(row.draft, owner_organisation_id, key, row.kept))
            for row, key in batch
            if row.draft is not None and not row.errors
        ]

        async def work(
            unit: Unit, drafts: Sequence[NewDraft] = [new for _, new in asked]
        ) -> list[LockedDraft | Refusal]:
            return await _import_batch(unit, drafts)

        refused = [RefusedRow(row.line, row.key, row.errors) for row, _ in batch if row.errors]
        outcomes = await store.perform(actor, work) if asked else []
        for (row, _), outcome in zip(asked, outcomes, strict=True):
            if isinstance(outcome, LockedDraft):
                report.accepted += 1
            elif outcome.kind is IMPORTED_ALREADY:
                report.already_there += 1
            else:
                refused.append(_refused(row, outcome))
        report.refused += len(refused)
        for wrong in sorted(refused, key=lambda row: row.line):
            on_refused(wrong)
        on_batch()
    return report


def _batches(rows: Iterator[Recognised]) -> Iterator[list[Recognised]]:
    """Yield the rows in lists of `BATCH`, each made when it is asked for."""
    while batch := list(islice(rows, BATCH)):
        yield batch


async def _import_batch(unit: Unit, asked: Sequence[NewDraft]) -> list[LockedDraft | Refusal]:
    """Draft and lodge what rows hold; return what became of each."""
    drafted = await draft_many(unit, asked, to_be_lodged=True, currencies=IMPORTED_CURRENCIES)
    lodged = await lodge_many(unit, [each for each in drafted if isinstance(each, LockedDraft)])
    if any(isinstance(each, Refusal) for each in lodged):
        raise Clash  # a rival took a number between the look and the lodging: look again
    return drafted


def _refused(row: SourceRow, refusal: Refusal) -> RefusedRow:
    """Return a row that was refused, with every field that is wrong."""
    facts = tuple((name, str(fact)) for name, fact in refusal.facts.items())
    whole = FieldError("customs_number", refusal.code, refusal.kind.says, facts)
    return RefusedRow(row.line, row.key, refusal.errors or (whole,))
