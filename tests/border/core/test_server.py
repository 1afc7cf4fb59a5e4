"""An answer leaves with one call of the system; what is written before the end is not kept back."""

import asyncio
from typing import Any

import pytest
import uvicorn

from border.core.server import WholeAnswers


class Line:
    """A transport that notes what it is told to do."""

    def __init__(self) -> None:
        self.done: list[bytes | str] = []

    def write(self, part: bytes) -> None:
        self.done.append(part)

    def close(self) -> None:
        self.done.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.done

    def get_extra_info(self, name: str) -> None:
        """Know nothing of where this is."""


async def answered(scope: Any, receive: Any, send: Any) -> None:
    head = {"type": "http.response.start", "status": 200, "headers": []}
    await send({**head, "headers": [(b"content-length", b"4")]})
    if scope["path"] == "/slow":
        await asyncio.sleep(0.01)
    await send({"type": "http.response.body", "body": b"done"})


async def written(path: bytes, more: bytes = b"") -> list[bytes | str]:
    """Return what is done to the transport to answer a request."""
    config = uvicorn.Config(answered, http=WholeAnswers, log_level="critical")
    config.load()
    line = Line()
    protocol = WholeAnswers(config, uvicorn.Server(config).server_state, {})
    protocol.connection_made(line)  # type: ignore[arg-type]
    protocol.data_received(b"GET " + path + b" HTTP/1.1\r\nHost: gate\r\n" + more + b"\r\n")
    async with asyncio.timeout(5):
        while not (line.done and str(line.done).count("done")):  # noqa: ASYNC110  (a protocol is no task)
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
    done = list(line.done)
    protocol.connection_lost(None)
    return done


async def test_head_and_body_of_an_answer_are_sent_together() -> None:
    [whole] = await written(b"/")
    assert isinstance(whole, bytes)
    assert whole.startswith(b"HTTP/1.1 200")
    assert whole.endswith(b"\r\n\r\ndone")


async def test_a_head_does_not_wait_for_a_body_that_is_not_there_yet() -> None:
    head, body = await written(b"/slow")
    assert isinstance(head, bytes)
    assert head.endswith(b"\r\n\r\n")
    assert body == b"done"


async def test_a_connection_that_is_to_end_ends_behind_its_answer() -> None:
    whole, closed = await written(b"/", b"Connection: close\r\n")
    assert isinstance(whole, bytes)
    assert (whole[-4:], closed) == (b"done", "closed")


@pytest.mark.parametrize("path", [b"/", b"/slow"])
async def test_nothing_is_written_to_a_connection_that_was_lost(path: bytes) -> None:
    config = uvicorn.Config(answered, http=WholeAnswers, log_level="critical")
    config.load()
    line = Line()
    protocol = WholeAnswers(config, uvicorn.Server(config).server_state, {})
    protocol.connection_made(line)  # type: ignore[arg-type]
    protocol.data_received(b"GET " + path + b" HTTP/1.1\r\nHost: gate\r\n\r\n")
    line.close()
    protocol.connection_lost(None)
    await asyncio.sleep(0.05)
    assert set(line.done) == {"closed"}
