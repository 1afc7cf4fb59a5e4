"""The statements of messages. No decisions."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import any_, bindparam, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.reading import further, placed, row, rows
from border.core.statement import Statement, one_of
from border.core.store import AnyRow, table_of
from border.identity import policy
from border.identity.tables import AccountRow, OrganisationRow
from border.messages.tables import MessageRow

message = table_of(MessageRow)
account, organisation = table_of(AccountRow), table_of(OrganisationRow)

_TOLD = Statement(
    select(message.c.event_id, message.c.recipient).where(one_of(message.c.event_id, "events"))
)
_PEOPLE = Statement(
    select(account.c.id, account.c.organisation_id, account.c.email)
    .where(
        one_of(account.c.organisation_id, "firms"),
        account.c.active,
        or_(*(literal(str(role)) == any_(account.c.roles) for role in policy.FIRMS)),
    )
    .order_by(account.c.id)
)
_DUE = (
    select(message.c.id)
    .where(message.c.state == "queued", message.c.next_try_at <= bindparam("at"))
    .order_by(message.c.next_try_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_TAKE = Statement(
    update(message)
    .where(message.c.id.in_(_DUE))
    .values(next_try_at=bindparam("again_at"), tries=message.c.tries + 1)
    .returning(*message.c)
)
_LATER = Statement(
    update(message)
    .where(message.c.id == bindparam("message_id"), message.c.state == "queued")
    .values(next_try_at=bindparam("again_at"), why=bindparam("said"), answer=bindparam("answered"))
)


_SENT_AS = Statement(
    select(message)
    .where(
        message.c.channel == bindparam("channel"),
        message.c.provider_id == bindparam("provider_id"),
        message.c.provider_id.is_not(None),
        message.c.state == "sent",
    )
    .order_by(message.c.id)
    .limit(1)
    .with_for_update()
)


async def told(connection: AsyncConnection, events: Collection[UUID]) -> set[tuple[UUID, str]]:
    """Return of which events who has been told: pairs of event and recipient."""
    return {(one.event_id, one.recipient) for one in await _TOLD.rows(connection, events=events)}


async def people_of(connection: AsyncConnection, firms: Collection[UUID]) -> Sequence[AnyRow]:
    """Return who can sign in for some firms."""
    return await _PEOPLE.rows(connection, firms=firms)


async def take_due(
    connection: AsyncConnection, at: datetime, again_at: datetime, limit: int
) -> list[MessageRow]:
    """Take messages that are due and return them; nobody else takes them before `again_at`."""
    return await rows(connection, MessageRow, _TAKE, at=at, again_at=again_at, limit=limit)


async def try_later(
    connection: AsyncConnection, id: UUID, again_at: datetime, why: str, answer: str
) -> None:
    """Note why a message was not taken, and when it is tried again."""
    given = {"said": why, "answered": answer[:60]}
    await _LATER.run(connection, message_id=id, again_at=again_at, **given)


async def sent_as(connection: AsyncConnection, channel: str, provider_id: str) -> MessageRow | None:
    """Return the message that a channel took under a number of its own, locked, while sent."""
    return await row(connection, MessageRow, _SENT_AS, channel=channel, provider_id=provider_id)


async def messages(
    connection: AsyncConnection,
    ours: policy.Reach,
    *,
    states: Sequence[str] = (),
    about: str = "",
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> Sequence[AnyRow]:
    """Return the messages within `ours`, the newest first, with whom they are for."""
    given = placed(before)
    if states:
        given["states"] = states
    if about:
        given["about"] = about
    statement = _messages(ours.scopes, frozenset(given))
    return await statement.rows(connection, **ours.given, **given, limit=limit)


@cache
def _messages(scopes: tuple[policy.Scope, ...], narrowed: frozenset[str]) -> Statement:
    conditions = [policy.reached("message.list", scopes, message)]
    if "states" in narrowed:
        conditions.append(one_of(message.c.state, "states"))
    if "about" in narrowed:
        conditions.append(message.c.about == bindparam("about"))
    if "before_at" in narrowed:
        conditions.append(further(message.c.created_at, message.c.id))
    return Statement(
        select(message, account.c.name.label("person"), organisation.c.name.label("firm"))
        .join(organisation, organisation.c.id == message.c.owner_organisation_id)
        .outerjoin(account, account.c.id == message.c.account_id)
        .where(*conditions)
        .order_by(message.c.created_at.desc(), message.c.id.desc())
        .limit(bindparam("limit"))
    )
