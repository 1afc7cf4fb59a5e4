"""Whether a firm may have some hours, for those who wait for them or move to them. Reads only.

Who books is asked with the set (`booking_set_service`), by the same rules.
"""

from collections.abc import Collection
from uuid import UUID

from border.core.clock import local_date
from border.core.store import AnyRow, Unit
from border.regulation.rulebook import rules_on, rules_on_days
from logistics.ballot.ballot import check_known
from logistics.ballot.storage import known_since
from logistics.ballot.terms import BALLOT_TERMS, peak_in
from logistics.entitlement import ENTITLEMENT_RULES, check_entitled, standing_by
from logistics.fairness import storage


async def check_hours(unit: Unit, firm: UUID, plate: str, slots: Collection[AnyRow]) -> None:
    """Refuse hours that a firm may not have for a truck. refuses: as `check_entitled`."""
    today = local_date(unit.at)
    days = {today, *(local_date(slot.starts_at) for slot in slots)}
    books = await rules_on_days(unit.connection, days, ENTITLEMENT_RULES)
    if not any(book.sets for book in books.values()):
        return
    faults = await storage.counting(unit.connection, [firm])
    known = await known_since(unit.connection, plate)
    stands = standing_by(books[today], faults.get(firm, ()), unit.at)
    for slot in slots:
        check_entitled(slot, books, stands, unit.actor.id, known, unit.at)


async def check_truck(unit: Unit, plate: str, slot: AnyRow) -> None:
    """Refuse a truck, for an hour that its firm has, that is too new for it. refuses: cooling_off.

    Or a place of a peak hour would be taken with a known truck and used by any other.
    """
    book = await rules_on(unit.connection, local_date(slot.starts_at), [BALLOT_TERMS])
    if (peak := peak_in(book, slot)) is not None:
        known = await known_since(unit.connection, plate)
        check_known(peak.cooling_hours, unit.actor.id, known, unit.at)
