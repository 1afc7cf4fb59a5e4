"""What is well and what is not: said to an operator, and asked before serving."""

import asyncio
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api import demo_accounts
from border.migrations.run import at_head
from border.settings import GATEWAY_SECRETS, Settings
from border.store import open_engine


async def examine(settings: Settings) -> dict[str, Any]:
    """Return how each part is; `ok` is false where the service could not serve."""
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
            "vnpay_terminal": settings.vnpay_terminal,
            "vietqr_account": settings.vietqr_account,
            "portal_partner": settings.portal_partner,
            **{name: getattr(settings, name).get_secret_value() for name in GATEWAY_SECRETS},
        }
    return report


def refusals(settings: Settings) -> list[str]:
    """Return why the service must not serve with these settings; nothing when it may.

    Production is refused with a demo account, a sandbox gateway, a missing secret, or a
    database that is away or behind.
    """
    return asyncio.run(_refusals(settings))


async def _refusals(settings: Settings) -> list[str]:
    said: list[str] = []
    assert settings.database_url
    if not settings.vnpay_secret.get_secret_value():
        said.append("VNPAY's secret is not set: put it in BORDER_VNPAY_SECRET, or run border demo.")
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
    if settings.sandbox_url or "127.0.0.1" in settings.vnpay_url or not settings.vnpay_url:
        said.append(
            "VNPAY's address is a sandbox or missing: set BORDER_VNPAY_URL to the real one."
        )
    if "127.0.0.1" in settings.portal_url:
        said.append("The portal's address is a sandbox: set BORDER_PORTAL_URL to the real one.")
    if not settings.public_url.startswith("https://"):
        said.append("Set BORDER_PUBLIC_URL to the https address people and gateways use.")
    return said
