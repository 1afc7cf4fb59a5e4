"""What an operator sets: `BORDER_*` environment variables or a `.env` file.

Only here are settings read. A secret that is not set is generated once into the data folder,
readable by the owner alone; `docs/settings.md` is drawn from this file.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from border.identifiers import tax_code
from border.messages.channels.email.channel import EMAIL, EmailSettings
from border.messages.channels.kind import ChannelSettings
from border.messages.channels.sms.channel import SMS, SmsSettings
from border.messages.channels.webpush.channel import WEBPUSH, WebpushSettings
from border.messages.channels.wechat.channel import WECHAT, WechatSettings
from border.messages.channels.zalo.channel import ZALO, ZaloSettings
from border.payments.gateways.kind import GatewaySettings
from border.payments.gateways.portal.adapter import PORTAL, PortalSettings
from border.payments.gateways.vietqr.adapter import VIETQR, VietQrSettings
from border.payments.gateways.vnpay.adapter import VNPAY, VnpaySettings


class Settings(BaseSettings):
    """Every setting with its default; the description says what it is for."""

    model_config = SettingsConfigDict(
        env_prefix="BORDER_",
        env_file=".env",
        extra="ignore",
        # A gateway's row is set by its name and the field's: BORDER_VNPAY_API_URL is vnpay.api_url.
        env_nested_delimiter="_",
        env_nested_max_split=1,
    )

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
    vnpay: Annotated[VnpaySettings, VNPAY] = Field(
        default=VnpaySettings(), description="VNPAY, the gateway offered first."
    )
    vietqr: Annotated[VietQrSettings, VIETQR] = Field(
        default=VietQrSettings(), description="Transfers to our own account."
    )
    portal: Annotated[PortalSettings, PORTAL] = Field(
        default=PortalSettings(), description="The National Public Service Portal."
    )
    email: Annotated[EmailSettings, EMAIL] = Field(
        default=EmailSettings(), description="E-mail to whoever is told of something."
    )
    zalo: Annotated[ZaloSettings, ZALO] = Field(
        default=ZaloSettings(), description="Notices to Zalo."
    )
    sms: Annotated[SmsSettings, SMS] = Field(default=SmsSettings(), description="SMS.")
    wechat: Annotated[WechatSettings, WECHAT] = Field(
        default=WechatSettings(), description="Messages to WeChat."
    )
    webpush: Annotated[WebpushSettings, WEBPUSH] = Field(
        default=WebpushSettings(), description="Notices to browsers."
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
    neighbour_url: str = Field(
        default="",
        description="Where Hekou says how many trucks it takes in; unset, it is not asked.",
    )
    sandbox_url: str = Field(default="", description="Where the sandbox listens; demo mode only.")
    slip_key_id: str = Field(default="k1", description="Name of the key that signs slips.")
    relay_stream: str = Field(default="border:events", description="Redis stream of the feed.")
    answers_kept_hours: int = Field(
        default=72, ge=24, description="Hours for which a repeated Idempotency-Key is known."
    )
    tokens_kept_days: int = Field(
        default=7, ge=0, description="Days for which a session or a token is kept after its end."
    )
    beacon_name: str = Field(
        default="drand-quicknet", description="Randomness beacon that ballots are drawn by."
    )
    beacon_url: str = Field(
        default="https://api.drand.sh/"
        "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
        description="Where it is asked; `/public/<round>` is added.",
    )
    beacon_genesis: int = Field(
        default=1692803367, description="When its first round was, in seconds since 1970."
    )
    beacon_period: int = Field(default=3, ge=1, description="Seconds from a round to the next.")
    fallback_name: str = Field(
        default="drand-default", description="Beacon that is heard where the first keeps silent."
    )
    fallback_url: str = Field(
        default="https://api.drand.sh/"
        "8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce",
        description="Where that one is asked.",
    )
    fallback_genesis: int = Field(default=1595431050, description="When its first round was.")
    fallback_period: int = Field(default=30, ge=1, description="Seconds from a round to the next.")
    import_batch: int = Field(default=200, description="Rows an import commits at a time.")

    @field_validator("receipt_collector_tax_code")
    @classmethod
    def _checked_tax_code(cls, given: str) -> str:
        return tax_code(given) if given else ""

    @property
    def base_url(self) -> str:
        """The address under which others reach this service, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def gateways(self) -> dict[str, GatewaySettings]:
        """The gateways' rows by name; what a gateway is beside that is in `gateways.registry`."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: row for name, row in found.items() if isinstance(row, GatewaySettings)}

    @property
    def channels(self) -> dict[str, ChannelSettings]:
        """The rows of the channels that carry messages, by name."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: row for name, row in found.items() if isinstance(row, ChannelSettings)}

    @property
    def demo(self) -> bool:
        """True where demo accounts and the sandbox are at home."""
        return self.mode == "demo"
