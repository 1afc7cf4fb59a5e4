"""What a gateway is to the rest of the program: one value that says all that differs.

A new gateway is a folder beside this file with an `adapter` that exports its `GatewayKind`, and a
row in `border.settings.Settings`. Nobody else keeps a list of gateways: who needs one reads
`registry.GATEWAY_KINDS`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from border.payments.gateways.evidence import Gateway, GatewayQuery, GatewayRefund, RefundMethod


@dataclass(frozen=True)
class Payee:
    """Our own account, where payers send the money there themselves."""

    bank: str
    account: str
    account_name: str


class GatewaySettings(BaseModel):
    """What an operator sets for one gateway, `BORDER_<CODE>_<NAME>`; without a secret it is off."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    secret: SecretStr = Field(
        default=SecretStr(""), description="Secret shared with it; without it it is not offered."
    )
    old_secret: SecretStr = Field(
        default=SecretStr(""), description="The secret before, accepted during a rotation."
    )

    @property
    def ready(self) -> bool:
        """True if enough is set to offer it."""
        return bool(self.secret.get_secret_value())

    @property
    def pay_page(self) -> str:
        """The address its pages for payers are at; "" if it has none."""
        return ""

    @property
    def payee(self) -> Payee | None:
        """Our account, where the payer scans a code or types the transfer; None elsewhere."""
        return None


S = TypeVar("S", bound=GatewaySettings)


@dataclass(frozen=True)
class Surroundings:
    """What an adapter is given: the client it calls out with, and whether a sandbox answers."""

    client: httpx.AsyncClient
    sandboxed: bool


@dataclass(frozen=True)
class Connected:
    """A gateway that is set up; `query` and `refund` where it can be asked and gives back."""

    gateway: Gateway
    query: GatewayQuery | None = None
    refund: GatewayRefund | None = None


@dataclass(frozen=True)
class NoticeAddress:
    """Where the gateway tells us, below `/payments/<code>/`: by GET in the query, else the body."""

    path: str
    method: Literal["GET", "POST"]
    about: str


@dataclass(frozen=True)
class ReturnAddress:
    """Where it sends the payer back: with a signed query, or with our reference as `ref`."""

    signed: bool
    about: str


@dataclass(frozen=True)
class SandboxPart(Generic[S]):
    """How the demonstration plays it: what the sandbox is told, and what is set once it runs.

    `arguments` are made from the row and from where our notices are taken; `settings` from the
    sandbox's address. The secret is made for both sides.
    """

    arguments: Callable[[S, str], Sequence[str]]
    settings: Callable[[str], Mapping[str, Any]]


@dataclass(frozen=True)
class GatewayKind(Generic[S]):
    """One gateway: its names, its settings, how it is connected, and what it can do.

    `name` is for operators, `label` for the zone's pages, `pay_label` for the button that pays
    `amount`, `receipt_name` for the paper. `own_account`: the money comes to our account at once,
    so that the bank's statement is its statement too. `memo_signs` are how it is named in the
    memo of the bank's line, where it pays out in one sum. The service does not serve without one
    that is `required`.
    """

    code: str
    name: str
    label: str
    pay_label: str
    receipt_name: str
    settings: type[S]
    connect: Callable[[S, Surroundings], Connected]
    refund_method: RefundMethod
    notice: NoticeAddress
    comes_back: ReturnAddress | None = None
    memo_signs: tuple[str, ...] = ()
    own_account: bool = False
    required: bool = False
    sandbox: SandboxPart[S] | None = None


def kinds_of(settings: type[BaseModel]) -> dict[str, GatewayKind[Any]]:
    """Return the gateways that a class of settings has rows for, by name, in its order.

    raises: ValueError, if a row is not called as its gateway is.
    """
    found = {
        name: kind
        for name, field in settings.model_fields.items()
        for kind in field.metadata
        if isinstance(kind, GatewayKind)
    }
    for name, kind in found.items():
        if name != kind.code:
            raise ValueError(f"the row {name} is about the gateway {kind.code}")
    return found
