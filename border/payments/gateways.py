"""The gateways that are set up, put together from the settings once."""

from dataclasses import dataclass
from functools import cached_property

import httpx

from border.payments.evidence import Gateway, GatewayQuery
from border.payments.vnpay import Vnpay
from border.payments.vnpay_query import VnpayQuery
from border.settings import Settings


@dataclass(frozen=True)
class Gateways:
    """Each gateway, and how it is asked."""

    vnpay: Vnpay
    vnpay_query: VnpayQuery

    @cached_property
    def by_code(self) -> dict[str, Gateway]:
        """The gateways by the name under which a payment asks for them."""
        return {self.vnpay.code: self.vnpay}

    @property
    def queries(self) -> tuple[GatewayQuery, ...]:
        """How each gateway that can be asked is asked."""
        return (self.vnpay_query,)


def gateways_of(settings: Settings, client: httpx.AsyncClient) -> Gateways:
    """Return the gateways the settings describe; `client` carries the questions."""
    vnpay = Vnpay(
        terminal=settings.vnpay_terminal,
        secret=settings.vnpay_secret.get_secret_value(),
        pay_url=settings.vnpay_url,
        old_secret=settings.vnpay_old_secret.get_secret_value(),
    )
    return Gateways(vnpay, VnpayQuery(vnpay, settings.vnpay_api_url, client))
