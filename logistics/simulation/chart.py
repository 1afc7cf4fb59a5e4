"""InLine under several rules as a picture (SVG): a bar for each class, half and nine of ten."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from logistics.simulation.measures import ClassWait

_WIDTH, _LEFT, _RIGHT, _ROW, _HEAD = 720, 170, 90, 22, 56
_DARK, _LIGHT, _INK = "#1f5c8b", "#a9c9e2", "#1b1b1b"


def chart(title: str, told: Mapping[str, Sequence[ClassWait]]) -> str:
    """Return the picture: dark until half were let in, pale until nine of ten, a mark at the last.

    The same scale for all, from nothing, in hours.
    """
    longest = max((one.max or 0 for waits in told.values() for one in waits), default=0) or 1
    rows = list(_rows(told, (_WIDTH - _LEFT - _RIGHT) / longest))
    height = _HEAD + len(rows) * _ROW + 12
    lines = "\n".join(part.format(y=_HEAD + place * _ROW) for place, part in enumerate(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'font-family="sans-serif" font-size="13" fill="{_INK}">\n'
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>\n'
        f'<text x="12" y="22" font-size="16" font-weight="bold">{escape(title)}</text>\n'
        f'<text x="12" y="42">dark: half were let in · pale: nine of ten · line: the last</text>\n'
        f"{lines}\n</svg>\n"
    )


def _rows(told: Mapping[str, Sequence[ClassWait]], scale: float) -> Iterator[str]:
    """Yield the rows, each with `{y}` where it stands."""
    for rule, waits in told.items():
        yield f'<text x="12" y="{{y}}" dy="15" font-weight="bold">{escape(rule)}</text>'
        for one in waits:
            yield _bar(one, scale)


def _bar(one: ClassWait, scale: float) -> str:
    half, most, last = ((value or 0) * scale for value in (one.p50, one.p90, one.max))
    figures = f"{_hours(one.p50)} / {_hours(one.p90)} / {_hours(one.max)} h"
    return (
        f'<g transform="translate(0 {{y}})"><text x="24" y="15">{escape(one.name)}</text>'
        f'<rect x="{_LEFT}" y="4" width="{most:.1f}" height="13" fill="{_LIGHT}"/>'
        f'<rect x="{_LEFT}" y="4" width="{half:.1f}" height="13" fill="{_DARK}"/>'
        f'<rect x="{_LEFT + last:.1f}" y="2" width="2" height="17" fill="{_INK}"/>'
        f'<text x="{_LEFT + last + 8:.1f}" y="15" font-size="11">{figures}</text></g>'
    )


def _hours(minutes: float | None) -> str:
    return "–" if minutes is None else f"{minutes / 60:.1f}"
