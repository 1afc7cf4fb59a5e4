"""What is counted of every request, for Prometheus: how many, how long, and how many just now.

Under the names that Litestar's plugin gives, which looks up every label anew for each request.
"""

import time
from functools import cache

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Gauge, Histogram

from border.core.refusal import Refusal

_LABELS = ("method", "path", "status_code", "app_name")
_ANSWERED = Counter("border_requests_total", "Total requests", _LABELS)
_FAILED = Counter("border_requests_error_total", "Total errors in requests", _LABELS)
_TAKEN = Histogram("border_request_duration_seconds", "Request duration, in seconds", _LABELS)
_NOW = Gauge(
    "border_requests_in_progress",
    "Total requests currently in progress",
    _LABELS,
    multiprocess_mode="livesum",
)


class Counted(ASGIMiddleware):
    """Counts a request under the template of its path, and takes its time."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Count one request; what is refused on its way in too."""
        asked = (scope["method"], scope["path_template"])  # type: ignore[typeddict-item]
        status, at, taken = 200, time.perf_counter(), 0.0

        async def sent(message: Message) -> None:
            nonlocal status, taken
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                taken = time.perf_counter() - at
            await send(message)

        begun(*asked)
        try:
            await next_app(scope, receive, sent)
        except Refusal as refusal:
            status, taken = refusal.kind.status, time.perf_counter() - at
            raise
        finally:
            ended(*asked, status, taken)


def begun(method: str, path: str) -> None:
    """Count a request that has come in."""
    _now(method, path).inc()


def ended(method: str, path: str, status: int, taken: float) -> None:
    """Count a request that was answered, after so many seconds."""
    _now(method, path).dec()
    answered, took = _counts(method, path, status)
    answered.inc()
    took.observe(taken)
    if status >= 500:
        _FAILED.labels(method, path, status, "border").inc()


@cache
def _now(method: str, path: str) -> Gauge:
    return _NOW.labels(method, path, 200, "border")


@cache
def _counts(method: str, path: str, status: int) -> tuple[Counter, Histogram]:
    labels = (method, path, status, "border")
    return _ANSWERED.labels(*labels), _TAKEN.labels(*labels)
