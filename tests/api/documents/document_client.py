"""Clients that know the OpenAPI document and nothing else of the program.

What they send is made up from it, and the same at every run; what is answered is held against it.
A `Listener` also knows what it was answered, and sends that on. Made up, an identifier names
nothing and a move ends at 404. So it keeps the records that answers tell of, under the word that
comes before them in an address, and the moves that each person is told are open. It sends the
document's own examples, in which it puts identifiers in and changes what is used once; and
now and then what is made up, to a record that is there.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ENDLESS = {"stream_events"}
SENDS_HEADERS = 0.1
"""How often a made-up key or version goes along: most would be used already, or stale."""
EXAMPLES = 3
"""Of each kind, well formed and not, for each operation."""


def cases(operation: Any, mode: GenerationMode) -> list[Case]:
    """Return some requests to an operation; the same ones at every run."""
    found: list[Case] = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def find(case: Case) -> None:
        found.append(case)

    # To what takes nothing nothing wrong can be sent.
    with suppress(Unsatisfiable):
        find()
    return found


def made_up(document: dict[str, Any]) -> dict[str, list[Case]]:
    """Return requests to every operation of a document that ends, by the operation's label."""
    schema = schemathesis.openapi.from_dict(document)
    operations = [found.ok() for found in schema.get_all_operations()]
    return {
        operation.label: [
            case
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
            for case in cases(operation, mode)
        ]
        for operation in operations
        if operation.definition.raw["operationId"] not in ENDLESS
    }


async def sent(client: httpx.AsyncClient, case: Case) -> httpx.Response:
    """Send a request as the document's client wrote it."""
    written = requests.Request(**case.as_transport_kwargs(base_url="http://gate.test")).prepare()
    headers = {name: str(value) for name, value in written.headers.items()}
    body = written.body.encode() if isinstance(written.body, str) else written.body
    return await client.request(
        str(written.method), str(written.url), headers=headers, content=body
    )


KEPT = 24
"""How many records of a noun are remembered, the latest heard last."""
ONCE = {"customs_number", "plate", "scan_id"}
"""Names of what is used once; its last four figures count."""
NAMED = ("id", "reference", "code", "agency", "kind")
"""By what a record is told from others of its noun, the first that it has."""
ENDINGS = ("cancel", "late_cancel", "decline", "reject", "return", "withdraw", "waive")
"""What ends a record: tried one time in ten, so that others go on."""
TRIED = 0
"""Beside the statuses an operation answered somebody with: how often they tried."""
ENDS = {"POST /api/v1/login", "POST /api/v1/logout"}
"""What would end a client's own session, or begin another."""
_PARAMETER = re.compile(r"\{(\w+)\}")
_REFERENCE = re.compile(r"[A-Z]{3}-\w{5}-\w{5}")

Record = dict[str, Any]


def _waiting(records: list[Record]) -> list[Record]:
    """Return the records that wait for somebody, or all if none says that it does."""
    return [one for one in records if one.get("state") in ("owed", "pending")] or records


@dataclass(frozen=True)
class Step:
    """A request of somebody's, and what it was meant as: `read`, `create`, `move`, `anything`."""

    kind: str
    label: str
    case: Case


@dataclass
class Listener:
    """What was heard so far, and what is sent next."""

    made: dict[str, list[Case]]
    now: Callable[[], str]
    draw: Random
    records: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    told: dict[str, dict[str, list[Record]]] = field(default_factory=lambda: defaultdict(dict))
    references: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    came_of: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    moving: dict[str, None] = field(default_factory=dict)
    number: int = 0
    nouns: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Learn from the addresses which words are followed by one of them."""
        self.nouns = {
            before: None
            for label in self.made
            for before, after in pairwise(label.split("/"))
            if _PARAMETER.fullmatch(after.partition(".")[0]) and not _PARAMETER.match(before)
        }

    # What it hears

    def hears(self, who: str, label: str, told: Any) -> None:
        """Keep the records of an answer, and which moves the person was told are open."""
        words = label.split("/")
        self._hears(who, told, next((word for word in reversed(words) if word in self.nouns), ""))

    def _hears(self, who: str, told: Any, noun: str) -> None:
        for one in told if isinstance(told, list) else ():
            self._hears(who, one, noun)
        if not isinstance(told, dict):
            return
        name = next((str(told[key]) for key in NAMED if told.get(key)), None)
        if noun and name is not None:
            known = (n for n, kept in self.records.items() if any(r["="] == name for r in kept))
            noun = next(known, noun)
            kept = [one for one in self.records[noun] if one["="] != name]
            self.records[noun] = [*kept, {**told, "=": name}][-KEPT:]
            if "moves" in told:
                self.told[who][name] = [
                    move | {"version": told["version"]} for move in told["moves"]
                ]
        if isinstance(reference := told.get("reference"), str):
            self.references[reference[:3]].append(reference)
        for key, value in told.items():
            inner = next((noun for noun in (key, f"{key}s") if noun in self.nouns), "")
            if key == "rules":
                continue  # of a tariff its lines, and no sets of rules
            self._hears(who, value, noun if key == "items" else inner)

    # What it sends

    def _one_of(self, known: list[Any]) -> Any:
        """Return one of what is known, the latest likelier."""
        return known[max(self.draw.randrange(len(known)) for _ in range(3))]

    def _address(self, label: str, instead: dict[str, Any]) -> dict[str, Any]:
        """Return parameters for an address: for each noun in it those of one record heard of."""
        wanted: dict[str, list[str]] = defaultdict(list)
        noun = ""
        for word in label.split("/"):
            if found := _PARAMETER.match(word):
                wanted[noun].append(found[1])
            else:
                noun = word
        given = dict(instead)
        for noun, names in wanted.items():
            known = [
                said
                for record in _waiting(self.records[noun])
                if None not in (said := {name: self._said(record, name) for name in names}).values()
            ]
            if known:
                given |= self._one_of(known)
        return given

    def _said(self, record: Record, parameter: str) -> Any:
        if parameter == "verb":
            moves = record.get("moves") or [{"verb": "cancel"}]
            return self.draw.choice(moves)["verb"]
        return record.get("id" if parameter.endswith("_id") else parameter)

    def _body(self, shown: Any, name: str = "") -> Any:
        """Return a body with what was heard put in, and what is used once changed."""
        if isinstance(shown, dict):
            return {key: self._body(value, key) for key, value in shown.items()}
        if isinstance(shown, list):
            known = self.records[name.removesuffix("_ids") + "s"] if name.endswith("_ids") else []
            if known:
                one = self._one_of(_waiting(known))
                known.remove(one)
                known.insert(0, one)  # the next time it is another's turn
                return [one["id"]]
            return [self._body(one, name) for one in shown]
        if not isinstance(shown, str):
            return shown
        if name == "scanned_at":
            return self.now()
        if _REFERENCE.fullmatch(shown) and self.references[shown[:3]]:
            return self._one_of(self.references[shown[:3]])
        if name in ONCE or re.fullmatch(r"[a-z]+-\d{4}", shown):
            return re.sub(r"\d{4}$", f"{self.number:04d}", shown)
        return shown

    def _query(self, case: Case) -> dict[str, Any]:
        """Return what a list is asked, each thing half the time, with words heard of."""
        heard = {
            name: [one[name] for kept in self.records.values() for one in kept if one.get(name)]
            for name in case.query or {}
        }
        return {
            name: self._one_of(heard[name]) if heard[name] else given
            for name, given in (case.query or {}).items()
            if heard[name] or self.draw.random() < 0.2
        }

    def _case(self, label: str, address: dict[str, Any], *, example: bool, version: Any) -> Case:
        """Return a request to an operation, its body an example's if there is one."""
        case = self.draw.choice(self.made[label])
        shown = self._shown(case) if example else {}
        body, media = case.body, case.media_type
        if shown:
            fitting = [name for name in shown if name in address.values()] or list(shown)
            body, media = shown[self.draw.choice(fitting)]["value"], "application/json"
        sent = not example and self.draw.random() < SENDS_HEADERS
        headers = dict(case.headers or {}) if sent else {}
        if version is not None and self.draw.random() < 0.5:
            headers["If-Match"] = f'"{version}"'
        return case.operation.Case(
            path_parameters=address,
            query=self._query(case),
            headers=headers,
            body=self._body(body) if isinstance(body, dict) else body,
            media_type=media,
        )

    def _least(self, who: str, labels: list[str]) -> str:
        """Return an operation, likelier one seldom tried, and hardly one closed to somebody."""
        known = [label for label in labels if self._knows(label)]
        weights = []
        for label in known:
            tries, closed = self.came_of[who, label, TRIED], self.came_of[who, label, 403]
            weight = 1 / (1 + tries / 2) / (1 + 20 * closed)
            weights.append(weight / 10 if label.rpartition("/")[2] in ENDINGS else weight)
        return self.draw.choices(known, weights)[0]

    def _creates(self, label: str) -> bool:
        """Say whether an operation is shown with an example, and is no move of a record."""
        named = label in self.moving or label.endswith("{verb}")
        return not named and bool(self._shown(self.made[label][0]))

    @staticmethod
    def _shown(case: Case) -> dict[str, Any]:
        content = case.operation.definition.raw.get("requestBody", {}).get("content", {})
        shown: dict[str, Any] = content.get("application/json", {}).get("examples", {})
        return shown

    def _knows(self, label: str) -> bool:
        """Say whether a record was heard of for every noun in an address and in its examples."""
        nouns = [word for word in label.split("/") if word in self.nouns][: label.count("{")]
        shown = next(iter(self._shown(self.made[label][0]).values()), {"value": {}})["value"]
        nouns += [f"{name.removesuffix('_ids')}s" for name in shown if name.endswith("_ids")]
        return all(self.records[noun] for noun in nouns)

    def next(self, who: str, kind: str) -> Step:
        """Return what somebody sends next."""
        self.number += 1
        reads = [label for label in self.made if label.startswith("GET")]
        writes = [label for label in self.made if label not in ENDS and label not in reads]
        if kind == "move" and (move := self._move(who)):
            label, address, version = move
            return Step(kind, label, self._case(label, address, example=True, version=version))
        if kind == "read":
            label = self._least(who, reads)
        elif kind == "anything":
            label = self.draw.choice(writes)
        else:
            kind = "create"
            label = self._least(who, [label for label in writes if self._creates(label)])
        address = self._address(label, dict(self.made[label][0].path_parameters or {}))
        case = self._case(label, address, example=kind != "anything", version=None)
        return Step(kind, label, case)

    def _move(self, who: str) -> tuple[str, dict[str, str], int] | None:
        """Return a move somebody was told is open: operation, parameters, version; or none."""
        told = [move for moves in self.told[who].values() for move in moves]
        found = [(*self.operation("POST", move["href"]), move["version"]) for move in told]
        self.moving |= {label: None for label, _, _ in found}
        weights = [0.1 if move["verb"] in ENDINGS else 1 for move in told]
        return self.draw.choices([*found, None], [*weights, 2])[0]

    def operation(self, method: str, address: str) -> tuple[str, dict[str, str]]:
        """Return the operation of an address, the most literal, and what it gives for parameters.

        Raises LookupError if the document has none.
        """
        for label in sorted(self.made, key=lambda label: label.count("{")):
            pattern = _PARAMETER.sub(r"(?P<\1>[^/]+)", label.partition(" ")[2])
            found = re.fullmatch(pattern, address) if label.startswith(method) else None
            if found:
                return label, found.groupdict()
        raise LookupError(f"the document has no {method} {address}, which an answer names")
