"""Which handling goods of a code usually need: a suggestion, never a ruling.

By the beginnings of codes. What is dried, frozen, canned or cooked keeps; what is fresh, chilled or
alive does not. Pure.
"""

from collections.abc import Collection, Iterable, Mapping

from border.vocabulary import Handling

_BY_KIND: Mapping[Handling, str] = {
    Handling.LIVE_ANIMALS: "01 0301",
    Handling.PERISHABLE: """
        0201 020311 020312 020319 0302 03063 030711 030721 030731 030742 030771 0401 0403 0602 0603
        0701 0702 0703 0704 0705 0706 0707 0708 0709 0803 080430 080440 080450 0805 080610 0807
        0808 0809 0810""",
    Handling.DANGEROUS_GOODS: """
        2207 271012 2711 280110 280470 2806 2807 2808 2814 2815 2829 2837 2847 284910 290511 310230
        36 3808 850650 850760 9613""",
}
"""Beginnings of codes by the handling their goods usually need."""
USUAL: Mapping[str, Handling] = {
    beginning: kind for kind, beginnings in _BY_KIND.items() for beginning in beginnings.split()
}


def usual_handling(hs_code: str) -> tuple[Handling, ...]:
    """Return the handling that goods of a code usually need; mostly none."""
    fitting = (USUAL.get(hs_code[:size]) for size in range(2, len(hs_code) + 1))
    return tuple(kind for kind in fitting if kind)[:1]


def not_said(hs_codes: Iterable[str], said: Collection[str]) -> tuple[Handling, ...]:
    """Return the handling usual for goods of these codes that was not said, each kind once."""
    usual = (kind for code in hs_codes for kind in usual_handling(code))
    return tuple(dict.fromkeys(kind for kind in usual if kind not in said))
