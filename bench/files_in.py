"""How fast files of declarations are read and checked, on two cores, and in how much memory.

Each format has a file made for it. Two processes read one each; the memory is the largest that one
of them ever held, the interpreter and the tariff included. No database: what is drafted and lodged
costs what drafting and lodging cost.
"""

import csv
import io
import resource
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from openpyxl import Workbook

from bench import machine
from bench.measure import Say, WrongAnswer
from border.core.clock import SystemClock
from customs.checking import check
from customs.intake.reader import read_file
from customs.intake.template import COLUMNS
from customs.intake.wco_written import write_wco

GATE = "KIM_THANH_II"
DECLARATIONS = 20_000
CORES = 2
_ECUS_HEAD = {"_XorN": "X", "MA_LH": "B11", "MA_DV": "0100112437", "_Ten_DV_L1": "Sao Mai"} | {
    "DV_DT": "Hekou Trading",
    "NUOC_NK": "CN",
    "MA_NT": "CNY",
    "TR_LUONG": "19000",
}
_ECUS_GOODS = {"MA_HANGKB": "08109092", "TEN_HANG": "Thanh long", "NUOC_XX": "VN"} | {
    "LUONG": "18000",
    "MA_DVT": "KGM",
    "TRIGIA_KB": "45000",
}


def _rows(number: int) -> Iterator[list[str]]:
    example = {column.name: column.example for column in COLUMNS}
    for at in range(number):
        own = {"customs_number": f"30{at:010d}", "declaration": str(at)}
        yield list((example | own).values())


def csv_file(number: int) -> list[bytes]:
    """Return one file of separated values."""
    out = io.StringIO()
    csv.writer(out).writerows([[column.vi for column in COLUMNS], *_rows(number)])
    return [out.getvalue().encode()]


def xlsx_file(number: int) -> list[bytes]:
    """Return one workbook."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("1")
    for row in ([column.vi for column in COLUMNS], *_rows(number)):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return [out.getvalue()]


def ecus5_file(number: int) -> list[bytes]:
    """Return one export of ECUS5."""

    def element(name: str, fields: Mapping[str, str]) -> str:
        said = "".join(f"<{field}>{text}</{field}>" for field, text in fields.items())
        return f"<{name}><Data>{said}</Data></{name}>"

    heads, goods = [], []
    for at in range(number):
        key = {"_DToKhaiMDID": str(at)}
        heads.append(element("DToKhaiMD", key | {"SOTK": f"30{at:010d}"} | _ECUS_HEAD))
        goods.append(element("DHangMDDK", key | _ECUS_GOODS))
    return [f"<Root>{''.join(heads)}{''.join(goods)}</Root>".encode()]


def wco_files(number: int) -> list[bytes]:
    """Return a WCO document for each declaration."""
    rows = [row for raw in csv_file(number) for row in read_file(io.BytesIO(raw), GATE)]
    return [write_wco(row.draft, row.key) for row in rows if row.draft]


FORMATS: Mapping[str, tuple[Callable[[int], list[bytes]], int]] = {
    "csv": (csv_file, DECLARATIONS),
    "xlsx": (xlsx_file, DECLARATIONS),
    "ecus5": (ecus5_file, DECLARATIONS),
    "wco": (wco_files, DECLARATIONS // 10),
}
"""How a file of each format is made, and how many declarations are read of it."""


def read_all(files: list[bytes]) -> tuple[int, float, float]:
    """Read and check files; return how many declarations, processor seconds, megabytes at most."""
    used, number = time.process_time(), 0
    for raw in files:
        for row in read_file(io.BytesIO(raw), GATE):
            if row.draft is None or check(row.draft, gates=[GATE], complete=True).errors:
                raise WrongAnswer(f"line {row.line} is wrong: {row.errors}")
            number += 1
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return number, time.process_time() - used, most


def measure_files(say: Say, times: float = 1.0) -> dict[str, Any]:
    """Return the figures of every format. Raises WrongAnswer."""
    begun, load, figures = time.monotonic(), machine.load_average(), []
    for name, (make, usual) in FORMATS.items():
        say(f"reading {name}")
        number = max(1, int(usual * times))
        files = make(number)
        with ProcessPoolExecutor(CORES, get_context("spawn")) as processes:
            list(processes.map(read_all, [files[:1] if name == "wco" else make(1)] * CORES))
            since = time.perf_counter()
            found = list(processes.map(read_all, [files] * CORES))
            seconds = time.perf_counter() - since
        if [one for one, _, _ in found] != [number] * CORES:
            raise WrongAnswer(f"{name}: {found} of {number}")
        figures.append(
            {
                "case": name,
                "declarations": number * CORES,
                "bytes": sum(map(len, files)),
                "rate": round(number * CORES / seconds),
                "cpu_ms_each": round(1000 * sum(used for _, used, _ in found) / number / CORES, 3),
                "memory_mb": round(max(most for _, _, most in found)),
            }
        )
    return {
        "measured_at": SystemClock().now().isoformat(timespec="minutes"),
        "files": figures,
        "load_averages": [load, machine.load_average()],
        "seconds": round(time.monotonic() - begun, 1),
    }


def told(results: dict[str, Any]) -> str:
    """Return the figures as a table."""
    lines = [f"{'':8}{'a second':>10}{'cpu ms':>8}{'MB':>6}{'bytes':>12}"]
    lines += [
        f"{row['case']:8}{row['rate']:>10,}{row['cpu_ms_each']:>8.2f}{row['memory_mb']:>6}"
        f"{row['bytes']:>12,}"
        for row in results["files"]
    ]
    return "\n".join([*lines, f"two processes; load average {results['load_averages']}"])
