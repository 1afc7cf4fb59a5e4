"""Every channel there is, and those that are set up."""

from collections.abc import Mapping
from typing import Any

import httpx

from border.core.clock import Clock
from border.messages.channels.kind import ChannelKind, MessageChannel, Outside, channel_kinds_of
from border.settings import Settings

CHANNEL_KINDS: Mapping[str, ChannelKind[Any]] = channel_kinds_of(Settings)
"""The channels by name, set up or not, as they stand in the settings."""


def channels_of(
    settings: Settings, client: httpx.AsyncClient, clock: Clock
) -> dict[str, MessageChannel]:
    """Return the channels for which enough is set, by name; `client` carries what goes by HTTP."""
    outside = Outside(client, clock, settings.data_dir, settings.base_url)
    return {
        code: kind.connect(row, outside)
        for code, kind in CHANNEL_KINDS.items()
        if (row := settings.channels[code]).ready
    }
