"""Figures of a run: percentiles and medians. No measuring, no printing."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest of `values` that at least `share` (0 to 1) of them do not exceed."""
    if not values:
        raise ValueError("no values, no percentile")
    ordered = sorted(values)
    place = max(0, -(-round(share * 1_000_000) * len(ordered) // 1_000_000) - 1)
    return ordered[place]


@dataclass(frozen=True)
class MeasuredRun:
    """One measured run: how long it took, each answer's latency, and what was wrong with it."""

    seconds: float
    latencies_ms: tuple[float, ...]
    wrong: tuple[str, ...] = ()
    cpu_seconds: float = 0.0
    """Processor time of the server's process meanwhile, where it was measured."""
    load_seconds: float = 0.0
    """Processor time of whoever asked meanwhile: it comes from the same cores."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies_ms) / self.seconds


def spread(taken_ms: Sequence[float]) -> dict[str, float]:
    """Return the percentiles of times."""
    return {
        f"p{round(100 * share)}_ms": round(percentile(taken_ms, share), 2)
        for share in (0.50, 0.95, 0.99)
    }


def summary(runs: Sequence[MeasuredRun]) -> dict[str, Any]:
    """Return the median rate of the rounds and the percentiles of all their answers."""
    pooled = [latency for run in runs for latency in run.latencies_ms]
    told: dict[str, Any] = {
        "rate": round(median(run.rate for run in runs), 1),
        "rates": [round(run.rate, 1) for run in runs],
        "answers": len(pooled),
        **spread(pooled),
    }
    if used := sum(run.cpu_seconds for run in runs):
        told["cpu_ms"] = round(1000 * used / len(pooled), 3)
    return told
