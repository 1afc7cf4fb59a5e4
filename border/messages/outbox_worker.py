"""Handing messages to their channels, with no transaction open while a channel is asked.

A message is taken before it is sent, for as long as sending can last: whoever is cut off in
between finds it due again, and the channel knows it by its reference. What a channel said is kept
one by one, so that a message that cannot be kept spoils no other.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import cast

from border.core.clock import local_date
from border.core.postponed import put_off
from border.core.store import PROGRAM, Store, Unit
from border.core.words import N_
from border.messages import contact_storage, storage
from border.messages.channels.kind import Carried, MessageChannel, Never, NotNow, Post, Word
from border.messages.message import MOST_TRIES, pause_after
from border.messages.occasion import filled
from border.messages.tables import ContactRow, MessageRow
from border.messages.text_rules import MESSAGE_TEXTS, MessageTextRow
from border.messages.wording import written
from border.paper.words import Locale
from border.regulation.rulebook import RuleBook, rules_on

_log = logging.getLogger("border.messages")
_AT_ONCE = 20
_TAKEN_FOR = timedelta(minutes=2)
"""Longer than any channel is waited for."""
_NO_TEXT = Never(N_("No text is in force on this occasion."))


async def send_due(store: Store, channels: Mapping[str, MessageChannel], base_url: str) -> int:
    """Send the messages that are due and return how many were taken.

    writes: message, contact; events message.send, message.fail, message.queue, message.give_up,
    contact.die.
    """
    done = 0
    while True:

        async def take(unit: Unit) -> tuple[list[MessageRow], RuleBook]:
            taken = await storage.take_due(unit.connection, unit.at, unit.at + _TAKEN_FOR, _AT_ONCE)
            return taken, await rules_on(unit.connection, local_date(unit.at), [MESSAGE_TEXTS])

        taken, book = await store.perform(PROGRAM, take)
        await asyncio.gather(*(_send(store, channels, row, book, base_url) for row in taken))
        done += len(taken)
        if len(taken) < _AT_ONCE:
            return done


async def _send(
    store: Store,
    channels: Mapping[str, MessageChannel],
    row: MessageRow,
    book: RuleBook,
    base_url: str,
) -> None:
    texts = book.find(MESSAGE_TEXTS, subject=row.occasion)
    said = [one for one in texts.rows if one.locale == row.locale] if texts else []
    version = {MESSAGE_TEXTS.name: texts.version} if texts else {}
    word: Word = _NO_TEXT
    if row.channel not in channels:
        word = Never(N_("The channel is not set up."))
    elif said:
        word = await _word(channels[row.channel], _post(row, said[0], base_url))

    async def keep(unit: Unit) -> None:
        await _keep(unit, row, word, version)

    try:
        await store.perform(PROGRAM, keep)
    except Exception as error:
        # It is due again when its time with us is over.
        await put_off(store, "messages", row.id, error)


async def _word(channel: MessageChannel, post: Post) -> Word:
    try:
        return await channel.send(post)
    except Exception as error:
        # Nothing of what was raised is logged: it may hold whom the message is for.
        _log.error("%s of %s went wrong: %s", channel.code, post.reference, type(error).__name__)
        return NotNow(N_("Something went wrong ({answer})."), type(error).__name__)


def _post(row: MessageRow, said: MessageTextRow, base_url: str) -> Post:
    locale = cast(Locale, row.locale)
    facts = written(row.facts, locale, base_url)
    return Post(
        reference=row.reference,
        address=row.address,
        locale=locale,
        title=filled(said.title, facts),
        text=filled(said.text, facts),
        facts=facts,
        templates={"zalo": said.zalo_template, "wechat": said.wechat_template},
    )


async def _keep(unit: Unit, row: MessageRow, word: Word, version: Mapping[str, str]) -> None:
    """Keep what a channel said: sent, tried again later, told by the next way, or given up."""
    if isinstance(word, Carried):
        changes = {"provider_id": word.provider_id, "next_try_at": None, "rule_versions": version}
        said = {"why": "", "answer": ""}
        await unit.move(MessageRow, row.id, "send", changes=changes | said)
        return
    if isinstance(word, NotNow) and row.tries < MOST_TRIES:
        again_at = unit.at + max(word.wait or timedelta(), pause_after(row.tries))
        if again_at < row.useful_until:
            await storage.try_later(unit.connection, row.id, again_at, word.why, word.answer)
            return
    if isinstance(word, Never) and word.address_dead and row.account_id:
        place = (row.account_id, row.channel, row.address)
        dead = await contact_storage.confirmed_at(unit.connection, *place)
        if dead is not None:
            await unit.move(ContactRow, dead.id, "die")
    await undeliver(unit, row, word.why, word.answer)


async def undeliver(unit: Unit, row: MessageRow, why: str, answer: str = "") -> None:
    """Go on by the next way of whom a message is for, or give it up where there is none.

    writes: message; events message.fail and message.queue, or message.give_up.
    """
    changes = {"why": why, "answer": answer[:60], "next_try_at": None}
    if not row.ways:
        _log.warning("%s was given up: %s", row.reference, why.format(answer=answer))
        await unit.move(MessageRow, row.id, "give_up", changes=changes)
        return
    await unit.move(MessageRow, row.id, "fail", changes=changes)
    (channel, address), *rest = row.ways
    same = ("gate", "owner_organisation_id", "account_id", "event_id", "occasion", "about")
    copied = {name: getattr(row, name) for name in (*same, "recipient", "locale", "facts")}
    await unit.create(
        MessageRow,
        "queued",
        "queue",
        **copied,
        channel=channel,
        address=address,
        ways=rest,
        useful_until=row.useful_until,
        next_try_at=unit.at,
        overdue_at=row.useful_until,
    )
