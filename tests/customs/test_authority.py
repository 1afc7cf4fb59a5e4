"""Which moves somebody may make: what pages offer beyond the role."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from border.core.actor import Actor, Role
from border.identity.policy import may
from customs.authority import open_moves

FIRM, CARRIER, OTHER = uuid4(), uuid4(), uuid4()


@dataclass
class Goods:
    state: str
    lane: str | None = "yellow"
    inspected_by: UUID | None = None
    reference: str = "DEC-22222-22222"
    owner_organisation_id: UUID = FIRM
    carrier_organisation_id: UUID | None = CARRIER


def person(*roles: str, firm: UUID | None = None) -> Actor:
    return Actor(uuid4(), "somebody", frozenset(roles), firm)


def verbs(goods: Goods, actor: Actor) -> set[str]:
    return {move.verb for move in open_moves(goods, actor)}


def test_a_trader_is_offered_the_moves_of_the_own_firm_only() -> None:
    draft = Goods("draft")
    assert verbs(draft, person(Role.TRADER, firm=FIRM)) == {"lodge", "cancel"}
    assert verbs(draft, person(Role.TRADER, Role.CARRIER, firm=CARRIER)) == set()
    assert verbs(draft, person(Role.TRADER)) == set()


def test_an_officer_is_not_offered_to_accept_a_red_lane_before_its_inspection() -> None:
    officer = person(Role.CUSTOMS_OFFICER)
    others = {"query", "order_inspection", "reject", "return", "cancel"}
    assert verbs(Goods("under_review", "red"), officer) == others
    assert verbs(Goods("under_review", "yellow"), officer) == others | {"accept"}


def test_whoever_inspected_is_not_offered_to_accept_and_may_still_reject() -> None:
    inspector, second = person(Role.CUSTOMS_OFFICER), person(Role.CUSTOMS_OFFICER)
    goods = Goods("inspected", "red", inspected_by=inspector.id)
    assert verbs(goods, inspector) == {"reject"}
    assert verbs(goods, second) == {"reject", "accept"}


def test_a_firm_sees_its_own_and_what_it_carries() -> None:
    goods = Goods("draft")
    read = "declaration.read"
    assert may(person(Role.TRADER, firm=FIRM), read, goods)
    assert may(person(Role.CARRIER, firm=CARRIER), read, goods)
    assert not may(person(Role.TRADER, firm=OTHER), read, goods)
    assert not may(person(Role.TRADER), read, Goods("draft", carrier_organisation_id=None))
    assert may(person(Role.GATE_STAFF, firm=OTHER), read, goods)
