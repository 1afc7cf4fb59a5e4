"""The languages of the pages: what is said, how figures look, and whether it can be read."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from jinja2 import Environment

from api import language
from api.language import (
    LOCALES,
    ROOT,
    TRANSLATED,
    choose_locale,
    context_for,
    extract,
    localise_both_sides,
    localise_date,
    localise_datetime,
    localise_duration,
    localise_mass,
    localise_minutes,
    localise_money,
    localise_number,
    localise_time,
    localise_window,
    read_catalogue,
    translator,
)
from api.pages.kit.drawing import engine_of
from border.core.money import Money

AT = datetime(2026, 11, 22, 7, 5, tzinfo=UTC)


def plain(text: str) -> str:
    """Return the text with its no-break spaces as ordinary ones."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def forms(text: object) -> list[str]:
    return [str(form) for form in text] if isinstance(text, list | tuple) else [str(text)]


# Catalogues


@pytest.fixture(scope="module")
def template() -> Catalog:
    """Every sentence of the sources, read once for this file: that takes five seconds."""
    return extract()


@pytest.fixture
def marked(template: Catalog) -> list[Message]:
    """The same, one by one."""
    return list(template)


@pytest.fixture
def catalogues(template: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with no translations yet."""
    monkeypatch.setattr(language, "CATALOGUES", tmp_path)
    monkeypatch.setattr(language, "extract", lambda _: template)
    return tmp_path


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_sentence_of_the_sources_is_translated(marked: list[Message], locale: str) -> None:
    catalogue = read_catalogue(locale)
    wanting = [
        forms(message.id)[0]
        for message in marked
        if message.id and not _is_translated(catalogue.get(_key(message)))
    ]
    assert not wanting, "run python -m api.language update, then fill in: " + "; ".join(wanting)


def _key(message: Message) -> str:
    return forms(message.id)[0]


def _is_translated(message: Message | None) -> bool:
    return message is not None and not message.fuzzy and all(forms(message.string or ""))


@pytest.mark.parametrize("locale", TRANSLATED)
def test_a_translation_keeps_the_placeholders_of_its_sentence(locale: str) -> None:
    wrong = [
        _key(message)
        for message in read_catalogue(locale)
        if message.id
        for said in forms(message.string)
        if placeholders(said) != placeholders(forms(message.id)[-1])
    ]
    assert not wrong


def test_the_sentences_marked_in_python_and_in_templates_are_both_found(
    marked: list[Message],
) -> None:
    found = {_key(message) for message in marked if message.id}
    assert {"Not found", "Skip to the content", "{count} place left"} <= found


def test_an_update_without_new_sentences_changes_nothing(catalogues: Path) -> None:
    language.update()
    first = {path.name: path.read_bytes() for path in catalogues.iterdir()}
    language.update()
    assert {path.name: path.read_bytes() for path in catalogues.iterdir()} == first
    assert set(first) == {"vi.po", "zh.po"}


@pytest.mark.usefixtures("catalogues")
def test_an_update_tells_which_sentences_want_a_translation() -> None:
    wanting = language.update()
    assert set(wanting) == set(TRANSLATED)
    assert "{count} place left" in wanting["zh"]
    assert language.main(["update"]) == 1


def test_any_other_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert language.main(["compile"]) == 2
    assert "usage" in capsys.readouterr().err


# Sentences


def test_a_sentence_is_said_in_each_language() -> None:
    said = [translator(locale).gettext("Sign in") for locale in LOCALES]
    assert said == ["Đăng nhập", "登录", "Sign in"]


def test_facts_fill_the_placeholders_and_are_not_read_as_placeholders_themselves() -> None:
    said = translator("en").gettext("until {time}", time="{nothing}")
    assert said == "until {nothing}"


def test_an_unknown_sentence_is_said_as_it_is() -> None:
    assert translator("vi").gettext("Nobody has written this {down}") == (
        "Nobody has written this {down}"
    )
    assert translator("vi").gettext("") == ""


@pytest.mark.parametrize(
    ("locale", "one", "three"),
    [
        ("vi", "còn 1 chỗ", "còn 3 chỗ"),
        ("zh", "剩1个名额", "剩3个名额"),
        ("en", "1 place left", "3 places left"),
    ],
)
def test_a_count_takes_the_form_of_its_language(locale: str, one: str, three: str) -> None:
    count = translator(locale).ngettext
    assert count("{count} place left", "{count} places left", 1) == one
    assert count("{count} place left", "{count} places left", 3) == three


# Which language


@pytest.mark.parametrize(
    ("query", "cookie", "header", "chosen"),
    [
        (None, None, None, "vi"),
        ("zh", "en", "vi", "zh"),
        (None, "en", "zh-CN", "en"),
        (None, None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, None, "de-DE, en;q=0.5", "en"),
        (None, None, "en;q=0.2, zh;q=0.7", "zh"),
        (None, None, "en;q=0, de", "vi"),
        (None, None, "en;q=NaN, zh;q=x, ,", "vi"),
        ("de", "fr", "ja", "vi"),
        ("../zh", "", "", "vi"),
    ],
)
def test_the_locale_is_that_of_the_link_then_the_cookie_then_the_browser(
    query: str | None, cookie: str | None, header: str | None, chosen: str
) -> None:
    assert choose_locale(query, cookie, header) == chosen


# Figures and hours


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (Money(800_000, "VND"), ("800.000 ₫", "₫800,000", "₫800,000")),
        (Money(1_234_50, "CNY"), ("1.234,50 CN¥", "¥1,234.50", "CN¥1,234.50")),
        (Money(5, "CNY"), ("0,05 CN¥", "¥0.05", "CN¥0.05")),
        (Money(0, "VND"), ("0 ₫", "₫0", "₫0")),
    ],
)
def test_money_is_written_from_its_minor_units(amount: Money, written: tuple[str, ...]) -> None:
    assert tuple(plain(localise_money(amount, locale)) for locale in LOCALES) == written


def test_an_amount_too_long_for_a_float_keeps_every_digit() -> None:
    assert localise_money(Money(9_007_199_254_740_993_07, "CNY"), "zh") == (
        "¥9,007,199,254,740,993.07"
    )


@pytest.mark.parametrize(
    ("grams", "written"),
    [
        (18_250_500, ("18.250,5 kg", "18,250.5 kg", "18,250.5 kg")),
        (1, ("0,001 kg", "0.001 kg", "0.001 kg")),
        (40_000_000, ("40.000 kg", "40,000 kg", "40,000 kg")),
    ],
)
def test_a_mass_is_written_in_kilograms(grams: int, written: tuple[str, ...]) -> None:
    assert tuple(plain(localise_mass(grams, locale)) for locale in LOCALES) == written


@pytest.mark.parametrize(
    ("length", "written"),
    [
        (timedelta(minutes=48), ("48 phút", "48分钟", "48 mins")),
        (timedelta(hours=2, minutes=15), ("2 giờ 15 phút", "2小时15分钟", "2 hrs 15 mins")),
        (timedelta(hours=26, minutes=4), ("1 ngày 2 giờ", "1天2小时", "1 day 2 hrs")),
        (timedelta(hours=3), ("3 giờ", "3小时", "3 hrs")),
        (timedelta(minutes=1, seconds=30), ("1 phút", "1分钟", "1 min")),
        (timedelta(), ("0 phút", "0分钟", "0 mins")),
    ],
)
def test_a_length_of_time_is_written_in_its_two_largest_units(
    length: timedelta, written: tuple[str, ...]
) -> None:
    assert tuple(plain(localise_duration(length, locale)) for locale in LOCALES) == written


def test_minutes_are_a_length_of_time() -> None:
    assert localise_minutes(75, "zh") == "1小时15分钟"


def test_instants_are_written_in_the_hour_of_the_gate() -> None:
    assert [localise_datetime(AT, locale) for locale in LOCALES] == [
        "14:05 22/11/2026",
        "2026年11月22日 14:05",
        "22 Nov 2026, 14:05",
    ]
    assert localise_time(AT, "vi", zone=True) == "14:05 (UTC+7)"
    assert localise_window(AT, AT + timedelta(hours=1), "zh") == "14:05–15:05"


def test_an_instant_late_in_the_evening_belongs_to_the_next_day_at_the_gate() -> None:
    assert localise_date(datetime(2026, 11, 22, 17, 0, tzinfo=UTC), "vi") == "23/11/2026"
    assert localise_date(date(2026, 11, 22), "vi") == "22/11/2026"


def test_a_day_can_name_its_weekday() -> None:
    written = [localise_date(AT, locale, weekday=True) for locale in LOCALES]
    assert written == ["Chủ Nhật, 22/11/2026", "2026年11月22日星期日", "Sunday, 22 Nov 2026"]


def test_a_driver_reads_the_hour_of_both_sides() -> None:
    assert [localise_both_sides(AT, locale) for locale in LOCALES] == [
        "14:05 (UTC+7) ở Lào Cai, 15:05 (UTC+8) ở Hà Khẩu",
        "老街 14:05 (UTC+7)，河口 15:05 (UTC+8)",
        "14:05 (UTC+7) in Lào Cai, 15:05 (UTC+8) in Hekou",
    ]


def test_a_number_is_grouped() -> None:
    assert [localise_number(1_234_567, locale) for locale in LOCALES] == [
        "1.234.567",
        "1,234,567",
        "1,234,567",
    ]


# Pages


def test_a_template_speaks_its_language_and_escapes_what_people_typed() -> None:
    page = Environment(autoescape=True).from_string(
        "{{ _('until {time}', time=time(at)) }} {{ _('Opens {moment}', moment=typed) }} "
        "{{ utc(at) }} {{ html_lang }}"
    )
    assert page.render(context_for("zh"), at=AT, typed="<b>") == (
        "截至 14:05 &lt;b&gt; 开放 2026-11-22T07:05:00Z zh-Hans"
    )


def _board(locale: str, **more: object) -> str:
    pages = engine_of(ROOT / "api" / "templates")
    slot = {
        "starts_at": AT,
        "ends_at": AT + timedelta(hours=1),
        "capacity": 40,
        "remaining": 3,
        "opens_at": None,
        "limit": None,
        "limit_reason": None,
        "mode": "first_come",
    }
    way = {
        "direction": "export",
        "queue_length": 87,
        "waiting_p50_minutes": 48,
        "waiting_p90_minutes": None,
        "line": {"called": [], "coming": []},
        "next_slots": [slot, slot | {"remaining": 0}, slot | {"opens_at": AT + timedelta(days=1)}],
        "call_order": [{"vehicle_class": "perishable", "count": 34}],
        "throughput": [{"hour": AT, "count": 18}, {"hour": AT, "count": 0}],
    }
    name = {"vi": "Kim Thành", "zh": "金城", "en": "Kim Thành"}
    return pages.get_template(f"{locale}/public/board.html").render(
        context_for(locale),
        gates=[{"code": "KIM_THANH_II", "name": name, "directions": [way]}],
        as_of=AT,
        path="/",
        query={"gate": "KIM_THANH_II"},
        live_url="/board/stream",
        fragment_url="/board?fragment=1",
        fresh_key=lambda: "key",
        **more,
    )


def test_the_board_says_in_each_language_what_is_free_and_what_is_full() -> None:
    assert "còn 3 chỗ" in _board("vi")
    assert "已满" in _board("zh")
    assert "Opens 23 Nov 2026, 14:05" in _board("en")


def test_a_language_link_keeps_the_page_it_is_on() -> None:
    page = _board("vi")
    assert '<html lang="vi">' in page
    assert 'href="?gate=KIM_THANH_II&amp;lang=zh" lang="zh-Hans"' in page
    assert page.count('aria-current="true"') == 1


def test_the_fragment_is_the_board_without_its_frame() -> None:
    fragment = _board("vi", fragment=True)
    assert "<html" not in fragment
    assert "còn 3 chỗ" in fragment


@pytest.mark.parametrize("template", sorted((ROOT / "api" / "templates").rglob("*.html")))
def test_a_template_holds_no_style_and_no_script_of_its_own(template: Path) -> None:
    source = re.sub(r"\{#.*?#\}", "", template.read_text(encoding="utf-8"), flags=re.S)
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|<script(?![^>]*\ssrc=)", source)


# Colours

SHEET = (ROOT / "api" / "static" / "style.css").read_text(encoding="utf-8")
TOKENS = {
    name: {"day": day, "night": night}
    for name, day, night in re.findall(
        r"--([\w-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)", SHEET
    )
}
GROUNDS = ("paper", "surface", "sunken")
TEXT_PAIRS = [
    *product(("ink", "muted", "link"), GROUNDS),
    *product(("stop",), ("paper", "surface")),
    ("ink", "wait-ground"),
    ("on-deep", "deep"),
    ("on-deep", "deep-pressed"),
    ("on-band", "band"),
    ("on-band-soft", "band"),
    ("on-signal", "signal"),
    ("on-verdict", "go"),
    ("on-verdict", "halt"),
    ("on-verdict", "band"),
    *((tone, f"{tone}-ground") for tone in ("done", "wait", "act", "stop")),
]
"""Text and the ground it stands on. source: WCAG 2.2, criterion 1.4.3, level AA: 4.5 to 1."""
SIGN_PAIRS = [
    *product(("edge", "deep", "focus"), ("paper", "surface")),
    ("signal", "band"),
    *(
        (tone, "surface")
        for tone in ("done", "wait", "act", "lane-green", "lane-yellow", "lane-red")
    ),
]
"""Borders and signs that carry meaning. source: WCAG 2.2, criterion 1.4.11: 3 to 1."""


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["day", "night"])
@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_text_stands_out_from_its_ground(text: str, ground: str, theme: str) -> None:
    assert contrast(TOKENS[text][theme], TOKENS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", ["day", "night"])
@pytest.mark.parametrize(("sign", "ground"), SIGN_PAIRS)
def test_signs_stand_out_from_their_ground(sign: str, ground: str, theme: str) -> None:
    assert contrast(TOKENS[sign][theme], TOKENS[ground][theme]) >= 3


def test_black_on_white_has_the_greatest_contrast() -> None:
    assert round(contrast("000000", "ffffff"), 2) == 21
