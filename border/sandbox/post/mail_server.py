"""A mail server that delivers everything to the sandbox's inbox.

An address that begins with `nobody` has no mailbox (550), one that begins with `full` none for now
(452): so a sender's second thoughts can be seen.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, Envelope, Session

from border.core.clock import Clock
from border.sandbox.books.letters import Letter

_LARGEST = 1_000_000


class Mailbox:
    """Takes every e-mail and hands it to whoever keeps them."""

    def __init__(self, clock: Clock, keep: Callable[[Letter], object]) -> None:
        self._clock = clock
        self._keep = keep

    async def handle_RCPT(  # noqa: N802  (the name that aiosmtpd calls)
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take an address, or say that it has no mailbox."""
        if address.startswith("nobody"):
            return "550 5.1.1 No such mailbox"
        if address.startswith("full"):
            return "452 4.2.2 Mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the message for each of those it is for."""
        content = envelope.content
        letter = message_from_bytes(
            content if isinstance(content, bytes) else b"", policy=policy.default
        )
        body = letter.get_body(("plain",))
        for address in envelope.rcpt_tos:
            self._keep(
                Letter(
                    channel="email",
                    address=address,
                    title=str(letter["Subject"]),
                    text=body.get_content().strip() if body else "",
                    came_at=self._clock.now(),
                    given=str(letter["Message-ID"] or ""),
                )
            )
        return "250 OK"


@asynccontextmanager
async def serve_mail(host: str, port: int | None, mailbox: Mailbox) -> AsyncIterator[int]:
    """Take e-mail at a port, 0 for any free one, and give that; without a port take none."""
    if port is None:
        yield 0
        return
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(mailbox, hostname="sandbox.test", data_size_limit=_LARGEST, loop=loop),
        host,
        port,
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
