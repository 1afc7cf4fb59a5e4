"""Finding what the product declares: every module is imported, then asked."""

import importlib
import pkgutil
from functools import cache
from types import ModuleType

import api
import border
import customs
import logistics
from border.core.event_type import EventType

_BELOW = (border, customs, logistics)
_PROGRAMS = ("border.migrations.", "border.sandbox.", "api.documents.")
"""What declares nothing of the product: run by Alembic, another firm's system, these pages."""


def every_module(*floors: ModuleType) -> list[ModuleType]:
    """Import every module of these floors, or of all, and return them from the ground up."""
    return [
        importlib.import_module(found.name)
        for floor in floors or (*_BELOW, api)
        for found in pkgutil.walk_packages(floor.__path__, f"{floor.__name__}.")
        if not found.name.startswith(_PROGRAMS) and not found.name.endswith("__main__")
    ]


@cache
def every_event() -> dict[str, EventType]:
    """Return every type of event that the product declares, from the ground floor up."""
    found: dict[str, EventType] = {}
    for module in every_module(*_BELOW):
        for value in vars(module).values():
            types = value if isinstance(value, tuple) else (value,)
            found |= {one.name: one for one in types if isinstance(one, EventType)}
    return found
