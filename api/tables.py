"""Every table and every kind of record of the product, for whoever needs them all.

A table is found by standing in a module called `tables`; a kind of record is registered where its
class is defined, and listed nowhere else.
"""

import importlib
import pkgutil

import border
import customs
import logistics
from border.core.lifecycle import Lifecycle
from border.core.tables import Record, every_kind

for _floor in (border, customs, logistics):
    for _found in pkgutil.walk_packages(_floor.__path__, f"{_floor.__name__}."):
        if _found.name.endswith(".tables"):
            importlib.import_module(_found.name)

KINDS = every_kind()
"""Every kind of record, from the ground floor up."""
RECORDS: tuple[type[Record], ...] = tuple(kind for kind in KINDS if issubclass(kind, Record))
"""Those that have a reference of their own."""
LIVES: dict[str, Lifecycle] = {kind.lifecycle.name: kind.lifecycle for kind in KINDS}
"""The life of each kind by its name."""
if len(LIVES) != len(KINDS):
    raise ValueError("two kinds of record live one life")
