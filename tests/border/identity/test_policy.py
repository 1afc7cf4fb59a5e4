"""One table says who may do what to which records, to a service and to a list alike."""

from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Column, MetaData, String, Table, Uuid, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from border.core.actor import PROGRAM, Actor, Delegation, Role
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.refusal import Refusal
from border.core.statement import Statement
from border.identity import policy
from border.identity.policy import ANYONE, SIGNED_IN, Bounds, Grant, Scope, allow, declare

DAY = timedelta(days=1)
PALLET = Lifecycle(
    "pallet",
    "A pallet in the yard",
    noun="pallet",
    states=(
        State("made", "made", "trader", DAY, "lose"),
        State("sealed", "sealed", "customs_officer", DAY),
        State("broken", "broken up"),
        State("lost", "lost"),
    ),
    initial=("made",),
    moves=(
        Move("seal", ("made",), "sealed", ("trader", "manager"), "Seal"),
        Move("break", ("made",), "broken", ("trader",), "Break up"),
        Move("break", ("sealed",), "broken", ("customs_officer",), "Break up"),
        Move("lose", ("made",), "lost", (SYSTEM,), "Lose", offered=False),
    ),
)
OURS, THEIRS, CARRIER = UUID(int=1), UUID(int=2), UUID(int=3)
YARD = MetaData()
TABLE = Table(
    "pallet",
    YARD,
    Column("id", Uuid, primary_key=True),
    Column("state", String),
    Column("gate", String),
    Column("owner", Uuid),
    Column("carrier", Uuid),
)


@dataclass(frozen=True)
class Pallet:
    """A record of some firm's at some gate."""

    id: UUID
    owner: UUID
    carrier: UUID | None = None
    gate: str = "A"
    state: str = "made"
    reference: str = "PAL-1"


PALLETS = [
    Pallet(uuid4(), owner, carrier, gate)
    for owner, carrier, gate in product((OURS, THEIRS), (None, CARRIER, OURS), ("A", "B"))
]


@pytest.fixture(autouse=True)
def pallets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of pallets, beside the product's, for one test."""
    for name in ("TABLE", "BOUNDS", "LIVES"):
        monkeypatch.setattr(policy, name, dict(getattr(policy, name)))
    declare(
        "pallet",
        allow((SIGNED_IN,), "read", scopes=(Scope.OWN, Scope.CARRIED)),
        allow((Role.MANAGER,), "read"),
        allow((Role.TRADER,), "list", scopes=(Scope.OWN, Scope.DELEGATED)),
        allow((Role.CARRIER,), "list", scopes=(Scope.CARRIED,)),
        allow((Role.GATE_STAFF,), "list", scopes=(Scope.GATE,)),
        allow((Role.MANAGER,), "list"),
        allow((ANYONE,), "count"),
        bounds=Bounds(own="owner", carried="carrier"),
        moves=PALLET,
    )


def person(*roles: str, firm: UUID | None = OURS, gates: str = "") -> Actor:
    """Return somebody of a firm."""
    return Actor(uuid4(), "somebody", frozenset(roles), firm, gates=frozenset(gates))


PEOPLE = {
    "nobody in particular": None,
    "the program": PROGRAM,
    "a trader": person(Role.TRADER),
    "a trader without a firm": person(Role.TRADER, firm=None),
    "a carrier": person(Role.CARRIER, firm=CARRIER),
    "who trades and carries": person(Role.TRADER, Role.CARRIER),
    "the gate": person(Role.GATE_STAFF, gates="A"),
    "no gate": person(Role.GATE_STAFF),
    "the manager": person(Role.MANAGER, firm=None),
    "whoever a firm trusts": Actor(
        uuid4(),
        "x",
        frozenset({Role.TRADER}),
        CARRIER,
        delegations=(Delegation("pallet.list", OURS),),
    ),
    "whoever is trusted with another verb": Actor(
        uuid4(),
        "x",
        frozenset({Role.TRADER}),
        CARRIER,
        delegations=(Delegation("pallet.seal", OURS),),
    ),
}
SEES: dict[str, Callable[[Pallet], bool]] = {
    "nobody in particular": lambda p: False,
    "the program": lambda p: False,
    "a trader": lambda p: p.owner == OURS,
    "a trader without a firm": lambda p: False,
    "a carrier": lambda p: p.carrier == CARRIER,
    "who trades and carries": lambda p: OURS in (p.owner, p.carrier),
    "the gate": lambda p: p.gate == "A",
    "no gate": lambda p: False,
    "the manager": lambda p: True,
    "whoever a firm trusts": lambda p: p.owner == OURS,
    "whoever is trusted with another verb": lambda p: False,
}


@pytest.fixture(scope="module")
async def pallet_table(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """The pallets in a table of their own."""
    async with engine.begin() as connection:
        await connection.run_sync(YARD.create_all)
        columns = set(TABLE.c.keys())
        given = [{k: v for k, v in asdict(p).items() if k in columns} for p in PALLETS]
        await connection.execute(insert(TABLE), given)
    yield engine
    async with engine.begin() as connection:
        await connection.run_sync(YARD.drop_all)


@pytest.mark.parametrize("who", PEOPLE)
async def test_a_list_shows_just_the_records_a_service_would_let_one_see(
    pallet_table: AsyncEngine, who: str
) -> None:
    expected = {p.id for p in PALLETS if SEES[who](p)}
    assert {p.id for p in PALLETS if policy.may(PEOPLE[who], "pallet.list", p)} == expected
    reach = policy.reach(PEOPLE[who], "pallet.list")
    reached = policy.reached("pallet.list", reach.scopes, TABLE)
    async with pallet_table.connect() as connection:
        shown = await Statement(select(TABLE.c.id).where(reached)).rows(connection, **reach.given)
    assert {row.id for row in shown} == expected


def test_the_rows_of_moves_come_from_the_moves() -> None:
    rows = {
        row for row in policy.rows() if row.verb in ("pallet.seal", "pallet.break", "pallet.lose")
    }
    assert rows == {
        Grant("trader", "pallet.seal", Scope.OWN),
        Grant("manager", "pallet.seal", Scope.ZONE),
        Grant("trader", "pallet.break", Scope.OWN),
        Grant("customs_officer", "pallet.break", Scope.ZONE),
        Grant(SYSTEM, "pallet.lose", Scope.ZONE),
    }


def refusal(actor: Actor | None, verb: str, *record: object) -> tuple[str, int]:
    """Return the code and status of what is refused."""
    with pytest.raises(Refusal) as caught:
        policy.check(actor, verb, *record)
    return caught.value.code, caught.value.kind.status


def test_the_refusal_says_who_then_what_then_whose() -> None:
    ours, theirs = Pallet(uuid4(), OURS), Pallet(uuid4(), THEIRS)
    carried = Pallet(uuid4(), THEIRS, carrier=OURS)
    trader, gate = person(Role.TRADER), person(Role.GATE_STAFF)
    assert refusal(None, "pallet.seal") == ("not_signed_in", 401)
    for record in ((), (ours,), (theirs,), (None,)):
        assert refusal(gate, "pallet.seal", *record) == ("not_allowed", 403)
    assert refusal(trader, "pallet.seal", None) == ("not_found", 404)
    assert refusal(trader, "pallet.seal", theirs) == ("not_found", 404)
    assert refusal(trader, "pallet.seal", carried) == ("not_the_owner", 403)
    policy.check(trader, "pallet.seal")
    policy.check(trader, "pallet.seal", ours)
    policy.check(None, "pallet.count", theirs)
    assert policy.found(trader, "pallet.seal", ours) is ours


def test_who_needs_a_role_is_told_which() -> None:
    with pytest.raises(Refusal) as caught:
        policy.check(person(), "pallet.seal")
    assert caught.value.facts == {"needs": ["trader", "manager"]}


def test_a_role_that_moves_from_one_state_reaches_no_stranger_in_another() -> None:
    both = person(Role.TRADER, Role.CUSTOMS_OFFICER, Role.MANAGER)
    theirs = Pallet(uuid4(), THEIRS)
    assert refusal(both, "pallet.break", theirs) == ("not_the_owner", 403)
    policy.check(both, "pallet.break", Pallet(uuid4(), THEIRS, state="sealed"))
    assert [m.verb for m in policy.open_moves(both, PALLET, theirs)] == ["seal"]
    ours = Pallet(uuid4(), OURS)
    assert [m.verb for m in policy.open_moves(both, PALLET, ours)] == ["seal", "break"]


def test_a_verb_without_a_row_is_a_fault_of_the_program() -> None:
    with pytest.raises(LookupError, match=r"pallet\.burn"):
        policy.may(PROGRAM, "pallet.burn")


@pytest.mark.parametrize(
    ("record", "given", "problem"),
    [
        ("pallet", allow((Role.MANAGER,), "read"), "said twice"),
        ("bale", allow((Role.TRADER,), "read"), "no column"),
        ("bale", allow((Role.TRADER,), "read", scopes=(Scope.CARRIED,)), "no column"),
    ],
    ids=str,
)
def test_a_row_that_cannot_be_meant_is_refused_at_import(
    record: str, given: policy.Allowance, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        declare(record, given)
