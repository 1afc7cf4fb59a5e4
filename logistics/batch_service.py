"""A batch: the scans that a device which was offline brings, in its own order."""

import asyncio
from collections.abc import Hashable, Sequence
from typing import Any

from border.core.actor import Actor
from border.core.coalescer import Coalescer
from border.core.refusal import OVERLOADED, Refusal
from logistics.scan_request import ScanRequest, named_slip


async def bring(
    line: Coalescer[ScanRequest, dict[str, Any]], actor: Actor, requests: Sequence[ScanRequest]
) -> list[dict[str, Any] | Refusal]:
    """Take scans together as far as their order allows; return the answer of each, in that order.

    Those of one slip, and those under one number of a device, follow each other.
    refuses: overloaded; what any of them is refused stands in its place.
    """
    answers: dict[int, dict[str, Any] | Refusal] = {}
    for places in _rounds(requests):
        asked = (line.ask(actor, requests[place]) for place in places)
        for place, answer in zip(
            places, await asyncio.gather(*asked, return_exceptions=True), strict=True
        ):
            if isinstance(answer, Refusal) and answer.kind is not OVERLOADED:
                answers[place] = answer
            elif isinstance(answer, BaseException):
                raise answer
            else:
                answers[place] = answer
    return [answers[place] for place in range(len(requests))]


def _rounds(requests: Sequence[ScanRequest]) -> list[list[int]]:
    """Return the places of scans by the round in which their turn comes."""
    rounds: list[list[int]] = []
    turns: dict[Hashable, int] = {}
    for place, request in enumerate(requests):
        own: list[Hashable] = [named_slip(request.code) or request.code]
        own.append((request.device, request.scan_id))
        turn = max(turns.get(name, 0) for name in own)
        turns.update(dict.fromkeys(own, turn + 1))
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(place)
    return rounds
