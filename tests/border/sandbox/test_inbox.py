"""The sandbox's post: a mail server, and an inbox in which everything can be read."""

import asyncio
import smtplib
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from border.core.clock import FixedClock
from border.sandbox.books.books import Books
from border.sandbox.post.mail_server import Mailbox, serve_mail


def _letter(to: str, number: str = "<1@gate.test>") -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "gate@zone.test", to, "Phiếu 云G12345"
    letter["Message-ID"] = number
    letter.set_content("Xem: http://gate.test/x\n")
    return letter


async def test_an_e_mail_is_kept_once_and_shown(tmp_path: Path, clock: FixedClock) -> None:
    books = Books(tmp_path / "books.sqlite3")
    async with serve_mail("127.0.0.1", 0, Mailbox(clock, books.letters.keep)) as port:

        def send() -> list[Any]:
            with smtplib.SMTP("127.0.0.1", port) as server:
                server.send_message(_letter("lan@sao-mai.test"))
                server.send_message(_letter("lan@sao-mai.test"))
                refused = []
                for to in ("nobody@sao-mai.test", "full@sao-mai.test"):
                    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
                        server.send_message(_letter(to, f"<{to}>"))
                    refused += [code for code, _ in caught.value.recipients.values()]
            return refused

        assert await asyncio.to_thread(send) == [550, 452]
    (letter,) = books.letters.newest(10)
    assert (letter.title, letter.text) == ("Phiếu 云G12345", "Xem: http://gate.test/x")
    assert books.letters.newest(10, "lan@sao-mai.test") == [letter]
    assert books.letters.newest(10, "minh@sao-mai.test") == []
    books.close()
