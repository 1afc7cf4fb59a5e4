"""What the sandbox is told at its start: who its merchant is, where to call, how often.

Not the service's settings (`border.settings`): an outside company has its own.
"""

import os
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

SECRET_FILE = "vnpay_secret"  # noqa: S105  (the name of the file, not what is in it)


class SandboxRefused(RuntimeError):
    """The sandbox may not run here; the message says why and what to do."""


@dataclass(frozen=True)
class SandboxConfig:
    """One merchant's contract with the sandbox, and the sandbox's own manners."""

    state_file: Path
    secret: str = field(repr=False)
    ipn_url: str
    terminal: str = "GATE0001"
    merchant_name: str = "Cửa khẩu Lào Cai"
    mode: str = "demo"
    calls_allowed: int = 10
    """How often one callback is tried; source: VNPAY calls at most ten times."""
    retry_after: timedelta = timedelta(minutes=5)
    call_timeout: timedelta = timedelta(seconds=10)
    later_callback_after: timedelta = timedelta(seconds=3)
    """How long after the browser's return the "call back later" choice calls."""
    refund_takes: timedelta = timedelta(seconds=5)
    """How long a refund stays "being processed" (05) before the bank has it (06)."""
    look_every: timedelta = timedelta(seconds=0.5)
    """How often the sender looks for callbacks that have fallen due."""


def refuse_production(mode: str) -> None:
    """Do nothing outside production; there, refuses: SandboxRefused."""
    if mode.strip().lower() == "production":
        raise SandboxRefused(
            "The sandbox gateway plays a bank with made-up money and must not run with "
            "BORDER_MODE=production: stop it there and configure the real gateway instead."
        )


def read_or_make_secret(folder: Path) -> str:
    """Return the terminal's secret kept in `folder`, making it at the first start.

    writes: `folder`/vnpay_secret, readable by its owner only.
    """
    path = folder / SECRET_FILE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        secret = secrets.token_hex(24)
        file.write(secret + "\n")
    return secret
