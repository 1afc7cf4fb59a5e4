"""What the README and the documents tell people to type and to open is there."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.__main__ import main
from api.demo import accounts as demo_accounts
from api.documents.commands import every_command
from api.documents.settings import variables
from border.settings import Settings

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
PAGES = sorted(
    [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *(PROJECT / "docs").rglob("*.md")],
    key=str,
)
PROGRAM = re.compile(r"`border ([a-z]+(?: [a-z]+)*)")


def _told(pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    for path in PAGES:
        for found in pattern.findall(path.read_text(encoding="utf-8")):
            yield path.name, found


def _targets(text: str) -> set[str]:
    """Return what `make` is told to make in the code of a page."""
    code = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    code += re.findall(r"`(make [^`]+)`", text)
    return {target for piece in code for target in re.findall(r"\bmake ([a-z-]+)", piece)}


def test_every_make_target_that_is_named_can_be_made() -> None:
    targets = {target for path in PAGES for target in _targets(path.read_text(encoding="utf-8"))}
    assert {"run", "test", "check", "docs"} <= targets
    for target in sorted(targets):
        # Asked, not done: `make -n` says what it would run.
        asked = subprocess.run(
            ["make", "-n", target], cwd=PROJECT, capture_output=True, text=True, check=False
        )
        assert asked.returncode == 0, f"make {target}: {asked.stderr}"


def test_make_run_starts_the_demonstration_on_the_port_that_is_asked_for() -> None:
    asked = subprocess.run(
        ["make", "-n", "run", "PORT=8010"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert "BORDER_PORT=8010" in asked.stdout
    assert "border demo" in asked.stdout


def test_every_command_that_is_named_exists() -> None:
    known = {name.removeprefix("border ") for name, _ in every_command(main)}
    unknown = {
        (page, words)
        for page, words in _told(PROGRAM)
        if not any(words == name or words.startswith(f"{name} ") for name in known)
    }
    assert not unknown


@pytest.mark.parametrize("name", ["openapi", "asyncapi"])
def test_the_documents_for_programs_are_printed(name: str) -> None:
    printed = CliRunner().invoke(main, [name])
    assert printed.exit_code == 0
    assert json.loads(printed.stdout)[name]


def test_every_link_leads_somewhere() -> None:
    broken = {
        (path.name, link)
        for path in PAGES
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8"))
        if "://" not in link and not (path.parent / link).exists()
    }
    assert not broken


def test_every_file_that_the_architecture_names_is_there() -> None:
    text = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:api|border|customs|logistics|tests)/[\w/]+\.py)`", text))
    assert named
    assert {name for name in named if not (PROJECT / name).exists()} == set()


def test_every_setting_that_is_named_exists() -> None:
    known = {name for name, _ in variables(Settings, Settings.model_config["env_prefix"])}
    unknown = {found for found in _told(re.compile(r"`(BORDER_[A-Z_]+)`")) if found[1] not in known}
    assert not unknown


def test_the_readme_names_every_demo_account_and_the_password() -> None:
    assert set(re.findall(r"[a-z0-9]+@demo\.test", README)) == {
        account["email"] for account in demo_accounts.ACCOUNTS
    }
    assert f"`{demo_accounts.PASSWORD}`" in README


def test_a_decision_is_short_and_says_when_it_was_made() -> None:
    records = sorted((PROJECT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 60, path.name
        assert re.match(rf"# {path.name[:4]}: ", lines[0]), path.name
        assert re.match(r"\d{4}-\d\d-\d\d · ", lines[2]), path.name
