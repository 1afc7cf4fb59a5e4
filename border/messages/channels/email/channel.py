"""E-mail over SMTP, one message a connection.

What a server refuses for good (5xx) is never; all else is not now. source: RFC 5321, RFC 3464.
"""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from typing import Literal

from pydantic import Field

from border.core.words import N_
from border.messages.channels.kind import (
    Carried,
    ChannelKind,
    ChannelSettings,
    Never,
    NotNow,
    Outside,
    Post,
    SandboxChannel,
    Word,
)

_PATIENCE_S = 15
_NO_MAILBOX = (550, 551, 553)
"""Answers that say of the address that there is none. source: RFC 5321, 4.2.3."""


class EmailSettings(ChannelSettings):
    """Our mail server."""

    host: str = Field(default="", description="SMTP server that takes our e-mail; off if unset.")
    port: int = Field(default=587, description="Its port.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection is encrypted."
    )
    user: str = Field(default="", description="Who we sign in as; without it we do not.")
    sender: str = Field(default="", description="Address our e-mail comes from; off if unset.")

    @property
    def ready(self) -> bool:
        """True with a server and a sender."""
        return bool(self.host and self.sender)


class Email:
    """E-mail by one server."""

    code = "email"

    def __init__(self, row: EmailSettings) -> None:
        self._row = row

    async def send(self, post: Post) -> Word:
        """Hand an e-mail to the server."""
        return await asyncio.to_thread(self._send, self._letter(post))

    def _letter(self, post: Post) -> EmailMessage:
        letter = EmailMessage()
        letter["From"] = self._row.sender
        letter["To"] = post.address
        letter["Subject"] = post.title
        letter["Date"] = formatdate(usegmt=True)
        # The same each time: a mail program shows a message that was sent twice once.
        letter["Message-ID"] = f"<{post.reference}@{self._row.sender.rpartition('@')[2]}>"
        letter["Content-Language"] = post.locale
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(post.text + "\n")
        return letter

    def _send(self, letter: EmailMessage) -> Word:
        try:
            with self._connected() as server:
                server.send_message(letter)
        except smtplib.SMTPRecipientsRefused as refused:
            ((code, _),) = refused.recipients.values()
            return _word(code, of_address=True)
        except smtplib.SMTPResponseException as answered:
            return _word(answered.smtp_code, of_address=False)
        except (smtplib.SMTPException, OSError) as away:
            return NotNow(N_("The mail server is away ({answer})."), type(away).__name__)
        return Carried(str(letter["Message-ID"]))

    def _connected(self) -> smtplib.SMTP:
        row = self._row
        if row.security == "tls":
            tls = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                row.host, row.port, timeout=_PATIENCE_S, context=tls
            )
        else:
            server = smtplib.SMTP(row.host, row.port, timeout=_PATIENCE_S)
        if row.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if row.user:
            server.login(row.user, row.secret.get_secret_value())
        return server


def _word(code: int, *, of_address: bool) -> Word:
    """Return what an answer of a server says of the message."""
    says = N_("The mail server answered {answer}.")
    if code < 500:
        return NotNow(says, str(code))
    return Never(says, str(code), address_dead=of_address and code in _NO_MAILBOX)


def _connect(row: EmailSettings, _outside: Outside) -> Email:
    return Email(row)


EMAIL = ChannelKind(
    code=Email.code,
    label=N_("E-mail"),
    address=N_("E-mail address"),
    settings=EmailSettings,
    connect=_connect,
    sandbox=SandboxChannel(
        settings=lambda made: {
            "host": "127.0.0.1",
            "port": made.mail_port,
            "security": "none",
            "sender": "cua-khau@gate.demo.test",
        },
        arguments=lambda port: ("--smtp-port", str(port)),
    ),
)
