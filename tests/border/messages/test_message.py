"""What is told and when: quiet hours, texts and how facts are written."""

from datetime import UTC, datetime, time, timedelta

import pytest

from border.core.money import Money
from border.core.refusal import Refusal
from border.messages.message import first_try_at
from border.messages.occasion import OCCASIONS, Occasion, occasions
from border.messages.text_rules import LOCALES, MESSAGE_TEXTS, seed
from border.messages.wording import kept, written

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)  # 12:00 at the gate
NIGHT = (time(21), time(6))


@pytest.mark.parametrize(
    ("hours_past_noon", "told_after"),
    [(0, 0), (8.99, 8.99), (9, 18), (12, 18), (17.5, 18), (18, 18)],
)
def test_what_comes_in_quiet_hours_is_told_when_they_are_over(
    hours_past_noon: float, told_after: float
) -> None:
    at = NOON + timedelta(hours=hours_past_noon)
    assert first_try_at(at, NIGHT) == NOON + timedelta(hours=told_after)


def test_quiet_hours_of_a_day_and_none_at_all() -> None:
    assert first_try_at(NOON, (time(11), time(13))) == NOON + timedelta(hours=1)
    assert first_try_at(NOON, (time(13), time(14))) == NOON
    assert first_try_at(NOON, (time(12), time(12))) == NOON
    assert first_try_at(NOON, None) == NOON


def test_each_language_writes_hours_and_money_its_own_way() -> None:
    facts = kept(
        {
            "hour": (NOON, NOON + timedelta(hours=1)),
            "until": NOON,
            "amount": Money(800_000, "VND"),
            "gate": {"vi": "Kim Thành", "zh": "金城", "en": "Kim Thanh"},
            "link": "/x",
        }
    )
    told = {locale: written(facts, locale, "http://gate.test") for locale in LOCALES}  # type: ignore[arg-type]
    assert told["vi"]["hour"] == "12:00–13:00 23/11/2026"
    assert told["zh"]["hour"] == "11月23日12:00–13:00（北京时间13:00–14:00）"
    assert [told[locale]["amount"] for locale in LOCALES] == [
        "800.000 ₫",
        "800,000越南盾",
        "800,000 VND",
    ]
    assert (told["en"]["until"], told["zh"]["gate"]) == ("12:00 23/11/2026", "金城")
    assert told["vi"]["link"] == "http://gate.test/x"
    assert written(kept({"amount": Money(1250, "CNY")}), "zh", "")["amount"] == "12.50 CNY"


def _row(locale: str = "vi", **changes: str) -> dict[str, str]:
    return {"occasion": "test_arrival", "locale": locale, "title": "T", "text": "X"} | changes


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"occasion": "nothing"}, "unknown"),
        ({"text": "{plate}"}, "unknown_fact"),
        ({"title": "{reference} {}"}, "unknown_fact"),
    ],
)
def test_a_text_names_only_what_its_occasion_tells(changes: dict[str, str], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        MESSAGE_TEXTS.read([_row(**changes)])
    assert [error.code for error in refused.value.errors] == [code]


def test_an_occasion_is_told_in_every_language_once() -> None:
    for locales in (("vi", "zh"), ("vi", "zh", "en", "en")):
        draft = seed("t", [_row(locale) for locale in locales])
        (fault,) = MESSAGE_TEXTS.faults(draft, MESSAGE_TEXTS.read(draft.rows))
        assert fault.code == "languages"


def test_an_occasion_has_a_code_and_facts_of_one_meaning() -> None:
    with pytest.raises(ValueError, match="twice"):
        occasions(Occasion("test_arrival", "Another", (), timedelta(hours=1)))
    with pytest.raises(ValueError, match="colour"):
        occasions(Occasion("test_colour", "Paint", ("colour",), timedelta(hours=1)))
    del OCCASIONS["test_colour"]
    with pytest.raises(ValueError, match="tells"):
        OCCASIONS["test_arrival"].check({"reference": "CRT-1"})
