"""Signing in, and telling who holds a token.

Tokens are random and opaque, kept as digests in PostgreSQL: one more indexed read per request,
and a gate that goes on scanning when Redis is down (docs/decisions/0005).
"""

import asyncio
import re
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor, ActorKind, Delegation
from border.core.gathered import Gathered
from border.core.refusal import refuses
from border.core.statement import Statement, one_of
from border.core.store import PROGRAM, AnyRow, Store, Unit, table_of
from border.core.words import N_
from border.identity.account_name import canonical_account
from border.identity.delegation_storage import rights_of
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
_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$VZBHdbzvfXRnpQKftaLMOQ$"
    "cx3LvlQrOs5JBkGGr3CAb9lKolInWN6/HWLBxxGeRgI"
)
"""Checked when the account does not exist, so that the answer takes as long.

Of a random text that nobody kept; written down, since to make it takes as long as a sign-in.
"""

_account, _organisation = table_of(AccountRow), table_of(OrganisationRow)
_token = table_of(TokenRow)
_PEOPLE = (
    select(_account, _organisation.c.name.label("organisation"))
    .join(_organisation, _organisation.c.id == _account.c.organisation_id)
    .where(_account.c.active)
)
_ACCOUNT = Statement(_PEOPLE.where(_account.c.email == bindparam("email")))
_HOLDERS = Statement(
    _PEOPLE.add_columns(_token.c.digest, _token.c.purpose, rights_of(_account).label("rights"))
    .join(_token, _token.c.account_id == _account.c.id)
    .where(
        one_of(_token.c.digest, "digests"),
        _token.c.revoked_at.is_(None),
        _token.c.expires_at > bindparam("at"),
    )
)
_REVOKE = Statement(
    update(_token).where(_token.c.digest == bindparam("digest")).values(revoked_at=bindparam("at"))
)
_NAMES = Statement(select(_account.c.id, _account.c.name).where(one_of(_account.c.id, "ids")))
_ROLES = Statement(select(_account.c.roles).where(_account.c.id == bindparam("id")))


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
    async with store.reading() as connection:
        found = await _ACCOUNT.one(connection, email=canonical_account(email))
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
    await _REVOKE.run(unit.connection, digest=digest(token), at=unit.at)


class Holders:
    """Tells who holds a token; those who ask at the same time are answered by one statement."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows = Gathered(self._look)

    async def of(self, token: str, *purposes: str) -> Actor | None:
        """Return who holds a live token given for one of `purposes`, or None."""
        purpose, actor = await self._rows.get(digest(token)) or ("", None)
        return actor if purpose in purposes else None

    async def _look(self, digests: Collection[bytes]) -> dict[bytes, tuple[str, Actor]]:
        async with self._store.reading() as connection:
            found = await _HOLDERS.rows(
                connection, digests=list(digests), at=self._store.clock.now()
            )
        return {
            row.digest: (row.purpose, _actor(row, row.purpose, row.rights or ())) for row in found
        }


async def names_of(connection: AsyncConnection, ids: Collection[str]) -> dict[str, str]:
    """Return the names of accounts by their id as events give it; what is no account is left out.

    For the zone's own people only: a name never leaves the zone.
    """
    wanted = {UUID(id) for id in ids if _IS_UUID.fullmatch(id)}
    if not wanted:
        return {}
    return {str(row.id): row.name for row in await _NAMES.rows(connection, ids=wanted)}


async def roles_of(connection: AsyncConnection, id: str) -> list[str]:
    """Return the roles of an account by its id as events give it; none where it is no account."""
    if not _IS_UUID.fullmatch(id):
        return []
    return list(await _ROLES.value(connection, id=UUID(id)) or ())


def _matches(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):  # The latter: an account without a password.
        return False


def _actor(row: AnyRow, purpose: str, rights: Iterable[Sequence[Any]] = ()) -> Actor:
    return Actor(
        id=row.id,
        name=row.name,
        roles=frozenset(row.roles),
        organisation_id=row.organisation_id,
        organisation=row.organisation,
        email=row.email,
        delegations=tuple(
            Delegation(verb, UUID(firm), name) for firm, name, verbs in rights for verb in verbs
        ),
        kind=ActorKind.DEVICE if purpose == "device" else ActorKind.PERSON,
    )
