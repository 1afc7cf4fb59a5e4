"""Refusals: a clear no to something that was asked, with the reason and the way out.

    RefusalKind  what is refused: a stable code, an HTTP status, a sentence with {facts}
    └── Refusal  one occurrence, raised: the kind, its facts, and the fields in error

Everything that is not a Refusal is a bug and answers 500 without inner text. Precedence when
several apply: who 401/403, shape 400, replay, missing 404, whose 403, state 409.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from border.core.words import N_


@dataclass(frozen=True)
class FieldError:
    """One field in error: its JSON path (`lines.0.hs_code`), a stable code and a sentence."""

    field: str
    code: str
    says: str
    facts: tuple[tuple[str, str], ...] = ()

    def detail(self) -> str:
        """Return the sentence with its facts filled in."""
        return self.says.format(**dict(self.facts))


class Refusal(Exception):
    """One refusal, on its way to the person who asked."""

    def __init__(
        self, kind: "RefusalKind", facts: dict[str, Any], errors: Sequence[FieldError]
    ) -> None:
        super().__init__(kind.code)
        self.kind = kind
        self.facts = facts
        self.errors = tuple(errors)

    @property
    def code(self) -> str:
        """The stable code of the kind."""
        return self.kind.code

    def detail(self) -> str:
        """Return the English sentence with its facts filled in."""
        return self.kind.says.format(**{k: _spoken(v) for k, v in self.facts.items()})

    def __str__(self) -> str:
        return f"{self.code}: {self.detail()}"


def _spoken(fact: object) -> str:
    """Return a fact as it reads in a sentence: a list joined by commas."""
    return ", ".join(map(str, fact)) if isinstance(fact, list | tuple) else str(fact)


@dataclass(frozen=True)
class RefusalKind:
    """A kind of refusal. Calling it makes the exception to raise."""

    code: str
    status: int
    title: str
    says: str
    retry: bool = False

    def __call__(self, *, errors: Sequence[FieldError] = (), **facts: Any) -> Refusal:
        """Return the refusal to raise, with the facts its sentence names."""
        return Refusal(self, facts, errors)


REFUSALS: dict[str, RefusalKind] = {}
"""Every kind of refusal in the program by its code; the errors page is drawn from it."""


def refuses(code: str, status: int, title: str, says: str, *, retry: bool = False) -> RefusalKind:
    """Declare a kind of refusal, once. `retry` says whether the same request may succeed later."""
    if code in REFUSALS:
        raise ValueError(f"the refusal {code!r} is declared twice")
    kind = RefusalKind(code, status, title, says, retry)
    REFUSALS[code] = kind
    return kind


INVALID = refuses(
    "invalid_fields",
    400,
    N_("Some fields need correcting"),
    N_("Correct the fields listed under errors and send the request again; nothing was changed."),
)
NOT_SIGNED_IN = refuses(
    "not_signed_in",
    401,
    N_("Sign in first"),
    N_("Sign in, or send a valid token in the Authorization header."),
)
NOT_ALLOWED = refuses(
    "not_allowed",
    403,
    N_("Not for this role"),
    N_("This needs one of the roles: {needs}. Ask somebody who holds it."),
)
NOT_FOUND = refuses(
    "not_found",
    404,
    N_("Not found"),
    N_("There is no {what} with this identifier among those you may see."),
)
MOVE_NOT_OPEN = refuses(
    "move_not_open",
    409,
    N_("Not possible in this state"),
    N_("{subject} is {state}, which does not allow “{verb}”. Open to you now: {allowed}."),
)
STALE_VERSION = refuses(
    "stale_version",
    412,
    N_("Changed by somebody else"),
    N_("You worked from version {given}; it is now version {current}. Load it again and repeat."),
)
KEY_REUSED = refuses(
    "idempotency_key_reused",
    422,
    N_("Idempotency-Key used for another request"),
    N_("This Idempotency-Key was sent before with another body. Use a new key for a new request."),
)
STILL_RUNNING = refuses(
    "still_running",
    409,
    N_("The same request is still running"),
    N_("A request with this Idempotency-Key has not finished. Send it again in a moment."),
    retry=True,
)
TOO_LARGE = refuses(
    "body_too_large",
    413,
    N_("Too large"),
    N_("The body is larger than {limit} bytes. Send less at a time."),
)
TOO_MANY = refuses(
    "too_many_requests",
    429,
    N_("Too many attempts"),
    N_("Too many attempts. Wait {seconds} seconds and try again."),
    retry=True,
)
OVERLOADED = refuses(
    "overloaded",
    503,
    N_("Too many at once"),
    N_(
        "More is asked than can be answered at the moment. Nothing was changed; try again in "
        "{seconds} seconds."
    ),
    retry=True,
)
BUSY = refuses(
    "busy",
    503,
    N_("Busy"),
    N_("The record is being worked on by many at once. Nothing was changed; try again."),
    retry=True,
)
