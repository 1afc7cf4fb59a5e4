"""Who signs in is known by a token, for one purpose and for a time, and only by its digest."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, select, text, update

import customs.declaration  # noqa: F401  (the rows of declarations)
from border.core.actor import PROGRAM, QUARANTINE, STAFF, Actor, Role
from border.core.clock import FixedClock
from border.core.refusal import Refusal
from border.core.store import Store, table_of
from border.identity import policy, service
from border.identity.service import LASTS, Holders, digest, hash_password, revoke, sign_in
from border.identity.tables import AccountRow, OrganisationRow, TokenRow

EMAIL, PASSWORD = "agent@example.vn", "Cửa khẩu Kim Thành II"
accounts, tokens = table_of(AccountRow), table_of(TokenRow)


@pytest.fixture(scope="module")
async def password_hash() -> str:
    """The hash of the one password, made once because it is slow on purpose."""
    return await hash_password(PASSWORD)


@pytest.fixture
async def gate(store: Store, password_hash: str) -> Store:
    """A store that knows one trader's account."""
    firm = OrganisationRow(id=UUID(int=1), name="A firm", kind="trader", tax_code="5300000001")
    account = AccountRow(
        id=UUID(int=2),
        email=EMAIL,
        name="An agent",
        password_hash=password_hash,
        roles=["trader", "carrier"],
        organisation_id=firm.id,
    )
    async with store.engine.begin() as connection:
        await connection.execute(insert(table_of(OrganisationRow)).values(**firm.model_dump()))
        await connection.execute(insert(accounts).values(**account.model_dump()))
    return store


async def refused(store: Store, email: str, password: str) -> tuple[str, int, str]:
    """Return what somebody is told who may not sign in."""
    with pytest.raises(Refusal) as caught:
        await sign_in(store, email, password)
    return caught.value.code, caught.value.kind.status, caught.value.detail()


async def test_signing_in_gives_a_token_that_tells_who_holds_it(
    gate: Store, clock: FixedClock
) -> None:
    signed_in = await sign_in(gate, f"  {EMAIL.upper()} ", PASSWORD)
    assert signed_in.expires_at == clock.now() + timedelta(hours=12)
    assert signed_in.actor == Actor(
        id=UUID(int=2),
        name="An agent",
        roles=frozenset({"trader", "carrier"}),
        organisation_id=UUID(int=1),
        organisation="A firm",
        email=EMAIL,
    )
    assert await Holders(gate).of(signed_in.token, "api") == signed_in.actor


async def test_a_wrong_password_and_an_unknown_address_are_told_the_same(gate: Store) -> None:
    wrong = await refused(gate, EMAIL, PASSWORD.lower())
    assert wrong == await refused(gate, "nobody@example.vn", PASSWORD)
    assert wrong[:2] == ("wrong_login", 401)
    async with gate.reading() as connection:
        assert (await connection.execute(select(tokens))).all() == []


@pytest.mark.parametrize(
    "change", [{"active": False}, {"password_hash": ""}, {"password_hash": "!"}], ids=str
)
async def test_an_account_that_is_closed_is_told_the_same(
    gate: Store, change: dict[str, Any]
) -> None:
    unknown = await refused(gate, "nobody@example.vn", PASSWORD)
    async with gate.engine.begin() as connection:
        await connection.execute(update(accounts).values(**change))
    assert await refused(gate, EMAIL, PASSWORD) == unknown


@pytest.mark.parametrize("purpose", list(LASTS))
async def test_a_token_ends_at_its_hour(gate: Store, clock: FixedClock, purpose: str) -> None:
    signed_in = await sign_in(gate, EMAIL, PASSWORD, purpose)
    clock.advance(LASTS[purpose] - timedelta(microseconds=1))
    assert await Holders(gate).of(signed_in.token, purpose) == signed_in.actor
    clock.advance(timedelta(microseconds=1))
    assert await Holders(gate).of(signed_in.token, purpose) is None


async def test_a_token_given_for_one_purpose_is_good_for_no_other(gate: Store) -> None:
    for purpose in LASTS:
        token = (await sign_in(gate, EMAIL, PASSWORD, purpose)).token
        good = {other for other in LASTS if await Holders(gate).of(token, other)}
        assert good == {purpose}
        assert await Holders(gate).of(token, *LASTS) is not None
        assert await Holders(gate).of(token) is None


async def test_a_revoked_token_is_worth_nothing_and_the_others_stay(gate: Store) -> None:
    kept, given_up = [await sign_in(gate, EMAIL, PASSWORD) for _ in range(2)]
    await gate.perform(PROGRAM, lambda unit: revoke(unit, given_up.token))
    assert await Holders(gate).of(given_up.token, "api") is None
    assert await Holders(gate).of(kept.token, "api") == kept.actor


async def test_signing_in_again_ends_the_token_before(gate: Store) -> None:
    old = await sign_in(gate, EMAIL, PASSWORD, "page")
    new = await sign_in(gate, EMAIL, PASSWORD, "page", old_token=old.token)
    assert new.token != old.token
    assert await Holders(gate).of(old.token, "page") is None
    assert await Holders(gate).of(new.token, "page") == new.actor


async def test_failing_to_sign_in_again_leaves_the_token_before(gate: Store) -> None:
    old = await sign_in(gate, EMAIL, PASSWORD, "page")
    with pytest.raises(Refusal):
        await sign_in(gate, EMAIL, "wrong", "page", old_token=old.token)
    assert await Holders(gate).of(old.token, "page") == old.actor


async def test_a_closed_account_holds_no_token(gate: Store) -> None:
    token = (await sign_in(gate, EMAIL, PASSWORD)).token
    async with gate.engine.begin() as connection:
        await connection.execute(update(accounts).values(active=False))
    assert await Holders(gate).of(token, "api") is None


@pytest.mark.parametrize("token", ["", "x", "á" * 43, "' OR true --"])
async def test_what_is_no_token_is_held_by_nobody(gate: Store, token: str) -> None:
    await sign_in(gate, EMAIL, PASSWORD)
    assert await Holders(gate).of(token, *LASTS) is None


async def test_only_digests_of_tokens_and_passwords_are_kept(gate: Store) -> None:
    token = (await sign_in(gate, EMAIL, PASSWORD)).token
    async with gate.reading() as connection:
        whole = "SELECT t::text || encode(t.digest, 'escape') || a::text FROM token t, account a"
        (kept,) = (await connection.execute(text(whole))).scalars()
        (row,) = await connection.execute(select(tokens))
    assert bytes(row.digest) == digest(token)
    assert token not in kept
    assert PASSWORD not in kept
    assert len(token) >= 43


async def test_a_token_goes_with_its_row(gate: Store) -> None:
    signed_in = await sign_in(gate, EMAIL, PASSWORD)
    async with gate.engine.begin() as connection:
        await connection.execute(delete(tokens))
    assert await Holders(gate).of(signed_in.token, "api") is None


def test_the_zones_own_people_are_told_from_those_outside() -> None:
    outside = {Role.TRADER, Role.CARRIER, Role.PLATFORM}
    of_nobody = SimpleNamespace(owner_organisation_id=UUID(int=9), carrier_organisation_id=None)
    for role in Role:
        assert (role not in outside) == (role in STAFF)
        actor = Actor(UUID(int=3), "somebody", frozenset({role}))
        assert policy.may(actor, "declaration.read", of_nobody) == (role in STAFF)
    assert set(QUARANTINE) < STAFF


def test_people_are_named_by_number_in_the_record_and_the_program_as_itself() -> None:
    assert Actor(UUID(int=3), "A Person", frozenset()).name_in_events == str(UUID(int=3))
    assert PROGRAM.name_in_events == "system"
    assert PROGRAM.roles.isdisjoint(STAFF)


def test_an_account_that_is_not_there_costs_a_guesser_as_long_as_one_that_is() -> None:
    assert not service._HASHER.check_needs_rehash(service._NOBODY)
