"""The selectivity rules the program begins with.

Seeds, not law: none of them is published by customs, and each is to be confirmed or replaced by
the customs branch at the gate. A rule is never edited: it ends on a day and another begins.
"""

from datetime import date

from border.words import N_
from customs.selectivity import SelectivityRule

_FROM = date(2020, 1, 1)
_BASIS = "Circular 39/2018/TT-BTC (lanes); criteria unconfirmed"

SELECTIVITY_RULES = (
    SelectivityRule(
        code="dangerous_goods",
        says=N_("Dangerous goods are inspected."),
        lane="red",
        effective_from=_FROM,
        legal_basis=_BASIS,
        handling=frozenset({"dangerous_goods"}),
    ),
    SelectivityRule(
        code="live_animals",
        says=N_("Live animals are inspected."),
        lane="red",
        effective_from=_FROM,
        legal_basis=_BASIS,
        handling=frozenset({"live_animals"}),
    ),
    SelectivityRule(
        code="quarantine_uncertified",
        says=N_("Goods under quarantine come without a certificate."),
        lane="yellow",
        effective_from=_FROM,
        legal_basis=_BASIS,
        quarantine_uncertified=True,
    ),
    SelectivityRule(
        code="unnumbered",
        says=N_("The number of the customs declaration is missing."),
        lane="yellow",
        effective_from=_FROM,
        legal_basis=_BASIS,
        unnumbered=True,
    ),
    SelectivityRule(
        code="first_declaration",
        says=N_("It is the trader's first declaration here."),
        lane="yellow",
        effective_from=_FROM,
        legal_basis=_BASIS,
        first_declaration=True,
    ),
    SelectivityRule(
        code="random_share",
        says=N_("Picked at random, three in a hundred."),
        lane="yellow",
        effective_from=_FROM,
        legal_basis=_BASIS,
        per_mille=30,
    ),
)
