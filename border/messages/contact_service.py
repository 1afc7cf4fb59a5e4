"""How somebody is reached: their addresses, each confirmed by a code, and their wishes."""

import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.core.ids import new_id, new_reference
from border.core.refusal import INVALID, FieldError
from border.core.store import Unit
from border.core.words import N_
from border.identity import policy
from border.messages import contact_storage, queue_service
from border.messages.contact import (
    CODE_HOLDS,
    CONFIRM,
    MOST_CONTACTS,
    TEST,
    TOO_MANY_CONTACTS,
    TYPED,
    code_digest,
    read_address,
    read_quiet,
)
from border.messages.occasion import OCCASIONS, Occasion
from border.messages.queue_service import Recipient, Telling
from border.messages.tables import ContactRow, WishesRow
from border.messages.text_rules import LOCALES
from border.regulation.regulation import ZONE

NOT_MUTED = (CONFIRM.code, TEST.code)
"""What is told whatever somebody wishes: they asked for it themselves."""


@dataclass(frozen=True)
class Reached:
    """Where somebody is told, the first address first, and how they wish to be."""

    contacts: Sequence[ContactRow]
    wishes: WishesRow


async def reached(connection: AsyncConnection, actor: Actor) -> Reached:
    """Return how whoever asks is reached."""
    policy.check(actor, "contact.list")
    assert actor.id is not None
    contacts = await contact_storage.contacts_of(connection, actor.id)
    found = await contact_storage.wishes_of(connection, [actor.id])
    return Reached(contacts, found.get(actor.id) or WishesRow(account_id=actor.id, muted=[]))


async def add(unit: Unit, channel: str, text: str, channels: Collection[str]) -> ContactRow:
    """Add an address of whoever asks, and send a code to it by its channel.

    refuses: not_allowed, invalid_fields, too_many_contacts. writes: contact, message; events
    contact.add, message.queue.
    """
    policy.check(unit.actor, "contact.add")
    here = await reached(unit.connection, unit.actor)
    errors = []
    address = ""
    if channel not in TYPED or channel not in channels:
        says = N_("Choose one of the channels that are offered.")
        errors.append(FieldError("channel", "unknown", says))
    else:
        address, errors = read_address(channel, text)
    if address and any((one.channel, one.address) == (channel, address) for one in here.contacts):
        says = N_("You have this address already.")
        errors.append(FieldError("address", "already_there", says))
    if errors:
        raise INVALID(errors=errors)
    row, code = await _create(unit, here, channel, address, "unconfirmed")
    assert unit.actor.organisation_id is not None
    person = Recipient(
        f"contact:{row.id}",
        unit.actor.organisation_id,
        unit.actor.id,
        here.wishes.locale,
        ((channel, address),),
    )
    _tell(unit, CONFIRM, row.reference, person, {"code": code})
    return row


async def add_browser(unit: Unit, channel: str, subscription: str) -> None:
    """Tell whoever asks in the browser they sit at: nothing is to be confirmed.

    refuses: not_allowed, too_many_contacts. writes: contact; event contact.add.
    """
    policy.check(unit.actor, "contact.add")
    here = await reached(unit.connection, unit.actor)
    if not any((one.channel, one.address) == (channel, subscription) for one in here.contacts):
        await _create(unit, here, channel, subscription, "confirmed")


async def _create(
    unit: Unit, here: Reached, channel: str, address: str, state: str
) -> tuple[ContactRow, str]:
    if len(here.contacts) >= MOST_CONTACTS:
        raise TOO_MANY_CONTACTS(most=MOST_CONTACTS)
    actor = unit.actor
    assert actor.id is not None
    reference, code = new_reference(ContactRow.prefix), f"{secrets.randbelow(10**6):06d}"
    row = await unit.create(
        ContactRow,
        state,
        "add",
        gate=ZONE,
        reference=reference,
        account_id=actor.id,
        channel=channel,
        address=address,
        place=max((one.place for one in here.contacts), default=0) + 1,
        code_digest=code_digest(reference, code) if state == "unconfirmed" else None,
        confirmed_at=unit.at if state == "confirmed" else None,
    )
    return row, code


def _tell(
    unit: Unit, occasion: Occasion, about: str, person: Recipient, facts: dict[str, str]
) -> None:
    telling = Telling(occasion, new_id(), unit.at, ZONE, about, person.organisation_id, facts)
    queue_service.begin(unit, telling, person)


async def confirm(unit: Unit, id: UUID, code: str) -> bool:
    """Confirm an address by the code that was sent to it; say whether it was right.

    A guess is counted whether it is right or not. refuses: not_found, not_the_owner. writes:
    contact; event contact.confirm.
    """
    policy.found(unit.actor, "contact.confirm", await contact_storage.one(unit.connection, id))
    row = await contact_storage.guess(unit.connection, id)
    if row is None or unit.at >= row.created_at + CODE_HOLDS:
        return False
    given = code_digest(row.reference, "".join(code.split()))
    if not hmac.compare_digest(given, bytes(row.code_digest or b"")):
        return False
    changes = {"confirmed_at": unit.at, "code_digest": None}
    await unit.move(ContactRow, id, "confirm", changes=changes)
    return True


async def remove(unit: Unit, id: UUID, version: int | None) -> None:
    """Tell somebody there no more. refuses: not_found, not_the_owner, move_not_open,
    stale_version. writes: contact; event contact.remove.
    """
    policy.found(unit.actor, "contact.remove", await contact_storage.one(unit.connection, id))
    await unit.move(ContactRow, id, "remove", version=version)


async def put_first(unit: Unit, id: UUID) -> None:
    """Let an address come before the others. refuses: not_found, not_the_owner. writes: contact."""
    policy.found(unit.actor, "contact.remove", await contact_storage.one(unit.connection, id))
    await contact_storage.put_first(unit.connection, id)


async def wish(unit: Unit, locale: str, quiet: tuple[str, str], wanted: Collection[str]) -> None:
    """Keep how whoever asks wishes to be told: of `wanted` alone.

    refuses: not_allowed, invalid_fields. writes: telling_wishes.
    """
    policy.check(unit.actor, "contact.add")
    errors = []
    if locale not in LOCALES:
        errors.append(FieldError("locale", "unknown", N_("Choose one of the languages.")))
    try:
        hours = read_quiet(*quiet)
    except ValueError:
        says = N_("Write both hours as HH:MM, such as 21:00 and 06:00, or leave both empty.")
        errors.append(FieldError("quiet_begins", "not_an_hour", says))
    if errors:
        raise INVALID(errors=errors)
    begins, ends = hours or (None, None)
    await contact_storage.wish(
        unit.connection,
        account_id=unit.actor.id,
        locale=locale,
        quiet_begins=begins,
        quiet_ends=ends,
        muted=[code for code in OCCASIONS if code not in wanted and code not in NOT_MUTED],
    )


async def send_test(unit: Unit, channels: Collection[str]) -> bool:
    """Send whoever asks a message to try; say whether there is a way to.

    refuses: not_allowed. writes: message; event message.queue.
    """
    policy.check(unit.actor, "contact.add")
    assert unit.actor.organisation_id is not None
    firm = unit.actor.organisation_id
    for person in await queue_service.people(unit, {firm}, channels):
        if person.account_id == unit.actor.id:
            _tell(unit, TEST, "–", person, {"link": "/trader/reach"})
            return True
    return False
