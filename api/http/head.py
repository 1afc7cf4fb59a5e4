"""HEAD on everything that has GET: the same answer, headers and all, without its body."""

from typing import Any

from litestar import Litestar

from api.http.short_way import ShortWay


class Application(Litestar):
    """The application, in which whoever asks HEAD is answered as if GET had been asked.

    Around everything rather than middleware: an address is looked up before middleware runs. The
    server keeps its own scope, in which the method is still HEAD. What is asked most goes the
    short way, where one is set.
    """

    short_way: ShortWay | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request, or begin and end the application's life."""
        short = self.short_way if scope["type"] == "http" else None
        if short is not None and (way := short.way_of(scope)):
            await short.answer(way, scope, receive, send)
            return
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await super().__call__(scope, receive, send)
            return
        started = False

        async def heard() -> Any:
            # A stream without end goes on until its reader leaves; of HEAD he has all he wanted.
            return {"type": "http.disconnect"} if started else await receive()

        async def answered(message: Any) -> None:
            nonlocal started
            if message["type"] == "http.response.body":
                return
            await send(message)
            if message["type"] == "http.response.start":
                started = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        asked: Any = {**scope, "method": "GET"}
        await super().__call__(asked, heard, answered)
