"""How templates are drawn: compiled once a language, with parts that are always the same kept.

A template is asked for by language and name, as `vi/trader/home.html`; what it names itself
(`{% extends "kit/layout.html" %}`) is of the same language. Whatever it says word for word,
`_("Sign in")`, is put into the language as it is compiled, so that drawing it looks nothing up.

A part is kept where it depends on nothing but what it is given and on the language: a sign, the
pill of a state, a chart. It stays a macro; `{% set icon = drawn_once(icon) %}` after it says so. A
part that shows a record is kept by what the record is called and by its version:
`{% set line = drawn_once(line, "id", "version") %}`.
"""

from collections.abc import Callable, MutableMapping
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, Template, nodes, pass_context
from jinja2.runtime import Context, Macro
from jinja2.visitor import NodeTransformer
from litestar.plugins.jinja import JinjaTemplateEngine

from api.language import translator

_MOST = 500
"""How many of a part are kept in one language before it is begun anew: those of states and
directions are a few dozen, those of records and figures come and go."""


def engine_of(folder: Path) -> JinjaTemplateEngine:
    """Return the engine of the templates in a folder, none of which is looked for a second time."""
    environment = _Environment(
        loader=_Loader(folder), autoescape=True, auto_reload=False, cache_size=-1
    )
    environment.globals["drawn_once"] = _drawn_once
    return JinjaTemplateEngine.from_environment(environment)


class _Environment(Environment):
    def join_path(self, template: str, parent: str) -> str:
        """Return a template that another names, in the language of that one."""
        return f"{parent.partition('/')[0]}/{template}"


class _Loader(FileSystemLoader):
    def load(
        self,
        environment: Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002  (Jinja's name)
    ) -> Template:
        """Return a template with its sentences in the language it is asked for in."""
        locale, _, path = name.partition("/")
        source, filename, uptodate = self.get_source(environment, path)
        tree = _Sentences(translator(locale).gettext).visit(environment.parse(source, name))
        code = environment.compile(tree, name, filename)
        given = {} if globals is None else globals
        return environment.template_class.from_code(environment, code, given, uptodate)


class _Sentences(NodeTransformer):
    """Puts what is said word for word in the place of the calls that would say it."""

    def __init__(self, say: Callable[[str], str]) -> None:
        self._say = say

    def visit_Call(self, call: nodes.Call) -> nodes.Node:  # noqa: N802  (Jinja's name)
        """Return the sentence of `_("…")`, any other call as it is."""
        self.generic_visit(call)
        said = call.args[0] if len(call.args) == 1 else None
        plain = isinstance(call.node, nodes.Name) and call.node.name == "_" and not call.kwargs
        if plain and isinstance(said, nodes.Const) and isinstance(said.value, str):
            return nodes.Const(self._say(said.value), lineno=call.lineno)
        return call


@pass_context
def _drawn_once(context: Context, part: Macro, *of: str) -> Callable[..., Any]:
    """Return what draws a part, or gives what was drawn of the same before.

    With `of` the first thing it is given is a record, told from others by these attributes.
    """
    drawn = _drawn(context.name, part.name)
    known = attrgetter(*of) if of else None

    def draw(*given: Any, **named: Any) -> Any:
        told = (*given, *named.items()) if named else given
        if known is not None:
            told = (known(given[0]), *told[1:])
        told = tuple(_hashed(one) for one in told)
        found = drawn.get(told)
        if found is None:
            if len(drawn) >= _MOST:
                drawn.clear()
            found = drawn[told] = part(*given, **named)
        return found

    return draw


def _hashed(given: Any) -> Any:
    if isinstance(given, dict):
        return tuple(given.items())
    return tuple(given) if isinstance(given, list) else given


@cache
def _drawn(template: str | None, part: str) -> dict[tuple[Any, ...], Any]:
    return {}
