"""Signing in, and telling who holds a token.

Tokens are random and opaque, kept as digests in PostgreSQL: one more indexed read per request,
and a gate that goes on scanning when Redis is down (docs/decisions/0005).
"""

import asyncio
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor, ActorKind
from border.core.refusal import refuses
from border.core.store import PROGRAM, Store, Unit, table_of
from border.core.words import N_
from border.identity.account_name import canonical_account
from border.identity.tables import AccountRow, OrganisationRow, TokenRow

WRONG_LOGIN = refuses(
    "wrong_login",
    401,
    N_("E-mail or password is wrong"),
    N_("No account matches this e-mail and password. Check both; capitals count."),
)
LASTS = {"api": timedelta(hours=12), "page": timedelta(hours=12), "device": timedelta(days=90)}
_HASHER = PasswordHasher()
_IS_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NOBODY = _HASHER.hash(secrets.token_hex(16))
"""Checked when the account does not exist, so that the answer takes as long."""


@dataclass(frozen=True)
class SignedIn:
    """A fresh token, shown once."""

    token: str
    expires_at: datetime
    actor: Actor


def digest(token: str) -> bytes:
    """Return what is kept of a token."""
    return sha256(token.encode()).digest()


async def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password, made off the event loop."""
    return await asyncio.to_thread(_HASHER.hash, password)


async def sign_in(
    store: Store, email: str, password: str, purpose: str = "api", old_token: str | None = None
) -> SignedIn:
    """Check a password and return a fresh token; `old_token` ends with it.

    refuses: wrong_login. writes: token.
    """
    account, organisation = table_of(AccountRow), table_of(OrganisationRow)
    async with store.reading() as connection:
        found = (
            await connection.execute(
                select(account, organisation.c.name.label("organisation"))
                .join(organisation, organisation.c.id == account.c.organisation_id)
                .where(account.c.email == canonical_account(email), account.c.active)
            )
        ).one_or_none()
    hashed = found.password_hash if found else _NOBODY
    if not await asyncio.to_thread(_matches, hashed, password) or found is None:
        raise WRONG_LOGIN()
    actor = _actor(found, purpose)

    async def work(unit: Unit) -> SignedIn:
        if old_token:
            await revoke(unit, old_token)
        token = secrets.token_urlsafe(32)
        expires_at = unit.at + LASTS[purpose]
        await unit.add(
            TokenRow(
                digest=digest(token),
                account_id=found.id,
                purpose=purpose,
                made_at=unit.at,
                expires_at=expires_at,
            )
        )
        return SignedIn(token, expires_at, actor)

    return await store.perform(PROGRAM, work)


async def revoke(unit: Unit, token: str) -> None:
    """End a token. writes: token."""
    table = table_of(TokenRow)
    await unit.connection.execute(
        update(table).where(table.c.digest == digest(token)).values(revoked_at=unit.at)
    )


async def holder_of(store: Store, token: str, *purposes: str) -> Actor | None:
    """Return who holds a live token given for one of `purposes`, or None."""
    tokens, account = table_of(TokenRow), table_of(AccountRow)
    organisation = table_of(OrganisationRow)
    async with store.reading() as connection:
        found = (
            await connection.execute(
                select(account, organisation.c.name.label("organisation"), tokens.c.purpose)
                .select_from(tokens)
                .join(account, account.c.id == tokens.c.account_id)
                .join(organisation, organisation.c.id == account.c.organisation_id)
                .where(
                    tokens.c.digest == digest(token),
                    tokens.c.purpose.in_(purposes),
                    tokens.c.revoked_at.is_(None),
                    tokens.c.expires_at > store.clock.now(),
                    account.c.active,
                )
            )
        ).one_or_none()
    return _actor(found, found.purpose) if found else None


async def names_of(connection: AsyncConnection, ids: Collection[str]) -> dict[str, str]:
    """Return the names of accounts by their id as events give it; what is no account is left out.

    For the zone's own people only: a name never leaves the zone.
    """
    wanted = {UUID(id) for id in ids if _IS_UUID.fullmatch(id)}
    if not wanted:
        return {}
    account = table_of(AccountRow)
    found = await connection.execute(
        select(account.c.id, account.c.name).where(account.c.id.in_(wanted))
    )
    return {str(row.id): row.name for row in found}


async def roles_of(connection: AsyncConnection, id: str) -> list[str]:
    """Return the roles of an account by its id as events give it; none where it is no account."""
    if not _IS_UUID.fullmatch(id):
        return []
    account = table_of(AccountRow)
    found = await connection.execute(select(account.c.roles).where(account.c.id == UUID(id)))
    return list(found.scalar_one_or_none() or ())


def _matches(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):  # The latter: an account without a password.
        return False


def _actor(row: object, purpose: str) -> Actor:
    account = AccountRow(**{k: getattr(row, k) for k in AccountRow.model_fields})
    return Actor(
        id=account.id,
        name=account.name,
        roles=frozenset(account.roles),
        organisation_id=account.organisation_id,
        organisation=row.organisation,  # type: ignore[attr-defined]
        email=account.email,
        kind=ActorKind.DEVICE if purpose == "device" else ActorKind.PERSON,
    )
