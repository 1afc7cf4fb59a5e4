"""Resolutions through their life: the second person, the days, the gaps, and rivals."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.event import listen, remove
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from border.core.actor import Actor, Role
from border.core.clock import local_midnight
from border.core.ids import new_id
from border.core.refusal import Refusal
from border.core.store import table_of
from border.core.tables import EventRow
from border.payments.tariffs import tariff_service
from border.payments.tariffs.tariff import assess
from border.payments.tariffs.tariff_service import seeds
from border.regulation import regulation_service, storage
from border.regulation.regulation import Period
from border.regulation.tables import ONE_AT_A_TIME, RegulationRow
from border.timeouts import Timeouts

from .conftest import FEE, Office, complete, file_of, header, rate, terms

NEW_YEAR = date(2027, 1, 1)
LAO_CAI = ("lao_cai_2014", date(2015, 1, 1))


# Drafts


async def test_a_file_becomes_a_draft_that_nobody_is_charged_by(office: Office) -> None:
    row = await office.draft(complete())
    assert (row.state, row.prepared_by, row.approved_by) == ("draft", office.manager.id, None)
    assert await office.days() == [(*LAO_CAI, None)]
    async with office.store.reading() as connection:
        in_force = (await tariff_service.rules_on_days(connection, FEE, [NEW_YEAR]))[NEW_YEAR]
    assert {rule.terms.resolution for rule in in_force} == {"lao_cai_2014"}


async def test_the_same_file_again_changes_nothing_whoever_sends_it(office: Office) -> None:
    first = await office.draft(complete())
    again = await office.draft(complete(), office.accountant)
    assert again == first
    lines = complete().decode().splitlines(keepends=True)
    shuffled = "".join([*lines[:3], *reversed(lines[3:])]).encode()
    assert await office.draft(shuffled) == first


async def test_a_draft_is_replaced_as_a_whole_and_says_who_did_it(office: Office) -> None:
    await office.draft(complete())
    row = await office.draft(file_of(header(), terms(), rate("next_all", 5)), office.accountant)
    assert (row.version, row.prepared_by) == (2, office.accountant.id)
    assert [rule.code for rule in (await office.one()).contents.rules] == ["next_all"]


async def test_of_a_file_with_one_bad_row_nothing_is_loaded(office: Office) -> None:
    bad = file_of(header(), terms(), rate("next_a", 5), rate("next_b", 0, regime_group="bonded"))
    refused = await office.refused(office.draft(bad))
    assert [(e.field, e.code) for e in refused.errors] == [("lines.5.amount_minor", "not_whole")]
    assert (await office.refused(office.one())).code == "not_found"


async def test_what_is_in_force_is_not_overwritten_by_a_file(office: Office) -> None:
    other = complete("lao_cai_2014")
    assert (await office.refused(office.draft(other))).code == "tariff_code_in_use"


async def test_the_code_of_a_rule_belongs_to_one_resolution(office: Office) -> None:
    taken = file_of(header("lao_cai"), terms(), rate("lao_cai_2014_ordinary_under_4t", 5))
    refused = await office.refused(office.draft(taken))
    assert [error.code for error in refused.errors] == ["codes_taken"]


async def test_only_managers_and_accountants_prepare(office: Office) -> None:
    assert (await office.refused(office.draft(complete(), office.trader))).code == "not_allowed"


async def test_a_resolution_read_back_is_the_one_that_was_loaded(office: Office) -> None:
    for seed in seeds():
        assert (await office.one(seed.code)).contents == seed


# In force


async def test_a_second_person_puts_it_in_force_and_it_ends_its_predecessor(
    office: Office,
) -> None:
    await office.draft(complete())
    row = await office.schedule()
    assert (row.state, row.approved_by) == ("scheduled", office.accountant.id)
    assert await office.days() == [(*LAO_CAI, NEW_YEAR), ("next", NEW_YEAR, None)]
    for on, amount in ((date(2026, 12, 31), 800_000), (NEW_YEAR, 900_000)):
        async with office.store.reading() as connection:
            rules = (await tariff_service.rules_on_days(connection, FEE, [on]))[on]
        found = assess(rules, FEE, ["ordinary"], "container_40", on)
        assert found is not None
        assert found.amount.minor == amount


async def test_whoever_prepared_it_does_not_put_it_in_force(office: Office) -> None:
    await office.draft(complete())
    refused = await office.refused(office.schedule(actor=office.manager))
    assert refused.code == "tariff_second_person"


async def test_the_database_too_wants_a_second_person(office: Office) -> None:
    row = await office.draft(complete())
    async with office.store.engine.connect() as connection:
        with pytest.raises(IntegrityError, match="second_person"):
            await connection.execute(
                text("UPDATE regulation SET approved_by = :who WHERE id = :id"),
                {"who": office.manager.id, "id": row.id},
            )


@pytest.mark.parametrize("begins", ["2015-01-01", "2026-11-22", "2026-11-23"])
async def test_it_begins_tomorrow_at_the_earliest(office: Office, begins: str) -> None:
    await office.draft(complete(begins=begins))
    refused = await office.refused(office.schedule())
    assert refused.code == "tariff_starts_too_early"
    assert refused.facts["earliest"] == "2026-11-24"


async def test_tomorrow_is_counted_at_the_gate(office: Office) -> None:
    await office.draft(complete(begins="2026-11-24"))
    office.clock.advance(timedelta(hours=12))  # 17:00 in UTC, midnight at the gate
    assert (await office.refused(office.schedule())).code == "tariff_starts_too_early"
    office.clock.advance(timedelta(seconds=-1))
    assert (await office.schedule()).state == "scheduled"


async def test_an_example_is_never_put_in_force(office: Office) -> None:
    for code in tariff_service.EXAMPLES:
        assert (await office.refused(office.schedule(code))).code == "tariff_example"
        assert (await office.one(code)).row.state == "draft"


async def test_two_do_not_begin_on_one_day(office: Office) -> None:
    for code in ("first", "second"):
        await office.draft(complete(code))
    await office.schedule("first")
    refused = await office.refused(office.schedule("second"))
    assert (refused.code, refused.facts["other"]) == ("tariff_overlap", "first")


async def test_one_before_another_needs_an_end(office: Office) -> None:
    await office.draft(complete("later", "2027-06-01"))
    await office.schedule("later")
    await office.draft(complete("sooner", "2027-02-01"))
    assert (await office.refused(office.schedule("sooner"))).code == "tariff_overlap"
    ended = (
        complete("sooner", "2027-02-01").decode().replace("2027-02-01,", "2027-02-01,2027-06-01")
    )
    await office.draft(ended.encode())
    await office.schedule("sooner")
    assert await office.days() == [
        (*LAO_CAI, date(2027, 2, 1)),
        ("sooner", date(2027, 2, 1), date(2027, 6, 1)),
        ("later", date(2027, 6, 1), None),
    ]


async def test_what_is_priced_today_and_would_not_be_is_told_first(office: Office) -> None:
    await office.draft(file_of(header(), terms(), rate("next_one", 5, vehicle_class="under_4t")))
    refused = await office.refused(office.schedule())
    assert refused.code == "tariff_gaps"
    assert "ordinary / container_40" in refused.facts["gaps"]
    assert not any("under_4t" in gap for gap in refused.facts["gaps"])
    assert (await office.schedule(gaps_known=True)).state == "scheduled"


async def test_a_draft_changed_since_it_was_read_is_not_put_in_force(office: Office) -> None:
    seen = await office.draft(complete())
    await office.draft(complete(amount=1))
    refused = await office.refused(office.schedule(version=seen.version))
    assert refused.code == "stale_version"


async def test_one_withdrawn_in_time_lets_its_predecessor_go_on(office: Office) -> None:
    await office.draft(complete())
    await office.schedule()
    assert (await office.withdraw()).state == "withdrawn"
    assert await office.days() == [(*LAO_CAI, None)]
    assert (await office.refused(office.withdraw())).code == "move_not_open"


async def test_the_only_one_of_its_kind_can_be_withdrawn_too(office: Office) -> None:
    await office.draft(
        file_of(
            header(),
            terms("yard_service", vat="reduced"),
            rate("next_yard", 5, kind="yard_service"),
        )
    )
    await office.schedule()
    await office.withdraw()
    async with office.store.reading() as connection:
        assert (await tariff_service.rules_on_days(connection, "yard_service", [NEW_YEAR]))[
            NEW_YEAR
        ] == ()
    assert await office.days() == [(*LAO_CAI, None)]


async def test_one_in_force_is_not_withdrawn(office: Office) -> None:
    await office.draft(complete())
    await office.schedule()
    office.clock.advance(timedelta(days=60))
    assert (await office.refused(office.withdraw())).code == "tariff_in_force"
    assert (await office.refused(office.withdraw("lao_cai_2014"))).code == "tariff_in_force"


async def test_a_withdrawal_gives_its_reason(office: Office) -> None:
    await office.draft(complete())
    refused = await office.refused(office.withdraw(reason=" "))
    assert [error.field for error in refused.errors] == ["reason"]


async def test_what_is_published_is_in_force_or_to_come(office: Office) -> None:
    await office.draft(complete())
    await office.schedule()
    async with office.store.reading() as connection:
        before = await tariff_service.published(connection, date(2026, 12, 31))
        after = await tariff_service.published(connection, NEW_YEAR)
    assert [(one.row.code, one.in_force(date(2026, 12, 31))) for one in before] == [
        ("lao_cai_2014", True),
        ("next", False),
    ]
    assert [one.row.code for one in after] == ["next"]


# Rivals


async def rivals(office: Office) -> list[str]:
    """Let two put two resolutions in force from the same day at once."""
    for code in ("one", "other"):
        await office.draft(complete(code))

    async def try_it(code: str) -> str:
        try:
            return (await office.schedule(code)).state
        except Refusal as refusal:
            return refusal.code

    return sorted(await asyncio.gather(try_it("one"), try_it("other")))


def side_by_side(count: int) -> Callable[..., Any]:
    """Return a reading of the days that no lock orders: all have read before any goes on."""
    line = asyncio.Barrier(count)
    met = 0

    async def lock_periods(connection: AsyncConnection, chains: Any) -> list[Period]:
        nonlocal met
        found = [
            one for one in await storage.periods(connection, ["tariff"]) if one.chain in chains
        ]
        met += 1
        if met <= count:
            await line.wait()
        return found

    return lock_periods


@asynccontextmanager
async def unfenced(engine: AsyncEngine) -> AsyncIterator[None]:
    """Take the fence on the days away for a while."""
    asked = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    async with engine.begin() as connection:
        fence = await connection.scalar(text(asked), {"name": ONE_AT_A_TIME})
        await connection.execute(
            text(f"ALTER TABLE regulation_period DROP CONSTRAINT {ONE_AT_A_TIME}")
        )
    try:
        yield
    finally:
        async with engine.begin() as connection:
            await connection.execute(text("DELETE FROM regulation_period"))
            await connection.exec_driver_sql(
                f"ALTER TABLE regulation_period ADD CONSTRAINT {ONE_AT_A_TIME} {fence}"
            )


async def test_of_two_on_the_same_day_exactly_one_is_put_in_force(office: Office) -> None:
    assert await rivals(office) == ["scheduled", "tariff_overlap"]
    assert len(await office.days()) == 2


async def test_the_fence_alone_holds_when_both_have_looked_before_either_wrote(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "lock_periods", side_by_side(2))
    assert await rivals(office) == ["scheduled", "tariff_overlap"]
    assert [days[1:] for days in await office.days()] == [
        (date(2015, 1, 1), NEW_YEAR),
        (NEW_YEAR, None),
    ]


async def test_control_without_the_fence_both_are_in_force(
    office: Office, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "lock_periods", side_by_side(2))
    async with unfenced(engine):
        assert await rivals(office) == ["scheduled", "scheduled"]
        assert len(await office.days()) == 3


async def test_a_draft_loaded_twice_at_once_is_there_once(office: Office) -> None:
    rows = await asyncio.gather(
        office.draft(complete()), office.draft(complete(), office.accountant)
    )
    assert rows[0] == rows[1]


async def test_managers_and_accountants_are_who_the_second_person_can_be(office: Office) -> None:
    await office.draft(complete())
    cashier = Actor(new_id(), "", frozenset({Role.CASHIER}))
    assert (await office.refused(office.schedule(actor=cashier))).code == "not_allowed"
    second = Actor(new_id(), "", frozenset({Role.MANAGER}))
    assert (await office.schedule(actor=second)).approved_by == second.id


async def test_its_events_go_by_its_own_name_and_its_reference_too(office: Office) -> None:
    row = await office.draft(complete())
    await office.schedule()
    office.clock.at = local_midnight(NEW_YEAR)
    assert await Timeouts(office.store).end(RegulationRow) == 1
    assert await regulation_service.supersede_over(office.store) == 1
    async with office.store.reading() as connection:
        told = table_of(EventRow)
        found = (await connection.execute(select(told).order_by(told.c.seq))).all()
    assert row.reference.startswith("TRF-")
    assert [event.type for event in found] == [
        "tariff_resolution.prepare",
        "tariff_resolution.schedule",
        "tariff_resolution.begin",
        "tariff_resolution.supersede",
    ]
    assert found[1].payload == {
        "state": "scheduled",
        "code": "next",
        "effective_from": "2027-01-01",
    }
    assert (await office.one()).row.state == "in_force"
    assert (await office.one("lao_cai_2014")).row.state == "superseded"


async def test_a_price_is_read_in_one_statement_once_its_rates_are_known(office: Office) -> None:
    async with office.store.reading() as connection:
        (await tariff_service.rules_on_days(connection, FEE, [NEW_YEAR]))[NEW_YEAR]
    asked: list[str] = []

    def count(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.append(statement)

    engine = office.store.engine.sync_engine
    listen(engine, "before_cursor_execute", count)
    try:
        async with office.store.reading() as connection:
            assert (await tariff_service.rules_on_days(connection, FEE, [NEW_YEAR]))[NEW_YEAR]
    finally:
        remove(engine, "before_cursor_execute", count)
    assert len(asked) == 1
