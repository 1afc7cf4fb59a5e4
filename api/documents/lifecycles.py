"""`docs/lifecycles.md`: the states of every record, whose turn each is, and the moves."""

from api.documents.markdown import code, codes, length, page, table
from api.tables import LIVES
from border.core.lifecycle import Lifecycle

_INTRODUCTION = """\
A record moves only as these tables allow; nothing else writes its state. Every state that can be
left has an owner, whose turn it is, and a time-out. Where a verb stands under *on time-out*, the
program makes that move when the time is over; elsewhere the record is shown as overdue. `system`
is the program itself. A move that is not *offered* has no button: another route, or the program,
makes it.
Each move records the event `<lifecycle>.<verb>` ([events.md](events.md))."""


def lifecycles_page() -> str:
    """Return the page."""
    return page("Lifecycles", _INTRODUCTION, *map(_section, LIVES.values()))


def _section(life: Lifecycle) -> str:
    states = table(
        ("state", "label", "owner", "time-out", "on time-out"),
        (
            (code(s.name), s.label, s.owner or "final", length(s.timeout), code(s.on_timeout))
            for s in life.states
        ),
    )
    moves = table(
        ("verb", "from", "to", "by", "needs", "offered", "label"),
        (
            (
                code(move.verb),
                codes(move.sources),
                code(move.target),
                ", ".join(move.by),
                codes(move.needs),
                "yes" if move.offered else "",
                move.label,
            )
            for move in life.moves
        ),
    )
    picture = f"```mermaid\n{life.mermaid()}\n```"
    begins = f"Begins as {codes(life.initial)}."
    return "\n\n".join([f"## {life.name}", life.label, begins, states, moves, picture])
