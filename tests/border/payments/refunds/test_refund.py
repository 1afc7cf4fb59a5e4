"""The rules of refunds: who may do what, when it is asked about, and how money is shared out."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.core.actor import Actor, Role
from border.core.ids import new_id
from border.core.money import Money
from border.payments.gateways.evidence import RefundMethod, RefundOrder
from border.payments.ledger.book import added_up
from border.payments.refunds.refund import (
    AT_GATEWAY,
    ENDED,
    REFUND,
    UNDECIDED,
    allocated,
    digest,
    next_look,
    next_question,
    open_moves,
    paid_back,
    recorded,
    set_aside,
)

AT = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
ME, PAYER = new_id(), new_id()


@dataclass
class Stands:
    """A refund as the rules see it."""

    state: str
    refund_method: str = "api"
    payer_organisation_id: UUID | None = PAYER
    requested_by: UUID | None = None
    approved_by: UUID | None = None
    request_id: str | None = None


def somebody(role: Role, id: UUID = ME) -> Actor:
    return Actor(id, role.value, frozenset({role}), PAYER)


def verbs(refund: Stands, actor: Actor) -> set[str]:
    return {move.verb for move in open_moves(refund, actor)}


def test_every_state_is_named_once_in_what_is_said_about_states() -> None:
    named = [*UNDECIDED, *AT_GATEWAY, *ENDED, "approved", "payout_due", "succeeded"]
    assert sorted(named) == sorted(state.name for state in REFUND.states)


@pytest.mark.parametrize("role", [Role.ACCOUNTANT, Role.MANAGER])
@pytest.mark.parametrize("state", UNDECIDED)
def test_whoever_asked_or_approved_is_offered_no_approval(state: str, role: Role) -> None:
    who = somebody(role)
    assert "approve" in verbs(Stands(state), who)
    assert "approve" not in verbs(Stands(state, requested_by=ME), who)
    assert "approve" not in verbs(Stands(state, approved_by=ME), who)


def test_nobody_outside_the_books_approves_declines_or_records() -> None:
    books = {Role.ACCOUNTANT, Role.MANAGER}
    for role, state in product(set(Role) - books, REFUND.states):
        offered = verbs(Stands(state.name), somebody(role))
        assert offered <= {"withdraw", "pay_out"}


@pytest.mark.parametrize(
    ("refund_method", "role"), [("cash", Role.CASHIER), ("transfer", Role.ACCOUNTANT)]
)
def test_a_payout_is_offered_to_whom_it_belongs(refund_method: str, role: Role) -> None:
    for other in Role:
        offered = "pay_out" in verbs(Stands("payout_due", refund_method), somebody(other))
        assert offered == (other is role)


def test_a_person_may_record_what_the_gateway_leaves_open_but_not_for_cash() -> None:
    who = somebody(Role.ACCOUNTANT)
    for state in REFUND.states:
        offered = "record" in verbs(Stands(state.name), who)
        assert offered == (state.name in ("provider_pending", "unknown", "succeeded"))
    assert "record" not in verbs(Stands("succeeded", RefundMethod.CASH.value), who)
    assert recorded("succeeded", "rejected") == "bounce"
    assert recorded("succeeded", "succeeded") is None
    assert (recorded("unknown", "succeeded"), recorded("unknown", "rejected")) == (
        "succeed",
        "reject",
    )


def test_what_a_gateway_may_have_taken_is_offered_no_decline() -> None:
    who = somebody(Role.MANAGER)
    assert "decline" in verbs(Stands("approved"), who)
    assert "decline" not in verbs(Stands("approved", request_id="r"), who)


def test_the_questions_about_a_refund_never_end_and_those_about_a_success_do() -> None:
    at, asked = AT, []
    while len(asked) < 12:
        at = next_question(AT, at)
        asked.append(at - AT)
    assert asked[0] == timedelta(minutes=5)
    assert asked[8:] == [timedelta(days=days) for days in (7, 14, 21, 28)]
    looks, at = [], AT
    while (following := next_look(AT, at)) is not None:
        looks.append((following - AT).days)
        at = following
    assert looks == [1, 3, 7, 14]


LEFT = st.dictionaries(st.uuids(), st.integers(0, 10**9), min_size=1, max_size=5)


@given(LEFT, st.data())
def test_no_charge_gives_more_than_it_has_and_the_parts_add_up(
    left: dict[UUID, int], chosen: st.DataObject
) -> None:
    whole = sum(left.values())
    if not whole:
        return
    amount = chosen.draw(st.integers(1, whole))
    parts = allocated(amount, left)
    assert sum(part.amount_minor for part in parts) == amount
    assert all(0 < part.amount_minor <= left[part.charge_id] for part in parts)
    accounts = {
        id: {"due_to_budget:fee": minor // 3, "due_to_budget:vat": minor - minor // 3}
        for id, minor in left.items()
    }
    postings = set_aside(parts, accounts, "VND")
    assert not any(added_up(postings).values())
    for posting in postings:
        if posting.charge_id and posting.amount.minor > 0:
            assert posting.amount.minor <= accounts[posting.charge_id][posting.account]
    gone = paid_back(parts, Money(amount, "VND"), "gateway_receivable:vnpay")
    assert not any(added_up(gone).values())


def test_a_digest_binds_a_request_to_what_it_asks_for() -> None:
    order = RefundOrder("r", "t", "p", Money(1, "VND"), True, "20261123", AT, "me", "says")
    other = RefundOrder("r", "t", "p", Money(2, "VND"), True, "20261123", AT, "me", "says")
    later = RefundOrder("r", "t", "p", Money(1, "VND"), True, "20261123", AT, "you", "again")
    assert digest(order) != digest(other)
    assert digest(order) == digest(later)
