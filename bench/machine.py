"""The facts of the machine and the servers, without which a figure means nothing."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import asyncpg
from redis.asyncio import Redis

_PACKAGES = ("litestar", "uvicorn", "uvloop", "sqlalchemy", "sqlmodel", "asyncpg", "redis")
_DATABASE = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "max_connections",
)


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def load_average() -> float:
    """Return the load of the last minute: above zero before a run, somebody else is at work."""
    return round(os.getloadavg()[0], 2)


async def facts(database_url: str, redis_url: str) -> dict[str, Any]:
    """Return what the figures depend on: processor, versions, and whether a commit is durable."""
    connection = await asyncpg.connect(database_url)
    redis = Redis.from_url(redis_url)
    try:
        database = {name: await connection.fetchval(f"SHOW {name}") for name in _DATABASE}
        server = await redis.info("server")
    finally:
        await connection.close()
        await redis.aclose()
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "postgresql": database,
        "redis": server.get("valkey_version") or server["redis_version"],
        "load_average": load_average(),
    }
