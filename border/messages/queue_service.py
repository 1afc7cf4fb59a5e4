"""Putting messages into the outbox: who of a firm is told, and by which ways, decided as a set."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from border.core.actor import PROGRAM
from border.core.store import AnyRow, Unit
from border.messages import contact_storage, storage
from border.messages.message import first_try_at
from border.messages.occasion import Occasion
from border.messages.tables import MessageRow, WishesRow
from border.messages.wording import kept


@dataclass(frozen=True)
class Telling:
    """What a firm is to be told: on which occasion, of which event and record, with what facts."""

    occasion: Occasion
    event_id: UUID
    happened_at: datetime
    gate: str
    about: str
    organisation_id: UUID
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Recipient:
    """Somebody to be told, in a language, by `ways`: channels with addresses, in their order.

    Not of what they have `muted`, nor in their `quiet` hours but of what is urgent.
    """

    name: str
    organisation_id: UUID
    account_id: UUID | None
    locale: str
    ways: tuple[tuple[str, str], ...]
    quiet: tuple[time, time] | None = None
    muted: Collection[str] = ()


async def queue(
    unit: Unit,
    tellings: Sequence[Telling],
    channels: Collection[str],
    besides: Mapping[UUID, Sequence[tuple[Telling, Recipient]]] | None = None,
) -> int:
    """Put a message for each person to be told into the outbox; return how many that were.

    By `channels` alone, those that are set up. Who was told of an event is not told again; what is
    of no use any more is told to nobody. `besides` are others to be told of an event, by its id,
    each with what. writes: message; event message.queue.
    """
    due = [one for one in tellings if unit.at < one.happened_at + one.occasion.useful]
    if not due:
        return 0
    told = await storage.told(unit.connection, {one.event_id for one in due})
    firms: dict[UUID, list[Recipient]] = {}
    for person in await people(unit, {one.organisation_id for one in due}, channels):
        firms.setdefault(person.organisation_id, []).append(person)
    count = 0
    for one in due:
        theirs = [(one, person) for person in firms.get(one.organisation_id, ())]
        for telling, person in [*theirs, *(besides or {}).get(one.event_id, ())]:
            if (one.event_id, person.name) in told or one.occasion.code in person.muted:
                continue
            told.add((one.event_id, person.name))
            begin(unit, telling, person)
            count += 1
    return count


async def people(unit: Unit, firms: Collection[UUID], channels: Collection[str]) -> list[Recipient]:
    """Return who of some firms can be told by one of `channels`.

    The address somebody signs in with comes last, unless they put it elsewhere themselves.
    """
    found = await storage.people_of(unit.connection, firms)
    ids = {one.id for one in found}
    wishes = await contact_storage.wishes_of(unit.connection, ids)
    ways: dict[UUID, list[tuple[str, str]]] = {}
    for one in await contact_storage.confirmed_of(unit.connection, ids):
        ways.setdefault(one.account_id, []).append((one.channel, one.address))
    recipients = []
    for one in found:
        own = [*ways.get(one.id, ()), ("email", one.email)]
        by = tuple(dict.fromkeys(way for way in own if way[0] in channels))
        wish = wishes.get(one.id)
        if by:
            recipients.append(_recipient(one, by, wish))
    return recipients


def _recipient(
    account: AnyRow, ways: tuple[tuple[str, str], ...], wish: WishesRow | None
) -> Recipient:
    name, firm = f"account:{account.id}", account.organisation_id
    if wish is None:
        return Recipient(name, firm, account.id, "vi", ways)
    hours = (wish.quiet_begins, wish.quiet_ends)
    quiet = (hours[0], hours[1]) if hours[0] and hours[1] else None
    return Recipient(name, firm, account.id, wish.locale, ways, quiet, frozenset(wish.muted))


def begin(unit: Unit, telling: Telling, person: Recipient) -> None:
    """Leave a message to be put into the outbox at the end of the transaction, by the first way."""
    telling.occasion.check(telling.facts)
    (channel, address), *rest = person.ways
    unit.begin(
        MessageRow,
        "queued",
        "queue",
        gate=telling.gate,
        actor=PROGRAM,
        overdue_at=telling.happened_at + telling.occasion.useful,
        owner_organisation_id=person.organisation_id,
        account_id=person.account_id,
        event_id=telling.event_id,
        occasion=telling.occasion.code,
        about=telling.about,
        recipient=person.name,
        channel=channel,
        address=address,
        locale=person.locale,
        facts=kept(telling.facts),
        ways=[list(way) for way in rest],
        useful_until=telling.happened_at + telling.occasion.useful,
        next_try_at=first_try_at(unit.at, None if telling.occasion.urgent else person.quiet),
    )
