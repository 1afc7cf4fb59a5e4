"""The empty handler beside which the gate is measured: the same server with nothing to do."""

import sys

from litestar import HttpMethod, Litestar, route

from bench.serve import serve


@route(
    "/hello",
    http_method=[HttpMethod.GET, HttpMethod.POST],
    status_code=200,
    sync_to_thread=False,
)
def hello() -> dict[str, str]:
    """Answer without doing anything."""
    return {"says": "hello"}


if __name__ == "__main__":
    serve(Litestar([hello], openapi_config=None, logging_config=None), sys.stdin)
