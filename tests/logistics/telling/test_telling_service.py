"""From what happens at the gate to what is put into the outbox: whom, and with which facts."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from border.core.actor import PROGRAM, Actor
from border.core.store import Unit
from border.core.tables import ReaderRow
from border.identity.tables import AccountRow
from border.messages.contact_service import NOT_MUTED
from border.messages.tables import MessageRow
from border.messages.text_rules import LOCALES, MESSAGE_TEXTS
from logistics import booking_service
from logistics.telling import telling_service, texts
from logistics.telling.occasions import TOLD

CHANNELS = ("email",)
HOUR = timedelta(hours=1)


class Told:
    """A yard whose feed is read by the reader that tells."""

    def __init__(self, yard: Any) -> None:
        self.yard = yard
        self.reader = telling_service.reader(CHANNELS)

    async def account(self, actor: Actor, email: str) -> None:
        """Let somebody sign in for the firm of an actor."""

        async def work(unit: Unit) -> None:
            await unit.add(
                AccountRow(
                    email=email,
                    name=email,
                    password_hash="-",
                    roles=["trader"],
                    organisation_id=actor.organisation_id,
                )
            )

        await self.yard.does(PROGRAM, work)

    async def said(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Read the feed to its end; return occasion, address and facts of what is new."""
        before = {row.id for row in await self.yard.rows(MessageRow)}
        await self.yard.quiet()
        await self.reader.catch_up(self.yard.store)
        rows = [row for row in await self.yard.rows(MessageRow) if row.id not in before]
        return [(row.occasion, row.address, row.facts) for row in sorted(rows, key=lambda r: r.id)]


@pytest.fixture
async def told(yard: Any) -> Told:
    """A yard with somebody who signs in for each of two firms."""
    told = Told(yard)
    await told.account(yard.trader, "lan@sao-mai.test")
    await told.account(yard.rival, "hong@song-hong.test")
    return told


async def test_the_firm_alone_is_told_of_a_slip_with_hour_and_gate(told: Told) -> None:
    yard = told.yard
    booked = await yard.confirmed(await yard.slot(), (await yard.released()).id)
    said = {occasion: facts for occasion, address, facts in await told.said()}
    assert set(said) == {"slip_ready", "paid", "released"}
    assert said["slip_ready"] == {
        "plate": booked.plate_typed,
        "reference": booked.reference,
        "slip": booked.slip_reference,
        "gate": said["slip_ready"]["gate"],
        "hour": [booked.slot_starts_at.isoformat(), booked.slot_ends_at.isoformat()],
        "link": f"/trader/bookings/{booked.id}",
    }
    assert set(said["slip_ready"]["gate"]) == set(LOCALES)
    assert said["paid"]["amount"]["currency"] == "VND"
    rows = await yard.rows(MessageRow)
    assert {row.address for row in rows} == {"lan@sao-mai.test"}
    assert {row.owner_organisation_id for row in rows} == {yard.trader.organisation_id}


async def test_a_hold_that_lapses_is_told_and_one_that_is_cancelled_is_not(told: Told) -> None:
    yard = told.yard
    lapsing = await yard.book(await yard.slot(), (await yard.released()).id)
    cancelled = await yard.book(await yard.slot(), (await yard.released()).id)
    await told.said()
    await yard.cancel(cancelled)
    yard.clock.advance(HOUR)
    await yard.sweep()
    ((occasion, _, facts),) = await told.said()
    assert (occasion, facts["reference"]) == ("lapsed", lapsing.booking.reference)


async def test_customs_words_about_a_declaration_are_told(told: Told) -> None:
    yard = told.yard
    row = await yard.lodged(handling=["dangerous_goods"])
    await yard.move(row, "query", reason="Which ones?")
    said = await told.said()
    assert [(occasion, facts) for occasion, _, facts in said] == [
        ("queried", {"reference": row.reference, "link": f"/trader/declarations/{row.id}"})
    ]


async def test_a_slip_that_was_replaced_before_it_was_told_is_not_told(told: Told) -> None:
    yard = told.yard
    booked = await yard.confirmed(await yard.slot())
    await yard.does(yard.trader, lambda unit: booking_service.cancel(unit, booked.id, None))
    assert [occasion for occasion, _, _ in await told.said()] == []


async def test_an_event_is_told_once_though_the_feed_is_read_again(told: Told) -> None:
    yard = told.yard
    await yard.confirmed(await yard.slot(), (await yard.released()).id)
    assert len(await told.said()) == 3
    await told.reader.rewind(yard.store)
    assert await told.said() == []


async def test_what_is_passed_over_is_told_to_nobody(told: Told) -> None:
    yard = told.yard
    await yard.confirmed(await yard.slot())
    await yard.quiet()
    await told.reader.pass_over(yard.store)
    assert await told.said() == []
    (place,) = await yard.rows(ReaderRow, name=telling_service.NAME)
    assert place.seq > 0


async def test_telling_asks_as_few_statements_for_many_events_as_for_one(told: Told) -> None:
    yard, counts = told.yard, []
    for many in (1, 6):
        for _ in range(many):
            await yard.confirmed(await yard.slot())
        await yard.quiet()
        seen: list[str] = []

        def heard(_c: Any, _k: Any, statement: str, *_: Any, seen: list[str] = seen) -> None:
            seen.append(statement)

        event.listen(yard.store.engine.sync_engine, "before_cursor_execute", heard)
        try:
            await told.reader.advance(yard.store)
        finally:
            event.remove(yard.store.engine.sync_engine, "before_cursor_execute", heard)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 12


def test_every_text_is_there_in_every_language_and_short_enough_for_zalo() -> None:
    drafts = texts.seeds()
    rows = [row for draft in drafts for row in MESSAGE_TEXTS.read(draft.rows)]
    assert [MESSAGE_TEXTS.faults(draft, MESSAGE_TEXTS.read(draft.rows)) for draft in drafts] == [
        (),
        (),
    ]
    told = {one.occasion.code for one in TOLD} | {one.driver.code for one in TOLD if one.driver}
    assert {row.occasion for row in rows} == told | set(NOT_MUTED)
    for row in rows:
        assert len(row.title) + len(row.text) < 400
        assert "{link}" in row.text or row.occasion == "confirm_contact"
