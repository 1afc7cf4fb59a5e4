"""Signing in for programs: a password in, a bearer token out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from api.security import count_attempt
from api.shapes import Shape
from api.zone import Zone
from border.identity import service
from border.identity.actor import Actor
from border.store import Unit


class SignInRequest(BaseModel):
    """An e-mail address and a password."""

    model_config = ConfigDict(extra="forbid")

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


@post("/login", operation_id="login", status_code=200, tags=["identity"])
async def login(
    data: JSONBody[SignInRequest], request: Request[Any, Any, Any], zone: NamedDependency[Zone]
) -> SignedInShape:
    """Check a password and return a token for the Authorization header."""
    address = request.client.host if request.client else "unknown"
    await count_attempt(zone.redis, address, data.email)
    signed_in = await service.sign_in(zone.store, data.email, data.password.get_secret_value())
    actor = signed_in.actor
    return SignedInShape(
        token=signed_in.token,
        expires_at=signed_in.expires_at,
        actor=ActorShape(
            id=actor.id,
            name=actor.name,
            roles=sorted(actor.roles),
            organisation=actor.organisation,
        ),
    )


@post("/logout", operation_id="logout", status_code=204, tags=["identity"])
async def logout(
    request: Request[Any, Any, Any], zone: NamedDependency[Zone], actor: NamedDependency[Actor]
) -> None:
    """End the token that this request carries."""
    token = request.headers["authorization"].partition(" ")[2].strip()

    async def work(unit: Unit) -> None:
        await service.revoke(unit, token)

    await zone.store.perform(actor, work)


ROUTES = (login, logout)
