"""The OpenAPI document, and the application it is read from, which reaches no server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from litestar import Litestar
from litestar.serialization import decode_json, encode_json, get_serializer

from border.paper.fonts import FontSet
from border.settings import Settings


@contextmanager
def unconnected_application() -> Iterator[Litestar]:
    """Give the application as it would be served, on servers that are never asked."""
    # Imported here: the routes of the application serve documents of this package themselves.
    from api.app import create_app
    from api.zone import open_services

    with TemporaryDirectory() as folder:
        place = Path(folder)
        settings = Settings(
            _env_file=None,
            database_url="postgresql://127.0.0.1/never_asked",
            redis_url="redis://127.0.0.1/0",
            data_dir=place,
            public_url="",
        )
        fonts = FontSet(place, recipe="")
        yield create_app(lambda: open_services(settings, fonts=fonts), background=False)


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document, as it is served under `/schema/openapi.json`."""
    from api.http.description import described

    with unconnected_application() as app:
        # As it is served: an example or a default may be a value that JSON has no word for.
        served = encode_json(described(app).to_schema(), get_serializer(app.type_encoders))
    document: dict[str, Any] = decode_json(served)
    return document
