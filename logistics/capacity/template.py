"""Templates of the week: which hours of which days take fewer trucks, or are open longer. Pure.

They are dated rules of a gate, each row with its reason. Within the hours that the rules cut, a
template is a limit; beyond them it opens the gate longer. On a public holiday the templates for
holidays hold, and where there are any of these none for the day of the week.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, Literal

from pydantic import Field

from border.core.clock import ZONE
from border.core.refusal import FieldError
from border.core.request_body import KEEPABLE, Integer, TimeOfDay
from border.core.words import N_
from border.regulation.rule_kind import (
    RuleKind,
    RuleRow,
    RuleSetDraft,
    Words,
    by_direction,
    directed,
    rule_kind,
)
from border.regulation.rulebook import RuleSet
from border.vocabulary import Direction
from logistics.capacity.limit import MOST_PLACES
from logistics.slot import SlotRule, rule_on
from logistics.slot_rules import SLOT_SEEDS

TemplateDay = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday_vn", "holiday_cn"]
_WEEK: tuple[TemplateDay, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_COUNTRIES: Mapping[TemplateDay, tuple[str, tuple[str, str]]] = {
    "holiday_vn": ("VN", ("vi", "en_US")),
    "holiday_cn": ("CN", ("zh_CN", "en_US")),
}
TEMPLATE_DAYS: Mapping[str, str] = {
    "mon": N_("Monday"),
    "tue": N_("Tuesday"),
    "wed": N_("Wednesday"),
    "thu": N_("Thursday"),
    "fri": N_("Friday"),
    "sat": N_("Saturday"),
    "sun": N_("Sunday"),
    "holiday_vn": N_("Public holiday in Vietnam"),
    "holiday_cn": N_("Public holiday in China"),
}


class HourTemplateRow(RuleRow):
    """On some days, from `opens` to `closes` (local), an hour takes `places` trucks, for a reason.

    None closes the gate. What lies beyond the hours of the rules opens it longer.
    """

    name: str = Field(title=N_("Name"), min_length=1, max_length=40, pattern=KEEPABLE)
    direction: Direction = Field(title=N_("Direction"))
    days: tuple[TemplateDay, ...] = Field(title=N_("Days"), min_length=1, max_length=9)
    opens: TimeOfDay = Field(title=N_("From"))
    closes: TimeOfDay = Field(title=N_("Until"))
    places: Integer = Field(title=N_("Places"), ge=0, le=MOST_PLACES)
    reason: str = Field(title=N_("Reason"), min_length=1, max_length=160, pattern=KEEPABLE)

    @property
    def window(self) -> tuple[time, time]:
        """From when until when it holds, in local time."""
        return time.fromisoformat(self.opens), time.fromisoformat(self.closes)


def _words(row: HourTemplateRow) -> Words:
    says = N_("{name}: {direction}, {days}, {opens} to {closes}: {places} places an hour. {reason}")
    return says, directed(row) | {"days": tuple(TEMPLATE_DAYS[day] for day in row.days)}


def _backwards(row: HourTemplateRow) -> FieldError | None:
    opens, closes = row.window
    says = N_("It must end after it begins, on the same day.")
    return None if opens < closes else FieldError("closes", "not_after_opens", says)


def overlaps(draft: RuleSetDraft, rows: Sequence[HourTemplateRow]) -> list[FieldError]:
    """Return where two templates of a direction say different things of the same time."""
    errors = []
    says = N_("This overlaps with template {other}. Give them other days or other hours.")
    for place, row in enumerate(rows):
        for other in rows[:place]:
            same = row.direction == other.direction and set(row.days) & set(other.days)
            if same and row.opens < other.closes and other.opens < row.closes:
                facts = (("other", other.name),)
                errors.append(FieldError(f"rows.{place}.opens", "overlaps", says, facts))
    return errors


HOUR_TEMPLATES = rule_kind(
    RuleKind(
        name="hour_templates",
        label=N_("Templates of the week, holidays and closures"),
        row=HourTemplateRow,
        words=_words,
        per_gate=True,
        key="name",
        fault=_backwards,
        faults=overlaps,
        subjects=by_direction,
    )
)


def _half_on_holidays(hours: RuleSetDraft) -> dict[str, Any]:
    [row] = hours.rows
    return {
        "name": f"holiday {row['direction']}",
        "direction": row["direction"],
        "days": ("holiday_cn",),
        "opens": row["opens"],
        "closes": row["closes"],
        "places": row["capacity"] // 2,
        "reason": N_("Fewer people work at Hekou on a public holiday"),
    }


TEMPLATE_SEEDS = tuple(
    RuleSetDraft(
        code=f"{gate}-week-2026",
        title=N_("Templates until the management board decides"),
        issued_by=N_("seed of the program"),
        legal_basis=N_("seed until the management board decides: half the places, an assumption"),
        effective_from=date(2026, 1, 1),
        gate=gate,
        rows=tuple(_half_on_holidays(one) for one in SLOT_SEEDS if one.gate == gate),
    )
    for gate in dict.fromkeys(one.gate for one in SLOT_SEEDS)
)


@dataclass(frozen=True)
class HourTemplate:
    """A template in force from one day until another (exclusive), for a gate and direction."""

    gate: str
    row: HourTemplateRow
    effective_from: date
    effective_to: date | None
    version: str

    def holds_on(self, on: date) -> bool:
        """Say whether it is in force on a day, whatever day of the week that is."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)


@dataclass(frozen=True)
class TemplateHours:
    """What a template says of one day: from when until when, how many places, and why."""

    begins: datetime
    ends: datetime
    places: int
    reason: str


def templates_of(found: RuleSet[HourTemplateRow]) -> list[HourTemplate]:
    """Return the rows of a set as templates, for the chain it stands in."""
    days = found.effective_from, found.effective_to
    return [HourTemplate(found.gate, row, *days, found.version) for row in found.rows]


@cache
def _named(country: str, languages: tuple[str, str], year: int) -> Mapping[date, str]:
    import holidays

    own, english = (
        holidays.country_holidays(country, years=year, language=one) for one in languages
    )
    return {on: f"{own[on]} ({english[on]})" for on in own}


def holiday(day: TemplateDay, on: date) -> str | None:
    """Return what the holiday of a country on a day is called, in its language and in English."""
    country = _COUNTRIES.get(day)
    return None if country is None else _named(*country, on.year).get(on)


def on_day(
    templates: Iterable[HourTemplate], gate: str, direction: str, on: date
) -> list[tuple[HourTemplate, str]]:
    """Return the templates that hold on a day, each with the holiday that it holds for, if any."""
    ours = [
        one
        for one in templates
        if (one.gate, one.row.direction) == (gate, direction) and one.holds_on(on)
    ]
    special = [(one, name) for one in ours for day in one.row.days if (name := holiday(day, on))]
    return special or [(one, "") for one in ours if _WEEK[on.weekday()] in one.row.days]


def hours_on(
    templates: Iterable[HourTemplate], gate: str, direction: str, on: date
) -> list[TemplateHours]:
    """Return what the templates say of a day."""
    found = []
    for one, name in on_day(templates, gate, direction, on):
        begins, ends = (datetime.combine(on, at, ZONE) for at in one.row.window)
        reason = f"{one.row.reason} · {name}" if name else one.row.reason
        found.append(TemplateHours(begins, ends, one.row.places, reason))
    return found


def opened_longer(
    rules: Sequence[SlotRule], templates: Sequence[HourTemplate], since: date
) -> list[SlotRule]:
    """Return a rule of one day for each on which a template opens a gate longer than its rule."""
    found = []
    for gate, direction in sorted({(rule.gate, rule.direction) for rule in rules}):
        ahead = max(
            one.days_ahead for one in rules if (one.gate, one.direction) == (gate, direction)
        )
        for on in (since + timedelta(days=n) for n in range(ahead + 2)):
            rule = rule_on(rules, gate, direction, on)
            opening = [one for one, _ in on_day(templates, gate, direction, on) if one.row.places]
            if rule is None or rule.opens >= rule.closes or not opening:
                continue
            opens = min([rule.opens, *(one.row.window[0] for one in opening)])
            closes = max([rule.closes, *(one.row.window[1] for one in opening)])
            if (opens, closes) != (rule.opens, rule.closes):
                version = "+".join([rule.version, *sorted({one.version for one in opening})])
                days = {"effective_from": on, "effective_to": on + timedelta(days=1)}
                found.append(
                    replace(rule, opens=opens, closes=closes, version=version, **days)  # type: ignore[arg-type]
                )
    return found
