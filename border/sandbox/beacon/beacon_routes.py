"""The beacons' door: what was said in a round, once the round is there.

A round is signed with the beacon's own secret, so that nobody can count it out beforehand; its
value is the SHA-256 of the signature, as drand has it.
"""

import hmac
from hashlib import sha256

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from border.core.kept_secret import kept_secret
from border.sandbox.desk import Desk

_CHAINS = {"a": (1692803367, 3), "b": (1595431050, 30)}
"""When the first round of each was, in seconds since 1970, and how often one comes."""


@get("/beacon/{chain:str}/public/{number:int}")
async def tell_round(
    chain: FromPath[str], number: FromPath[int], desk: NamedDependency[Desk]
) -> Response[dict[str, str | int]]:
    """Return what a beacon said in a round; 425 before it is there."""
    if chain not in _CHAINS or number < 1:
        return Response({"error": "no such round"}, status_code=404)
    genesis, period = _CHAINS[chain]
    if desk.clock.now().timestamp() < genesis + (number - 1) * period:
        return Response({"error": "too early"}, status_code=425)
    secret = kept_secret(desk.config.state_file.parent, "beacon")
    signature = hmac.new(secret, f"{chain} {number}".encode(), sha256).digest()
    return Response(
        {
            "round": number,
            "randomness": sha256(signature).hexdigest(),
            "signature": signature.hex(),
        }
    )
