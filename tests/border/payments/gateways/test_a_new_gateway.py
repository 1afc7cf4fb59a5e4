"""A new gateway is one adapter and one row of settings: shown by adding one to a copy of all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from border.embedded import Servers
from border.payments.gateways.kind import kinds_of
from border.payments.gateways.registry import GATEWAY_KINDS, gateways_of, payees_of
from border.payments.gateways.vnpay.adapter import VNPAY, VnpaySettings
from border.settings import Settings

PROJECT = Path(__file__).parents[4]
TOY = Path(__file__).with_name("toy")
ROW = """\
    toy: Annotated[ToySettings, TOY] = Field(default=ToySettings(), description="A toy.")
"""
IMPORT = "from border.payments.gateways.toy.adapter import TOY, ToySettings\n"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The product as it is, with one gateway more: its folder, and its row in the settings."""
    for floor in ("border", "customs", "logistics", "api"):
        shutil.copytree(PROJECT / floor, tmp_path / floor)
    shutil.copy(PROJECT / "alembic.ini", tmp_path)
    folder = tmp_path / "border" / "payments" / "gateways" / "toy"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""A toy."""\n')
    shutil.copy(TOY / "adapter.py", folder)
    settings = tmp_path / "border" / "settings.py"
    text = settings.read_text(encoding="utf-8")
    first, row = (
        text.index("from border.payments.gateways.vnpay"),
        text.index("    receipt_key_file"),
    )
    settings.write_text(
        text[:first] + IMPORT + text[first:row] + ROW + text[row:], encoding="utf-8"
    )
    return tmp_path


def test_one_adapter_and_one_row_of_settings_take_a_payment(
    copy: Path, servers: Servers, empty: AsyncEngine
) -> None:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("BORDER_")}
    told = subprocess.run(
        [sys.executable, TOY / "story.py", copy],
        cwd=PROJECT,
        env={
            **ours,
            "PYTHONPATH": str(copy),
            "BORDER_DATABASE_URL": servers.database_url,
            "BORDER_REDIS_URL": servers.redis_url,
            "BORDER_TOY_URL": "https://toy.test/pay",
            "BORDER_TOY_SECRET": "between the toy and the gate",
            "BORDER_VIETQR_SECRET": "a key",
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert told.returncode == 0, told.stderr[-3000:]


def test_a_row_is_called_as_its_gateway_is() -> None:
    class Misnamed(BaseModel):
        pay: Annotated[VnpaySettings, VNPAY] = VnpaySettings()

    with pytest.raises(ValueError, match="pay is about the gateway vnpay"):
        kinds_of(Misnamed)


def test_every_gateway_has_a_row_and_is_known_by_its_own_name() -> None:
    rows = Settings(_env_file=None).gateways
    assert list(GATEWAY_KINDS) == list(rows)
    assert all(type(rows[code]) is kind.settings for code, kind in GATEWAY_KINDS.items())


@pytest.mark.parametrize(
    ("variables", "offered"),
    [
        ({}, []),
        ({"PORTAL_SECRET": "s"}, []),
        ({"PORTAL_SECRET": "s", "PORTAL_URL": "https://portal.test/init"}, ["portal"]),
        ({"VIETQR_SECRET": "s", "VNPAY_SECRET": "s"}, ["vnpay", "vietqr"]),
    ],
)
def test_what_is_not_set_up_is_not_offered(
    variables: dict[str, str], offered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("BORDER_")]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(f"BORDER_{name}", value)
    client: Any = None
    found = gateways_of(Settings(_env_file=None), client)
    assert [kind.code for kind in found.kinds] == offered


def test_the_names_of_the_environment_are_those_of_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BORDER_VNPAY_API_URL", "https://vnpay.test/ask")
    monkeypatch.setenv("BORDER_VIETQR_ACCOUNT_NAME", "A NAME")
    settings = Settings(_env_file=None)
    assert settings.vnpay.api_url == "https://vnpay.test/ask"
    assert payees_of(settings)["vietqr"].account_name == "A NAME"
