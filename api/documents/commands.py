"""`docs/commands.md`: the command line, drawn from itself."""

from collections.abc import Iterator

import click

from api.documents.markdown import code, page, table

_INTRODUCTION = """\
After `make run` has built it, the program is `.venv/bin/border`. Every command answers `--help`.
Exit codes: 0 done, 1 refused with a sentence that says why, 2 wrongly used. A command typed beside
a running service uses that service's servers; alone, it starts its own and stops them again."""


def commands_page() -> str:
    """Return the page."""
    # Imported here: the command line is above everything and imports these documents itself.
    from api.__main__ import main

    return page("Commands", _INTRODUCTION, *(_section(name, c) for name, c in every_command(main)))


def every_command(group: click.Group, name: str = "border") -> Iterator[tuple[str, click.Command]]:
    """Yield each command below a group with the words one types for it."""
    for word, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from every_command(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command


def _section(name: str, command: click.Command) -> str:
    arguments = [p.make_metavar(click.Context(command)) for p in _given(command, click.Argument)]
    options = [
        (codes_of(option), option.help or "")
        for option in _given(command, click.Option)
        if isinstance(option, click.Option)
    ]
    parts = [f"## {' '.join([name, *arguments])}", command.help or ""]
    return "\n\n".join(parts + ([table(("option", "what it does"), options)] if options else []))


def _given(command: click.Command, kind: type[click.Parameter]) -> list[click.Parameter]:
    return [parameter for parameter in command.params if isinstance(parameter, kind)]


def codes_of(option: click.Option) -> str:
    """Return an option as one types it, the opposite of a switch included."""
    return " / ".join(code(word) for word in (*option.opts, *option.secondary_opts))
