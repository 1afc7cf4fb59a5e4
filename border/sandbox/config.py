"""What the sandbox is told at its start: who its merchant is, where to call, how often.

Not the service's settings (`border.settings`): an outside company has its own.
"""

import os
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

GATEWAYS = ("vnpay", "vietqr", "portal")
"""Each has a secret of its own, shared with the merchant; so has each carrier of messages."""


class SandboxRefused(RuntimeError):
    """The sandbox may not run here; the message says why and what to do."""


@dataclass(frozen=True)
class SandboxConfig:
    """One merchant's contract with the sandbox, and the sandbox's own manners."""

    state_file: Path
    vnpay_secret: str = field(repr=False)
    vietqr_secret: str = field(repr=False)
    portal_secret: str = field(repr=False)
    ipn_url: str
    """Where VNPAY calls the merchant."""
    vietqr_webhook_url: str
    portal_confirm_url: str
    terminal: str = "GATE0001"
    """The merchant's vnp_TmnCode."""
    portal_partner: str = "GATE"
    """The merchant's MaDoiTac."""
    bank_bin: str = "970436"
    bank_account: str = "1017595600"
    """The merchant's account: codes that lead elsewhere pay somebody else."""
    public_url: str = ""
    """Where a payer's browser reaches the sandbox; without it, where the question came in."""
    zalo_secret: str = field(default="", repr=False)
    sms_secret: str = field(default="", repr=False)
    wechat_secret: str = field(default="", repr=False)
    smtp_port: int | None = None
    """Where e-mail is taken, 0 for any free port; without it none is."""
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
    bill_open_for: timedelta = timedelta(minutes=15)
    """How long a bill at the portal can be paid; a condition made up here."""
    transfer_later_by: timedelta = timedelta(minutes=20)
    """How much later the "pay later" choice of the bank app moves the money."""
    look_every: timedelta = timedelta(seconds=0.5)
    """How often the sender looks for callbacks that have fallen due."""


def refuse_production(mode: str) -> None:
    """Do nothing outside production; there, refuses: SandboxRefused."""
    if mode.strip().lower() == "production":
        raise SandboxRefused(
            "The sandbox plays banks and gateways with made-up money and must not run with "
            "BORDER_MODE=production: stop it there and configure the real gateways instead."
        )


def read_or_make_secret(folder: Path, gateway: str) -> str:
    """Return the secret of `gateway` kept in `folder`, making it at the first start.

    writes: `folder`/<gateway>_secret, readable by its owner only.
    """
    path = folder / f"{gateway}_secret"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        secret = secrets.token_hex(24)
        file.write(secret + "\n")
    return secret
