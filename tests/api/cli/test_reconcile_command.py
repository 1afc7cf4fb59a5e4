"""`border reconcile` as it is typed: what it prints, and its exit codes."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from api.__main__ import main
from api.cli import reconciling
from border.core.actor import Actor, Role
from border.core.clock import SystemClock
from border.core.ids import new_id
from border.core.store import Store, open_engine
from border.embedded import Servers
from border.settings import Settings

HEAD = "transaction_no,type,reference,amount,fee,currency,happened_at,memo\n"
DAY = "2026-10-05"
ROW = "15000001,payment,NOBODY,800000,0,VND,2026-10-05T09:32:12,Phí\n"


def in_zone(settings: Settings, work: Callable[[Any], Awaitable[Any]], /) -> Any:
    """Run work on a store of its own."""

    async def run() -> Any:
        assert settings.database_url
        engine = open_engine(settings.database_url, 4)
        try:
            store = Store(engine, SystemClock())
            return await work(SimpleNamespace(store=store, settings=settings))
        finally:
            await engine.dispose()

    return asyncio.run(run())


async def account(_: Store, email: str) -> Actor:
    """Return an accountant under any address."""
    return Actor(new_id(), email, frozenset({Role.ACCOUNTANT}), None)


@pytest.fixture
def border(
    store: Store, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Awaitable[Result]]:
    """Types a command on an empty database."""
    monkeypatch.setenv("BORDER_DATABASE_URL", servers.database_url)
    monkeypatch.setenv("BORDER_REDIS_URL", servers.redis_url)
    monkeypatch.setattr(reconciling, "with_zone", in_zone)
    monkeypatch.setattr(reconciling, "account_of", account)

    async def run(*words: str | Path) -> Result:
        typed = ["reconcile", *(str(word) for word in words)]
        return await asyncio.to_thread(CliRunner().invoke, main, typed)

    return run


@pytest.fixture
def statement(tmp_path: Path) -> Path:
    """A gateway's statement of one payment of nobody's."""
    path = tmp_path / "vnpay.csv"
    path.write_text(HEAD + ROW)
    return path


def write(path: Path, text: str) -> Path:
    """Write a file and return it."""
    path.write_text(text)
    return path


async def test_a_statement_is_told_by_classes(border: Any, statement: Path) -> None:
    done = await border(statement, "--gateway", "vnpay")
    assert done.exit_code == 0, done.output
    assert "Was missing in the ledger" in done.stdout
    assert "800,000 VND" in done.stdout
    assert "vnpay.csv:2  missing_in_ledger  15000001  800,000 VND  unmatched" in done.stdout
    again = await border(statement, "--gateway", "vnpay")
    assert again.exit_code == 0
    assert "was taken before" in again.stdout


async def test_a_script_reads_json_and_a_day_can_be_closed(border: Any, statement: Path) -> None:
    words = (statement, "--gateway", "vnpay", "--json")
    told = json.loads((await border(*words)).stdout)
    assert told["classes"] == [{"class": "missing_in_ledger", "count": 1, "minor": 800000}]
    assert told["close"] is None
    closed = json.loads((await border(*words, "--close", "--day", DAY)).stdout)
    assert closed["again"] is True
    assert closed["close"]["figures"]["scope"] == "vnpay"
    assert len(closed["close"]["proof"]) == 64
    once_more = await border(*words, "--close", "--day", DAY)
    assert once_more.exit_code == 1
    assert "closed up to 2026-10-05" in once_more.stderr


async def test_a_close_is_printed(border: Any, statement: Path) -> None:
    words = ("--gateway", "vnpay", "--close", "--scope", "all", "--as", "accountant@demo.test")
    done = await border(statement, *words)
    assert done.exit_code == 0, done.output
    assert "DAILY CLOSE  2026-10-05  all" in done.stdout


async def test_a_wrong_file_is_refused_with_every_place(border: Any, statement: Path) -> None:
    write(statement, HEAD + ROW + ROW.replace("800000", "8x") + ",,,,,,,\n" + "1,2\n")
    done = await border(statement, "--gateway", "vnpay")
    assert done.exit_code == 1
    assert "vnpay.csv  lines.3.amount: “8x” is no amount" in done.stdout
    assert "lines.5.line" in done.stdout
    told = await border(statement, "--gateway", "vnpay", "--json")
    assert told.exit_code == 1
    assert json.loads(told.stdout)["refused"] == "statement_refused"


async def test_another_gateways_file_needs_its_map(border: Any, statement: Path) -> None:
    write(statement, f"ma;tien;luc\nA1;800.000;{DAY} 09:00:00\n")
    names = {"transaction_no": "ma", "amount": "tien", "happened_at": "luc"}
    none = dict.fromkeys(("type", "reference", "fee", "currency", "memo"))
    column_map = write(
        statement.with_name("map.json"),
        json.dumps(
            {
                "gateway": "portal",
                "delimiter": ";",
                "only": "payment",
                "columns": names | none,
                "date_format": "%Y-%m-%d %H:%M:%S",
                "thousand_mark": ".",
                "decimal_mark": ",",
            }
        ),
    )
    done = await border(statement, "--map", column_map)
    assert done.exit_code == 0, done.output
    assert "portal, 2026-10-05 to 2026-10-05, 1 lines" in done.stdout
    write(column_map, '{"decimal": ","}')
    wrong = await border(statement, "--map", column_map)
    assert wrong.exit_code == 1
    assert "map.decimal" in wrong.stdout


async def test_the_banks_statement_is_known_by_its_form_and_must_be_ours(
    border: Any, statement: Path
) -> None:
    ours = Settings(_env_file=None).vietqr.account
    text = "H|{}|20261005|1|77|0\nD|1|20261005093000|C|77|FT1|cam on\nT|1\n"
    done = await border(write(statement, text.format(ours)))
    assert done.exit_code == 0, done.output
    assert "bank, 2026-10-05 to 2026-10-05, 1 lines" in done.stdout
    other = await border(write(statement, text.format("999")))
    assert other.exit_code == 1
    assert "another account than ours" in other.stdout


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("no-such-file.csv",),
        ("FILE", "--gateway", "paypal"),
        ("FILE", "--day", "tomorrow"),
        ("FILE", "--map", "no-such.json"),
    ],
)
async def test_wrong_usage_is_exit_code_2(
    border: Any, statement: Path, words: tuple[str, ...]
) -> None:
    typed = [statement if word == "FILE" else word for word in words]
    assert (await border(*typed)).exit_code == 2
