"""Serving: one process by default, several on request, and the demonstration with its sandbox."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from litestar import Litestar
from pydantic import SecretStr

from api.app import create_app
from api.zone import open_services
from border.payments.gateways.registry import GATEWAY_KINDS
from border.settings import Settings, kept_secret

_PR_SET_PDEATHSIG = 1
_WORKER = "BORDER_WORKER"


def application() -> Litestar:
    """Return the application from the environment: what each of several workers calls."""
    if os.environ.get(_WORKER):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    settings = Settings()
    return create_app(lambda: open_services(settings))


def serve(settings: Settings, workers: int = 1) -> None:
    """Serve until stopped. One process is the rule; on a machine of its own, one per core."""
    options: dict[str, object] = {
        "host": settings.host,
        "port": settings.port,
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "proxy_headers": True,
        "forwarded_allow_ips": settings.trusted_proxies,
        "timeout_graceful_shutdown": 3,
    }
    # Once stopped, uvicorn raises the signal again: it must unwind us, not end us on the spot.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if workers == 1:
        app = create_app(lambda: open_services(settings))
        uvicorn.run(app, **options)  # type: ignore[arg-type]
        return
    os.environ.update(_environment(settings), **{_WORKER: "1"})
    uvicorn.run(
        "api.cli.serving:application",
        factory=True,
        workers=workers,
        **options,  # type: ignore[arg-type]
    )


def _environment(settings: Settings) -> dict[str, str]:
    """Return the settings as the environment of a worker."""
    told = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in settings
    }
    return {
        f"BORDER_{name.upper()}": str(value)
        for name, value in told.items()
        if value not in (None, "")
    }


def port_is_free(host: str, port: int) -> bool:
    """Say whether a port can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _any_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def sandbox(settings: Settings) -> Iterator[Settings]:
    """Run the sandbox gateway beside the service; it ends with it, however that ends."""
    wanted = settings.port + 100
    port = wanted if port_is_free("127.0.0.1", wanted) else _any_port("127.0.0.1")
    played = {code: kind.sandbox for code, kind in GATEWAY_KINDS.items() if kind.sandbox}
    secrets = {code: kept_secret(settings.data_dir, f"{code}_sandbox").hex() for code in played}
    ours = f"http://127.0.0.1:{settings.port}/api/v1/payments"
    url = f"http://127.0.0.1:{port}"
    program = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "border.sandbox",
            "--port",
            str(port),
            "--data",
            str(settings.data_dir / "sandbox"),
            *(
                argument
                for code, part in played.items()
                for argument in part.arguments(settings.gateways[code], f"{ours}/{code}")
            ),
            "--retry-seconds",
            "20",
            "--die-with-parent",
        ],
        env={
            **os.environ,
            **{f"BORDER_SANDBOX_{code.upper()}_SECRET": secret for code, secret in secrets.items()},
            "BORDER_MODE": settings.mode,
        },
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield settings.model_copy(
            update={
                "sandbox_url": url,
                **{
                    code: settings.gateways[code].model_copy(
                        update={**part.settings(url), "secret": SecretStr(secrets[code])}
                    )
                    for code, part in played.items()
                },
            }
        )
    finally:
        program.terminate()
        try:
            program.wait(5)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
