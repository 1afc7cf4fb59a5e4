"""A merchant's return address, read strictly: a browser is sent there."""

import re
from urllib.parse import urlsplit

_HOST = re.compile(r"[A-Za-z0-9.-]+|[0-9A-Fa-f:.]+")
_PLAIN = re.compile(r"[\x21-\x7e]{10,255}")


class AddressRefused(ValueError):
    """The text is not a plain http(s) address; the message says why."""


def origin_of(url: str) -> str:
    """Return scheme, host and port of `url`; they go into a header, so nothing odd may pass.

    refuses: AddressRefused.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as unreadable:
        raise AddressRefused("not an address") from unreadable
    plain = parts.scheme in {"http", "https"} and not parts.fragment and "@" not in parts.netloc
    if not plain or not _PLAIN.fullmatch(url) or not _HOST.fullmatch(host):
        raise AddressRefused("not a plain http(s) address")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else "")
