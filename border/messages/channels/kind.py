"""What a channel is to the rest of the program: one value that says all that differs.

A new channel is a folder beside this file whose `channel` exports its `ChannelKind`, and a row in
`border.settings.Settings`; nobody else keeps a list.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from border.core.clock import Clock
from border.core.kept_secret import kept_secret
from border.paper.words import Locale


@dataclass(frozen=True)
class Post:
    """A message as a channel is given it: to whom, and what it says.

    `reference` is the same each time the message is tried, so that a channel that knows it already
    sends it once. `facts` are what the text names, written out; `templates` under which number each
    channel has approved the text.
    """

    reference: str
    address: str
    locale: Locale
    title: str
    text: str
    facts: Mapping[str, str]
    templates: Mapping[str, str]


@dataclass(frozen=True)
class Carried:
    """The channel has taken the message; `provider_id` is how it calls it."""

    provider_id: str | None = None


@dataclass(frozen=True)
class NotNow:
    """The channel may take it later: it is away, or wants less at once."""

    why: str
    answer: str = ""
    wait: timedelta | None = None


@dataclass(frozen=True)
class Never:
    """The channel will not take it. `address_dead`: nothing will reach the address any more."""

    why: str
    answer: str = ""
    address_dead: bool = False


Word: TypeAlias = Carried | NotNow | Never
"""What a channel said of a message.

`why` is a sentence to translate, which may name the `answer`: a code, never an address, a name or a
text, for it is logged.
"""


class MessageChannel(Protocol):
    """A channel that is set up."""

    code: str

    async def send(self, post: Post) -> Word:
        """Hand a message over, within a bounded time; raises nothing that it can foresee."""
        ...


class ChannelSettings(BaseModel):
    """What an operator sets for one channel, `BORDER_<CODE>_<NAME>`; off until enough is set."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    secret: SecretStr = Field(default=SecretStr(""), description="Secret shared with it.")

    @property
    def ready(self) -> bool:
        """True if enough is set to send by it."""
        return bool(self.secret.get_secret_value())


C = TypeVar("C", bound=ChannelSettings)


@dataclass(frozen=True)
class Outside:
    """What a channel is given: the client it calls out with, a clock, the folder whose `secrets` it
    may keep some in, and our own address."""

    client: httpx.AsyncClient
    clock: Clock
    folder: Path
    base_url: str

    def secret(self, name: str) -> bytes:
        """Return a secret of 32 bytes that is made on first use."""
        return kept_secret(self.folder, name)


@dataclass(frozen=True)
class MadeSandbox:
    """The sandbox of a demonstration: its address, its port for e-mail, the secret of a channel."""

    url: str
    mail_port: int
    secret: str = field(repr=False)


@dataclass(frozen=True)
class SandboxChannel:
    """How the demonstration plays it: what the sandbox is told, and what is set once it runs.

    `arguments` are made from the port for e-mail. The secret is made for both sides.
    """

    settings: Callable[[MadeSandbox], Mapping[str, Any]]
    arguments: Callable[[int], Sequence[str]] = lambda _port: ()


@dataclass(frozen=True)
class ChannelKind(Generic[C]):
    """One channel: its names, its settings, how it is connected.

    `label` is for people, `address` says what an address of it is.
    """

    code: str
    label: str
    address: str
    settings: type[C]
    connect: Callable[[C, Outside], MessageChannel]
    sandbox: SandboxChannel | None = None


def channel_kinds_of(settings: type[BaseModel]) -> dict[str, ChannelKind[Any]]:
    """Return the channels that a class of settings has rows for, by name, in its order.

    raises: ValueError, if a row is not called as its channel is.
    """
    found = {
        name: kind
        for name, field in settings.model_fields.items()
        for kind in field.metadata
        if isinstance(kind, ChannelKind)
    }
    for name, kind in found.items():
        if name != kind.code:
            raise ValueError(f"the row {name} is about the channel {kind.code}")
    return found
