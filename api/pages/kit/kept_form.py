"""Nothing typed is lost: a form that could not be taken is kept and goes out again.

A session that ended, or a page that was open for too long, refuses a form before anybody has read
it. The answer is then a page that carries what was sent, asks to sign in where that is needed,
and sends it on. The fields travel in the person's own browser; nothing is stored here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from litestar.datastructures import Cookie, UploadFile
from litestar.middleware.csrf import generate_csrf_token
from litestar.response import Template
from litestar.utils.scope.state import ScopeState

from api.http.problems import FORGERY
from api.http.security import COOKIE
from api.pages.kit.frame import AnyRequest, show
from api.zone import Services
from border.core.refusal import NOT_SIGNED_IN, Refusal

FIELD = "_kept"
_NOT_KEPT = ("_csrf_token", FIELD, "in_place")
_MOST = 200_000


@dataclass(frozen=True)
class KeptForm:
    """What was sent: where to, its fields in order, and the names of files, to be chosen again."""

    path: str
    fields: tuple[tuple[str, str], ...]
    files: tuple[str, ...] = ()

    def text(self) -> str:
        """Return it as one field of the form that asks to sign in."""
        return json.dumps([self.path, self.fields, self.files])


def kept_in(form: dict[str, Any]) -> KeptForm | None:
    """Return the form kept in one that asked to sign in, or None."""
    try:
        path, fields, files = json.loads(str(form.get(FIELD, ""))[:_MOST])
        kept = KeptForm(
            str(path), tuple((str(n), str(v)) for n, v in fields), tuple(map(str, files))
        )
    except (ValueError, TypeError):
        return None
    return kept if _is_ours(kept.path) else None


def _is_ours(path: str) -> bool:
    return path.startswith("/") and not path.startswith(("//", "/\\", "/login", "/logout"))


def kept_form(request: AnyRequest, refusal: Refusal) -> KeptForm | None:
    """Return the form that `refusal` kept from being read; None where it was something else."""
    sent = ScopeState.from_scope(request.scope).form
    if request.method != "POST" or not isinstance(sent, dict) or not _is_ours(request.url.path):
        return None
    if refusal.kind is FORGERY and not _from_our_own_page(request):
        return None
    if refusal.kind not in (NOT_SIGNED_IN, FORGERY):
        return None
    pairs = [
        (name, value)
        for name, values in sent.items()
        if name not in _NOT_KEPT
        for value in (values if isinstance(values, list) else [values])
    ]
    fields = tuple((name, str(v)) for name, v in pairs if not isinstance(v, UploadFile))
    files = tuple(name for name, v in pairs if isinstance(v, UploadFile))
    kept = KeptForm(request.url.path, fields, files)
    return kept if len(kept.text()) < _MOST else None


def _from_our_own_page(request: AnyRequest) -> bool:
    """Say whether a page of ours sent the form: another site's is never offered for sending."""
    if site := request.headers.get("sec-fetch-site"):
        return site == "same-origin"
    origin = request.headers.get("origin", "")
    return bool(origin) and urlsplit(origin).netloc == request.headers.get("host")


def answer_kept(
    request: AnyRequest, services: Services, refusal: Refusal, kept: KeptForm
) -> Template:
    """Answer a form that could not be taken: sign in on the spot, or send it again."""
    cookies = []
    if refusal.kind is FORGERY:
        secret = request.app.csrf_config.secret if request.app.csrf_config else ""
        token = generate_csrf_token(secret)
        ScopeState.from_scope(request.scope).csrf_token = token
        cookies = [_csrf_cookie(request, services, token)]
    if refusal.kind is NOT_SIGNED_IN or not request.cookies.get(COOKIE):
        page = show(
            request,
            services,
            "public/sign_in.html",
            refusal.kind.status,
            email="",
            next=None,
            kept=kept.text(),
            demo_accounts=[],
            demo_password="",
        )
    else:
        page = send_again(request, services, kept, at_once=False, status=refusal.kind.status)
    page.cookies = [*page.cookies, *cookies]
    return page


def send_again(
    request: AnyRequest,
    services: Services,
    kept: KeptForm,
    *,
    at_once: bool,
    status: int = 200,
    cookies: Sequence[Cookie] = (),
) -> Template:
    """Show what was kept with one button that sends it; `at_once` presses it where it can."""
    page = show(request, services, "kit/send_again.html", status, kept=kept, at_once=at_once)
    page.cookies = [*page.cookies, *cookies]
    return page


def _csrf_cookie(request: AnyRequest, services: Services, token: str) -> Cookie:
    return Cookie(
        "border_csrf",
        value=token,
        httponly=True,
        samesite="lax",
        secure=services.settings.base_url.startswith("https://"),
    )
