"""What was told to whom, for those who may know, and telling in another way what was not."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.core.refusal import INVALID, FieldError
from border.core.store import AnyRow, Unit
from border.core.words import N_
from border.identity import policy
from border.messages import storage
from border.messages.outbox_worker import undeliver
from border.messages.tables import MessageRow

_LONGEST_REASON = 500


async def listed(
    connection: AsyncConnection,
    actor: Actor,
    *,
    undelivered: bool = False,
    about: str = "",
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> Sequence[AnyRow]:
    """Return the messages that the actor may see, the newest first, narrowed as asked."""
    return await storage.messages(
        connection,
        policy.reach(actor, "message.list"),
        states=("given_up",) if undelivered else (),
        about=about,
        before=before,
        limit=limit,
    )


async def settle(unit: Unit, id: UUID, reason: str, version: int | None) -> MessageRow:
    """Note how somebody was told whom no channel reached.

    refuses: invalid_fields, not_allowed, not_found, move_not_open, stale_version. writes: message;
    event message.settle.
    """
    if not (said := reason.strip()):
        says = N_("Say how the person was told.")
        raise INVALID(errors=[FieldError("reason", "required", says)])
    changes = {"reason": said[:_LONGEST_REASON]}
    return await unit.move(MessageRow, id, "settle", version=version, changes=changes)


async def report(unit: Unit, channel: str, provider_id: str, *, arrived: bool) -> bool:
    """Note what a channel tells of a message it took; say whether there is one that waits for it.

    One that did not arrive goes on by the next way. writes: message; events message.deliver, or as
    `outbox_worker.undeliver`.
    """
    row = await storage.sent_as(unit.connection, channel, provider_id)
    if row is None:
        return False
    if arrived:
        await unit.move(MessageRow, row.id, "deliver")
    else:
        await undeliver(unit, row, N_("The channel says that it did not arrive."))
    return True
