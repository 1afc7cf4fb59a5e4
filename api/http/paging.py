"""Keyset pages: a cursor is the place of the last record shown, and nothing else."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from uuid import UUID

from api.http.times import kept_instant
from border.core.refusal import INVALID, FieldError
from border.core.words import N_

MOST = 200


def cursor_of(at: datetime, id: UUID) -> str:
    """Return the cursor that continues after a record."""
    return urlsafe_b64encode(f"{at.isoformat()} {id}".encode()).decode().rstrip("=")


def parse_cursor(text: str | None) -> tuple[datetime, UUID] | None:
    """Return the place a cursor names, or None at the beginning. refuses: invalid_fields."""
    if not text:
        return None
    try:
        at, id = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split(" ")
        return kept_instant(at), UUID(id)
    except ValueError:
        says = N_("This is not a cursor of this list. Leave it out to begin at the start.")
        raise INVALID(errors=[FieldError("cursor", "not_a_cursor", says)]) from None


def checked_limit(limit: int) -> int:
    """Return how many records a page may hold. refuses: invalid_fields."""
    if not 1 <= limit <= MOST:
        says = N_("Ask for 1 to {most} at a time.")
        raise INVALID(errors=[FieldError("limit", "limit", says, (("most", str(MOST)),))])
    return limit
