"""Resolutions through their life: loaded as drafts, put in force by a second person, withdrawn.

No charge is touched by any of it: a price was frozen when it was assessed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.clock import local_date
from border.core.ids import new_reference
from border.core.refusal import INVALID, NOT_FOUND, FieldError
from border.core.store import Clash, Unit
from border.core.words import N_
from border.identity import policy
from border.payments.tariffs import draft_file, storage
from border.payments.tariffs.resolution import (
    CODE_IN_USE,
    EXAMPLE,
    GAPS,
    IN_FORCE_ALREADY,
    OVERLAP,
    SECOND_PERSON,
    STARTS_TOO_EARLY,
    Gap,
    Resolution,
    gaps,
)
from border.payments.tariffs.tables import ONE_AT_A_TIME, TariffResolutionRow
from border.regulation.regulation import ZONE, Period, chained, in_the_way

IN_FORCE_FROM_THE_START = ("lao_cai_2014",)
EXAMPLES = ("lang_son_2025", "yard_service_example")
"""Drafts that show what a resolution can say; they are never put in force."""


def seeds() -> Iterator[Resolution]:
    """Yield the resolutions the program comes with, the one in force first.

    Decision 58/2014/QĐ-UBND of Lào Cai is unconfirmed: it is older than the Fees and Charges Law
    and the one now in force was not found; nor was the day it took effect, for which the turn of
    its year stands.
    """
    for code in (*IN_FORCE_FROM_THE_START, *EXAMPLES):
        path = files("border.payments.tariffs") / "seeds" / f"{code}.csv"
        yield draft_file.read(path.read_bytes())


async def load_tariff(unit: Unit) -> int:
    """Load the resolutions the program comes with and return how many rules in force were new.

    One that is there already, changed or not, stays as it is.
    writes: tariff_resolution, tariff_terms, tariff_provision.
    """
    loaded = 0
    for seed in seeds():
        if await storage.resolution_by_code(unit.connection, seed.code) is not None:
            continue
        in_force = seed.code in IN_FORCE_FROM_THE_START
        state = "scheduled" if in_force else "draft"
        # No event: nobody decided anything, the program came with it.
        row = TariffResolutionRow(
            reference=new_reference(TariffResolutionRow.prefix),
            state=state,
            # An example is nobody's turn: it can never be put in force.
            overdue_at=None
            if seed.example
            else TariffResolutionRow.lifecycle.overdue_at(state, unit.at),
            gate=ZONE,
            created_at=unit.at,
            changed_at=unit.at,
            code=seed.code,
            **_columns(seed),
        )
        await unit.add(row)
        await storage.put_contents(unit.connection, row.id, seed)
        if in_force:
            for kind in seed.kinds:
                await storage.put_period(unit.connection, _period(seed, kind))
            loaded += len(seed.rules)
    return loaded


def _period(resolution: Resolution | TariffResolutionRow, kind: str) -> Period:
    ends = resolution.effective_to
    return Period(kind, resolution.code, resolution.effective_from, ends, ends)


def _columns(contents: Resolution) -> dict[str, Any]:
    """Return the columns of a resolution that come from its file."""
    return {
        "title": contents.title,
        "issued_by": contents.issued_by,
        "legal_basis": contents.legal_basis,
        "effective_from": contents.effective_from,
        "effective_to": contents.effective_to,
        "example": contents.example,
        "note": contents.note,
        "digest": draft_file.digest(contents),
    }


async def put_draft(unit: Unit, raw: bytes) -> TariffResolutionRow:
    """Load a resolution from a file as a draft; a draft of that code is replaced as a whole.

    What the file says already is left alone, whoever sends it.

    refuses: not_allowed, invalid_fields, tariff_code_in_use. writes: tariff_resolution,
    tariff_terms, tariff_provision; tariff_resolution.prepare or tariff_resolution.update.
    """
    policy.check(unit.actor, "tariff_resolution.prepare")
    contents = draft_file.read(raw)
    # One at a time, for the code of a draft that is not there yet cannot be locked as a row.
    await storage.lock_drafting(unit.connection, contents.code)
    there = await storage.resolution_by_code(unit.connection, contents.code, lock=True)
    if there is not None and there.digest == draft_file.digest(contents):
        return there
    if there is not None and there.state != "draft":
        raise CODE_IN_USE(code=there.code, state=there.state, reference=there.reference)
    codes = [rule.code for rule in contents.rules]
    taken = await storage.codes_elsewhere(unit.connection, codes, there.id if there else None)
    if taken:
        says = N_("These codes name rules of another resolution: {codes}.")
        facts = (("codes", ", ".join(sorted(taken))),)
        raise INVALID(errors=[FieldError("file", "codes_taken", says, facts)])
    columns = {"prepared_by": unit.actor.id, **_columns(contents)}
    if there is None:
        row = await unit.create(
            TariffResolutionRow,
            "draft",
            "prepare",
            gate=ZONE,
            code=contents.code,
            **columns,
        )
    else:
        row = await unit.change(TariffResolutionRow, there.id, None, ["draft"], **columns)
    await storage.put_contents(unit.connection, row.id, contents)
    return row


async def schedule(
    unit: Unit, code: str, version: int | None = None, *, gaps_known: bool = False
) -> TariffResolutionRow:
    """Put a draft in force on its days; it ends its predecessors on the day it begins.

    `gaps_known` says that whoever schedules it knows of the trips it has no rate for.

    refuses: not_found, not_allowed, tariff_second_person, tariff_example, move_not_open,
    stale_version, tariff_starts_too_early, tariff_overlap, tariff_gaps. writes:
    tariff_resolution, tariff_terms; tariff_resolution.schedule.
    """
    policy.check(unit.actor, "tariff_resolution.schedule")
    row = await _found(unit, code)
    if row.state == "draft":
        await _may_schedule(unit, row, gaps_known)
    moved = await unit.move(
        TariffResolutionRow,
        row.id,
        "schedule",
        version=version,
        changes={"approved_by": unit.actor.id},
    )
    kinds = [kind for kind, _ in await storage.terms_of(unit.connection, row.id)]
    periods = await storage.lock_periods(unit.connection, kinds)
    for kind in kinds:
        new = _period(row, kind)
        others = [period for period in periods if period.chain == kind]
        if other := in_the_way(new, others):
            raise OVERLAP(
                kind=kind, other=other.code, begins=other.effective_from.isoformat(), code=code
            )
        try:
            await _chain(unit, others, [*others, new])
        except IntegrityError as error:
            # A rival has put another one in force since these were read: look again.
            if ONE_AT_A_TIME in str(error.orig):
                raise Clash from error
            raise
    return moved


async def _chain(unit: Unit, before: list[Period], after: list[Period]) -> None:
    """Write the days of one kind: those that end earlier first, so that none overlap between."""
    ended = {period: period.effective_to for period in before}
    for period in chained(after):
        if period not in ended or ended[period] != period.effective_to:
            await storage.put_period(unit.connection, period)


async def _may_schedule(unit: Unit, row: TariffResolutionRow, gaps_known: bool) -> None:
    """Refuse a draft that may not be put in force, or not by this person."""
    if row.prepared_by == unit.actor.id:
        raise SECOND_PERSON(code=row.code)
    if row.example:
        raise EXAMPLE(code=row.code)
    today = local_date(unit.at)
    if row.effective_from <= today:
        raise STARTS_TOO_EARLY(
            code=row.code,
            begins=row.effective_from.isoformat(),
            earliest=(today + timedelta(days=1)).isoformat(),
        )
    missing = await gaps_of(unit.connection, row.code, today)
    if missing and not gaps_known:
        raise GAPS(code=row.code, gaps=[str(gap) for gap in missing])


async def gaps_of(connection: AsyncConnection, code: str, today: date) -> list[Gap]:
    """Return what is priced today and not by a draft."""
    draft = await storage.rules_of(connection, [code])
    now = [
        rule
        for kind in sorted({rule.kind for rule in draft})
        for rule in await storage.tariff_rules(connection, kind)
        if rule.in_force(today)
    ]
    return gaps(now, draft)


async def withdraw(
    unit: Unit, code: str, reason: str, version: int | None = None
) -> TariffResolutionRow:
    """Withdraw a draft, or a resolution not yet in force, whose predecessors then go on.

    refuses: not_found, invalid_fields, tariff_in_force, not_allowed, move_not_open,
    stale_version. writes: tariff_resolution, tariff_terms; tariff_resolution.withdraw.
    """
    policy.check(unit.actor, "tariff_resolution.withdraw")
    row = await _found(unit, code)
    if not reason.strip():
        raise INVALID(errors=[FieldError("reason", "missing", N_("Say why it is withdrawn."))])
    if row.state == "scheduled" and row.effective_from <= local_date(unit.at):
        raise IN_FORCE_ALREADY(code=code, begins=row.effective_from.isoformat())
    moved = await unit.move(
        TariffResolutionRow,
        row.id,
        "withdraw",
        version=version,
        payload={"reason": reason.strip()},
    )
    kinds = [kind for kind, _ in await storage.terms_of(unit.connection, row.id)]
    periods = await storage.lock_periods(unit.connection, kinds)
    for kind in kinds:
        own = [period for period in periods if period.chain == kind]
        for period in own:
            if period.code == code:
                await storage.clear_period(unit.connection, period)
        await _chain(unit, own, [period for period in own if period.code != code])
    return moved


async def _found(unit: Unit, code: str) -> TariffResolutionRow:
    row = await storage.resolution_by_code(unit.connection, code, lock=True)
    if row is None:
        raise NOT_FOUND(what="tariff_resolution")
    return row


@dataclass(frozen=True)
class Published:
    """A resolution as people read it: what it says, and the days it holds for each kind."""

    row: TariffResolutionRow
    contents: Resolution
    periods: tuple[Period, ...]

    def in_force(self, on: date) -> bool:
        """Say whether it sets some price on that day."""
        return any(
            period.begun(on) and (period.effective_to is None or on < period.effective_to)
            for period in self.periods
        )


async def published(connection: AsyncConnection, on: date) -> list[Published]:
    """Return the resolutions in force on a day and those that follow, in the order they begin."""
    codes = await storage.days_held(connection, on)
    found = [await one(connection, code) for code in codes]
    return sorted(found, key=lambda one: (one.row.effective_from, one.row.code))


async def one(connection: AsyncConnection, code: str) -> Published:
    """Return a resolution with all it says, whatever its state. refuses: not_found."""
    row = await storage.resolution_by_code(connection, code)
    if row is None:
        raise NOT_FOUND(what="tariff_resolution")
    contents = Resolution(
        row.code,
        row.title,
        row.issued_by,
        row.legal_basis,
        row.effective_from,
        row.effective_to,
        row.example,
        row.note,
        await storage.terms_of(connection, row.id),
        await storage.rules_of(connection, [code]),
    )
    periods = tuple(one for one in await storage.periods(connection) if one.code == code)
    return Published(row, contents, periods)


async def unpublished(connection: AsyncConnection) -> list[TariffResolutionRow]:
    """Return the drafts, the latest first day first."""
    return await storage.resolutions(connection, ["draft"])


def approvable_by(row: TariffResolutionRow, who: UUID | None) -> bool:
    """Say whether somebody may put a draft in force: not its preparer, and never an example."""
    return row.state == "draft" and not row.example and row.prepared_by != who
