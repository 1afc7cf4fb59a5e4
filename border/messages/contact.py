"""An address at which somebody wants to be told, and who they are. Pure.

Nothing but the code that confirms it is ever sent to an address that nobody has confirmed.
"""

import re
from collections.abc import Callable, Mapping
from datetime import time, timedelta
from hashlib import sha256
from typing import Annotated

from border.core.actor import Role
from border.core.event_type import Besides, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Payload
from border.core.refusal import FieldError, refuses
from border.core.words import N_
from border.identifiers import IdentifierError, phone
from border.identity.policy import FIRMS, Bounds, allow, declare
from border.messages.occasion import Occasion, occasions

CODE_HOLDS = timedelta(minutes=15)
MOST_GUESSES = 5
MOST_CONTACTS = 10

CONTACT = Lifecycle(
    "contact",
    N_("The life of an address at which somebody is told"),
    noun=N_("Address"),
    states=(
        State("unconfirmed", N_("The code is awaited"), Role.TRADER, timedelta(days=1), "lapse"),
        State("confirmed", N_("In use"), Role.TRADER, timedelta(days=365), "lapse"),
        State("removed", N_("Removed")),
        State("lapsed", N_("Not confirmed again in time")),
        State("dead", N_("Nothing reaches it any more")),
    ),
    initial=("unconfirmed", "confirmed"),
    moves=(
        Move("confirm", ("unconfirmed",), "confirmed", FIRMS, N_("Confirm"), offered=False),
        Move("remove", ("unconfirmed", "confirmed"), "removed", FIRMS, N_("Remove")),
        Move(
            "lapse", ("unconfirmed", "confirmed"), "lapsed", (SYSTEM,), N_("Lapse"), offered=False
        ),
        Move("die", ("confirmed",), "dead", (SYSTEM,), N_("Find out of use"), offered=False),
    ),
)
declare(
    "contact",
    allow(FIRMS, "add", "read", "list"),
    allow((SYSTEM,), "read"),
    bounds=Bounds(own="account_id", own_is="id"),
    moves=CONTACT,
)
CONFIRM = Occasion(
    "confirm_contact", N_("An address is confirmed"), ("code",), CODE_HOLDS, urgent=True
)
TEST = Occasion("test", N_("A message to try"), ("link",), timedelta(hours=1), urgent=True)
OWN_OCCASIONS = occasions(CONFIRM, TEST)

TOO_MANY_CONTACTS = refuses(
    "too_many_contacts",
    409,
    N_("Enough addresses"),
    N_("You have {most} addresses. Remove one first."),
)


class ContactSaid(Payload):
    """By which channel somebody can be told; the address stays with them."""

    channel: Annotated[str, Meaning("Channel that carries a message.")]


CONTACT_EVENTS = events_of(
    CONTACT, ContactSaid, besides=(Besides("add", N_("Add an address"), FIRMS),)
)

_EMAIL = re.compile(r"[^@\s<>,;\"]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_OPENID = re.compile(r"[A-Za-z0-9_-]{20,40}")


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise IdentifierError("email_format", N_("This is not an e-mail address."))
    return text


def _openid(text: str) -> str:
    says = N_("This is not an OpenID: it has 20 to 40 letters and digits.")
    if not _OPENID.fullmatch(text):
        raise IdentifierError("openid_format", says)
    return text


_READ: Mapping[str, Callable[[str], str]] = {
    "email": _email,
    "sms": phone,
    "zalo": phone,
    "wechat": _openid,
}
TYPED = tuple(_READ)
"""The channels whose addresses are typed; a browser gives its own."""


def read_address(channel: str, text: str) -> tuple[str, list[FieldError]]:
    """Return an address as it is kept, and what is wrong with it."""
    try:
        return _READ[channel](text.strip()), []
    except IdentifierError as wrong:
        return "", [FieldError("address", wrong.code, wrong.says, wrong.facts)]


def code_digest(reference: str, code: str) -> bytes:
    """Return what is kept of a code that was sent."""
    return sha256(f"{reference} {code}".encode()).digest()


def read_quiet(begins: str, ends: str) -> tuple[time, time] | None:
    """Return quiet hours of which both ends are given as HH:MM, or None. Raises ValueError."""
    if not begins.strip() and not ends.strip():
        return None
    return time.fromisoformat(begins.strip()), time.fromisoformat(ends.strip())
