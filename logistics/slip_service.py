"""Slips: issued when a booking is confirmed, drawn when asked for, revoked when it ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border import gates
from border.core.actor import PROGRAM, Actor
from border.core.ids import WrongReference, new_reference, parse_reference
from border.core.refusal import NOT_FOUND
from border.core.sets import Walk, WalkStep, walk_set
from border.core.store import AnyRow, Unit
from border.identity import policy
from border.paper.fonts import FontSet
from border.paper.press import Press
from border.paper.words import InThree, Locale
from border.payments.face import charges_on
from border.plates import written
from customs.dossier_service import gate_view
from logistics import booking_storage, storage
from logistics.slip_drawing import DeclaredGoods, FeeLine, SlipView, draw_slip
from logistics.slip_token import SigningKey, SlipClaims, VerifyingKey, opens_for, sign
from logistics.tables import BookingRow, SlipRow

_FEE_NAMES = {
    "infrastructure_fee": "Phí hạ tầng cửa khẩu · 口岸设施费 · Infrastructure fee",
}


@dataclass(frozen=True)
class SlipKeys:
    """The key that signs new slips and every key that may have signed an old one."""

    signing: SigningKey
    verifying: Mapping[str, VerifyingKey]


def slip_of(booking: BookingRow, keys: SlipKeys) -> dict[str, Any]:
    """Return what the slip of a confirmed booking says, signed: for `Unit.create` and `begin`."""
    valid_until = booking.slip_valid_until
    reference = new_reference(SlipRow.prefix)
    claims = SlipClaims(
        reference=reference,
        plate=booking.plate,
        gate=booking.gate,
        direction=booking.direction,
        starts_at=booking.slot_starts_at,
        ends_at=booking.slot_ends_at,
        valid_until=valid_until,
    )
    return {
        "gate": booking.gate,
        "key": booking.reference,
        "actor": PROGRAM,
        "reference": reference,
        "payload": {"booking": booking.reference},
        "booking_id": booking.id,
        "token": sign(claims, keys.signing),
        "valid_until": valid_until,
        "rule_versions": booking.rule_versions,
    }


async def revoke(unit: Unit, bookings: Mapping[UUID, str]) -> list[UUID]:
    """Revoke the slips that hold of some bookings, by their references; return whose they were.

    writes: slip; event slip.revoke.
    """
    found = await booking_storage.live_slips(unit.connection, bookings)
    keys = {one.id: bookings[one.booking_id] for one in found}
    await walk_set(
        unit, [Walk(one, (WalkStep("revoke", PROGRAM, key=keys[one.id]),)) for one in found]
    )
    return [one.booking_id for one in found]


@dataclass(frozen=True)
class SlipPage:
    """A slip with the booking it belongs to and what is printed on it."""

    slip: SlipRow
    booking: AnyRow
    view: SlipView


async def load(
    connection: AsyncConnection, actor: Actor, reference: str, locale: Locale
) -> SlipPage:
    """Return a slip that the actor may see. refuses: not_found."""
    page = await load_shown(connection, reference, locale)
    policy.check(actor, "slip.read", page.booking)
    return page


async def load_shown(connection: AsyncConnection, reference: str, locale: Locale) -> SlipPage:
    """Return a slip, for whoever has found out that it may be shown. refuses: not_found."""
    try:
        wanted = parse_reference(reference, SlipRow.prefix)
    except WrongReference:
        raise NOT_FOUND(what="slip") from None
    slip = await storage.slip_by_reference(connection, wanted)
    if slip is None:
        raise NOT_FOUND(what="slip")
    booking = await storage.booking_view(connection, id=slip.booking_id)
    assert booking is not None
    return SlipPage(slip, booking, await _view(connection, slip, booking, locale))


async def _view(
    connection: AsyncConnection, slip: SlipRow, booking: AnyRow, locale: Locale
) -> SlipView:
    ids = (await storage.declarations_of(connection, [booking.id]))[booking.id]
    found = await gate_view(connection, ids)
    loads = [found[id] for id in ids if id in found]
    charges = (await charges_on(connection, [booking.reference])).get(booking.reference, [])
    gate = await gates.gate(connection, booking.gate)
    lanes = [
        lane.code
        for lane in await gates.lanes(connection)
        if (lane.gate, lane.direction) == (booking.gate, booking.direction)
    ]
    plate, starts_at, ends_at = opens_for(slip.state, slip.token, booking)
    due = [charge for charge in charges if charge.state in ("owed", "settled")]
    return SlipView(
        reference=slip.reference,
        token=slip.token,
        state=slip.state,
        gate_name=InThree(gate.name_vi, gate.name_zh, gate.name_en),
        lane=" / ".join(lanes) or None,
        direction=booking.direction,
        plate=written(plate),
        trailer_plate=written(booking.trailer_plate) if booking.trailer_plate else None,
        vehicle_class=booking.vehicle_class,
        driver_name=booking.driver["name"] if booking.driver else None,
        starts_at=starts_at,
        ends_at=ends_at,
        declarations=tuple(DeclaredGoods(load.reference, load.customs_number) for load in loads),
        goods="; ".join(load.description for load in loads),
        fees=tuple(FeeLine(_FEE_NAMES[charge.kind], charge.amount_minor) for charge in due),
        total_minor=sum(charge.amount_minor for charge in due),
        payment_reference=", ".join(charge.reference for charge in due) or None,
        issued_at=slip.created_at,
        locale=locale,
    )


async def draw(view: SlipView, fonts: FontSet, press: Press) -> bytes:
    """Return the slip as a PDF, drawn beside the program."""
    return await press.draw(draw_slip, view, fonts)
