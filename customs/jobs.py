"""What customs does by itself: ranks what was lodged, ends what is over, forgets old previews."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from border.core.forgetting import forget
from border.core.jobs import Job
from border.core.store import Store
from border.core.tables import Record
from border.paper.press import Press
from border.timeouts import OnTimeout
from customs import expiry_service
from customs.intake.tables import FiledDeclarationRow
from customs.risk import risk_service
from customs.tables import DeclarationRow

ON_TIMEOUT: Mapping[type[Record], OnTimeout] = {DeclarationRow: expiry_service.on_timeout}
"""What happens when a declaration's time is over: it expires, or the program makes up for itself.

When that is, and which move it is, `customs.declaration` says; `border.timeouts` makes it.
"""
LINES_KEPT = timedelta(days=30)
"""How long what stood in a file can be looked at."""


def jobs(store: Store, press: Press) -> tuple[Job, ...]:
    """Return the jobs: what was lodged is ranked, what stood in files is forgotten by its age."""
    ranking = partial(risk_service.run, store, press)
    kept = partial(forget, store, FiledDeclarationRow, "taken_at", LINES_KEPT)
    return (
        Job("ranking", 60, ranking, woken_by=("declaration.lodge",)),
        Job("old file lines", 3600, kept),
    )
