"""How a command says no: a sentence, everything that is wrong under it, exit code 1."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import click
from pydantic import ValidationError
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from border.core.refusal import Refusal
from border.embedded import EmbeddedRefusal
from border.migrations.run import MigrationRefused


class Refused(click.ClickException):
    """A no with its sentence; exit code 1."""

    exit_code = 1


@contextmanager
def saying_why(as_json: bool = False) -> Iterator[None]:
    """Turn what the program refuses into a sentence and exit code 1; never a traceback."""
    try:
        yield
    except EmbeddedRefusal as refusal:
        raise Refused(str(refusal)) from refusal
    except Refusal as refusal:
        raise refused(refusal, as_json) from refusal
    except MigrationRefused as fault:
        raise Refused(
            f"{fault}. Name a revision of border/migrations/versions, or leave --to out."
        ) from fault
    except ValidationError as fault:
        raise Refused("\n".join(_settings_wrong(fault))) from fault
    except (OSError, SQLAlchemyError, RedisError) as fault:
        cause = fault.orig if isinstance(fault, DBAPIError) else fault
        raise Refused(
            f"A server or a file could not be reached: {cause}. "
            "Check BORDER_DATABASE_URL, BORDER_REDIS_URL and the paths; see: border doctor"
        ) from fault


def _settings_wrong(fault: ValidationError) -> Iterator[str]:
    """Yield a sentence for each setting that cannot be. Raises what is no fault of settings."""
    if fault.title != "Settings":
        raise fault
    for error in fault.errors(include_url=False):
        name = "_".join(map(str, error["loc"])).upper()
        yield f"BORDER_{name} is wrong: {error['msg']}. See docs/settings.md."


def refused(refusal: Refusal, as_json: bool, file: str = "") -> Refused:
    """Print everything that is wrong, of a file if one is named; return the no to raise."""
    rows = [
        {
            **({"file": file} if file else {}),
            "field": error.field,
            "code": error.code,
            "says": error.detail(),
        }
        for error in refusal.errors
    ]
    if as_json:
        says = {"refused": refusal.code, "says": refusal.detail(), "errors": rows}
        click.echo(json.dumps(says, ensure_ascii=False))
    else:
        for row in rows:
            click.echo(f"{file}  ".lstrip() + f"{row['field']}: {row['says']}")
    return Refused(refusal.detail())
