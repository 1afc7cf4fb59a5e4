"""What is sent to open a payment."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class PaymentOrder(BaseModel):
    """Which charges to pay, and how."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    charge_ids: list[UUID] = Field(min_length=1, max_length=50)
    gateway: str = Field(max_length=16, examples=["vnpay", "desk"])
