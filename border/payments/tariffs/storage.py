"""Statements on the tariff. No decisions."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.money import Money
from border.core.store import AnyRow, table_of
from border.payments.tariffs.resolution import Resolution
from border.payments.tariffs.rule import TariffRule, Terms
from border.payments.tariffs.tables import (
    TariffProvisionRow,
    TariffResolutionRow,
    TariffTermsRow,
)
from border.regulation.regulation import Period
from border.regulation.rule_kind import version_of

_resolution = table_of(TariffResolutionRow)
_terms = table_of(TariffTermsRow)
_provision = table_of(TariffProvisionRow)
_SAID = tuple(
    one.name
    for one in fields(TariffRule)
    if one.name not in {"rate", "minimum", "terms", "effective_from", "effective_to"}
)
"""What a rule and its row call by the same name."""


# Resolutions


async def lock_drafting(connection: AsyncConnection, code: str) -> None:
    """Let nobody else load a resolution of that code until this transaction ends."""
    number = int.from_bytes(sha256(f"tariff\0{code}".encode()).digest()[:8], signed=True)
    await connection.execute(select(func.pg_advisory_xact_lock(number)))


async def resolution_by_code(
    connection: AsyncConnection, code: str, *, lock: bool = False
) -> TariffResolutionRow | None:
    """Return a resolution by its code, locked on request."""
    statement = select(_resolution).where(_resolution.c.code == code)
    found = (
        await connection.execute(statement.with_for_update() if lock else statement)
    ).one_or_none()
    return None if found is None else TariffResolutionRow(**found._mapping)


async def resolutions(
    connection: AsyncConnection, states: Collection[str]
) -> list[TariffResolutionRow]:
    """Return the resolutions in any of `states`, the latest first day first."""
    found = await connection.execute(
        select(_resolution)
        .where(_resolution.c.state.in_(states))
        .order_by(_resolution.c.effective_from.desc(), _resolution.c.code)
    )
    return [TariffResolutionRow(**row._mapping) for row in found]


async def codes_elsewhere(
    connection: AsyncConnection, codes: Collection[str], but: UUID | None
) -> set[str]:
    """Return those of `codes` that name rules of another resolution than `but`."""
    statement = select(_provision.c.code).where(_provision.c.code.in_(codes))
    if but is not None:
        statement = statement.where(_provision.c.resolution_id != but)
    return set(await connection.scalars(statement))


async def put_contents(connection: AsyncConnection, id: UUID, contents: Resolution) -> None:
    """Make the terms and rules of a resolution exactly these."""
    for table in (_provision, _terms):
        await connection.execute(delete(table).where(table.c.resolution_id == id))
    terms = [
        {
            "resolution_id": id,
            "kind": kind,
            "mixed_load": one.mixed_load,
            "collector_per_mille": one.collector_per_mille,
            "vat": one.vat,
        }
        for kind, one in contents.terms
    ]
    await connection.execute(insert(_terms), terms)
    rules = [
        {
            **{name: getattr(rule, name) for name in _SAID},
            "resolution_id": id,
            "place": place,
            "amount_minor": rule.rate.minor,
            "currency": rule.rate.currency,
            "minimum_minor": rule.minimum.minor if rule.minimum else None,
        }
        for place, rule in enumerate(contents.rules)
    ]
    await connection.execute(insert(_provision), rules)


# Days


def _periods() -> Select[Any]:
    return select(_terms, _resolution.c.code, _resolution.c.effective_to.label("stated_to")).join(
        _resolution, _resolution.c.id == _terms.c.resolution_id
    )


def _period(row: AnyRow) -> Period:
    return Period(row.kind, row.code, row.effective_from, row.stated_to, row.effective_to)


async def lock_periods(connection: AsyncConnection, kinds: Collection[str]) -> list[Period]:
    """Return, locked, the days of every scheduled resolution that sets one of `kinds`."""
    found = await connection.execute(
        _periods()
        .where(_terms.c.kind.in_(kinds), _terms.c.effective_from.is_not(None))
        .order_by(_terms.c.kind, _terms.c.effective_from)
        .with_for_update(of=_terms)
    )
    return [_period(row) for row in found]


async def periods(connection: AsyncConnection) -> list[Period]:
    """Return the days of every scheduled resolution, by kind and first day."""
    found = await connection.execute(
        _periods()
        .where(_terms.c.effective_from.is_not(None))
        .order_by(_terms.c.kind, _terms.c.effective_from)
    )
    return [_period(row) for row in found]


async def put_period(connection: AsyncConnection, period: Period) -> None:
    """Give a resolution its days for one kind."""
    await _set_days(connection, period, period.effective_from, period.effective_to)


async def clear_period(connection: AsyncConnection, period: Period) -> None:
    """Take a resolution's days for one kind away."""
    await _set_days(connection, period, None, None)


async def _set_days(
    connection: AsyncConnection, period: Period, begins: date | None, ends: date | None
) -> None:
    of = select(_resolution.c.id).where(_resolution.c.code == period.code).scalar_subquery()
    await connection.execute(
        update(_terms)
        .where(_terms.c.resolution_id == of, _terms.c.kind == period.chain)
        .values(effective_from=begins, effective_to=ends)
    )


# Rules


def _rules() -> Select[Any]:
    return (
        select(
            _provision,
            _resolution.c.code.label("resolution"),
            _resolution.c.digest,
            _terms.c.mixed_load,
            _terms.c.collector_per_mille,
            _terms.c.vat,
            func.coalesce(_terms.c.effective_from, _resolution.c.effective_from).label("begins"),
            func.coalesce(_terms.c.effective_to, _resolution.c.effective_to).label("ends"),
        )
        .join(_resolution, _resolution.c.id == _provision.c.resolution_id)
        .join(
            _terms,
            (_terms.c.resolution_id == _resolution.c.id) & (_terms.c.kind == _provision.c.kind),
        )
        .order_by(_resolution.c.code, _provision.c.place)
    )


def _rule(row: AnyRow) -> TariffRule:
    minimum = row.minimum_minor
    return TariffRule(
        **{name: getattr(row, name) for name in _SAID},
        rate=Money(row.amount_minor, row.currency),
        minimum=None if minimum is None else Money(minimum, row.currency),
        effective_from=row.begins,
        effective_to=row.ends,
        terms=Terms(
            row.resolution,
            row.mixed_load,
            row.collector_per_mille,
            row.vat,
            version_of(row.resolution, bytes(row.digest)),
        ),
    )


async def tariff_rules(connection: AsyncConnection, kind: str) -> tuple[TariffRule, ...]:
    """Return every rule of a kind that is in force on some day; drafts are not."""
    found = await connection.execute(
        _rules().where(_provision.c.kind == kind, _terms.c.effective_from.is_not(None))
    )
    return tuple(_rule(row) for row in found)


async def rules_of(connection: AsyncConnection, codes: Sequence[str]) -> tuple[TariffRule, ...]:
    """Return the rules of some resolutions, whatever their state, in the order they stand."""
    found = await connection.execute(_rules().where(_resolution.c.code.in_(codes)))
    return tuple(_rule(row) for row in found)


async def terms_of(connection: AsyncConnection, id: UUID) -> tuple[tuple[str, Terms], ...]:
    """Return the terms of a resolution by kind."""
    found = await connection.execute(
        select(_terms, _resolution.c.code)
        .join(_resolution, _resolution.c.id == _terms.c.resolution_id)
        .where(_terms.c.resolution_id == id)
        .order_by(_terms.c.kind)
    )
    return tuple(
        (row.kind, Terms(row.code, row.mixed_load, row.collector_per_mille, row.vat))
        for row in found
    )


async def days_held(connection: AsyncConnection, on: date) -> list[str]:
    """Return the codes of the resolutions that are in force on a day or will be."""
    found = await connection.scalars(
        select(_resolution.c.code)
        .distinct()
        .join(_terms, _terms.c.resolution_id == _resolution.c.id)
        .where(
            _terms.c.effective_from.is_not(None),
            or_(_terms.c.effective_to.is_(None), _terms.c.effective_to > on),
        )
        .order_by(_resolution.c.code)
    )
    return list(found)
