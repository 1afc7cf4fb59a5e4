"""The sandbox as a program of its own: where it refuses to run, its secret, and its end."""

import asyncio
import os
import re
import signal
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE, Popen

import httpx
import pytest

from border.sandbox.app import create_sandbox
from border.sandbox.config import GATEWAYS, SandboxConfig, SandboxRefused, read_or_make_secret
from border.sandbox.stamps import stamp
from border.sandbox.wire.vnpay import sign_query

PROJECT = Path(__file__).parents[3]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def start(folder: Path, port: int, *more: str, **environment: str) -> Iterator[Popen[str]]:
    """Run the program, and leave none behind whatever the test finds."""
    command = [sys.executable, "-m", "border.sandbox", "--data", str(folder), "--port", str(port)]
    with Popen(
        [*command, *more],
        cwd=PROJECT,
        env={**os.environ, **environment},
        stdout=PIPE,
        stderr=PIPE,
        text=True,
    ) as program:
        try:
            yield program
        finally:
            program.kill()


def wait_for_health(port: int, wanted: bool = True) -> None:
    until = time.monotonic() + 60  # a busy machine starts it late
    while time.monotonic() < until:
        try:
            answers = httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
        except httpx.TransportError:
            answers = False
        if answers == wanted:
            return
        time.sleep(0.05)
    raise AssertionError(f"health was not {wanted} in time")


def test_it_serves_makes_its_secrets_and_stops_when_told(tmp_path: Path) -> None:
    folder, port = tmp_path / "sandbox", free_port()
    with start(folder, port, BORDER_MODE="demo") as program:
        wait_for_health(port)
        secrets = set()
        for gateway in GATEWAYS:
            secret_file = folder / f"{gateway}_secret"
            assert stat.S_IMODE(secret_file.stat().st_mode) == 0o600
            secrets.add(secret_file.read_text().strip())
        assert {len(secret) for secret in secrets} == {48}
        assert len(secrets) == 3
        program.send_signal(signal.SIGTERM)
        out, err = program.communicate(timeout=15)
    assert not any(secret in out + err for secret in secrets)


async def test_killed_between_two_calls_it_goes_on_after_a_new_start_and_logs_no_signature(
    tmp_path: Path, merchant
) -> None:
    def begin(port: int) -> AbstractContextManager[Popen[str]]:
        told = ("--ipn-url", merchant.ipn_url, "--retry-seconds", "2")
        return start(tmp_path, port, *told, BORDER_SANDBOX_VNPAY_SECRET="told-by-environment")

    async def first_call_noted(payer: httpx.AsyncClient) -> None:
        """Wait until the merchant's answer stands in the books: between two calls."""
        async with asyncio.timeout(60):
            while True:
                answer = await payer.get(f"{address}/sandbox/transactions/LC1")
                if answer.json()["callbacks"][0]["calls"]:
                    return
                await asyncio.sleep(0.02)

    merchant.answers = ["99"]
    now = datetime.now(UTC)
    order = {
        "vnp_Version": "2.1.0",
        "vnp_Command": "pay",
        "vnp_TmnCode": "GATE0001",
        "vnp_Amount": "12000000",
        "vnp_CreateDate": stamp(now),
        "vnp_ExpireDate": stamp(now + timedelta(minutes=15)),
        "vnp_CurrCode": "VND",
        "vnp_IpAddr": "127.0.0.1",
        "vnp_Locale": "en",
        "vnp_OrderInfo": "Phi",
        "vnp_OrderType": "other",
        "vnp_ReturnUrl": "http://127.0.0.1:8000/back",
        "vnp_TxnRef": "LC1",
    }
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    query = sign_query(order, "told-by-environment")
    with begin(port) as first:
        wait_for_health(port)
        async with httpx.AsyncClient(trust_env=False) as payer:
            page = await payer.get(f"{address}/paymentv2/vpcpay.html?{query}")
            token = re.findall(r'name="token" value="([^"]+)"', page.text)[0]
            await payer.post(f"{address}/paymentv2/choice", data={"token": token, "choice": "pay"})
            await merchant.called(1)
            await first_call_noted(payer)
        first.kill()
        first_words = first.communicate()
    with begin(port) as second:
        calls = await merchant.called(2)
        second.terminate()
        second_words = await asyncio.to_thread(second.communicate)
    assert {call["vnp_TxnRef"] for call in calls} == {"LC1"}
    assert not (tmp_path / "vnpay_secret").exists()
    for said in (*first_words, *second_words):
        assert "vnp_SecureHash" not in said
        assert "told-by-environment" not in said


def test_it_refuses_production_with_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "sandbox"
    with start(folder, free_port(), BORDER_MODE="production") as program:
        out, err = program.communicate(timeout=15)
    assert program.returncode == 1
    assert "must not run with BORDER_MODE=production" in err
    assert out == ""
    assert not folder.exists()


def test_the_application_itself_refuses_production(tmp_path: Path) -> None:
    config = SandboxConfig(
        state_file=tmp_path / "sandbox.sqlite3",
        vnpay_secret="s",
        vietqr_secret="s",
        portal_secret="s",
        ipn_url="http://127.0.0.1:1/ipn",
        vietqr_webhook_url="http://127.0.0.1:1/webhook",
        portal_confirm_url="http://127.0.0.1:1/confirm",
        mode="production",
    )
    with pytest.raises(SandboxRefused):
        create_sandbox(config)
    assert not config.state_file.exists()


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    port = free_port()
    parent = Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            "subprocess.Popen([sys.executable, *sys.argv[1:]])\n"
            "time.sleep(600)",
            *("-m", "border.sandbox", "--data", str(tmp_path), "--port", str(port)),
            "--die-with-parent",
        ],
        cwd=PROJECT,
    )
    with parent:
        try:
            wait_for_health(port)
        finally:
            parent.kill()
    wait_for_health(port, wanted=False)


def test_the_secret_is_made_once(tmp_path: Path) -> None:
    for gateway in GATEWAYS:
        assert read_or_make_secret(tmp_path, gateway) == read_or_make_secret(tmp_path, gateway)
    assert len({read_or_make_secret(tmp_path, gateway) for gateway in GATEWAYS}) == 3


def test_the_secret_does_not_show_in_the_configurations_text(tmp_path: Path) -> None:
    config = SandboxConfig(
        state_file=tmp_path / "s",
        vnpay_secret="do-not-show",
        vietqr_secret="do-not-show",
        portal_secret="do-not-show",
        ipn_url="http://x/",
        vietqr_webhook_url="http://x/",
        portal_confirm_url="http://x/",
    )
    assert "do-not-show" not in repr(config)
