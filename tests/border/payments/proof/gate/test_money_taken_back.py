"""Money that its gateway takes back, in part, twice, before it was known, after it was replaced;
and what contradicts itself without a name."""

from typing import Any

import pytest

from border.core.actor import PROGRAM, Role
from border.core.refusal import Refusal
from border.payments.charges.charge_service import void, waive
from border.payments.refunds.suspense_service import apply_suspense, give_back

PRICE = 100_000


async def _paid(gate: Any, charge: Any, gateway: str = "vnpay", off: int = 0) -> Any:
    """Return money that came for a charge and is booked."""
    attempt = await gate.open(gateway, charge)
    coin = gate.vaults[gateway].take(attempt.txn_ref, attempt.amount_minor + off, gate.clock.at)
    await gate.tell(coin)
    await gate.work()
    return coin


async def _end(gate: Any) -> dict[str, Any]:
    return dict((await gate.books()).end())


async def test_money_taken_back_in_two_parts_is_owed_again_in_both(gate: Any) -> None:
    charge = await gate.owe(PRICE)
    coin = await _paid(gate, charge)
    await gate.give_back(coin, 30_000)
    await gate.give_back(coin, 20_000)
    assert (await _end(gate))["receivable"] == {charge.subject: 50_000}
    assert not await gate.opens(charge)


async def test_each_payment_of_a_charge_paid_in_parts_can_be_taken_back(gate: Any) -> None:
    charge = await gate.owe(PRICE)
    first = await _paid(gate, charge)
    await gate.give_back(first, 30_000)
    second = await _paid(gate, charge)
    assert (second.amount, await _owed(gate, charge)) == (30_000, 0)
    await gate.give_back(first, 70_000)
    await gate.give_back(second, 30_000)
    assert await _owed(gate, charge) == PRICE


async def _owed(gate: Any, charge: Any) -> int:
    return int((await _end(gate))["receivable"][charge.subject])


async def test_the_same_taking_back_told_twice_is_booked_once(gate: Any) -> None:
    charge = await gate.owe(PRICE)
    coin = await _paid(gate, charge)
    await gate.give_back(coin, PRICE)
    before = await gate.books()
    (number, _), *_ = gate.vaults["vnpay"].gave_back
    assert not await gate.reversed(coin, number, PRICE)
    assert await gate.books() == before


@pytest.mark.parametrize("off", [-1, 0])
async def test_money_that_paid_for_nothing_is_taken_back_from_where_it_waits(
    gate: Any, off: int
) -> None:
    charge = await gate.owe(PRICE)
    attempt = await gate.open("vnpay", charge)
    coins = [
        gate.vaults["vnpay"].take(attempt.txn_ref, amount, gate.clock.at)
        for amount in (PRICE, PRICE + off)
    ]
    for coin in coins:
        await gate.tell(coin)
        await gate.work()
    await gate.give_back(coins[1], PRICE + off)
    end = await _end(gate)
    assert end["charges"] == {charge.subject: "settled"}
    assert not any(account.startswith("suspense") for account, _ in end["balances"])


async def test_money_told_after_it_was_taken_back_opens_nothing(gate: Any) -> None:
    charge = await gate.owe(PRICE)
    attempt = await gate.open("vnpay", charge)
    coin = gate.vaults["vnpay"].take(attempt.txn_ref, PRICE, gate.clock.at)
    await gate.give_back(coin, PRICE)
    await gate.tell(coin)
    await gate.work()
    assert not await gate.opens(charge)
    assert await _owed(gate, charge) == PRICE


async def test_of_late_money_for_a_charge_that_is_owed_in_part_the_rest_is_shown(gate: Any) -> None:
    charge = await gate.owe(PRICE)
    other = await gate.open("portal", charge)
    await gate.give_back(await _paid(gate, charge), 30_000)
    late = gate.vaults["portal"].take(other.txn_ref, PRICE, gate.clock.at)
    await gate.tell(late)
    await gate.work()
    end = await _end(gate)
    assert end["balances"]["suspense:overpaid", "VND"] == -70_000
    assert ("paid_twice", "portal", late.number) in end["exceptions"]


@pytest.mark.parametrize("how", ["void", "waive"])
async def test_of_a_charge_paid_in_part_only_the_rest_is_let_fall(gate: Any, how: str) -> None:
    charge = await gate.owe(PRICE)
    await gate.give_back(await _paid(gate, charge), 30_000)
    if how == "void":
        await gate.does(PROGRAM, void, charge.subject)
    else:
        await gate.does(Role.MANAGER, waive, charge.id, "by order")
    end = await _end(gate)
    assert end["receivable"] == {charge.subject: 0}
    assert end["balances"] == {
        ("gateway_receivable:vnpay", "VND"): 70_000,
        ("due_to_budget:infrastructure_fee", "VND"): -70_000,
    }


@pytest.mark.parametrize("applied", [True, False])
async def test_money_that_was_taken_back_is_neither_applied_nor_given_back_again(
    gate: Any, applied: bool
) -> None:
    charge = await gate.owe(PRICE)
    coin = gate.vaults["vietqr"].take("", PRICE, gate.clock.at)
    await gate.tell(coin)
    await gate.work()
    (waiting,) = (await gate.books()).exceptions
    await gate.give_back(coin, PRICE)
    move, where = (apply_suspense, [charge.id]) if applied else (give_back, "to whoever sent it")
    with pytest.raises(Refusal) as refused:
        await gate.does(Role.ACCOUNTANT, move, waiting["id"], where)
    assert refused.value.code == "no_money_waits"
    assert not await gate.opens(charge)


async def test_two_amounts_for_one_transfer_without_a_reference_are_a_conflict(gate: Any) -> None:
    vault = gate.vaults["vietqr"]
    coin = vault.take("", PRICE, gate.clock.at)
    await gate.tell(coin)
    await gate.work()
    data = vault.notice(coin, amount=90_000)
    await gate.push("vietqr", data)
    await gate.work()
    end = await _end(gate)
    assert end["captures"] == {("vietqr", coin.number, PRICE)}
    assert ("conflict", "vietqr", coin.number) in end["exceptions"]
