"""Importing declarations from a file: batch by batch, each batch in one transaction.

A row that is wrong is refused alone. A row that was imported before is recognised by its key and
left as it is, so that a second run, or one that was cut short, adds only what is missing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from border.clock import local_date
from border.gates import all_gates
from border.identity.actor import PROGRAM, Actor
from border.ids import new_reference
from border.refusal import FieldError
from border.store import Event, Store, Unit
from border.words import N_
from customs import storage
from customs.checking import ACCEPTED_CURRENCIES, check
from customs.clearance import CUSTOMS, first_states
from customs.columns import columns_of, line_columns
from customs.csv_import import DECLARATIONS_2021, ColumnMap, Progress, SourceRow, read_rows
from customs.decision import clearance_event
from customs.declaration import DECLARATION, VALIDITY, steps
from customs.lodging_service import assess, lane_columns, lodging_facts, path_of
from customs.tables import DeclarationRow

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


@dataclass(frozen=True)
class Import:
    """Where the rows of a file go: to which firm's declarations, under which name."""

    source: str
    owner_organisation_id: UUID

    def key_of(self, row: SourceRow) -> str:
        """Return what recognises the row in a second run."""
        return f"{self.source}:{row.key}"


OnRefused = Callable[[RefusedRow], None]
OnProgress = Callable[[int, int, int], None]
"""Told after each batch: lines read, bytes read, bytes in all."""


def _nobody(*_: object) -> None:
    """Listen to nothing."""


async def import_csv(
    store: Store,
    actor: Actor,
    path: Path,
    *,
    owner_organisation_id: UUID,
    gate: str,
    columns: ColumnMap = DECLARATIONS_2021,
    on_refused: OnRefused = _nobody,
    on_progress: OnProgress = _nobody,
) -> ImportReport:
    """Import the CSV file at `path` as lodged declarations of one firm.

    refuses: invalid_fields (a column is missing), file_not_readable; what was read before is
    kept. writes: as `import_rows`.
    """
    total, progress = path.stat().st_size, Progress()  # noqa: ASYNC240  (one look at a local file)
    with path.open("rb") as file:
        rows = read_rows(file, columns, gate, progress)
        return await import_rows(
            store,
            actor,
            rows,
            Import(columns.source, owner_organisation_id),
            on_refused=on_refused,
            on_batch=lambda: on_progress(progress.lines, progress.bytes, total),
        )


async def import_rows(
    store: Store,
    actor: Actor,
    rows: Iterable[SourceRow],
    into: Import,
    *,
    on_refused: OnRefused = _nobody,
    on_batch: Callable[[], None] = _nobody,
) -> ImportReport:
    """Import rows of any file as lodged declarations; no more than one batch is held at a time.

    writes: declaration, declaration_line, clearance, and the same events as if each had been
    drafted and lodged by hand.
    """
    async with store.reading() as connection:
        gates = frozenset(gate.code for gate in await all_gates(connection))
    report = ImportReport()
    for batch in _batches(iter(rows)):
        good, refused = _sorted_out(batch, gates)

        async def work(unit: Unit, good: list[SourceRow] = good) -> tuple[int, list[RefusedRow]]:
            return await _import_batch(unit, good, into)

        accepted, clashing = await store.perform(actor, work)
        report.accepted += accepted
        report.refused += len(refused) + len(clashing)
        report.already_there += len(good) - accepted - len(clashing)
        for row in sorted(refused + clashing, key=lambda row: row.line):
            on_refused(row)
        on_batch()
    return report


def _batches(rows: Iterator[SourceRow]) -> Iterator[list[SourceRow]]:
    """Yield the rows in lists of `BATCH`, each made when it is asked for."""
    while batch := list(islice(rows, BATCH)):
        yield batch


def _sorted_out(
    batch: Sequence[SourceRow], gates: frozenset[str]
) -> tuple[list[SourceRow], list[RefusedRow]]:
    """Return the rows that can be right, in their canonical form, and those that cannot."""
    good, refused = [], []
    for row in batch:
        draft, errors = row.draft, row.errors
        if draft is not None:
            checked = check(draft, gates=gates, complete=True, currencies=IMPORTED_CURRENCIES)
            draft, errors = checked.draft, errors + checked.errors
        if errors:
            refused.append(RefusedRow(row.line, row.key, errors))
        else:
            good.append(SourceRow(row.line, row.key, draft))
    return good, refused


async def _import_batch(
    unit: Unit, rows: Sequence[SourceRow], into: Import
) -> tuple[int, list[RefusedRow]]:
    """Write one batch; return how many are new, and those whose customs number is taken."""
    if not rows:
        return 0, []
    by_key: dict[str, SourceRow] = {}
    for row in rows:
        by_key.setdefault(into.key_of(row), row)
    there = await storage.known_import_keys(unit.connection, by_key)
    new = [(key, row) for key, row in by_key.items() if key not in there]
    if not new:
        return 0, []
    seen = await storage.has_registered(unit.connection, into.owner_organisation_id, None)
    made = [
        _lodged(unit, row, key, into, first=at == 0 and not seen)
        for at, (key, row) in enumerate(new)
    ]
    added = await storage.add_all(
        unit.connection,
        [lodged.row for lodged in made],
        [line for lodged in made for line in lodged.lines],
        [clearance for lodged in made for clearance in lodged.clearances],
    )
    for lodged in made:
        if lodged.row.id in added:
            for event in lodged.events:
                await unit.record(event, lodged.row)
    left_out = {lodged.row.import_key for lodged in made if lodged.row.id not in added}
    # What clashed on its key was added by a rival import just now; the rest on its number.
    left_out -= await storage.known_import_keys(unit.connection, [key for key in left_out if key])
    return len(added), [_number_taken(row) for key, row in new if key in left_out]


def _number_taken(row: SourceRow) -> RefusedRow:
    says = N_("Another declaration at the gate carries this customs number.")
    error = FieldError("customs_number", "customs_number_in_use", says)
    return RefusedRow(row.line, row.key, (error,))


@dataclass(frozen=True)
class _Lodged:
    """A declaration with all the rows and events that lodging it brings."""

    row: DeclarationRow
    lines: list[dict[str, Any]]
    clearances: list[Mapping[str, Any]]
    events: list[Event]


def _lodged(unit: Unit, source: SourceRow, key: str, into: Import, first: bool) -> _Lodged:
    """Make a declaration as it stands after being drafted, lodged and sent into its lane."""
    if source.draft is None:
        raise ValueError("a refused row is not lodged")
    reference = new_reference(DeclarationRow.prefix)
    agencies, choice = assess(source.draft, reference, first, local_date(unit.at))
    verbs = ("lodge", "register", path_of(choice.lane))
    states = ("draft", *steps("draft", verbs))
    row = DeclarationRow(
        reference=reference,
        state=states[-1],
        version=len(states),
        created_at=unit.at,
        changed_at=unit.at,
        due_at=unit.at + VALIDITY,
        owner_organisation_id=into.owner_organisation_id,
        lodged_at=unit.at,
        registered_at=unit.at,
        import_key=key,
        **columns_of(source.draft),
        **lane_columns(choice),
    )
    clearances: list[Mapping[str, Any]] = [
        {
            "declaration_id": row.id,
            "agency": agency,
            "state": "passed" if agency == CUSTOMS and choice.lane == "green" else state,
            "decided_at": unit.at if agency == CUSTOMS and choice.lane == "green" else None,
        }
        for agency, state in first_states(agencies).items()
    ]
    events = [
        Event(
            type=DECLARATION.event(verb),
            gate=row.gate,
            subject=reference,
            key=reference,
            version=version,
            happened_at=unit.at,
            actor=(unit.actor if verb in ("draft", "lodge") else PROGRAM).name_in_events,
            facts={"state": state, **lodging_facts(row, agencies, choice)},
            inside={"lane_rules": list(choice.codes)} if verb == "lodge" else {},
        )
        for version, (verb, state) in enumerate(zip(("draft", *verbs), states, strict=True), 1)
    ]
    if choice.lane == "green":
        by = PROGRAM.name_in_events
        events.append(clearance_event(unit, row, CUSTOMS, "passed", None, by))
    return _Lodged(row, line_columns(row.id, source.draft), clearances, events)
