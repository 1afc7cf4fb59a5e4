"""Rights given away: how far each link reaches, and that a revoked one is refused at once."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest

import api.tables  # noqa: F401  (the rows of every record)
from border.core.actor import PROGRAM, Actor, Role
from border.core.ids import new_id
from border.core.refusal import Refusal
from border.core.store import Store, Unit
from border.identity import delegation_service, delegation_storage, policy
from border.identity.delegation import (
    DELEGATION,
    MOST_LINKS,
    GivenRight,
    asked_wrongly,
    received_wrongly,
    too_far,
    with_reading,
)
from border.identity.service import Holders, digest
from border.identity.tables import AccountRow, DelegationRow, OrganisationRow, TokenRow
from border.timeouts import Timeouts

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
VERBS = ("booking.cancel", "booking.hold")
SUBSETS = [set[str](), {VERBS[0]}, {VERBS[1]}, set(VERBS)]


@dataclass(frozen=True)
class Given:
    """A link, as far as passing it on goes."""

    verbs: frozenset[str]
    until: datetime
    above: tuple[UUID, ...] = ()


def chains() -> Iterator[tuple[Given, set[str], datetime]]:
    """Yield each right of a small world, and each that somebody would make of it."""
    for had, asked, ends, longer, depth in product(
        SUBSETS, SUBSETS, range(2), range(-1, 2), range(MOST_LINKS + 1)
    ):
        until = NOON + timedelta(days=ends)
        above = tuple(new_id() for _ in range(depth))
        yield Given(frozenset(had), until, above), asked, until + timedelta(days=longer)


def test_nothing_passed_on_reaches_further_than_it_came() -> None:
    for link, verbs, until in chains():
        wrong = {error.code for error in too_far(link, verbs, until)}
        assert ("wider" in wrong) == (not verbs <= link.verbs)
        assert ("longer" in wrong) == (until > link.until)
        assert ("passed_on_too_often" in wrong) == (len(link.above) + 1 >= MOST_LINKS)


def test_no_chain_comes_back_to_a_firm_that_it_came_through() -> None:
    firms = [new_id() for _ in range(4)]
    for depth, to in product(range(1, 4), firms):
        came_through, giver = firms[:depth], firms[depth - 1]
        wrong = [error.code for error in received_wrongly(to, came_through, giver)]
        assert wrong == (["oneself"] if to == giver else ["circle"] if to in came_through else [])


def test_what_is_asked_for_wrongly_is_all_told_at_once() -> None:
    asked = GivenRight(verbs=("booking.confirm", "booking.hold"), until=NOON)
    found = [(error.field, error.code) for error in asked_wrongly(asked, NOON)]
    assert found == [
        ("to_organisation", "one_of_two"),
        ("verbs.0", "not_delegable"),
        ("until", "past"),
    ]
    good = asked.model_copy(
        update={
            "to_account": "x@y.test",
            "verbs": ("booking.hold",),
            "until": NOON + timedelta(seconds=1),
        }
    )
    assert list(asked_wrongly(good, NOON)) == []


def test_who_may_do_something_to_a_record_may_look_at_it() -> None:
    assert with_reading(["booking.hold"]) == ["booking.hold", "booking.list", "booking.read"]
    assert set(with_reading(policy.delegable())) == set(policy.delegable())


@dataclass
class Firms:
    """An owner, an agent, a carrier and a stranger, each with an account that is signed in."""

    store: Store
    clock: Any
    names: dict[str, Actor]
    holders: Holders

    async def seen(self, name: str) -> Actor:
        """Return somebody as the next request finds them."""
        actor = await self.holders.of(name, "api")
        assert actor is not None
        return actor

    async def give(self, name: str, to: str, *verbs: str, **more: Any) -> Any:
        """Give a right to another firm, of one's own firm unless `of` another."""
        of = self.names[more.pop("of", name)].organisation_id
        asked = GivenRight(
            **{
                "to_organisation": str(self.names[to].organisation_id),
                "verbs": verbs or VERBS,
                "until": self.clock.now() + timedelta(days=1),
                "from_organisation": of,
                **more,
            }
        )
        return await self.store.perform(
            self.names[name], lambda unit: delegation_service.give(unit, asked)
        )

    async def revoke(self, name: str, right: Any) -> Any:
        """Revoke a right."""
        return await self.store.perform(
            self.names[name], lambda unit: delegation_service.revoke(unit, right.id, None)
        )

    async def sees(self, name: str, right: Any) -> Any:
        """Return a right as somebody sees it."""
        async with self.store.reading() as connection:
            return await delegation_service.get(connection, self.names[name], right.id)

    async def may(self, name: str, verb: str = "booking.hold") -> bool:
        """Say whether somebody may do something for the owner by the next request."""
        return self.names["owner"].organisation_id in policy.acts_for(await self.seen(name), verb)

    async def chain(self) -> tuple[Any, Any, Any]:
        """Give a right from the owner to the agent, the carrier and the driver."""
        first = await self.give("owner", "agent")
        second = await self.give("agent", "carrier", of="owner")
        return first, second, await self.give("carrier", "driver", VERBS[1], of="owner")


@pytest.fixture
async def firms(store: Store, clock: Any) -> Firms:
    """Firms that can give each other rights."""
    names = {}

    async def work(unit: Unit) -> None:
        for name in ("owner", "agent", "carrier", "driver", "stranger"):
            firm = await unit.add(OrganisationRow(name=name, kind="trader", tax_code=f"tax-{name}"))
            account = await unit.add(
                AccountRow(
                    email=f"{name}@firms.test",
                    name=name,
                    password_hash="!",
                    roles=[Role.TRADER.value],
                    organisation_id=firm.id,
                )
            )
            await unit.add(
                TokenRow(
                    digest=digest(name),
                    account_id=account.id,
                    purpose="api",
                    made_at=unit.at,
                    expires_at=unit.at + timedelta(days=30),
                )
            )
            names[name] = Actor(account.id, name, frozenset({Role.TRADER}), firm.id)

    await store.perform(PROGRAM, work)
    return Firms(store, clock, names, Holders(store))


async def test_revoked_anywhere_a_chain_ends_below_with_the_next_request(firms: Firms) -> None:
    first, second, _ = await firms.chain()
    everybody = ("agent", "carrier", "driver")
    assert [await firms.may(name) for name in everybody] == [True, True, True]
    assert [await firms.may(name, "booking.cancel") for name in everybody] == [True, True, False]
    assert not await firms.may("stranger")
    agent = await firms.seen("agent")
    assert agent.acts_for == {firms.names["owner"].organisation_id: "owner"}
    seen = await firms.sees("owner", first)
    assert seen.passed_on == 2
    await firms.revoke("agent", second)
    assert [await firms.may(name) for name in everybody] == [True, False, False]
    await firms.revoke("owner", first)
    assert [await firms.may(name) for name in everybody] == [False, False, False]


async def test_those_in_force_are_listed_first_and_the_newest_of_them(firms: Firms) -> None:
    given = []
    for _ in range(3):
        given.append(await firms.give("owner", "agent"))
        firms.clock.at += timedelta(minutes=1)
    await firms.revoke("owner", given[2])
    async with firms.store.reading() as connection:
        listed = await delegation_service.list_rights(connection, firms.names["owner"])
    assert [one.id for one in listed] == [given[place].id for place in (1, 0, 2)]


async def test_a_right_ends_by_itself(firms: Firms) -> None:
    await firms.chain()
    firms.clock.at += timedelta(days=1)
    assert not await firms.may("driver"), "before anything has moved it"
    assert await Timeouts(firms.store, kinds=[DelegationRow]).run() == 3


async def test_a_right_of_one_account_is_not_its_firms(firms: Firms) -> None:
    await firms.give("owner", "agent", to_organisation=None, to_account="Driver@firms.test ")
    assert await firms.may("driver")
    assert not await firms.may("agent")
    driver = firms.names["driver"]
    firms.names["colleague"] = replace(driver, id=new_id())
    with pytest.raises(Refusal) as refused:
        await firms.give("colleague", "stranger", of="owner")
    assert refused.value.code == "right_missing"


@pytest.mark.parametrize(
    ("giver", "to", "more", "code"),
    [
        ("owner", "owner", {}, "oneself"),
        ("agent", "owner", {"of": "owner"}, "circle"),
        ("owner", "agent", {"to_organisation": "tax-nobody"}, "unknown"),
        ("owner", "agent", {"to_organisation": None, "to_account": "no@one.test"}, "unknown"),
        ("owner", "agent", {"until": NOON - timedelta(days=9)}, "past"),
        ("owner", "agent", {"until": "9999-12-31T23:59:59-14:00"}, "less_than"),
        ("driver", "stranger", {"of": "owner"}, "passed_on_too_often"),
        ("stranger", "agent", {"of": "owner"}, "right_missing"),
    ],
)
async def test_a_right_that_cannot_be_given_says_why(
    firms: Firms, giver: str, to: str, more: dict[str, Any], code: str
) -> None:
    await firms.chain()
    with pytest.raises(Refusal) as refused:
        await firms.give(giver, to, VERBS[1], **more)
    assert code in (refused.value.code, *(error.code for error in refused.value.errors))


async def test_only_who_gave_a_right_revokes_it(firms: Firms) -> None:
    first, second, _ = await firms.chain()
    for name, right, code in (
        ("agent", first, "not_the_owner"),
        ("stranger", first, "not_found"),
        ("owner", second, "not_found"),
    ):
        with pytest.raises(Refusal) as refused:
            await firms.revoke(name, right)
        assert refused.value.code == code


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
async def test_what_is_passed_on_while_it_is_revoked_ends_with_it(
    firms: Firms, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    first = await firms.give("owner", "agent")
    if not guarded:  # The right is read and not locked.
        unlocked = delegation_storage._HAD.written.with_for_update(of=None)  # type: ignore[attr-defined]
        unlocked._for_update_arg = None
        monkeypatch.setattr(delegation_storage, "_HAD", delegation_storage.Statement(unlocked))
    read, go = asyncio.Event(), asyncio.Event()
    had = delegation_storage.rights_had

    async def slowly(*args: Any) -> Any:
        found = await had(*args)
        read.set()
        await go.wait()
        return found

    monkeypatch.setattr(delegation_storage, "rights_had", slowly)
    passing = asyncio.create_task(firms.give("agent", "carrier", of="owner"))
    await read.wait()
    revoking = asyncio.create_task(firms.revoke("owner", first))
    await asyncio.wait([revoking], timeout=0.1 if guarded else 5)
    go.set()
    below = await passing
    await revoking
    seen = await firms.sees("agent", below)
    assert seen.state == ("revoked" if guarded else "given")
    assert not await firms.may("carrier"), "the second fence: what stands above is looked at too"


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
async def test_whoever_asks_while_a_right_is_revoked_is_refused_from_then_on(
    firms: Firms, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    right = await firms.give("owner", "agent")
    if not guarded:  # What was found once is remembered.
        look, known = firms.holders._rows.get, dict[bytes, Any]()

        async def remembered(key: bytes) -> Any:
            known[key] = known.get(key) or await look(key)
            return known[key]

        monkeypatch.setattr(firms.holders._rows, "get", remembered)
    revoked = asyncio.Event()

    async def asks() -> list[bool]:
        """Ask again and again; return what was answered to what was asked after the revoking."""
        later = list[bool]()
        while len(later) < 3:
            after = revoked.is_set()
            may = await firms.may("agent")
            later += [may] if after else []
            await asyncio.sleep(0)  # What is remembered waits for nothing.
        return later

    async def revokes() -> None:
        await firms.revoke("owner", right)
        revoked.set()

    asking = [asyncio.create_task(asks()) for _ in range(5)]
    async with asyncio.timeout(20):
        await revokes()
        found = [may for asked in asking for may in await asked]
    assert set(found) == {not guarded}


def test_its_life_has_one_way_out_for_people() -> None:
    assert [move.verb for move in DELEGATION.open_to("given", {Role.TRADER})] == ["revoke"]
