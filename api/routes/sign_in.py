"""Signing in for programs: a password in, a bearer token out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from pydantic import Field, SecretStr

from api.http.media import TAKES, UNREAD
from api.http.shapes import Shape
from api.http.signing_in import sign_in
from api.zone import Services
from border.core.actor import Actor
from border.core.request_body import RequestBody
from border.core.store import Unit
from border.identity import service


class SignInRequest(RequestBody):
    """An e-mail address and a password."""

    email: str = Field(min_length=3, max_length=200)
    password: SecretStr = Field(min_length=1, max_length=200)


class ActorShape(Shape):
    """Who is signed in."""

    id: UUID | None
    name: str
    roles: list[str]
    organisation: str


class SignedInShape(Shape):
    """A token and whose it is."""

    token: str
    expires_at: datetime
    actor: ActorShape


@post("/login", operation_id="login", status_code=200, tags=["identity"], verb="session.begin")
async def login(
    data: JSONBody[SignInRequest],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Response[SignedInShape]:
    """Check a password and return a token for the Authorization header.

    refuses: invalid_fields, wrong_login, too_many_requests.
    """
    password = data.password.get_secret_value()
    signed_in, mark = await sign_in(request, services, data.email, password, "api")
    actor = signed_in.actor
    return Response(
        SignedInShape(
            token=signed_in.token,
            expires_at=signed_in.expires_at,
            actor=ActorShape(
                id=actor.id,
                name=actor.name,
                roles=sorted(actor.roles),
                organisation=actor.organisation,
            ),
        ),
        cookies=[mark],
    )


@post(
    "/logout",
    operation_id="logout",
    status_code=204,
    tags=["identity"],
    verb="session.end",
    opt={TAKES: UNREAD},
)
async def logout(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> None:
    """End the token that this request carries. refuses: not_signed_in."""
    token = request.headers["authorization"].partition(" ")[2].strip()

    async def work(unit: Unit) -> None:
        await service.revoke(unit, token)

    await services.store.perform(actor, work)


ROUTES = (login, logout)
