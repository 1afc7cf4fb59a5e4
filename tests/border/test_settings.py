"""Settings come from the environment; a secret is made once and kept close."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from pydantic import ValidationError

from border.core.kept_secret import kept_secret
from border.settings import Settings

PROJECT = Path(__file__).parents[2]
PROGRAM = """
import sys
from pathlib import Path
from border.core.kept_secret import kept_secret
print(flush=True)
sys.stdin.readline()
print(kept_secret(Path(sys.argv[1]), "slip").hex(), flush=True)
"""


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take the run's own settings away."""
    for name in list(os.environ):
        if name.startswith("BORDER_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_with_nothing_set_the_program_is_a_demonstration_with_servers_of_its_own() -> None:
    settings = Settings()
    assert settings.demo
    assert settings.database_url is None
    assert settings.redis_url is None
    assert settings.base_url == "http://127.0.0.1:8000"


def test_the_environment_goes_before_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("BORDER_PORT=8100\nBORDER_HOST=10.0.0.1\nOTHER=1\n")
    monkeypatch.setenv("BORDER_PORT", "8200")
    assert (Settings().host, Settings().port) == ("10.0.0.1", 8200)


def test_a_mode_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BORDER_MODE", "staging")
    with pytest.raises(ValidationError, match="mode"):
        Settings()


def test_the_public_address_has_no_slash_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BORDER_PUBLIC_URL", "https://gate.example/")
    assert Settings().base_url == "https://gate.example"


def test_the_collectors_tax_code_is_kept_in_its_checked_form(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BORDER_RECEIPT_COLLECTOR_TAX_CODE", "01.00233488-001")
    assert Settings().receipt_collector_tax_code == "0100233488001"
    monkeypatch.setenv("BORDER_RECEIPT_COLLECTOR_TAX_CODE", "1234567890")
    with pytest.raises(ValidationError, match="check digit"):
        Settings()


def test_a_secret_is_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BORDER_VNPAY_SECRET", "SPOKEN-TO-NOBODY")
    settings = Settings()
    assert settings.vnpay.secret.get_secret_value() == "SPOKEN-TO-NOBODY"
    assert "SPOKEN" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_every_setting_says_what_it_is_for() -> None:
    rows = [Settings, *map(type, Settings().gateways.values())]
    fields = [(row.__name__, *field) for row in rows for field in row.model_fields.items()]
    assert [name for *name, field in fields if not field.description] == []


def test_a_secret_is_made_once_and_read_ever_after(folder: Path) -> None:
    first = kept_secret(folder, "slip")
    assert len(first) == 32
    assert kept_secret(folder, "slip") == first
    assert kept_secret(folder, "other", 16) != first
    assert (folder / "secrets" / "slip").read_bytes() == first


def test_a_secret_is_readable_by_its_owner_alone_whatever_the_umask(folder: Path) -> None:
    umask = os.umask(0)
    try:
        kept_secret(folder, "slip")
    finally:
        os.umask(umask)
    place = folder / "secrets"
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE((place / "slip").stat().st_mode) == 0o600
    assert [path.name for path in place.iterdir()] == ["slip"]


def test_programs_that_start_together_agree_on_one_secret(folder: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    programs = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT
        )
        for _ in range(2)
    ]
    for program in programs:
        assert program.stdout is not None
        program.stdout.readline()
    said = [program.communicate("go\n", timeout=30)[0] for program in programs]
    assert said == [kept_secret(folder, "slip").hex() + "\n"] * 2


def test_workers_with_one_process_number_agree_on_one_secret(folder: Path) -> None:
    """Two containers on one volume are both process 1, as these threads are of one process."""
    workers = 8
    with ThreadPoolExecutor(workers) as pool:
        for turn in range(20):
            line = Barrier(workers)

            def make(_: int, name: str = f"slip{turn}", line: Barrier = line) -> bytes:
                line.wait()
                return kept_secret(folder, name)

            made = set(pool.map(make, range(workers)))
            assert made == {kept_secret(folder, f"slip{turn}")}
