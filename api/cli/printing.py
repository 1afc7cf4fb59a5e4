"""`border openapi` and `border asyncapi`: the documents for programs, printed."""

import json

import click


@click.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    from api.documents import openapi_document

    click.echo(json.dumps(openapi_document(), ensure_ascii=False, indent=2))


@click.command()
def asyncapi() -> None:
    """Print the AsyncAPI document."""
    from api.documents import asyncapi_document

    click.echo(json.dumps(asyncapi_document(), ensure_ascii=False, indent=2))
