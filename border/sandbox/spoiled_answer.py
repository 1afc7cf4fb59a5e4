"""An answer to the merchant's question, whole or spoiled as planned.

`spoiled` writes to the connection itself: a framework's response is always a whole one.
"""

import asyncio
from collections.abc import Mapping

import msgspec
from litestar.types import ASGIApp, HTTPResponseStartEvent, Receive, Scope, Send

_HTML = (
    b"<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"
    b"<p>M\xc3\x94 PH\xe1\xbb\x8eNG \xc2\xb7 SANDBOX</p>"
)
_DRIP_EVERY_S = 0.25
_SILENT_FOR_S = 600.0


def spoiled(message: Mapping[str, object], trouble: str | None, delay_s: float = 0.0) -> ASGIApp:
    """Return what answers with `message`, `delay_s` later, spoiled by `trouble` if it is any.

    Troubles that change the message itself (unsigned, another reference) are not of this file:
    with them the answer is a whole one.
    """
    whole = msgspec.json.encode(message)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(delay_s)
        match trouble:
            case "unavailable":
                await _send(send, b"Service Unavailable", "text/plain", status=503)
            case "truncated":
                await _send(send, whole[: len(whole) // 2], "application/json")
            case "html":
                await _send(send, _HTML, "text/html; charset=utf-8")
            case "content_type":
                await _send(send, whole, "text/html; charset=utf-8")
            case "drip":
                await _drip(receive, send, whole)
            case "reset":
                # The server closes the connection when the promised length does not come.
                await _start(send, "application/json", len(whole))
                await _body(send, whole[: len(whole) // 2], more=True)
            case "silence":
                await _until_hung_up(receive, _SILENT_FOR_S)
                await _send(send, b"", "text/plain", status=504)
            case _:
                await _send(send, whole, "application/json")

    return answer


async def _send(send: Send, body: bytes, media_type: str, status: int = 200) -> None:
    await _start(send, media_type, len(body), status)
    await _body(send, body, more=False)


async def _start(send: Send, media_type: str, length: int, status: int = 200) -> None:
    start: HTTPResponseStartEvent = {
        "type": "http.response.start",
        "status": status,
        "headers": [
            (b"content-type", media_type.encode()),
            (b"content-length", str(length).encode()),
        ],
    }
    await send(start)


async def _body(send: Send, piece: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": more})


async def _drip(receive: Receive, send: Send, whole: bytes) -> None:
    await _start(send, "application/json", len(whole))
    for place, byte in enumerate(whole):
        await _body(send, bytes([byte]), more=place + 1 < len(whole))
        if await _until_hung_up(receive, _DRIP_EVERY_S):
            return


async def _until_hung_up(receive: Receive, at_most_s: float) -> bool:
    """Wait for the other side to hang up; returns whether it did in time."""
    try:
        async with asyncio.timeout(at_most_s):
            while True:
                event = await receive()
                if event["type"] == "http.disconnect":
                    return True
    except TimeoutError:
        return False
