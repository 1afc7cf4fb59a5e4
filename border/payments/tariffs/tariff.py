"""What a trip through the gate costs: dated rules, and the assessment they lead to.

Pure. The rules are data; which of them is in force is decided by the day of the trip at the gate.
An assessment explains itself line by line and is frozen in the charge, so that a later rule never
re-prices it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from border.core.money import CurrencyMismatch, Money, share
from border.core.refusal import refuses
from border.core.words import N_
from border.payments.ledger.book import COLLECTOR, VAT, due
from border.payments.tariffs.assessment import AmountPart, Assessment, ExplanationLine, Load, Trip
from border.payments.tariffs.commodity import groups_of
from border.payments.tariffs.rule import (
    ANY_GROUP,
    INFRASTRUCTURE_FEE,
    REGIME_GROUPS,
    STATUSES,
    UNITS,
    Goods,
    TariffRule,
    Terms,
    wider,
)
from border.payments.tariffs.vat import VAT_RATES, VatRate, vat_rate

NO_TARIFF = refuses(
    "no_tariff",
    409,
    N_("No rate in force"),
    N_(
        "No rate of kind {kind} is in force on {on} for {regime_group} goods on a vehicle of "
        "class {vehicle_class}. Ask the zone's office; nothing was charged."
    ),
)
MASS_UNKNOWN = refuses(
    "mass_unknown",
    409,
    N_("The mass is not known"),
    N_("The rate of kind {kind} is for each tonne, and the mass of the goods is not declared."),
)

_RATE = N_(
    "Rate for {regime_group} on a vehicle of class {vehicle_class}, one trip ({legal_basis})"
)
_RATE_OF_GOODS = N_(
    "Rate for {commodity_group}, {regime_group}, on a vehicle of class {vehicle_class}, one trip "
    "({legal_basis})"
)
_PER_TONNE = N_("{mass_kg} kg at {rate_minor} {currency} a tonne ({legal_basis})")
_PER_DECLARATION = N_("{loads} × {rate_minor} {currency} a declaration ({legal_basis})")
_MINIMUM = N_("Raised to the least amount, {minimum_minor} {currency}")
_COEFFICIENT = N_("Coefficient {percent} %: {reason} ({legal_basis})")
_EXEMPT = N_("Nothing to pay: {reason} ({legal_basis})")
_PARTLY_EXEMPT = N_("{exempt} of {loads} loads count for nothing: {reason}")
_HIGHEST = N_("{loads} loads on one vehicle: charged once, at the highest applicable rate")
_HIGHEST_VALUE = N_(
    "{loads} loads on one vehicle: charged once, at the rate of the goods with the highest value"
)
_VALUE_UNKNOWN = N_(
    "{loads} loads on one vehicle, the customs value of one not known: charged once, at the "
    "highest applicable rate"
)
_VAT = N_("Value added tax {percent} % ({legal_basis})")


@dataclass(frozen=True)
class _Liable:
    """One kind of goods of one load, with the rate that fits it."""

    load: Load
    goods: Goods
    rule: TariffRule


@dataclass(frozen=True)
class _Price:
    """A price before tax, with the lines that lead to it."""

    amount: Money
    lines: tuple[ExplanationLine, ...]
    codes: tuple[str, ...]
    liable: _Liable

    def order(self) -> tuple[object, ...]:
        """Return what the dearest is chosen by; of two as dear, always the same one."""
        load, goods = self.liable.load, self.liable.goods
        return (self.amount.minor, self.codes, load.regime_group, goods.commodities)


def assess(
    rules: Iterable[TariffRule],
    kind: str,
    loads: Sequence[str | Load],
    vehicle_class: str,
    on_date: date,
    *,
    payload_g: int | None = None,
    vat_rates: Iterable[VatRate] = VAT_RATES,
) -> Assessment | None:
    """Return what one trip costs, given its loads or only their regime groups; None if empty.

    Several loads are charged once, at the rate of one of them: the highest, or that of the goods
    with the highest customs value, as the resolution says; a rate per tonne then counts the mass
    of all of them. Every coefficient that fits applies, one after the other, each rounded to a
    whole minor unit. The collector's share is rounded down, the rest is the budget's.

    refuses: no_tariff, if a load has no rate on that day; mass_unknown; no_vat_rate.
    source: QĐ 58/2014/QĐ-UBND charges by vehicle and trip; coefficients, the rule for mixed loads
    and the collector's share are shaped as in Resolution 09/2025/NQ-HĐND of Lạng Sơn.
    """
    if not loads:
        return None
    whole = tuple(load if isinstance(load, Load) else Load(load) for load in loads)
    trip = Trip(whole, vehicle_class, on_date, payload_g)
    known = [rule for rule in rules if rule.kind == kind and rule.in_force(on_date)]
    liable, exempting = _sorted_out(known, kind, trip)
    if not liable:
        return _exempt(exempting, trip)
    if len({one.rule.rate.currency for one in liable}) > 1:
        raise CurrencyMismatch(f"rates of {kind} in several currencies cannot be compared")
    charged = tuple(dict.fromkeys(id(one.load) for one in liable))
    paying = [load for load in whole if id(load) in charged]
    price, mixed = _governing([_priced(known, one, paying) for one in liable], paying)
    lines = [*price.lines, *mixed]
    if exempting:
        facts: dict[str, str | int] = {"exempt": len(whole) - len(paying), "loads": len(whole)}
        lines.append(ExplanationLine(_PARTLY_EXEMPT, {**facts, "reason": exempting[0].reason}))
    return _with_tax(kind, price, lines, trip, vat_rates)


def _kinds_of_goods(load: Load, trip: Trip) -> list[Goods]:
    """Return the kinds of goods of a load; one, if no code is known."""
    stated = wider(load.commodity_group) if load.commodity_group else ()
    kinds = {groups_of(code, trip.on_date) for code in load.hs_codes} or {stated}
    return [
        Goods(
            load.regime_group,
            trip.vehicle_class,
            groups,
            load.direction,
            load.movement,
            trip.payload_g,
        )
        for groups in sorted(kinds)
    ]


def _sorted_out(
    known: Sequence[TariffRule], kind: str, trip: Trip
) -> tuple[list[_Liable], list[TariffRule]]:
    """Return the goods that are charged with their rates, and what lets whole loads off."""
    liable: list[_Liable] = []
    exempting: set[TariffRule] = set()
    for load in trip.loads:
        goods = _kinds_of_goods(load, trip)
        free = [_closest(known, "exemption", one) for one in goods]
        let_off = [rule for rule in free if rule is not None]
        if len(let_off) == len(goods):
            exempting.add(max(let_off, key=lambda rule: rule.code))
            continue
        for one, exemption in zip(goods, free, strict=True):
            if exemption is None:
                rule = _closest(known, "rate", one)
                if rule is None:
                    raise NO_TARIFF(
                        kind=kind,
                        on=trip.on_date.isoformat(),
                        regime_group=load.regime_group,
                        vehicle_class=trip.vehicle_class,
                    )
                liable.append(_Liable(load, one, rule))
    return liable, sorted(exempting, key=lambda rule: rule.code)


def _closest(known: Iterable[TariffRule], effect: str, goods: Goods) -> TariffRule | None:
    """Return the rule of an effect that is made most closely for these goods."""
    fitting = [rule for rule in known if rule.effect == effect and rule.fits(goods)]
    return max(fitting, key=lambda rule: rule.closeness(goods), default=None)


def _exempt(exempting: Sequence[TariffRule], trip: Trip) -> Assessment:
    """Return the assessment of a trip all of whose loads are let off."""
    nothing = Money(0, exempting[0].rate.currency)
    lines = tuple(
        ExplanationLine(_EXEMPT, {"reason": rule.reason, "legal_basis": rule.legal_basis}, nothing)
        for rule in exempting
    )
    codes = tuple(rule.code for rule in exempting)
    terms = exempting[-1].terms
    return Assessment(nothing, lines, codes, (), terms.resolution, trip.stored(), _versions(terms))


def _versions(terms: Terms) -> dict[str, str]:
    """Return how a charge names the resolution it was made by, if that is stored."""
    return {"tariff": terms.version} if terms.version else {}


def _priced(known: Iterable[TariffRule], liable: _Liable, paying: Sequence[Load]) -> _Price:
    """Return what a trip costs at the rate of one of its kinds of goods, before tax."""
    rule = liable.rule
    lines = [_base(liable, paying)]
    assert lines[0].amount is not None
    amount = lines[0].amount.minor
    currency = rule.rate.currency
    if rule.minimum is not None and amount < rule.minimum.minor:
        facts: dict[str, str | int] = {"minimum_minor": rule.minimum.minor, "currency": currency}
        lines.append(ExplanationLine(_MINIMUM, facts, Money(rule.minimum.minor - amount, currency)))
        amount = rule.minimum.minor
    factors = sorted(
        (
            one
            for one in known
            if one.effect == "coefficient"
            and one.terms.resolution == rule.terms.resolution
            and one.fits(liable.goods)
        ),
        key=lambda one: one.code,
    )
    for factor in factors:
        changed = share(amount, factor.per_mille, 1000)
        facts = {
            "percent": in_percent(factor.per_mille),
            "reason": factor.reason,
            "legal_basis": factor.legal_basis,
        }
        lines.append(ExplanationLine(_COEFFICIENT, facts, Money(changed - amount, currency)))
        amount = changed
    codes = (rule.code, *(factor.code for factor in factors))
    return _Price(Money(amount, currency), tuple(lines), codes, liable)


def _base(liable: _Liable, paying: Sequence[Load]) -> ExplanationLine:
    """Return the line of the rate itself: a trip, or the tonnes or declarations on it."""
    rule = liable.rule
    rate, currency = rule.rate.minor, rule.rate.currency
    facts: dict[str, str | int] = {"legal_basis": rule.legal_basis}
    if rule.unit == "per_tonne":
        masses = [load.mass_g for load in paying]
        mass_g = sum(mass for mass in masses if mass is not None)
        if None in masses:
            raise MASS_UNKNOWN(kind=rule.kind)
        facts |= {"mass_kg": _kilograms(mass_g), "rate_minor": rate, "currency": currency}
        amount = share(rate * mass_g, 1, 1_000_000)
        return ExplanationLine(_PER_TONNE, facts, Money(amount, currency))
    if rule.unit == "per_declaration":
        facts |= {"loads": len(paying), "rate_minor": rate, "currency": currency}
        return ExplanationLine(_PER_DECLARATION, facts, Money(rate * len(paying), currency))
    facts |= {
        "regime_group": liable.load.regime_group,
        "vehicle_class": liable.goods.vehicle_class,
    }
    if rule.commodity_group == ANY_GROUP:
        return ExplanationLine(_RATE, facts, rule.rate)
    facts["commodity_group"] = rule.commodity_group
    return ExplanationLine(_RATE_OF_GOODS, facts, rule.rate)


def _governing(
    prices: Sequence[_Price], paying: Sequence[Load]
) -> tuple[_Price, list[ExplanationLine]]:
    """Return the price that decides for all loads, and the line that says which one it is."""
    dearest = max(prices, key=_Price.order)
    if len(paying) == 1:
        return dearest, []
    loads: dict[str, str | int] = {"loads": len(paying)}
    if dearest.liable.rule.terms.mixed_load == "highest_rate":
        return dearest, [ExplanationLine(_HIGHEST, loads)]
    values = [load.customs_value for load in paying if load.customs_value is not None]
    if len(values) < len(paying):
        return dearest, [ExplanationLine(_VALUE_UNKNOWN, loads)]
    of_most_value = [one for one in prices if one.liable.load.customs_value == max(values)]
    return max(of_most_value, key=_Price.order), [ExplanationLine(_HIGHEST_VALUE, loads)]


def _with_tax(
    kind: str,
    price: _Price,
    lines: Sequence[ExplanationLine],
    trip: Trip,
    vat_rates: Iterable[VatRate],
) -> Assessment:
    """Return the assessment of a price: the tax on it added, and whose each part is."""
    terms, currency = price.liable.rule.terms, price.amount.currency
    collector = price.amount.minor * terms.collector_per_mille // 1000
    shares = {COLLECTOR: collector, due(kind): price.amount.minor - collector}
    codes = price.codes
    if terms.vat != "none":
        tax = vat_rate(terms.vat, trip.on_date, vat_rates)
        shares[VAT] = share(price.amount.minor, tax.per_mille, 1000)
        facts: dict[str, str | int] = {
            "percent": in_percent(tax.per_mille),
            "legal_basis": tax.legal_basis,
        }
        lines = [*lines, ExplanationLine(_VAT, facts, Money(shares[VAT], currency))]
        codes = (*codes, tax.code)
    parts = tuple(
        AmountPart(name, Money(minor, currency)) for name, minor in shares.items() if minor
    )
    amount = Money(sum(shares.values()), currency)
    return Assessment(
        amount, tuple(lines), codes, parts, terms.resolution, trip.stored(), _versions(terms)
    )


def in_percent(per_mille: int) -> str:
    """Return so many per mille as a percentage: 80 as `8`, 85 as `8.5`."""
    whole, tenth = divmod(per_mille, 10)
    return f"{whole}.{tenth}" if tenth else str(whole)


def _kilograms(mass_g: int) -> str:
    """Return a mass in kilograms without a float: 24500000 as `24500`."""
    whole, rest = divmod(mass_g, 1000)
    return f"{whole}.{rest:03}".rstrip("0") if rest else str(whole)


__all__ = [
    "ANY_GROUP",
    "INFRASTRUCTURE_FEE",
    "NO_TARIFF",
    "REGIME_GROUPS",
    "STATUSES",
    "UNITS",
    "AmountPart",
    "Assessment",
    "ExplanationLine",
    "Load",
    "TariffRule",
    "Trip",
    "assess",
    "in_percent",
]
