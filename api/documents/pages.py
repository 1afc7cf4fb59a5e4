"""The generated pages of `docs/`, each with what draws it."""

from collections.abc import Callable
from pathlib import Path

from api.documents.commands import commands_page
from api.documents.events import events_page
from api.documents.lifecycles import lifecycles_page
from api.documents.permissions import permissions_page
from api.documents.refusals import errors_page
from api.documents.routes import routes_page
from api.documents.settings import settings_page

DOCS = Path(__file__).parents[2] / "docs"
PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "errors.md": errors_page,
    "events.md": events_page,
    "lifecycles.md": lifecycles_page,
    "permissions.md": permissions_page,
    "routes.md": routes_page,
    "settings.md": settings_page,
}


def written_anew() -> list[str]:
    """Write every page whose content has changed and return their names."""
    changed = []
    for name, draw in PAGES.items():
        path, page = DOCS / name, draw()
        if not path.exists() or path.read_text(encoding="utf-8") != page:
            path.write_text(page, encoding="utf-8")
            changed.append(name)
    return changed
