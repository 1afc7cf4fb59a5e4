"""What one row of each reference table says, as frozen values with a name in three languages.

Shapes only: reading the files is `catalogue`'s, deciding anything is the callers'.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeEntry:
    """A code and its names; a language without a name is empty."""

    code: str
    en: str = ""
    vi: str = ""
    zh: str = ""

    def name(self, locale: str) -> str:
        """Return the name in `locale` (`vi`, `vi-VN`), else English, Vietnamese, the code."""
        wanted = {"vi": self.vi, "zh": self.zh}.get(locale[:2].lower(), self.en)
        return wanted or self.en or self.vi or self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Country(CodeEntry):
    """A country of ISO 3166-1, by its two letters."""

    alpha3: str
    numeric: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency(CodeEntry):
    """A currency of ISO 4217.

    `minor_units` is the number of decimal places in use according to CLDR, which for some
    currencies without coins (the kip, the kyat) is 0 where ISO 4217 still says 2.
    """

    numeric: str
    minor_units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureUnit(CodeEntry):
    """A unit of measure of UN/ECE Recommendation 20; removed and deprecated ones are left out."""

    symbol: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime(CodeEntry):
    """A declaration type of VNACCS, such as B11; `direction` is `export` or `import`."""

    direction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportMode(CodeEntry):
    """A mode of transport as VNACCS codes it: 4 is a truck, 5 the railway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomsOffice(CodeEntry):
    """A customs office of the northern border.

    The code outlives the name: `vi` is the name as listed before the reorganisation of the year
    `name_until_year`, and `province` the province of that time.
    """

    province: str
    name_until_year: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Locode(CodeEntry):
    """A place of UN/LOCODE in Vietnam or a neighbour.

    `function` is the eight-character field of the standard: a `3` in third place is a road
    terminal. `change` is `X` where the entry is to be removed; `remarks` then names the successor.
    """

    country: str
    subdivision: str
    function: str
    coordinates: str
    change: str
    remarks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoterm(CodeEntry):
    """A delivery term of Incoterms 2020; `mode_group` is `any` or `sea_inland_waterway`."""

    mode_group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section(CodeEntry):
    """A section of the Harmonized System, by its Roman numeral."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HsRow(CodeEntry):
    """A chapter (2 digits), heading (4) or subheading (6) of the Harmonized System 2022.

    `parent` is the code one level up, empty for a chapter.
    """

    section: str
    parent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HsShortName(CodeEntry):
    """A chapter or heading in Vietnamese and Chinese, said shortly: not the official wording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeName:
    """What traders call the goods of a subheading; of each language the first is its name.

    `state` is `fresh`, `dried`, `frozen` or `live` where the words alone do not tell the code, and
    `measure` a condition such as `3<=mm<4.75`; each is empty where it does not matter.
    """

    code: str
    state: str
    measure: str
    vi: tuple[str, ...]
    zh: tuple[str, ...]
    en: tuple[str, ...]

    def words(self, locale: str) -> tuple[str, ...]:
        """Return the names in one of the three languages."""
        return {"vi": self.vi, "zh": self.zh}.get(locale[:2].lower(), self.en)


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffLine(CodeEntry):
    """An eight-digit line of the Vietnamese tariff.

    `vi` is the text of the line alone, often only "Loại khác"; `depth` is the number of dashes
    before it, which says what it stands beside. `policy_note` marks lines under a goods policy.
    """

    hs6: str
    depth: int
    policy_note: bool
