"""A declaration as an officer reads it: what the page shows of it, decided and worded. Pure."""

from dataclasses import dataclass
from typing import Any

from api.language import translator
from border.core.actor import Actor
from border.core.lifecycle import Move
from border.core.money import Money
from border.core.refusal import Refusal
from border.core.words import N_
from border.identity import policy
from border.vocabulary import AGENCIES, CUSTOMS, HANDLING
from customs.authority import open_moves, refuse_unfit
from customs.clearance import CLEARANCE, DECIDED_BY
from customs.columns import line_of
from customs.declaration import CLEARABLE, DECLARATION, HELD
from customs.dossier_service import Dossier
from customs.nomenclature import HsLevel, nomenclature
from customs.release import RELEASE_CHECKS, ReleaseCheck, ReleaseFacts
from customs.tables import ClearanceRow, DeclarationRow

CHECK_NAMES = {
    "border_guard_clearance": N_("The border guard has cleared it, or need not."),
    "plant_quarantine_clearance": N_("Plant quarantine has cleared it, or need not."),
    "animal_quarantine_clearance": N_("Animal quarantine has cleared it, or need not."),
    "health_quarantine_clearance": N_("Health quarantine has cleared it, or need not."),
    "charges_settled": N_("Nothing is owed on the declaration."),
    "no_hold": N_("Customs does not hold the goods."),
}
"""Each condition of release in the words of its being met."""


@dataclass(frozen=True)
class DossierLine:
    """One kind of goods with the way down to its code."""

    line: Any
    path: tuple[HsLevel, ...]
    value: Money | None


@dataclass(frozen=True)
class DossierClearance:
    """One agency's clearance; `decisions` are the moves open to the reader, none on others'."""

    row: ClearanceRow
    agency: str
    says: str
    mine: bool
    decisions: tuple[Move, ...]


@dataclass(frozen=True)
class DossierView:
    """All of a declaration that the page shows.

    `obstacles` pairs each condition of release with whether it holds; `hindered` is the sentence
    why a customs officer cannot accept although the state would allow it.
    """

    row: DeclarationRow
    says: str
    exporter: dict[str, Any]
    importer: dict[str, Any]
    declarant: str
    certificates: tuple[tuple[str, str], ...]
    handling: tuple[str, ...]
    totals: tuple[Money, ...]
    lines: tuple[DossierLine, ...]
    lane_reasons: tuple[str, ...]
    clearances: tuple[DossierClearance, ...]
    obstacles: tuple[tuple[ReleaseCheck, bool], ...]
    moves: tuple[Move, ...]
    hindered: str | None
    charges: tuple[tuple[Any, Money], ...]


def sheet_of(dossier: Dossier, actor: Actor, locale: str) -> DossierView:
    """Return a declaration as `actor` reads it in a language."""
    row = dossier.declaration
    declarant = row.declarant
    return DossierView(
        row=row,
        says=DECLARATION.state(row.state).label,
        exporter=row.exporter or {},
        importer=row.importer or {},
        declarant=declarant.get("name", "") if isinstance(declarant, dict) else declarant or "",
        certificates=tuple(_certificate(paper) for paper in row.certificates),
        handling=tuple(HANDLING.get(name, name) for name in row.handling),
        totals=tuple(Money(minor, currency) for currency, minor in sorted(row.totals.items())),
        lines=tuple(_line(line_of(line), locale) for line in dossier.lines),
        lane_reasons=tuple((row.lane_rules or {}).get("reasons", ())),
        clearances=tuple(_clearance(c, row, actor) for c in _in_order(dossier.clearances)),
        obstacles=tuple((check, check.holds(_release_facts(dossier))) for check in RELEASE_CHECKS),
        moves=open_moves(row, actor),
        hindered=_hindered(row, actor, locale),
        charges=tuple((c, Money(c.amount_minor, c.currency)) for c in dossier.charges),
    )


def _certificate(paper: Any) -> tuple[str, str]:
    """Return the number of a certificate and its kind, where it was told."""
    return (paper["number"], paper.get("kind") or "") if isinstance(paper, dict) else (paper, "")


def _line(line: Any, locale: str) -> DossierLine:
    found = nomenclature().find(line.hs_code) if line.hs_code else None
    value = Money(line.value.minor, line.value.currency) if line.value else None
    return DossierLine(line, found.path(locale) if found else (), value)


def _in_order(clearances: list[ClearanceRow]) -> list[ClearanceRow]:
    order = {agency: place for place, agency in enumerate(AGENCIES)}
    return sorted(clearances, key=lambda clearance: order[clearance.agency])


def _clearance(row: ClearanceRow, on: DeclarationRow, actor: Actor) -> DossierClearance:
    role = DECIDED_BY[row.agency]
    # Customs says its own by accepting or rejecting the papers, which are moves.
    mine = policy.may(actor, f"clearance.decide_{row.agency}")
    open_here = mine and row.agency != CUSTOMS and on.state in CLEARABLE
    return DossierClearance(
        row=row,
        agency=AGENCIES[row.agency].label,
        says=CLEARANCE.state(row.state).label,
        mine=mine,
        decisions=CLEARANCE.open_to(row.state, {role}) if open_here else (),
    )


def _release_facts(dossier: Dossier) -> ReleaseFacts:
    return ReleaseFacts(
        clearances={clearance.agency: clearance.state for clearance in dossier.clearances},
        charges_settled=all(charge.state != "owed" for charge in dossier.charges),
        held=dossier.declaration.state in HELD,
    )


def _hindered(row: DeclarationRow, actor: Actor, locale: str) -> str | None:
    """Return why the papers cannot be accepted by this officer now, where a rule says so."""
    if not policy.may(actor, "declaration.accept"):
        return None
    try:
        refuse_unfit(row, actor, "accept")
    except Refusal as refusal:
        return translator(locale).gettext(refusal.kind.says, **refusal.facts)
    return None
