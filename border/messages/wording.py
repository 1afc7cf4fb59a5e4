"""How the facts of a message are kept, and how each language writes them. Pure.

Kept are plain values that JSON knows; written are texts. Whoever reads Chinese is told the hour of
Beijing too: Hekou is one hour ahead.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from border.core.clock import NEIGHBOUR_ZONE, ZONE, local_time
from border.core.money import MINOR_UNITS, Money
from border.messages.occasion import FACTS, FactKind
from border.paper.words import Locale, dong

Hour = tuple[datetime, datetime]
"""When an hour begins and ends."""


def kept(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts as they are kept with a message."""
    return {
        name: _KEPT.get(FACTS[name], lambda value: value)(value) for name, value in facts.items()
    }


def written(facts: Mapping[str, Any], locale: Locale, base_url: str) -> dict[str, str]:
    """Return facts that were kept as a language writes them; links begin with `base_url`."""
    return {name: _as_text(FACTS[name], value, locale, base_url) for name, value in facts.items()}


def _kept_hour(hour: Hour) -> list[str]:
    return [at.isoformat() for at in hour]


def _kept_money(money: Money) -> dict[str, Any]:
    return {"minor": money.minor, "currency": money.currency}


_KEPT: Mapping[FactKind, Any] = {
    FactKind.HOUR: _kept_hour,
    FactKind.MOMENT: datetime.isoformat,
    FactKind.MONEY: _kept_money,
}


def _as_text(kind: FactKind, value: Any, locale: Locale, base_url: str) -> str:
    if kind is FactKind.HOUR:
        begins, ends = map(datetime.fromisoformat, value)
        return _hour(begins, ends, locale)
    if kind is FactKind.MOMENT:
        return _moment(datetime.fromisoformat(value), locale)
    if kind is FactKind.MONEY:
        return _money(value["minor"], value["currency"], locale)
    if kind is FactKind.NAMES:
        return str(value[locale])
    return f"{base_url}{value}" if kind is FactKind.LINK else str(value)


def _hour(begins: datetime, ends: datetime, locale: str) -> str:
    ours, end = begins.astimezone(ZONE), ends.astimezone(ZONE)
    if locale != "zh":
        return f"{ours:%H:%M}–{end:%H:%M} {ours:%d/%m/%Y}"
    theirs, their_end = begins.astimezone(NEIGHBOUR_ZONE), ends.astimezone(NEIGHBOUR_ZONE)
    return (
        f"{ours.month}月{ours.day}日{ours:%H:%M}–{end:%H:%M}"
        f"（北京时间{theirs:%H:%M}–{their_end:%H:%M}）"
    )


def _moment(at: datetime, locale: str) -> str:
    if locale != "zh":
        return local_time(at)
    ours = at.astimezone(ZONE)
    theirs = at.astimezone(NEIGHBOUR_ZONE)
    return f"{ours.month}月{ours.day}日{ours:%H:%M}（北京时间{theirs:%H:%M}）"


def _money(minor: int, currency: str, locale: str) -> str:
    if currency == "VND" and locale == "vi":
        return dong(minor)
    amount = f"{Decimal(minor).scaleb(-MINOR_UNITS[currency]):,}"
    return f"{amount}越南盾" if (locale, currency) == ("zh", "VND") else f"{amount} {currency}"
