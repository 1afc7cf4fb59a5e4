"""Lodging: from a complete draft to a registered declaration in its lane, in one transaction.

The lane is chosen by `customs.selectivity`, the agencies by `customs.agency_rules`.
"""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from border.clock import local_date
from border.payments.charge_service import owe, void
from border.refusal import refuses
from border.store import Unit
from border.words import N_
from customs import storage
from customs.agency_rules import agencies_for
from customs.clearance import CUSTOMS, first_states
from customs.columns import columns_of, draft_of
from customs.customs_fee import TRANSIT_FEE, customs_fee
from customs.decision import write_decision
from customs.declaration import EDITABLE
from customs.dossier_service import Dossier, dossier_of
from customs.draft import DraftDeclaration
from customs.draft_service import checked_draft
from customs.selectivity import Consignment, LaneChoice, choose_lane
from customs.selectivity_rules import SELECTIVITY_RULES
from customs.tables import DeclarationRow
from customs.turn import held_for_move, moved_by_program

CUSTOMS_NUMBER_IN_USE = refuses(
    "customs_number_in_use",
    409,
    N_("Customs number in use"),
    N_(
        "Another declaration at the gate carries the customs number {number}. Correct the number, "
        "or cancel the other one first."
    ),
)


async def lodge(unit: Unit, id: UUID, version: int | None = None) -> Dossier:
    """Lodge and register a complete draft, choose its lane, and call in the agencies.

    In the green lane the papers are cleared at once, else an officer reviews them.
    refuses: not_allowed, not_found, not_the_owner, invalid_fields (something missing or wrong),
    move_not_open, stale_version, customs_number_in_use. writes: declaration, clearance, charge
    (goods in transit); `declaration.lodge`, `.register`, `.clear_green` or `.review`.
    """
    row = await held_for_move(unit, id, "lodge")
    goods, _ = await checked_draft(
        unit.connection,
        draft_of(row, await storage.lines_of(unit.connection, id)),
        complete=row.state in EDITABLE,
    )
    first = not await storage.has_registered(unit.connection, row.owner_organisation_id, id)
    agencies, choice = assess(goods, row.reference, first, local_date(unit.at))
    facts = lodging_facts(row, agencies, choice)
    try:
        row = await unit.move(
            DeclarationRow,
            id,
            "lodge",
            version=version,
            changes=lane_columns(choice) | {"lodged_at": unit.at, "reason": None},
            facts=facts,
            inside={"lane_rules": list(choice.codes)},
        )
    except IntegrityError as error:
        if storage.is_customs_number_clash(error):
            raise CUSTOMS_NUMBER_IN_USE(number=row.customs_number) from error
        raise
    row = await moved_by_program(unit, row, "register", {"registered_at": unit.at})
    await storage.begin_clearances(unit.connection, id, first_states(agencies))
    row = await moved_by_program(unit, row, path_of(choice.lane))
    if choice.lane == "green":
        await write_decision(unit, row, CUSTOMS, "passed", by_program=True)
    await _charge(unit, row)
    return await dossier_of(unit.connection, row)


def assess(
    goods: DraftDeclaration, reference: str, first_declaration: bool, on: date
) -> tuple[frozenset[str], LaneChoice]:
    """Return the agencies that must clear goods lodged on a day, and the lane they take."""
    codes = [line.hs_code for line in goods.lines if line.hs_code]
    agencies = agencies_for(codes, goods.direction, goods.handling, on)
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
    return agencies, choose_lane(consignment, SELECTIVITY_RULES, on)


def path_of(lane: str) -> str:
    """Return the verb that takes a registered declaration into its lane."""
    return "clear_green" if lane == "green" else "review"


def lane_columns(choice: LaneChoice) -> dict[str, Any]:
    """Return the columns that keep a lane and, hidden from traders, what chose it."""
    return {
        "lane": choice.lane,
        "lane_rules": {"codes": list(choice.codes), "version": choice.version},
    }


def lodging_facts(
    row: DeclarationRow, agencies: Collection[str], choice: LaneChoice
) -> dict[str, Any]:
    """Return what the event of lodging says of the goods."""
    return {
        "lane": choice.lane,
        "direction": row.direction,
        "regime": row.regime,
        "line_count": row.line_count,
        "gross_mass_g": row.gross_mass_g,
        "agencies": sorted(agencies),
    }


async def _charge(unit: Unit, row: DeclarationRow) -> None:
    """Charge what customs charges on a declaration; let fall what no longer applies."""
    fee = customs_fee(row.direction, local_date(unit.at))
    if fee is None:
        await void(unit, row.reference)
        return
    await owe(
        unit,
        kind=TRANSIT_FEE,
        subject=row.reference,
        gate=row.gate,
        payer_organisation_id=row.owner_organisation_id,
        assessment=fee,
    )
