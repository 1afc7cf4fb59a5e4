"""The gateways that are set up, put together from the settings once."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from border.payments.evidence import Gateway, GatewayQuery, GatewayRefund
from border.payments.gateways.portal_client import PortalClient
from border.payments.gateways.portal_message import HashMode
from border.payments.gateways.vietqr import VietQr
from border.payments.gateways.vnpay import Vnpay
from border.payments.gateways.vnpay_query import VnpayQuery
from border.payments.gateways.vnpay_refund import VnpayRefund
from border.settings import Settings


@dataclass(frozen=True)
class Gateways:
    """Each gateway by its name, how those that can be asked are asked, and who gives back."""

    by_code: Mapping[str, Gateway]
    queries: tuple[GatewayQuery, ...]
    refunders: Mapping[str, GatewayRefund]


def gateways_of(settings: Settings, client: httpx.AsyncClient) -> Gateways:
    """Return the gateways whose secrets are set; `client` carries the questions.

    VNPAY is always there: without its secret the program is not set up at all.
    """
    vnpay = Vnpay(
        terminal=settings.vnpay_terminal,
        secret=settings.vnpay_secret.get_secret_value(),
        pay_url=settings.vnpay_url,
        old_secret=settings.vnpay_old_secret.get_secret_value(),
    )
    by_code: dict[str, Gateway] = {vnpay.code: vnpay}
    queries: list[GatewayQuery] = [VnpayQuery(vnpay, settings.vnpay_api_url, client)]
    if secret := settings.vietqr_secret.get_secret_value():
        vietqr = VietQr(
            bin=settings.vietqr_bin,
            account=settings.vietqr_account,
            account_name=settings.vietqr_account_name,
            secret=secret,
            old_secret=settings.vietqr_old_secret.get_secret_value(),
        )
        by_code[vietqr.code] = vietqr
    if (secret := settings.portal_secret.get_secret_value()) and settings.portal_url:
        portal = PortalClient(
            partner=settings.portal_partner,
            secret=secret,
            init_url=settings.portal_url,
            bill_url=settings.portal_bill_url,
            old_secret=settings.portal_old_secret.get_secret_value(),
            hash_mode=HashMode(settings.portal_hash),
            failed_codes=frozenset(settings.portal_failed_codes.split()),
            pay_hosts=frozenset(settings.portal_pay_hosts.split()),
            # The published fields name no way back for the browser; the sandbox takes one.
            return_path="/api/v1/payments/portal/return" if settings.sandbox_url else "",
            client=client,
        )
        by_code[portal.code] = portal
        queries.append(portal)
    refunds = VnpayRefund(vnpay, settings.vnpay_api_url, client)
    return Gateways(by_code, tuple(queries), {refunds.code: refunds})
