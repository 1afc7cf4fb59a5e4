"""The statements of rights given away. No decisions."""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Text, and_, any_, bindparam, cast, exists, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.reading import rows
from border.core.statement import Statement
from border.core.store import AnyRow, table_of
from border.identity import policy
from border.identity.tables import AccountRow, DelegationRow, OrganisationRow

delegation = table_of(DelegationRow)
_account, _organisation = table_of(AccountRow), table_of(OrganisationRow)
_above, _below = delegation.alias("above"), delegation.alias("below")
_owner, _giver, _taker = (_organisation.alias(name) for name in ("owner", "giver", "taker"))
_AT = bindparam("at", type_=delegation.c.until.type)


def _in_force(organisation: Any, account: Any) -> Any:
    """Return the condition that somebody has a right; no link above it may have ended either."""
    return and_(
        delegation.c.state == "given",
        delegation.c.until > _AT,
        delegation.c.to_organisation_id == organisation,
        or_(delegation.c.to_account_id.is_(None), delegation.c.to_account_id == account),
        ~exists().where(_above.c.id == any_(delegation.c.above), _above.c.state != "given"),
    )


def rights_of(account: Any) -> Any:
    """Return, beside a row of `account`, what it may do for other firms: (firm, name, verbs)."""
    one = func.jsonb_build_array(
        delegation.c.for_organisation_id, _owner.c.name, func.to_jsonb(delegation.c.verbs)
    )
    return (
        select(func.jsonb_agg(one, type_=JSONB))
        .select_from(delegation.join(_owner, _owner.c.id == delegation.c.for_organisation_id))
        .where(_in_force(account.c.organisation_id, account.c.id))
        .correlate(account)
        .scalar_subquery()
    )


_HAD = Statement(
    select(delegation)
    .where(
        _in_force(bindparam("organisation"), bindparam("account")),
        delegation.c.for_organisation_id == bindparam("owner"),
    )
    .order_by(delegation.c.until.desc(), delegation.c.id)
    .with_for_update(of=delegation)
)


async def rights_had(
    connection: AsyncConnection, organisation: UUID, account: UUID, owner: UUID, at: datetime
) -> list[DelegationRow]:
    """Return the rights that somebody has from a firm, locked, those that end last first."""
    given = {"organisation": organisation, "account": account, "owner": owner, "at": at}
    return await rows(connection, DelegationRow, _HAD, **given)


_PASSED_ON = Statement(
    select(delegation.c.id)
    .where(bindparam("id") == any_(delegation.c.above), delegation.c.state == "given")
    .order_by(delegation.c.id)
    .with_for_update()
)


async def passed_on(connection: AsyncConnection, id: UUID) -> list[UUID]:
    """Return what was passed on from a right and is in force, locked."""
    return [row.id for row in await _PASSED_ON.rows(connection, id=id)]


_FIRM = Statement(
    select(_organisation.c.id).where(
        or_(
            cast(_organisation.c.id, Text) == bindparam("text"),
            _organisation.c.tax_code == bindparam("text"),
        )
    )
)
_PERSON = Statement(
    select(_account.c.id, _account.c.organisation_id).where(
        _account.c.active,
        or_(cast(_account.c.id, Text) == bindparam("text"), _account.c.email == bindparam("email")),
    )
)


async def firm_called(connection: AsyncConnection, text: str) -> UUID | None:
    """Return a firm by its id or its tax code."""
    found: UUID | None = await _FIRM.value(connection, text=text)
    return found


async def account_called(connection: AsyncConnection, text: str, email: str) -> AnyRow | None:
    """Return an account, and whose it is, by its id or its e-mail address."""
    return await _PERSON.one(connection, text=text, email=email)


@cache
def _views(scopes: tuple[policy.Scope, ...] | None) -> Statement:
    below = (
        select(func.count())
        .select_from(_below)
        .where(delegation.c.id == any_(_below.c.above), _below.c.state == "given")
        .scalar_subquery()
    )
    found = (
        select(
            delegation,
            _owner.c.name.label("owner"),
            _giver.c.name.label("giver"),
            _taker.c.name.label("taker"),
            _account.c.email.label("account"),
            below.label("passed_on"),
        )
        .join(_owner, _owner.c.id == delegation.c.for_organisation_id)
        .join(_giver, _giver.c.id == delegation.c.from_organisation_id)
        .join(_taker, _taker.c.id == delegation.c.to_organisation_id)
        .outerjoin(_account, _account.c.id == delegation.c.to_account_id)
    )
    if scopes is None:
        return Statement(found.where(delegation.c.id == bindparam("id")))
    return Statement(
        found.where(policy.reached("delegation.list", scopes, delegation))
        .order_by(
            (delegation.c.state == "given").desc(),
            delegation.c.created_at.desc(),
            delegation.c.id.desc(),
        )
        .limit(bindparam("limit"))
    )


async def view(connection: AsyncConnection, id: UUID) -> AnyRow | None:
    """Return a right with the names of its firms, or None."""
    return await _views(None).one(connection, id=id)


async def views(connection: AsyncConnection, ours: policy.Reach, limit: int) -> Collection[AnyRow]:
    """Return the rights within reach, the ones in force first, the newest first."""
    statement = _views(ours.scopes)
    return await statement.rows(connection, limit=limit, **ours.given)
