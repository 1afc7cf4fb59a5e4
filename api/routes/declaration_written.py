"""A declaration as a file: its WCO document, and its paper."""

from collections.abc import Mapping
from uuid import UUID

from litestar import Response

from api.http.files import MEDIA
from api.language import translator
from api.zone import Services
from border.core.actor import Actor
from border.paper.words import Locale
from customs import written_service
from customs.declaration_drawing import draw_declaration

WRITTEN: Mapping[str, str] = {
    "xml": "the declaration as WCO Data Model 3.6 XML, with all that its file said",
    "pdf": "the declaration on paper",
}


async def written(
    services: Services, actor: Actor, id: UUID, kind: str, locale: Locale
) -> Response[bytes]:
    """Return a declaration as one of the `WRITTEN` kinds. refuses: not_found."""
    async with services.store.reading() as connection:
        if kind == "xml":
            reference, raw = await written_service.xml_of(connection, actor, id)
        else:
            say = translator(locale).gettext
            view = await written_service.paper_of(connection, actor, id, locale, say)
    if kind == "pdf":
        reference, raw = (
            view.reference,
            await services.press.draw(draw_declaration, view, services.fonts),
        )
    return Response(
        raw,
        media_type=MEDIA[kind],
        headers={"content-disposition": f'inline; filename="{reference}.{kind}"'},
    )
