"""The servers a command works on: those that are set, those already running, or its own.

A program that serves leaves a note in its data folder (`running.json`, readable by its owner
alone) so that `border import` or `border doctor`, typed beside it, use the same servers instead
of being refused the folder.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

from pydantic import SecretStr

from border.embedded import embedded_servers
from border.settings import Settings


def note_of(settings: Settings) -> dict[str, Any] | None:
    """Return what the program running on this data folder noted, or None where none runs."""
    path = settings.data_dir / "running.json"
    try:
        note: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return note if note.get("began") == _began(note.get("pid", 0)) else None


def _began(pid: int) -> str | None:
    """Return when a living process began, in the kernel's ticks: numbers are given out again."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return None


@contextmanager
def servers(
    settings: Settings, *, beside: bool = True, meanwhile: str = __name__
) -> Iterator[Settings]:
    """Give the settings with both servers answering; stop those started here on leaving.

    With `beside` those of a program already running on this data folder are used; a program that
    serves wants the folder for itself. While servers start, the module `meanwhile` is read in.
    refuses: EmbeddedRefusal, where the embedded servers cannot start.
    """
    if settings.database_url and settings.redis_url:
        yield settings
    elif beside and (note := note_of(settings)):
        yield settings.model_copy(
            update={
                "database_url": note["database_url"],
                "redis_url": note["redis_url"],
                "sandbox_url": note["sandbox_url"],
                **{
                    code: row.model_copy(
                        update={"secret": SecretStr(note["secrets"].get(code, ""))}
                    )
                    for code, row in settings.gateways.items()
                },
            }
        )
    else:
        reading = Thread(target=import_module, args=(meanwhile,))
        reading.start()
        with embedded_servers(
            settings.data_dir,
            database=not settings.database_url,
            redis=not settings.redis_url,
            state_dir=settings.state_dir,
        ) as own:
            reading.join()
            yield settings.model_copy(
                update={
                    "database_url": settings.database_url or own.database_url,
                    "redis_url": settings.redis_url or own.redis_url,
                }
            )


@contextmanager
def noted(settings: Settings) -> Iterator[None]:
    """Leave a note of the running program in its data folder, and take it away on leaving."""
    path: Path = settings.data_dir / "running.json"
    note = {
        "pid": os.getpid(),
        "began": _began(os.getpid()),
        "url": settings.base_url,
        "database_url": settings.database_url,
        "redis_url": settings.redis_url,
        "sandbox_url": settings.sandbox_url,
        "secrets": {
            code: row.secret.get_secret_value() if settings.demo else ""
            for code, row in settings.gateways.items()
        },
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(note, file)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
