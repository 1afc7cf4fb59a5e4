"""What every reader gives: one declaration of a file, where it stands, and what is wrong. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from border.core.refusal import FieldError
from customs.draft import DraftDeclaration


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where a field stands in its file (a cell such as D7, a path of elements), and what stood
    there."""

    cell: str
    text: str


@dataclass(frozen=True, slots=True)
class Restored:
    """A value that stands in the file otherwise than it is taken; `why` is a msgid."""

    field: str
    cell: str
    was: str
    now: str
    why: str


@dataclass(frozen=True)
class KeptOfFile:
    """What of a file no field of ours holds, given back when the declaration is written again.

    Of a WCO file `document` is the whole `Declaration` as it was sent; of ECUS5 `fields` are those
    that are not read, `lines` the same for each line of goods.
    """

    format: str
    document: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[Mapping[str, str], ...] = ()

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> "KeptOfFile | None":
        """Return it as it was stored as JSON."""
        if stored is None:
            return None
        return cls(**{**stored, "lines": tuple(stored["lines"])})


@dataclass(frozen=True)
class SourceRow:
    """A declaration of a file: its line, its own key, and the draft in it or what is wrong.

    `key` is what people know it by; `import_key` what the file's maker knows it by, if anything.
    `places` are by the field's path in the draft. `unread` is what stands in the file and is not
    taken.
    """

    line: int
    key: str
    draft: DraftDeclaration | None
    errors: tuple[FieldError, ...] = ()
    places: Mapping[str, FilePlace] = field(default_factory=dict)
    restored: tuple[Restored, ...] = ()
    unread: tuple[Restored, ...] = ()
    kept: KeptOfFile | None = None
    import_key: str = ""

    def place(self, path: str) -> FilePlace | None:
        """Return where a field stands, or the nearest field around it that is in the file."""
        while path:
            if path in self.places:
                return self.places[path]
            path = path.rpartition(".")[0]
        return None
