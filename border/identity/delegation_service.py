"""Rights given away: giving one, passing one on, revoking it with all below it, and looking."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.core.refusal import INVALID, FieldError
from border.core.store import AnyRow, Unit
from border.core.words import N_
from border.identity import delegation_storage as storage
from border.identity import policy
from border.identity.account_name import canonical_account
from border.identity.delegation import (
    RIGHT_MISSING,
    GivenRight,
    asked_wrongly,
    received_wrongly,
    too_far,
    with_reading,
)
from border.identity.tables import DelegationRow

MOST_SHOWN = 200
_GATE = "ZONE"
"""A right holds at every gate."""


async def give(unit: Unit, asked: GivenRight) -> AnyRow:
    """Give a right of one's own firm, or pass on one that another gave, no further than it reaches.

    refuses: not_allowed, invalid_fields, right_missing. writes: delegation; event delegation.give.
    """
    policy.check(unit.actor, "delegation.give")
    actor, errors = unit.actor, list(asked_wrongly(asked, unit.at))
    assert actor.organisation_id is not None  # Those who hold the roles belong to a firm.
    assert actor.id is not None
    owner = asked.from_organisation or actor.organisation_id
    verbs, above, firms = with_reading(asked.verbs), list[UUID](), [owner]
    firm, account = await _receiver(unit.connection, asked, errors)
    if owner != actor.organisation_id:
        had = await storage.rights_had(
            unit.connection, actor.organisation_id, actor.id, owner, unit.at
        )
        if not had:
            raise RIGHT_MISSING(firm=owner, right=", ".join(asked.verbs))
        # Of several the one that reaches far enough, else the one that ends last.
        wrong = [list(too_far(link, verbs, asked.until)) for link in had]
        link = min(range(len(had)), key=lambda place: len(wrong[place]))
        errors += wrong[link]
        above = [*had[link].above, had[link].id]
        firms = [*had[link].firms, actor.organisation_id]
    if firm is not None:
        errors += received_wrongly(firm, firms, actor.organisation_id)
    if errors or firm is None:
        raise INVALID(errors=errors)
    row = await unit.create(
        DelegationRow,
        "given",
        "give",
        gate=_GATE,
        payload={"verbs": verbs},
        overdue_at=asked.until,
        for_organisation_id=owner,
        from_organisation_id=actor.organisation_id,
        to_organisation_id=firm,
        to_account_id=account,
        verbs=verbs,
        until=asked.until,
        above=above,
        firms=firms,
    )
    return await get(unit.connection, actor, row.id)


async def _receiver(
    connection: AsyncConnection, asked: GivenRight, errors: list[FieldError]
) -> tuple[UUID | None, UUID | None]:
    """Return the firm that gets a right, and the account if it is named; say who is unknown."""
    if asked.to_account is not None:
        name = asked.to_account
        found = await storage.account_called(connection, name.lower(), canonical_account(name))
        if found is None:
            says = N_("No account has this e-mail address. Ask for the one it signs in with.")
            errors.append(FieldError("to_account", "unknown", says))
            return None, None
        return found.organisation_id, found.id
    if asked.to_organisation is None:
        return None, None
    firm = await storage.firm_called(connection, asked.to_organisation.lower())
    if firm is None:
        says = N_("No firm that uses the gate has this tax code. Ask for the one it trades under.")
        errors.append(FieldError("to_organisation", "unknown", says))
    return firm, None


async def revoke(unit: Unit, id: UUID, version: int | None) -> AnyRow:
    """Revoke a right, and whatever was passed on from it.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version. writes:
    delegation; event delegation.revoke of each.
    """
    policy.found(unit.actor, "delegation.revoke", await storage.view(unit.connection, id))
    await unit.move(DelegationRow, id, "revoke", version=version)
    for below in await storage.passed_on(unit.connection, id):
        await unit.move(DelegationRow, below, "revoke")
    return await get(unit.connection, unit.actor, id)


async def get(connection: AsyncConnection, actor: Actor, id: UUID) -> AnyRow:
    """Return a right that the actor's firm gave or has. refuses: not_found."""
    return policy.found(actor, "delegation.read", await storage.view(connection, id))


async def list_rights(connection: AsyncConnection, actor: Actor) -> Sequence[AnyRow]:
    """Return the rights that the actor's firm gave or has, those in force first."""
    ours = policy.reach(actor, "delegation.list")
    return list(await storage.views(connection, ours, MOST_SHOWN))
