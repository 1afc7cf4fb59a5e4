"""What an operator sets: `BORDER_*` environment variables or a `.env` file.

Only here are settings read. A secret that is not set is generated once into the data folder,
readable by the owner alone; `docs/settings.md` is drawn from this file.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting with its default; the description says what it is for."""

    model_config = SettingsConfigDict(env_prefix="BORDER_", env_file=".env", extra="ignore")

    mode: Literal["demo", "production"] = Field(
        default="demo",
        description="`demo` brings accounts and a sandbox; `production` refuses both.",
    )
    data_dir: Path = Field(
        default=Path(".state"),
        description="Folder for the embedded servers' data, keys, fonts and the sandbox.",
    )
    state_dir: Path = Field(
        default=Path("/var/lib/border-gate"),
        description="Where the embedded servers keep their data when started by root.",
    )
    database_url: str | None = Field(
        default=None,
        description="PostgreSQL 15 or newer, `postgresql://user:password@host/name`; "
        "embedded if unset.",
    )
    redis_url: str | None = Field(
        default=None, description="Redis 7 or Valkey, `redis://host:6379/0`; embedded if unset."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, description="Port to listen on.")
    public_url: str = Field(
        default="",
        description="Address under which browsers and gateways reach the service; "
        "`http://host:port` if unset.",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1", description="Addresses whose X-Forwarded-For is believed."
    )
    pool_size: int = Field(default=12, description="Database connections kept by one process.")
    vnpay_url: str = Field(
        default="",
        description="VNPAY's pay page; in demo mode the sandbox's.",
    )
    vnpay_api_url: str = Field(
        default="", description="VNPAY's query and refund address; in demo mode the sandbox's."
    )
    vnpay_terminal: str = Field(default="GATE0001", description="Terminal code (vnp_TmnCode).")
    vnpay_secret: SecretStr = Field(
        default=SecretStr(""), description="Secret shared with VNPAY; never logged."
    )
    vnpay_old_secret: SecretStr = Field(
        default=SecretStr(""), description="The secret before, accepted during a rotation."
    )
    vietqr_bin: str = Field(
        default="970436", description="The bank of our account for transfers, by its BIN."
    )
    vietqr_bank: str = Field(
        default="Vietcombank", description="That bank's name, as payers know it."
    )
    vietqr_account: str = Field(
        default="1017595600", description="Our account there; the demo's is made up."
    )
    vietqr_account_name: str = Field(
        default="BQL CUA KHAU LAO CAI", description="In whose name the account is."
    )
    vietqr_secret: SecretStr = Field(
        default=SecretStr(""),
        description="Secret under which the bank's webhook is signed; without it no transfers.",
    )
    vietqr_old_secret: SecretStr = Field(
        default=SecretStr(""), description="The secret before, accepted during a rotation."
    )
    portal_url: str = Field(
        default="",
        description="Where the public-service portal takes INIT; in demo mode the sandbox's.",
    )
    portal_bill_url: str = Field(
        default="", description="Where it answers GET_BILL; the same address if unset."
    )
    portal_pay_hosts: str = Field(
        default="",
        description="Further hosts its pay pages may be on, by spaces; its own is always believed.",
    )
    portal_failed_codes: str = Field(
        default="99", description="Codes (MaLoi) that say a payment failed for good, by spaces."
    )
    portal_partner: str = Field(default="GATE", description="Our partner code (MaDoiTac).")
    portal_secret: SecretStr = Field(
        default=SecretStr(""),
        description="Secret shared with the portal; without it it is not offered.",
    )
    portal_old_secret: SecretStr = Field(
        default=SecretStr(""), description="The secret before, accepted during a rotation."
    )
    portal_hash: Literal["sha256", "hmac"] = Field(
        default="sha256", description="How the portal hashes: plain, or keyed as it once did."
    )
    receipt_key_file: Path | None = Field(
        default=None, description="Key that signs receipts, PEM; a demonstration makes its own."
    )
    receipt_cert_file: Path | None = Field(
        default=None, description="Its certificate, PEM; without both no receipts are issued."
    )
    receipt_older_cert_files: str = Field(
        default="", description="Certificates before it, by `:`, to verify older receipts with."
    )
    receipt_collector: str = Field(default="", description="Who collects, as receipts name them.")
    receipt_collector_tax_code: str = Field(default="", description="Their tax code.")
    receipt_collector_address: str = Field(default="", description="Their address.")
    receipt_template: str = Field(
        default="01BLP0-001", description="Template symbol of the receipts, as registered."
    )
    receipt_letters: str = Field(default="LC", description="Letters their series begin with.")
    sandbox_url: str = Field(default="", description="Where the sandbox listens; demo mode only.")
    slip_key_id: str = Field(default="k1", description="Name of the key that signs slips.")
    relay_stream: str = Field(default="border:events", description="Redis stream of the feed.")
    import_batch: int = Field(default=200, description="Rows an import commits at a time.")

    @property
    def base_url(self) -> str:
        """The address under which others reach this service, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def demo(self) -> bool:
        """True where demo accounts and the sandbox are at home."""
        return self.mode == "demo"


GATEWAY_SECRETS = ("vnpay_secret", "vietqr_secret", "portal_secret")
"""The settings that hold what a gateway signs with."""


def kept_secret(folder: Path, name: str, size: int = 32) -> bytes:
    """Return the secret `name` kept below `folder`, made on first use, readable by its owner only.

    writes: `<folder>/secrets/<name>`, once; two programs that start together agree on one.
    """
    place = folder / "secrets"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = place / name
    if not path.exists():
        # A file of its own for each who makes one: process numbers repeat across containers.
        with NamedTemporaryFile(dir=place, prefix=f".{name}.") as fresh:
            fresh.write(secrets.token_bytes(size))
            fresh.flush()
            with suppress(FileExistsError):
                os.link(fresh.name, path)
    return path.read_bytes()
