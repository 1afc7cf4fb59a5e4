"""What is sent to open a payment."""

from uuid import UUID

from pydantic import Field

from border.core.request_body import RequestBody
from border.payments.gateways.evidence import COUNTER
from border.payments.gateways.registry import GATEWAY_KINDS


class PaymentOrder(RequestBody):
    """Which charges to pay, and how."""

    charge_ids: list[UUID] = Field(min_length=1, max_length=50)
    gateway: str = Field(max_length=16, examples=[next(iter(GATEWAY_KINDS)), COUNTER])
