"""A form that came too late: who did what meanwhile.

Every form is answered by `form.SentForm`, which asks here when its record had moved on. The pages
then show the refusal as any other: `labels.sentences_of` tells the sentence, and what was typed is
kept as in any form that was refused.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from api.language import localise_datetime, translator
from api.pages.kit.timeline import ROLE_NAMES, SHOWN, sentence
from api.tables import RECORDS
from border.core.actor import STAFF, Actor
from border.core.database import table_of
from border.core.event import Event
from border.core.event_type import known
from border.core.lifecycle import SYSTEM
from border.core.refusal import MOVE_NOT_OPEN, STALE_VERSION, Refusal
from border.core.tables import Record
from border.core.words import N_
from border.identity.service import names_of, roles_of
from border.platform import feed

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

    def in_words(self, plain: str) -> str:
        """Return what to show: numbers of versions mean nothing to people, a state does."""
        return self.says if self.kind is STALE_VERSION else f"{plain} {self.says}"


def is_conflict(refusal: Refusal) -> bool:
    """Say whether a record had moved on when the form came."""
    return refusal.kind in (STALE_VERSION, MOVE_NOT_OPEN)


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
    last = await _latest(connection, subject) if subject else []
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


async def _latest(connection: AsyncConnection, subject: str) -> list[Event]:
    """Return the last events of a record, also where they are ordered under another's reference."""
    prefix = subject.partition("-")[0]
    kind = next((one for one in RECORDS if one.prefix == prefix), None)
    column = _key_column(kind) if kind else "reference"
    if kind is None or column == "reference":
        return await feed.latest(connection, _TOGETHER, SHOWN, key=subject)
    table = table_of(kind)
    key = await connection.scalar(select(table.c[column]).where(table.c.reference == subject))
    types = [f"{kind.lifecycle.name}.*"]
    under = await feed.latest(connection, _TOGETHER, types, key=key)
    return [event for event in under if event.subject == subject]


def _key_column(kind: type[Record]) -> str:
    """Return the column of a record under whose value its events stand in order."""
    life = kind.lifecycle
    declared = known(life.event(next(iter(life.verbs))))
    return (declared.key.column if declared else None) or "reference"


def _first_cause(last: Sequence[Event], subject: str) -> Event:
    """Return what to tell of the last transaction: the record's own move before what it caused."""
    together = [event for event in last[::-1] if event.cursor.xid == last[0].cursor.xid]
    return next((event for event in together if event.subject == subject), together[0])


async def _who(connection: AsyncConnection, event: Event, *, by_name: bool) -> str:
    if by_name and (name := (await names_of(connection, [event.actor])).get(event.actor)):
        return name
    roles = await roles_of(connection, event.actor) or [event.actor]
    return next((ROLE_NAMES[role] for role in roles if role in ROLE_NAMES), ROLE_NAMES[SYSTEM])
