"""Codes proposed for a description, with what the firm that asks declared before."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.identity import policy
from customs import dossier_storage
from customs.code_proposal import CodeProposal, PastLine, propose

_LOOKED_AT = 300


async def propose_for(
    connection: AsyncConnection, actor: Actor | None, text: str, locale: str
) -> tuple[CodeProposal, ...]:
    """Return up to five codes for a description; none where it is not known.

    Only what the actor's own firm lodged counts as declared before: nobody learns from it what
    others trade.
    """
    past: list[PastLine] = []
    if actor and actor.organisation_id and policy.may(actor, "declaration.list"):
        rows = await dossier_storage.own_goods(connection, actor.organisation_id, _LOOKED_AT)
        past = [PastLine(code, description) for code, description in rows]
    # The words are indexed at the first question, which takes a moment.
    return await asyncio.to_thread(propose, text, locale, past)
