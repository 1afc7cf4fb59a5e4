"""The ranker: boosted trees that learned from inspections, and why they rank as they do.

It orders and proposes, and decides nothing. A code or firm it never saw is one it knows nothing
of, and is told so. What it learned is bytes that every process can read; reading them runs nothing.
"""

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from statistics import median

import lightgbm as lgb
import msgspec
import numpy as np
from numpy.typing import NDArray

from border.core.words import N_
from customs.risk.case import CODES, COLUMNS, GOODS, MASS, NUMBERS, PRICE, Case
from customs.risk.measures import BINS, calibration_error, drift, worth_of
from customs.risk.rank import (
    AGAINST,
    FOUND_OF_SEEN,
    NEVER_SEEN,
    NUMBER,
    UNKNOWN,
    Judged,
    Learned,
    Rank,
    RankReason,
    TooFewCases,
)

KEPT_BACK = 0.2
"""The part, the latest, that is kept back to see what the ranking is worth."""
REASONS = 3
FIRST_TENTH = 0.9
_PER_KG = "Price per kilogram"
_AGAINST_USUAL = "Price per kilogram against the usual"
_ROUNDS = 150
_SETTINGS = {
    "objective": "binary",
    # Findings are pairs and triples of codes, seldom repeated: large trees tell them apart.
    "num_leaves": 511,
    "learning_rate": 0.08,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    # A code that was seen five times says little, whatever was found in those five.
    "cat_smooth": 30,
    "cat_l2": 30,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 7,
    "verbosity": -1,
}
_NAMES = (*CODES, *NUMBERS, _PER_KG, _AGAINST_USUAL)
_SAYS = {column.name: column.says for column in COLUMNS} | {
    _PER_KG: N_("Value per kilogram"),
    _AGAINST_USUAL: N_("Value per kilogram"),
}
Matrix = NDArray[np.float64]


class SeenCode(msgspec.Struct):
    """A code as it was seen: which it is, how often it was inspected and with a finding."""

    place: int
    seen: int
    found: int


class Memory(msgspec.Struct):
    """All that a ranker is. `curve` turns scores into chances, `shares` tell how cases looked."""

    trees: str
    codes: dict[str, dict[str, SeenCode]]
    usual: dict[str, float]
    curve: list[tuple[float, float]]
    edges: dict[str, list[float]]
    shares: dict[str, dict[str, float]]


class Ranker:
    """Ranks cases by what is in its memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._trees = lgb.Booster(model_str=memory.trees)

    def chances(self, cases: Sequence[Case]) -> list[float]:
        """Return for each case the chance that something is found."""
        return self._calibrated(self._scores(cases)) if cases else []

    def explained(self, cases: Sequence[Case]) -> list[Rank]:
        """Return for each case its chance with what raises it."""
        if not cases:
            return []
        rows = _matrix(cases, self._memory)
        parts = np.asarray(self._trees.predict(rows, pred_contrib=True))
        return [
            Rank(chance, self._reasons(case, row, weights[: len(_NAMES)]))
            for case, row, weights, chance in zip(
                cases, rows, parts, self.chances(cases), strict=True
            )
        ]

    def judged(self, cases: Sequence[Case]) -> Judged:
        """Return what the ranking is worth on inspected cases, and how far they moved away."""
        found = [bool(case.found) for case in cases]
        scores = self._scores(cases)
        error = calibration_error(found, self._calibrated(scores))
        # By the scores: the curve has steps, and would call different cases equal.
        return Judged(len(cases), sum(found), worth_of(found, scores), error, self.drift(cases))

    def drift(self, cases: Sequence[Case]) -> dict[str, float]:
        """Return for each column how far it moved since it was learned from."""
        now = _shares(_matrix(cases, self._memory), self._memory)
        return {name: drift(self._memory.shares[name], now[name]) for name in _NAMES}

    def _scores(self, cases: Sequence[Case]) -> list[float]:
        found = self._trees.predict(_matrix(cases, self._memory))
        return [float(score) for score in np.asarray(found)]

    def _calibrated(self, scores: Sequence[float]) -> list[float]:
        at, chances = zip(*self._memory.curve, strict=True)
        return [float(chance) for chance in np.interp(scores, at, chances)]

    def _reasons(self, case: Case, row: Matrix, weights: Matrix) -> tuple[RankReason, ...]:
        told, reasons = set[str](), list[RankReason]()
        for place in np.argsort(-weights, kind="stable"):
            name = _NAMES[place]
            if weights[place] <= 0 or len(reasons) == REASONS:
                break
            if _SAYS[name] not in told:
                told.add(_SAYS[name])
                reasons.append(self._reason(name, case, float(row[place])))
        return tuple(reasons)

    def _reason(self, name: str, case: Case, number: float) -> RankReason:
        facts = {"column": _SAYS[name], "value": case.values.get(name, "")}
        if name in CODES and facts["value"]:
            known = self._memory.codes[name].get(facts["value"])
            if known is None:
                return RankReason(NEVER_SEEN, facts)
            return RankReason(
                FOUND_OF_SEEN, {**facts, "found": str(known.found), "seen": str(known.seen)}
            )
        if np.isnan(number):
            return RankReason(UNKNOWN, facts)
        if name in (_PER_KG, _AGAINST_USUAL):
            facts["value"] = f"{_per_kg(case) or 0:.4g}"
            usual = self._memory.usual.get(case.values.get(GOODS, ""))
            if usual is not None:
                facts |= {"usual": f"{usual:.4g}", "code": case.values[GOODS]}
                return RankReason(AGAINST, facts)
        return RankReason(NUMBER, facts)


@lru_cache(maxsize=2)
def ranker_of(content: bytes) -> Ranker:
    """Return the ranker that was kept as bytes; one that is asked for again is there already."""
    return Ranker(msgspec.json.decode(zlib.decompress(content), type=Memory))


def learn(cases: Sequence[Case]) -> Learned:
    """Return a ranker that learned from all cases, and what one of the earlier was worth later.

    The latest fifth is kept back, judged by what was learned from the rest, and then learned from
    as well. raises: TooFewCases.
    """
    order = sorted(cases, key=lambda case: case.day)
    found = sum(bool(case.found) for case in order)
    if TooFewCases.are(len(order), found):
        raise TooFewCases(len(order), found)
    cut = round(len(order) * (1 - KEPT_BACK))
    earlier, later = order[:cut], order[cut:]
    first = _memory_of(earlier)
    # Every second of what was kept back makes the curve; the others say whether it holds.
    halved = Ranker(_curved(first, later[::2]))
    judged = replace(
        halved.judged(later), calibration_error=halved.judged(later[1::2]).calibration_error
    )
    curved = _curved(first, later)
    high = float(np.quantile(Ranker(curved).chances(later), FIRST_TENTH))
    whole = msgspec.structs.replace(_memory_of(order), curve=curved.curve)
    return Learned(zlib.compress(msgspec.json.encode(whole), 6), judged, high)


def _curved(memory: Memory, cases: Sequence[Case]) -> Memory:
    """Return a memory whose scores become chances by what was found in `cases`."""
    return msgspec.structs.replace(memory, curve=_curve(Ranker(memory), cases))


def _memory_of(cases: Sequence[Case]) -> Memory:
    memory = Memory("", _codes(cases), _usual(cases), [(0.0, 0.0), (1.0, 1.0)], {}, {})
    rows = _matrix(cases, memory)
    for place, name in enumerate(_NAMES):
        if name not in CODES:
            known = rows[~np.isnan(rows[:, place]), place]
            cuts = np.quantile(known, np.arange(1, BINS) / BINS) if len(known) else []
            memory.edges[name] = sorted({float(cut) for cut in cuts})
    memory.shares = _shares(rows, memory)
    data = lgb.Dataset(
        rows,
        np.array([bool(case.found) for case in cases], dtype=float),
        feature_name=[f"c{place}" for place in range(len(_NAMES))],
        categorical_feature=list(range(len(CODES))),
        free_raw_data=True,
    )
    memory.trees = lgb.train(_SETTINGS, data, _ROUNDS).model_to_string()
    return memory


def _codes(cases: Sequence[Case]) -> dict[str, dict[str, SeenCode]]:
    """Return each code that was seen, the frequent ones first."""
    codes = dict[str, dict[str, SeenCode]]()
    for name in CODES:
        seen = Counter(case.values[name] for case in cases if name in case.values)
        found = Counter(c.values[name] for c in cases if name in c.values and c.found)
        ordered = sorted(seen.items(), key=lambda one: (-one[1], one[0]))
        codes[name] = {c: SeenCode(place, n, found[c]) for place, (c, n) in enumerate(ordered)}
    return codes


def _usual(cases: Sequence[Case]) -> dict[str, float]:
    """Return the usual price per kilogram of each commodity code and each of its chapters."""
    prices = dict[str, list[float]]()
    for case in cases:
        price, code = _per_kg(case), case.values.get(GOODS)
        if price is not None and code:
            prices.setdefault(code, []).append(price)
            prices.setdefault(code[:2], []).append(price)
    return {code: median(each) for code, each in prices.items()}


def _per_kg(case: Case) -> float | None:
    price, mass = case.number(PRICE), case.number(MASS)
    return price / mass if price is not None and mass else None


def _matrix(cases: Sequence[Case], memory: Memory) -> Matrix:
    """Return a row for each case in the order of `_NAMES`; what is unknown is not a number."""
    rows = np.full((len(cases), len(_NAMES)), np.nan)
    for row, case in zip(rows, cases, strict=True):
        for place, name in enumerate(CODES):
            known = memory.codes[name].get(case.values.get(name, ""))
            if known is not None:
                row[place] = known.place
        for place, name in enumerate(NUMBERS, len(CODES)):
            number = case.number(name)
            if number is not None:
                row[place] = number
        price, code = _per_kg(case), case.values.get(GOODS, "")
        if price is not None:
            row[-2] = np.log1p(max(price, 0.0))
            usual = memory.usual.get(code, memory.usual.get(code[:2]))
            if usual is not None:
                row[-1] = row[-2] - np.log1p(max(usual, 0.0))
    return rows


def _shares(rows: Matrix, memory: Memory) -> dict[str, dict[str, float]]:
    """Return for each column which part of the rows lies where: by tenths, or by rank of a code."""
    shares = dict[str, dict[str, float]]()
    for place, name in enumerate(_NAMES):
        column = rows[:, place]
        known = column[~np.isnan(column)]
        edges = [2.0**n for n in range(14)] if name in CODES else memory.edges[name]
        bins = Counter(str(each) for each in np.searchsorted(edges, known, side="right"))
        bins["unknown"] = len(column) - len(known)
        shares[name] = {each: count / max(1, len(column)) for each, count in bins.items() if count}
    return shares


def _curve(ranker: Ranker, cases: Sequence[Case]) -> list[tuple[float, float]]:
    """Return how scores become chances: never falling, as near to what was found as can be."""
    scores = np.array(ranker._scores(cases))
    found = np.array([bool(case.found) for case in cases], dtype=float)
    order = np.argsort(scores, kind="stable")
    chances = _never_falling(found[order])
    corners = {0: None, len(order) - 1: None}
    for place in range(1, len(order)):
        if chances[place] != chances[place - 1]:
            corners |= {place - 1: None, place: None}
    return [(float(scores[order[p]]), float(chances[p])) for p in sorted(corners)]


def _never_falling(values: Matrix) -> Matrix:
    """Return the never falling row nearest to `values`: neighbours that fall share their mean."""
    sums, counts = list[float](), list[int]()
    for value in values:
        sums.append(float(value))
        counts.append(1)
        while len(sums) > 1 and sums[-2] * counts[-1] >= sums[-1] * counts[-2]:
            total, count = sums.pop(), counts.pop()
            sums[-1] += total
            counts[-1] += count
    return np.repeat([s / c for s, c in zip(sums, counts, strict=True)], counts)
