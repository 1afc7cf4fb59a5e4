"""`docs/lifecycles.md`: the states of every record, whose turn each is, and the moves."""

from api.documents.markdown import code, codes, length, page, table
from api.documents.sources import every_lifecycle
from border.lifecycle import Lifecycle

_INTRODUCTION = """\
A record moves only as these tables allow; nothing else writes its state. Every state that can be
left has an owner, whose turn it is, and a time-out. Where a verb stands under *then*, the program
makes that move when the time is over; elsewhere the record is shown as overdue. `system` is the
program itself. A move that is not *offered* has no button: another route, or the program, makes it.
Each move records the event `<lifecycle>.<verb>` ([events.md](events.md))."""


def lifecycles_page() -> str:
    """Return the page."""
    return page("Lifecycles", _INTRODUCTION, *map(_section, every_lifecycle().values()))


def _section(life: Lifecycle) -> str:
    states = table(
        ("state", "says", "owner", "time-out", "then"),
        (
            (code(s.name), s.says, s.owner or "final", length(s.after), code(s.then))
            for s in life.states
        ),
    )
    moves = table(
        ("verb", "from", "to", "by", "needs", "offered", "says"),
        (
            (
                code(move.verb),
                codes(move.sources),
                code(move.target),
                ", ".join(move.by),
                codes(move.needs),
                "yes" if move.offered else "",
                move.says,
            )
            for move in life.moves
        ),
    )
    picture = f"```mermaid\n{life.mermaid()}\n```"
    begins = f"Begins as {codes(life.initial)}."
    return "\n\n".join([f"## {life.name}", life.says, begins, states, moves, picture])
