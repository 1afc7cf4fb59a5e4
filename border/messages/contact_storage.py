"""The statements of addresses and wishes. No decisions."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.reading import row, rows
from border.core.statement import Statement, one_of
from border.core.store import AnyRow, table_of
from border.messages.contact import MOST_GUESSES
from border.messages.tables import ContactRow, WishesRow

contact, wishes = table_of(ContactRow), table_of(WishesRow)

_LIVE = or_(contact.c.state == "unconfirmed", contact.c.state == "confirmed")
_IN_ORDER = (contact.c.place, contact.c.id)
_OF = Statement(
    select(contact).where(contact.c.account_id == bindparam("account"), _LIVE).order_by(*_IN_ORDER)
)
_CONFIRMED = Statement(
    select(contact.c.account_id, contact.c.channel, contact.c.address)
    .where(one_of(contact.c.account_id, "accounts"), contact.c.state == "confirmed")
    .order_by(*_IN_ORDER)
)
_ONE = Statement(select(contact).where(contact.c.id == bindparam("id")))
_AT = Statement(
    select(contact)
    .where(
        contact.c.account_id == bindparam("account"),
        contact.c.channel == bindparam("channel"),
        contact.c.address == bindparam("address"),
        contact.c.state == "confirmed",
    )
    .with_for_update()
)
_GUESS = Statement(
    update(contact)
    .where(
        contact.c.id == bindparam("contact_id"),
        contact.c.state == "unconfirmed",
        contact.c.guesses < MOST_GUESSES,
    )
    .values(guesses=contact.c.guesses + 1)
    .returning(*contact.c)
)
_foremost = contact.alias("foremost")
_FIRST = Statement(
    update(contact)
    .where(contact.c.id == bindparam("contact_id"))
    .values(
        place=select(func.min(_foremost.c.place) - 1)
        .where(_foremost.c.account_id == contact.c.account_id)
        .scalar_subquery()
    )
)
_WISHES = Statement(select(wishes).where(one_of(wishes.c.account_id, "accounts")))
_asked = insert(wishes).values({name: bindparam(name) for name in WishesRow.model_fields})
_WISH = Statement(
    _asked.on_conflict_do_update(
        index_elements=[wishes.c.account_id],
        set_={
            name: _asked.excluded[name] for name in WishesRow.model_fields if name != "account_id"
        },
    )
)


async def contacts_of(connection: AsyncConnection, account: UUID) -> list[ContactRow]:
    """Return the live addresses of somebody, the first one first."""
    return await rows(connection, ContactRow, _OF, account=account)


async def confirmed_of(connection: AsyncConnection, accounts: Collection[UUID]) -> Sequence[AnyRow]:
    """Return the confirmed addresses of some people, the first ones first."""
    return await _CONFIRMED.rows(connection, accounts=accounts)


async def one(connection: AsyncConnection, id: UUID) -> ContactRow | None:
    """Return an address."""
    return await row(connection, ContactRow, _ONE, id=id)


async def confirmed_at(
    connection: AsyncConnection, account: UUID, channel: str, address: str
) -> ContactRow | None:
    """Return the confirmed address that a message went to, locked: several may find it dead."""
    given = {"account": account, "channel": channel, "address": address}
    return await row(connection, ContactRow, _AT, **given)


async def guess(connection: AsyncConnection, id: UUID) -> ContactRow | None:
    """Count a guess at the code of an address and return it; None where none is free."""
    return await row(connection, ContactRow, _GUESS, contact_id=id)


async def put_first(connection: AsyncConnection, id: UUID) -> None:
    """Let an address come before all others of its owner."""
    await _FIRST.run(connection, contact_id=id)


async def wishes_of(
    connection: AsyncConnection, accounts: Collection[UUID]
) -> dict[UUID, WishesRow]:
    """Return the wishes of those who have said any."""
    found = await rows(connection, WishesRow, _WISHES, accounts=accounts)
    return {one.account_id: one for one in found}


async def wish(connection: AsyncConnection, **given: Any) -> None:
    """Keep how somebody wants to be told."""
    await _WISH.run(connection, **given)
