"""Dated rules through their life: written as drafts, put in force by a second person, withdrawn.

No decision already made is touched by any of it: each keeps the version it was made by.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM
from border.core.clock import local_date, local_midnight
from border.core.ids import new_reference
from border.core.refusal import INVALID, MOVE_NOT_OPEN, NOT_FOUND, FieldError, Refusal
from border.core.store import Clash, Store, Unit
from border.core.words import N_
from border.gates import all_gates
from border.identity import policy
from border.regulation import storage
from border.regulation.regulation import REGULATION, ZONE, Period, chained, in_the_way
from border.regulation.rule_kind import KINDS, RuleKind, RuleSetDraft, digest_of, stored
from border.regulation.rulebook import rules_on
from border.regulation.tables import ONE_AT_A_TIME, RegulationRow

HEAD = (
    "code",
    "title",
    "issued_by",
    "legal_basis",
    "effective_from",
    "effective_to",
    "gate",
    "example",
    "note",
)
"""What a set says beside its rows."""


def kind_named(name: str) -> RuleKind[Any]:
    """Return a kind of rules by its name. refuses: not_found."""
    if name not in KINDS:
        raise NOT_FOUND(what="regulation")
    return KINDS[name]


def _columns(kind: RuleKind[Any], draft: RuleSetDraft) -> dict[str, Any]:
    """Return the columns of a set as a draft fills them. Raises ValidationError."""
    head = {name: getattr(draft, name) for name in HEAD}
    said = kind.read(draft.rows)
    rows = stored(said)
    digest = kind.digest(head, said) if kind.digest else digest_of(kind.name, head, rows)
    return head | {"rows": rows, "digest": digest}


def faults_of(kind: RuleKind[Any], draft: RuleSetDraft) -> list[FieldError]:
    """Return what is wrong with a draft whose fields are each right by themselves."""
    errors = list(kind.faults(draft, kind.read(draft.rows)))
    if draft.effective_to is not None and draft.effective_to <= draft.effective_from:
        says = N_("The last day comes after the first.")
        errors.append(FieldError("effective_to", "days", says))
    return errors


async def put_draft(
    unit: Unit, kind: RuleKind[Any], draft: RuleSetDraft, version: int | None = None
) -> RegulationRow:
    """Keep a set of rules as a draft; a draft of that code is replaced as a whole.

    What it says already is left alone, whoever sends it. `version` is that of the draft to be
    replaced, 0 where there is to be none.

    refuses: not_allowed, invalid_fields, rules_code_in_use, stale_version. writes: regulation;
    regulation.prepare or regulation.update.
    """
    policy.check(unit.actor, kind.verb("prepare"))
    if errors := faults_of(kind, draft):
        raise INVALID(errors=errors)
    columns = _columns(kind, draft)
    await _check_gate(unit, kind, draft.gate)
    # One at a time, for the code of a draft that is not there yet cannot be locked as a row.
    await storage.lock_drafting(unit.connection)
    there = await storage.by_code(unit.connection, kind.name, draft.code, lock=True)
    if there is not None and there.digest == columns["digest"]:
        return there
    if there is not None and there.state != "draft":
        raise kind.refusals.code_in_use(
            code=there.code, state=there.state, reference=there.reference
        )
    await _check_unique(unit, kind, draft.code, columns["rows"])
    columns["prepared_by"] = unit.actor.id
    if there is None:
        return await unit.create(
            RegulationRow,
            "draft",
            "prepare",
            kind=kind.name,
            reference=new_reference(kind.prefix),
            **columns,
        )
    return await unit.change(RegulationRow, there.id, version, ["draft"], **columns)


async def _check_gate(unit: Unit, kind: RuleKind[Any], given: str) -> None:
    """Refuse a set for a gate that does not exist, or for one gate where it holds at all."""
    gates = [gate.code for gate in await all_gates(unit.connection)] if kind.per_gate else [ZONE]
    if given not in gates:
        says = N_("There is no gate {given}. Choose one of: {gates}.")
        facts = (("given", given), ("gates", ", ".join(sorted(gates))))
        raise INVALID(errors=[FieldError("gate", "unknown_gate", says, facts)])


async def _check_unique(
    unit: Unit, kind: RuleKind[Any], code: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Refuse rows that are called what rows of another set of the kind are called already."""
    if kind.unique:
        given = [name for row in rows if (name := row[kind.unique])]
        taken = await storage.elsewhere(unit.connection, kind.name, code, kind.unique, given)
        if taken:
            says = N_("These codes name rules of another resolution: {codes}.")
            raise INVALID(
                errors=[FieldError("rows", "codes_taken", says, (("codes", ", ".join(taken)),))]
            )


async def rows_in_force(
    connection: AsyncConnection, kind: RuleKind[Any], gate: str, rows: Sequence[Any], on: date
) -> list[Any]:
    """Return the rows in force on a day of what these rows are about: what they would follow."""
    book = await rules_on(connection, on, [kind])
    chains = kind.chains(gate, rows)
    return [row for chain in chains if chain in book.sets for row in book.sets[chain].rows]


async def gaps_of(
    connection: AsyncConnection, kind: RuleKind[Any], rows: Sequence[Any], today: date
) -> Sequence[Any]:
    """Return what is decided today by rules of a kind and would not be by these rows."""
    book = await rules_on(connection, today, [kind])
    return kind.lacks([row for found in book.sets.values() for row in found.rows], rows)


async def schedule(
    unit: Unit,
    kind: RuleKind[Any],
    code: str,
    version: int | None = None,
    *,
    gaps_known: bool = False,
) -> RegulationRow:
    """Put another person's draft in force on its days; its predecessors end as it begins.

    `gaps_known` says that whoever schedules it knows of what it leaves undecided.

    refuses: not_allowed, not_found, rules_second_person, rules_example, move_not_open,
    stale_version, rules_start_too_early, rules_overlap, tariff_gaps. writes: regulation,
    regulation_period; regulation.schedule.
    """
    policy.check(unit.actor, kind.verb("schedule"))
    row = await _found(unit, kind, code)
    if row.state == "draft":
        _refuse_unfit(unit, kind, row)
        if kind.refusals.gaps is not None and not gaps_known:
            today = local_date(unit.at)
            if gaps := await gaps_of(unit.connection, kind, kind.read(row.rows), today):
                raise kind.refusals.gaps(code=code, gaps=[str(gap) for gap in gaps])
        # Before the move: whoever listens to it reads the new days.
        await _begin_chains(unit, kind, row)
    return await unit.move(
        RegulationRow,
        row.id,
        "schedule",
        version=version,
        changes={"approved_by": unit.actor.id},
        overdue_at=local_midnight(row.effective_from),
    )


def _refuse_unfit(unit: Unit, kind: RuleKind[Any], row: RegulationRow) -> None:
    """Refuse a draft that may not be put in force, or not by this person."""
    if row.prepared_by == unit.actor.id:
        raise kind.refusals.second_person(code=row.code)
    if row.example:
        raise kind.refusals.example(code=row.code)
    today = local_date(unit.at)
    if row.effective_from <= today:
        raise kind.refusals.starts_too_early(
            code=row.code,
            begins=row.effective_from.isoformat(),
            earliest=(today + timedelta(days=1)).isoformat(),
        )


async def _begin_chains(unit: Unit, kind: RuleKind[Any], row: RegulationRow) -> None:
    """Give a set its days in every chain it stands in. refuses: rules_overlap."""
    chains = kind.chains(row.gate, kind.read(row.rows))
    periods = await storage.lock_periods(unit.connection, chains)
    for chain in chains:
        new = Period(
            chain, row.code, row.effective_from, row.effective_to, effective_to=row.effective_to
        )
        others = [period for period in periods if period.chain == chain]
        if other := in_the_way(new, others):
            raise kind.refusals.overlap(
                kind=chain.rpartition("/")[2] or kind.name,
                other=other.code,
                begins=other.effective_from.isoformat(),
                code=row.code,
            )
        try:
            await _write_days(unit, others, [*others, new])
        except IntegrityError as error:
            # A rival has put another one in force since these were read: look again.
            if ONE_AT_A_TIME in str(error.orig):
                raise Clash from error
            raise


async def _write_days(unit: Unit, before: Sequence[Period], after: Sequence[Period]) -> None:
    """Write the days of one chain: those that end earlier first, so that none overlap between."""
    ended = {period: period.effective_to for period in before}
    for period in chained(after):
        if period not in ended or ended[period] != period.effective_to:
            await storage.put_period(unit.connection, period)


async def withdraw(
    unit: Unit, kind: RuleKind[Any], code: str, reason: str, version: int | None = None
) -> RegulationRow:
    """Withdraw a draft, or a set not yet in force, whose predecessors then go on.

    refuses: not_allowed, not_found, invalid_fields, rules_in_force, move_not_open,
    stale_version. writes: regulation, regulation_period; regulation.withdraw.
    """
    policy.check(unit.actor, kind.verb("withdraw"))
    row = await _found(unit, kind, code)
    if not reason.strip():
        raise INVALID(errors=[FieldError("reason", "missing", N_("Say why it is withdrawn."))])
    begun = row.effective_from <= local_date(unit.at)
    if row.state == "in_force" or (row.state == "scheduled" and begun):
        raise kind.refusals.in_force(code=code, begins=row.effective_from.isoformat())
    if row.state == "scheduled":
        await _end_chains(unit, kind, row)
    return await unit.move(
        RegulationRow,
        row.id,
        "withdraw",
        version=version,
        payload={"reason": reason.strip()},
    )


async def _end_chains(unit: Unit, kind: RuleKind[Any], row: RegulationRow) -> None:
    """Take a set's days away in every chain; its predecessors go on."""
    chains = kind.chains(row.gate, kind.read(row.rows))
    periods = await storage.lock_periods(unit.connection, chains)
    await storage.clear_periods(unit.connection, row.id)
    for chain in chains:
        own = [period for period in periods if period.chain == chain]
        await _write_days(unit, own, [period for period in own if period.code != row.code])


async def _found(unit: Unit, kind: RuleKind[Any], code: str) -> RegulationRow:
    row = await storage.by_code(unit.connection, kind.name, code, lock=True)
    if row is None:
        raise NOT_FOUND(what=kind.life.name)
    return row


async def load(unit: Unit, kind: RuleKind[Any], seeds: Iterable[RuleSetDraft]) -> int:
    """Put the sets that the program comes with where there is none of their code; return how many.

    One that is there already, whatever became of it, stays as it is. No event: nobody decided
    anything. refuses: rules_overlap. writes: regulation, regulation_period.
    """
    wanted = list(seeds)
    there = await storage.known_codes(unit.connection, kind.name, [draft.code for draft in wanted])
    new = [draft for draft in wanted if draft.code not in there]
    today = local_date(unit.at)
    for draft in sorted(new, key=lambda one: one.effective_from):
        state = "in_force" if draft.effective_from <= today else "scheduled"
        row = RegulationRow(
            reference=new_reference(kind.prefix),
            state="draft" if draft.example else state,
            created_at=unit.at,
            changed_at=unit.at,
            overdue_at=_looked_at_again(unit, state, draft),
            kind=kind.name,
            **_columns(kind, draft),
        )
        await unit.add(row)
        if not draft.example:
            await _begin_chains(unit, kind, row)
    return len(new)


def _looked_at_again(unit: Unit, state: str, draft: RuleSetDraft) -> datetime | None:
    """Return when a set the program comes with is to begin, or to be looked at again."""
    if draft.example:
        return None
    lasts = REGULATION.state(state).timeout
    assert lasts is not None
    return local_midnight(draft.effective_from) if state == "scheduled" else unit.at + lasts


async def supersede_over(store: Store) -> int:
    """Supersede the sets whose days are over, each by itself, and return how many that were.

    Decisions do not wait for it; they ask for the days. writes: regulation; regulation.supersede.
    """
    async with store.reading() as connection:
        found = await storage.over(connection, local_date(store.clock.now()))

    async def work(unit: Unit, id: UUID) -> None:
        await unit.move(RegulationRow, id, "supersede", actor=PROGRAM)

    for id in found:
        try:
            await store.perform(PROGRAM, partial(work, id=id))
        except Refusal as refusal:
            if refusal.kind is not MOVE_NOT_OPEN:  # somebody was here before
                raise
    return len(found)
