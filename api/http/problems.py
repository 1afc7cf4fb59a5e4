"""Every refusal leaves as `application/problem+json` (RFC 9457); anything else is a bug.

The one place where an exception becomes an answer. A bug answers 500 without inner text and is
logged with the number that the answer carries.
"""

import logging
from collections.abc import Iterable
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    PermissionDeniedException,
    SerializationException,
    ValidationException,
)
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from api.http.media import NUL_SAYS
from api.http.nouns import NOUNS
from api.http.parameters import ANOTHER_FORM, parameter_errors
from api.http.unreadable import malformed
from api.language import choose_locale, localise_money, translator
from border.core.ids import new_id
from border.core.money import Money
from border.core.refusal import (
    INVALID,
    NOT_FOUND,
    TOO_LARGE,
    FieldError,
    Refusal,
    refuses,
)
from border.core.request_body import KEEPABLE, TIME_OF_DAY
from border.core.words import N_, Sentence

logger = logging.getLogger("border.api")
PROBLEM_JSON = "application/problem+json"
BODY_LIMIT = 2_000_000

METHOD = refuses(
    "method_not_allowed",
    405,
    N_("Not this method"),
    N_("This address does not take {method}; it takes {allowed}."),
)
FORGERY = refuses(
    "form_expired",
    403,
    N_("The form has expired"),
    N_("Load the page again and repeat; what was sent was not used."),
)
BUG = refuses(
    "internal_error",
    500,
    N_("Our fault"),
    N_("Something went wrong here; nothing was changed. Quote {number} to the operator."),
    retry=True,
)

_NOT_KEEPABLE = frozenset({"22021", "22P05"})
"""SQLSTATEs of text that PostgreSQL does not keep: the character NUL, in text and in JSON."""

SHAPE_SAYS = {
    "missing": N_("This field is missing."),
    "extra_forbidden": N_("There is no such field here; leave it out."),
    "string_too_short": N_("Too short: at least {min_length} characters."),
    "string_too_long": N_("Too long: at most {max_length} characters."),
    "greater_than": N_("It must be greater than {gt}."),
    "greater_than_equal": N_("It must be at least {ge}."),
    "less_than": N_("It must be less than {lt}."),
    "less_than_equal": N_("It must be at most {le}."),
    "enum": N_("Choose one of: {expected}."),
    "literal_error": N_("Choose one of: {expected}."),
    "int_type": N_("A whole number is needed."),
    "int_parsing": N_("A whole number is needed."),
    "int_from_float": N_("A whole number is needed."),
    "string_type": N_("Text is needed."),
    "uuid_parsing": N_("This is not an identifier."),
    "date_parsing": N_("A day written as 2027-01-01 is needed."),
    "date_from_datetime_parsing": N_("A day written as 2027-01-01 is needed."),
    "date_type": N_("A day written as 2027-01-01 is needed."),
    "datetime_parsing": N_("A moment written as 2026-11-23T07:00:00Z is needed."),
    "datetime_from_date_parsing": N_("A moment written as 2026-11-23T07:00:00Z is needed."),
    "datetime_type": N_("A moment written as 2026-11-23T07:00:00Z is needed."),
    "bool_parsing": N_("Write true or false."),
    "bool_type": N_("Write true or false."),
    "uuid_type": N_("This is not an identifier."),
    "tuple_type": N_("A list is needed."),
    "list_type": N_("A list is needed."),
    "model_type": N_("An object with fields is needed."),
    "timezone_aware": N_("Say the time zone, for example 2026-11-23T07:00:00Z."),
    "too_long": N_("Too many entries: at most {max_length}."),
    "too_short": N_("Too few entries: at least {min_length}."),
    "string_pattern_mismatch": N_("The form is wrong: {pattern}."),
}
_PATTERN_SAYS = {
    TIME_OF_DAY: N_("A time of day written as 07:30 is needed."),
    r"^[a-z0-9_]+$": N_("Small letters, digits and _ only."),
    r"^[A-Za-z0-9_.-]+$": N_("Letters without accents, digits, and the signs . _ - only."),
    r"^\d{2,10}$": N_("Two to ten digits are needed."),
    r"^\d{0,10}$": N_("At most ten digits, and nothing else."),
    r"^[A-Z]{2}$": N_("Two capital letters are needed, such as VN."),
}


def shape_errors(found: Iterable[dict[str, Any]]) -> list[FieldError]:
    """Return pydantic's errors as ours: JSON path, stable code, a sentence people can use."""
    return [_shape_error(error) for error in found]


def _shape_error(error: dict[str, Any]) -> FieldError:
    field, kind = ".".join(str(step) for step in error["loc"]), error["type"]
    facts = error.get("ctx", {})
    if facts.get("pattern") == KEEPABLE:
        return FieldError(field, "nul_character", NUL_SAYS)
    if kind == "string_too_short" and facts["min_length"] == 1:
        return FieldError(field, kind, SHAPE_SAYS["missing"], (("min_length", "1"),))
    if (pattern := facts.get("pattern")) in _PATTERN_SAYS:
        return FieldError(field, kind, _PATTERN_SAYS[pattern], (("pattern", pattern),))
    if "expected" in facts:  # As pydantic words it: 'a', 'b' or 'c'.
        facts = {"expected": facts["expected"].replace("' or '", "', '").replace("'", "")}
    says = SHAPE_SAYS.get(kind, ANOTHER_FORM)
    return FieldError(
        field=field,
        code="required" if kind == "missing" else kind,
        says=says,
        # Whatever else there is are the decoder's own words.
        facts=tuple((name, str(facts[name])) for name in facts if f"{{{name}}}" in says),
    )


def refusal_of(error: Exception, request: Request[Any, Any, Any]) -> Refusal:
    """Return the refusal behind any exception; what is none of ours becomes `internal_error`."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, ValidationError):
        return INVALID(errors=shape_errors(error.errors()))  # type: ignore[arg-type]
    if isinstance(error, ValidationException):
        inner = getattr(error.__cause__, "errors", None)
        found = inner() if callable(inner) else inner
        if isinstance(found, list) and found and isinstance(found[0], dict) and "loc" in found[0]:
            return INVALID(errors=shape_errors(found))
        return INVALID(errors=parameter_errors(error, request))
    if isinstance(error, NotFoundException):
        return NOT_FOUND(what="page")
    if isinstance(error, MethodNotAllowedException):
        takes = {name.strip() for name in (error.headers or {}).get("allow", "").split(",")}
        return METHOD(
            method=request.method, allowed=sorted(takes | ({"HEAD"} if "GET" in takes else set()))
        )
    if isinstance(error, PermissionDeniedException):
        return FORGERY()
    if isinstance(error, HTTPException) and error.status_code == 413:
        return TOO_LARGE(limit=request.route_handler.resolve_request_max_body_size())
    if isinstance(error, ClientException | SerializationException | UnicodeDecodeError):
        return malformed(str(error))
    if isinstance(error, RecursionError) and "deserializing" in str(error):
        return malformed(str(error))
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _NOT_KEEPABLE:
        return INVALID(errors=[FieldError("", "nul_character", NUL_SAYS)])
    number = str(new_id())
    logger.error("bug %s at %s %s", number, request.method, request.url.path, exc_info=error)
    return BUG(number=number)


def spoken(refusal: Refusal, locale: str) -> dict[str, Any]:
    """Return a refusal's problem document in a language."""
    say = translator(locale).gettext
    facts = {name: _in_sentence(fact, locale) for name, fact in refusal.facts.items()}
    if (what := refusal.facts.get("what")) in NOUNS:
        noun = say(NOUNS[what])
        facts["what"] = noun[:1].lower() + noun[1:]
    body: dict[str, Any] = {
        "type": f"/problems/{refusal.code}",
        "title": say(refusal.kind.title),
        "status": refusal.kind.status,
        "detail": say(refusal.kind.says, **facts),
        "code": refusal.code,
        "retry": refusal.kind.retry,
        **{
            name: facts[name] if isinstance(fact, Sentence) else fact
            for name, fact in refusal.facts.items()
            if name not in _RESERVED
        },
    }
    if refusal.errors:
        body["errors"] = [
            {
                "field": error.field,
                "code": error.code,
                "detail": say(error.says, **dict(error.facts)),
                **dict(error.facts),
            }
            for error in refusal.errors
        ]
    return body


def _in_sentence(fact: Any, locale: str) -> Any:
    """Return a fact as it reads in a sentence: an amount as people write it, a list by commas,
    words of ours in the language."""
    if isinstance(fact, Sentence):
        return translator(locale).gettext(fact.says, **fact.facts)
    if isinstance(fact, Money):
        return localise_money(fact, locale)
    return ", ".join(map(str, fact)) if isinstance(fact, list | tuple) else fact


_RESERVED = frozenset({"type", "title", "status", "detail", "code", "retry", "errors"})


def locale_of(request: Request[Any, Any, Any]) -> str:
    """Return the language to answer a program in: what it asks for, English otherwise."""
    asked = request.headers.get("accept-language", "")
    return choose_locale(None, None, f"{asked},en;q=0.001")


def headers_of(refusal: Refusal) -> dict[str, str]:
    """Return the headers that go with a refusal, to a program or to a browser."""
    headers = {}
    if refusal.kind.retry:
        headers["Retry-After"] = str(refusal.facts.get("seconds", 1))
    if refusal.kind is METHOD:
        headers["Allow"] = ", ".join(refusal.facts["allowed"])
    return headers


def answer_problem(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer an exception as a problem document."""
    refusal = refusal_of(error, request)
    headers = headers_of(refusal)
    if refusal.kind.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(
        msgspec.json.encode(spoken(refusal, locale_of(request)), enc_hook=str),
        status_code=refusal.kind.status,
        media_type=PROBLEM_JSON,
        headers=headers,
    )
