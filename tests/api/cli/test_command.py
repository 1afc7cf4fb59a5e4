"""The command line as an operator types it: real processes, their own servers, signals.

Where no process is what matters, the command is asked in this one: `Machine.asks`.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from api.__main__ import main
from border.paper.fonts import FontSet
from border.reference.catalogue import SAMPLES
from customs.intake.sample_csv import DECLARATIONS_2021

ROOT = Path(__file__).parents[3]
SAMPLE = SAMPLES / "declarations_2021q1.csv"
ROWS = 300


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Machine:
    """A data folder with the commands that work on it."""

    folder: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("BORDER_")}
        return {
            **kept,
            "BORDER_DATA_DIR": str(self.folder / "data"),
            "BORDER_STATE_DIR": str(self.folder / "state"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run `border` to its end."""
        return subprocess.run(
            [sys.executable, "-m", "api", *words],
            cwd=ROOT,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def asks(self, *words: str, **more: str) -> Result:
        """Do what `run` does in this process, which has read the program in already."""
        away = {name: None for name in os.environ if name.startswith("BORDER_")}
        told = CliRunner().invoke(main, words, env={**away, **self.environment, **more})
        if told.exception and not isinstance(told.exception, SystemExit):
            raise told.exception  # a process would show a traceback
        return told

    def start(self, *words: str, **more: str) -> "subprocess.Popen[str]":
        """Start `border demo`, or what is asked for, and wait until it serves."""
        asked = words or ("demo", "--no-fill")
        program = subprocess.Popen(
            [sys.executable, "-m", "api", *asked, "--port", str(self.port)],
            cwd=ROOT,
            env={**self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            if program.poll() is not None:
                raise AssertionError(program.stdout.read() if program.stdout else "")
            try:
                if httpx.get(f"{self.url}/health/ready", timeout=1).status_code == 200:
                    return program
            except httpx.TransportError:
                time.sleep(0.1)
        program.kill()
        raise AssertionError(f"{asked[0]} did not start")

    def drafted(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Draft a declaration at the running demonstration; return it and who is signed in."""
        login = {"email": "trader@demo.test", "password": "demo-zone-2026"}
        token = httpx.post(f"{self.url}/api/v1/login", json=login, timeout=60).json()["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        draft = {"direction": "export", "gate": "KIM_THANH_II"}
        made = httpx.post(f"{self.url}/api/v1/declarations", json=draft, headers=bearer, timeout=60)
        return made.json(), bearer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def _children(pid: int) -> set[int]:
    """Return every process below `pid`."""
    found = subprocess.run(
        ["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    parents = {int(p): int(pp) for p, pp in (line.split() for line in found.splitlines())}
    below, wave = set[int](), {pid}
    while wave := {p for p, parent in parents.items() if parent in wave} - below:
        below |= wave
    return below


def _gone(pids: set[int], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(Path(f"/proc/{pid}").exists() and _alive(pid) for pid in pids):
            return True
        time.sleep(0.1)
    return False


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _machine(folder: Path, fonts: FontSet) -> Machine:
    """Return a folder and a port, with the typefaces there as after a first start."""
    shutil.copytree(fonts.folder, folder / "data" / "fonts" / fonts.folder.name)
    return Machine(folder, _free_port())


@pytest.fixture
def machine(open_folder: Path, fonts: FontSet) -> Machine:
    """A machine of the test's own."""
    return _machine(open_folder, fonts)


@pytest.fixture(scope="module")
def used(new_folder: Callable[[], Path], fonts: FontSet) -> Machine:
    """A machine whose demonstrations come one after another: its database is made once."""
    return _machine(new_folder(), fonts)


@pytest.fixture(scope="module")
def demo(
    new_folder: Callable[[], Path], fonts: FontSet
) -> Iterator["tuple[Machine, subprocess.Popen[str]]"]:
    """A running demonstration for several tests, stopped at the end."""
    machine = _machine(new_folder(), fonts)
    program = machine.start()
    yield machine, program
    below = _children(program.pid)
    if program.poll() is None:
        program.send_signal(signal.SIGINT)
        program.wait(30)
    if program.stdout:
        program.stdout.close()
    assert _gone(below)


def _slice(folder: Path) -> Path:
    """Return a file with the first rows of the sample, one of them spoilt."""
    lines = SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)[: ROWS + 1]
    column = lines[0].split(",").index("HS6 Code")
    cells = lines[7].split(",")
    cells[column] = "999999"
    lines[7] = ",".join(cells)
    path = folder / "rows.csv"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def test_beside_the_running_demonstration_other_commands_use_its_servers(
    demo: "tuple[Machine, subprocess.Popen[str]]",
) -> None:
    machine, _ = demo
    report = json.loads(machine.run("doctor", "--json").stdout)
    assert report["ok"]
    assert report["database"]["migrated"]
    assert {"relay", "inbox", "figures"} < report["jobs"].keys()
    while None in report["jobs"].values():  # each is led a moment after the program answers
        report = json.loads(machine.asks("doctor", "--json").stdout)
    assert len({leader["pid"] for leader in report["jobs"].values()}) == 1
    assert report["sandbox"]["vnpay_secret"]
    assert httpx.get(f"{report['sandbox']['url']}/health").status_code == 200

    path = _slice(machine.folder)
    first = machine.run("import", str(path), "--json")
    told = json.loads(first.stdout)
    assert told["accepted"] + told["refused"] == ROWS
    assert (7 + 1) in {row["line"] for row in told["rows"]}
    spoilt = next(row for row in told["rows"] if row["line"] == 8)
    assert "hs_code" in spoilt["field"]
    assert "999999" in spoilt["says"]

    again = json.loads(machine.asks("import", str(path), "--json").stdout)
    assert (again["accepted"], again["already_there"]) == (0, told["accepted"])

    assert "events counted" in machine.asks("metrics", "rebuild").stdout
    assert "handed on" in machine.asks("relay", "--from-start", "--once").stdout


def test_a_file_that_is_refused_has_every_fault_listed_with_its_line(
    demo: "tuple[Machine, subprocess.Popen[str]]",
) -> None:
    machine, _ = demo
    head = ",".join(DECLARATIONS_2021.columns)
    path = machine.folder / "refused.csv"
    path.write_text("a;b\n1;2\n")
    shown = machine.asks("import", str(path))
    assert shown.exit_code == 1
    for name in ("HS code", "Description"):
        assert f"The file has no column “{name}”" in shown.stdout
    asked = machine.asks("import", str(path), "--json")
    assert asked.exit_code == 1
    told = json.loads(asked.stdout)
    assert told["refused_file"] == "invalid_fields"
    assert [row["field"] for row in told["rows"]] == ["hs_code", "description"]

    path.write_text(f'{head}\n971,760711,CN,1,1000,A,,CN\n972,"760711,CN\n')
    half = json.loads(machine.asks("import", str(path), "--json").stdout)
    assert (half["refused_file"], half["accepted"]) == ("file_not_readable", 0)
    [row] = half["rows"]
    assert (row["file"], row["line"], row["field"]) == ("refused.csv", 3, "line")
    assert "quotation mark" in row["says"]
    assert "UTF" not in row["says"]

    map_file = machine.folder / "map.json"
    map_file.write_text('{"colums": {}, "zone": 7}')
    mapped = machine.asks("reconcile", str(path), "--map", str(map_file), "--json")
    assert mapped.exit_code == 1
    assert {row["field"] for row in json.loads(mapped.stdout)["errors"]} == {
        "map.colums",
        "map.zone",
    }


def test_what_inspections_teach_is_learned_judged_and_explained(
    demo: "tuple[Machine, subprocess.Popen[str]]",
) -> None:
    machine, _ = demo
    nothing = machine.asks("risk", "evaluate", str(SAMPLE), "--json")
    assert (nothing.exit_code, "border risk train" in nothing.stderr) == (1, True)
    few = machine.asks("risk", "train")
    assert (few.exit_code, "are too few" in few.stderr) == (1, True)

    rows = SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)
    early, late = machine.folder / "early.csv", machine.folder / "late.csv"
    early.write_text("".join(rows[:4_001]), encoding="utf-8")
    late.write_text("".join([rows[0], *rows[4_001:]]), encoding="utf-8")
    learned = json.loads(machine.asks("risk", "train", str(early), "--json").stdout)
    assert (learned["learned_from"], learned["cases"]) == (4_000, 800)
    judged = json.loads(machine.asks("risk", "evaluate", str(late), "--json").stdout)
    assert judged["cases"] == len(rows) - 4_001
    assert set(judged["at"]) == {"1", "2", "5", "10"}
    assert set(judged["at"]["5"]) == {"precision", "recall"}
    assert "had a finding" in machine.asks("risk", "evaluate", str(late)).stdout

    drafted, bearer = machine.drafted()
    unknown = machine.asks("risk", "explain", drafted["reference"])
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    [line] = [{"hs_code": "030487", "origin": "CN", "net_mass_g": 1_000}]
    change = {**bearer, "If-Match": '"1"'}
    path = f"{machine.url}/api/v1/declarations/{drafted['id']}"
    assert httpx.patch(path, json={"lines": [line]}, headers=change).status_code == 200
    told = json.loads(machine.asks("risk", "explain", drafted["reference"], "--json").stdout)
    [said] = told["lines"]
    assert 0 <= said["chance"] <= 1
    assert len(said["because"]) <= 3
    assert machine.asks("risk", "explain", "DEC-").exit_code == 2

    early.write_text("HS6 Code,Fraud\n850440,2\n", encoding="utf-8")
    wrong = machine.asks("risk", "train", str(early))
    assert (wrong.exit_code, "early.csv:2: “2” is no outcome" in wrong.stderr) == (1, True)


def test_a_file_with_semicolons_is_read(demo: "tuple[Machine, subprocess.Popen[str]]") -> None:
    machine, _ = demo
    path = machine.folder / "semicolons.csv"
    rows = (";".join(DECLARATIONS_2021.columns), "981;760711;CN;1;1000;A;;CN", ";;;;;;;")
    path.write_text("\n".join(rows), encoding="utf-16")
    done = machine.asks("import", str(path), "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["accepted"] + told["already_there"], told["refused"]) == (1, 0)


NOWHERE = {"BORDER_REDIS_URL": "redis://127.0.0.1:1/0", "BORDER_RELAY_STREAM": "of no rival"}


@pytest.mark.parametrize(
    ("words", "environment", "expected"),
    [
        (("migrate", "--to", "nosuch"), {}, "nosuch"),
        (("import", __file__, "--as", "nobody@demo.test"), {}, "nobody@demo.test"),
        (("metrics", "rebuild"), {"BORDER_PORT": "abc"}, "BORDER_PORT"),
        (("serve",), {"BORDER_MODE": "holiday"}, "BORDER_MODE"),
        (("relay", "--once"), NOWHERE, "BORDER_REDIS_URL"),
    ],
)
def test_what_goes_wrong_is_said_in_a_sentence_and_never_as_a_traceback(
    demo: "tuple[Machine, subprocess.Popen[str]]",
    words: tuple[str, ...],
    environment: dict[str, str],
    expected: str,
) -> None:
    machine, _ = demo
    if "BORDER_REDIS_URL" in environment:
        machine.drafted()  # something to hand on
        note = json.loads((machine.folder / "data" / "running.json").read_text())
        kept = {f"BORDER_{code.upper()}_SECRET": said for code, said in note["secrets"].items()}
        environment = {**environment, **kept, "BORDER_DATABASE_URL": note["database_url"]}
    refused = machine.asks(*words, **environment)
    assert refused.exit_code == 1
    assert expected in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_second_demonstration_on_the_same_folder_is_refused_with_the_way_out(
    demo: "tuple[Machine, subprocess.Popen[str]]",
) -> None:
    machine, program = demo
    second = machine.asks("demo", "--no-fill", "--port", str(_free_port()))
    assert second.exit_code == 1
    assert str(program.pid) in second.stderr
    taken = machine.asks("demo", "--no-fill", "--port", str(machine.port))
    assert taken.exit_code == 1
    assert "is taken" in taken.stderr


def test_whatever_ends_the_program_ends_its_servers_and_it_starts_again_with_what_it_had(
    used: Machine,
) -> None:
    made, bearer = dict[str, Any](), dict[str, str]()
    for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        program = used.start()
        below = _children(program.pid)
        assert len(below) >= 3
        if made:
            at = f"{used.url}/api/v1/declarations/{made['id']}"
            assert httpx.get(at, headers=bearer).json()["reference"] == made["reference"]
        else:
            made, bearer = used.drafted()
        program.send_signal(how)
        program.wait(30)
        assert program.stdout is not None
        program.stdout.close()
        assert _gone(below)


def test_several_workers_are_forks_of_one_program_and_end_with_it(used: Machine) -> None:
    """Killed outright, nothing is left that would keep the folder from the next start."""
    assert used.run("migrate").returncode == 0
    secrets = {f"BORDER_{name}_SECRET": "x" * 20 for name in ("VNPAY", "VIETQR", "PORTAL")}
    for how in (signal.SIGKILL, signal.SIGTERM):
        program = used.start("serve", "--workers", "2", **secrets)
        below = _children(program.pid)
        typed = Path(f"/proc/{program.pid}/cmdline").read_bytes()
        workers = [pid for pid in below if Path(f"/proc/{pid}/cmdline").read_bytes() == typed]
        assert len(workers) == 2
        program.send_signal(how)
        program.wait(30)
        assert program.stdout is not None
        program.stdout.close()
        assert _gone(below)


def test_a_new_zone_is_filled_by_commands_of_their_own(machine: Machine) -> None:
    """Each reads in no more than it needs, and must need nothing that only the service reads in."""
    assert machine.run("migrate").returncode == 0
    for is_first in (True, False):
        loaded = machine.run("reference", "load", "--json")
        assert loaded.returncode == 0, loaded.stderr
        assert all(bool(count) is is_first for count in json.loads(loaded.stdout).values())


def test_production_refuses_a_demonstration_and_says_why(machine: Machine) -> None:
    refused = machine.asks("demo", BORDER_MODE="production")
    assert refused.exit_code == 1
    assert "production" in refused.stderr


def test_production_refuses_to_serve_with_what_a_demonstration_left(
    demo: "tuple[Machine, subprocess.Popen[str]]",
) -> None:
    machine, _ = demo
    note = json.loads((machine.folder / "data" / "running.json").read_text())
    refused = machine.asks(
        "serve",
        BORDER_MODE="production",
        BORDER_DATABASE_URL=note["database_url"],
        BORDER_REDIS_URL=note["redis_url"],
        BORDER_VNPAY_URL="http://127.0.0.1:9/pay",
        BORDER_VNPAY_SECRET="x" * 20,
    )
    assert refused.exit_code == 1
    for word in ("Demo accounts", "sandbox", "https"):
        assert word in refused.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--help",), 0),
        (("import",), 2),
        (("nonsense",), 2),
        (("import", "/nowhere.csv"), 2),
        (("import", "/"), 2),
        (("serve", "--port", "70000"), 2),
    ],
)
def test_exit_codes_say_done_refused_or_wrongly_used(words: tuple[str, ...], code: int) -> None:
    # In this process; that a process ends with the code it was given is shown above.
    assert CliRunner().invoke(main, words).exit_code == code


def test_what_only_says_how_commands_are_typed_reads_no_program_in() -> None:
    heavy = ("litestar", "sqlalchemy", "pydantic", "border.settings", "api.zone")
    asked = f"import sys, api.__main__; print([one for one in {heavy} if one in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_an_unreachable_database_is_said_in_one_sentence(machine: Machine) -> None:
    away = f"postgresql://nobody@127.0.0.1:{_free_port()}/none"
    refused = machine.run(
        "migrate", BORDER_DATABASE_URL=away, BORDER_REDIS_URL="redis://127.0.0.1:1/0"
    )
    assert refused.returncode == 1
    assert "BORDER_DATABASE_URL" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_note_of_a_running_program_is_for_its_owner_only(
    demo: "tuple[Machine, subprocess.Popen[str]]",
) -> None:
    machine, _ = demo
    path = machine.folder / "data" / "running.json"
    assert path.stat().st_mode & 0o077 == 0
    found: dict[str, Any] = json.loads(path.read_text())
    assert found["url"] == machine.url
