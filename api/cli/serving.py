"""Serving: one process by default, several on request, and the demonstration with its sandbox."""

import ctypes
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from typing import TYPE_CHECKING, cast

import uvicorn
from pydantic import SecretStr
from uvicorn.config import STARTUP_FAILURE

from border.core.kept_secret import kept_secret
from border.core.server import QuietServer, WholeAnswers, make_ready_to_serve
from border.messages.channels.kind import MadeSandbox
from border.messages.channels.registry import CHANNEL_KINDS
from border.payments.gateways.registry import GATEWAY_KINDS
from border.settings import Settings

if TYPE_CHECKING:
    from litestar import Litestar

_PR_SET_PDEATHSIG = 1


def _app(settings: Settings) -> "Litestar":
    """Return the application; reading it in takes longer than anything else of a start."""
    try:
        from api.app import create_app
        from api.zone import open_services

        return create_app(lambda: open_services(settings))
    finally:
        make_ready_to_serve()


def serve(settings: Settings, workers: int = 1) -> None:
    """Serve until stopped. One process is the rule; on a machine of its own, one per core."""
    config = uvicorn.Config(
        _app(settings),
        host=settings.host,
        port=settings.port,
        http=WholeAnswers,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=3,
    )
    # Once stopped, uvicorn raises the signal again: it must unwind us, not end us on the spot.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if workers == 1:
        with suppress(KeyboardInterrupt):
            QuietServer(config).run()
    else:
        _serve_by(workers, config)


def _serve_by(workers: int, config: uvicorn.Config) -> None:
    """Serve by so many forks of this process, which has no thread and no open connection.

    The program is read in and put together once, by this process, and shared by all: several
    workers start as fast as one, and each costs a part of its memory. One that ends is replaced.
    """
    listener, forks = config.bind_socket(), multiprocessing.get_context("fork")

    def work() -> None:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        with suppress(KeyboardInterrupt):
            QuietServer(config).run([listener])

    def begin(_: int = 0) -> ForkProcess:
        worker = forks.Process(target=work)
        worker.start()
        return worker

    running = {worker.sentinel: worker for worker in map(begin, range(workers))}
    try:
        while True:
            for sentinel in wait(list(running)):
                ended = running.pop(cast(int, sentinel))
                ended.join()
                if ended.exitcode == STARTUP_FAILURE:
                    sys.exit(STARTUP_FAILURE)  # The next one would not start either.
                next_one = begin()
                running[next_one.sentinel] = next_one
    except KeyboardInterrupt:
        pass
    finally:
        for worker in running.values():
            worker.terminate()
        for worker in running.values():
            worker.join()


def port_is_free(host: str, port: int) -> bool:
    """Say whether a port can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def any_port(host: str) -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def sandbox(settings: Settings) -> Iterator[Settings]:
    """Run the sandbox gateway beside the service; it ends with it, however that ends."""
    wanted = settings.port + 100
    port = wanted if port_is_free("127.0.0.1", wanted) else any_port("127.0.0.1")
    played = {code: kind.sandbox for code, kind in GATEWAY_KINDS.items() if kind.sandbox}
    secrets = {code: kept_secret(settings.data_dir, f"{code}_sandbox").hex() for code in played}
    posts = {code: kind.sandbox for code, kind in CHANNEL_KINDS.items() if kind.sandbox}
    secrets |= {code: kept_secret(settings.data_dir, f"{code}_sandbox").hex() for code in posts}
    mail_port = any_port("127.0.0.1")
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
            *(argument for part in posts.values() for argument in part.arguments(mail_port)),
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
                "neighbour_url": f"{url}/hekou/intake",
                **{
                    code: settings.gateways[code].model_copy(
                        update={**part.settings(url), "secret": SecretStr(secrets[code])}
                    )
                    for code, part in played.items()
                },
                **{
                    code: settings.channels[code].model_copy(
                        update={
                            **part.settings(MadeSandbox(url, mail_port, secrets[code])),
                            "secret": SecretStr(secrets[code]),
                        }
                    )
                    for code, part in posts.items()
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
