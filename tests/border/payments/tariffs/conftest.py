"""Files of resolutions, written cell by cell, and two people who may put them in force."""

import csv
import io
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from border.core.actor import Actor, Role
from border.core.clock import FixedClock
from border.core.ids import new_id
from border.core.refusal import Refusal
from border.core.store import PROGRAM, Store, Unit
from border.payments.tariffs import tariff_service
from border.payments.tariffs.row_reading import COLUMNS
from border.payments.tariffs.tariff_service import Published
from border.regulation import storage
from border.regulation.regulation import Period
from border.regulation.tables import RegulationRow
from border.vocabulary import VEHICLE_CLASSES

FEE = "infrastructure_fee"
Cells = dict[str, Any]


def file_of(*rows: Cells) -> bytes:
    """Return rows as a file."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def header(code: str = "next", **more: Any) -> Cells:
    """Return the row of a resolution."""
    return {
        "record": "resolution",
        "code": code,
        "title": "The next resolution",
        "issued_by": "The People's Council",
        "legal_basis": "NQ 1/2027/NQ-HĐND",
        "effective_from": "2027-01-01",
    } | more


def terms(kind: str = FEE, **more: Any) -> Cells:
    """Return the row of what holds for a kind as a whole."""
    whole = {"mixed_load": "highest_rate", "collector_per_mille": 100, "vat": "none"}
    return {"record": "terms", "kind": kind} | whole | more


def rate(code: str, amount: int, **more: Any) -> Cells:
    """Return the row of a rate a trip."""
    return {
        "record": "rate",
        "code": code,
        "kind": FEE,
        "unit": "per_trip",
        "amount_minor": amount,
        "status": "confirmed",
    } | more


def factor(code: str, per_mille: int, **more: Any) -> Cells:
    """Return the row of a coefficient."""
    return {
        "record": "coefficient",
        "code": code,
        "kind": FEE,
        "per_mille": per_mille,
        "reason": "the reason",
        "status": "confirmed",
    } | more


def exemption(code: str, **more: Any) -> Cells:
    """Return the row of an exemption."""
    told = {"reason": "relief goods", "status": "confirmed"}
    return {"record": "exemption", "code": code, "kind": FEE} | told | more


def complete(code: str = "next", begins: str = "2027-01-01", amount: int = 900_000) -> bytes:
    """Return a resolution with one rate for every vehicle, for whatever it carries."""
    return file_of(
        header(code, effective_from=begins),
        terms(),
        *(rate(f"{code}_{one}", amount, vehicle_class=one) for one in VEHICLE_CLASSES),
    )


@dataclass
class Office:
    """The zone's office: the manager prepares, the accountant puts in force."""

    store: Store
    clock: FixedClock
    manager: Actor
    accountant: Actor
    trader: Actor

    async def loaded(self) -> "Office":
        """Load what the program comes with."""
        await self.store.perform(PROGRAM, tariff_service.load_tariff)
        return self

    async def draft(self, raw: bytes, actor: Actor | None = None) -> RegulationRow:
        """Load a draft."""

        async def work(unit: Unit) -> RegulationRow:
            return await tariff_service.put_draft(unit, raw)

        return await self.store.perform(actor or self.manager, work)

    async def schedule(
        self, code: str = "next", actor: Actor | None = None, **more: Any
    ) -> RegulationRow:
        """Put a draft in force on its days."""

        async def work(unit: Unit) -> RegulationRow:
            return await tariff_service.schedule(unit, code, **more)

        return await self.store.perform(actor or self.accountant, work)

    async def withdraw(
        self, code: str = "next", reason: str = "A mistake.", actor: Actor | None = None
    ) -> RegulationRow:
        """Withdraw a resolution."""

        async def work(unit: Unit) -> RegulationRow:
            return await tariff_service.withdraw(unit, code, reason)

        return await self.store.perform(actor or self.manager, work)

    async def one(self, code: str = "next") -> Published:
        """Return a resolution with all it says."""
        async with self.store.reading() as connection:
            return await tariff_service.one(connection, code)

    async def days(self) -> list[tuple[str, date, date | None]]:
        """Return which resolution sets the fee from when until when."""
        async with self.store.reading() as connection:
            found: list[Period] = await storage.periods(connection, ["tariff"])
        return [
            (one.code, one.effective_from, one.effective_to) for one in found if one.subject == FEE
        ]

    async def refused(self, work: Any) -> Refusal:
        """Return the refusal that something ends with."""
        with pytest.raises(Refusal) as caught:
            await work
        return caught.value


@pytest.fixture
async def office(store: Store, clock: FixedClock) -> Office:
    """The office with what the program comes with."""

    def actor(role: Role) -> Actor:
        return Actor(new_id(), role, frozenset({role}))

    whole = Office(store, clock, actor(Role.MANAGER), actor(Role.ACCOUNTANT), actor(Role.TRADER))
    return await whole.loaded()
