"""How long a search for a commodity code and a proposal take: the program's processor, no database.

Asked is every tenth of the traders' names in each language, beside two hundred lines that the firm
declared before; the words are indexed at the first question, which is not counted.
"""

import time
from collections.abc import Callable
from typing import Any

from bench import machine
from bench.figures import percentile
from bench.measure import Say, WrongAnswer
from border.core.clock import SystemClock
from border.reference.catalogue import trade_names
from customs.code_proposal import PastLine, propose
from customs.code_search import search

GOALS = {"search": 20.0, "proposal": 50.0}
"""Milliseconds that each may take."""
_PAST_LINES = 200


def measure_codes(say: Say, every: int = 10) -> dict[str, Any]:
    """Return the figures of both. Raises WrongAnswer where a trader's own name finds nothing."""
    load, names = machine.load_average(), trade_names()[::every]
    asked = [
        (said[0], locale)
        for row in names
        for locale, said in (("vi", row.vi), ("zh", row.zh), ("en", row.en))
        if said
    ]
    past = [PastLine(row.code, name) for row in names for name in row.vi][:_PAST_LINES]
    kinds: dict[str, Callable[[str, str], Any]] = {
        "search": search,
        "proposal": lambda text, locale: propose(text, locale, past),
    }
    figures = []
    for name, ask in kinds.items():
        say(f"{name} of {len(asked)} names")
        ask(*asked[0])
        spent = list[float]()
        for text, locale in asked:
            before = time.process_time()
            found = ask(text, locale)
            spent.append((time.process_time() - before) * 1000)
            if name == "search" and not found:
                raise WrongAnswer(f"“{text}” finds nothing")
        shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
        told = {said: round(percentile(spent, share), 2) for said, share in shares.items()}
        figures.append({"case": name, "asked": len(asked), "goal_ms": GOALS[name], **told})
    return {
        "measured_at": SystemClock().now().isoformat(timespec="minutes"),
        "codes": figures,
        "load_averages": [load, machine.load_average()],
    }


def told(results: dict[str, Any]) -> str:
    """Return the figures as a table."""
    heads = ("p50", "p95", "p99", "max", "goal_ms")
    lines = [f"{'cpu ms':10}" + "".join(f"{head:>9}" for head in heads)]
    lines += [
        f"{row['case']:10}" + "".join(f"{row[head]:>9.2f}" for head in heads)
        for row in results["codes"]
    ]
    return "\n".join([*lines, f"one process; load average {results['load_averages']}"])
