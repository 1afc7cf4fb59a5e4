"""Confluence: whatever order, however often, by whichever channel the same words come, the books
end the same.

What by nature depends on who comes first is told at the end: even then no money is lost, and the
barrier opens for no less than what is owed.
"""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from border.core.clock import FixedClock
from border.core.money import Money
from border.core.store import Store
from border.payments.gateways.evidence import Evidence, Finding, Source

pytestmark = pytest.mark.once

CHANNELS = ("worked", "pushed", "pulled")
"""Pushed and worked at once, pushed and worked later, or heard in answer to a question."""
SUSPENSE = ("suspense:unmatched", "suspense:overpaid")
FAIL, PEND, REVIEW, ASK = "failed", "pending", "review", "ask"


@dataclass(frozen=True)
class Word:
    """Something a gateway says: money under a number, or trouble with a payment.

    `of` is the payment it is about, "" for a transfer that names none; `off` how much the amount
    is beside the one asked for, or the amount itself where none was asked for.
    """

    kind: str
    of: str = ""
    number: str = ""
    off: int = 0


@dataclass(frozen=True)
class Scene:
    """What is owed on which subject, which payments are open, and what is said about them."""

    owed: dict[str, int]
    payments: dict[str, tuple[str, tuple[str, ...]]]
    words: tuple[Word, ...]


ONE = Scene(
    {"A": 300_000},
    {"P": ("vnpay", ("A",))},
    (
        Word("paid", "P", "71"),
        Word("paid", "P", "72", -1),
        Word(FAIL, "P"),
        Word(REVIEW, "P"),
        Word(PEND, "P"),
    ),
)
"""One payment: paid, short by one đồng under another number, failed, suspected, undecided."""
THREE = Scene(
    {"A": 300_000, "B": 100_000, "C": 200_000, "D": 200_000},
    {
        "P": ("vnpay", ("A", "B")),
        "Q": ("vietqr", ("C",)),
        "R": ("portal", ("D",)),
    },
    (
        Word("paid", "P", "81"),
        Word("paid", "Q", "FT82"),
        Word("paid", "R", "DVC83", 50_000),
        Word("paid", "", "FT84", 123_456),
    ),
)
"""Four charges, three gateways: one pays two, one pays one, one too much; one names nothing."""
PARTS = Scene(
    {"A": 300_000, "B": 100_000},
    {"P": ("vietqr", ("A", "B"))},
    (
        Word("paid", "P", "FT61", -300_000),
        Word("paid", "P", "FT62", -250_000),
        Word("paid", "P", "FT63", -250_000),
    ),
)
"""Two charges paid by one code in three transfers, none of which is enough."""
PARTS_AND_MORE = Scene(
    PARTS.owed, PARTS.payments, (*PARTS.words, Word("paid", "P", "FT64", -320_000))
)
"""The same with a fourth transfer, which is 80,000 too much."""
MANY = Scene(
    THREE.owed,
    THREE.payments,
    (
        *THREE.words,
        Word("paid", "P", "85", -1),
        Word(FAIL, "P"),
        Word(FAIL, "R"),
        Word(ASK, "P"),
        Word(ASK, "R"),
    ),
)
TWICE = Scene(
    {"A": 300_000},
    {"P": ("vnpay", ("A",)), "Q": ("vietqr", ("A",))},
    (Word("paid", "P", "91"), Word("paid", "Q", "FT92"), Word("paid", "P", "93")),
)
"""The same charge paid three times over: which of them is too much depends on who comes first."""
OFF = Scene(
    {"A": 300_000, "B": 100_000},
    {"P": ("vnpay", ("A", "B")), "Q": ("portal", ("A",)), "R": ("vietqr", ("B",))},
    (
        Word("paid", "P", "65", -50_000),
        Word("paid", "P", "66", -350_000),
        Word("paid", "Q", "DVC67", 50_000),
        Word("paid", "R", "FT68"),
    ),
)
"""Payments that overlap, one of them in two parts, one too much."""
OVERLAPPING = Scene(
    {"A": 300_000, "B": 100_000},
    {"P": ("vnpay", ("A", "B")), "Q": ("portal", ("A",)), "R": ("vietqr", ("B",))},
    (Word("paid", "P", "94"), Word("paid", "Q", "DVC95"), Word("paid", "R", "FT96")),
)

Play = Callable[[Scene, Sequence[tuple[Word, str]]], Coroutine[Any, Any, dict[str, Any]]]


@pytest.fixture
def play(engine: AsyncEngine, gate_of: Any, new_vaults: Any, clock: FixedClock) -> Play:
    """Tell words in an order, each by a channel, and return how the books end."""

    async def told(scene: Scene, words: Sequence[tuple[Word, str]]) -> dict[str, Any]:
        gate = await gate_of(Store(engine, clock), FixedClock(clock.at), new_vaults())
        gate.store.clock = gate.clock
        charges = {name: await gate.owe(amount, name) for name, amount in scene.owed.items()}
        opened = {
            name: await gate.open(gateway, *(charges[one] for one in of))
            for name, (gateway, of) in scene.payments.items()
        }
        coins = {word: _taken(gate, opened, word) for word in scene.words if word.number}
        for word, channel in words:
            await _say(gate, opened, coins, word, channel)
        await gate.work()
        return dict((await gate.books()).end())

    return told


def _taken(gate: Any, opened: dict[str, Any], word: Word) -> Any:
    attempt = opened.get(word.of)
    vault = gate.vaults[attempt.gateway if attempt else "vietqr"]
    asked = attempt.amount_minor if attempt else 0
    reference = attempt.txn_ref if attempt else ""
    return vault.take(reference, asked + word.off, gate.clock.at, word.number)


async def _say(
    gate: Any, opened: dict[str, Any], coins: dict[Word, Any], word: Word, channel: str
) -> None:
    """Say one word; what is no money is only ever pushed, and asking waits until it is due."""
    if word in coins and channel == "statement":
        await gate.statement(coins[word])
    elif word in coins and channel == "pulled":
        coins[word].told = True
        await gate.apply(_heard(coins[word]))
    elif word in coins:
        await gate.tell(coins[word])
    elif word.kind == ASK:
        gate.clock.advance(timedelta(hours=2))
        await gate.ask(opened[word.of].gateway)
    else:
        attempt = opened[word.of]
        vault = gate.vaults[attempt.gateway]
        raw = vault.trouble(attempt.txn_ref, attempt.amount_minor, gate.clock.at, word.kind)
        await gate.push(attempt.gateway, raw)
    if channel == "worked":
        await gate.work()


def _heard(coin: Any) -> Evidence:
    return Evidence(
        coin.gateway,
        coin.reference,
        Finding.PAID,
        Money(coin.amount),
        Source.PULL,
        coin.number,
        coin.paid_at,
    )


def _by(words: Iterable[Word], *channels: str) -> list[tuple[Word, str]]:
    return list(zip(words, cycle(channels)))


def _nameless(end: dict[str, Any]) -> dict[str, Any]:
    """Return an end without what money is called that is too much; all of it people are shown."""
    kept, sums = dict(end), dict(end["balances"])
    kept.pop("exceptions")
    waits = -sum(sums.pop((account, "VND"), 0) for account in SUSPENSE)
    assert waits == end["waiting"]
    return {**kept, "balances": sums}


async def test_every_order_of_five_words_about_one_payment_ends_the_same(play: Play) -> None:
    expected = await play(ONE, _by(ONE.words, "worked"))
    assert expected["charges"] == {"A": "settled"}
    assert expected["captures"] == {("vnpay", "71", 300_000), ("vnpay", "72", 299_999)}
    assert expected["balances"]["suspense:overpaid", "VND"] == -299_999
    for n, order in enumerate(permutations(ONE.words)):
        words = _by(order, *CHANNELS[n % 3 :], *CHANNELS[: n % 3])
        end = await play(ONE, words)
        assert _nameless(end) == _nameless(expected), words
        assert end["balances"] == expected["balances"], words
        kinds = {kind for kind, _, _ in end["exceptions"]}
        assert kinds in ({"review", "paid_twice"}, {"review", "underpaid", "overpaid"}), words


@pytest.mark.parametrize("more", [0, 80_000])
async def test_parts_in_any_order_and_number_of_times_pay_together(play: Play, more: int) -> None:
    scene = PARTS_AND_MORE if more else PARTS
    for n, order in enumerate(permutations(scene.words)):
        words = _by([*order, *order[: n % 3]], *CHANNELS[n % 3 :], *CHANNELS[: n % 3])
        end = await play(scene, words)
        assert end["charges"] == {"A": "settled", "B": "settled"}, words
        assert end["waiting"] == more, words
        suspense = {a: minor for (a, _), minor in end["balances"].items() if a in SUSPENSE}
        assert suspense == ({"suspense:overpaid": -more} if more else {}), words


async def test_parts_that_overlap_with_other_payments_lose_nothing_in_any_order(play: Play) -> None:
    ends = [await play(OFF, _by(order, "worked")) for order in permutations(OFF.words)]
    assert ends[0]["charges"] == {"A": "settled", "B": "settled"}
    assert ends[0]["waiting"] == 450_000
    assert all(_nameless(end) == _nameless(ends[0]) for end in ends)


@pytest.mark.parametrize("ways", [("worked",), ("pushed",), CHANNELS], ids="-".join)
async def test_every_order_and_repetition_over_three_gateways_ends_the_same(
    play: Play, ways: tuple[str, ...]
) -> None:
    expected = await play(THREE, _by(THREE.words, "worked"))
    assert expected["charges"] == dict.fromkeys("ABCD", "settled")
    assert expected["exceptions"] == [
        ("overpaid", "portal", "DVC83"),
        ("unmatched", "vietqr", "FT84"),
    ]
    for n, order in enumerate(permutations(THREE.words)):
        # each once more: at the end, from the end, or right behind itself
        again = (
            [*order, *order],
            [*order, *reversed(order)],
            [word for word in order for _ in range(2)],
        )[n % 3]
        words = _by(again, *ways)
        assert await play(THREE, words) == expected, words


async def test_what_statements_tell_before_or_after_the_gateways_ends_the_same(play: Play) -> None:
    expected = await play(THREE, _by(THREE.words, "worked"))
    for n, order in enumerate(permutations(THREE.words)):
        pushed = _by(order, "pushed", "worked")
        told = _by(reversed(order), "statement")
        assert await play(THREE, [*pushed[: n % 4], *told[: 1 + n % 3], *pushed]) == expected, n


@settings(
    max_examples=20,
    derandomize=True,
    database=None,
)
@given(
    order=st.permutations(MANY.words),
    more=st.lists(st.sampled_from(MANY.words), max_size=6),
    channels=st.lists(st.sampled_from((*CHANNELS, "statement")), min_size=1, max_size=7),
)
async def test_any_order_of_many_words_ends_the_same(
    play: Play, order: list[Word], more: list[Word], channels: list[str]
) -> None:
    ends = await play(MANY, _by([*more, *order], *channels))
    assert ends["receivable"] == {"A": 0, "B": 0, "C": 0, "D": 0}
    assert ends["charges"] == dict.fromkeys("ABCD", "settled")
    assert ends["captures"] == {
        ("vnpay", "81", 400_000),
        ("vnpay", "85", 399_999),
        ("vietqr", "FT82", 200_000),
        ("portal", "DVC83", 250_000),
        ("vietqr", "FT84", 123_456),
    }
    assert ends["balances"] == {
        ("due_to_budget:infrastructure_fee", "VND"): -800_000,
        ("gateway_receivable:vnpay", "VND"): 799_999,
        ("gateway_receivable:vietqr", "VND"): 323_456,
        ("gateway_receivable:portal", "VND"): 250_000,
        ("suspense:unmatched", "VND"): -123_456,
        ("suspense:overpaid", "VND"): -399_999 - 50_000,
    }
    too_much = (
        {("paid_twice", "vnpay", "85")},
        {
            ("underpaid", "vnpay", "85"),
            ("overpaid", "vnpay", "81"),
        },
    )
    others = {("overpaid", "portal", "DVC83"), ("unmatched", "vietqr", "FT84")}
    assert set(ends["exceptions"]) - others in too_much
    assert ends["waiting"] == 399_999 + 50_000 + 123_456


# What depends on who comes first


async def test_which_of_equal_payments_is_too_much_depends_on_the_order_and_nothing_else_does(
    play: Play,
) -> None:
    ends = [await play(TWICE, _by(order, "worked")) for order in permutations(TWICE.words)]
    for end in ends:
        kinds = [kind for kind, _, _ in end.pop("exceptions")]
        assert len(kinds) == 2
        assert set(kinds) <= {"paid_twice", "nothing_owed"}
    assert all(end == ends[0] for end in ends)
    assert ends[0]["charges"] == {"A": "settled"}
    assert ends[0]["balances"]["suspense:overpaid", "VND"] == -600_000


async def test_payments_that_overlap_in_part_settle_the_same_and_only_names_depend_on_the_order(
    play: Play,
) -> None:
    ends = [
        await play(OVERLAPPING, _by(order, "worked")) for order in permutations(OVERLAPPING.words)
    ]
    for end in ends:
        assert {kind for kind, _, _ in end.pop("exceptions")} <= {"paid_twice", "nothing_owed"}
    assert all(end == ends[0] for end in ends)
    assert ends[0]["charges"] == {"A": "settled", "B": "settled"}
    assert ends[0]["balances"]["suspense:overpaid", "VND"] == -400_000


@pytest.mark.parametrize("first", [300_000, 299_000])
async def test_of_two_amounts_signed_for_one_transaction_the_first_is_booked_and_people_decide(
    gate: Any, first: int
) -> None:
    charge = await gate.owe(300_000)
    attempt = await gate.open("vnpay", charge)
    vault = gate.vaults["vnpay"]
    coin = vault.take(attempt.txn_ref, first, gate.clock.at)
    await gate.tell(coin)
    await gate.work()
    other = {300_000: 299_000, 299_000: 300_000}[first]
    await gate.push("vnpay", vault.notice(coin, Amount=str(other * 100)))
    await gate.work()
    books = await gate.books()
    assert books.captures() == {("vnpay", coin.number, first)}
    assert "conflict" in {row["kind"] for row in books.exceptions if row["state"] == "open"}
    assert not await gate.opens(charge)


@pytest.mark.parametrize("named_first", [True, False])
async def test_of_a_transfer_told_with_and_without_its_reference_the_first_word_counts(
    gate: Any, named_first: bool
) -> None:
    charge = await gate.owe(300_000)
    attempt = await gate.open("vietqr", charge)
    vault = gate.vaults["vietqr"]
    coin = vault.take(attempt.txn_ref, 300_000, gate.clock.at)
    coin.told = True
    words = [vault.notice(coin), vault.notice(coin, description="chuyen tien")]
    for raw in words if named_first else reversed(words):
        await gate.push("vietqr", raw)
        await gate.work()
    books = await gate.books()
    assert books.captures() == {("vietqr", coin.number, 300_000)}
    assert await gate.opens(charge) == named_first
    waiting = {row["kind"] for row in books.exceptions}
    assert waiting == (set() if named_first else {"unmatched", "conflict"})
