"""Lodging: from complete drafts to registered declarations in their lanes, in one transaction.

One way in, for one declaration and for a file of them. The lane is chosen by
`customs.selectivity`, the agencies by `customs.agency_rules`.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from border.core.clock import local_date
from border.core.lifecycle import why_closed
from border.core.refusal import INVALID, Refusal
from border.core.sets import Walk, WalkStep, walk_set
from border.core.store import PROGRAM, Clash, Unit
from border.payments.face import Assessment, NewCharge, owe_many, void
from border.regulation.rulebook import RuleBook, rules_on
from border.vocabulary import CUSTOMS
from customs import storage
from customs.agency_rules import AGENCY_RULES, agencies_for, agency_rules
from customs.clearance import CLEARANCE, first_states
from customs.columns import columns_of, draft_of
from customs.customs_fee import CUSTOMS_FEE, TRANSIT_FEE, customs_fee
from customs.decision import clearance_event
from customs.declaration import DECLARATION, EDITABLE
from customs.dossier_service import Dossier, dossier_of
from customs.draft import DraftDeclaration
from customs.draft_service import CUSTOMS_NUMBER_IN_USE, LockedDraft, checked_now
from customs.rule_service import LODGING_RULES
from customs.selectivity import Consignment, LaneChoice, choose_lane
from customs.selectivity_rules import SELECTIVITY, selectivity_rules
from customs.tables import DeclarationRow
from customs.turn import held_for_move
from customs.validity_rules import VALIDITY_RULES


@dataclass(frozen=True)
class Lodging:
    """What lodging a draft comes to: who must clear it, its lane, what is owed on it."""

    draft: LockedDraft
    agencies: frozenset[str]
    choice: LaneChoice
    fee: Assessment | None
    book: RuleBook
    is_first: bool
    """False for one that was lodged before and returned."""

    @property
    def row(self) -> DeclarationRow:
        """The declaration."""
        return self.draft.row


async def lodge(unit: Unit, id: UUID, version: int | None = None) -> Dossier:
    """Lodge and register a complete draft, choose its lane, and call in the agencies.

    refuses: not_allowed, not_found, not_the_owner, invalid_fields (something missing or wrong),
    move_not_open, stale_version, customs_number_in_use, no_rules_in_force. writes: as
    `lodge_many`.
    """
    row = await held_for_move(unit, id, "lodge")
    goods, _, errors = await checked_now(
        unit.connection,
        draft_of(row, await storage.lines_of(unit.connection, id)),
        complete=row.state in EDITABLE,
    )
    [lodged] = await lodge_many(unit, [LockedDraft(row, goods, errors, version)])
    if isinstance(lodged, Refusal):
        raise lodged
    return await dossier_of(unit.connection, lodged)


async def lodge_many(unit: Unit, drafts: Sequence[LockedDraft]) -> list[DeclarationRow | Refusal]:
    """Lodge drafts that this transaction holds; return each as it stands, or its own refusal.

    In the green lane the papers are cleared at once, else an officer reviews them. Facts are
    read with one statement and decided draft by draft; one that is refused spoils no other. Who
    may lodge was asked when the drafts were taken hold of.
    refuses, each for itself: invalid_fields, move_not_open, stale_version,
    customs_number_in_use; for all of them no_rules_in_force. writes: declaration, clearance,
    charge (goods in transit);
    `declaration.lodge`, `.register`, `.clear_green` or `.review`, `clearance.pass`.
    """
    known = await storage.known(
        unit.connection,
        owners={draft.row.owner_organisation_id for draft in drafts},
        numbers={draft.row.customs_number for draft in drafts if draft.row.customs_number},
    )
    book = await rules_on(unit.connection, local_date(unit.at), LODGING_RULES)
    registered = {owner: set(ids) for owner, ids in known.registered.items()}
    numbers = set(known.numbers)
    decided: list[Lodging | Refusal] = []
    for draft in drafts:
        of_firm = registered[draft.row.owner_organisation_id]
        found = _decided(unit, draft, book, numbers, first=not of_firm - {draft.row.id})
        if isinstance(found, Lodging):
            of_firm.add(draft.row.id)
            numbers.update(filter(None, [draft.row.customs_number]))
        decided.append(found)
    lodgings = [each for each in decided if isinstance(each, Lodging)]
    await _take_into_lanes(unit, lodgings)
    await _begin_clearances(unit, lodgings)
    await _charge(unit, lodgings)
    return [each.row if isinstance(each, Lodging) else each for each in decided]


def _decided(
    unit: Unit, draft: LockedDraft, book: RuleBook, numbers: Collection[str], first: bool
) -> Lodging | Refusal:
    """Return what lodging comes to, or why it cannot be; `numbers` are carried already. Pure."""
    row = draft.row
    if draft.errors:
        return INVALID(errors=draft.errors)
    if row.state not in EDITABLE or draft.version not in (None, row.version):
        return why_closed(DECLARATION, row, "lodge", draft.version, unit.actor.roles)
    if row.customs_number in numbers:
        return CUSTOMS_NUMBER_IN_USE(number=row.customs_number)
    agencies, choice = assess(draft.goods, row.reference, first, book)
    fee = customs_fee(row.direction, book.find(CUSTOMS_FEE))
    return Lodging(draft, agencies, choice, fee, book, is_first=row.lodged_at is None)


async def _take_into_lanes(unit: Unit, lodgings: Sequence[Lodging]) -> None:
    """Move declarations into their lanes. Raises Clash where a rival took a number just now.

    The unique index decides that; run again, the rival's declaration is seen, and whoever carries
    its number is refused alone.
    """
    try:
        await walk_set(unit, [_walk(unit, each) for each in lodgings])
    except IntegrityError as error:
        if storage.is_customs_number_clash(error):
            raise Clash from error
        raise


def _walk(unit: Unit, lodging: Lodging) -> Walk[DeclarationRow]:
    row, choice = lodging.row, lodging.choice
    valid_until = unit.at + validity(lodging.book)
    said = {"agencies": sorted(lodging.agencies), "lane_rules": list(choice.codes)}
    return Walk(
        row,
        (
            WalkStep("lodge", unit.actor, said),
            WalkStep("register", PROGRAM),
            WalkStep(path_of(choice.lane), PROGRAM),
        ),
        changes={
            **lane_columns(choice, lodging.book),
            "lodged_at": unit.at,
            "registered_at": unit.at,
            "valid_until": valid_until,
            "reason": None,
        },
        overdue_at=valid_until,
    )


async def _begin_clearances(unit: Unit, lodgings: Iterable[Lodging]) -> None:
    """Call in the agencies; in the green lane customs has cleared already."""
    rows = []
    for each in lodgings:
        for agency, state in first_states(each.agencies).items():
            is_cleared = agency == CUSTOMS and each.choice.lane == "green"
            begins = "passed" if is_cleared else state
            rows.append(
                {
                    "declaration_id": each.row.id,
                    "agency": agency,
                    "state": begins,
                    "overdue_at": CLEARANCE.overdue_at(begins, unit.at),
                    "decided_at": unit.at if is_cleared else None,
                    "decided_by": PROGRAM.id if is_cleared else None,
                }
            )
            if is_cleared:
                event = clearance_event(unit, each.row, CUSTOMS, "passed", None, PROGRAM)
                await unit.record(event, each.row)
    await storage.begin_clearances(unit.connection, rows)


def assess(
    goods: DraftDeclaration, reference: str, first_declaration: bool, book: RuleBook
) -> tuple[frozenset[str], LaneChoice]:
    """Return the agencies that must clear goods lodged under some rules, and their lane.

    refuses: no_rules_in_force.
    """
    codes = [line.hs_code for line in goods.lines if line.hs_code]
    about = agency_rules(book.of(AGENCY_RULES))
    agencies = agencies_for(codes, goods.direction, goods.handling, book.on, about)
    totals: dict[str, int] = columns_of(goods)["totals"]
    consignment = Consignment(
        reference=reference,
        direction=goods.direction,
        regime=goods.regime or "",
        hs_codes=codes,
        origins=[line.origin for line in goods.lines if line.origin],
        handling=goods.handling,
        agencies=agencies,
        totals=totals,
        certified=bool(goods.certificates),
        numbered=goods.customs_number is not None,
        first_declaration=first_declaration,
    )
    return agencies, choose_lane(consignment, selectivity_rules(book.of(SELECTIVITY)), book.on)


def validity(book: RuleBook) -> timedelta:
    """Return how long a declaration is valid from its registration. refuses: no_rules_in_force."""
    return timedelta(days=book.of(VALIDITY_RULES).rows[0].valid_days)


def path_of(lane: str) -> str:
    """Return the verb that takes a registered declaration into its lane."""
    return "clear_green" if lane == "green" else "review"


def lane_columns(choice: LaneChoice, book: RuleBook) -> dict[str, Any]:
    """Return the columns that keep a lane, what chose it, and the rules that were asked.

    All but the lane is hidden from traders.
    """
    return {
        "lane": choice.lane,
        "lane_rules": {"codes": list(choice.codes), "reasons": list(choice.reasons)},
        "rule_versions": book.versions(*LODGING_RULES),
    }


async def _charge(unit: Unit, lodgings: Iterable[Lodging]) -> None:
    """Charge what customs charges on declarations; void what no longer applies."""
    asked = []
    for each in lodgings:
        row = each.row
        if each.fee is not None:
            asked.append(
                NewCharge(TRANSIT_FEE, row.reference, row.gate, row.owner_organisation_id, each.fee)
            )
        elif not each.is_first:
            await void(unit, row.reference)
    await owe_many([(unit, one) for one in asked])
