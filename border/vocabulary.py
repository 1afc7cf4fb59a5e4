"""The words that all parts share, each said once: its code, what people call it, what paper says.

A code travels in requests, rows and events; `label` is what a page says in the reader's language;
`paper` is printed in three. Whatever lists directions, classes, priorities, handling or agencies
reads them here, so that a new one is one entry. Not the rules about them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from border.core.actor import Role
from border.core.words import N_
from border.paper.words import InThree


class Direction(StrEnum):
    """Which way the goods go."""

    EXPORT = "export"
    IMPORT = "import"
    TRANSIT = "transit"


class VehicleClass(StrEnum):
    """Payload bands and container sizes, as the fee table of QĐ 58/2014/QĐ-UBND divides them."""

    UNDER_4T = "under_4t"
    FROM_4T = "4t_to_10t"
    FROM_10T = "10t_to_18t"
    FROM_18T = "18t_and_over"
    CONTAINER_20 = "container_20"
    CONTAINER_40 = "container_40"


class Priority(StrEnum):
    """The classes in which trucks are called, the first before the next."""

    PERISHABLE = "perishable"
    ORDINARY = "ordinary"
    EMPTY = "empty"


class Handling(StrEnum):
    """What goods need beside ordinary care."""

    PERISHABLE = "perishable"
    LIVE_ANIMALS = "live_animals"
    DANGEROUS_GOODS = "dangerous_goods"
    OVERSIZE = "oversize"


class ShareClass(StrEnum):
    """The classes of trucks that an hour keeps places for."""

    PERISHABLE = "perishable"
    ORDINARY = "ordinary"
    EMPTY = "empty"
    DANGEROUS_GOODS = "dangerous_goods"
    DRIVERLESS = "driverless"


@dataclass(frozen=True)
class Term:
    """How a code is said: on a page, with more detail where there is room, and on paper."""

    label: str
    detail: str
    paper: InThree


DIRECTIONS: Mapping[str, Term] = {
    Direction.EXPORT.value: Term(
        N_("Export"),
        N_("Export, to Hekou"),
        InThree("XUẤT SANG TRUNG QUỐC", "出口：越南 → 中国", "Export to China"),
    ),
    Direction.IMPORT.value: Term(
        N_("Import"),
        N_("Import, from Hekou"),
        InThree("NHẬP VÀO VIỆT NAM", "进口：中国 → 越南", "Import to Vietnam"),
    ),
    Direction.TRANSIT.value: Term(
        N_("Transit"),
        N_("Transit"),
        InThree("QUÁ CẢNH", "过境运输", "Transit"),
    ),
}


def _class(label: str, vi: str, zh: str, en: str) -> Term:
    return Term(label, label, InThree(vi, zh, en))


VEHICLE_CLASSES: Mapping[str, Term] = {
    VehicleClass.UNDER_4T.value: _class(N_("under 4 tonnes"), "Dưới 4 tấn", "4吨以下", "Under 4 t"),
    VehicleClass.FROM_4T.value: _class(
        N_("4 to under 10 tonnes"), "4 đến dưới 10 tấn", "4至10吨", "4 to 10 t"
    ),
    VehicleClass.FROM_10T.value: _class(
        N_("10 to under 18 tonnes"), "10 đến dưới 18 tấn", "10至18吨", "10 to 18 t"
    ),
    VehicleClass.FROM_18T.value: _class(
        N_("18 tonnes and over"), "Từ 18 tấn", "18吨及以上", "18 t and over"
    ),
    VehicleClass.CONTAINER_20.value: _class(
        N_("20-foot container"), "Container 20 feet", "20英尺集装箱", "20 ft container"
    ),
    VehicleClass.CONTAINER_40.value: _class(
        N_("40-foot container"), "Container 40 feet", "40英尺集装箱", "40 ft container"
    ),
}
HANDLING: Mapping[str, str] = {
    Handling.PERISHABLE.value: N_("Perishable goods"),
    Handling.LIVE_ANIMALS.value: N_("Live animals"),
    Handling.DANGEROUS_GOODS.value: N_("Dangerous goods"),
    Handling.OVERSIZE.value: N_("Oversize load"),
}
PRIORITIES: Mapping[str, str] = {
    Priority.PERISHABLE.value: HANDLING[Handling.PERISHABLE],
    Priority.ORDINARY.value: N_("Ordinary goods"),
    Priority.EMPTY.value: N_("Empty vehicle"),
}
SHARE_CLASSES: Mapping[str, str] = {
    **PRIORITIES,
    ShareClass.DANGEROUS_GOODS.value: HANDLING[Handling.DANGEROUS_GOODS],
    ShareClass.DRIVERLESS.value: N_("Driverless vehicle"),
}


@dataclass(frozen=True)
class Agency:
    """An agency that clears goods: its name, the one role that decides for it, and its kind.

    One that is `always` asked clears everything that crosses; `quarantine` wants a certificate.
    """

    label: str
    role: Role
    always: bool = False
    quarantine: bool = False


CUSTOMS = "customs"
AGENCIES: Mapping[str, Agency] = {
    CUSTOMS: Agency(N_("Customs"), Role.CUSTOMS_OFFICER, always=True),
    "border_guard": Agency(N_("Border guard"), Role.BORDER_GUARD, always=True),
    "plant_quarantine": Agency(N_("Plant quarantine"), Role.PLANT_QUARANTINE, quarantine=True),
    "animal_quarantine": Agency(N_("Animal quarantine"), Role.ANIMAL_QUARANTINE, quarantine=True),
    "health_quarantine": Agency(N_("Health quarantine"), Role.HEALTH_QUARANTINE, quarantine=True),
}
"""Every agency by its code, in the order in which they are shown."""

LABELS: Mapping[str, str] = {
    **{code: term.label for terms in (DIRECTIONS, VEHICLE_CLASSES) for code, term in terms.items()},
    **HANDLING,
    **PRIORITIES,
    **{code: agency.label for code, agency in AGENCIES.items()},
}
"""What each code is called on a page, wherever it stands."""
