"""Number plates of the two countries whose vehicles cross: read, told apart, brought to one form.

Pure: whether a vehicle of that plate exists is not asked here.
"""

import re
from dataclasses import dataclass

from border.core.words import N_
from border.identifiers import IdentifierError, normalised

_PROVINCES_OF_CHINA = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_CN_SERIAL = "[0-9A-HJ-NP-Z]"
_PLATES = {
    # A civil plate, a temporary one (T), one of the army (two letters), one of a mission.
    "VN": re.compile(
        r"[1-9][0-9](?P<series>[A-Z]{1,2})[0-9]{4,5}|T[1-9][0-9][0-9]{4,6}|[A-Z]{2}[0-9]{4}"
        r"|[1-9][0-9][0-9]{3}(?:NG|QT|NN|CV)[0-9]{2}"
    ),
    # Five characters, the last of which may say what it is (a trailer, Hong Kong, the police …);
    # a temporary plate; a new-energy vehicle six, with its letter first (small) or last (large).
    "CN": re.compile(
        rf"[{_PROVINCES_OF_CHINA}][A-HJ-NP-Z]"
        rf"(?:{_CN_SERIAL}{{5}}|{_CN_SERIAL}{{4}}[挂港澳警学领试超]"
        rf"|{_CN_SERIAL}{{4,5}}临|临{_CN_SERIAL}{{4,5}}"
        rf"|[A-HJK]{_CN_SERIAL}[0-9]{{4}}|[0-9]{{5}}[A-HJK])"
    ),
}
_PLATE_SAYS = {
    "VN": N_(
        "A Vietnamese plate is two digits of the province, one or two letters and four or five "
        "digits, such as 24C-123.45. Type it as it stands on the vehicle."
    ),
    "CN": N_(
        "A Chinese plate is the character of the province, a letter and five characters without "
        "I and O (six for new energy, four and 挂 for a trailer), such as 云G·12345. "
        "Type it as it stands on the vehicle."
    ),
}


@dataclass(frozen=True, slots=True)
class Plate:
    """A number plate: as typed, as compared (`normalised`), and the country that issued it."""

    typed: str
    normalised: str
    country: str

    @property
    def is_trailer(self) -> bool:
        """Whether the plate is that of a trailer: 挂 in China, series R in Vietnam."""
        if self.country == "CN":
            return self.normalised.endswith("挂")
        read = _PLATES["VN"].fullmatch(self.normalised)
        return read is not None and (read["series"] or "").startswith("R")


_WRITTEN = (
    (re.compile(r"([1-9][0-9][A-Z]{1,2})([0-9]{3})([0-9]{2})"), "{}-{}.{}"),
    (re.compile(r"([1-9][0-9][A-Z]{1,2})([0-9]{4})"), "{}-{}"),
    (re.compile(rf"([{_PROVINCES_OF_CHINA}][A-HJ-NP-Z])(.{{5,6}})"), "{}·{}"),
)
"""How plates stand on the vehicle; those of other kinds are written as they are compared."""


def written(normalised: str) -> str:
    """Return a plate in its own form, 24C-123.45 or 云G·12345, from the form it is compared in."""
    for pattern, form in _WRITTEN:
        if found := pattern.fullmatch(normalised):
            return form.format(*found.groups())
    return normalised


def plate(text: str, country: str) -> Plate:
    """Return the plate `text` of `country` (`VN` or `CN`), ready to be compared.

    refuses: `plate_country`, `plate_format`.
    source: patterns as registered by both countries' police (VN: province, series, number, with
    the army's and missions' plates; CN: GA 36, with its special and temporary plates).
    """
    pattern = _PLATES.get(country)
    if pattern is None:
        raise IdentifierError(
            "plate_country",
            N_("Plates of VN and CN cross here; {country} is neither. Choose one of the two."),
            country=country,
        )
    read = normalised(text)
    if not pattern.fullmatch(read):
        for other, of_other in _PLATES.items():
            if of_other.fullmatch(read):
                raise IdentifierError(
                    "plate_country",
                    N_("{plate} has the form of a plate of {other}. Set the country to {other}."),
                    plate=text,
                    other=other,
                )
        raise IdentifierError("plate_format", _PLATE_SAYS[country])
    return Plate(typed=text, normalised=read, country=country)


def vehicle_plate(text: str, country: str) -> Plate:
    """Return the plate of a vehicle that drives by itself.

    refuses: as `plate`, and `plate_of_trailer`.
    """
    read = plate(text, country)
    if read.is_trailer:
        raise IdentifierError(
            "plate_of_trailer",
            N_(
                "{plate} is the plate of a trailer. Type the plate of the truck here, and this one "
                "as the trailer's."
            ),
            plate=text,
        )
    return read


def trailer_plate(text: str, country: str) -> Plate:
    """Return the plate of a trailer; it may come from the other country than the truck.

    refuses: as `plate`, and `plate_of_vehicle`.
    """
    written = normalised(text)
    others = [name for name, pattern in _PLATES.items() if pattern.fullmatch(written)]
    read = plate(text, others[0] if others and country not in others else country)
    if not read.is_trailer:
        raise IdentifierError(
            "plate_of_vehicle",
            N_(
                "{plate} is not the plate of a trailer, which has the series R in Vietnam and ends "
                "with 挂 in China. Type the trailer's own plate, or leave it out."
            ),
            plate=text,
        )
    return read
