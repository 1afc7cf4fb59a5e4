"""`python -m border.sandbox`: starts the outside payment systems as a program of its own.

The secret shared with each gateway comes from BORDER_SANDBOX_VNPAY_SECRET,
BORDER_SANDBOX_VIETQR_SECRET and BORDER_SANDBOX_PORTAL_SECRET, else from the file
`vnpay_secret`, `vietqr_secret` or `portal_secret` in the data folder, made there at the first
start. With BORDER_MODE=production nothing starts.
"""

import argparse
import ctypes
import os
import signal
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import uvicorn

from border.core.server import QuietServer
from border.sandbox.app import create_sandbox
from border.sandbox.config import (
    SandboxConfig,
    SandboxRefused,
    read_or_make_secret,
    refuse_production,
)

_PR_SET_PDEATHSIG = 1
_MERCHANT = "http://127.0.0.1:8000/api/v1/payments"
_SECRETS = """\
The secret shared with each gateway comes from the environment: BORDER_SANDBOX_VNPAY_SECRET,
BORDER_SANDBOX_VIETQR_SECRET, BORDER_SANDBOX_PORTAL_SECRET. Without one it is read from the file
vnpay_secret, vietqr_secret or portal_secret in the data folder, made there at the first start
and readable by its owner only. With BORDER_MODE=production nothing starts.
"""


def main() -> int:
    """Serve until stopped; returns 1 when refused, with a sentence on standard error."""
    options = _arguments().parse_args()
    mode = os.environ.get("BORDER_MODE", "demo")
    try:
        refuse_production(mode)
    except SandboxRefused as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    if options.die_with_parent:
        _die_with_parent()
    options.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    config = SandboxConfig(
        state_file=options.data / "sandbox.sqlite3",
        vnpay_secret=_secret("vnpay", options.data),
        vietqr_secret=_secret("vietqr", options.data),
        portal_secret=_secret("portal", options.data),
        ipn_url=options.ipn_url,
        vietqr_webhook_url=options.vietqr_webhook_url,
        portal_confirm_url=options.portal_confirm_url,
        terminal=options.terminal,
        portal_partner=options.portal_partner,
        bank_bin=options.bank_bin,
        bank_account=options.bank_account,
        public_url=getattr(options, "public_url", "").rstrip("/"),
        zalo_secret=_secret("zalo", options.data),
        sms_secret=_secret("sms", options.data),
        wechat_secret=_secret("wechat", options.data),
        smtp_port=options.smtp_port,
        merchant_name=options.merchant_name,
        mode=mode,
        retry_after=timedelta(seconds=options.retry_seconds),
    )
    served = uvicorn.Config(
        create_sandbox(config),
        host=options.host,
        port=options.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    with suppress(KeyboardInterrupt):
        QuietServer(served).run()
    return 0


def _secret(gateway: str, folder: Path) -> str:
    named = os.environ.get(f"BORDER_SANDBOX_{gateway.upper()}_SECRET")
    return named or read_or_make_secret(folder, gateway)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m border.sandbox",
        description="VNPAY, a bank and the national portal, none of which moves any money.",
        epilog=_SECRETS,
        formatter_class=_Help,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="the address it listens at")
    add("--port", type=int, default=8100, help="the port it listens at")
    add(
        "--data",
        type=Path,
        required=True,
        default=argparse.SUPPRESS,
        help="the folder of its own books and secrets",
    )
    add("--merchant-name", default=SandboxConfig.merchant_name, help="what payers read")
    add("--terminal", default=SandboxConfig.terminal, help="the merchant's vnp_TmnCode")
    add("--ipn-url", type=_http_address, default=f"{_MERCHANT}/vnpay/ipn", help="VNPAY calls it")
    add(
        "--vietqr-webhook-url",
        type=_http_address,
        default=f"{_MERCHANT}/vietqr/webhook",
        help="the bank tells of transfers here",
    )
    add(
        "--portal-confirm-url",
        type=_http_address,
        default=f"{_MERCHANT}/portal/confirm",
        help="the portal posts CONFIRM here",
    )
    add("--portal-partner", default=SandboxConfig.portal_partner, help="the merchant's MaDoiTac")
    add("--bank-bin", default=SandboxConfig.bank_bin, help="the merchant's bank, six digits")
    add("--bank-account", default=SandboxConfig.bank_account, help="the merchant's account there")
    add(
        "--public-url",
        type=_http_address,
        default=argparse.SUPPRESS,
        help="where browsers reach this program; without it, where the INIT came in",
    )
    add("--smtp-port", type=int, default=None, help="where e-mail is taken; without it, none is")
    add(
        "--retry-seconds",
        type=float,
        default=300.0,
        help="time between two of the ten calls; VNPAY's own is 300",
    )
    add(
        "--die-with-parent",
        action="store_true",
        help="end when the thread that started this program ends (Linux)",
    )
    return parser


class _Help(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """The epilogue as written, and each default behind its flag."""


def _http_address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError("the address must begin with http:// or https://")
    return text


def _die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent ends, and end at once if it has already."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
