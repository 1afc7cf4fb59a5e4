"""A token of a channel's that changes with use, kept where all processes find the newest one."""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile


@dataclass(frozen=True)
class ChannelToken:
    """A token, until when it holds, and the one it is renewed with, which holds for one time."""

    access: str
    expires_at: datetime
    refresh: str = ""


class TokenFile:
    """The file of one channel's token, readable by its owner only."""

    def __init__(self, folder: Path, channel: str) -> None:
        self._path = folder / "secrets" / f"{channel}_token"

    def read(self) -> ChannelToken | None:
        """Return the newest token; None before there was any."""
        with suppress(FileNotFoundError, ValueError, KeyError):
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            at = datetime.fromisoformat(kept["expires_at"])
            return ChannelToken(kept["access"], at, kept["refresh"])
        return None

    def write(self, token: ChannelToken) -> None:
        """Keep a token in place of the one before: whole, or not at all."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        said = {
            "access": token.access,
            "expires_at": token.expires_at.isoformat(),
            "refresh": token.refresh,
        }
        with NamedTemporaryFile(
            "w", dir=self._path.parent, prefix=".token.", delete=False, encoding="utf-8"
        ) as fresh:
            json.dump(said, fresh)
            fresh.flush()
            os.fsync(fresh.fileno())
        os.replace(fresh.name, self._path)
