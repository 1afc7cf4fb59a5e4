"""Secrets that are made on first use, below the data folder."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile


def kept_secret(folder: Path, name: str, size: int = 32) -> bytes:
    """Return the secret `name` kept below `folder`, made on first use, readable by its owner only.

    writes: `<folder>/secrets/<name>`, once; two programs that start together agree on one.
    """
    place = folder / "secrets"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = place / name
    if not path.exists():
        # A file of its own for each who makes one: process numbers repeat across containers.
        with NamedTemporaryFile(dir=place, prefix=f".{name}.") as fresh:
            fresh.write(secrets.token_bytes(size))
            fresh.flush()
            with suppress(FileExistsError):
                os.link(fresh.name, path)
    return path.read_bytes()
