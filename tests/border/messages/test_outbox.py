"""The outbox: who is told, once, over a real mail server; what is tried again, and given up."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from border.core.actor import Actor, Role
from border.core.ids import new_id
from border.core.refusal import Refusal
from border.core.store import PROGRAM, Unit
from border.messages import message_service, outbox_worker, storage
from border.messages.channels.email.channel import Email, EmailSettings
from border.messages.channels.kind import Carried, Never, NotNow, Word
from border.messages.channels.kind import Post as Letter
from border.messages.message import MOST_TRIES
from border.messages.tables import MessageRow
from border.platform.feed import latest
from border.timeouts import Timeouts

MANAGER = Actor(new_id(), "a manager", frozenset({Role.MANAGER}), new_id())


class Scripted:
    """A channel of another code that says one word after the other, the last one for ever."""

    def __init__(self, code: str, *words: Word) -> None:
        self.code, self.words = code, list(words)
        self.posts: list[Letter] = []

    async def send(self, post: Letter) -> Word:
        self.posts.append(post)
        return self.words.pop(0) if len(self.words) > 1 else self.words[0]


async def test_who_signs_in_for_the_firm_is_told_by_e_mail(post: Any) -> None:
    await post.account("lan@sao-mai.test")
    await post.account("gone@sao-mai.test", active=False)
    await post.account("officer@sao-mai.test", "customs_officer")
    assert await post.tell(post.telling()) == 1
    assert await post.send() == 1
    (letter,) = post.letters
    assert (letter.address, letter.title) == ("lan@sao-mai.test", "CRT-1")
    assert letter.text == "Thùng CRT-1 đã đến: http://gate.test/crates/1"
    (row,) = await post.rows()
    assert (row.state, row.tries, row.next_try_at) == ("sent", 1, None)
    assert row.rule_versions["message_texts"].startswith("test-texts@")


async def test_an_event_read_again_tells_nobody_again(post: Any) -> None:
    await post.account("lan@sao-mai.test")
    event = new_id()
    assert await post.tell(post.telling(event)) == 1
    assert await post.tell(post.telling(event)) == 0
    await post.account("minh@sao-mai.test")
    assert await post.tell(post.telling(event)) == 1  # to whom it is new
    assert await post.send() == 2


async def test_one_event_cannot_be_put_twice_into_the_outbox(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post.account("lan@sao-mai.test")
    event = new_id()
    await post.tell(post.telling(event))

    async def nobody(*_: object) -> set[tuple[UUID, str]]:
        return set()

    monkeypatch.setattr(storage, "told", nobody)  # the look taken away: the constraint stands
    with pytest.raises(Exception, match="uq_message_event_id_recipient_channel_address"):
        await post.tell(post.telling(event))


async def test_what_is_of_no_use_any_more_is_told_to_nobody(post: Any) -> None:
    await post.account("lan@sao-mai.test")
    old = post.clock.now() - timedelta(hours=2)
    assert await post.tell(post.telling(happened_at=old)) == 0


async def test_without_a_channel_nobody_is_told(post: Any) -> None:
    await post.account("lan@sao-mai.test")
    assert await post.tell(post.telling(), by={}) == 0


async def test_an_address_without_a_mailbox_is_given_up_and_somebody_tells_otherwise(
    post: Any,
) -> None:
    await post.account("nobody@sao-mai.test")
    await post.tell(post.telling())
    await post.send()
    (row,) = await post.rows()
    assert (row.state, row.answer) == ("given_up", "550")
    with pytest.raises(Refusal) as refused:
        await post.store.perform(
            MANAGER, lambda unit: message_service.settle(unit, row.id, " ", row.version)
        )
    assert refused.value.code == "invalid_fields"
    await post.store.perform(
        MANAGER, lambda unit: message_service.settle(unit, row.id, "Called.", row.version)
    )
    (row,) = await post.rows()
    assert (row.state, row.reason) == ("settled", "Called.")


async def test_a_full_mailbox_is_tried_again_with_longer_pauses_until_it_is_of_no_use(
    post: Any,
) -> None:
    await post.account("full@sao-mai.test")
    await post.tell(post.telling())
    pauses = []
    while (row := (await post.rows())[0]).state == "queued":
        assert row.next_try_at is not None
        pauses.append((row.next_try_at - post.clock.now()).total_seconds())
        post.clock.at = max(post.clock.at, row.next_try_at)
        assert await post.send() == 1
    assert pauses == [0, 20, 60, 180, 540, 1620]
    assert (row.state, row.tries, row.answer) == ("given_up", MOST_TRIES, "452")


async def test_a_mail_server_that_is_away_is_no_fault_of_the_message(post: Any) -> None:
    await post.account("lan@sao-mai.test")
    post.channels["email"] = Email(
        EmailSettings(host="127.0.0.1", port=1, security="none", sender="gate@zone.test")
    )
    await post.tell(post.telling())
    await post.send()
    (row,) = await post.rows()
    assert (row.state, row.answer) == ("queued", "ConnectionRefusedError")


async def test_a_message_goes_on_by_the_next_way_with_the_same_facts(post: Any) -> None:
    post.channels["first"] = Scripted("first", Never("No.", "-118"))
    await post.account("lan@sao-mai.test")
    await post.tell(post.telling())
    async with post.store.engine.begin() as connection:
        await connection.execute(
            storage.message.update().values(
                channel="first", address="+84", ways=[["email", "lan@sao-mai.test"]]
            )
        )
    await post.send()
    assert await post.states() == [("first", "failed"), ("email", "queued")]
    await post.send()
    assert await post.states() == [("first", "failed"), ("email", "sent")]
    assert [letter.title for letter in post.letters] == ["CRT-1"]
    (_, sent) = await post.rows()
    assert sent.tries == 1


async def test_two_workers_send_each_message_once(post: Any) -> None:
    for number in range(30):
        await post.account(f"p{number}@sao-mai.test")
    await post.tell(post.telling())
    sent = await asyncio.gather(post.send(), post.send(), post.send())
    assert sum(sent) == 30
    assert sorted(one.address for one in post.letters) == sorted(
        {one.address for one in post.letters}
    )


async def test_the_control_a_message_that_is_taken_for_no_time_is_taken_twice(post: Any) -> None:
    await post.account("lan@sao-mai.test")
    await post.tell(post.telling())
    at = post.clock.now()
    taken = []
    for _ in range(2):

        async def work(unit: Unit) -> list[MessageRow]:
            return await storage.take_due(unit.connection, at, at, 20)  # taken for no time at all

        taken += await post.store.perform(PROGRAM, work)
    assert len(taken) == 2


async def test_who_is_cut_off_while_sending_finds_the_message_due_again(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post.account("lan@sao-mai.test")
    await post.tell(post.telling())

    async def cut_off(*_: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patch:
        patch.setattr(outbox_worker, "_keep", cut_off)
        await post.send()
    assert await post.states() == [("email", "queued")]
    assert await post.send() == 0
    post.clock.advance(timedelta(minutes=2))
    assert await post.send() == 1
    assert await post.states() == [("email", "sent")]
    # Both bear one number, by which a mail program shows them once.
    assert len({letter.given for letter in post.letters}) == 1


async def test_a_channel_that_breaks_is_tried_again_and_its_words_are_not_logged(
    post: Any, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        code = "email"

        async def send(self, letter: Letter) -> Word:
            raise ValueError(letter.address)

    post.channels["email"] = Broken()
    await post.account("lan@sao-mai.test")
    await post.tell(post.telling())
    await post.send()
    (row,) = await post.rows()
    assert (row.state, row.answer) == ("queued", "ValueError")
    assert "ValueError" in caplog.text
    assert "lan@" not in caplog.text


async def test_what_nobody_hears_of_rests_and_what_is_not_sent_in_time_is_given_up(
    post: Any,
) -> None:
    await post.account("lan@sao-mai.test")
    post.channels["email"] = Scripted("email", Carried("1"), NotNow("Away."))
    await post.tell(post.telling(), post.telling())
    for _ in range(2):
        await post.send()
    post.clock.advance(timedelta(days=3))
    await Timeouts(post.store, {}).end(MessageRow)
    assert sorted(await post.states()) == [("email", "given_up"), ("email", "unanswered")]
    post.clock.advance(timedelta(days=7))
    await Timeouts(post.store, {}).end(MessageRow)
    assert sorted(await post.states()) == [("email", "dropped"), ("email", "unanswered")]


async def test_no_event_of_a_message_says_whom_it_is_for(post: Any) -> None:
    await post.account("lan@sao-mai.test")
    await post.tell(post.telling())
    await post.send()
    async with post.store.reading() as connection:
        events = await latest(connection, 10, ["message.*"])
    assert [event.type for event in events] == ["message.send", "message.queue"]
    for event in events:
        assert set(event.payload) == {"state", "occasion", "channel"}
        assert "lan" not in str(event.cloud_event())


async def test_what_a_channel_tells_of_arrival_is_noted_once_and_a_failure_goes_on(
    post: Any,
) -> None:
    post.channels["email"] = Scripted("email", Carried("m1"), Carried("m2"))
    await post.account("lan@sao-mai.test")
    await post.tell(post.telling(), post.telling())
    await post.send()

    async def told(number: str, arrived: bool) -> bool:
        async def work(unit: Unit) -> bool:
            return await message_service.report(unit, "email", number, arrived=arrived)

        return bool(await post.store.perform(PROGRAM, work))

    assert await told("m1", True)
    assert not await told("m1", True)
    assert not await told("m1", False)
    assert not await told("another", True)
    assert await told("m2", False)
    assert sorted(await post.states()) == [("email", "delivered"), ("email", "given_up")]
