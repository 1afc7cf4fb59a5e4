"""What is well and what is not: said to an operator, and asked before serving."""

import asyncio
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.demo import accounts as demo_accounts
from border.core.store import open_engine
from border.migrations.run import at_head
from border.paper.fonts import FontSet
from border.payments.gateways.registry import GATEWAY_KINDS
from border.payments.reconciliation.close_service import broken_closes
from border.platform.holding_back import held_back
from border.platform.peers import leaders
from border.settings import Settings


async def examine(settings: Settings) -> dict[str, Any]:
    """Return how each part is.

    `ok` is false where the service could not serve, or a daily close was changed afterwards.
    """
    report: dict[str, Any] = {"ok": True, "mode": settings.mode}
    assert settings.database_url
    assert settings.redis_url
    engine = open_engine(settings.database_url, 1)
    try:
        async with engine.connect() as connection:
            version = await connection.scalar(text("SHOW server_version"))
            migrated = await connection.run_sync(at_head)
            report["database"] = {"version": version, "migrated": migrated}
            report["ok"] = migrated
            if migrated:
                held = await held_back(connection)
                report["feed"] = {
                    "waiting_events": held.waiting,
                    "held_back_by": [holder.told() for holder in held.by],
                    "long_reading": [holder.told() for holder in held.reading],
                }
                broken = await broken_closes(connection)
                report["closes"] = {"changed": [f"{scope} {day}" for scope, day in broken]}
                report["ok"] = not broken
                report["jobs"] = await _leaders(connection, settings)
    except (SQLAlchemyError, OSError) as fault:
        report["database"] = f"away: {type(fault).__name__}"
        report["ok"] = False
    finally:
        await engine.dispose()
    redis = Redis.from_url(settings.redis_url, socket_timeout=2)
    try:
        found: Any = await redis.info("server")
        report["redis"] = {"version": found.get("valkey_version") or found["redis_version"]}
    except RedisError as fault:
        report["redis"] = f"away: {type(fault).__name__}; the gate goes on without it"
    finally:
        await redis.aclose()
    if settings.demo:
        report["sandbox"] = {
            "url": settings.sandbox_url,
            **{
                f"{code}_{name}": value.get_secret_value() if name.endswith("secret") else value
                for code, row in settings.gateways.items()
                for name, value in row
            },
        }
    return report


async def _leaders(connection: AsyncConnection, settings: Settings) -> dict[str, Any]:
    """Return who leads each job; None where nobody does, as while no program serves."""
    # The whole program is read in for the names of its jobs, and by nothing else here.
    from api.zone import jobs_of, open_services

    services = open_services(settings, fonts=FontSet(settings.data_dir, ""))
    try:
        jobs = [job.name for job in jobs_of(services, lambda: None) if not job.in_each_process]
    finally:
        await services.close()
    found = await leaders(connection, jobs)
    return {job: leader and leader.told() for job, leader in found.items()}


def refusals(settings: Settings) -> list[str]:
    """Return why the service must not serve with these settings; nothing when it may.

    Production is refused with a demo account, a sandbox gateway, a missing secret, or a
    database that is away or behind.
    """
    return asyncio.run(_refusals(settings))


async def _refusals(settings: Settings) -> list[str]:
    said: list[str] = []
    assert settings.database_url
    said += [
        f"{kind.name}'s secret is not set: put it in BORDER_{code.upper()}_SECRET, "
        "or run border demo."
        for code, kind in GATEWAY_KINDS.items()
        if kind.required and not settings.gateways[code].secret.get_secret_value()
    ]
    engine = open_engine(settings.database_url, 1)
    try:
        async with engine.connect() as connection:
            if not await connection.run_sync(at_head):
                said.append("The database is not migrated: run border migrate first.")
            elif not settings.demo and await demo_accounts.any_left(connection):
                said.append(
                    "Demo accounts are in this database: production needs a database of its own."
                )
    except (SQLAlchemyError, OSError) as fault:
        said.append(
            f"The database cannot be reached ({type(fault).__name__}): check BORDER_DATABASE_URL."
        )
    finally:
        await engine.dispose()
    if settings.demo:
        return said
    for code, kind in GATEWAY_KINDS.items():
        page = settings.gateways[code].pay_page
        if "127.0.0.1" in page or (kind.required and (settings.sandbox_url or not page)):
            said.append(
                f"{kind.name}'s address is a sandbox or missing: "
                f"set BORDER_{code.upper()}_URL to the real one."
            )
    if not settings.public_url.startswith("https://"):
        said.append("Set BORDER_PUBLIC_URL to the https address people and gateways use.")
    return said
