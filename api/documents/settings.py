"""`docs/settings.md`: what an operator can set."""

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from api.documents.markdown import code, page, table
from border.settings import Settings

_INTRODUCTION = """\
Each is an environment variable or a line of a `.env` file in the folder the program is started in;
the environment comes first. Secrets that are not set here (the key of the slips, of the forms) are
made on first use below `BORDER_DATA_DIR`, readable by their owner only."""


def settings_page() -> str:
    """Return the page."""
    rows = (
        (code(name), code(_shown(field.default)), field.description or "")
        for name, field in variables(Settings, Settings.model_config["env_prefix"])
    )
    return page("Settings", _INTRODUCTION, table(("variable", "if unset", "what it is"), rows))


def variables(settings: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    """Yield every variable with its field; those of a row of settings by the row's name first."""
    for name, field in settings.model_fields.items():
        if isinstance(row := field.default, BaseModel):
            yield from variables(type(row), f"{prefix}{name}_")
        else:
            yield f"{prefix}{name}".upper(), field


def _shown(default: Any) -> str:
    """Return a default as one would type it; a secret's is never shown."""
    if default is None or isinstance(default, SecretStr):
        return ""
    return default.as_posix() if isinstance(default, PurePath) else str(default)
