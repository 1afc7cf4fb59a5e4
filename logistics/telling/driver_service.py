"""Sending the slip to the driver, who has no account: by telephone, with a page of their own.

Whoever is sent a slip is told with the firm from then on, of each slip that replaces it and of
calls, as long as they drive. The address of the page is known to whoever has the slip's code.
"""

import hmac
from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border import gates
from border.core.ids import new_id
from border.core.refusal import INVALID, NOT_FOUND, FieldError, refuses
from border.core.store import Unit
from border.core.words import N_
from border.identifiers import IdentifierError, phone
from border.identity import policy
from border.messages import queue_service
from border.messages.queue_service import Recipient, Telling
from border.messages.text_rules import LOCALES
from border.paper.words import Locale
from logistics import slip_service, storage
from logistics.slip_service import SlipPage
from logistics.telling import storage as telling_storage
from logistics.telling.occasions import SLIP_TO_DRIVER, driver_facts, link_key

BY_TELEPHONE = ("zalo", "sms")
"""The channels that reach a telephone number, the first one first."""
NO_SLIP = refuses(
    "no_slip",
    409,
    N_("There is no slip yet"),
    N_("The slip of {reference} is issued once the booking is paid. Send it then."),
)
NO_TELEPHONE = refuses(
    "no_telephone",
    503,
    N_("Nothing is sent to telephones"),
    N_(
        "Neither Zalo nor SMS is set up at this gate. Print the slip, or send its picture yourself."
    ),
)


async def send_slip(
    unit: Unit, booking_id: UUID, number: str, locale: str, channels: Collection[str]
) -> str:
    """Send the slip of a booking to a driver's telephone and return its number as it is kept.

    refuses: not_found, not_the_owner, no_slip, no_telephone, invalid_fields. writes: told_driver,
    message; event message.queue.
    """
    booking = await storage.booking_view(unit.connection, id=booking_id)
    booking = policy.found(unit.actor, "booking.send_slip", booking)
    if booking.slip_reference is None:
        raise NO_SLIP(reference=booking.reference)
    if not set(BY_TELEPHONE) & set(channels):
        raise NO_TELEPHONE()
    errors = []
    try:
        number = phone(number)
    except IdentifierError as wrong:
        errors.append(FieldError("phone", wrong.code, wrong.says, wrong.facts))
    if locale not in LOCALES:
        errors.append(FieldError("locale", "unknown", N_("Choose one of the languages.")))
    if errors:
        raise INVALID(errors=errors)
    await telling_storage.tell_driver(
        unit.connection,
        booking_id=booking.id,
        phone=number,
        driver=booking.driver["name"],
        locale=locale,
        asked_by=unit.actor.id,
        asked_at=unit.at,
    )
    record = (await telling_storage.bookings(unit.connection, [booking.reference]))[0]
    gate = await gates.gate(unit.connection, booking.gate)
    telling = Telling(
        SLIP_TO_DRIVER,
        new_id(),
        unit.at,
        booking.gate,
        booking.reference,
        booking.owner_organisation_id,
        {**driver_facts(record), "gate": gate.names},
    )
    driver = driver_of(number, locale, booking.owner_organisation_id, channels)
    queue_service.begin(unit, telling, driver)
    return number


def driver_of(number: str, locale: str, firm: UUID, channels: Collection[str]) -> Recipient:
    """Return a driver as somebody to be told."""
    ways = tuple((code, number) for code in BY_TELEPHONE if code in channels)
    return Recipient(f"driver:{number}", firm, None, locale, ways)


async def slip_page(
    connection: AsyncConnection, reference: str, key: str, locale: Locale
) -> SlipPage:
    """Return a slip for whoever has the address of its page. refuses: not_found."""
    page = await slip_service.load_shown(connection, reference, locale)
    if not hmac.compare_digest(link_key(page.slip.token).encode(), key.encode()):
        raise NOT_FOUND(what="slip")
    return page
