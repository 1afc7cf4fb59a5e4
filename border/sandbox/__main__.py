"""`python -m border.sandbox`: starts the sandbox gateway as a program of its own.

The terminal's secret comes from BORDER_SANDBOX_VNPAY_SECRET, else from the file `vnpay_secret`
in the data folder, made there at the first start. With BORDER_MODE=production nothing starts.
"""

import argparse
import ctypes
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import uvicorn

from border.sandbox.app import create_sandbox
from border.sandbox.config import (
    SandboxConfig,
    SandboxRefused,
    read_or_make_secret,
    refuse_production,
)

_PR_SET_PDEATHSIG = 1
_IPN_URL = "http://127.0.0.1:8000/api/v1/payments/vnpay/ipn"


def main() -> int:
    """Serve until stopped; returns 1 when refused, with a sentence on standard error."""
    told = _arguments().parse_args()
    mode = os.environ.get("BORDER_MODE", "demo")
    try:
        refuse_production(mode)
    except SandboxRefused as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    if told.die_with_parent:
        _die_with_parent()
    told.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    config = SandboxConfig(
        state_file=told.data / "sandbox.sqlite3",
        secret=os.environ.get("BORDER_SANDBOX_VNPAY_SECRET") or read_or_make_secret(told.data),
        ipn_url=told.ipn_url,
        terminal=told.terminal,
        merchant_name=told.merchant_name,
        mode=mode,
        retry_after=timedelta(seconds=told.retry_seconds),
    )
    uvicorn.run(
        create_sandbox(config),
        host=told.host,
        port=told.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m border.sandbox", description="A VNPAY gateway that moves no money."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--data", type=Path, required=True, help="the folder of its own books")
    parser.add_argument("--terminal", default="GATE0001", help="the merchant's vnp_TmnCode")
    parser.add_argument("--merchant-name", default=SandboxConfig.merchant_name)
    parser.add_argument("--ipn-url", type=_http_address, default=_IPN_URL)
    parser.add_argument(
        "--retry-seconds",
        type=float,
        default=300.0,
        help="time between two of the ten calls; VNPAY's own is 300",
    )
    parser.add_argument(
        "--die-with-parent",
        action="store_true",
        help="end when the thread that started this program ends (Linux)",
    )
    return parser


def _http_address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError("the IPN address must begin with http:// or https://")
    return text


def _die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent ends, and end at once if it has already."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
