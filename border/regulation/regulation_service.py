"""Dated rules through their life: written as drafts, put in force by a second person, withdrawn.

No decision already made is touched by any of it: each keeps the version it was made by.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

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
from border.regulation.rule_kind import KINDS, Draft, RuleKind, digest_of, stored
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


def _columns(kind: RuleKind[Any], draft: Draft) -> dict[str, Any]:
    """Return the columns of a set as a draft fills them. Raises ValidationError."""
    head = {name: getattr(draft, name) for name in HEAD}
    rows = stored(kind.read(draft.rows))
    return head | {"rows": rows, "digest": digest_of(kind.name, head, rows)}


async def put_draft(unit: Unit, kind: RuleKind[Any], draft: Draft) -> RegulationRow:
    """Keep a set of rules as a draft; a draft of that code is replaced as a whole.

    What it says already is left alone, whoever sends it.

    refuses: not_allowed, invalid_fields, rules_code_in_use. writes: regulation;
    regulation.prepare or regulation.update.
    """
    policy.check(unit.actor, f"regulation.prepare_{kind.name}")
    if draft.effective_to is not None and draft.effective_to <= draft.effective_from:
        says = N_("The last day comes after the first.")
        raise INVALID(errors=[FieldError("effective_to", "days", says)])
    columns = _columns(kind, draft)
    await _check_gate(unit, kind, draft.gate)
    # One at a time, for the code of a draft that is not there yet cannot be locked as a row.
    await storage.lock_code(unit.connection, draft.code)
    there = await storage.by_code(unit.connection, draft.code, lock=True)
    if there is None:
        return await unit.create(
            RegulationRow,
            "draft",
            "prepare",
            kind=kind.name,
            prepared_by=unit.actor.id,
            **columns,
        )
    if there.digest == columns["digest"]:
        return there
    if there.state != "draft" or there.kind != kind.name:
        raise kind.refusals.code_in_use(
            code=there.code, state=there.state, reference=there.reference
        )
    columns["prepared_by"] = unit.actor.id
    return await unit.change(RegulationRow, there.id, None, ["draft"], **columns)


async def _check_gate(unit: Unit, kind: RuleKind[Any], given: str) -> None:
    """Refuse a set for a gate that does not exist, or for one gate where it holds at all."""
    gates = [gate.code for gate in await all_gates(unit.connection)] if kind.per_gate else [ZONE]
    if given not in gates:
        says = N_("There is no gate {given}. Choose one of: {gates}.")
        facts = (("given", given), ("gates", ", ".join(sorted(gates))))
        raise INVALID(errors=[FieldError("gate", "unknown_gate", says, facts)])


async def schedule(
    unit: Unit, kind: RuleKind[Any], code: str, version: int | None = None
) -> RegulationRow:
    """Put another person's draft in force on its days; its predecessors end as it begins.

    refuses: not_found, not_allowed, rules_second_person, rules_example, move_not_open,
    stale_version, rules_start_too_early, rules_overlap. writes: regulation, regulation_period;
    regulation.schedule.
    """
    row = await _found(unit, kind, code)
    if row.state == "draft":
        _refuse_unfit(unit, kind, row)
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
    policy.check(unit.actor, f"regulation.schedule_{kind.name}")
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

    refuses: not_found, invalid_fields, rules_in_force, not_allowed, move_not_open,
    stale_version. writes: regulation, regulation_period; regulation.withdraw.
    """
    row = await _found(unit, kind, code)
    policy.check(unit.actor, f"regulation.withdraw_{kind.name}")
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
    row = await storage.by_code(unit.connection, code, lock=True)
    if row is None or row.kind != kind.name:
        raise NOT_FOUND(what="regulation")
    return row


async def load(unit: Unit, kind: RuleKind[Any], seeds: Iterable[Draft]) -> int:
    """Put the sets that the program comes with where there is none of their code; return how many.

    One that is there already, whatever became of it, stays as it is. No event: nobody decided
    anything. refuses: rules_overlap. writes: regulation, regulation_period.
    """
    wanted = list(seeds)
    there = await storage.known_codes(unit.connection, [draft.code for draft in wanted])
    new = [draft for draft in wanted if draft.code not in there]
    today = local_date(unit.at)
    for draft in sorted(new, key=lambda one: one.effective_from):
        state = "in_force" if draft.effective_from <= today else "scheduled"
        row = RegulationRow(
            reference=new_reference(RegulationRow.prefix),
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


def _looked_at_again(unit: Unit, state: str, draft: Draft) -> datetime | None:
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
