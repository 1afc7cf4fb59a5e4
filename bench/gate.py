"""The gate itself, put together on the ground of a run: as a process that serves, or in ours."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from api.app import create_app
from api.zone import Services, open_services
from bench.ground import Ground, settings_of
from bench.load import Server
from bench.serve import serve, served
from border.paper.fonts import FontSet


def gate_zone(ground: Ground) -> Services:
    """Return a zone on the ground. Its typefaces are an empty folder: no slip is drawn here."""
    return open_services(settings_of(ground), fonts=FontSet(ground.data_dir, "none"))


def inside(services: Services) -> httpx.AsyncClient:
    """Return a client of the program in this very process, its background jobs left out."""
    app: Any = create_app(lambda: services, background=False)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gate")


@asynccontextmanager
async def served_gate(
    ground: Ground, *, background: bool = True, folder: Path | None = None
) -> AsyncIterator[Server]:
    """Start the gate, with its background jobs as when it serves, and yield it once it answers.

    With `folder` it is the gate of another work tree.
    """
    where = (
        ground.database_url,
        ground.redis_url,
        str(ground.data_dir),
        ground.stream,
        ground.portal_url,
    )
    jobs = "on" if background else "off"
    async with served("bench.gate", jobs, *where, folder=folder) as server:
        yield server


def main(background: str, *where: str) -> None:
    """Serve the gate on the ground `where`, with its background jobs (`on`) or without (`off`)."""
    ground = Ground.at(*where)
    serve(create_app(lambda: gate_zone(ground), background=background == "on"), sys.stdin)


if __name__ == "__main__":
    main(*sys.argv[1:])
