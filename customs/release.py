"""The guard of release: an ordered table of checks, each with its code and its sentence.

The same table answers a refused release, is shown to the officer before the attempt, and is
printed in the docs. It says nothing of who may release: that is the lifecycle's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from border.core.words import N_
from customs.clearance import GIVEN, OTHER_AGENCIES


@dataclass(frozen=True)
class ReleaseFacts:
    """What the guard looks at: clearances by agency, whether all is paid, whether it is held."""

    clearances: Mapping[str, str]
    charges_settled: bool
    held: bool


@dataclass(frozen=True)
class ReleaseCheck:
    """One condition of release."""

    name: str
    says: str
    holds: Callable[[ReleaseFacts], bool]


_CLEARANCE_SAYS = {
    "border_guard": N_("The border guard has not cleared it."),
    "plant_quarantine": N_("Plant quarantine has not cleared it."),
    "animal_quarantine": N_("Animal quarantine has not cleared it."),
    "health_quarantine": N_("Health quarantine has not cleared it."),
}


def _given(agency: str) -> Callable[[ReleaseFacts], bool]:
    """Return the test that the clearance of `agency` is given; an unknown one is not."""
    return lambda facts: facts.clearances.get(agency, "pending") in GIVEN


RELEASE_CHECKS = (
    *(
        ReleaseCheck(f"{agency}_clearance", _CLEARANCE_SAYS[agency], _given(agency))
        for agency in OTHER_AGENCIES
    ),
    ReleaseCheck(
        "charges_settled",
        N_("A charge on the declaration is not paid."),
        lambda facts: facts.charges_settled,
    ),
    ReleaseCheck(
        "no_hold", N_("Customs holds the goods; lift the hold."), lambda facts: not facts.held
    ),
)


def failed_checks(facts: ReleaseFacts) -> tuple[ReleaseCheck, ...]:
    """Return every check that does not hold, in the table's order; none opens the release."""
    return tuple(check for check in RELEASE_CHECKS if not check.holds(facts))
