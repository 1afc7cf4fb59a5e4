"""A form that came too late: who did what meanwhile, and what was typed is kept.

Every form goes out through `frame.act`, which asks here when its record had moved on. The pages
then show the refusal as any other: `labels.sentences_of` tells the sentence, and the summary of
errors keeps the typed text where the page has no field for it any more.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.language import localise_datetime, translator
from api.pages.kit.timeline import ROLE_NAMES, SHOWN, sentence
from border.core.actor import STAFF, Actor
from border.core.event import Event
from border.core.lifecycle import SYSTEM
from border.core.refusal import MOVE_NOT_OPEN, STALE_VERSION, Refusal
from border.core.words import N_
from border.identity.service import names_of, roles_of
from border.platform import feed

TEXTS = ("reason",)
"""The fields in which people write sentences; text areas of these names are kept."""
_TOGETHER = 20
"""How many of the last events are looked at: those that one move wrote together."""
_ANOTHER = N_(
    "{who} was here before you, {at}: {what}. Nothing of yours was done; what you typed is kept."
)
_SELF = N_(
    "You have changed this yourself since, {at}: {what}. Nothing more was done; what you typed is "
    "kept."
)


class Overtaken(Refusal):
    """A refusal of a form whose record had moved on; `says` who did what and when, in words."""

    def __init__(self, refusal: Refusal, says: str) -> None:
        super().__init__(refusal.kind, refusal.facts, refusal.errors)
        self.says = says

    def told(self, plain: str) -> str:
        """Return what to show: numbers of versions mean nothing to people, a state does."""
        return self.says if self.kind is STALE_VERSION else f"{plain} {self.says}"


def is_conflict(refusal: Refusal) -> bool:
    """Say whether a record had moved on when the form came."""
    return refusal.kind in (STALE_VERSION, MOVE_NOT_OPEN)


def texts_in(form: Mapping[str, Any]) -> list[str]:
    """Return the sentences somebody typed into a form."""
    return [str(form[name]) for name in TEXTS if str(form.get(name, "")).strip()]


async def overtaken(
    connection: AsyncConnection,
    actor: Actor,
    refusal: Refusal,
    version: int | None,
    locale: str,
) -> Refusal:
    """Return a refusal with who did what and when; as it is where nothing happened meanwhile.

    `version` is the one the form was drawn from. A name is told to the zone's own people only;
    everybody else is told the role.
    """
    subject = str(refusal.facts.get("subject") or "")
    last = await feed.latest(connection, _TOGETHER, SHOWN, key=subject) if subject else []
    if not last:
        return refusal
    event = _first_cause(last, subject)
    if event.subject == subject and version is not None and event.version <= version:
        return refusal
    say = translator(locale).gettext
    at, what = localise_datetime(event.happened_at, locale), sentence(event, locale)
    if actor.id is not None and event.actor == str(actor.id):
        return Overtaken(refusal, say(_SELF, at=at, what=what))
    who = await _who(connection, event, by_name=bool(actor.roles & STAFF))
    return Overtaken(refusal, say(_ANOTHER, who=say(who), at=at, what=what))


def _first_cause(last: Sequence[Event], subject: str) -> Event:
    """Return what to tell of the last transaction: the record's own move before what it caused."""
    together = [event for event in last[::-1] if event.cursor.xid == last[0].cursor.xid]
    return next((event for event in together if event.subject == subject), together[0])


async def _who(connection: AsyncConnection, event: Event, *, by_name: bool) -> str:
    if by_name and (name := (await names_of(connection, [event.actor])).get(event.actor)):
        return name
    roles = await roles_of(connection, event.actor) or [event.actor]
    return next((ROLE_NAMES[role] for role in roles if role in ROLE_NAMES), ROLE_NAMES[SYSTEM])
