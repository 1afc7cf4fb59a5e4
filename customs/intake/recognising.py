"""How a declaration of a file is recognised when the file, or one like it, comes again. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from uuid import UUID

from customs.intake.row import SourceRow

Recognised = tuple[SourceRow, str]
"""A declaration of a file, and the key that it is known by in a second run."""


def recognised(rows: Iterable[SourceRow], owner: UUID) -> Iterator[Recognised]:
    """Yield the declarations of a file with their keys.

    A key of the file's own, else the customs number of the firm, else what the declaration says,
    and which of those that say the same it is.
    """
    alike: Counter[bytes] = Counter()
    for row in rows:
        if row.import_key or row.draft is None:
            yield row, row.import_key
        elif row.draft.customs_number:
            yield row, f"{owner.hex}:{row.draft.customs_number}"
        else:
            digest = sha256(row.draft.model_dump_json().encode()).digest()[:20]
            alike[digest] += 1
            yield row, f"{owner.hex}:{digest.hex()}:{alike[digest]}"
