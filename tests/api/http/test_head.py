"""HEAD on what has GET, and what an address takes when asked with another method."""

import asyncio
from typing import Any

import pytest
from litestar.routes import HTTPRoute


def gets(app: Any) -> list[str]:
    """Return every address with GET that names no record."""
    routes = [route for route in app.routes if isinstance(route, HTTPRoute)]
    return [r.path for r in routes if "GET" in r.methods and "{" not in r.path]


async def test_head_answers_as_get_does_without_the_body(
    crossing: Any, running: Any, subtests: pytest.Subtests
) -> None:
    officer = (await crossing.person("officer")).client
    addresses = [path for path in gets(running.app) if not path.endswith(("/stream", "/live"))]
    assert len(addresses) > 30
    for path in (*addresses, "/static/style.css", "/nowhere", "/api/v1/nowhere"):
        with subtests.test(path):
            asked, head = await officer.get(path), await officer.head(path)
            assert head.content == b""
            assert head.status_code == asked.status_code
            assert head.headers.get("content-type") == asked.headers.get("content-type")
            assert head.headers.get("cache-control") == asked.headers.get("cache-control")
            assert "content-security-policy" in head.headers
    assert (await officer.head("/api/v1/gates")).headers["content-length"] != "0"


async def test_head_of_a_stream_without_end_ends(crossing: Any, running: Any) -> None:
    platform = (await crossing.person("platform")).client
    async with asyncio.timeout(5):
        head = await platform.head("/api/v1/events/stream")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")


async def test_a_method_that_is_not_taken_is_told_which_are(crossing: Any) -> None:
    trader = (await crossing.person("trader")).client
    for path, allowed in (
        ("/api/v1/declarations", "GET, HEAD, OPTIONS, POST"),
        ("/api/v1/login", "OPTIONS, POST"),
        ("/", "GET, HEAD, OPTIONS"),
    ):
        answer = await trader.delete(path)
        assert answer.status_code == 405
        assert answer.headers["allow"] == allowed
        assert answer.json()["allowed"] == allowed.split(", ")
    page = await trader.delete("/", headers={"Accept": "text/html"})
    assert page.headers["allow"] == "GET, HEAD, OPTIONS"
    head = await trader.head("/api/v1/login")
    assert (head.status_code, head.headers["allow"]) == (405, "OPTIONS, POST")


async def test_the_extension_of_a_file_is_read_in_capitals_too(crossing: Any) -> None:
    trader = (await crossing.person("trader")).client
    slip = (await crossing.booked())["slip"]
    for path in (slip["pdf"], slip["pdf"].replace(".pdf", ".PDF")):
        paper = await trader.get(path)
        assert paper.headers["content-type"] == "application/pdf"
        assert paper.content.startswith(b"%PDF")
    for wrong in (".xml", ".pdf.pdf", ".txt", "."):
        path = slip["pdf"].replace(".pdf", wrong)
        assert (await trader.get(path)).status_code == 404, path
