"""The languages people read, and how amounts, masses and hours look in each.

English sentences are the keys: templates write `_("…")`, the packages below mark theirs with
`N_("…")`, and `locale/<locale>.po` holds the translations. The catalogues are compiled in memory
when the program starts, so there is no compiled file that could be stale. `python -m api.language
update` brings the catalogues in line with the sources. Nothing here translates what a person
typed, and nothing here remembers a request.
"""

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache, partial
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from babel.numbers import format_currency, format_decimal
from babel.units import format_unit

from border.core.clock import NEIGHBOUR_ZONE, ZONE
from border.core.money import MINOR_UNITS, Money
from border.vocabulary import DIRECTIONS, LABELS

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = ROOT / "api" / "locale"


class Language(NamedTuple):
    """A language of the pages: its tag in HTML, its CLDR locale, its own name and its dates."""

    locale: str
    tag: str
    cldr: str
    own_name: str
    day: str
    moment: str
    joiner: str


LANGUAGES = {
    language.locale: language
    for language in (
        Language("vi", "vi", "vi_VN", "Tiếng Việt", "dd/MM/yyyy", "{time} {day}", " "),
        Language("zh", "zh-Hans", "zh_Hans_CN", "中文", "y年M月d日", "{day} {time}", ""),
        Language("en", "en", "en_GB", "English", "d MMM y", "{day}, {time}", " "),
    )
}
"""Every language by its locale, in the order in which the pages offer them."""
LOCALES = tuple(LANGUAGES)
DEFAULT_LOCALE = "vi"
SOURCE_LOCALE = "en"
NO_BREAK = "\N{NO-BREAK SPACE}"
TRANSLATED = tuple(locale for locale in LOCALES if locale != SOURCE_LOCALE)


# Which language


@lru_cache(512)
def choose_locale(query: str | None, cookie: str | None, accept_language: str | None) -> str:
    """Return the locale to answer in: what the link asks, else the cookie, else the browser.

    Anything unknown is passed over; where nothing fits the answer is Vietnamese.
    """
    for asked in (query, cookie):
        if asked in LANGUAGES:
            return asked
    for tag in _preferred(accept_language or ""):
        primary = tag.split("-")[0].lower()
        if primary in LANGUAGES:
            return primary
    return DEFAULT_LOCALE


def _preferred(accept_language: str) -> list[str]:
    """Return the tags of an Accept-Language header, best first, without those at q=0.

    source: RFC 9110 section 12.5.4.
    """
    weighed: list[tuple[Decimal, str]] = []
    for part in accept_language.split(","):
        tag, _, weight = part.partition(";q=")
        try:
            quality = Decimal(weight.strip() or "1")
        except InvalidOperation:
            continue
        if tag.strip() and quality.is_finite() and quality > 0:
            weighed.append((quality, tag.strip()))
    return [tag for _, tag in sorted(weighed, key=lambda pair: -pair[0])]


# Sentences


class Translator:
    """Says the program's sentences in one language; English where no translation exists."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self._spoken = _compiled(locale)

    def gettext(self, sentence: str, **facts: object) -> str:
        """Return `sentence` translated, its `{placeholders}` filled from `facts`."""
        spoken = self._spoken.gettext(sentence) if sentence else ""
        return spoken.format(**facts) if facts else spoken

    def ngettext(self, singular: str, plural: str, count: int, **facts: object) -> str:
        """Return the form of the sentence for `count`, which fills `{count}` as well."""
        return self._spoken.ngettext(singular, plural, count).format(count=count, **facts)


def _compiled(locale: str) -> NullTranslations:
    """Return the catalogue of `locale`, compiled in memory."""
    if locale == SOURCE_LOCALE:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, read_catalogue(locale))
    compiled.seek(0)
    return GNUTranslations(compiled)


@lru_cache(maxsize=len(LANGUAGES))
def translator(locale: str) -> Translator:
    """Return the one translator of `locale`, compiling its catalogue at the first call."""
    return Translator(locale)


def learn_all() -> None:
    """Compile every catalogue: a tenth of a second that whoever speaks first need not wait for."""
    for locale in TRANSLATED:
        translator(locale)


# Figures and hours
#
# A page says the same day and the same sums many times over, and asking CLDR how each is written
# takes most of the time in which it is drawn: what was written is kept.

_kept = lru_cache(maxsize=4096, typed=True)


@_kept
def localise_number(number: int | Decimal, locale: str) -> str:
    """Return a number with the grouping and the decimal mark of the language."""
    return format_decimal(number, locale=LANGUAGES[locale].cldr)


@_kept
def localise_money(amount: Money, locale: str) -> str:
    """Return an amount as people write it: `800.000 ₫`, `CN¥1,234.50`."""
    exact = Decimal(amount.minor).scaleb(-MINOR_UNITS[amount.currency])
    return format_currency(exact, amount.currency, locale=LANGUAGES[locale].cldr)


@_kept
def localise_mass(grams: int, locale: str) -> str:
    """Return a mass given in whole grams as kilograms, to the gram where there are any."""
    kilograms = format_decimal(
        Decimal(grams).scaleb(-3), format="#,##0.###", locale=LANGUAGES[locale].cldr
    )
    return f"{kilograms}{NO_BREAK}kg"


@_kept
def localise_duration(length: timedelta, locale: str) -> str:
    """Return a length of time in its two largest units: `1 giờ 25 phút`, `2天3小时`."""
    language = LANGUAGES[locale]
    seconds = int(abs(length).total_seconds())
    parts: list[tuple[int, str]] = []
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append((count, unit))
    shown = parts[:2] if parts and parts[0][1] != "minute" else parts[:1]
    return language.joiner.join(
        format_unit(count, f"duration-{unit}", "short", locale=language.cldr).replace(" ", NO_BREAK)
        for count, unit in shown or [(0, "minute")]
    )


def localise_minutes(minutes: int, locale: str) -> str:
    """Return a whole number of minutes as a length of time."""
    return localise_duration(timedelta(minutes=minutes), locale)


def localise_date(on: date | datetime, locale: str, *, weekday: bool = False) -> str:
    """Return a day as people write it; an instant gives its day at the gate."""
    local = on.astimezone(ZONE).date() if isinstance(on, datetime) else on
    return _day(local, locale, weekday)


@_kept
def _day(local: date, locale: str, weekday: bool) -> str:
    language = LANGUAGES[locale]
    day = format_date(local, language.day, locale=language.cldr)
    if not weekday:
        return day
    name = format_date(local, "EEEE", locale=language.cldr)
    return f"{day}{name}" if locale == "zh" else f"{name}, {day}"


def localise_time(at: datetime, locale: str, *, zone: bool = False) -> str:
    """Return the hour and minute of an instant at the gate; `zone` adds the offset from UTC."""
    return _hour(at, ZONE, zone=zone)


def _hour(at: datetime, where: tzinfo, *, zone: bool) -> str:
    local = at.astimezone(where)
    # In each of the languages an hour of the day is written so: CLDR's "HH:mm".
    hour = f"{local.hour:02}:{local.minute:02}"
    if not zone:
        return hour
    offset = (local.utcoffset() or timedelta()) // timedelta(hours=1)
    return f"{hour} (UTC{offset:+d})"


def localise_datetime(at: datetime, locale: str, *, zone: bool = False) -> str:
    """Return the day and the hour of an instant at the gate; `zone` adds the offset from UTC."""
    return LANGUAGES[locale].moment.format(
        day=localise_date(at, locale), time=localise_time(at, locale, zone=zone)
    )


def localise_window(starts_at: datetime, ends_at: datetime, locale: str) -> str:
    """Return a window of time within a day: `14:00–15:00`."""
    return f"{localise_time(starts_at, locale)}–{localise_time(ends_at, locale)}"


def localise_both_sides(at: datetime, locale: str) -> str:
    """Return an instant as the clocks show it on both sides of the border."""
    return translator(locale).gettext(
        "{here} in Lào Cai, {there} in Hekou",
        here=_hour(at, ZONE, zone=True),
        there=_hour(at, NEIGHBOUR_ZONE, zone=True),
    )


# Pages

FORMATTERS: dict[str, Callable[..., str]] = {
    "number": localise_number,
    "money": localise_money,
    "mass": localise_mass,
    "duration": localise_duration,
    "minutes": localise_minutes,
    "date": localise_date,
    "time": localise_time,
    "datetime": localise_datetime,
    "window": localise_window,
    "both_sides": localise_both_sides,
}
"""The names under which templates call the formatters, each without its locale."""


@cache
def context_for(locale: str) -> Mapping[str, object]:
    """Return what a template needs to speak `locale`: `_`, `ngettext` and the formatters."""
    speaker = translator(locale)
    return {
        "locale": locale,
        "html_lang": LANGUAGES[locale].tag,
        "languages": tuple(LANGUAGES.values()),
        "_": speaker.gettext,
        "gettext": speaker.gettext,
        "ngettext": speaker.ngettext,
        "utc": _utc_text,
        "labels_of_codes": LABELS,
        "directions_said": DIRECTIONS,
        **{name: partial(formatter, locale=locale) for name, formatter in FORMATTERS.items()},
    }


def _utc_text(at: datetime) -> str:
    """Return an instant as the `datetime` attribute of a `<time>` element, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


# Catalogues


def extract(root: Path = ROOT) -> Catalog:
    """Return every sentence of the sources below `root`, as `api/babel.cfg` says where to look."""
    with (root / "api" / "babel.cfg").open(encoding="utf-8") as mapping:
        methods, options = parse_mapping_cfg(mapping)  # type: ignore[no-untyped-call]
    template = Catalog(charset="utf-8", fuzzy=False)
    for _file, _line, sentence, _comments, context in extract_from_dir(root, methods, options):
        template.add(sentence, context=context)
    return template


def read_catalogue(locale: str) -> Catalog:
    """Return the translations of `locale` as they stand on disk."""
    path = CATALOGUES / f"{locale}.po"
    if not path.exists():
        return Catalog(locale=locale, charset="utf-8", fuzzy=False)
    with path.open("rb") as source:
        return read_po(source, locale=locale)


def update(root: Path = ROOT) -> dict[str, list[str]]:
    """Rewrite the catalogues: new sentences are added, those no longer said are dropped.

    The files are sorted and carry neither dates nor line numbers, so they change only when the
    sentences do. Returns, by locale, the sentences that still want a translation.
    """
    template = extract(root)
    wanting: dict[str, list[str]] = {}
    for locale in TRANSLATED:
        catalogue = read_catalogue(locale)
        catalogue.update(template, no_fuzzy_matching=True)
        body = BytesIO()
        write_po(
            body,
            catalogue,
            width=96,
            no_location=True,
            omit_header=True,
            sort_output=True,
            ignore_obsolete=True,
        )
        head = _HEAD.format(language=LANGUAGES[locale].tag)
        (CATALOGUES / f"{locale}.po").write_bytes(head.encode() + body.getvalue())
        wanting[locale] = sorted(
            _forms(message.id)[0]
            for message in catalogue
            if message.id and not all(_forms(message.string))
        )
    return wanting


def _forms(text: object) -> tuple[str, ...]:
    """Return the grammatical forms of a sentence: one, or one for each plural."""
    return tuple(map(str, text)) if isinstance(text, list | tuple) else (str(text or ""),)


_HEAD = """\
# Kept in order by: python -m api.language update
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""


def main(arguments: list[str]) -> int:
    """Run `python -m api.language update`; exit 1 while translations are wanting, 2 if misused."""
    if arguments != ["update"]:
        sys.stderr.write("usage: python -m api.language update\n")
        return 2
    wanting = update()
    for locale, sentences in wanting.items():
        sys.stdout.write(f"{locale}.po: {len(sentences)} sentences want a translation\n")
        sys.stdout.writelines(f"  {sentence}\n" for sentence in sentences)
    return 1 if any(wanting.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
