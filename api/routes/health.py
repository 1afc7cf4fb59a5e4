"""Whether the program lives, and whether it can serve."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Schema
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.http.media import ANSWERS
from api.zone import Services

_STATE = OpenAPIResponse(
    description="Which of the servers answer.",
    content={
        "application/json": OpenAPIMediaType(
            schema=Schema(
                type=OpenAPIType.OBJECT,
                additional_properties=Schema(type=OpenAPIType.STRING),
                required=["status", "database", "redis"],
            )
        )
    },
)


@get("/health/live", operation_id="live", tags=["health"], verb="health.read")
async def live() -> dict[str, str]:
    """Answer as long as the program runs."""
    return {"status": "ok"}


@get(
    "/health/ready",
    operation_id="ready",
    tags=["health"],
    verb="health.read",
    opt={ANSWERS: {"200": _STATE, "503": _STATE}},
)
async def ready(services: NamedDependency[Services]) -> Response[dict[str, str]]:
    """Say whether the servers answer; without Redis the gate goes on, so that is not a failure."""
    parts = {"database": "ok", "redis": "ok"}
    try:
        async with services.store.reading() as connection:
            await connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError):
        parts["database"] = "away"
    try:
        await services.redis.ping()
    except RedisError:
        parts["redis"] = "away; live pages and rate limits wait, nothing is lost"
    ok = parts["database"] == "ok"
    return Response({"status": "ok" if ok else "down", **parts}, status_code=200 if ok else 503)


ROUTES = (live, ready)
