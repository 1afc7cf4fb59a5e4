"""Every gateway there is, and those that are set up, put together from the settings once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from border.payments.gateways.evidence import Gateway, GatewayQuery, GatewayRefund
from border.payments.gateways.kind import GatewayKind, Payee, Surroundings, kinds_of
from border.settings import Settings

GATEWAY_KINDS: Mapping[str, GatewayKind[Any]] = kinds_of(Settings)
"""The gateways by name, those set up or not, as they stand in the settings; the first is offered
first."""


@dataclass(frozen=True)
class Gateways:
    """Each gateway by its name, how those that can be asked are asked, and who gives back."""

    by_code: Mapping[str, Gateway]
    queries: tuple[GatewayQuery, ...]
    refunders: Mapping[str, GatewayRefund]

    @property
    def kinds(self) -> list[GatewayKind[Any]]:
        """What is set up, as payers are offered it."""
        return [GATEWAY_KINDS[code] for code in self.by_code]


def gateways_of(settings: Settings, client: httpx.AsyncClient) -> Gateways:
    """Return the gateways for which enough is set; `client` carries the questions."""
    around = Surroundings(client, sandboxed=bool(settings.sandbox_url))
    connected = [
        kind.connect(row, around)
        for code, kind in GATEWAY_KINDS.items()
        if (row := settings.gateways[code]).ready
    ]
    return Gateways(
        {one.gateway.code: one.gateway for one in connected},
        tuple(one.query for one in connected if one.query),
        {one.refund.code: one.refund for one in connected if one.refund},
    )


def payees_of(settings: Settings) -> dict[str, Payee]:
    """Return our accounts, by the gateway that collects on them."""
    found = {code: row.payee for code, row in settings.gateways.items()}
    return {code: payee for code, payee in found.items() if payee}
