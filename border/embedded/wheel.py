"""The servers' programs, found in the wheels that carry them.

Only the programs are used, never the Python code beside them: it changes permissions of parent
folders, and it leaves servers behind when the program is killed.
"""

import os
import shutil
import subprocess
import tempfile
from importlib.metadata import Distribution, distribution
from pathlib import Path, PurePath

from border.embedded.child import Account, EmbeddedRefusal
from border.embedded.home import Home

_NOT_COPIED = frozenset({"include", "__pycache__"})


def program(home: Home, wheel: str, name: str) -> Path:
    """Returns a program of a wheel that the servers' account can run, with its folders around it.

    Root may have a virtual environment that no other account can reach. Then the wheel is copied
    once per version below `home.state_dir`.

    refuses: EmbeddedRefusal when the wheel holds no such program or it does not run here.
    """
    source = distribution(wheel)
    path = next(
        (file for file in source.files or () if file.name == name and ".." not in file.parts), None
    )
    if path is None:
        raise EmbeddedRefusal(f"the package {wheel} has no {name} for this machine")
    installed = Path(str(source.locate_file(path)))
    if version_line(installed, home.account):
        return installed
    if home.account:
        copied = _copy(source, home.state_dir) / path
        if version_line(copied, home.account):
            return copied
    raise EmbeddedRefusal(
        f"{installed} cannot be run{f' by {home.account.name}' if home.account else ''}. "
        "Install the requirements again, on a file system that is not mounted noexec"
    )


def version_line(path: Path, account: Account | None) -> str:
    """Returns what the program says of its version as the account, "" when it cannot run it."""
    try:
        said = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            env={"LC_ALL": "C"},
            cwd="/",
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except OSError:
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""


def _copy(source: Distribution, state_dir: Path) -> Path:
    state_dir.mkdir(parents=True, exist_ok=True)
    copy = state_dir.resolve() / f"{source.name}-{source.version}"
    if copy.exists():
        return copy
    # Made aside and then renamed, so that a copy that is there is always a whole one.
    aside = Path(tempfile.mkdtemp(dir=copy.parent))
    for file in source.files or ():
        if _belongs_to_program(file):
            target = aside / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(source.locate_file(file)), target)
    for path in (aside, *aside.rglob("*")):
        path.chmod(0o755)
    try:
        aside.rename(copy)
    except OSError:
        shutil.rmtree(aside)
        if not copy.exists():
            raise
    return copy


def _belongs_to_program(file: PurePath) -> bool:
    return os.pardir not in file.parts and _NOT_COPIED.isdisjoint(file.parts)
