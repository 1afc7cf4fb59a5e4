"""What the OpenAPI document says beyond what Litestar finds in the signatures of the handlers.

The refusals of a route are those its handler's docstring names after `refuses:`, and those that
any route of its kind may answer with. The headers of a request are those that what its handler
calls reads.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from types import CodeType, FunctionType
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import (
    Example,
    OpenAPI,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    PathItem,
    Reference,
    RequestBody,
    Schema,
)
from pydantic import BaseModel

from api.http.examples import EXAMPLES
from api.http.files import FILES, MEDIA
from api.http.media import ANSWERS, ANY_CONTENT, NOT_JSON, TAKES
from api.http.problems import BUG, PROBLEM_JSON
from api.http.security import API, verbs_of
from api.http.unreadable import MALFORMED
from api.http.writes import expected_version, idempotency_key
from border.core.refusal import (
    BUSY,
    INVALID,
    KEY_REUSED,
    NOT_FOUND,
    REFUSALS,
    STILL_RUNNING,
    TOO_LARGE,
    RefusalKind,
)
from border.identity import policy

METHODS = ("get", "post", "put", "patch", "delete")


def described(app: Litestar) -> OpenAPI:
    """Return the whole document of an application, made when it is first asked for.

    It takes as long to make as all routes together, and few who start the program ask for it.
    """
    document = app.openapi_schema
    assert document.components.schemas is not None
    if "Problem" in document.components.schemas:
        return document
    for shape in document.components.schemas.values():
        if isinstance(shape, Schema) and isinstance(shape.default, BaseModel):
            shape.default = None  # a body left out; it is no JSON, and no part of the shape
        if isinstance(shape, Schema):
            for field in (shape.properties or {}).values():
                _describe_items(field)
    document.components.schemas["Problem"] = _PROBLEM
    for path, operation, handler in list(operations(app)):
        _describe_body(operation, handler)
        operation.parameters = [*(operation.parameters or ()), *_headers_read(handler)] or None
        kinds = {*named_refusals(handler), *_general(path, handler)}
        _describe_refusals(operation, kinds)
        _describe_answers(operation, handler.opt.get(ANSWERS, {}))
        for extension, says in handler.opt.get(FILES, {}).items():
            assert document.paths is not None
            document.paths[f"{path}.{extension}"] = PathItem(get=_file(operation, extension, says))
    return document


def operations(app: Litestar) -> Iterator[tuple[str, Operation, HTTPRouteHandler]]:
    """Give each operation of the document with its path and its handler."""
    handlers = {
        (route.path_format, method.lower()): handler
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
    }
    for path, item in (app.openapi_schema.paths or {}).items():
        for method in METHODS:
            if operation := getattr(item, method):
                yield path, operation, handlers[path, method]


def _file(record: Operation, extension: str, says: str) -> Operation:
    """Return the operation of a file, which the router cannot tell from its record."""
    media, names = MEDIA[extension], f"{record.operation_id}_{extension}"
    body = Schema(type=OpenAPIType.STRING, content_media_type=media)
    answer = OpenAPIResponse(
        description=f"{says.capitalize()}.", content={media: OpenAPIMediaType(schema=body)}
    )
    return replace(
        record,
        operation_id=names,
        summary=names.title().replace("_", ""),
        description=f"Return {says}.",
        responses={**(record.responses or {}), "200": answer},
    )


def _describe_items(field: Schema | Reference) -> None:
    """Say once what is in a list of any length.

    In `tuple[UUID, ...]` with a `Field` Litestar takes the dots for a kind of item that may be
    anything. Then an item is one of two kinds at once, and by the document none is valid.
    """
    items = getattr(field, "items", None)
    if isinstance(items, Schema) and items.one_of and Schema() in items.one_of:
        [kind] = [one for one in items.one_of if one != Schema()]
        field.items = kind  # type: ignore[union-attr]


def _describe_body(operation: Operation, handler: HTTPRouteHandler) -> None:
    """Say what a route takes that reads its body itself, and which bodies may be left out."""
    takes: Mapping[str, Schema] = handler.opt.get(ANY_CONTENT) or handler.opt.get(TAKES) or {}
    if takes and operation.request_body is None and handler.http_methods != {"GET"}:
        content = {media: OpenAPIMediaType(schema=schema) for media, schema in takes.items()}
        operation.request_body = RequestBody(content=content, required=ANY_CONTENT in handler.opt)
    elif isinstance(operation.request_body, RequestBody):
        data = handler.parsed_fn_signature.parameters["data"]
        operation.request_body.required = not data.has_default
        for media in operation.request_body.content.values():
            shown = EXAMPLES.get(str(operation.operation_id), {})
            media.examples = {name: Example(value=body) for name, body in shown.items()} or None


_HEADERS: Mapping[Callable[..., Any], Parameter] = {
    idempotency_key: Parameter(
        name="Idempotency-Key",
        param_in="header",
        required=False,
        description="The same key and body again get the answer that was given, and nothing "
        "happens twice.",
        schema=Schema(type=OpenAPIType.STRING, max_length=255, pattern="^[!#-~]([ -~]*[!#-~])?$"),
    ),
    expected_version: Parameter(
        name="If-Match",
        param_in="header",
        required=False,
        description="The version of the record that the change is meant for; another is refused.",
        schema=Schema(type=OpenAPIType.STRING, pattern='^(\\*|(W/)?"[0-9]{1,9}")$'),
    ),
}
"""The headers of a request that its route reads, by the function that reads each."""


def _headers_read(handler: HTTPRouteHandler) -> Iterator[Parameter]:
    called = _called_by(handler.fn)
    return (parameter for reads, parameter in _HEADERS.items() if reads in called)


@cache
def _called_by(function: Callable[..., Any]) -> frozenset[Any]:
    """Return the functions of this package that a function names, and those that these name."""
    codes, names = [function.__code__], set[str]()
    while codes:
        code = codes.pop()
        names |= set(code.co_names)
        codes += [const for const in code.co_consts if isinstance(const, CodeType)]
    found = [function.__globals__.get(name) for name in names]
    own = {one for one in found if isinstance(one, FunctionType) and one is not function}
    near = {one for one in own if one.__module__.startswith("api.")}
    return frozenset(near.union(*map(_called_by, near)))


_TEXT = Schema(type=OpenAPIType.STRING)
_PROBLEM = Schema(
    title="Problem",
    description="Why not, and the way out (RFC 9457).",
    type=OpenAPIType.OBJECT,
    properties={
        "type": _TEXT,
        "title": _TEXT,
        "status": Schema(type=OpenAPIType.INTEGER),
        "detail": _TEXT,
        "code": _TEXT,
        "retry": Schema(
            type=OpenAPIType.BOOLEAN, description="whether the same request may succeed later"
        ),
        "errors": Schema(
            type=OpenAPIType.ARRAY,
            items=Schema(
                type=OpenAPIType.OBJECT,
                properties={"field": _TEXT, "code": _TEXT, "detail": _TEXT},
                required=["field", "code", "detail"],
            ),
        ),
    },
    required=["type", "title", "status", "detail", "code", "retry"],
)
_REFUSES = re.compile(r"\brefuses:\s+(\w+(?:,\s+\w+)*)\.")


def named_refusals(handler: HTTPRouteHandler) -> list[RefusalKind]:
    """Return the refusals that a handler's docstring names. Raises LookupError for one unknown."""
    text = handler.fn.__doc__ or ""
    found = _REFUSES.search(text)
    if found is None:
        if "refuses:" in text:
            raise LookupError(f"{handler}: write “refuses: one_code, another_code.”")
        return []
    codes = re.split(r",\s+", found[1])
    if unknown := [code for code in codes if code not in REFUSALS]:
        raise LookupError(f"{handler} refuses what is declared nowhere: {unknown}")
    return [REFUSALS[code] for code in codes]


def _general(path: str, handler: HTTPRouteHandler) -> Iterator[RefusalKind]:
    """Give what any route of this kind may be refused with."""
    yield BUG
    if not path.startswith(API):
        return
    yield from (INVALID, BUSY)
    yield from policy.refusals(verbs_of(handler))
    if "{" in path:
        yield NOT_FOUND
    if handler.http_methods != {"GET"}:
        yield from (MALFORMED, TOO_LARGE, KEY_REUSED, STILL_RUNNING)
        if ANY_CONTENT not in handler.opt:
            yield NOT_JSON


def _describe_refusals(operation: Operation, kinds: set[RefusalKind]) -> None:
    """Say each status that refuses, and the codes it comes with."""
    by_status: dict[int, list[RefusalKind]] = defaultdict(list)
    for kind in sorted(kinds, key=lambda kind: kind.code):
        by_status[kind.status].append(kind)
    answers = dict(operation.responses or {})
    answers.pop("400", None)
    for status, refused in sorted(by_status.items()):
        code = Schema(
            properties={"code": Schema(enum=[kind.code for kind in refused])}, required=["code"]
        )
        problem = Schema(all_of=[Reference(ref="#/components/schemas/Problem"), code])
        answers[str(status)] = OpenAPIResponse(
            description="; ".join(kind.title for kind in refused),
            content={PROBLEM_JSON: OpenAPIMediaType(schema=problem)},
        )
    operation.responses = answers


def _describe_answers(operation: Operation, said: Mapping[str, OpenAPIResponse]) -> None:
    """Add what a route says of its answers; beside a refusal of that status both are possible."""
    answers = dict(operation.responses or {})
    if any(status < "4" for status in said):
        answers = {status: answer for status, answer in answers.items() if status >= "4"}
    for status, answer in said.items():
        known = answers.get(status)
        if isinstance(known, OpenAPIResponse):
            both = {**(known.content or {}), **(answer.content or {})}
            answer = replace(answer, content=both)
        answers[status] = answer
    operation.responses = answers
