"""A daily close as text of fixed width, for the command line and the printer. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from border.core.money import MINOR_UNITS
from border.payments.reconciliation.daily_close import PROOFS, figures_said

WIDTH = 78
_HOLDS = {True: "holds", False: "DOES NOT HOLD", None: "nothing to compare"}


def close_text(
    figures: Mapping[str, Any], proof: str = "", before: str = "", closed: str = ""
) -> str:
    """Return a close as lines of at most 78 characters; without `proof` the day is open."""
    return "\n".join([*_lines(figures, proof, before, closed), ""])


def _lines(figures: Mapping[str, Any], proof: str, before: str, closed: str) -> Iterator[str]:
    state = f"closed {closed}" if proof else "NOT CLOSED"
    yield "=" * WIDTH
    yield _spread(f"DAILY CLOSE  {figures['day']}  {figures['scope']}", state)
    yield "=" * WIDTH
    if again := figures.get("reopened"):
        yield f"Closed again after {again['reference']}: {again['reason']}"[:WIDTH]
    for currency, one in figures["currencies"].items():
        yield f"[{currency}]"
        for name, says in figures_said(figures["scope"]).items():
            yield _spread(says, amount(one[name], currency))
    yield from _statements(figures)
    for serial in figures["receipts"]:
        numbers = f"{serial['first']}..{serial['last']} ({serial['count']})"
        yield _spread(f"Receipts {serial['serial']}", numbers)
    yield from _list("Differences", figures["differences"], figures["difference_count"])
    yield from _list("Open exceptions", figures["exceptions"], figures["exception_count"])
    yield from _list(
        "Facts of days closed before", figures["after_close"], figures["after_close_count"]
    )
    yield "-" * WIDTH
    for name, says in PROOFS.items():
        yield _spread(says, _HOLDS[figures["proofs"][name]])
    if proof:
        yield f"before {before}"
        yield f"proof  {proof}"


def _statements(figures: Mapping[str, Any]) -> Iterator[str]:
    for one in figures["statements"]:
        money, name = one["currency"], one["gateway"]
        yield _spread(f"Statement of {name}", amount(one["statement"], money))
        yield _spread(f"  on charges in the books of {name}", amount(one["on_charges"], money))
        yield _spread("  in suspense", amount(one["in_suspense"], money))
        yield _spread(f"Ledger of {name} for the day", amount(one["ledger"], money))


def _list(title: str, rows: Sequence[Mapping[str, Any]], count: int) -> Iterator[str]:
    if not count:
        return
    yield f"{title}: {count}"
    for row in rows:
        yield ("  " + "  ".join(str(value) for value in row.values() if value not in ("", None)))[
            :WIDTH
        ]
    if count > len(rows):
        yield f"  … and {count - len(rows)} more"


def _spread(left: str, right: str) -> str:
    """Return two texts at the two ends of a line, with dots between."""
    gap = WIDTH - len(left) - len(right) - 2
    return f"{left} {'.' * gap} {right}" if gap > 0 else f"{left[: WIDTH - len(right) - 1]} {right}"


def amount(minor: int, currency: str) -> str:
    """Return an amount with groups of thousands and the currency's decimals: 1,234.50 CNY."""
    places = MINOR_UNITS[currency]
    whole, part = divmod(abs(minor), 10**places)
    decimals = f".{part:0{places}}" if places else ""
    return f"{'-' if minor < 0 else ''}{whole:,}{decimals} {currency}"
