"""Dated rules: what holds for every kind alike, and the fences under it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

import api.tables  # noqa: F401  (every kind of rules is declared)
from border.core.actor import Actor, Role
from border.core.clock import FixedClock, local_midnight
from border.core.ids import new_id
from border.core.refusal import Refusal
from border.core.store import PROGRAM, Store, Unit
from border.gates import load_seed
from border.messages.text_rules import MESSAGE_TEXTS
from border.payments.tariffs import tariff_service
from border.payments.tariffs.tariff_kind import TARIFF, as_draft
from border.regulation import history, regulation_service, storage
from border.regulation.regulation import Period, chained, in_the_way
from border.regulation.rule_kind import KINDS, RuleKind, RuleSetDraft, rule_kind
from border.regulation.rulebook import RuleSet, made_once, rules_on
from border.regulation.tables import ONE_AT_A_TIME, RegulationRow
from border.timeouts import Timeouts
from customs import rule_service
from logistics.ballot.terms import BALLOT_TERMS
from logistics.calling.terms import CALLING_SEED, CALLING_TERMS, STANDBY_SEED, STANDBY_TERMS
from logistics.capacity.template import HOUR_TEMPLATES, TEMPLATE_SEEDS
from logistics.fairness.holds import HOLD_TERMS
from logistics.fairness.ladder import FAULT_LADDER
from logistics.fairness.rush import RUSH_TERMS
from logistics.share_rules import SLOT_SHARES
from logistics.slot_rules import (
    CHANGE_TERMS,
    CHANGES_SEED,
    CROSSING_TERMS,
    SLOT_RULES,
    SLOT_SEEDS,
    TERMS_SEED,
)
from logistics.telling import texts
from logistics.waiting.terms import WAITING_SEED, WAITING_TERMS
from tests.logistics.rule_drafts import (
    holds_draft,
    ladder_draft,
    rush_draft,
    shares_draft,
    terms_draft,
)

SEEDS: dict[str, RuleSetDraft] = {
    **{kind.name: seed for kind, seed in rule_service.seeds()},
    SLOT_RULES.name: SLOT_SEEDS[0],
    CROSSING_TERMS.name: TERMS_SEED,
    WAITING_TERMS.name: WAITING_SEED,
    CALLING_TERMS.name: CALLING_SEED,
    BALLOT_TERMS.name: terms_draft("KIM_THANH_II", "ballots", date(2026, 1, 1)),
    SLOT_SHARES.name: shares_draft("KIM_THANH_II", "shares", date(2026, 1, 1)),
    CHANGE_TERMS.name: CHANGES_SEED,
    STANDBY_TERMS.name: STANDBY_SEED,
    FAULT_LADDER.name: ladder_draft(date(2026, 1, 1)),
    HOLD_TERMS.name: holds_draft(date(2026, 1, 1), 3),
    RUSH_TERMS.name: rush_draft(date(2026, 1, 1)),
    MESSAGE_TEXTS.name: texts.seeds()[0],
    HOUR_TEMPLATES.name: TEMPLATE_SEEDS[0],
    TARIFF.name: as_draft(next(tariff_service.seeds())),
}
"""A set of each kind to write others from."""
TODAY = date(2026, 11, 23)
BEGINS = date(2026, 12, 1)
every_kind = pytest.mark.parametrize("name", sorted(SEEDS))


@dataclass
class Office:
    """Two people who may do everything to rules, and one who may not."""

    store: Store
    clock: FixedClock
    writer: Actor
    approver: Actor
    trader: Actor

    async def drafts(
        self, kind: RuleKind[Any], rules: RuleSetDraft, by: Actor | None = None
    ) -> Any:
        """Write a draft."""
        return await self.store.perform(
            by or self.writer, lambda unit: regulation_service.put_draft(unit, kind, rules)
        )

    async def schedules(
        self, kind: RuleKind[Any], code: str, by: Actor | None = None, version: int | None = None
    ) -> Any:
        """Put a draft in force on its days."""
        return await self.store.perform(
            by or self.approver,
            lambda unit: regulation_service.schedule(unit, kind, code, version),
        )

    async def withdraws(self, kind: RuleKind[Any], code: str, reason: str = "A mistake.") -> Any:
        """Withdraw a set."""
        return await self.store.perform(
            self.writer, lambda unit: regulation_service.withdraw(unit, kind, code, reason)
        )

    async def in_force(self, kind: RuleKind[Any], on: date) -> list[str]:
        """Return the codes of the sets of a kind in force on a day."""
        async with self.store.reading() as connection:
            book = await rules_on(connection, on, [kind])
        return sorted({one.code for one in book.sets.values()})

    async def goes_on(self) -> int:
        """Let the program do what it does by itself, and return how many moves it made."""
        begun = await Timeouts(self.store).end(RegulationRow)
        return begun + await regulation_service.supersede_over(self.store)

    async def states(self, kind: RuleKind[Any]) -> dict[str, str]:
        """Return the state of each set of a kind."""
        async with self.store.reading() as connection:
            return {one.row.code: one.row.state for one in await self.written(kind, connection)}

    async def written(self, kind: RuleKind[Any], connection: Any) -> list[history.Written]:
        """Return every set of a kind."""
        return await history.written(connection, [kind.name])

    async def refused(self, work: Any) -> str:
        """Return the code that something is refused with."""
        with pytest.raises(Refusal) as caught:
            await work
        return caught.value.code


@pytest.fixture
async def office(store: Store, clock: FixedClock) -> Office:
    """The offices, and a first set of each kind in force."""

    def person(*roles: Role) -> Actor:
        return Actor(new_id(), "", frozenset(roles))

    async def load(unit: Unit) -> None:
        await load_seed(unit.connection)
        for name, seed in SEEDS.items():
            await regulation_service.load(unit, KINDS[name], [seed])

    await store.perform(PROGRAM, load)
    both = (Role.MANAGER, Role.CUSTOMS_OFFICER)
    return Office(store, clock, person(*both), person(*both), person(Role.TRADER))


def following(name: str, code: str = "next", begins: date = BEGINS, **changes: Any) -> RuleSetDraft:
    """Return a set of a kind from a later day on; codes that begin with its own begin anew."""
    old = SEEDS[name]
    rows = [
        row | {kind.unique: row[kind.unique].replace(old.code, code)}
        if (kind := KINDS[name]).unique and kind.unique in row
        else row
        for row in old.rows
    ]
    said = {"code": code, "effective_from": begins, "rows": tuple(rows)}
    return old.model_copy(update=said | changes)


# Every kind alike


def test_every_kind_of_rules_is_looked_at_here() -> None:
    assert set(SEEDS) == set(KINDS)


@every_kind
async def test_a_set_is_written_by_one_and_put_in_force_by_another(
    office: Office, name: str
) -> None:
    kind, first = KINDS[name], SEEDS[name].code
    row = await office.drafts(kind, following(name))
    assert (row.state, row.prepared_by, row.approved_by) == ("draft", office.writer.id, None)
    assert await office.in_force(kind, BEGINS) == [first]
    own = office.schedules(kind, "next", office.writer)
    assert await office.refused(own) == kind.refusals.second_person.code
    assert await office.refused(office.schedules(kind, "next", office.trader)) == "not_allowed"
    row = await office.schedules(kind, "next")
    assert (row.state, row.approved_by) == ("scheduled", office.approver.id)


@every_kind
async def test_the_next_set_takes_over_at_midnight_of_the_gate(office: Office, name: str) -> None:
    kind, first = KINDS[name], SEEDS[name].code
    await office.drafts(kind, following(name))
    await office.schedules(kind, "next")
    assert await office.in_force(kind, BEGINS - timedelta(days=1)) == [first]
    assert await office.in_force(kind, BEGINS) == ["next"]
    # The states follow: a moment before midnight at the gate nothing has begun.
    midnight = local_midnight(BEGINS)
    assert midnight == datetime.fromisoformat("2026-11-30T17:00:00+00:00")
    office.clock.at = midnight - timedelta(seconds=1)
    assert await office.goes_on() == 0
    assert await office.states(kind) == {first: "in_force", "next": "scheduled"}
    office.clock.at = midnight
    assert await office.goes_on() == 2
    assert await office.states(kind) == {first: "superseded", "next": "in_force"}
    assert await office.goes_on() == 0


@every_kind
async def test_two_sets_never_hold_on_one_day(office: Office, name: str) -> None:
    kind = KINDS[name]
    for code in ("one", "other"):
        await office.drafts(kind, following(name, code))
    await office.schedules(kind, "one")
    overlapping = office.schedules(kind, "other")
    assert await office.refused(overlapping) == kind.refusals.overlap.code
    ended = following(name, "other", BEGINS - timedelta(days=5), effective_to=BEGINS)
    await office.drafts(kind, ended)
    await office.schedules(kind, "other")
    assert await office.in_force(kind, BEGINS - timedelta(days=1)) == ["other"]
    assert await office.in_force(kind, BEGINS) == ["one"]


@every_kind
async def test_a_set_withdrawn_in_time_lets_its_predecessor_go_on(
    office: Office, name: str
) -> None:
    kind, first = KINDS[name], SEEDS[name].code
    await office.drafts(kind, following(name))
    await office.schedules(kind, "next")
    assert await office.refused(office.withdraws(kind, "next", " ")) == "invalid_fields"
    assert (await office.withdraws(kind, "next")).state == "withdrawn"
    assert await office.in_force(kind, BEGINS) == [first]
    assert await office.refused(office.withdraws(kind, first)) == kind.refusals.in_force.code
    assert await office.refused(office.withdraws(kind, "next")) == "move_not_open"


@every_kind
async def test_a_draft_begins_tomorrow_at_the_earliest(office: Office, name: str) -> None:
    kind = KINDS[name]
    await office.drafts(kind, following(name, begins=TODAY + timedelta(days=1)))
    office.clock.at = local_midnight(TODAY + timedelta(days=1))
    late = office.schedules(kind, "next")
    assert await office.refused(late) == kind.refusals.starts_too_early.code
    office.clock.at -= timedelta(seconds=1)
    assert (await office.schedules(kind, "next")).state == "scheduled"


@every_kind
async def test_an_example_is_never_put_in_force(office: Office, name: str) -> None:
    kind = KINDS[name]
    await office.drafts(kind, following(name, example=True))
    assert await office.refused(office.schedules(kind, "next")) == kind.refusals.example.code


@every_kind
async def test_the_digest_tells_what_is_said_and_nothing_else(office: Office, name: str) -> None:
    kind = KINDS[name]
    first = await office.drafts(kind, following(name))
    assert await office.drafts(kind, following(name), office.approver) == first
    shuffled = following(name, rows=following(name).rows[::-1])
    assert (await office.drafts(kind, shuffled)).digest == first.digest
    other = await office.drafts(kind, following(name, legal_basis="another decree"))
    assert (other.version, other.digest == first.digest) == (2, False)
    await office.schedules(kind, "next", version=2)
    again = office.drafts(kind, following(name))
    assert await office.refused(again) == kind.refusals.code_in_use.code


@every_kind
async def test_a_draft_changed_since_it_was_read_is_not_put_in_force(
    office: Office, name: str
) -> None:
    kind = KINDS[name]
    seen = await office.drafts(kind, following(name))
    await office.drafts(kind, following(name, title="Another"))
    stale = office.schedules(kind, "next", version=seen.version)
    assert await office.refused(stale) == "stale_version"


@every_kind
async def test_rows_that_are_wrong_are_named(office: Office, name: str) -> None:
    kind = KINDS[name]
    rows = ({**SEEDS[name].rows[0], "nonsense": 1},)
    with pytest.raises(ValidationError) as caught:
        await office.drafts(kind, following(name, rows=rows))
    assert [error["loc"][:2] for error in caught.value.errors()] == [("rows", 0)]
    ended = following(name, effective_to=BEGINS)
    assert await office.refused(office.drafts(kind, ended)) == "invalid_fields"


@every_kind
async def test_only_who_may_write_does(office: Office, name: str) -> None:
    drafting = office.drafts(KINDS[name], following(name), office.trader)
    assert await office.refused(drafting) == "not_allowed"


@every_kind
def test_every_row_is_said_in_a_sentence(name: str) -> None:
    for row in KINDS[name].read(SEEDS[name].rows):
        sentence, facts = KINDS[name].words(row)
        assert sentence.format(**facts)


@every_kind
async def test_loading_again_adds_nothing(office: Office, name: str) -> None:
    async def load(unit: Unit) -> int:
        return await regulation_service.load(unit, KINDS[name], [SEEDS[name]])

    assert await office.store.perform(PROGRAM, load) == 0


async def test_the_board_proposes_what_customs_goes_by_and_customs_alone_decides(
    office: Office,
) -> None:
    kind = KINDS["selectivity"]
    managers = [Actor(new_id(), "", frozenset({Role.MANAGER})) for _ in range(2)]
    await office.drafts(kind, following("selectivity"), managers[0])
    assert await office.refused(office.schedules(kind, "next", managers[1])) == "not_allowed"
    officer = Actor(new_id(), "", frozenset({Role.CUSTOMS_OFFICER}))
    assert (await office.schedules(kind, "next", officer)).approved_by == officer.id


async def test_two_rows_do_not_say_the_same_key(office: Office) -> None:
    row = SEEDS["slot_rules"].rows[0]
    twice = following("slot_rules", rows=(row, row))
    assert await office.refused(office.drafts(SLOT_RULES, twice)) == "invalid_fields"


async def test_a_set_that_is_followed_in_one_direction_speaks_of_the_other_alone(
    office: Office,
) -> None:
    [row] = SEEDS[SLOT_RULES.name].rows
    both = (row | {"direction": "export", "capacity": 7}, row | {"direction": "import"})
    await office.drafts(SLOT_RULES, following(SLOT_RULES.name, "both", rows=both))
    await office.schedules(SLOT_RULES, "both")
    later = following(SLOT_RULES.name, "imports", BEGINS + timedelta(days=1), rows=both[1:])
    await office.drafts(SLOT_RULES, later)
    await office.schedules(SLOT_RULES, "imports")
    async with office.store.reading() as connection:
        book = await rules_on(connection, later.effective_from, [SLOT_RULES])
    found = {(one.gate, one.subject): one for one in book.sets.values()}
    said = {way: (one.code, [row.direction for row in one.rows]) for way, one in found.items()}
    assert said == {
        ("KIM_THANH_II", "export"): ("both", ["export"]),
        ("KIM_THANH_II", "import"): ("imports", ["import"]),
    }


async def test_a_set_for_one_gate_names_a_gate_there_is(office: Office) -> None:
    nowhere = following("slot_rules", gate="NOWHERE")
    assert await office.refused(office.drafts(SLOT_RULES, nowhere)) == "invalid_fields"
    one_gate = following("selectivity", gate="KIM_THANH_II")
    drafting = office.drafts(KINDS["selectivity"], one_gate)
    assert await office.refused(drafting) == "invalid_fields"


def test_a_kind_is_declared_once() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        rule_kind(SLOT_RULES)


async def test_without_a_set_in_force_what_it_decides_is_refused(store: Store) -> None:
    async with store.reading() as connection:
        book = await rules_on(connection, TODAY, [CROSSING_TERMS])
    assert book.find(CROSSING_TERMS) is None
    with pytest.raises(Refusal) as caught:
        book.of(CROSSING_TERMS)
    assert caught.value.code == "no_rules_in_force"


# The fences


async def test_the_database_too_wants_a_second_person(office: Office) -> None:
    row = await office.drafts(CROSSING_TERMS, following("crossing_terms"))
    async with office.store.engine.connect() as connection:
        with pytest.raises(IntegrityError, match="second_person"):
            await connection.execute(
                text("UPDATE regulation SET approved_by = prepared_by WHERE id = :id"),
                {"id": row.id},
            )


@pytest.mark.parametrize("change", ["rows = '[{}]'", "code = 'x'", "legal_basis = 'x'"])
async def test_what_was_put_in_force_is_never_edited(office: Office, change: str) -> None:
    async with office.store.engine.connect() as connection:
        with pytest.raises(DBAPIError, match="never edited"):
            await connection.execute(text(f"UPDATE regulation SET {change}"))
    async with office.store.engine.connect() as connection:
        with pytest.raises(DBAPIError, match=r"never edited|violates foreign key"):
            await connection.execute(text("DELETE FROM regulation"))


async def test_control_a_draft_is_edited(office: Office) -> None:
    row = await office.drafts(CROSSING_TERMS, following("crossing_terms"))
    async with office.store.engine.connect() as connection:
        done = await connection.execute(
            text("UPDATE regulation SET title = 'x' WHERE id = :id"), {"id": row.id}
        )
        assert done.rowcount == 1


def side_by_side(count: int) -> Any:
    """Return a reading of the days that no lock orders: all have read before any goes on."""
    line = asyncio.Barrier(count)
    met = 0

    async def lock_periods(connection: Any, chains: Any) -> list[Period]:
        nonlocal met
        found = await storage.periods(connection, list(KINDS))
        met += 1
        if met <= count:
            await line.wait()
        return [one for one in found if one.chain in chains]

    return lock_periods


@asynccontextmanager
async def unfenced(store: Store) -> AsyncIterator[None]:
    """Take the fence on the days away for a while."""
    asked = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    table = "ALTER TABLE regulation_period"
    async with store.engine.begin() as connection:
        fence = await connection.scalar(text(asked), {"name": ONE_AT_A_TIME})
        await connection.execute(text(f"{table} DROP CONSTRAINT {ONE_AT_A_TIME}"))
    try:
        yield
    finally:
        async with store.engine.begin() as connection:
            await connection.execute(text("DELETE FROM regulation_period"))
            await connection.exec_driver_sql(f"{table} ADD CONSTRAINT {ONE_AT_A_TIME} {fence}")


async def rivals(office: Office) -> list[str]:
    """Let two put two sets in force from the same day at once."""
    for code in ("one", "other"):
        await office.drafts(CROSSING_TERMS, following("crossing_terms", code))

    async def try_it(code: str) -> str:
        try:
            row: RegulationRow = await office.schedules(CROSSING_TERMS, code)
            return row.state
        except Refusal as refusal:
            return refusal.code

    return sorted(await asyncio.gather(try_it("one"), try_it("other")))


async def test_the_fence_alone_holds_when_both_have_looked_before_either_wrote(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "lock_periods", side_by_side(2))
    assert await rivals(office) == ["rules_overlap", "scheduled"]
    assert len(await office.in_force(CROSSING_TERMS, BEGINS)) == 1


async def test_control_without_the_fence_both_are_in_force(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "lock_periods", side_by_side(2))
    async with unfenced(office.store):
        assert await rivals(office) == ["scheduled", "scheduled"]


# The days, without a database


def test_one_that_began_before_is_ended_and_one_that_begins_within_is_in_the_way() -> None:
    def period(code: str, begins: int, ends: int | None = None) -> Period:
        end = None if ends is None else BEGINS + timedelta(days=ends)
        return Period("c", code, BEGINS + timedelta(days=begins), end)

    new = period("new", 10, 20)
    before, within, after = period("a", 0), period("b", 15), period("c", 20)
    assert in_the_way(new, [before]) is None
    assert in_the_way(new, [before, within, after]) == within
    ends = [one.effective_to for one in chained([after, before, new])]
    assert ends == [new.effective_from, after.effective_from, None]


# What is made of a set


def test_what_a_package_makes_of_a_set_is_made_once_for_each_version_and_its_days() -> None:
    made: list[str] = []

    @made_once
    def make(found: RuleSet[Any]) -> str:
        made.append(found.version)
        return found.version

    one = RuleSet("c", "a", "a@1", "", TODAY, None, ())
    assert [make(one), make(replace(one)), make(replace(one, version="a@2"))] == [
        *("a@1", "a@1", "a@2")
    ]
    make(replace(one, effective_to=BEGINS))
    assert made == ["a@1", "a@2", "a@1"]
