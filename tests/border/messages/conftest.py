"""People who are told something, and a mail server behind a real socket."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from border.core.clock import FixedClock
from border.core.ids import new_id
from border.core.store import PROGRAM, Store, Unit, table_of
from border.identity.tables import AccountRow, OrganisationRow
from border.messages import queue_service
from border.messages.channels.email.channel import Email, EmailSettings
from border.messages.channels.kind import MessageChannel
from border.messages.occasion import OCCASIONS, Occasion, occasions
from border.messages.outbox_worker import send_due
from border.messages.queue_service import Telling
from border.messages.tables import MessageRow
from border.messages.text_rules import LOCALES, MESSAGE_TEXTS, seed
from border.regulation import regulation_service
from border.sandbox.books.letters import Letter
from border.sandbox.post.mail_server import Mailbox, serve_mail

GATE = "KIM_THANH_II"
HERE = "http://gate.test"
ARRIVAL = Occasion("test_arrival", "A crate came", ("reference", "link"), timedelta(hours=2))
if ARRIVAL.code not in OCCASIONS:
    occasions(ARRIVAL)
TEXT = {
    "vi": "Thùng {reference} đã đến: {link}",
    "zh": "{reference}已到：{link}",
    "en": "{reference}: {link}",
}


@dataclass
class Post:
    """An outbox with people to be told, and what reached them."""

    store: Store
    clock: FixedClock
    firm: OrganisationRow
    channels: dict[str, MessageChannel]
    letters: list[Letter] = field(default_factory=list)

    async def account(self, email: str, *roles: str, active: bool = True) -> AccountRow:
        """Add somebody who can sign in for the firm."""
        row = AccountRow(
            email=email,
            name="Somebody",
            password_hash="-",
            roles=list(roles or ("trader",)),
            organisation_id=self.firm.id,
            active=active,
        )

        async def work(unit: Unit) -> AccountRow:
            return await unit.add(row)

        return await self.store.perform(PROGRAM, work)

    def telling(self, event: UUID | None = None, **changes: Any) -> Telling:
        """Return something to tell the firm."""
        said: dict[str, Any] = {
            "occasion": ARRIVAL,
            "event_id": event or new_id(),
            "happened_at": self.clock.now(),
            "gate": GATE,
            "about": "CRT-1",
            "organisation_id": self.firm.id,
            "facts": {"reference": "CRT-1", "link": "/crates/1"},
        }
        return Telling(**said | changes)

    async def tell(self, *tellings: Telling, by: Mapping[str, MessageChannel] | None = None) -> int:
        """Put into the outbox what is to be told."""
        channels = self.channels if by is None else by

        async def work(unit: Unit) -> int:
            return await queue_service.queue(unit, tellings, channels)

        return await self.store.perform(PROGRAM, work)

    async def send(self) -> int:
        """Send what is due."""
        return await send_due(self.store, self.channels, HERE)

    async def rows(self) -> list[MessageRow]:
        """Return every message, the oldest first."""
        table = table_of(MessageRow)
        async with self.store.reading() as connection:
            found = await connection.execute(select(table).order_by(table.c.id))
            return [MessageRow(**row._mapping) for row in found]

    async def states(self) -> list[tuple[str, str]]:
        """Return channel and state of every message, the oldest first."""
        return [(row.channel, row.state) for row in await self.rows()]


@pytest.fixture
async def post(store: Store, clock: FixedClock) -> AsyncIterator[Post]:
    """An outbox whose only channel is e-mail, with a server that takes it."""
    firm = OrganisationRow(name="Sao Mai", kind="trader", tax_code="0100112437")
    rows = [
        {"occasion": ARRIVAL.code, "locale": locale, "title": "{reference}", "text": TEXT[locale]}
        for locale in LOCALES
    ]

    async def work(unit: Unit) -> None:
        await unit.add(firm)
        await regulation_service.load(unit, MESSAGE_TEXTS, [seed("test-texts", rows)])

    await store.perform(PROGRAM, work)
    post = Post(store, clock, firm, {})
    async with serve_mail("127.0.0.1", 0, Mailbox(clock, post.letters.append)) as port:
        row = EmailSettings(host="127.0.0.1", port=port, security="none", sender="gate@zone.test")
        post.channels["email"] = Email(row)
        yield post
