"""A declaration written for others: as WCO XML with all that its file said, and on paper."""

from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.core.money import MINOR_UNITS
from border.gates import gate
from border.paper.words import InThree, Locale
from customs import dossier_service
from customs.columns import draft_of
from customs.declaration import DECLARATION
from customs.declaration_drawing import DeclarationView, PrintedGoods
from customs.draft import GoodsLine, Party
from customs.intake import storage
from customs.intake.row import KeptOfFile
from customs.intake.wco_written import write_wco


async def xml_of(connection: AsyncConnection, actor: Actor, id: UUID) -> tuple[str, bytes]:
    """Return the reference of a declaration and its WCO 3.6 document. refuses: not_found."""
    dossier = await dossier_service.get(connection, actor, id)
    row = dossier.declaration
    source = await storage.source_of(connection, id)
    kept = source and KeptOfFile(source.format, source.document, source.fields, tuple(source.lines))
    return row.reference, write_wco(draft_of(row, dossier.lines), row.reference, kept or None)


async def paper_of(
    connection: AsyncConnection,
    actor: Actor,
    id: UUID,
    locale: Locale,
    say: Callable[[str], str],
) -> DeclarationView:
    """Return what is printed of a declaration; `say` translates. refuses: not_found."""
    dossier = await dossier_service.get(connection, actor, id)
    row = dossier.declaration
    draft = draft_of(row, dossier.lines)
    at = await gate(connection, row.gate)
    masses = [line.gross_mass_g for line in draft.lines if line.gross_mass_g is not None]
    totals = [_money(minor, currency) for currency, minor in sorted(row.totals.items())]
    return DeclarationView(
        reference=row.reference,
        customs_number=row.customs_number or "",
        direction=row.direction,
        regime=row.regime or "",
        gate_name=InThree(at.name_vi, at.name_zh, at.name_en),
        state=say(DECLARATION.state(row.state).label),
        lodged_at=row.lodged_at,
        exporter=_party(draft.exporter),
        importer=_party(draft.importer),
        containers=" · ".join(draft.containers),
        papers=" · ".join(
            one if isinstance(one, str) else one.number for one in draft.certificates
        ),
        goods=[_goods(line) for line in draft.lines],
        gross_total=_kilograms(sum(masses)) if masses else "—",
        value_total=" + ".join(totals) or "—",
        locale=locale,
    )


def _party(party: Party | None) -> tuple[str, ...]:
    if party is None:
        return ()
    code = " · ".join(part for part in (party.tax_code, party.country) if part)
    return tuple(part for part in (party.name, code) if part)


def _goods(line: GoodsLine) -> PrintedGoods:
    quantity = "" if line.quantity is None else f"{_grouped(line.quantity)} {line.unit or ''}"
    return PrintedGoods(
        hs_code=line.hs_code or "",
        description=line.description or "",
        origin=line.origin or "",
        quantity=quantity.strip(),
        gross="" if line.gross_mass_g is None else _kilograms(line.gross_mass_g),
        net="" if line.net_mass_g is None else _kilograms(line.net_mass_g),
        value=_money(line.value.minor, line.value.currency) if line.value else "",
    )


def _money(minor: int, currency: str) -> str:
    places = MINOR_UNITS.get(currency, 0)
    return f"{_grouped(Decimal(minor).scaleb(-places), places)} {currency}"


def _kilograms(grams: int) -> str:
    return _grouped(Decimal(grams).scaleb(-3))


def _grouped(number: Decimal, places: int = 0) -> str:
    """Return a number as Vietnamese write it: 18.000,5."""
    whole, _, rest = format(number, "f").partition(".")
    rest = rest.rstrip("0").ljust(places, "0") if rest or places else ""
    return f"{int(whole):,}".replace(",", ".") + (f",{rest}" if rest else "")
