"""Addresses: confirmed by a code before anything else is sent there; wishes that are kept."""

import re
from datetime import timedelta
from typing import Any

import pytest

from border.core.actor import Actor, Role
from border.core.ids import new_id
from border.core.refusal import Refusal
from border.core.store import PROGRAM, Unit
from border.messages import contact_service
from border.messages.contact import MOST_GUESSES, OWN_OCCASIONS
from border.messages.contact_service import Reached
from border.messages.contact_storage import contact
from border.messages.tables import ContactRow
from border.messages.text_rules import MESSAGE_TEXTS, OWN_TEXTS, read_texts, seed
from border.regulation import regulation_service
from border.timeouts import Timeouts

NEW = "minh@sao-mai.test"


class Somebody:
    """Somebody who signs in, and what they do about their addresses."""

    def __init__(self, post: Any, actor: Actor) -> None:
        self.post, self.actor = post, actor

    async def does(self, work: Any) -> Any:
        return await self.post.store.perform(self.actor, work)

    async def add(self, address: str, channel: str = "email") -> ContactRow:
        """Add an address by one of the channels set up."""
        channels = self.post.channels
        return await self.does(lambda unit: contact_service.add(unit, channel, address, channels))

    async def code(self) -> str:
        """Let what is due be sent, and read the code out of the last letter."""
        await self.post.send()
        found = re.search(r"[0-9]{6}", self.post.letters[-1].title)
        assert found
        return found[0]

    async def confirm(self, row: ContactRow, code: str) -> bool:
        return await self.does(lambda unit: contact_service.confirm(unit, row.id, code))

    async def reached(self) -> Reached:
        async with self.post.store.reading() as connection:
            return await contact_service.reached(connection, self.actor)

    async def refused(self, work: Any) -> str:
        with pytest.raises(Refusal) as caught:
            await work
        return ",".join([error.code for error in caught.value.errors]) or caught.value.code


@pytest.fixture
async def lan(post: Any) -> Somebody:
    """Somebody of the firm, with the texts of codes and tries in force."""
    account = await post.account("lan@sao-mai.test")

    async def work(unit: Unit) -> None:
        drafts = [seed("own", read_texts(OWN_TEXTS, OWN_OCCASIONS))]
        await regulation_service.load(unit, MESSAGE_TEXTS, drafts)

    await post.store.perform(PROGRAM, work)
    roles = frozenset({Role.TRADER})
    return Somebody(post, Actor(account.id, "Lan", roles, post.firm.id, email=account.email))


async def told_at(post: Any) -> list[str]:
    """Tell the firm something and return to which addresses it went."""
    before = len(post.letters)
    await post.tell(post.telling())
    await post.send()
    return [letter.address for letter in post.letters[before:]]


async def test_nothing_but_the_code_goes_to_an_address_before_it_is_confirmed(
    post: Any, lan: Somebody
) -> None:
    row = await lan.add(NEW)
    code = await lan.code()
    assert [letter.address for letter in post.letters] == [NEW]
    assert await told_at(post) == ["lan@sao-mai.test"]
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert not await lan.confirm(row, wrong)
    assert await lan.confirm(row, f"{code[:3]} {code[3:]}")
    assert await told_at(post) == [NEW]
    assert (await lan.reached()).contacts[0].code_digest is None


async def test_a_code_can_be_guessed_at_a_few_times_and_for_a_while(
    post: Any, lan: Somebody
) -> None:
    row = await lan.add(NEW)
    code = await lan.code()
    for guess in range(MOST_GUESSES):
        assert not await lan.confirm(row, f"{(int(code) + 1 + guess) % 10**6:06d}")
    assert not await lan.confirm(row, code)
    later = await lan.add("hoa@sao-mai.test")
    code = await lan.code()
    post.clock.advance(timedelta(minutes=15))
    assert not await lan.confirm(later, code)


async def test_what_is_typed_is_looked_at(post: Any, lan: Somebody) -> None:
    assert await lan.refused(lan.add("not an address")) == "email_format"
    assert await lan.refused(lan.add("0912345678", "sms")) == "unknown"  # not set up here
    assert await lan.refused(lan.add("x", "webpush")) == "unknown"
    await lan.add(NEW)
    assert await lan.refused(lan.add(NEW)) == "already_there"
    for number in range(9):
        await lan.add(f"p{number}@sao-mai.test")
    assert await lan.refused(lan.add("p9@sao-mai.test")) == "too_many_contacts"


async def test_an_address_is_its_owners_alone(post: Any, lan: Somebody) -> None:
    row = await lan.add(NEW)
    stranger = Somebody(post, Actor(new_id(), "x", frozenset({Role.TRADER}), post.firm.id))
    assert await stranger.refused(stranger.confirm(row, "000000")) == "not_found"
    remove = stranger.does(lambda unit: contact_service.remove(unit, row.id, None))
    assert await stranger.refused(remove) == "not_found"


async def test_who_has_several_is_told_at_the_first_and_changes_the_order(
    post: Any, lan: Somebody
) -> None:
    rows = []
    for address in ("a@sao-mai.test", "b@sao-mai.test"):
        row = await lan.add(address)
        await lan.confirm(row, await lan.code())
        rows.append(row)
    assert await told_at(post) == ["a@sao-mai.test"]
    await lan.does(lambda unit: contact_service.put_first(unit, rows[1].id))
    assert await told_at(post) == ["b@sao-mai.test"]
    await lan.does(lambda unit: contact_service.remove(unit, rows[1].id, None))
    assert await told_at(post) == ["a@sao-mai.test"]


async def test_an_address_that_is_dead_is_used_no_more_and_the_next_is(
    post: Any, lan: Somebody
) -> None:
    row = await lan.add("nobody@sao-mai.test")
    async with post.store.engine.begin() as connection:
        await connection.execute(
            contact.update().where(contact.c.id == row.id).values(state="confirmed")
        )
    await post.tell(post.telling())
    await post.send()
    assert [one.state for one in (await lan.reached()).contacts] == []
    await post.send()
    assert post.letters[-1].address == "lan@sao-mai.test"


async def test_wishes_are_kept_language_quiet_hours_and_what_of(post: Any, lan: Somebody) -> None:
    def wish(locale: str, quiet: tuple[str, str], wanted: list[str]) -> Any:
        return lan.does(lambda unit: contact_service.wish(unit, locale, quiet, wanted))

    assert await lan.refused(wish("fr", ("9", ""), [])) == "unknown,not_an_hour"
    await wish("zh", ("11:00", "13:00"), ["test_arrival"])
    assert (await lan.reached()).wishes.muted == [
        code for code in (await lan.reached()).wishes.muted if code != "test_arrival"
    ]
    assert await told_at(post) == []  # noon is quiet
    post.clock.advance(timedelta(hours=1))
    await post.send()
    assert post.letters[-1].text.startswith("CRT-1已到")
    await wish("zh", ("", ""), [])
    assert await told_at(post) == []
    assert await lan.does(lambda unit: contact_service.send_test(unit, post.channels))
    await post.send()
    assert post.letters[-1].title == "测试消息"
    assert not await lan.does(lambda unit: contact_service.send_test(unit, ()))


async def test_an_address_that_nobody_confirms_lapses(post: Any, lan: Somebody) -> None:
    await lan.add(NEW)
    post.clock.advance(timedelta(days=1))
    assert await Timeouts(post.store, {}).end(ContactRow) == 1
    assert (await lan.reached()).contacts == []
