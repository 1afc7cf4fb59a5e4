"""The parts of the portal's answers that no hash covers: envelopes, codes, and where to pay.

Pure. Since anybody on the way could have written them, as little as possible is believed.
"""

import re
from collections.abc import Collection, Mapping
from urllib.parse import SplitResult, urlsplit

from border.payments.gateways.evidence import GatewayUnavailable
from border.payments.gateways.wire import Json, read_object

_CODE = re.compile(r"[A-Za-z0-9_-]{1,10}")
_ADDRESS = re.compile(r"[!-\[\]-~]{1,2048}")
"""An address that browsers read as we do: printable ASCII, and no backslash passing for a slash."""
_USUAL_PORTS = {"http": 80, "https": 443}


def unwrapped(raw: bytes) -> dict[str, Json]:
    """Return an answer, out of the envelope a province's data bus puts it in, if it came in one.

    refuses: GatewayUnavailable.
    """
    answer = read_object(raw)
    if answer is None:
        raise GatewayUnavailable("the portal's answer is no message")
    if "error_code" not in answer:
        return answer
    inner, said = answer.get("message"), answer["error_code"]
    if str(said) != "0":
        refusal = code_for_people(answer, "error_code")
        raise GatewayUnavailable(f"the province's data bus did not pass it on: {refusal}")
    found = read_object(inner.encode(errors="replace")) if isinstance(inner, str) else None
    if found is None:
        raise GatewayUnavailable("the portal's answer is no message")
    return found


def code_for_people(answer: Mapping[str, Json], name: str) -> str:
    """Return a code as it may stand in a log."""
    said = answer.get(name)
    text = str(said) if isinstance(said, str | int) else ""
    return text if _CODE.fullmatch(text) else "unreadable"


def is_address(url: str) -> bool:
    """Say whether `url` is an http(s) address with a host."""
    try:
        return bool(_host(urlsplit(url)))
    except ValueError:
        return False


def leads_to(url: str, home: str, others: Collection[str]) -> bool:
    """Say whether `url` leads to the host of `home` or to one of `others`, and no less safely.

    `others` are `host:port`, or `host` for any port of it. Names of users are not taken: they are
    there to make one host look like another.
    """
    if not _ADDRESS.fullmatch(url) or not is_address(url):
        return False
    target, base = urlsplit(url), urlsplit(home)
    host = _host(target)
    return (
        target.scheme in ("https", base.scheme)
        and "@" not in target.netloc
        and (host == _host(base) or host in others or target.hostname in others)
    )


def _host(url: SplitResult) -> str:
    """Return `host:port` of an http(s) address, the port said even where it is the usual one."""
    if url.scheme not in _USUAL_PORTS or not url.hostname:
        return ""
    return f"{url.hostname}:{url.port or _USUAL_PORTS[url.scheme]}"
