"""Who is let in, and the headers of every answer."""

from datetime import timedelta
from typing import Any

import pytest

from border.core.clock import FixedClock

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "geolocation=(), microphone=()",
}


def policy_of(answer: Any) -> dict[str, list[str]]:
    """Return the content security policy of an answer by directive."""
    directives = [part.split() for part in answer.headers["content-security-policy"].split(";")]
    return {name: sources for name, *sources in directives}


async def test_every_answer_carries_the_security_headers(
    crossing: Any, running: Any, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader, nobody = (await crossing.person("trader")).client, running.client
    wrong = {"Authorization": "Bearer nonsense"}
    for says, asked, status in (
        ("an answer", trader.get("/api/v1/declarations"), 200),
        ("a public one", nobody.get("/api/v1/board"), 200),
        ("a page", nobody.get("/", headers={"Accept": "text/html"}), 200),
        ("the way to sign in", nobody.get("/login"), 200),
        ("a file", nobody.get("/static/style.css"), 200),
        ("health", nobody.get("/health/live"), 200),
        ("the description", nobody.get("/schema"), 200),
        ("nobody", nobody.get("/api/v1/declarations"), 401),
        ("a wrong token", nobody.get("/api/v1/board", headers=wrong), 401),
        ("another role", trader.get("/api/v1/events"), 403),
        ("no such address", nobody.get("/api/v1/nowhere"), 404),
        ("no such page", nobody.get("/nowhere", headers={"Accept": "text/html"}), 404),
        ("another method", nobody.delete("/api/v1/board"), 405),
        ("too large", trader.post("/api/v1/declarations", content=bytes(3_000_000)), 413),
        ("no JSON", trader.post("/api/v1/declarations", data={"a": "b"}), 415),
    ):
        with subtests.test(says):
            answer = await asked
            assert answer.status_code == status
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
            policy = policy_of(answer)
            assert "unsafe" not in answer.headers["content-security-policy"]
            assert policy["default-src"] == policy["script-src"] == ["'self'"]
            assert policy["object-src"] == policy["frame-ancestors"] == ["'none'"]
    assert (await trader.get("/api/v1/declarations")).headers["cache-control"] == "no-store"


async def test_forms_may_go_to_the_gateway_and_nowhere_else_outside(running: Any) -> None:
    answer = await running.client.get("/login")
    assert policy_of(answer)["form-action"] == ["'self'", "http://sandbox.test"]


async def test_without_a_valid_token_nobody_is_let_in(
    crossing: Any, running: Any, clock: FixedClock, subtests: pytest.Subtests
) -> None:
    trader = await crossing.person("trader")
    bearer = trader.client.headers["Authorization"]
    token = bearer.removeprefix("Bearer ")

    async def status(headers: dict[str, str]) -> int:
        answer = await running.client.get("/api/v1/declarations", headers=headers)
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["code"] == "not_signed_in"
        return int(answer.status_code)

    for says, headers in (
        ("nothing", {}),
        ("an empty one", {"Authorization": "Bearer "}),
        ("garbage", {"Authorization": "Bearer nonsense"}),
        ("half of it", {"Authorization": bearer[:-3]}),
        ("another scheme", {"Authorization": f"Basic {token}"}),
        ("a cookie of pages", {"Cookie": f"border_session={token}"}),
    ):
        with subtests.test(says):
            assert await status(headers) == 401
    assert await status({"Authorization": f"bearer {token}"}) == 200

    clock.advance(timedelta(hours=12) - timedelta(seconds=1))
    assert await status({"Authorization": bearer}) == 200
    clock.advance(timedelta(seconds=1))
    assert await status({"Authorization": bearer}) == 401


async def test_a_page_session_drives_pages_and_never_the_api(running: Any) -> None:
    client = running.client
    page = await client.get("/login")
    secret = page.text.split('name="_csrf_token" value="')[1].split('"')[0]
    form = {"email": "trader@demo.test", "password": "demo-zone-2026", "_csrf_token": secret}
    await running.forget_tries()
    signed_in = await client.post("/login", data=form)
    assert signed_in.status_code == 303, signed_in.text
    cookie = next(c for c in signed_in.headers.get_list("set-cookie") if "border_session" in c)
    assert "httponly" in cookie.lower()
    assert "samesite" in cookie.lower()
    assert (await client.get("/api/v1/declarations")).status_code == 401
    forged = await client.post("/login", data=form | {"_csrf_token": "nonsense"})
    assert forged.status_code == 403


async def test_a_token_ends_when_its_holder_signs_out(crossing: Any) -> None:
    trader = await crossing.person("trader")
    assert (await trader.post("/logout")).status_code == 204
    assert (await trader.get("/declarations")).status_code == 401


async def test_signing_in_says_who_one_is_and_never_which_half_was_wrong(running: Any) -> None:
    caller = await running.sign_in("gate")
    assert caller.actor["roles"] == ["cashier", "gate_staff"]
    answers = []
    for email in ("trader@demo.test", "nobody@demo.test"):
        login = {"email": email, "password": "wrong"}
        answers.append(await running.client.post("/api/v1/login", json=login))
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["code"] == "wrong_login"
    nul = await running.client.post("/api/v1/login", json={"email": "a\x00b", "password": "x"})
    assert nul.status_code == 400


async def test_guessing_a_password_is_stopped_after_ten_attempts_a_minute(running: Any) -> None:
    await running.forget_tries()
    login = {"email": "guessed@demo.test", "password": "wrong"}
    answers = [await running.client.post("/api/v1/login", json=login) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert (answers[-1].json()["code"], answers[-1].headers["retry-after"]) == (
        "too_many_requests",
        "60",
    )
    await running.forget_tries()
